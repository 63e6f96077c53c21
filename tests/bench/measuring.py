"""Measures one model by one tool: its module on each runtime -> a Row. The same device code measures every tool."""

import ast
import binascii
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
from exports import Module
from reference_models import DATA, Case
from results import OURS, RUNTIMES, Agreement, Cost, Host, Instructions, Predicted, Row
from sklearn.ensemble import RandomForestClassifier

from edgewise import transpile
from edgewise.artifact import Artifact
from edgewise.deploy import FOLDER, deploy
from edgewise.errors import DeviceError
from edgewise.targets import Target
from edgewise.verify import compare

DEVICE = Path(__file__).with_name("device")
USES_WAY = ("cost", "instructions", "labels")  # programs that need device/way.py before them
REPEAT = 2
HOST_TRIES = 5  # other work on the host disturbs its seconds
BATCH_BYTES = 6000  # of features in one call
PRECISION, STEP = 0.02, 64  # of the search for the least heap: a share of it, and bytes
LARGEST_HEAP = 1_000_000  # bytes; no board here has as much
FILE_BYTES = 1400  # what importing even a small .mpy takes for a while, measured; the search starts there
Found = TypeVar("Found")
Machines = Mapping[str, Target]  # by the keys of RUNTIMES; the Cortex-M3 counts instructions


def measure(case: Case, artifact: Artifact, module: Module, machines: Machines) -> Row:
    """artifact: Edgewise's, whose evidence every tool is held to. machines: with no file of that name on them yet."""
    assert artifact.evidence is not None
    pico, timed = machines["emulator"], artifact.evidence.X[: case.timed_rows]
    path = f"{FOLDER}/{module.name}.mpy"
    for port, target in machines.items():
        target.put(path, module.mpy_for(port))
    size = artifact.footprint
    row = Row(
        model=case.title,
        tool=module.tool,
        mpy_bytes=len(module.mpy_for("emulator")),
        py_bytes=len(module.py),
        cost=unless_too_large(lambda: cost_of(pico, module, timed, case.py and module.tool == OURS)),
        insns=unless_too_large(lambda: instructions_of(machines["cortex-m3"], module, timed)),
        need_py_m3=_least_heap_py(machines["cortex-m3"], module),
        agreement={port: unless_too_large(lambda port=port: agreement_of(artifact, module, machines[port])) for port in RUNTIMES},
        predicted=Predicted(size.heap_held_bytes, size.heap_import_mpy_bytes, size.heap_import_py_bytes)
        if module.tool == OURS
        else None,
    )
    for target in machines.values():
        target.remove(path)
    return row


def unless_too_large(action: Callable[[], Found]) -> Found | None:
    """None where the board's heap is too small."""
    try:
        return action()
    except DeviceError as error:
        if error.traceback.strip().rpartition("\n")[2].startswith("MemoryError"):
            return None
        raise


def large_forest() -> tuple[int, int, float, float]:
    """(trees, leaves of the smallest, median seconds, megabytes) of a large forest's way from the estimator to the .mpy."""
    script = Path(__file__).with_name("large_forest.py")
    trees, leaves, seconds, megabytes = json.loads(subprocess.check_output([sys.executable, script]))
    return trees, leaves, seconds, megabytes


def largest_forest(cortex: Target, most: int = 400) -> int:
    """Trees of 100 leaves, of digits, with which a forest still imports and predicts, to 1 %, by bisection."""
    X, _, y, _ = DATA["digits"]()
    grown = RandomForestClassifier(most, max_leaf_nodes=100, random_state=0, n_jobs=2).fit(X, y)

    def fits(n_trees: int) -> bool:
        forest = copy(grown).set_params(n_estimators=n_trees)
        forest.estimators_ = grown.estimators_[:n_trees]
        program = transpile(forest, "largest_forest", X=X)
        cortex.soft_reset()  # the last one fills the heap
        cortex.put(f"{FOLDER}/largest_forest.mpy", program.native["armv6m"])
        cortex.soft_reset()
        try:
            cortex.exec(f"import largest_forest\nlargest_forest.predict([0] * {X.shape[1]})")
        except DeviceError as error:
            if "MemoryError" in str(error):
                return False
            raise
        return True

    low, high = 1, most
    while high - low > low // 100:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    cortex.soft_reset()
    cortex.remove(f"{FOLDER}/largest_forest.mpy")
    return low


