"""Every kind of model in every form, on CPython and the unix port (double floats) and on three emulated boards (single).

An emulated millisecond takes sixteen real ones, so the boards get each kind and each form once, with a scaler that goes round,
and the Pico every second one with fewer rows.
"""

from collections.abc import Iterator
from itertools import cycle

import numpy as np
import pytest
from cpython import CPython
from models import AWKWARD, CASES, backends, deployed, edge_rows, fitted, hard_rows, program_of, scalers
from sklearn.tree import DecisionTreeClassifier

from edgewise import Target, transpile
from edgewise.artifact import of_program
from edgewise.passes import BoardTrees
from edgewise.verify import verify

EXPRESSIONS_ON_BOARDS = (
    "DecisionTreeClassifier-bool",
    "DecisionTreeRegressor-width",
    "RandomForestClassifier-int",
    "ExtraTreesRegressor-width",
    "LogisticRegression-text",
    "LinearRegression-depth",
    "SGDClassifier(modified_huber)-bool",
)


def _rotated(backend: str) -> list[tuple[str, str, str]]:
    """Each case by a back end, with one scaler after the other in front."""
    trees = [case for case in CASES if "clip" in scalers(case)]
    others = [case for case in CASES if case not in trees]
    turns = [pair for cases in (trees, others) for pair in zip(cases, cycle(scalers(cases[0])), strict=False)]
    return [(case, scaler, backend) for case, scaler in turns if backend in backends(case)]


ALL = [(case, scaler, "table") for case in CASES for scaler in scalers(case)]
ALL += [(case, scaler, kind) for case in CASES for scaler in ("raw", "standard") for kind in backends(case) if kind != "table"]
EXPRESSIONS = [(case, "raw", "expression") for case in EXPRESSIONS_ON_BOARDS]
BOARDS = _rotated("table") + EXPRESSIONS + _rotated("thumb") + _rotated("viper")
# The Cortex-M3 runs them all; viper's code is the same there.
PICO = _rotated("table")[::2] + EXPRESSIONS[::2] + _rotated("thumb")[1::2]


@pytest.fixture(scope="module")
def cpython(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CPython]:
    with CPython(tmp_path_factory.mktemp("cpython")) as target:
        yield target


@pytest.fixture(params=["cpython", "unix_port", "cortex_m3", "riscv", "emulated_pico"])
def target(request: pytest.FixtureRequest) -> Target:
    return request.getfixturevalue(request.param)


def holds(case: str, scaler: str, backend: str, rows: np.ndarray, target: Target) -> None:
    program = program_of(case, scaler, backend)
    with deployed(program, rows, target) as artifact:
        verification = verify(artifact, target)
        assert target.eval(f"__import__({program.name!r}).self_test()") >= 1
    assert verification.n_rows == len(rows)
    assert verification.passed, verification.first_difference
    if isinstance(program.model.core, BoardTrees) and len(program.model.core.roots) == 1 and program.model.classes:
        assert verification.n_equal == len(rows)  # a tree alone leaves nothing open


@pytest.mark.parametrize(("case", "scaler", "backend"), ALL)
@pytest.mark.parametrize("port", ["cpython", "unix_port"])
def test_answers_in_doubles(case: str, scaler: str, backend: str, port: str, request: pytest.FixtureRequest):
    holds(case, scaler, backend, hard_rows(case, scaler, backend), request.getfixturevalue(port))


@pytest.mark.parametrize(("case", "scaler", "backend"), BOARDS)
@pytest.mark.parametrize("port", ["cortex_m3", "riscv"])
def test_answers_in_single_precision(case: str, scaler: str, backend: str, port: str, request: pytest.FixtureRequest):
    holds(case, scaler, backend, hard_rows(case, scaler, backend), request.getfixturevalue(port))


