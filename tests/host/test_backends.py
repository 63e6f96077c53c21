"""The text of a generated module: what it may hold, that it repeats, and that its tables are what decides."""

import ast
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from models import AWKWARD, CASES, backends, edge_rows, fitted, hard_rows, program_of, run_source
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise import program as program_module
from edgewise import reference, transpile
from edgewise.backends import BACKENDS
from edgewise.backends.module import Emission, Name, compose, literal
from edgewise.backends.packing import code_for, pack_rows
from edgewise.errors import UnsupportedModelError
from edgewise.program import Program
from edgewise.verify import compare

MATRIX = [(case, backend) for case in CASES for backend in backends(case)]
IMPORTS = {"micropython", "array", "uctypes", "math"}
GOLDEN = Path(__file__).parents[1] / "golden"


# The module's contract


@pytest.mark.parametrize(("case", "backend"), MATRIX)
def test_a_module_imports_and_defines_only_what_its_contract_says(case: str, backend: str):
    program = program_of(case, backend=backend)
    assert program.source.isascii()
    tree = ast.parse(program.source)
    assert {type(statement) for statement in tree.body} <= {ast.ImportFrom, ast.Assign, ast.FunctionDef, ast.Try}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= IMPORTS
        elif isinstance(node, ast.ImportFrom):
            assert node.module in IMPORTS
    names = {statement.name for statement in tree.body if isinstance(statement, ast.FunctionDef)}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            names |= {node.id for node in ast.walk(statement.targets[0]) if isinstance(node, ast.Name)}
    estimator = program.estimator
    expected = {"N_FEATURES", "FEATURES", "FINGERPRINT", "BACKEND", "predict", "self_test"}
    expected |= {"CLASSES"} if hasattr(estimator, "classes_") else set()
    expected |= {"predict_proba"} if hasattr(estimator, "predict_proba") else set()
    expected |= {"NEEDS"} if program.model.needs is not None else set()
    assert {name for name in names if not name.startswith("_")} == expected


@pytest.mark.parametrize(("case", "backend"), MATRIX)
def test_the_code_on_cpython_answers_as_the_reference(case: str, backend: str):
    program, rows = program_of(case, backend=backend), hard_rows(case, backend=backend)
    module = run_source(program.source)
    answers = [module.predict(row.tolist()) for row in rows]
    expected = reference.predict(program.model, rows)
    if program.model.classes is not None:
        sure = program.golden(rows).classes.sum(axis=1) == 1  # type: ignore[union-attr]
        indices = np.array([program.model.classes.index(answer) for answer in answers])
        np.testing.assert_array_equal(indices[sure], expected[sure])
        if "Tree" in case or "Forest" in case:
            np.testing.assert_array_equal(indices, expected)
    elif "Neighbors" in case:  # doubles may choose another of two neighbors at equal distance
        assert compare(None, program.golden(rows), answers).passed
    else:
        np.testing.assert_allclose(answers, expected, rtol=3e-6, atol=3e-6)
    assert module.self_test() >= 2


def test_the_header_says_what_it_is_in_comments():
    facts = ("trained on it's.csv\nimport os", "score 0.97 \u2028 of 1\r\f", "'''", "x" * 300)
    model = fitted("DecisionTreeClassifier-text")
    source = transpile(model.estimator, name="leaf", X=model.X, facts=facts).source
    header = source[: source.index("\n\n")]
    assert header.startswith("# leaf: DecisionTreeClassifier(max_leaf_nodes=8, random_state=0)\n# 4 features, 3 classes\n")
    assert all(line.startswith("# ") and len(line) <= 120 for line in header.splitlines())
    assert r"# trained on it's.csv\nimport os" in header
    assert "regenerate" in header or "run edgewise transpile again" in header
    assert not re.search(r"\d\d:\d\d|20\d\d-\d\d-\d\d", source)  # no time of day, no date


