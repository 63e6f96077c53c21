"""The kernels for nearest neighbors on every runtime: what they leave in the work area against numpy, word by word; that they
write nothing else; and the answers."""

import binascii

import numpy as np
import pytest
from models import run_source
from on_grid import KINDS, estimator_of, found, rows_for
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from edgewise import Program, Target, reference, transpile
from edgewise.backends import packed_neighbors
from edgewise.backends.packed_neighbors import pack_neighbors
from edgewise.errors import UnsupportedModelError
from edgewise.golden import golden

# port: architecture of its .mpy, kernels that it compiles
PORTS = {
    "unix_port": ("x64", "viper"),
    "cortex_m3": ("armv6m", "viper thumb"),
    "riscv": ("rv32imc", "viper"),
    "emulated_pico": ("armv6m", "thumb"),  # viper's code is that of the Cortex-M3
}
EVERYWHERE = [(port, kernel) for port, (_, kernels) in PORTS.items() for kernel in kernels.split()]
PICO_KINDS = ("whole", "signed", "wide", "scaled")  # the loops that a kernel may have; an emulated Pico is slow
N_ROWS = {"emulated_pico": 2}  # of each way, see on_grid.rows_for
DEVICE = """
import near
from array import array
from binascii import a2b_base64

GUARD = 8  # words to either side of the work area
FILL = 0x2A5A5A5A

def found(rows, n_work, nearest, listed, guarded):
    # for each row: how many were found, and numbers and distances, or numbers, from the work area
    around = array("I", [FILL] * (n_work + 2 * GUARD))
    if guarded:
        near._work = memoryview(around)[GUARD : GUARD + n_work]
    answers = []
    for row in rows:
        n = near._found(row)
        if n < 0:
            places = range(nearest, listed, 2)
            answers.append((n, [near._work[p + 1] for p in places], [near._work[p] for p in places]))
        else:
            answers.append((n, [near._work[listed + i] for i in range(n)], []))
        assert list(around[:GUARD]) + list(around[-GUARD:]) == [FILL] * (2 * GUARD), row
    return answers

def rows_of(packed):
    values = array("f", a2b_base64(packed))
    return [values[i : i + near.N_FEATURES] for i in range(0, len(values), near.N_FEATURES)]

def refused(row):
    try:
        near.predict(row)
    except ValueError:
        return True
    return False
"""


def near(estimator, X: np.ndarray, kernel: str) -> Program:
    return transpile(estimator, name="near", X=X, backend=kernel)


class Placed:
    """A module on a target, and programs that use it."""

    def __init__(self, target: Target, mpy: bytes):
        self.target = target
        target.soft_reset()
        target.put("near.mpy", mpy)
        target.exec(DEVICE)

    def eval(self, expression: str):
        return self.target.eval(expression)

    def each(self, rows: np.ndarray, expression: str) -> list:
        """Values of an expression of `rows`, sixteen at a time."""
        answers: list = []
        for start in range(0, len(rows), 16):
            packed = binascii.b2a_base64(rows[start : start + 16].astype("<f4").tobytes(), newline=False)
            answers += self.target.eval(f"(lambda rows: {expression})(rows_of({packed!r}))")
        return answers

    def __enter__(self) -> "Placed":
        return self

    def __exit__(self, *_: object) -> None:
        self.target.remove("near.mpy")
        self.target.soft_reset()


def forms(program: Program, port: str) -> list[bytes]:
    """Compiled for the port, and guarded; the Pico takes the latter as the Cortex-M3 does."""
    return [program.native[PORTS[port][0]], program.mpy][: 1 if port == "emulated_pico" else 2]


@pytest.mark.parametrize(
    ("port", "kernel", "kind"),
    [(*pair, kind) for pair in EVERYWHERE for kind in KINDS if pair[0] != "emulated_pico" or kind in PICO_KINDS],
)
def test_found(kind: str, port: str, kernel: str, request: pytest.FixtureRequest):
    target: Target = request.getfixturevalue(port)
    estimator, X = estimator_of(kind)
    program = near(estimator, X, kernel)
    core = program.model.core
    packed = pack_neighbors(core)  # type: ignore[arg-type]
    constants = packed_neighbors.emit(program.model, core, kernel).constants  # type: ignore[arg-type]
    rows = rows_for(kind, X, N_ROWS.get(port, 8))
    expected = [found(core, packed, row) for row in rows]  # type: ignore[arg-type]
    assert {np.sign(answer) for answer, _, _ in expected} >= {-1 if packed.grid.lossless else int(kind != "same")}
    test = golden(program.model, estimator, rows)
    for form, mpy in enumerate(forms(program, port)):
        with Placed(target, mpy) as module:
            assert module.eval("near.BACKEND") == kernel
            answers = module.each(rows, "[near.predict(row) for row in rows]")
            for guarded in (False, True) if form == 0 else (False,):
                places = f"{constants['_N_WORK']}, {constants['_NEAREST']}, {constants['_LISTED']}, {guarded}"
                assert module.each(rows, f"found(rows, {places})") == expected
        assert test.classes is not None
        assert all(test.classes[i, program.model.classes.index(label)] for i, label in enumerate(answers))  # type: ignore[union-attr]


