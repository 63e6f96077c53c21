"""Kernel machines of distances for the kernels: vectors on a grid, as of nearest neighbors, and all after that in whole numbers.

A row is put on the grid of the vectors (see packed_neighbors), where squared distances d are whole numbers, and then

    e = ((d >> drop) * multiplier) >> shift            gamma |r - v|^2 / log(2), in units of 2^-16
    b = TABLE at the upper bits of e's fraction, interpolated            65535 * 2^-fraction
    sum of the score += (coefficient * b) >> (whole part of e + down)

so that every board has the same sums, to the bit. A vector at `limit` or beyond adds nothing. A row that the grid does not hold
is computed in floats, from the same tables.

Words of the tables: as in packed_neighbors the header and the axes, then |v|^2 of each vector and the intercepts; then the grid;
then, in half words, the coefficients, vector by vector, the TABLE, and of each group how many fours of vectors, how many scores,
and the bytes of the work area before the sum of each. A group is filled up to whole fours with vectors too far away to count.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from edgewise.backends.module import Emission
from edgewise.backends.packed_neighbors import (
    BYTE,
    FAR,
    FRACTION_BITS,
    HEADER,
    SHORT,
    TOGETHER,
    WORK,
    Axes,
    Grid,
    _axes,
    _lossless,
    _reach,
    _rounded,
)
from edgewise.backends.packing import pack_floats
from edgewise.backends.table import answer_constants, answer_kernels
from edgewise.decisions import CLASSES
from edgewise.errors import UnsupportedModelError
from edgewise.float32 import TINY, UNIT
from edgewise.machines import KERNELS_AT_ONCE, BoardMachine, errors
from edgewise.machines import scores as float_scores
from edgewise.network import MAX_CHANGED, WIDTHS
from edgewise.passes import BoardModel
from edgewise.rounding import Bounded

INDEX_BITS, REST_BITS = 6, 10  # of the fraction of e: place in the table, and between two of them
FULL = 65535
TABLE = np.rint(FULL * 2.0 ** -(np.arange(2**INDEX_BITS + 1) / 2**INDEX_BITS)).astype(np.int64)
MOST_DUAL = 32767
MOST_SUM = 2**30 - 1  # a small int
MOST_HALVINGS = 22  # kernels below 2^-22 are nothing
MOST_SHIFT = 31
BETWEEN = 0.125  # of the way from a training row to another


@dataclass(frozen=True)
class GridMachine:
    """machine: what the whole numbers stand for, in floats, in the order of the grid. grid: of the vectors, a multiple of 4 a
    group. square: their |v|^2 in steps, and half of what `drop` cuts off. dual: of each group whole numbers (vectors, scores). A
    score is unit * (sum + intercept).
    changed: what the whole numbers change of the answers, in words."""

    machine: BoardMachine
    grid: Grid
    axes: Axes
    square: np.ndarray
    dual: tuple[np.ndarray, ...]
    intercept: np.ndarray
    limit: int
    drop: int
    multiplier: int
    shift: int
    down: int
    dual_unit: float
    unit: float
    changed: str = ""

    @property
    def n_vectors(self) -> int:
        """Those that count."""
        return int((self.square < FAR).sum())

    def on_grid(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(steps, int64 (n_rows, n_inputs), which rows the grid holds) of float32 rows, as the kernels find them.

        A lossless grid holds rows that are on it, as all of whole numbers are.
        """
        zero, field = self.axes.words[:, 0].astype("<i4").astype(np.int64), self.axes.words[:, 1].astype(np.int64)
        exact = X.astype(np.float64) * 2.0 ** ((field >> 16 & 0xFF) - 128)
        near = np.abs(exact) < FAR
        moved = np.trunc(np.where(near, exact, 0)).astype(np.int64) - zero
        span = np.left_shift(1, field >> 24)
        near &= (moved >= -span) & (moved < span)
        product = np.where(near, moved, 0) * (field & 0xFFFF)
        steps = (product >> self.axes.shift) + (1 << FRACTION_BITS - 1) >> FRACTION_BITS
        if self.grid.lossless:
            near &= (np.trunc(exact) == exact) & (product == steps << self.axes.shift + FRACTION_BITS)
        return steps, np.asarray(near.all(axis=1))

    def sums(self, steps: np.ndarray) -> np.ndarray:
        """int64 (n_rows, n_scores) of rows on the grid."""
        product = (steps.astype(np.float64) @ self.grid.step.T.astype(np.float64)).astype(np.int64)  # exact: below 2^53
        d = self.square + (steps**2).sum(axis=1, keepdims=True) - 2 * product
        e = (np.minimum(d, self.limit) >> self.drop) * self.multiplier >> self.shift
        at, rest = e >> REST_BITS & 2**INDEX_BITS - 1, e & 2**REST_BITS - 1
        b = np.where(d < self.limit, TABLE[at] - ((TABLE[at] - TABLE[at + 1]) * rest >> REST_BITS), 0)
        halvings = (e >> INDEX_BITS + REST_BITS) + self.down
        total, start = np.repeat(self.intercept[None, :], len(steps), axis=0), 0
        for dual, (length, places) in zip(self.dual, self.machine.groups, strict=True):
            own = slice(start, start + length)
            for column, place in zip(dual.T, places, strict=True):
                total[:, place] += (column * b[:, own] >> halvings[:, own]).sum(axis=1)
            start += length
        return total

    def in_floats(self) -> BoardMachine:
        """With what is not known of its vectors: they are a step times a number, and a sum."""
        vectors = self.machine.vectors
        error = 3 * UNIT * (np.abs(vectors) + np.abs(self.grid.origin) + np.abs(vectors - self.grid.origin)) + TINY
        return replace(self.machine, vectors=Bounded(vectors, error))  # type: ignore[arg-type]


