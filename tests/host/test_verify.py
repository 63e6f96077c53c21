"""verify finds every difference, explains only what rounding explains, and says in one line what is wrong."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier

import edgewise
from edgewise import Program, transpile
from edgewise.artifact import Artifact, of_program
from edgewise.backends.module import literal
from edgewise.backends.packing import pack_floats
from edgewise.deploy import deploy
from edgewise.errors import DeviceError, EdgewiseError, ModelFileError
from edgewise.golden import Golden
from edgewise.splits import Split
from edgewise.targets import UnixPort
from edgewise.targets.target import Packed
from edgewise.verify import Verification, _fields, compare, require_passed, verify

IRIS = load_iris()
X4 = np.arange(8, dtype=np.float32).reshape(4, 2)
LABELS = ("a", "b", "c")


def votes(expected: list[int], allowed: list[list[int]], n_classes: int = 3) -> Golden:
    """Rows with the class that scikit-learn says, and those that a board may say."""
    classes = np.array([[i in row for i in range(n_classes)] for row in allowed])
    return Golden(X4[: len(expected)], np.array(expected), classes, None, None)


def values(expected: list[float], low: list[float], high: list[float]) -> Golden:
    return Golden(X4[: len(expected)], *(np.array(expected), None, np.array(low), np.array(high)))


def counts(found: Verification) -> tuple[int, int, int, int]:
    assert found.n_rows == found.n_equal + found.n_explained + found.n_unexplained
    return found.n_rows, found.n_equal, found.n_explained, found.n_unexplained


# compare, on evidence made by hand


def test_equal_explained_and_unexplained_labels():
    evidence = votes([0, 1, 2, 0], [[0], [1, 2], [2], [0, 1]])
    assert counts(compare(LABELS, evidence, ["a", "b", "c", "a"])) == (4, 4, 0, 0)
    assert counts(compare(LABELS, evidence, ["a", "c", "c", "b"])) == (4, 2, 2, 0)
    found = compare(LABELS, evidence, ["a", "a", "b", "b"])
    assert counts(found) == (4, 1, 1, 2)
    assert not found.passed
    assert found.first_difference == "row 1 [2, 3]: the board says 'a', scikit-learn 'b'"
    assert found.largest_error is None


@pytest.mark.parametrize("answer", ["d", "", "A", None, 0, 0.0, ("a",), True])
def test_what_is_no_label_is_no_answer(answer):
    found = compare(LABELS, votes([0], [[0, 1, 2]]), [answer])
    assert counts(found) == (1, 0, 0, 1)
    assert repr(answer) in found.first_difference


@pytest.mark.parametrize(
    ("classes", "wrong"),
    [((False, True), (0, 1)), ((0, 1), (False, True)), ((0, 1), (0.0, 1.0)), ((0.0, 1.0), (0, 1)), (("0", "1"), (0, 1))],
    ids=str,
)
def test_labels_come_back_in_their_own_type(classes, wrong):
    evidence = votes([0, 1], [[0], [1]], 2)
    assert compare(classes, evidence, list(classes)).passed
    assert counts(compare(classes, evidence, list(wrong))) == (2, 0, 0, 2)


def test_values_at_the_bound_and_one_ulp_outside():
    low, high = np.float32(0.9), np.float32(1.1)
    evidence = values([1.0], [low], [high])
    for answer in (low, high):
        assert counts(compare(None, evidence, [float(answer)])) == (1, 0, 1, 0)
    for answer in (np.nextafter(low, np.float32(0)), np.nextafter(high, np.float32(2))):
        assert counts(compare(None, evidence, [float(answer)])) == (1, 0, 0, 1)
    assert counts(compare(None, evidence, [1.0])) == (1, 1, 0, 0)


def test_a_value_is_equal_to_the_last_bit_of_float32():
    evidence = values([1 / 3], [0.3], [0.4])
    third = np.float32(1 / 3)
    assert compare(None, evidence, [float(third)]).n_equal == 1
    assert compare(None, evidence, [float(np.nextafter(third, np.float32(1)))]).n_explained == 1


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_none(answer):
    found = compare(None, values([1.0, 2.0], [0.0, 0.0], [9.0, 9.0]), [1.0, answer])
    assert counts(found) == (2, 1, 0, 1)
    assert found.first_difference == f"row 1 [2, 3]: the board says {answer!r}, scikit-learn 2.0"


def test_the_largest_error_is_told():
    found = compare(None, values([1.0, 2.0], [0.0, 0.0], [9.0, 9.0]), [1.25, 1.5])
    assert found.largest_error == 0.5
    assert found.passed


def test_a_difference_in_a_long_row_is_short():
    X = np.arange(40, dtype=np.float32).reshape(1, 40)
    evidence = Golden(X, np.array([0]), np.array([[True, False]]), None, None)
    assert compare(("a", "b"), evidence, ["b"]).first_difference.startswith("row 0 [0, 1, 2, 3, 4, 5, 6, 7, ...]: the board")


def test_require_passed():
    passed = Verification(2, 1, 1, 0, None, None)
    assert require_passed(passed) is passed
    with pytest.raises(EdgewiseError, match=r"^1 of 2 rows differ; row 1: this and that$"):
        require_passed(Verification(2, 1, 0, 1, "row 1: this and that", None))


# verify, against MicroPython


def iris(backend: str = "auto") -> Program:
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(IRIS.data, IRIS.target_names[IRIS.target])
    return transpile(model, "checked", IRIS.data, backend=backend)


def line() -> Program:
    return transpile(LinearRegression().fit(IRIS.data[:, 1:], IRIS.data[:, 0]), "checked", IRIS.data[:, 1:])


@pytest.fixture
def target(unix_port: UnixPort) -> Iterator[UnixPort]:
    unix_port.soft_reset()
    yield unix_port
    for path in ("lib/checked.mpy", "lib/checked.py"):
        if unix_port.exists(path):
            unix_port.remove(path)


@pytest.mark.parametrize("make", [iris, line])
def test_the_board_is_right(target, make):
    artifact = of_program(make())
    deploy(artifact, target)
    seen: list[tuple[int, int]] = []
    found = verify(artifact, target, on_progress=lambda *done: seen.append(done))
    assert found.passed
    assert counts(found)[0] == 150
    assert seen[-1] == (150, 150)
    assert verify(artifact, target, 7).n_rows == 7
    assert verify(artifact, target, 10_000).n_rows == 150


def test_many_rows_go_in_batches(target):
    artifact = of_program(iris(), np.tile(IRIS.data, (15, 1)))
    deploy(artifact, target)
    seen: list[tuple[int, int]] = []
    assert verify(artifact, target, on_progress=lambda *done: seen.append(done)).n_rows == 2250
    done = [done for done, _ in seen]
    assert done[0] == 8  # a few at first: nobody knows how long they take
    assert done[-1] == 2250
    assert max(np.diff(done)) <= 750  # 12,000 bytes


def test_batches_keep_to_a_few_seconds(target, monkeypatch):
    artifact = of_program(iris())
    deploy(artifact, target)
    clock = itertools.count(step=20)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))  # every batch takes 20 s or more
    seen: list[tuple[int, int]] = []
    assert verify(artifact, target, 20, on_progress=lambda *done: seen.append(done)).n_rows == 20
    assert [done for done, _ in seen] == [8, 12, 14, 15, 16, 17, 18, 19, 20]


def deployed_instead(target: UnixPort, artifact: Artifact, source: str) -> None:
    target.put("/lib/checked.py", source.encode())
    target.soft_reset()


def test_a_changed_table_is_found(target):
    program = iris("table")
    artifact = of_program(program)
    start = program.source.index("_THRESHOLD = b'") + len("_THRESHOLD = b'")
    end = program.source.index("'\n", start)
    worse = "\\x00" * (4 * int(program.source.split("_N_NODES = ")[1].split()[0]))
    deployed_instead(target, artifact, program.source[:start] + worse + program.source[end:])
    found = verify(artifact, target)
    assert counts(found)[3] > 0
    first = next(i for i, label in enumerate(IRIS.target) if label == 0)
    assert found.first_difference.startswith(f"row {first} [5.1, 3.5, 1.4, 0.2]: the board says 'v")
    assert found.first_difference.endswith("', scikit-learn 'setosa'")
    with pytest.raises(EdgewiseError, match=r"of 150 rows differ; row 0 \["):
        require_passed(found)
    assert found.first_wrong == first
    host, board = found.paths
    assert host.startswith("tree 0, host: x[3] 0.200000003 <= 0.8")
    assert board.startswith("tree 0, board: x[3] 0.200000003 > 0")


def test_the_paths_of_a_forest_are_those_of_the_tree_where_they_part(target):
    forest = RandomForestClassifier(5, max_depth=3, random_state=0).fit(IRIS.data, IRIS.target)
    program = transpile(forest, "checked", IRIS.data, [*"abcd"], backend="table")
    artifact = of_program(program, IRIS.data[:1])
    core = program.model.core
    threshold = core.threshold.copy()
    threshold[core.roots[1] :] = -1000  # all trees but the first send every row to the right
    source = program.source.replace(literal(pack_floats(core.threshold)), literal(pack_floats(threshold)))
    deployed_instead(target, artifact, source)
    host, board = verify(artifact, target).paths
    root = artifact.splits.path(artifact.evidence.X[0], 1)[0]
    name = "abcd"[root.feature]
    value = f"{artifact.evidence.X[0][root.feature]:.9g}"
    assert host.startswith(f"tree 1, host: {name} {value} <= {root.threshold:.9g}")
    assert board.startswith(f"tree 1, board: {name} {value} > -1000")


@pytest.mark.parametrize(("scale", "n_leaves"), [(1, 8), (-1, 8), (np.pi, 8), (np.pi, 60)])
def test_the_paths_that_a_kernels_tables_tell(target, scale: float, n_leaves: int):
    """In every packing: few bits a threshold, a word, and a place in a pool."""
    X = np.random.default_rng(0).integers(-4, 5, (600, 6)) * scale
    forest = RandomForestClassifier(3, max_leaf_nodes=n_leaves, random_state=0).fit(X, X.sum(axis=1) > 0)
    program = transpile(forest, "checked", X)
    artifact = of_program(program, X[:20])
    deploy(artifact, target)
    fields = _fields(artifact)
    for row in artifact.evidence.X:
        for tree in range(3):
            found = target.call("path", "checked", Packed(row.tobytes()), tree, fields)
            found = [Split(feature, float(np.float32(threshold)), below) for feature, threshold, below in found]
            assert found == artifact.splits.path(row, tree)


def test_the_paths_of_nested_ifs(target):
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(IRIS.data, IRIS.target)
    program = transpile(tree, "checked", IRIS.data, backend="expression")
    deployed_instead(target, of_program(program), program.source.replace("<=", ">"))
    host, board = verify(of_program(program), target).paths
    assert host.startswith("tree 0, host: x[")
    assert board == "board: its nested ifs tell no path"


@pytest.mark.parametrize(("n_trees", "says"), [(1, "through 1 tree:"), (2, "through 2 trees:")])
def test_paths_that_do_not_part(target, n_trees, says):
    forest = RandomForestClassifier(n_trees, max_depth=3, random_state=0).fit(IRIS.data, IRIS.target_names[IRIS.target])
    program = transpile(forest, "checked", IRIS.data, backend="table")
    artifact = of_program(program, IRIS.data[:1])
    deployed_instead(target, artifact, program.source.replace("'setosa'", "'rose'"))
    assert says in verify(artifact, target).paths[0]


def test_a_changed_coefficient_is_found(target):
    program = line()
    deployed_instead(target, of_program(program), program.source.replace("return ", "return 1e-3 + ", 99))
    with pytest.raises((EdgewiseError,)):
        require_passed(verify(of_program(program), target))


def one_line(artifact: Artifact, target: UnixPort, says: str) -> None:
    with pytest.raises(DeviceError, match=says) as error:
        verify(artifact, target)
    text = str(error.value)
    assert text.splitlines() == [text]
    assert text.startswith("checked on the unix port")


def test_a_module_that_is_not_there(target):
    one_line(of_program(iris()), target, "no module named 'checked'; deploy it first")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "def predict(x):\n raise ValueError('no sun')\nCLASSES = ()",
            "raised ValueError: no sun in rows 0 to 7; deploy it again",
        ),
        ("def predict(x):\n raise MemoryError\nCLASSES = ()", "MemoryError; the model is too large"),
        ("X = 1", "has no attribute|no attribute 'predict'"),
        ("import nowhere", "no module named 'nowhere'"),
        ("1 +", "SyntaxError"),
        ("def predict(x): return 1.5", "is another model; deploy this one"),
        ("def predict(x): return {}[x]\nCLASSES = ()", "raised"),
    ],
)
def test_a_module_that_fails(target, source, says):
    artifact = of_program(iris())
    deployed_instead(target, artifact, source)
    one_line(artifact, target, says)


def test_another_model_of_the_same_name(target):
    regression, classification = of_program(line()), of_program(iris())
    deploy(classification, target)
    one_line(regression, target, "expected 4 features, got 3")
    deploy(regression, target, force=True)
    target.soft_reset()
    one_line(classification, target, "expected 3 features, got 4")
    labels = replace(classification, n_features=3, evidence=of_program(line()).evidence)
    one_line(labels, target, "is another model; deploy this one")


def test_bytecode_that_the_board_does_not_take(target):
    artifact = of_program(iris())
    target.put("/lib/checked.mpy", b"M\x05" + artifact.files["checked.mpy"][2:])
    one_line(artifact, target, "incompatible .mpy file; deploy it again")


def test_without_evidence(target):
    says = r"^checked has no rows to verify with; transpile a training folder, save again with program\.save\(DIR, X_test\)"
    with pytest.raises(ModelFileError, match=says):
        verify(replace(of_program(iris()), evidence=None), target)


def changed(row: int, column: int, value: float) -> np.ndarray:
    X = IRIS.data.copy()
    X[row, column] = value
    return X


@pytest.mark.parametrize(
    ("X", "says"),
    [
        (changed(3, 2, np.nan), "X_test, row 3, column 'c': nan is not a finite float32 number; leave that row out"),
        (changed(149, 0, np.inf), "X_test, row 149, column 'a': inf is not"),
        (changed(0, 3, -1e39), "X_test, row 0, column 'd': -1e+39 is not"),
        (IRIS.data[0], "X_test has shape (4,), checked takes (n_rows, 4); X_test.reshape(1, -1) makes it one row"),
        (IRIS.data[:, 0], "X_test has shape (150,), checked takes (n_rows, 4)"),
        (IRIS.data[:, :3], "X_test has shape (150, 3), checked takes (n_rows, 4)"),
        (IRIS.data[None], "X_test has shape (1, 150, 4), checked takes (n_rows, 4)"),
        ([["5,1", "1", "2", "3"]], "X_test is no array of numbers"),
        ([[1, 2, 3, 4], [1, 2]], "X_test is no array of numbers"),
    ],
    ids=["nan", "inf", "beyond", "one row", "one column", "a column less", "a dimension more", "text", "ragged"],
)
def test_rows_that_are_none(X, says):
    """Refused before anything is sent: this port would be an error of its own."""
    tree = DecisionTreeClassifier(max_depth=3).fit(IRIS.data, IRIS.target)
    program = transpile(tree, "checked", IRIS.data, [*"abcd"])
    with pytest.raises(EdgewiseError) as error:
        edgewise.verify(program, "/dev/ttyNOPE", X)
    assert str(error.value).startswith(says)
    assert len(str(error.value).splitlines()) == 1


def test_a_column_without_a_name_is_told_by_its_number():
    with pytest.raises(EdgewiseError, match=r"^X_test, row 3, column 2: nan is not"):
        edgewise.verify(iris(), "/dev/ttyNOPE", changed(3, 2, np.nan))


def test_an_earlier_version_on_the_board_proves_nothing(target):
    shallow = transpile(DecisionTreeClassifier(max_depth=1).fit(IRIS.data, IRIS.target_names[IRIS.target]), "checked", IRIS.data)
    deploy(of_program(shallow), target)
    one_line(of_program(iris()), target, "is another model; deploy this one")
