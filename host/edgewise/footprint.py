"""Heap that a module takes on a board with 32-bit words, predicted from its source and its .mpy, without a board.

Blocks of the heap are 16 bytes (py/gc.c). The constants below were fitted to modules measured on an emulated Pico with
MicroPython 1.25.0: the heap held is at most 15 % off for the models of the benchmark; docs/benchmarks.md
shows prediction and measurement side by side.
"""

import ast
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from edgewise.backends.packed_machine import GridMachine
from edgewise.fixed import BoardFixed
from edgewise.machines import BoardMachine
from edgewise.network import BoardNetwork, FloatNetwork
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees

BLOCK = 16
MODULE_BYTES = -480  # less than nothing: the .mpy spells out names that the firmware knows already
GLOBAL_BYTES, FUNCTION_BYTES = 18.5, 98  # of a name in the module and its place in the dictionary; of a function, beside its code
VIEW_BYTES = 32  # a uctypes.struct and its descriptor
STRING_BYTES = 8  # of the table of interned strings, beside the text
POOLED_BYTES = 20  # a float and its place in a tuple
COMPILED_BYTES = -830  # less than of bytecode: constants are folded, and what only the import needs is freed
IMPORT_SHARE, IMPORT_BYTES = 0.05, 1700  # what reading a .mpy needs for a while: 900 to 2100, nearly whatever its size
VARIANT_BYTES = 160  # by which code, golden rows and blocks of a smaller model may be larger
SPREAD = 1.05  # trees that draw their features, fitted again, and values in other steps come out a little different
COMPILE_BYTES, SYNTAX_NODE_BYTES = 5000, 12  # what compiling a .py needs for a while: the parser, and its tree


@dataclass(frozen=True)
class Footprint:
    """Bytes. heap_held: after the import. heap_import: free heap that the import needs, that included."""

    heap_held_bytes: int
    heap_import_mpy_bytes: int
    heap_import_py_bytes: int
    mpy_bytes: int
    py_bytes: int


def footprint(source: str, mpy: bytes, compiled: str = "", compiled_mpy: bytes = b"", makes: object = ()) -> Footprint:
    """compiled, compiled_mpy: the same with machine code, where that is what a board gets for its .mpy. makes: objects that the
    import makes beside constants."""
    tree = ast.parse(source)
    nodes = sum(isinstance(node, (ast.expr, ast.stmt)) for node in ast.walk(tree))
    largest = max((len(n.value) for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, bytes)), default=0)
    compile_bytes = COMPILE_BYTES + SYNTAX_NODE_BYTES * nodes + largest  # the lexer holds a literal a second time
    made = _objects(makes, set())
    held_py = _held(tree, mpy) + made + sum(4 * int(n) for n in re.findall(r"^_N_VALUES = (\d+)", source, re.MULTILINE))
    if not compiled:
        return _of_held(held_py, len(mpy), len(source.encode()), compile_bytes)
    held = _held(ast.parse(compiled), compiled_mpy) + COMPILED_BYTES + _buffers(compiled) + made
    return _of_held(held, len(compiled_mpy), len(source.encode()), compile_bytes + held_py - held)


def _buffers(compiled: str) -> int:
    """Bytes of the row and of the work area of a kernel."""
    return 4 * sum(int(n) for n in re.findall(r"^(?:_N_INPUTS|_N_WORK|_N_VALUES) = (?:const\()?(\d+)", compiled, re.MULTILINE))


def _held(tree: ast.Module, mpy: bytes) -> float:
    literal_bytes, held = _constants(tree)
    classes = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    n_functions = sum(isinstance(node, ast.FunctionDef) for body in (tree.body, *classes) for node in body)
    n_globals = sum(isinstance(node, ast.Assign) for node in tree.body)
    return held + MODULE_BYTES + GLOBAL_BYTES * n_globals + FUNCTION_BYTES * n_functions + len(mpy) - literal_bytes


def _objects(value: Any, seen: set[int]) -> int:
    """Bytes of an object of the runtime and of what it holds, on a board."""
    if value is None or isinstance(value, int) or id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, array):
        return BLOCK + _blocks(len(value) * value.itemsize)
    if isinstance(value, bytes | str):
        return BLOCK + _blocks(len(value) + 1)
    if isinstance(value, tuple | list):
        return _blocks(8 + 4 * len(value)) + sum(_objects(item, seen) for item in value)
    if isinstance(value, float):
        return BLOCK
    return BLOCK + _blocks(8 * len(vars(value))) + sum(_objects(item, seen) for item in vars(value).values())


