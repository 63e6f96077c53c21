"""transpile --lean: the same answers from a module without predict_proba and self_test, which holds less of the heap."""

import ast
import re

import numpy as np
import pytest
from models import Fitted, deployed, fitted
from sklearn.neural_network import MLPClassifier

from edgewise import Program, transpile
from edgewise.artifact import of_program
from edgewise.bench import bench
from edgewise.deploy import deploy
from edgewise.verify import verify

CASES = ("RandomForestClassifier-int", "LogisticRegression-text", "KNeighborsClassifier-side", "DecisionTreeRegressor-width")
LEFT_OUT = {"predict_proba", "self_test", "_intact"}
GOLDEN = re.compile(r"\b_(N_)?GOLDEN|\b_TABLES\b|\b_SUM\b")


def of_case(case: str) -> Fitted:
    return fitted("LogisticRegression-text" if case == "network" else case)  # whose rows the network learns


def rows(case: str) -> np.ndarray:
    return of_case(case).held_out


def program(case: str, lean: bool, backend: str = "auto") -> Program:
    model = of_case(case)
    estimator = model.estimator
    if case == "network":
        estimator = MLPClassifier((5,), max_iter=50, random_state=0).fit(model.X, estimator.predict(model.X))
    return transpile(estimator, "lean", model.X, backend=backend, lean=lean)


def functions(source: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("backend", ["auto", "table"])
@pytest.mark.parametrize("case", [*CASES, "network"])
def test_what_it_leaves_out(case: str, backend: str):
    lean, whole = program(case, True, backend), program(case, False, backend)
    for own, other in ((lean.source, whole.source), (lean.compiled, whole.compiled)):
        assert LEFT_OUT & functions(own) == set()
        assert GOLDEN.search(own) is None
        assert functions(own) < functions(other) or not other
    names = re.findall(r"\b_\w+", lean.compiled)
    assert [name for name in functions(lean.compiled) if name in names and names.count(name) == 1] == []  # nothing idle


@pytest.mark.parametrize("case", [*CASES, "network"])
@pytest.mark.parametrize("port", ["unix_port", "cortex_m3"])
def test_answers(case: str, port: str, request: pytest.FixtureRequest):
    target = request.getfixturevalue(port)
    with deployed(program(case, True), rows(case), target) as artifact:
        verification = verify(artifact, target)
    assert verification.passed, verification.first_difference


@pytest.mark.parametrize("case", [*CASES, "network"])
def test_heap(case: str, unix_port):
    held = []
    for lean in (True, False):
        with deployed(program(case, lean), rows(case), unix_port) as artifact:
            held.append((bench(artifact, unix_port, 1).heap_held_bytes, artifact.footprint.heap_held_bytes))
    (lean_held, lean_predicted), (held_whole, predicted_whole) = held
    assert lean_held < held_whole - 500
    assert lean_predicted < predicted_whole - 500


def test_either_takes_the_place_of_the_other(unix_port):
    for lean, source in ((True, False), (False, True), (True, True), (True, False)):
        deploy(of_program(program(CASES[0], lean)), unix_port, source=source)
        unix_port.soft_reset()
        assert unix_port.eval("hasattr(__import__('lean'), 'self_test')") is not lean
    unix_port.remove("/lib/lean.mpy")