def test_names_and_labels_arrive_as_data():
    labels = np.array([label for label in AWKWARD for _ in range(2)], dtype=object)  # numpy's own texts lose a last NUL
    X = np.arange(2 * len(labels), dtype=float).reshape(-1, 2)
    names = AWKWARD[:2]
    for backend in BACKENDS:
        program = transpile(DecisionTreeClassifier().fit(X, labels), X=X, feature_names=names, backend=backend)
        module = run_source(program.source)
        assert tuple(sorted(AWKWARD)) == module.CLASSES
        assert names == module.FEATURES
        assert [module.predict(row) for row in X.tolist()] == labels.tolist()
        statements = {type(node) for node in ast.parse(program.source).body}
        assert statements - {ast.Try} == {ast.ImportFrom, ast.Assign, ast.FunctionDef}


@pytest.mark.parametrize("backend", BACKENDS)
def test_awkward_names_of_features(backend: str):
    X = np.eye(len(AWKWARD))
    program = transpile(DecisionTreeRegressor().fit(X, np.arange(len(X))), feature_names=AWKWARD, backend=backend)
    module = run_source(program.source)
    assert module.FEATURES == AWKWARD
    assert [module.predict(row) for row in X] == pytest.approx(range(len(X)))


def sha256(program: Program) -> str:
    return hashlib.sha256(program.source.encode() + program.mpy).hexdigest()


REPEATED = (
    "RandomForestClassifier-text",
    "LogisticRegression-bool",
    "KNeighborsClassifier(distance)-text",
    "ExtraTreesRegressor-width",
)


def test_the_same_input_gives_the_same_bytes_in_another_process():
    program = "import sys; from models import program_of; from host.test_backends import sha256\nfor case in sys.argv[1:]:\n"
    program += " print(sha256(program_of(case)))"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join([*sys.path, str(GOLDEN.parent)])}
    command = [sys.executable, "-c", program, *REPEATED]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == [sha256(program_of(case)) for case in REPEATED]


@pytest.mark.parametrize("case", REPEATED)
def test_the_same_input_gives_the_same_bytes(case: str):
    model = fitted(case)
    again = transpile(model.estimator, name="edgewise_case", X=model.X.copy(), backend="table")
    assert sha256(again) == sha256(program_of(case))


# Tables decide


def replaced(source: str, name: str, change) -> str:
    """The source with the bytes of a constant changed."""
    found = re.search(rf"^{name} = (b.*)$", source, re.MULTILINE)
    assert found
    return source[: found.start(1)] + ascii(change(ast.literal_eval(found[1]))) + source[found.end(1) :]


@pytest.mark.parametrize("toward", [-np.inf, np.inf])
def test_one_unit_of_any_threshold_shows(toward: float):
    case = "DecisionTreeRegressor-width"  # its leaves all differ
    program = program_of(case)
    assert len(np.unique(program.model.core.votes)) == len(program.model.core.votes)  # type: ignore[union-attr]
    rows = edge_rows(program.model.core, fitted(case).X)  # type: ignore[arg-type]
    evidence = program.golden(rows)
    for node in range(len(program.model.core.feature)):  # type: ignore[union-attr]

        def moved(packed: bytes, node: int = node) -> bytes:
            thresholds = np.frombuffer(packed, "<f4").copy()
            thresholds[node] = np.nextafter(thresholds[node], np.float32(toward))
            return thresholds.tobytes()

        module = run_source(replaced(program.source, "_THRESHOLD", moved))
        assert not compare(None, evidence, [module.predict(row.tolist()) for row in rows]).passed
    whole = run_source(program.source)
    assert compare(None, evidence, [whole.predict(row.tolist()) for row in rows]).passed


def unsummed(source: str) -> str:
    """Without the sum over the tables, which would see every change before a golden row does."""
    return re.sub(r"_SUM = \d+", "_SUM = 1", re.sub(r"_TABLES = .*", "_TABLES = ()", source))


@pytest.mark.parametrize("case", ["DecisionTreeClassifier-text", "LogisticRegression-text", "KNeighborsClassifier-text"])
def test_self_test_sees_another_class(case: str):
    source = program_of(case).source
    source = replaced(source, "_GOLDEN", lambda packed: packed[1:] + packed[:1])
    with pytest.raises(ValueError, match="tables are damaged"):
        run_source(source).self_test()
    module = run_source(unsummed(source))
    with pytest.raises(ValueError, match=r"golden row 0 gives 'setosa', not "):
        module.self_test()