def _of_held(held: float, mpy_bytes: float, py_bytes: float, compile_bytes: float) -> Footprint:
    import_mpy = held * (1 + IMPORT_SHARE) + IMPORT_BYTES
    return Footprint(*map(int, (held, import_mpy, held + compile_bytes, mpy_bytes, py_bytes)))


def _constants(tree: ast.Module) -> tuple[int, float]:
    """(bytes of literals in the .mpy, bytes that they and the objects made of them hold)."""
    literal, held = 0, 0.0
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            literal += len(node.value)
            held += BLOCK + _blocks(len(node.value) + 1)
    for statement in tree.body:
        if not isinstance(statement, ast.Assign):
            continue
        value = statement.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "_view":
            held += VIEW_BYTES
        if isinstance(value, ast.Tuple):
            texts = [e.value for e in value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
            size = sum(len(text.encode()) for text in texts)
            literal += size
            held += _blocks(8 + 4 * len(value.elts)) + size + STRING_BYTES * len(texts)
        if getattr(statement.targets[0], "id", "") == "_POOL":
            held += POOLED_BYTES * (len(ast.literal_eval(value)) // 4)
    return literal, held


SHARES = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02)  # of trees, leaves, features or rows to try


def _blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def variants(
    model: BoardModel, whole: Footprint, source: str, max_leaf_nodes: int | None = None, packing: str = ""
) -> tuple[tuple[str, Footprint], ...]:
    """(change, footprint) of smaller models of the same kind; sizes are upper bounds, so that what they promise holds.

    whole, source: of tables, not of nested ifs. max_leaf_nodes: what the trees were grown with, best split first. packing: of
    trees for a kernel (see packed_trees).
    """
    sizes = VARIANTS[type(model.core)](model.core, len(model.classes or ()), max_leaf_nodes, packing)
    full = max((size for _, size in sizes), default=0)
    literal, _ = _constants(ast.parse(source))
    fixed = max(whole.heap_held_bytes - literal, 0) + VARIANT_BYTES  # code, names and the objects around the tables
    code = max(whole.mpy_bytes - literal, 0) + (VARIANT_BYTES if packing else 0)  # another packing has another kernel
    compile_bytes = whole.heap_import_py_bytes - whole.heap_held_bytes
    return tuple(
        (change, _of_held(fixed + size, code + size, whole.py_bytes * size / max(full, 1), compile_bytes))
        for change, size in sizes
        if fixed + size < whole.heap_held_bytes
    )


def _trees(core: BoardTrees, _: int, max_leaf_nodes: int | None, packing: str) -> list[tuple[str, int]]:
    """The first trees alone, or all cut at every depth or grown to fewer leaves: bytes of the tables."""
    n_trees, n_nodes, n_classes = len(core.roots), len(core.feature), core.n_counted
    entry_bytes = 3 if core.full else 5  # a class and its votes
    pool = len(np.unique(core.threshold))
    node_bytes = (1 if core.feature.max(initial=0) < 2**8 else 2) + 2 * (2 if n_nodes + len(core.votes) < 2**16 else 4)
    leaf_bytes = 2 + entry_bytes * min(n_classes, 8) if n_classes else 4  # more classes than that meet in few leaves

    def bytes_of(nodes: float, leaves: float) -> int:
        if packing:  # a word, or two, a node; a pair of leaves for at most half of the nodes
            return int(((8 if packing == "wide" else 4) + 2) * nodes + (4 * pool if packing == "pool" else 0) + leaves)
        thresholds = min(4 * nodes, (POOLED_BYTES + 4) * pool + (1 if pool < 2**8 else 2) * nodes)  # direct, or of a pool
        return int(node_bytes * nodes + thresholds + leaves)

    sizes = []
    starts = np.sort(core.roots[core.roots >= 0])
    for keep in sorted({max(1, int(n_trees * share)) for share in SHARES} - {n_trees}):
        n = int(starts[keep]) if keep < len(starts) else n_nodes
        references = np.concatenate([core.left[:n], core.right[:n], core.roots])
        leaves = np.unique(core.votes[~references[references < 0]], axis=0)
        if core.full:
            leaves = leaves[leaves.max(axis=1) < core.full]  # a pure leaf takes nothing
        stored = 2 * len(leaves) + entry_bytes * int((leaves > 0).sum()) if n_classes else 4 * len(leaves)
        change = f"{keep} of its {n_trees} trees" if core.combine == "sum" else f"n_estimators={keep}"
        sizes.append((change, bytes_of(n, stored * SPREAD)))
    if max_leaf_nodes:  # a cut at some depth would grow elsewhere
        counts = sorted({int(max_leaf_nodes * share) for share in SHARES} - {0, 1})
        return sizes + [(f"max_leaf_nodes={n}", bytes_of(n_trees * (n - 1), n_trees * n * leaf_bytes)) for n in counts]
    depth = _depths(core)
    for limit in range(1, int(depth.max(initial=0)) + 1):
        grown = int((depth < limit).sum()) * SPREAD
        sizes.append((f"max_depth={limit}", bytes_of(grown, (grown + n_trees) * leaf_bytes)))
    return sizes


def _depths(core: BoardTrees) -> np.ndarray:
    """Depth of each node, 0 for roots."""
    depth = np.zeros(len(core.feature), dtype=np.int64)
    level = core.roots[core.roots >= 0]
    current = 0
    while len(level):
        depth[level] = current
        children = np.concatenate([core.left[level], core.right[level]])
        level, current = children[children >= 0], current + 1
    return depth


def _linear(core: BoardLinear | BoardFixed, n_classes: int, *_: object) -> list[tuple[str, int]]:
    n_scores, n_features = core.coef.shape
    own = 3 if isinstance(core, BoardFixed) else 1  # words of a feature beside its coefficients
    kept = sorted({int(n_features * share) for share in SHARES} - {0})
    return [(f"dropping features until {n} are left", 4 * (n_scores + own) * n) for n in kept]


NUMBER_BYTES = {"": 4, "bytes": 1, "halves": 2, "rounded": 5}  # of a prototype, by packing; rounded ones beside their float32


def _neighbors(core: BoardNeighbors, n_classes: int, _: object, packing: str) -> list[tuple[str, int]]:
    n, n_features = core.prototypes.shape
    each = NUMBER_BYTES[packing] * n_features + (12 if packing else 4)
    kept = sorted({int(n * share) for share in SHARES} - set(range(core.k)))
    return [(f"fitting on {count} training rows (train --train-rows {count})", each * count) for count in kept]


def _machine(core: BoardMachine, *_: object) -> list[tuple[str, int]]:
    """No more vectors than training rows."""
    n, n_inputs = core.vectors.shape
    each = 4 * (n_inputs + 1 + max(len(places) for _, places in core.groups))
    kept = sorted({int(n * share) for share in SHARES} - {0, 1})
    return [(f"fitting on {count} training rows (train --train-rows {count})", each * count) for count in kept]


def _network(core: FloatNetwork | BoardNetwork, *_: object) -> list[tuple[str, int]]:
    """Smaller hidden layers; of a network without any there are no smaller ones."""
    sizes = core.sizes
    each, own = (core.bits // 8, 8) if isinstance(core, BoardNetwork) else (4, 4)
    found = []
    for share in SHARES:
        smaller = [sizes[0], *(max(1, int(size * share)) for size in sizes[1:-1]), sizes[-1]]
        numbers = sum(each * (n_in + 3) * n_out + own * n_out for n_in, n_out in pairwise(smaller))
        hidden = ", ".join(map(str, smaller[1:-1]))
        found.append((f"hidden_layer_sizes=({hidden}{',' * (len(smaller) == 3)})", numbers + 5 * sizes[0] + 10 * len(sizes)))
    return list(dict(found).items()) if len(sizes) > 2 else []


def _grid_machine(core: GridMachine, _: int, __: object, packing: str) -> list[tuple[str, int]]:
    n_inputs, groups = core.grid.step.shape[1], core.machine.groups
    each = NUMBER_BYTES[packing] * n_inputs + 4 + 2 * max(len(places) for _, places in groups)
    kept = sorted({int(core.n_vectors * share) for share in SHARES} - {0, 1})
    filled = 3 * len(groups)  # groups are filled up to fours
    return [(f"fitting on {count} training rows (train --train-rows {count})", each * (count + filled)) for count in kept]


VARIANTS: dict[type, Callable[[Any, int, int | None, str], list[tuple[str, int]]]] = {
    BoardTrees: _trees,
    BoardLinear: _linear,
    BoardFixed: _linear,
    BoardNeighbors: _neighbors,
    BoardMachine: _machine,
    GridMachine: _grid_machine,
    FloatNetwork: _network,
    BoardNetwork: _network,
}
