"""explain: the way that scikit-learn's own trees take, the votes that the board adds up, and text that nothing can disturb."""

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from command import Edgewise
from models import AWKWARD, CASES, fitted, hard_rows, program_of, run_source, scalers
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise import artifact, transpile
from edgewise.artifact import Artifact
from edgewise.board_trees import FULL_VOTES
from edgewise.errors import EdgewiseError, ModelFileError, UnsupportedModelError
from edgewise.explain import FEW, choose, explain, parse_row, short
from edgewise.float32 import TINY

IRIS = load_iris()
NAMES = ("a", "b", "c", "d")
TREES = [case for case in CASES if "Tree" in case or "Forest" in case]
QUANTUM = 0.5 / FULL_VOTES  # of one leaf's share, rounded to whole votes
PURE = 2 / FULL_VOTES  # a leaf that is all but pure keeps this distance from it


@pytest.fixture
def edgewise(monkeypatch, capsys) -> Edgewise:
    return Edgewise(monkeypatch, capsys)


def forest(n: int, y: np.ndarray | None = None, **options) -> Artifact:
    labels = IRIS.target_names[IRIS.target] if y is None else y
    estimator = RandomForestClassifier(n, max_depth=3, random_state=0).fit(IRIS.data, labels)
    return artifact.of_program(transpile(estimator, "iris", IRIS.data, **options))


@cache
def bare(case: str) -> Artifact:
    """An artifact without rows."""
    return artifact.of_program(transpile(fitted(case).estimator, "bare"))


# The way and the votes


@pytest.mark.parametrize("case", TREES)
def test_the_way_is_that_of_scikit_learn(case):
    estimator, names = fitted(case).estimator, [f"x[{i}]" for i in range(fitted(case).X.shape[1])]
    for row in hard_rows(case)[::7]:
        told = explain(bare(case), row)
        members = getattr(estimator, "estimators_", [estimator])
        assert [path.tree for path in told.paths] == list(range(len(members)))
        for path, member in zip(told.paths, members, strict=True):
            tree, visited = member.tree_, member.decision_path(row[None]).indices  # ascending: parents first
            inner = [node for node in visited if tree.children_left[node] >= 0]
            assert [step.feature for step in path.decisions] == [names[tree.feature[node]] for node in inner]
            assert [step.value for step in path.decisions] == [row[tree.feature[node]] for node in inner]
            assert [step.below for step in path.decisions] == [tree.children_left[node] in visited for node in inner]
            for step, node in zip(path.decisions, inner, strict=True):
                assert step.below == (step.value <= step.threshold)
                # The largest float32 not above it, or zero for one that an RP2040 cannot hold
                assert tree.threshold[node] - max(abs(step.threshold) * 2**-23, TINY) < step.threshold <= tree.threshold[node]
            leaf = tree.value[visited[-1]][0]
            tolerance = np.ptp(tree.value) * 1e-6 if told.classes is None else QUANTUM if leaf.max() == 1 else PURE
            np.testing.assert_allclose(path.outputs, leaf, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("case", "scaler"), [(case, scaler) for case in TREES for scaler in scalers(case)])
def test_the_answer_is_that_of_the_module(case, scaler):
    program = program_of(case, scaler)
    made, module = artifact.of_program(program), run_source(program.source)
    for row in hard_rows(case, scaler)[::7]:
        told = explain(made, row)
        assert told.row == tuple(row.tolist())
        if told.classes is None:
            assert told.answer == told.outputs[0] == pytest.approx(module.predict(row.tolist()), rel=2**-22)
        else:
            assert (told.answer, list(told.outputs)) == (module.predict(row.tolist()), module.predict_proba(row.tolist()))
        np.testing.assert_allclose(np.mean([path.outputs for path in told.paths], axis=0), told.outputs, rtol=2**-22, atol=1e-12)


