"""Kernel machines and detectors of anomalies on every runtime: the answers, the bounds of their scores, and a threshold moved."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from models import deployed, placed, rows_around
from sklearn.base import BaseEstimator
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_iris, make_blobs
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVC, SVR, OneClassSVM

from edgewise import Program, Target, transpile
from edgewise.anomaly import MaxZScore
from edgewise.artifact import of_program
from edgewise.backends import packed_machine
from edgewise.backends.packed_machine import GridMachine
from edgewise.verify import verify

X, SPECIES = load_iris(return_X_y=True)
X, SPECIES = X[::3], SPECIES[::3]
BLOBS, BLOB = make_blobs(60, 5, centers=6, cluster_std=4.0, random_state=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
CASES: dict[str, tuple[BaseEstimator, np.ndarray, np.ndarray | None]] = {
    "rbf": (SVC(), X, NAMES),
    "six classes": (SVC(C=5.0), BLOBS, BLOB),
    "two classes": (SVC(gamma=100.0), X[17:], SPECIES[17:] == 2),
    "poly 5": (SVC(kernel="poly", degree=5, coef0=1.5, gamma=0.1), X, NAMES),
    "sigmoid": (SVC(kernel="sigmoid", gamma=0.01, coef0=-0.5), X, SPECIES),
    "linear": (SVC(kernel="linear"), BLOBS, BLOB),
    "svr": (SVR(), X[:, :3], X[:, 3]),
    "laplacian": (KernelRidge(alpha=0.1, kernel="laplacian", gamma=0.5), X[:, :3], X[:, 3]),
    "one class": (OneClassSVM(nu=0.2, gamma=0.3), X, None),
    "ellipse": (EllipticEnvelope(random_state=0, contamination=0.2), X, None),
    "z": (MaxZScore(2.0), X, None),
}
PORTS = ("unix_port", "cortex_m3", "riscv", "emulated_pico")
# An emulated Pico is slow: it gets what the Cortex-M3's floats and kernels do not tell.
ON_THE_PICO = {"table": ("rbf",), "thumb": ("one class",)}
KERNELS = {"unix_port": "viper", "cortex_m3": "viper thumb", "riscv": "viper", "emulated_pico": "thumb"}
SLOW = ("one class", "emulated_pico")
WHOLE = ("rbf", "two classes", "svr", "one class")
SINGLE = ("cortex_m3", "riscv")
FORMS = [(case, port, "table") for port in PORTS for case in CASES if port not in SINGLE or (port == "riscv") == (case < "r")]
FORMS = [form for form in FORMS if form[1] != "emulated_pico" or form[0] in ON_THE_PICO["table"]]
FORMS += [
    (case, port, kernel)
    for port in PORTS
    for kernel in KERNELS[port].split()
    for case in WHOLE
    if port != "emulated_pico" or case in ON_THE_PICO["thumb"]
]


@cache
def program_of(case: str, backend: str) -> Program:
    estimator, data, target = CASES[case]
    return transpile(estimator.fit(data, target), name="edgewise_case", X=data, backend=backend)


def rows_of(case: str, port: str) -> np.ndarray:
    data = CASES[case][1]
    aside = data.mean(axis=0) + np.outer([-5, -3, 4, 8], np.ptp(data, axis=0))  # of which it is little beside the intercept
    far = np.concatenate([np.outer([1e3, -1e4], np.ones(data.shape[1])), aside])  # of which the exponential is zero; then
    if port == "emulated_pico":
        return np.concatenate([data[::10], far[:1]])
    return np.concatenate([data, rows_around(data, 40), far])


@pytest.mark.parametrize(("case", "port", "backend"), FORMS)
def test_answers(case: str, port: str, backend: str, request: pytest.FixtureRequest):
    target: Target = request.getfixturevalue(port)
    target.soft_reset()
    program, rows = program_of(case, backend), rows_of(case, port)
    with deployed(program, rows, target) as artifact:
        verification = verify(artifact, target)
        assert target.eval(f"__import__({program.name!r}).self_test()") >= 1
        assert target.eval(f"__import__({program.name!r}).BACKEND") == backend
    assert verification.n_rows == len(rows)
    assert verification.passed, verification.first_difference


DEVICE = """
import edgewise_case as model
from array import array

