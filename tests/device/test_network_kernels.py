"""Neural networks in whole numbers on every runtime: the reference's to the bit, from nothing but their own memory."""

import binascii
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from models import deployed
from networks import board, composed, corners, network, rows
from sklearn.neural_network import MLPRegressor
from test_rows_native import ARCHITECTURES, run

from edgewise import Target, transpile, verify
from edgewise.decisions import winners
from edgewise.mpy import cross_compile
from edgewise.passes import BoardModel

KERNELS = {port: ("viper",) if port in ("unix_port", "riscv") else ("viper", "thumb") for port in ARCHITECTURES}
PLACES = [(port, kernel) for port, kernels in KERNELS.items() for kernel in kernels]
SLOW = "emulated_pico"  # some of the networks are enough for it, as the Cortex-M3 runs the same
SEEDS = (3, 1, 4, 6, 12, 13)  # both packings, widths and activations, with and without least numbers
BATCH = 4000, 60  # bytes and rows in one program
ANSWER = """
from array import array
from binascii import a2b_base64
import native
N = native.N_FEATURES
v = array("f", a2b_base64({rows!r}))
found, sums = [], []
for i in range(0, len(v), N):
    found.append(native.predict(v[i : i + N]))
    sums.append(list(native._work[:{n_scores}]))
print((found, sums))
"""


@cache
def case(seed: int) -> tuple[BoardModel, np.ndarray]:
    model = board(seed)
    return model, np.concatenate([rows(model.core, network(seed)[1], 12, seed), corners(model.core)[:20]])


def answers(model: BoardModel, target: Target, X: np.ndarray) -> tuple[list, np.ndarray]:
    """What the module `native` answers, and the sums that it leaves, (n_rows, n_scores)."""
    found, sums = [], []
    step = min(max(1, BATCH[0] // (4 * model.n_features)), BATCH[1])
    for start in range(0, len(X), step):
        text = binascii.b2a_base64(X[start : start + step].astype("<f4").tobytes(), newline=False)
        program = ANSWER.format(rows=text, n_scores=len(model.core.unit))
        answer, words = eval(target.exec(program, timeout_s=120))
        found += answer
        sums += words
    return found, np.array(sums)


def check(model: BoardModel, target: Target, X: np.ndarray) -> None:
    found, sums = answers(model, target, X)
    np.testing.assert_array_equal(sums, model.core.sums(X))
    if model.classes is None:
        scores = model.core.scores(X)
        error = model.core.errors(X, np.zeros(X.shape))
        assert (np.abs(np.array(found) - scores[:, 0]) <= error[:, 0]).all()
    else:
        assert found == [model.classes[i] for i in winners(sums, len(model.classes))]


@pytest.mark.parametrize(
    ("port", "kernel", "seed"), [(*place, seed) for place in PLACES for seed in SEEDS if place[0] != SLOW or seed == 3]
)
def test_sums(port: str, kernel: str, seed: int, request: pytest.FixtureRequest):
    target, (model, X) = request.getfixturevalue(port), case(seed)
    compiled = seed % 3 > 0
    content = cross_compile("native", composed(model, kernel, compiled), ARCHITECTURES[port] if compiled else None)
    target.soft_reset()
    target.put("native.mpy", content)
    try:
        assert target.eval("__import__('native').BACKEND") == kernel
        check(model, target, X[::3] if port == SLOW else X)
    finally:
        target.remove("native.mpy")
        target.soft_reset()


@pytest.mark.parametrize("port", ["unix_port", "cortex_m3"])
@pytest.mark.parametrize("seed", SEEDS[1:3])
def test_plain(port: str, seed: int, request: pytest.FixtureRequest):
    """The tables read without a kernel."""
    target, (model, X) = request.getfixturevalue(port), case(seed)
    source = composed(model, "viper")
    start = source.index("\n_KERNEL = ")
    end = source.index("\n", source.index("pass", start))
    plain = cross_compile("native", source[:start] + source[end:])
    target.soft_reset()
    target.put("native.mpy", plain)
    try:
        assert target.eval("__import__('native').BACKEND") == "plain"
        check(model, target, X[::4])
    finally:
        target.remove("native.mpy")
        target.soft_reset()


def classifier(seed: int) -> BoardModel:
    """With probabilities."""
    model, _ = case(seed)
    assert model.classes is not None
    return replace(model, has_proba=True, link="sigmoid" if len(model.core.unit) == 1 else "softmax")


@pytest.mark.parametrize(("port", "kernel", "seed"), [(*place, seed) for place in PLACES for seed in (13,)])
def test_contract(port: str, kernel: str, seed: int, request: pytest.FixtureRequest):
    content = cross_compile("native", composed(classifier(seed), kernel, compiled=True), ARCHITECTURES[port])
    run("network_native", request.getfixturevalue(port), "native.mpy", content)


@pytest.mark.parametrize("port", ["unix_port", "cortex_m3"])
def test_a_large_bias_in_floats(port: str, request: pytest.FixtureRequest):
    """It is added last: every sum before it would be rounded as coarsely as it is large."""
    target: Target = request.getfixturevalue(port)
    X = np.random.default_rng(0).normal(size=(40, 6))
    estimator = MLPRegressor(hidden_layer_sizes=(32,), max_iter=50, random_state=0).fit(X, X.sum(axis=1))
    estimator.intercepts_[-1] += 1e5
    program = transpile(estimator, "large_bias", X=X, backend="table")
    with deployed(program, X, target) as artifact:
        found = verify(artifact, target)
    assert found.passed, found.first_difference