@pytest.mark.parametrize("case", [case for case in TREES if CASES[case][1] in ("text", "bool", "int")])
def test_the_shares_are_the_probabilities(case):
    rows = hard_rows(case)[::7]
    expected = fitted(case).estimator.predict_proba(rows.astype(np.float64))
    np.testing.assert_allclose([explain(bare(case), row).outputs for row in rows], expected, rtol=0, atol=PURE)


def test_at_a_threshold_and_one_float32_beside_it():
    made = bare("DecisionTreeClassifier-text")
    feature, threshold = int(made.splits.feature[0]), made.splits.threshold[0]
    row = np.zeros(4, dtype=np.float32)
    for value, below in ((np.nextafter(threshold, np.float32(-9)), True), (threshold, True), (np.nextafter(threshold, 9), False)):
        row[feature] = value
        step = explain(made, row).paths[0].decisions[0]
        assert (step.below, short(step.value) == short(step.threshold)) == (below, value == threshold)


def test_ties_go_to_the_first_class():
    estimator = DecisionTreeClassifier().fit([[0.0], [0.0]], ["b", "a"])
    told = explain(artifact.of_program(transpile(estimator, "even")), np.zeros(1, np.float32))
    assert (told.answer, told.outputs, told.paths[0].decisions) == ("a", (0.5, 0.5), ())


def test_the_first_row_of_the_evidence_is_told_by_default():
    estimator = DecisionTreeClassifier(max_depth=2).fit(IRIS.data, IRIS.target)
    made = artifact.of_program(transpile(estimator, "iris", IRIS.data), IRIS.data[::-1])
    assert explain(made).row == tuple(IRIS.data[-1].astype(np.float32).tolist())
    assert (explain(made).answer, type(explain(made).answer)) == (2, int)


def test_a_saved_artifact_tells_the_same(tmp_path):
    for case in TREES:
        program = program_of(case)
        program.save(tmp_path / case)
        assert explain(artifact.load(tmp_path / case)) == explain(artifact.of_program(program))


# Which trees


def test_few_trees_are_all_shown():
    assert [path.tree for path in choose(explain(forest(FEW)))] == list(range(FEW))


def test_of_many_trees_the_one_most_for_the_answer_and_the_one_least():
    told = explain(forest(20), np.array([6.0, 2.8, 4.9, 1.65], np.float32))
    answer = told.classes.index(told.answer)
    support = [path.outputs[answer] for path in told.paths]
    most, least = choose(told)
    assert (most.outputs[answer], least.outputs[answer]) == (max(support), min(support))
    for chosen in (most, least):
        equals = [path for path in told.paths if path.outputs[answer] == chosen.outputs[answer]]
        assert len(chosen.decisions) == min(len(path.decisions) for path in equals)


def test_one_of_many_that_agree_to_the_last_decision():
    assert len(choose(explain(forest(5, np.zeros(150, int))))) == 1


def test_a_tree_by_its_number():
    told = explain(forest(5))
    assert [path.tree for path in choose(told, 4)] == [4]
    for tree in (-1, 5):
        with pytest.raises(EdgewiseError, match=rf"^--tree {tree} is not there; iris has the trees 0 to 4$"):
            choose(told, tree)


# Rows as text


@pytest.mark.parametrize("text", ["1,2.5,-3,4e0", "1 2.5 -3 4", " 1, 2.5 ,\t-3\n4.0 "])
def test_rows_that_are_read(text):
    row = parse_row(bare("DecisionTreeClassifier-text"), text)
    assert (row.dtype, row.tolist()) == (np.float32, [1, 2.5, -3, 4])


def test_numbers_that_a_board_takes_for_zero():
    assert parse_row(bare("DecisionTreeClassifier-text"), "1e-39,-1e-39,1e-300,1.2e-38").tolist() == [
        0,
        0,
        0,
        np.float32(1.2e-38),
    ]