GUARD = 8  # words to either side of the work area
FILL = 0x2A5A5A5A

def summed(rows, n_work, first, n):
    # the sums of each row, and None of those that the grid does not hold
    around = array("I", [FILL] * (n_work + 2 * GUARD))
    model._work = memoryview(around)[GUARD : GUARD + n_work]
    found = [list(model._work[first : first + n]) if model._summed(row) else None for row in rows]
    assert list(around[:GUARD]) + list(around[-GUARD:]) == [FILL] * (2 * GUARD)
    return found
"""
# A grid of one byte that rows are on, of one byte, of two, and one whose products are summed in pairs; several groups of vectors
GRIDS: dict[str, tuple[BaseEstimator, np.ndarray, np.ndarray | None]] = {
    "whole": (SVC(C=5.0), np.rint(8 * BLOBS), BLOB),
    "paired": (SVC(), np.rint(X[:, :2]), SPECIES),
    "bytes": (SVC(C=5.0), BLOBS, BLOB),
    "halves": (OneClassSVM(nu=0.2, gamma=0.3), X, None),
    "narrow": (SVC(gamma=1e4), np.rint(X), SPECIES == 2),
}


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("port", ["unix_port", "cortex_m3", "riscv", "emulated_pico"])
def test_sums_are_those_of_numpy_to_the_bit(port: str, kind: str, request: pytest.FixtureRequest):
    if port == "emulated_pico" and kind != "whole":
        return  # its machine code is that of the Cortex-M3
    estimator, data, labels = GRIDS[kind]
    arch = {"unix_port": "x64", "riscv": "rv32imc"}.get(port, "armv6m")
    rows = np.concatenate([data[:6], rows_around(data, 6), [np.full(data.shape[1], place) for place in (1e-30, -300.0, 1e9)]])
    rows = rows.astype(np.float32)
    for kernel in KERNELS[port].split():
        program = transpile(estimator.fit(data, labels), name="edgewise_case", X=data, backend=kernel)
        core = program.model.core
        assert isinstance(core, GridMachine)
        assert (kind == "whole", kind == "paired") <= (core.grid.lossless, core.axes.paired)
        assert (core.grid.most > 255) == (kind in ("halves", "narrow"))
        steps, inside = core.on_grid(rows)
        assert 0 < inside.sum() < len(rows)
        sums = core.sums(np.where(inside[:, None], steps, 0)) & 0xFFFFFFFF
        constants = packed_machine.emit(program.model, core, kernel).constants
        target: Target = request.getfixturevalue(port)
        target.soft_reset()
        target.put("edgewise_case.mpy", program.native[arch])
        target.exec(DEVICE)
        places = f"{constants['_N_WORK']}, {constants['_SUMS']}, {constants['_N_SCORES']}"
        found = target.eval(f"summed({rows.tolist()!r}, {places})")
        assert found == [row if held else None for row, held in zip(sums.tolist(), inside, strict=True)]
        target.exec("model = None")
        target.remove("edgewise_case.mpy")


@pytest.mark.parametrize(("case", "port"), [pair for pair in product(("one class", "z"), PORTS) if pair != SLOW])
def test_a_threshold_moved_on_the_board(case: str, port: str, request: pytest.FixtureRequest):
    target: Target = request.getfixturevalue(port)
    target.soft_reset()
    program = program_of(case, "table" if port == "unix_port" else "auto")
    rows = X[:9].astype(np.float32)
    with placed(of_program(program, rows), target):
        target.exec(f"import edgewise_case as model\nrows = {rows.tolist()!r}")
        scores = np.array(target.eval("[model.score(row) for row in rows]"))
        expected = CASES[case][0].score_samples(rows.astype(np.float64))  # type: ignore[attr-defined]
        np.testing.assert_allclose(scores, expected, rtol=2e-3)
        limits = np.sort(scores)
        for limit in (limits[0] - 1, (limits[3] + limits[4]) / 2, limits[-1] + 1):
            target.exec(f"model.THRESHOLD = {limit}")
            assert target.eval("[model.predict(row) for row in rows]") == np.where(scores >= limit, 1, -1).tolist()
    target.exec("model = None")
