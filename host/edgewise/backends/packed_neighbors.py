"""Nearest neighbors for the kernels: prototypes as small whole numbers on a grid, on which distances are integers.

The kernel puts a row on the same grid and ranks the prototypes by |p|^2 - 2 p.x, which orders them like |x - p|^2 (where x is 0,
as pixels often are, a feature costs nothing). Where the prototypes and the row lie on the grid exactly, the k nearest are known.
Elsewhere the grid's distances are wrong by no more than a margin that is proved here and in kernels/neighbors_found_native.py, so
that all but a few prototypes are ruled out, and plain code takes the distances to those in float32, as the table back end does.

Words of the tables: HEADER, then two a feature (see Axes), |p|^2 of each prototype, and the grid: of four prototypes at a time
their first number, their second ...; prototypes that fill up the last four are farther away than any.
docs/architecture.md draws it.
"""

from dataclasses import dataclass

import numpy as np

from edgewise.backends.module import Emission
from edgewise.backends.packing import code_for, pack, pack_floats
from edgewise.errors import UnsupportedModelError
from edgewise.float32 import UNIT
from edgewise.passes import BoardModel, BoardNeighbors

TOGETHER = 4  # prototypes whose distances are summed at the same time
HEADER = 3  # words: byte offsets of the squares and of the grid, and the bytes of four prototypes
FAR = 1 << 30  # squared distances on the grid are below this
BYTE, SHORT = 255, 65535
LARGEST_REACH = 1 << 17
HALF = 1 << 15
FRACTION_BITS = 8  # of a row's place on the grid, while it is rounded
PRODUCT_BITS = 31
MOST_FACTOR_BITS = 15
MOST_MARGIN = 1 << 15  # in units of 2^-8
LARGEST_SCALE = 40  # bits: grid steps from 2^-40 to 2^40, whose squares and their sums are normal float32
SPARE_CANDIDATES = 32  # beyond k
WORK = 8  # words before the row's: bound, words of the row (thumb), how many candidates, |row|^2, four sums
MOST_COUNTED_CLASSES = 255
ROUND_SCALES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)  # grids of readings that were rounded to decimals
ON_A_ROUND_GRID, LEAST_ROUND_STEPS = 0.01, 8  # a prototype this near to a step costs the filter little


@dataclass(frozen=True)
class Grid:
    """scale: steps a unit of (row - center) * factor. origin: of each feature, in that unit. step: (n_prototypes, n_features),
    whole numbers from 0 to `most`. lossless: step / scale + origin is the prototype, and rows are not moved."""

    scale: float
    origin: np.ndarray
    step: np.ndarray
    most: int
    lossless: bool


@dataclass(frozen=True)
class Axes:
    """How a raw number x becomes 2^-8 of steps: ((int(x * 2**exponent) - zero) * multiplier) >> shift, where the difference has
    to fit `bits` and a sign.

    words: zero, and bits << 24 | (exponent + 128) << 16 | multiplier. error: of each feature, steps. reach: steps, beyond which
    no row is taken. paired: no sum of a prototype's steps times a row's exceeds 15 bits and a sign.
    """

    words: np.ndarray
    shift: int
    error: np.ndarray
    reach: int
    paired: bool


@dataclass(frozen=True)
class PackedNeighbors:
    """data: the tables; the grid begins at byte grid_at. margin: twice the largest error of a distance but for the row's own
    rounding, in 2^-8 of a step, rounded up."""

    data: bytes
    grid_at: int
    grid: Grid
    axes: Axes
    margin: int


