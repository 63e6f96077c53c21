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
SLOW = "emulated_pico"  # some of the models are enough for it, as the Cortex-M3 runs the same
FITTED = (
    "LogisticRegression-text",
    "SGDClassifier(modified_huber)-bool",
    "Lasso-width",
    "LinearRegression-depth",
)
CONTRACTS = ("LogisticRegression-text", "SGDClassifier(modified_huber)-bool", "Ridge-width")
RANDOM = (0, 1, 2, 3, 5, 8)  # seeds
BATCH = 4000, 100  # bytes and rows in one program
ANSWER = """
from array import array
from binascii import a2b_base64
import native
N = native.N_FEATURES
v = array("f", a2b_base64({rows!r}))
found, sums = [], b""
for i in range(0, len(v), N):
    found.append(native.predict(v[i : i + N]))
    sums += bytes(native._work[-2 * {n_scores} :])
if not hasattr(native, "CLASSES"):
    found = bytes(array("f", found))
print((found, sums))
"""


def over(cases: tuple, few: int) -> list[tuple]:
    """Port, kernel and case: every one, or the first few where that takes long."""
    return [(*place, case) for place in PLACES for case in cases[: few if place[0] == SLOW else None]]


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


def answers(model: BoardModel, target: Target, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Class indices or float32 values of the module `native`; and the sums that it left, whole numbers (n_rows, n_scores)."""
    found, sums = [], []
    n_scores = len(model.core.coef)
    step = min(max(1, BATCH[0] // (4 * model.n_features)), BATCH[1])
    for start in range(0, len(X), step):
        part = X[start : start + step]
        text = binascii.b2a_base64(part.astype("<f4").tobytes(), newline=False)
        answer, words = eval(target.exec(ANSWER.format(rows=text, n_scores=n_scores), timeout_s=120))
        sums.append(np.frombuffer(words, "<i4").reshape(len(part), n_scores, 2).astype(np.int64))
        if model.classes is None:
            found += np.frombuffer(answer, "<f4").tolist()
        else:
            found += [model.classes.index(label) for label in answer]
    low, high = np.moveaxis(np.concatenate(sums), -1, 0)
    return np.array(found), (high << model.core.low_of_row + model.core.low_of_coef) + low


def check(model: BoardModel, target: Target, X: np.ndarray) -> np.ndarray:
    """Those within the limits are the reference's, to the bit. Gives all."""
    (found, sums), expected = answers(model, target, X), reference.predict(model, X)
    q, inside = model.core.units(X)
    assert inside.any()
    np.testing.assert_array_equal(sums[inside], model.core.sums(q[inside]))
    np.testing.assert_array_equal(found[inside], expected[inside])
    return found


def forms(model: BoardModel, kernel: str, port: str) -> list[bytes]:
    """Compiled for the port, and guarded; the Pico takes the latter as the Cortex-M3 does."""
    guarded = [] if port == SLOW else [cross_compile("native", composed(model, kernel))]
    return [cross_compile("native", composed(model, kernel, compiled=True), ARCHITECTURES[port]), *guarded]


@pytest.mark.parametrize(("port", "kernel", "case"), over(FITTED, 2))
def test_answers(port: str, kernel: str, case: str, request: pytest.FixtureRequest):
    target, model, of_case = request.getfixturevalue(port), of_data(case), fitted(case)
    n = 20 if port == SLOW else 200
    far = of_case.X.mean(axis=0) + np.float32([[1e3], [-1e3], [1e9], [-3e30]]) * np.ones(model.n_features)
    X = np.concatenate([rows_around(of_case.X, n), rows(model.core, n), far]).astype(np.float32)
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


@pytest.mark.parametrize(("port", "kernel", "seed"), over(RANDOM, 2))
def test_sizes(port: str, kernel: str, seed: int, request: pytest.FixtureRequest):
    """Up to 70 features and 7 scores, with rows out to the limits, where a sum that does not fit would show."""
    target, model = request.getfixturevalue(port), random(seed)
    X = rows(model.core, 20 if port == SLOW else 300, seed)
    X = X[model.core.units(X)[1]]
    content = (forms(model, kernel, port) * 2)[seed % 2]
    target.soft_reset()
    target.put("native.mpy", content)
    check(model, target, X)
    target.remove("native.mpy")
    target.soft_reset()


@pytest.mark.parametrize(("port", "kernel", "case"), over(CONTRACTS, 1))
def test_contract(port: str, kernel: str, case: str, request: pytest.FixtureRequest):
    for content in forms(of_data(case), kernel, port):
        run("linear_native", request.getfixturevalue(port), "native.mpy", content)