def scores(core: GridMachine, X: np.ndarray) -> np.ndarray:
    """A board's, as float64 (n_rows, n_scores). X: float32 (n_rows, n_inputs)."""
    return np.concatenate([_scores(core, part) for part in _parts(core, X)])


def _scores(core: GridMachine, X: np.ndarray) -> np.ndarray:
    steps, inside = core.on_grid(X)
    found = core.sums(np.where(inside[:, None], steps, 0)).astype(np.float32) * np.float32(core.unit)
    return np.where(inside[:, None], found.astype(np.float64), float_scores(core.machine, X))


def own_errors(core: GridMachine, X: np.ndarray) -> np.ndarray:
    """How far a board may be from `scores`, (n_rows, n_scores): by the last product, or of rows beyond the grid by floats."""
    error = 4 * UNIT * np.abs(scores(core, X))
    beyond = ~core.on_grid(X)[1]
    if beyond.any():
        error[beyond] = errors(core.in_floats(), Bounded(X[beyond])) + 2 * UNIT * np.abs(core.machine.intercept)
    return error


def _parts(core: GridMachine, rows: np.ndarray) -> Iterator[np.ndarray]:
    step = KERNELS_AT_ONCE // len(core.square) + 1
    return (rows[start : start + step] for start in range(0, len(rows) or 1, step))


def fix(model: BoardModel, core: BoardMachine, bits: int | None = None, max_changed: float = MAX_CHANGED) -> GridMachine:
    """On the coarsest grid that changes few answers: of 8 bits a number, else of up to 16, or of `bits`.

    max_changed: share of the training rows whose class may change, and of the scores' spread their error. Raises
    UnsupportedModelError where none does.
    """
    if core.kind != "rbf":
        raise UnsupportedModelError(f"there is no kernel for {model.description}; use --backend table")
    if model.stages:
        raise UnsupportedModelError(
            "behind stages a kernel machine is computed in floats: leave bits out, or use --backend table"
        )
    padded, n_inputs = _padded(core), core.vectors.shape[1]
    widths = dict(zip(WIDTHS, (min(BYTE, _finest(n_inputs)), _finest(n_inputs)), strict=True))
    most = [widths[width] for width in WIDTHS if bits in (None, width)]
    changed, what = 1.0, "classes" if model.decision in ("largest", "pairs") else "scores' spread"
    for grid in filter(None, (_lossless(padded), *(_rounded(padded, m) for m in most))):  # type: ignore[arg-type]
        found = _on(grid, padded)
        if found is not None:
            changed = min(changed, _changed(model, core, found))
            if changed <= max_changed:
                where = f"in {len(core.rows)} training rows" + " and others between them" * (not grid.lossless)
                return replace(found, changed=f"{100 * changed:.2g} % of the {what} changed by that {where}")
    wider = "more bits or " if bits == WIDTHS[0] else ""
    share = f"{100 * changed:.2g} % of the {what} would change, more than {100 * max_changed:g} %"
    raise UnsupportedModelError(f"in whole numbers {share}; use {wider}--backend table")


