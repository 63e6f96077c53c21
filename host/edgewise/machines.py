"""Kernel machines as a board computes them in floats: one function for its arithmetic and for the bound on that."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, count

import numpy as np

from edgewise import float32
from edgewise.ir import KernelMachine
from edgewise.rounding import Bounded, tanh

KERNELS_AT_ONCE = 1_000_000  # float64 numbers of a matrix rows x vectors
KEPT_ROWS = 1000
NOTHING = 104.0  # exp(-104) is below half the smallest subnormal float32
DISTANCES = {"rbf": np.square, "laplacian": np.absolute}


@dataclass(frozen=True)
class BoardMachine:
    """scores = dual @ K + intercept, of the row's kernels K with the vectors.

    With r = (row - center) * factor: "rbf" exp(-gamma |r - v|^2), "laplacian" exp(-gamma |r - v|_1), "poly" (v.r + offset)^degree
    and "sigmoid" tanh(v.r + offset). center, factor: (n_inputs,); vectors: (n, n_inputs); offset: (n,), 0 where unused; dual:
    (n_scores, n); intercept: (n_scores,); all as float64, to be rounded to float32. groups: of consecutive vectors how many, and
    to which scores they contribute; their other coefficients are 0. rows: some of the training set, (n_rows, n_inputs), to try
    other arithmetic on.
    """

    center: np.ndarray
    factor: np.ndarray
    vectors: np.ndarray
    offset: np.ndarray
    dual: np.ndarray
    intercept: np.ndarray
    kind: str
    gamma: float
    degree: int
    groups: tuple[tuple[int, tuple[int, ...]], ...]
    rows: np.ndarray

    @property
    def is_moved(self) -> bool:
        return bool(self.center.any() or (self.factor != 1).any())

    @property
    def coefficients(self) -> np.ndarray:
        """Those of `dual` that the groups name, vector by vector."""
        starts = np.cumsum([0] + [length for length, _ in self.groups])
        parts = [
            self.dual[list(places), start : start + length].T.ravel()
            for start, (length, places) in zip(starts, self.groups, strict=False)
        ]
        return np.concatenate(parts)

    @property
    def far(self) -> float:
        """The distance from which on a kernel is nothing in float32."""
        return min(NOTHING / self.gamma, float32.MAX) if self.gamma else float32.MAX

    def single(self) -> "BoardMachine":
        """Its numbers as float32."""
        arrays = ("center", "factor", "vectors", "offset", "dual", "intercept")
        return replace(self, gamma=np.float32(self.gamma), **{name: getattr(self, name).astype(np.float32) for name in arrays})  # type: ignore[arg-type]

    def kernels(self, rows):
        """(n_rows, n) of rows (n_rows, n_inputs): float32 of a `single`, or Bounded."""
        if self.is_moved:
            rows = (rows - self.center) * self.factor
        if self.kind in DISTANCES:
            terms = (DISTANCES[self.kind](rows[:, [i]] - self.vectors[:, i]) for i in range(self.vectors.shape[1]))
            total = next(terms)
            for term in terms:
                total = total + term
            return np.exp(total * -self.gamma)
        product = rows @ self.vectors.T + self.offset
        return tanh(product) if self.kind == "sigmoid" else _power(product, self.degree)

    def scores(self, rows):
        """(n_rows, n_scores) of float32 rows, or Bounded of Bounded."""
        return self.kernels(rows) @ self.dual.T + self.intercept


def _power(z, degree: int):
    result = z * np.float32(0.0) + np.float32(1.0) if degree == 0 else z
    for _ in range(degree - 1):
        result = result * z
    return result


def for_board(core: KernelMachine, X: np.ndarray | None = None) -> BoardMachine:
    """Centered where that leaves less than half of the error at the vectors themselves, which are rows of the training set."""
    n_inputs = core.vectors.shape[1]
    factor = np.ones(n_inputs) if core.factor is None else core.factor
    offset = np.zeros(n_inputs) if core.offset is None else core.offset
    rows = (core.vectors - offset) / factor
    center = float32.single(rows.mean(axis=0), "a center").astype(np.float64)
    known = rows if X is None else X[:: len(X) // KEPT_ROWS + 1]
    plain, centered = (_moved(core, factor, offset, place, known) for place in (np.zeros(n_inputs), center))
    some = Bounded(rows[:: len(rows) // 50 + 1].astype(np.float32))
    plain_error, centered_error = (errors(machine, some).max() for machine in (plain, centered))
    return plain if not plain_error > 2 * centered_error else centered


def _moved(core: KernelMachine, factor: np.ndarray, offset: np.ndarray, center: np.ndarray, rows: np.ndarray) -> BoardMachine:
    """factor * row + offset = factor * (row - center) + base."""
    base = offset + factor * center
    if core.kind in DISTANCES:
        vectors, offsets = core.vectors - base, np.zeros(len(core.vectors))
    else:  # the factor and gamma go into the vectors
        vectors, offsets = core.gamma * core.vectors * factor, core.gamma * (core.vectors @ base) + core.coef0
        factor = np.ones_like(factor)
    for values, what in (
        (vectors, "a vector"),
        (core.dual, "a coefficient"),
        (offsets, "coef0"),
        (np.array(core.gamma), "gamma"),
    ):
        float32.single(values, what)
    float32.single(factor, "a scale")
    degree = core.degree if core.kind == "poly" else 1
    return BoardMachine(
        center, factor, vectors, offsets, core.dual, core.intercept, core.kind, core.gamma, degree, _groups(core.dual), rows
    )


def _groups(dual: np.ndarray) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """With one score a pair of classes, a class's vectors contribute to its own pairs only; else all to all."""
    n_scores, n = dual.shape
    n_classes = next(k for k in count(2) if k * (k - 1) // 2 >= n_scores)
    pairs = list(combinations(range(n_classes), 2))
    if len(pairs) != n_scores or n_classes == 2:
        return ((n, tuple(range(n_scores))),)
    groups, start = [], 0
    for c in range(n_classes):
        own = [c in pair for pair in pairs]
        fits = np.asarray(~dual[~np.array(own), start:].any(axis=0))
        length = len(fits) if fits.all() else int(fits.argmin())
        if length:
            groups.append((length, tuple(np.flatnonzero(own).tolist())))
        start += length
    return tuple(groups) if start == n else ((n, tuple(range(n_scores))),)


def scores(core: BoardMachine, X: np.ndarray) -> np.ndarray:
    """A board's, in float32, as float64 (n_rows, n_scores). X: float32 (n_rows, n_inputs)."""
    single = core.single()
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return _in_parts(core, X, lambda part: single.scores(part).astype(np.float64))


def errors(core: BoardMachine, inputs: Bounded) -> np.ndarray:
    """How far a board's scores may be from the exact ones, (n_rows, n_scores); infinite where float32 overflows."""

    def of_part(part: Bounded) -> np.ndarray:
        found = core.scores(part)
        return np.where(np.isfinite(found.value) & (np.abs(found.value) + found.error < float32.MAX), found.error, np.inf)

    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return _in_parts(core, inputs, of_part)


def _in_parts(core: BoardMachine, rows, function: Callable) -> np.ndarray:
    step = KERNELS_AT_ONCE // len(core.vectors) + 1
    return np.concatenate([function(rows[start : start + step]) for start in range(0, len(rows) or 1, step)])
