"""Measures one model by one tool: the artifact on a target -> a Row. The same device code measures every tool."""

import ast
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import m2cgen
import numpy as np
from reference_models import Case, Fitted
from results import Agreement, Cost, Host, Predicted, Row
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

from edgewise import transpile
from edgewise.artifact import Artifact, of_program
from edgewise.deploy import FOLDER, deploy
from edgewise.mpy import cross_compile
from edgewise.targets import Target
from edgewise.verify import Verification, compare, verify

DEVICE = Path(__file__).with_name("device")
REPEAT = 2
HOST_TRIES = 5  # other work on the host disturbs its seconds
BATCH_BYTES = 6000  # of features in one call
PRECISION, STEP = 0.02, 64  # of the search for the least heap: a share of it, and bytes
FILE_BYTES = 1400  # what importing even a small .mpy takes for a while, measured; the search starts there


@dataclass(frozen=True)
class Peer:
    """Another tool's module, beside the artifact whose evidence it is held to. way: see device/cost.py."""

    name: str
    py: bytes
    mpy: bytes
    way: str


def edgewise_artifact(fitted: Fitted) -> Artifact:
    program = transpile(fitted.estimator, fitted.case.name, X=fitted.X_train, backend="table")
    return of_program(program, fitted.X_test)


def m2cgen_peer(fitted: Fitted, artifact: Artifact) -> Peer | None:
    """m2cgen's own export as it stands, compiled as ours is; None where m2cgen refuses the model."""
    name = f"m2_{artifact.name}"
    try:
        source = m2cgen.export_to_python(fitted.estimator)
    except NotImplementedError:
        return None
    return Peer(name, source.encode(), cross_compile(name, source), "score" if artifact.classes is None else "argmax")


def edgewise_row(case: Case, artifact: Artifact, pico: Target, unix: Target) -> Row:
    deploy(artifact, pico)
    assert artifact.evidence is not None
    cost = _cost(pico, artifact.name, "predict", artifact.evidence.X[: case.timed_rows])
    on_pico = _agreement(artifact, verify(artifact, pico, case.pico_rows))
    size = artifact.footprint
    held_alone = _held_alone(pico, artifact.name)
    need_mpy = least_heap(pico, artifact.name, cost.held_bytes + FILE_BYTES)
    need_py = None
    if case.py:
        deploy(artifact, pico, source=True)
        need_py = least_heap(pico, artifact.name, size.heap_import_py_bytes)
    deploy(artifact, unix)
    return Row(
        model=case.title,
        tool="edgewise",
        cost=cost,
        held_alone=held_alone,
        need_mpy=need_mpy,
        need_py=need_py,
        mpy_bytes=size.mpy_bytes,
        py_bytes=size.py_bytes,
        unix=_agreement(artifact, verify(artifact, unix)),
        pico=on_pico,
        predicted=Predicted(size.heap_held_bytes, size.heap_import_mpy_bytes, size.heap_import_py_bytes),
    )


def peer_row(case: Case, artifact: Artifact, peer: Peer, pico: Target, unix: Target) -> Row:
    for target in (pico, unix):
        target.put(f"{FOLDER}/{peer.name}.mpy", peer.mpy)
    assert artifact.evidence is not None
    cost = _cost(pico, peer.name, peer.way, artifact.evidence.X[: case.timed_rows])
    return Row(
        model=case.title,
        tool="m2cgen",
        cost=cost,
        held_alone=_held_alone(pico, peer.name),
        pico=_peer_agreement(artifact, peer, pico, case.pico_rows),
        unix=_peer_agreement(artifact, peer, unix, None),
        need_mpy=least_heap(pico, peer.name, int(cost.held_bytes * 1.1) + FILE_BYTES),
        need_py=None,
        mpy_bytes=len(peer.mpy),
        py_bytes=len(peer.py),
        predicted=None,
    )


def transpile_seconds(n_trees: int = 100, n_leaves: int = 1000) -> tuple[int, int, float]:
    """(trees, leaves of the smallest, median seconds) of a large forest's way from the estimator to the .mpy."""
    X, y = make_classification(20000, 20, n_informative=10, random_state=0)
    forest = RandomForestClassifier(n_trees, max_leaf_nodes=n_leaves, random_state=0, n_jobs=2).fit(X, y)
    tries = [_seconds(lambda: transpile(forest, "large_forest", X=X)) for _ in range(HOST_TRIES)]
    return n_trees, min(int(tree.get_n_leaves()) for tree in forest.estimators_), median(tries)


def host_times(artifact: Artifact, pico: Target) -> Host:
    """For a Pico that has no such artifact yet."""
    first, *again = (_seconds(lambda: deploy(artifact, pico)) for _ in range(1 + HOST_TRIES))
    return Host(*transpile_seconds(), first, median(again))


def least_heap(target: Target, name: str, guess: int) -> int:
    """Bytes of free heap with which the module still imports, to 2 % or 64 bytes, each try in a fresh heap."""

    def fits(free: int) -> bool:
        target.soft_reset()
        return call(target, "fits", name, free)

    low = high = guess
    step = max(STEP, guess // 16)
    if fits(guess):
        while fits(low := high - step):
            high, step = low, step * 2
    else:
        while not fits(high := low + step):
            low, step = high, step * 2
    while high - low > max(STEP, high * PRECISION):
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def call(target: Target, function: str, *arguments: object):
    """What the function that device/FUNCTION.py defines returns; arguments and result are plain data."""
    source = ast.unparse(ast.parse((DEVICE / f"{function}.py").read_text("utf-8")))  # without comments, which take time to send
    return ast.literal_eval(target.exec(f"{source}\nprint(repr({function}({', '.join(map(repr, arguments))})))\n").strip())


def _cost(target: Target, name: str, way: str, X: np.ndarray) -> Cost:
    target.soft_reset()
    import_us, held, calls = call(target, "cost", name, way, _packed(X), X.shape[1], REPEAT)
    (us_list, bytes_list), (us_array, bytes_array) = calls
    return Cost(us_list, us_array, bytes_list, bytes_array, held, import_us)


def _held_alone(target: Target, name: str) -> int:
    target.soft_reset()
    return call(target, "held", name)


def _peer_agreement(artifact: Artifact, peer: Peer, target: Target, n_rows: int | None) -> Agreement:
    assert artifact.evidence is not None
    evidence = artifact.evidence.head(n_rows)
    target.soft_reset()
    answers: list = []
    step = max(1, BATCH_BYTES // (4 * artifact.n_features))
    for start in range(0, len(evidence), step):
        X = evidence.X[start : start + step]
        result = call(target, "labels", peer.name, peer.way, _packed(X), artifact.n_features)
        if artifact.classes is None:
            answers += list(np.frombuffer(result, "<f4"))
        else:
            answers += [artifact.classes[place] for place in result]
    return _agreement(artifact, compare(artifact.classes, evidence, answers))


def _agreement(artifact: Artifact, found: Verification) -> Agreement:
    assert artifact.evidence is not None
    largest = None if found.largest_error is None else found.largest_error / float(np.abs(artifact.evidence.expected).max())
    return Agreement(found.n_rows, found.n_equal, found.n_explained, largest)


def _packed(X: np.ndarray) -> bytes:
    return binascii.b2a_base64(X.astype("<f4").tobytes(), newline=False)


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