@pytest.mark.parametrize("case", ["DecisionTreeRegressor-width", "LinearRegression-depth", "KNeighborsRegressor-width"])
def test_self_test_sees_another_value(case: str):
    source = program_of(case).source
    module = run_source(unsummed(replaced(source, "_GOLDEN", lambda packed: packed[8:] + packed[:8])))
    with pytest.raises(ValueError, match=r"golden row 0 gives .*, not .* to "):
        module.self_test()


def test_self_test_without_training_rows():
    module = run_source(transpile(fitted("DecisionTreeClassifier-text").estimator).source)
    assert module.self_test() >= 1


# Sizes that take other codes


@pytest.mark.parametrize(("n_classes", "code"), [(256, "B"), (257, "H")])
def test_many_classes(n_classes: int, code: str):
    X = np.arange(2.0 * n_classes)[:, None]
    y = np.arange(2 * n_classes) // 2
    estimator = DecisionTreeClassifier(max_leaf_nodes=n_classes).fit(X + (X > 2), np.where(X[:, 0] > 3, y, X[:, 0] == 1))
    program = transpile(estimator, X=X, backend="table")
    module = run_source(program.source)
    assert module._CLASS_CODE == module._GOLDEN_CLASS_CODE == ("B" if len(module.CLASSES) <= 256 else "H")
    assert (len(module.CLASSES), module._CLASS_CODE) == (n_classes, code)
    assert [module.predict(row) for row in X.tolist()] == estimator.predict(X).tolist()


@pytest.mark.parametrize(("n_features", "code"), [(256, "B"), (257, "H")])
def test_many_features(n_features: int, code: str):
    X = np.eye(n_features)
    module = run_source(transpile(DecisionTreeRegressor().fit(X, X[:, -1]), backend="table").source)
    assert code == module._FEATURE_CODE
    assert [module.predict(row) for row in X.tolist()] == pytest.approx(X[:, -1])


@pytest.mark.parametrize(("levels", "pooled"), [(4, True), (1000, False)])
def test_thresholds_are_pooled_where_that_is_smaller(levels: int, pooled: bool):
    X = np.random.default_rng(0).integers(0, levels, (300, 6)).astype(float)
    estimator = DecisionTreeRegressor(max_leaf_nodes=150).fit(X, np.arange(300))
    program = transpile(estimator, X=X, backend="table")
    assert ("_POOL = " in program.source) is pooled
    rows = edge_rows(program.model.core, X)  # type: ignore[arg-type]
    module = run_source(program.source)
    assert compare(None, program.golden(rows), [module.predict(row.tolist()) for row in rows]).passed


@pytest.mark.parametrize("depth", [90, 91])
def test_the_deepest_nested_ifs(depth: int):
    X, y = np.arange(depth + 1.0)[:, None], np.arange(depth + 1) % 2
    estimator = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert estimator.get_depth() == depth
    if depth > 90:
        with pytest.raises(UnsupportedModelError, match=r"of depth 91 is too deep for nested ifs \(at most 90\); use the table"):
            transpile(estimator, backend="expression")
    else:
        module = run_source(transpile(estimator, X=X, backend="expression").source)
        assert [module.predict(row) for row in X.tolist()] == y.tolist()


def test_trees_without_a_split():
    X = np.zeros((4, 2))
    for backend in BACKENDS:
        module = run_source(transpile(DecisionTreeClassifier().fit(X, [0, 0, 1, 1]), backend=backend).source)
        assert (module.predict([5, 5]), module.predict_proba([5, 5])) == (0, [0.5, 0.5])
        module = run_source(transpile(DecisionTreeRegressor().fit(X, [2.5] * 4), backend=backend).source)
        assert module.predict([5, 5]) == 2.5