@pytest.mark.parametrize("text", ["", " ", "1", "1,2,3", "1,2,3,4,5", "1;2;3;4", "1,5 2,5 3,5 4,5", "1,2,3,4,"])
def test_rows_of_another_length(text):
    with pytest.raises(EdgewiseError) as caught:
        parse_row(bare("DecisionTreeClassifier-text"), text)
    count = text.strip() and len(text.replace(" ", ",").split(","))
    assert str(caught.value).startswith(f"--row holds {count or 0} numbers, bare takes 4; separate them by")


@pytest.mark.parametrize("cell", ["x", "", "1_0", "[5", "0x10", "--1", "\x1b[2J"])
def test_cells_that_are_no_numbers(cell):
    with pytest.raises(EdgewiseError) as caught:
        parse_row(bare("DecisionTreeClassifier-text"), f"1,{cell},3,4")
    assert str(caught.value).startswith("--row, number 2 of 4, for 'x[1]': '")
    assert "is not a number; write one" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", "3.5e38", "-1e999"])
def test_cells_that_are_not_finite(cell):
    with pytest.raises(EdgewiseError, match=rf"^--row, number 4 of 4, for 'x\[3\]': '{cell}' is not a finite float32 number; "):
        parse_row(bare("DecisionTreeClassifier-text"), f"1,2,3,{cell}")


def test_short_numbers_are_whole():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2**32, 1000, dtype=np.uint32).view(np.float32)
    assert all(np.float32(short(float(value))) == value for value in values[np.isfinite(values)])
    assert short(float(np.float32(5.1))) == "5.1"


# Refusals


@pytest.mark.parametrize("estimator", [LinearRegression(), KNeighborsClassifier()])
def test_models_without_trees(estimator):
    made = artifact.of_program(transpile(estimator.fit(IRIS.data, IRIS.target), "line"), IRIS.data)
    with pytest.raises(UnsupportedModelError, match=r"^line has no trees that explain tells"):
        explain(made)


def test_no_rows():
    with pytest.raises(ModelFileError, match=r"^bare keeps no rows; pass 4 numbers with --row$"):
        explain(bare("DecisionTreeClassifier-text"))


def damage(folder: Path, changes: dict) -> None:
    """Changes splits.npz (None: leaves a part out), and signs it."""
    path, manifest = folder / "splits.npz", folder / "manifest.json"
    with np.load(path) as parts:
        parts = {**parts, **changes}
    np.savez(path, **{name: part for name, part in parts.items() if part is not None})
    content = json.loads(manifest.read_bytes())
    content["sha256"]["splits.npz"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content))


GOOD = {"feature": [0], "threshold": np.array([0.5], "f"), "left": [-1], "right": [-2], "roots": [0], "votes": [[9, 1], [0, 9]]}
BAD = [
    *({name: None} for name in (*GOOD, "full", "offset", "scale")),
    *({name: np.array(value)[:0]} for name, value in GOOD.items()),
    *({name: np.array(5)} for name in GOOD),
    *({name: np.array(value).astype(str)} for name, value in GOOD.items()),
    *({name: [value]} for name, value in GOOD.items()),
    {"feature": [1]},
    {"feature": [-1]},
    {"left": [1]},
    {"right": [-3]},
    {"roots": [-3]},
    {"votes": [[1], [2]]},
    {"votes": [[1.5, 2.0], [0, 1]]},
    {"full": 0},
    {"full": 9.5},
    {"full": [9, 9]},
    {"offset": "x"},
    {"scale": 1},
]


@pytest.mark.parametrize("changes", BAD, ids=lambda changes: "-".join(f"{name}:{part!r}" for name, part in changes.items()))
def test_tables_that_are_damaged_and_signed(changes, tmp_path):
    program = transpile(DecisionTreeClassifier().fit([[0.0], [1.0]], [False, True]), "bare")
    program.save(tmp_path)
    damage(tmp_path, GOOD | {"full": 9})
    assert explain(artifact.load(tmp_path), np.zeros(1, np.float32)).outputs == (1.0, 1 / 9)
    damage(tmp_path, changes)
    with pytest.raises(ModelFileError, match=r"splits\.npz .*; run edgewise transpile again$"):
        artifact.load(tmp_path)


