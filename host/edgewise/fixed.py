"""Linear models in fixed point: every number a whole one of a unit of its own, every score an exact sum of 32-bit products.

A kernel that multiplies 32 bits by 32 bits keeps the low 32 of the product. So a score's low word is a sum of such products,
however they overflow; and what is above it follows from a second sum, of the same numbers' high parts, if that lies near enough:

    S = sum(q * w)                       q = (q >> a) * 2^a + ..., w = (w >> b) * 2^b + ...
    H = sum((q >> a) * (w >> b))         (q >> a rounded to the nearest)
    R = S - H * 2^(a + b)                is known from the low words alone where -2^31 <= R < 2^31

Both sums take one multiplication a coefficient. The scale of the scores is the finest for which no sum leaves its 32 bits.
"""

from dataclasses import dataclass

import numpy as np

from edgewise import bounds
from edgewise.errors import UnsupportedModelError

HEADROOM = 4  # a row may lie so many times farther from the center than the training rows do, before it goes the slow way
GROUP = 4  # terms between two carries from R into H: the fewer, the finer the scale
REACH = 30  # |a feature| and |its center| are below 2^REACH units
LARGEST = 53  # bits of a score; numpy sums them exactly in float64
LEAST_SHIFT = 1  # of a and of b; assembler shifts by no constant zero
FINEST, COARSEST = 120, -60  # binary places of a feature and of the scores, so that 8 bits hold what float32 makes of them
EVERY_ROW = -98  # binary places of a feature without a coefficient: every float32 is below 2^REACH units
PRECISE = 24  # bits of a float32
FAIR = 16  # fixed point may be so many times less precise than float32 and still be worth its speed