def host_times(artifact: Artifact, pico: Target, cortex: Target) -> Host:
    """For a Pico that has no such artifact yet."""
    first, *again = (_seconds(lambda: deploy(artifact, pico)) for _ in range(1 + HOST_TRIES))
    return Host(*large_forest(), largest_forest(cortex), first, median(again))


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
            if high > LARGEST_HEAP:
                raise DeviceError(f"{name} does not import on {target.name}, however much of its heap is free")
            low, step = high, step * 2
    while high - low > max(STEP, high * PRECISION):
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def call(target: Target, function: str, *arguments: object):
    """What the function that device/FUNCTION.py defines returns; arguments and result are plain data."""
    parts = ("way", function) if function in USES_WAY else (function,)
    tree = ast.parse("\n".join((DEVICE / f"{part}.py").read_text("utf-8") for part in parts))
    # comments and docstrings take time to send, and a place in the heap
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef):
            node.body = [part for part in node.body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    program = f"{ast.unparse(tree)}\nprint(repr({function}({', '.join(map(repr, arguments))})))\n"
    return ast.literal_eval(target.exec(program).strip())


def cost_of(pico: Target, module: Module, X: np.ndarray, py: bool) -> Cost:
    """py: with the least heap for the .py, whose compilation takes a while."""
    pico.soft_reset()
    import_us, held, calls = call(pico, "cost", module.name, module.way, _packed(X), X.shape[1], REPEAT)
    (us_list, bytes_list), (us_array, bytes_array) = calls
    pico.soft_reset()
    held_alone = call(pico, "held", module.name, module.way)
    need_mpy = least_heap(pico, module.name, int(held * 1.1) + FILE_BYTES)
    need_py = None
    if py:
        path = f"{FOLDER}/{module.name}.py"  # imported before a .mpy of this name
        pico.put(path, module.py)
        need_py = least_heap(pico, module.name, need_mpy + 2 * len(module.py))
        pico.remove(path)
    return Cost(us_list, us_array, bytes_list, bytes_array, held, held_alone, import_us, need_mpy, need_py)


def instructions_of(cortex: Target, module: Module, X: np.ndarray) -> Instructions:
    cortex.soft_reset()
    return Instructions(*call(cortex, "instructions", module.name, module.way, _packed(X), X.shape[1], REPEAT))


def _least_heap_py(cortex: Target, module: Module) -> int | None:
    """Of the .py, which the board has to compile; None where that takes more than its heap."""
    path = f"{FOLDER}/{module.name}.py"  # imported before a .mpy of this name
    cortex.put(path, module.py)
    cortex.soft_reset()
    fits = call(cortex, "fits", module.name, LARGEST_HEAP)
    need = least_heap(cortex, module.name, 2 * len(module.py)) if fits else None
    cortex.remove(path)
    return need


def agreement_of(artifact: Artifact, module: Module, target: Target) -> Agreement:
    evidence = artifact.evidence
    assert evidence is not None
    # pixels travel as bytes: sending rows takes longest of all
    kind = "B" if np.array_equal(evidence.X, evidence.X.clip(0, 255).round()) else "f"
    target.soft_reset()
    answers: list = []
    step = max(1, BATCH_BYTES // (4 * artifact.n_features))
    for start in range(0, len(evidence), step):
        X = evidence.X[start : start + step]
        packed = _packed(X) if kind == "f" else _base64(X.astype(np.uint8))
        result = call(target, "labels", module.name, module.way, kind, packed, X.shape[1], artifact.classes is None)
        if artifact.classes is None:
            answers += list(np.frombuffer(result, "<f4"))
        else:
            answers += result if module.way == "predict" else [artifact.classes[place] for place in result]
    found = compare(artifact.classes, evidence, answers)
    scale = float(np.abs(evidence.expected).max())
    return Agreement(
        found.n_rows, found.n_equal, found.n_explained, None if found.largest_error is None else found.largest_error / scale
    )


def _packed(X: np.ndarray) -> bytes:
    return _base64(X.astype("<f4"))


def _base64(numbers: np.ndarray) -> bytes:
    return binascii.b2a_base64(numbers.tobytes(), newline=False)


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
