"""Linear models in fixed point on every runtime: to the bit what the reference computes, from nothing but their own memory."""

import binascii
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from fixed_models import composed, linear, rows
from models import fitted, rows_around
from test_rows_native import ARCHITECTURES, run

from edgewise import Target, reference
from edgewise.fixed import fix
from edgewise.golden import golden
from edgewise.lower import lower
from edgewise.mpy import cross_compile
from edgewise.passes import BoardModel, for_board

KERNELS = {port: ("viper",) if port in ("unix_port", "riscv") else ("viper", "thumb") for port in ARCHITECTURES}
PLACES = [(port, kernel) for port, kernels in KERNELS.items() for kernel in kernels]
FITTED = (
    "LogisticRegression-text",
    "SGDClassifier(modified_huber)-bool",
    "SGDClassifier(log_loss)-text",
    "LinearRegression-depth",
)
RANDOM = (0, 1, 2, 3, 5, 8)  # seeds
BATCH_BYTES = 4000
ANSWER = """
from array import array
from binascii import a2b_base64
import native
N = native.N_FEATURES
v = array("f", a2b_base64({rows!r}))
found = [native.predict(v[i : i + N]) for i in range(0, len(v), N)]
if not hasattr(native, "CLASSES"):
    found = bytes(array("f", found))
elif hasattr(native, "predict_proba"):
    found = found, native.predict_proba(v[:N])
print(found)
"""


@cache
def of_data(case: str) -> BoardModel:
    of_case = fitted(case)
    model = for_board(lower(of_case.estimator), of_case.X)
    return replace(model, core=fix(model.core))


@cache
def random(seed: int) -> BoardModel:
    """A regression, or a classifier of as many classes as scores, or of two."""
    core = fix(linear(seed))
    n_scores = len(core.coef)
    classes = None if n_scores == 1 and seed % 2 else tuple(range(max(2, n_scores)))
    return BoardModel(core, core.coef.shape[1], classes, "", False)


def answers(model: BoardModel, target: Target, X: np.ndarray) -> np.ndarray:
    """Class indices or float32 values of the module `native`."""
    found = []
    step = max(1, BATCH_BYTES // (4 * model.n_features))
    for start in range(0, len(X), step):
        part = X[start : start + step]
        text = binascii.b2a_base64(part.astype("<f4").tobytes(), newline=False)
        answer = eval(target.exec(ANSWER.format(rows=text), timeout_s=120))
        if model.classes is None:
            found += np.frombuffer(answer, "<f4").tolist()
            continue
        if model.has_proba:
            answer, proba = answer
            assert np.isclose(sum(proba), 1, atol=1e-5)
        found += [model.classes.index(label) for label in answer]
    return np.array(found)


def check(model: BoardModel, target: Target, X: np.ndarray) -> np.ndarray:
    """Those within the limits are the reference's, to the bit. Gives all."""
    found, expected, inside = answers(model, target, X), reference.predict(model, X), model.core.units(X)[1]
    assert inside.any()
    np.testing.assert_array_equal(found[inside], expected[inside])
    return found


def forms(model: BoardModel, kernel: str, port: str) -> list[bytes]:
    return [
        cross_compile("native", composed(model, kernel, compiled=True), ARCHITECTURES[port]),
        cross_compile("native", composed(model, kernel)),
    ]


@pytest.mark.parametrize("case", FITTED)
@pytest.mark.parametrize(("port", "kernel"), PLACES)
def test_answers(port: str, kernel: str, case: str, request: pytest.FixtureRequest):
    target, model, of_case = request.getfixturevalue(port), of_data(case), fitted(case)
    n = 20 if port == "emulated_pico" else 200
    far = of_case.X.mean(axis=0) + np.float32([[1e3], [-1e3], [1e9], [-3e30]]) * np.ones(model.n_features)
    X = np.concatenate([rows_around(of_case.X, n), far]).astype(np.float32)
    evidence = golden(model, of_case.estimator, X)
    for content in forms(model, kernel, port):
        target.soft_reset()
        target.put("native.mpy", content)
        assert target.eval("__import__('native').BACKEND") == kernel
        found = check(model, target, evidence.X)
        if model.classes is None:
            assert ((found >= evidence.low) & (found <= evidence.high)).all()
        else:
            assert evidence.classes[np.arange(len(found)), found].all()
    target.remove("native.mpy")
    target.soft_reset()


@pytest.mark.parametrize("seed", RANDOM)
@pytest.mark.parametrize(("port", "kernel"), PLACES)
def test_sizes(port: str, kernel: str, seed: int, request: pytest.FixtureRequest):
    """Up to 70 features and 7 scores, with rows out to the limits, where a sum that does not fit would show."""
    target, model = request.getfixturevalue(port), random(seed)
    X = rows(model.core, 20 if port == "emulated_pico" else 300, seed)
    X = X[model.core.units(X)[1]]
    content = forms(model, kernel, port)[seed % 2]
    target.soft_reset()
    target.put("native.mpy", content)
    check(model, target, X)
    target.remove("native.mpy")
    target.soft_reset()


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize("case", ["LogisticRegression-text", "SGDClassifier(modified_huber)-bool", "Ridge-width"])
@pytest.mark.parametrize(("port", "kernel"), PLACES)
def test_contract(port: str, kernel: str, case: str, form: int, request: pytest.FixtureRequest):
    run("linear_native", request.getfixturevalue(port), "native.mpy", forms(of_data(case), kernel, port)[form])