@pytest.mark.parametrize(("port", "kernel"), [pair for pair in EVERYWHERE if pair[0] != "unix_port"])
@pytest.mark.parametrize("kind", ["whole", "wide"])
def test_a_class_takes_no_memory(kind: str, port: str, kernel: str, request: pytest.FixtureRequest):
    estimator, X = estimator_of(kind)
    program = near(estimator, X, kernel)
    with Placed(request.getfixturevalue(port), forms(program, port)[0]) as module:
        module.target.exec(
            "import micropython\n"
            "def locked(row):\n"
            "    micropython.heap_lock()\n"
            "    try:\n"
            "        return near.predict(row)\n"
            "    finally:\n"
            "        micropython.heap_unlock()\n"
        )
        rows = X[:4].astype("<f4")
        answers = module.each(rows, "[locked(row) for row in rows]")
        assert answers == estimator.predict(X[:4]).tolist()


@pytest.mark.parametrize(("port", "kernel"), EVERYWHERE)
def test_rows_that_are_none(port: str, kernel: str, request: pytest.FixtureRequest):
    estimator, X = estimator_of("whole")
    program, n = near(estimator, X, kernel), X.shape[1]
    for mpy in forms(program, port):
        with Placed(request.getfixturevalue(port), mpy) as module:
            for bad in ("nan", "inf", "-inf"):
                for place in (0, n - 1):
                    row = f"[1.0] * {place} + [float({bad!r})] + [1.0] * {n - 1 - place}"
                    assert module.eval(f"refused({row}) and refused(array('f', {row}))"), (bad, place)
            lengths = [0, n - 1, n, n + 1, 2 * n]
            assert module.eval(f"[refused(array('f', [1.0] * n)) for n in {lengths}]") == [length != n for length in lengths]
            assert module.each(X[:8], "[near.predict(row) for row in rows]") == estimator.predict(X[:8]).tolist()
            assert module.eval(f"near.predict({X[3].tolist()})") == estimator.predict(X[3:4])[0]


@pytest.mark.parametrize(
    ("port", "kernel", "kind"),
    [(*pair, kind) for pair in EVERYWHERE for kind in ("whole", "decimals", "scaled")[:: 2 if pair[0] == "emulated_pico" else 1]],
)
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_values_and_probabilities(kind: str, weights: str, port: str, kernel: str, request: pytest.FixtureRequest):
    target: Target = request.getfixturevalue(port)
    scaled, X = estimator_of(kind)
    y = X @ np.random.default_rng(0).normal(size=X.shape[1])
    k = KINDS[kind][3]
    rows = rows_for(kind, X, N_ROWS.get(port, 8))
    rows = rows[: 3 * len(rows) // 4]
    for model, target_of in (
        (KNeighborsRegressor(k, weights=weights), y),
        (KNeighborsClassifier(k, weights=weights), y > y.mean()),
    ):
        if hasattr(scaled, "steps"):
            scaled.steps[-1] = ("model", model)
            model = scaled
        program = near(model.fit(X, target_of), X, kernel)
        with Placed(target, forms(program, port)[0]) as module:
            if program.model.classes is None:
                answers = np.array(module.each(rows, "[near.predict(row) for row in rows]"))
                test = golden(program.model, model, rows)
                assert ((test.low <= answers) & (answers <= test.high)).all()
            else:
                answers = np.array(module.each(rows, "[near.predict_proba(row) for row in rows]"))
                close = np.abs(answers - reference.scores(program.model, rows)).max(axis=1) < 1e-3
                assert close.mean() > 0.8  # the others have equal distances
                labels = np.array(module.each(rows, "[near.predict(row) for row in rows]"))
                classes = golden(program.model, model, rows).classes
                assert classes is not None
                assert classes[np.arange(len(rows)), labels.astype(int)].all()


def test_more_classes_than_are_counted():
    X = np.arange(600.0).reshape(300, 2)
    for kernel in ("viper", "thumb"):
        program = near(KNeighborsClassifier(1).fit(X, np.arange(300)), X, kernel)
        module = run_source(program.source)
        assert [module.predict(row) for row in X[::50].tolist()] == list(range(300))[::50]


@pytest.mark.parametrize("kernel", ["viper", "thumb"])
def test_manhattan_is_left_to_the_table(kernel: str):
    estimator, X = estimator_of("whole")
    estimator.set_params(metric="manhattan")
    with pytest.raises(UnsupportedModelError, match=r"manhattan.*--backend table"):
        near(estimator.fit(X, X[:, 0] > 3), X, kernel)