def emit(model: BoardModel, core: BoardNeighbors, kernel: str) -> Emission:
    """kernel: "thumb" or "viper". Raises UnsupportedModelError."""
    if core.metric != "euclidean":
        raise UnsupportedModelError(f"the {kernel} back end has no kernel for {core.metric} distances; use --backend table")
    packed = pack_neighbors(core)
    n_classes = len(model.classes or ())
    listed = min(len(core.prototypes), core.k + SPARE_CANDIDATES)
    nearest = WORK + 2 * model.n_inputs + 3  # after the row and its end two words that are smaller than any distance
    moved = _is_moved(core)
    constants: dict[str, object] = {
        "_DATA": packed.data,
        "_NEAREST": nearest,
        "_LISTED": nearest + 2 * core.k,
        "_N_WORK": nearest + 2 * core.k + listed + n_classes,
        "_MOST_LISTED": listed,
        "_K": core.k,
        "_N_PROTOTYPES": len(core.prototypes),
        "_SHIFT": packed.axes.shift,
        "_MARGIN": packed.margin,
        "_LOSSLESS": packed.grid.lossless,
        "_WIDE": packed.grid.most > BYTE,
        "_PAIRED": packed.axes.paired,
        "_MOVED": moved,
        "_CENTER": pack_floats(core.center) if moved else b"",
        "_FACTOR": pack_floats(core.factor) if moved else b"",
    }
    if kernel == "viper":
        constants["_N_FEATURES"] = model.n_inputs
    if packed.grid.lossless:
        distance = "distance_grid"
        constants |= {"_STEP": pack_floats([1 / packed.grid.scale]), "_ORIGIN": pack_floats(packed.grid.origin)}
        constants["_GRID"] = packed.grid_at
    else:
        distance = "distance_euclidean"
        constants["_PROTOTYPES"] = pack_floats(core.prototypes)
    if core.weights == "distance":
        constants["_SQUARED"] = True
    if model.classes is None:
        constants["_TARGET"] = pack_floats(core.target)
    else:
        code = code_for(core.target)
        constants |= {"CLASSES": model.classes, "_TARGET_CODE": code, "_TARGET": pack(code, core.target)}
    kind = "regressor" if model.classes is None else "classifier"
    answer: tuple[str, ...] = ()
    if model.classes is not None and core.weights == "uniform" and n_classes <= MOST_COUNTED_CLASSES:
        answer = ("neighbors_votes_native",)
        constants |= {"_N_CLASSES": n_classes, "_N_NEAREST": core.k, "_VOTES": nearest + 2 * core.k + listed}
    kernels = ("common", "rows", "packed_data", distance, "neighbors_candidates", f"weights_{core.weights}", f"neighbors_{kind}")
    own = (f"neighbors_grid_{kernel}", f"neighbors_{kernel}", "neighbors_found_native")
    compiled = (f"rows_{kernel}", "rows_native", *own, *answer, f"backend_{kernel}")
    packing = "rounded" if not packed.grid.lossless else "halves" if packed.grid.most > BYTE else "bytes"
    return Emission(kernels, constants, compiled=compiled, plain=("neighbors_packed",), packing=packing)


def pack_neighbors(core: BoardNeighbors) -> PackedNeighbors:
    """Raises UnsupportedModelError where no grid fits."""
    n = core.prototypes.shape[1]
    most = BYTE
    while not _reach(most, n, LARGEST_REACH):
        most //= 2
    grid = _lossless(core) or _round(core, most) or _rounded(core, most)
    axes = _axes(core, grid)
    at = grid.origin + grid.step / grid.scale
    off_grid = np.sqrt((((core.prototypes.astype(np.float64) - at) * grid.scale) ** 2).sum(axis=1)).max()
    # float32 distances, of this board or another: n differences, squares and sums
    farthest = np.sqrt(n) * (axes.reach + grid.most)
    summed = (n + 4) * UNIT * farthest
    margin = int(np.ceil(1.01 * 2 * (off_grid + np.sqrt((axes.error**2).sum()) + summed) * 2**FRACTION_BITS))
    if margin + np.sqrt(n) * 2**FRACTION_BITS + 2 >= MOST_MARGIN:  # with the rounding of a row
        raise UnsupportedModelError(f"{n} features are more than a kernel for neighbors takes; use --backend table")
    step = _padded(grid.step)
    squares = (grid.step.astype(np.int64) ** 2).sum(axis=1)
    squares = np.concatenate([squares, np.full(len(step) - len(squares), FAR)])
    in_fours = step.reshape(-1, TOGETHER, n).transpose(0, 2, 1)
    first = 4 * HEADER + axes.words.nbytes
    grid_at = first + 4 * len(squares)
    head = np.array([first, grid_at, TOGETHER * n * step.itemsize], "<u4")
    data = head.tobytes() + axes.words.tobytes() + squares.astype("<u4").tobytes() + in_fours.tobytes()
    return PackedNeighbors(data, grid_at, grid, axes, margin)


def _padded(step: np.ndarray) -> np.ndarray:
    return np.concatenate([step, np.zeros((-len(step) % TOGETHER, step.shape[1]), step.dtype)])


def _is_moved(core: BoardNeighbors) -> bool:
    return bool(core.center.any() or (core.factor != 1).any())


def _reach(most: int, n: int, enough: int) -> int:
    """A power of two beyond the grid, no more than enough, from which every squared distance to it is below FAR; 0 if none is."""
    reach = 1 << enough.bit_length() - 1
    while reach > most and n * (reach + most) ** 2 >= FAR:
        reach //= 2
    return reach if reach > most else 0


def _grid(core: BoardNeighbors, scale: float, lossless: bool) -> Grid:
    prototypes = core.prototypes.astype(np.float64)
    origin = prototypes.min(axis=0)
    step = np.rint((prototypes - origin) * scale).astype(np.int64)
    most = int(step.max())
    return Grid(scale, origin, step.astype("<u1" if most <= BYTE else "<u2"), most, lossless)