def test_the_trees_of_a_classifier_are_not_those_of_a_regression(tmp_path):
    transpile(DecisionTreeRegressor().fit([[0.0], [1.0]], [0.0, 1.0]), "bare").save(tmp_path)
    artifact.load(tmp_path)
    damage(tmp_path, {"full": 9})
    with pytest.raises(ModelFileError, match=r"splits\.npz is not of this model"):
        artifact.load(tmp_path)


def test_a_circle(tmp_path):
    transpile(DecisionTreeClassifier().fit([[0.0], [1.0]], [False, True]), "bare").save(tmp_path)
    damage(tmp_path, {"left": [0]})
    with pytest.raises(ModelFileError, match="tree 0 of the artifact leads in a circle; run edgewise transpile again"):
        explain(artifact.load(tmp_path), np.zeros(1, np.float32))


# The command


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    estimator = RandomForestClassifier(10, max_depth=3, random_state=0).fit(IRIS.data, IRIS.target_names[IRIS.target])
    return transpile(estimator, "iris", IRIS.data, NAMES).save(tmp_path_factory.mktemp("explain") / "iris", IRIS.data)


def told_steps(stdout: str) -> dict[int, list[list[str]]]:
    """The decisions of each tree, as words."""
    found: dict[int, list[list[str]]] = {}
    for part in stdout.split("Tree ")[1:]:
        number, *lines = part.split("leaf: ")[0].splitlines()
        found[int(number)] = [line.split() for line in lines if "<=" in line or ">" in line]
    return found


def test_what_is_shown_is_what_was_decided(edgewise, folder):
    told = explain(artifact.load(folder))
    text = edgewise.ok("explain", folder).stdout
    steps = told_steps(text)
    assert list(steps) == [path.tree for path in choose(told)]
    for path in choose(told):
        assert steps[path.tree] == [
            [step.feature, short(step.value), "<=" if step.below else ">", short(step.threshold)] for step in path.decisions
        ]
    assert "leaf: 'setosa' 1\n" in text
    assert [line.split() for line in text.splitlines() if line.startswith(" '")] == [["'setosa'", "1", "10"], *(
        [f"'{label}'", "0", "0"] for label in ("versicolor", "virginica")
    )]  # fmt: skip
    assert "│ answer │ 'setosa'" in text
    assert "│ tree 0, most for the answer " in text
    assert "│ --tree shows others, 0 to 9 │" in text


def test_one_tree_and_one_row(edgewise, folder):
    row = ["6.0000005", "2.8000002", "4.9000006", "1.6500001"]
    text = edgewise.ok("explain", folder, "--row", ", ".join(row), "--tree", 7).stdout
    steps = told_steps(text)
    assert list(steps) == [7]
    assert [step[1] for step in steps[7]] == [row[NAMES.index(step[0])] for step in steps[7]]  # to the last bit
    assert "as given" in text
    assert "shows others" not in text
    told = explain(artifact.load(folder), np.array(row, np.float32))
    assert f"│ answer │ '{told.answer}'" in text


def test_a_row_that_begins_with_a_minus(edgewise, folder):
    assert edgewise.ok("explain", folder, "--row", "-1,-2,-3,-4", "--json").json["row"] == [-1, -2, -3, -4]


def test_json_holds_everything(edgewise, folder):
    told = edgewise.ok("explain", folder, "--json").json
    assert told.keys() == {"name", "row", "classes", "paths", "outputs", "answer"}
    assert [path["tree"] for path in told["paths"]] == list(range(10))
    row = dict(zip(NAMES, IRIS.data[0].astype(np.float32).tolist(), strict=True))
    assert told["row"] == list(row.values())
    for path in told["paths"]:
        assert path["outputs"] == [1, 0, 0]
        for step in path["decisions"]:
            assert step["value"] == row[step["feature"]]
            assert step["below"] == (step["value"] <= step["threshold"])
    assert (told["classes"], told["answer"]) == (["setosa", "versicolor", "virginica"], "setosa")
    one = edgewise.ok("explain", folder, "--tree", 3, "--json").json
    assert one == told | {"paths": [told["paths"][3]]}