@dataclass(frozen=True)
class BoardFixed:
    """scores = (coef @ q + intercept) / 2^scale, where q = round(row * 2^places) - center lies in -limit ... limit - 1.

    places, center, limit: int64 (n_features,). coef: (n_scores, n_features), intercept: (n_scores,), int64. A row beyond the
    limits is computed in float32. low_of_row, low_of_coef: a and b above. each_group: whether a carry follows every group, or the
    row. largest_offset: (n_features,), the largest |row - center / 2^places| in the training rows.
    """

    places: np.ndarray
    center: np.ndarray
    limit: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    scale: int
    low_of_row: int
    low_of_coef: int
    each_group: bool
    largest_offset: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        """Of each feature's range, float64 (n_features,); float32 holds it."""
        return np.ldexp(self.center.astype(np.float64), -self.places)

    @property
    def slopes(self) -> np.ndarray:
        """The coefficients that the whole numbers stand for, float64 (n_scores, n_features)."""
        return np.ldexp(self.coef.astype(np.float64), self.places - self.scale)

    @property
    def base(self) -> np.ndarray:
        """The scores in the middle, float64 (n_scores,)."""
        return np.ldexp(self.intercept.astype(np.float64), -self.scale)

    def units(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(q, float64 of whole numbers, (n_rows, n_features); whether each row is within the limits). X: finite float32."""
        X = X.astype(np.float64)
        q = np.copysign(np.floor(np.ldexp(np.abs(X), self.places) + 0.5), X) - self.center
        return q, ((q >= -self.limit) & (q < self.limit)).all(axis=1)

    def sums(self, q: np.ndarray) -> np.ndarray:
        """coef @ q + intercept, exact in float64, (n_rows, n_scores), of rows within the limits."""
        return q @ self.coef.T.astype(np.float64) + self.intercept


def fix(core) -> BoardFixed:
    """In fixed point, as fine as fits. core: `passes.BoardLinear`. Raises UnsupportedModelError."""
    if core.largest_offset is None:
        raise UnsupportedModelError(
            "fixed point needs the range of the features; pass training rows as X, or use --backend table"
        )
    coef = core.coef.astype(np.float64)
    center, largest = core.center.astype(np.float64), core.largest_offset.astype(np.float64)
    used = coef.any(axis=0)
    largest = np.where(largest > 0, largest, np.maximum(np.abs(center), 1.0))  # of a feature that never changed
    most = HEADROOM * np.abs(coef) @ largest + np.abs(core.intercept.astype(np.float64))
    finest = LARGEST - 2 - int(np.frexp(most.max())[1])
    for scale in range(min(FINEST, finest), COARSEST - 1, -1):
        found = _fixed(core, coef, center, largest, used, scale)
        if found is not None:
            break
    else:
        raise UnsupportedModelError("the model's numbers are beyond fixed point; scale the features, or use --backend table")
    loss = bounds.fixed_bound(found, found.largest_offset).max() / bounds.linear_bound(core, core.largest_offset).max()
    if loss > FAIR:
        raise UnsupportedModelError(f"fixed point would be {loss:.0f} times less precise than floats; use --backend table")
    return found


def _fixed(core, coef, center, largest, used, scale: int) -> BoardFixed | None:
    """None where a sum would leave its bits.

    The error of a term is half a unit of its feature times its coefficient, and half a unit of that times the feature: least
    where both are as many units.
    """
    heaviest = np.where(used, np.abs(coef).max(axis=0), 1.0)
    places = np.rint((scale + np.log2(heaviest) - np.log2(largest)) / 2).astype(np.int64)
    places = np.minimum(places, REACH - np.frexp(np.abs(center) + HEADROOM * largest)[1] - 1)
    places = np.where(used, places, EVERY_ROW)
    if (places[used] > FINEST).any() or (places[used] < COARSEST).any():
        return None
    limit = np.where(used, np.ceil(np.ldexp(HEADROOM * largest, places)) + 1, 2**REACH - 1)
    whole_center = np.where(used, _single(np.rint(np.ldexp(center, places))), -1)
    middle = np.ldexp(whole_center, -places)
    weights = np.rint(np.ldexp(coef, scale - places))
    start = np.rint(np.ldexp(core.intercept + coef @ np.where(used, middle - center, 0), scale))
    if np.abs(weights).max() >= 2.0**31 or (np.where(used, limit, 0) @ np.abs(weights).T + np.abs(start)).max() >= 2.0**LARGEST:
        return None
    weights, start, limit = weights.astype(np.int64), start.astype(np.int64), limit.astype(np.int64)
    shifts = _shifts(weights, start, np.where(used, limit, 0))
    if shifts is None:
        return None
    offset = core.largest_offset + np.where(used, np.abs(middle - center), 0)
    return BoardFixed(places, whole_center.astype(np.int64), limit, weights, start, scale, *shifts, offset)


def _single(values: np.ndarray) -> np.ndarray:
    """Whole numbers rounded to those that float32 holds."""
    spare = np.maximum(np.frexp(np.abs(values))[1] - PRECISE, 0)
    return np.ldexp(np.rint(np.ldexp(values, -spare)), spare)


def _shifts(weights: np.ndarray, start: np.ndarray, limit: np.ndarray) -> tuple[int, int, bool] | None:
    """(a, b, whether a carry follows each group) with which no sum leaves 32 bits, whatever the row; None if there are none."""
    most = int((np.abs(weights) @ limit + np.abs(start)).max()) + 1
    total = max(most.bit_length() - 30, 2 * LEAST_SHIFT)  # a sum's high part has 31 bits and a sign, one of them to spare
    for each_group in (False, True):
        for a in range(LEAST_SHIFT, total - LEAST_SHIFT + 1):
            if _fits(weights, limit, a, total - a, GROUP if each_group else len(limit)):
                return a, total - a, each_group
    return None


def _fits(weights: np.ndarray, limit: np.ndarray, a: int, b: int, group: int) -> bool:
    low = weights & (1 << b) - 1
    high = weights >> b
    rest = limit * low + (np.abs(high) << b + a - 1)
    starts = np.arange(0, len(limit), group)
    above = np.add.reduceat(np.abs(high) * ((limit >> a) + 1), starts, axis=1)
    below = np.add.reduceat(rest, starts, axis=1)
    return bool(above.max() < 2**31 and below.max() + (1 << a + b) < 2**31)