def _lossless(core: BoardNeighbors) -> Grid | None:
    """A grid of powers of two that holds every prototype, if one fits: of whole numbers where it can be, as rows may be finer."""
    if _is_moved(core):
        return None
    prototypes = core.prototypes.astype(np.float64)
    finest = next((bits for bits in range(LARGEST_SCALE + 1) if _is_whole(np.ldexp(prototypes, bits))), None)
    if finest is None:
        return None
    for bits in (finest, *range(-1, -LARGEST_SCALE - 1, -1)) if finest == 0 else (finest,):
        on_grid = np.ldexp(prototypes, bits)
        if not _is_whole(on_grid):
            return None
        most = max(1, int(np.ptp(on_grid, axis=0).max()))
        if most <= SHORT and _reach(most, prototypes.shape[1], LARGEST_REACH):
            return _grid(core, 2.0**bits, True)
    return None


def _is_whole(values: np.ndarray) -> bool:
    return bool((values == np.rint(values)).all())


def _round(core: BoardNeighbors, most: int) -> Grid | None:
    """A grid of whole numbers or decimals, if every prototype is all but on it."""
    if (core.factor != 1).any():
        return None
    prototypes = core.prototypes.astype(np.float64)
    above = prototypes - prototypes.min(axis=0)
    for scale in ROUND_SCALES:
        steps = above * scale
        if LEAST_ROUND_STEPS <= steps.max() <= most and np.abs(steps - np.rint(steps)).max() < ON_A_ROUND_GRID:
            return _grid(core, scale, False)
    return None


def _rounded(core: BoardNeighbors, most: int) -> Grid:
    extent = float(np.ptp(core.prototypes.astype(np.float64), axis=0).max())
    scale = most / extent if extent else 1.0
    if not 2.0**-LARGEST_SCALE < scale < 2.0**LARGEST_SCALE:
        raise UnsupportedModelError("the prototypes lie too far apart, or too near, for a kernel; use --backend table")
    return _grid(core, scale, False)


def _axes(core: BoardNeighbors, grid: Grid) -> Axes:
    """Raises UnsupportedModelError where a feature is too far from zero beside its spread."""
    # Farther than twice the grid away precision is lost, unless all is exact; and sums may no longer fit half a word.
    near = 2 << grid.most.bit_length()
    in_half = (HALF - 1) // max(1, int(grid.step.sum(axis=1, dtype=np.int64).max()))
    paired = near <= in_half
    enough = in_half if paired else LARGEST_REACH
    reach = _reach(grid.most, core.prototypes.shape[1], enough if grid.lossless else near)
    shift = PRODUCT_BITS - FRACTION_BITS - (reach.bit_length() - 1)
    words, errors = [], []
    columns = zip(core.center.tolist(), core.factor.tolist(), grid.origin.tolist(), strict=True)
    for feature, (center, factor, origin) in enumerate(columns):
        zero = center + origin / factor  # raw
        slope = factor * grid.scale  # steps a raw unit
        found = _axis(zero, slope, reach, shift)
        if found is None:
            raise UnsupportedModelError(
                f"feature {feature} lies too far from zero beside its spread for a kernel; use --backend table"
            )
        exponent, multiplier, zero_bits = found
        bits = PRODUCT_BITS - (multiplier - 1).bit_length()
        exact = slope * 2.0 ** (FRACTION_BITS + shift - exponent)
        off_zero = abs(zero_bits - float(np.ldexp(zero, exponent)))
        cut = (1 + off_zero) * multiplier + abs(multiplier - exact) * 2.0**bits
        moved = 0 if grid.lossless else (reach + abs(origin) * grid.scale) * 4 * UNIT  # in float32, by a difference and a product
        errors.append((cut / 2**shift + 1) / 2**FRACTION_BITS + moved)
        words.append([zero_bits & 0xFFFFFFFF, bits << 24 | exponent + 128 << 16 | multiplier])
    return Axes(np.array(words, "<u4"), shift, np.array(errors), reach, paired)


def _axis(zero: float, slope: float, reach: int, shift: int) -> tuple[int, int, int] | None:
    """(exponent, multiplier, zero): the smallest multiplier that is as right as one of 15 bits and leaves every row room."""
    exponent = int(np.frexp(slope)[1]) + FRACTION_BITS + shift - MOST_FACTOR_BITS
    multiplier = round(slope * 2.0 ** (FRACTION_BITS + shift - exponent))
    farthest = abs(zero) + reach / slope
    if multiplier >> MOST_FACTOR_BITS:  # rounded up to a power of two
        multiplier, exponent = multiplier // 2, exponent + 1
    while multiplier % 2 == 0 and farthest * 2.0 ** (exponent + 1) < FAR:
        multiplier, exponent = multiplier // 2, exponent + 1
    if farthest * 2.0**exponent >= FAR or not -128 <= exponent < 128:
        return None
    return exponent, multiplier, round(float(np.ldexp(zero, exponent)))