@pytest.mark.parametrize(("case", "scaler", "backend"), PICO)
def test_answers_of_the_pico(case: str, scaler: str, backend: str, emulated_pico: Target):
    model, core = fitted(case, scaler), program_of(case, scaler, backend).model.core
    few = 6 if "Neighbors" in case else 12
    rows = model.held_out[:: len(model.held_out) // few][:few].astype(np.float32)
    if isinstance(core, BoardTrees):
        rows = np.concatenate([rows, edge_rows(core, model.X)])
    holds(case, scaler, backend, rows, emulated_pico)


def test_the_boards_get_every_case_every_scaler_and_both_forms():
    cases, used, forms = map(set, zip(*BOARDS, strict=True))
    assert (cases, forms) == (set(CASES), {"table", "expression", "thumb", "viper"})
    assert used == {scaler for case in CASES for scaler in scalers(case)}


WITH_PROBA = [case for case in CASES if hasattr(fitted(case).estimator, "predict_proba")]
# Leaves are rounded to 1/55440 and coefficients to single precision; distances can swap neighbors where they are equal.
TOLERANCE = 2e-5


@pytest.mark.parametrize(("case", "backend"), [(case, backend) for case in WITH_PROBA for backend in backends(case)])
@pytest.mark.parametrize("port", ["cpython", "unix_port"])
def test_probabilities(case: str, backend: str, port: str, request: pytest.FixtureRequest):
    target, program, model = request.getfixturevalue(port), program_of(case, backend=backend), fitted(case)
    rows = model.held_out + np.random.default_rng(0).normal(0, 0.01, model.held_out.shape)  # no two distances are equal
    rows = rows.astype(np.float32).astype(np.float64)
    found: list = []
    with deployed(program, rows, target):
        for some in np.array_split(rows, 4):
            found += target.eval(f"[__import__({program.name!r}).predict_proba(row) for row in {some.tolist()}]")
    assert np.array(found).shape == (len(rows), len(program.model.classes or ()))
    np.testing.assert_allclose(found, program.estimator.predict_proba(rows), atol=TOLERANCE)  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", ["RandomForestClassifier-text", "LogisticRegression-text", "SGDClassifier(modified_huber)-bool"])
@pytest.mark.parametrize("port", ["cortex_m3", "riscv", "emulated_pico"])
def test_probabilities_in_single_precision(case: str, port: str, request: pytest.FixtureRequest):
    target = request.getfixturevalue(port)
    program, rows = program_of(case), fitted(case).held_out[::20].astype(np.float32).astype(np.float64)
    with deployed(program, rows, target):
        found = target.eval(f"[__import__({program.name!r}).predict_proba(row) for row in {rows.tolist()}]")
    np.testing.assert_allclose(found, program.estimator.predict_proba(rows), atol=TOLERANCE)  # type: ignore[attr-defined]


def test_names_and_labels_are_data(target: Target):
    labels = np.array(AWKWARD, dtype=object)
    X = np.arange(2.0 * len(AWKWARD)).reshape(-1, 2)
    program = transpile(DecisionTreeClassifier().fit(X, labels), name="awkward", X=X, feature_names=AWKWARD[1:3])
    with deployed(program, X, target) as artifact:
        assert target.eval("__import__('awkward').CLASSES") == tuple(sorted(AWKWARD))
        assert target.eval("__import__('awkward').FEATURES") == AWKWARD[1:3]
        assert verify(artifact, target).n_equal == len(X)


@pytest.mark.parametrize(
    "labels",
    [(False, True), (-(2**30), 0, 2**30 - 1), (-9999999.0, 0.0, 2.0, 9999999.0), ("", "0", "True"), tuple(range(257))],
    ids=["bool", "int", "float", "str", "many"],
)
@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_labels_come_back_with_their_type(target: Target, labels: tuple):
    X = np.arange(float(len(labels)))[:, None]
    program = transpile(DecisionTreeClassifier().fit(X, np.array(labels)), name="labels", X=X)
    with deployed(program, X, target):
        found = target.eval(f"[__import__('labels').predict(row) for row in {X[-8:].tolist()}]")
    assert found == list(labels)[-8:]
    assert {type(label) for label in found} == {type(labels[0])}


def test_a_damaged_table_is_seen(target: Target):
    """The rows sent are such that one unit of one threshold shows, on every target."""
    case = "DecisionTreeRegressor-width"
    program, model = program_of(case), fitted(case)
    assert isinstance(program.model.core, BoardTrees)
    rows = edge_rows(program.model.core, model.X)
    threshold = program.model.core.threshold[:1]
    packed, moved = (ascii(value.tobytes())[2:-1] for value in (threshold, np.nextafter(threshold, np.float32(9))))
    source = program.source.replace(packed, moved, 1)
    assert source != program.source
    name = "edgewise_case.py"
    target.put(name, source.encode())
    try:
        verification = verify(of_program(program, rows), target)
    finally:
        target.remove(name)
        target.exec("import sys\nsys.modules.pop('edgewise_case', None)")
    assert verification.n_unexplained >= 1
    assert verification.first_difference is not None