@pytest.mark.parametrize(("largest", "code"), [(0, "B"), (255, "B"), (256, "H"), (65535, "H"), (65536, "I"), (2**30 - 1, "I")])
def test_the_narrowest_code(largest: int, code: str):
    assert code_for([0, largest]) == code


def test_beyond_a_small_int():
    with pytest.raises(OverflowError, match="1073741824 does not fit"):
        code_for([2**30])


@pytest.mark.parametrize(
    ("rows", "code"), [([0, 255], "B"), ([256], "H"), ([65535], "H"), ([65536], "f"), ([-1], "f"), ([-0.0], "f"), ([0.5], "f")]
)
def test_rows_of_whole_numbers_are_packed_narrowly(rows: list[float], code: str):
    found, packed = pack_rows(np.array(rows, dtype=np.float32))
    assert found == code
    assert np.frombuffer(packed, {"B": "<u1", "H": "<u2", "f": "<f4"}[code]).tolist() == rows


# Composition


def test_kernels_get_exactly_their_constants():
    constants = {"N_FEATURES": 1, "_N_INPUTS": 1, "FEATURES": (), "FINGERPRINT": "", "BACKEND": ""}
    assert "N_FEATURES = 1" in compose("# x", Emission(("common",), constants))
    with pytest.raises(ValueError, match=r"no kernel takes the constants \['_K'\]"):
        compose("# x", Emission(("common",), constants | {"_K": 1}))
    with pytest.raises(KeyError, match="FEATURES"):
        compose("# x", Emission(("common",), {"N_FEATURES": 1, "_N_INPUTS": 1}))


def test_generated_functions_take_the_place_of_a_kernels():
    emission = Emission(("walk_call",), {"_ROOTS": (Name("_tree_0"),)}, "def _tree_0(x):\n    return 7\n")
    source = compose("# x", emission)
    assert "x[0] > 0" not in source
    assert run_source(source)._leaves([1]) == [7]


@pytest.mark.parametrize("value", [(), (1,), ("a", "b"), "'\"", b"\0\xff", True, -3, 2.5, (("\n",),)])
def test_literals_come_back(value):
    assert ast.literal_eval(literal(value)) == value


@pytest.mark.parametrize("value", [None, [1], {"a"}, np.float32(1), object()])
def test_what_has_no_literal(value):
    with pytest.raises(TypeError, match="has no literal"):
        literal(value)


# The generated text of four small models, to be read in a review when it changes


def tiny_models() -> dict[str, tuple[object, str]]:
    """Fitted on so few whole numbers, or with coefficients set by hand, that every version of scikit-learn agrees."""
    X, y = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [3.0, 5.0]]), ["no", "no", "yes", "no"]
    tree = DecisionTreeClassifier(random_state=0).fit(X[:, :1], y)
    logistic = LogisticRegression().fit(X, y)
    logistic.coef_, logistic.intercept_ = np.array([[0.5, -2.0]]), np.array([0.1])
    return {
        "tree_table": (tree, "table"),
        "tree_expression": (tree, "expression"),
        "logistic_table": (logistic, "table"),
        "neighbors_table": (KNeighborsClassifier(2, weights="distance").fit(X, y), "table"),
    }


@pytest.mark.parametrize("name", ["tree_table", "tree_expression", "logistic_table", "neighbors_table"])
def test_golden_sources(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(program_module, "version", lambda _package: "0")  # a release changes no golden source
    estimator, backend = tiny_models()[name]
    names = ["light", "sound"][: estimator.n_features_in_]  # type: ignore[attr-defined]
    source = transpile(estimator, name=name, feature_names=names, backend=backend, facts=["the facts"]).source
    path = GOLDEN / f"{name}.py"
    if os.environ.get("EDGEWISE_UPDATE_GOLDEN"):
        path.write_bytes(source.encode())
    update = "EDGEWISE_UPDATE_GOLDEN=1 pytest -k golden_sources"
    assert path.is_file(), f"{path} is missing; write it with: {update}"
    assert path.read_bytes() == source.encode(), f"the generated text changed; if that is meant: {update}"


def test_no_golden_source_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.py")} == set(tiny_models())