def test_a_regression_tells_values(edgewise, tmp_path):
    estimator = DecisionTreeRegressor(max_depth=2).fit(IRIS.data[:, :3], IRIS.data[:, 3])
    transpile(estimator, "width", IRIS.data[:, :3]).save(tmp_path)
    text = edgewise.ok("explain", tmp_path).stdout
    value = estimator.predict(IRIS.data[:1, :3].astype(np.float32))[0]
    assert f"leaf: {value:.7g}\n" in text
    assert f"│ answer │ {value:.7g} " in text
    assert "Votes" not in text
    told = edgewise.ok("explain", tmp_path, "--json").json
    assert (told["classes"], told["answer"]) == (None, pytest.approx(value))


def test_of_a_forest_of_values_the_largest_and_the_smallest(edgewise, tmp_path):
    estimator = RandomForestRegressor(6, max_depth=4, random_state=0).fit(IRIS.data[:, :3], IRIS.data[:, 3])
    transpile(estimator, "width", IRIS.data[:, :3]).save(tmp_path)
    values = [member.predict(IRIS.data[:1, :3].astype(np.float32))[0] for member in estimator.estimators_]
    text = edgewise.ok("explain", tmp_path).stdout
    assert list(told_steps(text)) == [int(np.argmax(values)), int(np.argmin(values))]
    assert f"│ tree {np.argmax(values)}, the largest value " in text
    assert f"│ tree {np.argmin(values)}, the smallest " in text


def test_a_tree_of_one_leaf(edgewise, tmp_path):
    transpile(DecisionTreeClassifier().fit([[0.0]], [7]), "leaf").save(tmp_path)
    text = edgewise.ok("explain", tmp_path, "--row", "5").stdout
    assert "leaf: 7 1\n" in text
    assert "│ decisions │ none │" in text


@pytest.mark.parametrize("name", [*(name for name in AWKWARD if name), "[bold]x[/]", "[/", ":smile:", "\x1b[2J", "leaf: "])
def test_strange_names_are_text(edgewise, tmp_path, name):
    X, labels = [[0.0], [1.0]], ["plain", f"label {name}."]
    transpile(DecisionTreeClassifier().fit(X, labels), "strange", np.array(X), [name]).save(tmp_path)
    told = edgewise.ok("explain", tmp_path, "--row", "1", "--json").json
    assert (told["answer"], told["paths"][0]["decisions"][0]["feature"]) == (f"label {name}.", name)
    text = edgewise.ok("explain", tmp_path, "--row", "1").stdout
    assert "\x1b" not in text
    assert all(line.isprintable() for line in text.split("\n"))
    escaped = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)
    assert f" {escaped}" in text
    assert f"leaf: {labels[1]!r} 1\n" in text
    refused = edgewise("explain", tmp_path, "--row", "x").error
    assert refused.isprintable()
    assert refused.startswith("error: --row, number 1 of 1, for ")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--row", "1,2,3"), "--row holds 3 numbers, iris takes 4; "),
        (("--row", "1,2,3,x"), "--row, number 4 of 4, for 'd': 'x' is not a number; "),
        (("--tree", 10), "--tree 10 is not there; iris has the trees 0 to 9"),
        (("--tree", -1), "--tree -1 is not there; iris has the trees 0 to 9"),
        (("--tree", 10, "--json"), "--tree 10 is not there; iris has the trees 0 to 9"),
    ],
)
def test_a_refusal_is_one_line(edgewise, folder, options, text):
    outcome = edgewise("explain", folder, *options)
    assert outcome.error.startswith(f"error: {text}")
    assert outcome.stdout == ""


def test_wrong_usage_is_2(edgewise, folder):
    assert edgewise("explain").code == 2
    assert edgewise("explain", folder, "--tree", "one").code == 2
    assert edgewise("explain", folder, "--row").code == 2