def _finest(n_inputs: int) -> int:
    """The largest power of two, less one, of steps, of which rows twice as far away are still below FAR."""
    bits = int(np.log2(np.sqrt(FAR / n_inputs) / 3))
    return min(SHORT, 2**bits - 1)


class _Vectors:
    """As BoardNeighbors, for the functions that make a grid."""

    def __init__(self, core: BoardMachine):
        self.center, self.factor, self.prototypes = core.center, core.factor, core.vectors
        self.machine = core


def _padded(core: BoardMachine) -> _Vectors:
    """Every group filled up to fours with copies of its last vector, without coefficients."""
    index, own, groups, start = [], [], [], 0
    for length, places in core.groups:
        more = -length % TOGETHER
        index += [*range(start, start + length), *[start + length - 1] * more]
        own += [True] * length + [False] * more
        groups.append((length + more, places))
        start += length
    dual = np.where(own, core.dual[:, index], 0)
    return _Vectors(replace(core, vectors=core.vectors[index], offset=core.offset[index], dual=dual, groups=tuple(groups)))


def _on(grid: Grid, vectors: _Vectors) -> GridMachine | None:
    """None where its numbers do not fit."""
    core = vectors.machine
    n = core.vectors.shape[1]
    if not _reach(grid.most, n, 2 << grid.most.bit_length()):
        return None
    axes = _axes(vectors, grid)  # type: ignore[arg-type]
    slope = core.gamma / np.log(2) / grid.scale**2  # of e, a squared step
    dual_unit = float(np.abs(core.dual).max()) / MOST_DUAL
    whole = np.rint(core.dual / dual_unit).astype(np.int64)
    most = int((np.abs(whole).sum(axis=1) * FULL + np.abs(core.intercept) / dual_unit * FULL).max()) + core.dual.shape[1]
    down = max(0, (most // MOST_SUM).bit_length())
    halvings = min(MOST_HALVINGS, MOST_SHIFT - down)
    limit = min(FAR - 1, int(halvings / slope) if slope * FAR > halvings else FAR)  # a small int of MicroPython
    if limit < 2 or halvings < 8:
        return None
    drop = max(0, limit.bit_length() - 16)
    shift = 30 - int(np.frexp(slope * 2.0 ** (drop + INDEX_BITS + REST_BITS) * (limit >> drop))[1])
    multiplier = round(slope * 2.0 ** (drop + INDEX_BITS + REST_BITS + shift)) if 0 < shift < 32 else 0
    if not 0 < multiplier < 2**30:
        return None
    unit = float(np.float32(dual_unit / FULL * 2.0**down))
    intercept = np.rint(core.intercept / unit).astype(np.int64)
    dequantized = replace(
        core, vectors=grid.step / grid.scale + grid.origin, dual=whole * unit * FULL / 2.0**down, intercept=intercept * unit
    )
    idle = np.asarray(~whole.any(axis=0))
    grid = replace(grid, step=np.where(idle[:, None], grid.step.dtype.type(0), grid.step))
    starts = np.cumsum([0] + [length for length, _ in core.groups])
    parts = [whole[list(places), start : start + length].T for start, (length, places) in zip(starts, core.groups, strict=False)]
    square = (grid.step.astype(np.int64) ** 2).sum(axis=1)
    square = np.where(idle, FAR, square + (1 << drop >> 1))
    return GridMachine(
        dequantized, grid, axes, square, tuple(parts), intercept, limit, drop, multiplier, shift, down, dual_unit, unit
    )


def _changed(model: BoardModel, core: BoardMachine, found: GridMachine) -> float:
    """Share of the training rows whose class changes, or error of the values as a share of their spread.

    A one-class machine is measured as values are: its threshold is the score of those training rows that it rests on.
    """
    rows = core.rows.astype(np.float32)
    if not found.grid.lossless:  # readings may be between those
        others = core.rows[np.random.default_rng(0).permutation(len(rows))]
        rows = np.concatenate([rows, (core.rows + (others - core.rows) * BETWEEN).astype(np.float32)])
    exact, own = float_scores(core, rows), scores(found, rows)
    if model.decision not in ("largest", "pairs"):
        spread = exact.std(axis=0)
        return float((np.sqrt(((own - exact) ** 2).mean(axis=0)) / np.where(spread > 0, spread, 1.0)).max())
    decide = CLASSES[model.decision].indices
    before, after = (decide(found, len(model.classes), model.threshold) for found in (exact, own))  # type: ignore[arg-type]
    return float((before != after).mean())


def _sums_at(n_inputs: int) -> int:
    """Words of the work area before the sums: the row, and its end."""
    return WORK + 2 * n_inputs + 1


def pack_machine(core: GridMachine) -> tuple[bytes, dict[str, int]]:
    """(tables, byte offsets of their parts)."""
    n = core.grid.step.shape[1]
    in_fours = core.grid.step.reshape(-1, TOGETHER, n).transpose(0, 2, 1)
    first = 4 * HEADER + core.axes.words.nbytes
    intercepts = first + 4 * len(core.square)
    grid_at = intercepts + 4 * len(core.intercept)
    duals = grid_at + in_fours.nbytes
    dual = np.concatenate([part.ravel() for part in core.dual]).astype("<i2")
    table = duals + dual.nbytes
    groups: list[int] = []
    for length, places in core.machine.groups:
        groups += [length // TOGETHER, len(places), *(4 * (_sums_at(n) + place) for place in places)]
    head = np.array([first, grid_at, TOGETHER * n * core.grid.step.itemsize], "<u4")
    words = (head, core.axes.words, core.square.astype("<u4"), core.intercept.astype("<i4"))
    halves = (dual, TABLE.astype("<u2"), np.array(groups, "<u2"))
    data = b"".join(part.tobytes() for part in (*words, in_fours, *halves))
    offsets = {"_INTERCEPTS": intercepts, "_GRID": grid_at, "_DUALS": duals, "_EXPONENTIALS": table}
    return data + bytes(-len(data) % 4), offsets | {"_GROUPS": table + 2 * len(TABLE)}


def emit(model: BoardModel, core: GridMachine, kernel: str) -> Emission:
    """kernel: "thumb" or "viper"."""
    data, places = pack_machine(core)
    n, n_scores = core.grid.step.shape[1], len(core.intercept)
    n_classes = len(model.classes or ()) if model.decision in ("largest", "pairs") else 0
    sums = _sums_at(n)
    moved = core.machine.is_moved
    constants: dict[str, object] = {
        **places,
        "_DATA": data,
        "_SUMS": sums,
        "_N_WORK": sums + n_scores + n_classes,
        "_N_SCORES": n_scores,
        "_N_GROUPS": len(core.machine.groups),
        "_SHIFT": core.axes.shift,
        "_LOSSLESS": core.grid.lossless,
        "_WIDE": core.grid.most > BYTE,
        "_PAIRED": core.axes.paired,
        "_LIMIT": core.limit,
        "_DROP": core.drop,
        "_MULTIPLIER": core.multiplier,
        "_SHIFT_E": core.shift,
        "_DOWN": core.down,
        "_STEP": pack_floats([1 / core.grid.scale]),
        "_ORIGIN": pack_floats(core.grid.origin),
        "_MOVED": moved,
        "_CENTER": pack_floats(core.machine.center) if moved else b"",
        "_FACTOR": pack_floats(core.machine.factor) if moved else b"",
        # slope and reach of the kernel, and the units of a coefficient and of a sum
        "_SHAPE": pack_floats([-core.machine.gamma, core.machine.far, core.unit * FULL / 2.0**core.down, core.unit]),
    }
    if kernel == "viper":
        constants["_N_FEATURES"] = n
    votes: tuple[str, ...] = ()
    if n_classes:
        votes = ("machine_votes_native",)
        constants |= {"_N_CLASSES": n_classes, "_VOTES": sums + n_scores}
    own = (f"neighbors_grid_{kernel}", f"machine_sums_{kernel}", "machine_native")
    compiled = (f"rows_{kernel}", "rows_native", *own, *votes, f"backend_{kernel}")
    kernels = ("common", "rows", "packed_data", "distance_grid", "machine_list", *answer_kernels(model))
    packing = "halves" if core.grid.most > BYTE else "bytes"
    return Emission(kernels, constants | answer_constants(model), compiled=compiled, plain=("machine_packed",), packing=packing)
