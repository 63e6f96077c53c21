"""Single-precision numbers as a board holds them: rounding, order and bisection over their bit patterns."""

from collections.abc import Callable

import numpy as np

from edgewise.errors import UnsupportedModelError

MAX = float(np.finfo(np.float32).max)
UNIT = 2.0**-24  # largest relative error of rounding a normal number to float32
TINY = 2.0**-126  # the smallest normal number: below it float32 loses relative precision, and an RP2040 takes it for zero


def round_down(values: np.ndarray) -> np.ndarray:
    """Largest float32 not above each float64.

    For a float32 x, `x <= t` holds exactly when `x <= round_down(t)`; rounding to the nearest would move some decisions.
    """
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(over="ignore"):
        nearest = values.astype(np.float32)
    return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest).astype(np.float32)


def single(values: np.ndarray, what: str) -> np.ndarray:
    """Rounded to float32; raises UnsupportedModelError where one is too large for that."""
    if not (np.abs(values) <= MAX).all():
        raise UnsupportedModelError(f"{what} is beyond single precision (3.4e38); rescale the features or the target")
    return values.astype(np.float32)


def normal_below(values: np.ndarray) -> np.ndarray:
    """The largest normal number or zero not above each float32.

    For an x that is normal or zero, `x <= t` holds exactly when `x <= normal_below(t)`, and does so even where subnormal numbers
    are taken for zero.
    """
    flushed = np.where(values < 0, np.float32(-TINY), np.float32(0))
    return np.where(np.abs(values) < TINY, flushed, values)


def to_key(values: np.ndarray | np.floating) -> np.ndarray:
    """int64 that orders as the float32 does: negative bit patterns are mirrored, and both zeros map to 0."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def from_key(keys: np.ndarray) -> np.ndarray:
    """float32 of each key; the inverse of `to_key` (0 becomes positive zero)."""
    keys = np.asarray(keys, dtype=np.int64)
    magnitude = np.abs(keys).astype(np.uint32)
    return np.where(keys < 0, magnitude | np.uint32(0x80000000), magnitude).astype(np.uint32).view(np.float32)


def largest_accepted(accepts: Callable[[np.ndarray], np.ndarray], n: int) -> np.ndarray:
    """For each of n monotone predicates, the largest finite float32 that it accepts (-inf where it accepts none).

    `accepts` takes n float32 candidates, one a predicate, and returns n booleans that are True up to some value and False
    above it. 33 rounds of bisection over the bit patterns are exact, whatever the predicate computes.
    """
    low = np.full(n, to_key(np.float32(-MAX)) - 1)  # accepted, or nothing is
    high = np.full(n, to_key(np.float32(MAX)) + 1)  # not accepted, or out of range
    while np.any(high - low > 1):
        middle = (low + high) // 2
        inside = high - low > 1
        accepted = accepts(from_key(np.where(inside, middle, 0))) & inside
        low = np.where(accepted, middle, low)
        high = np.where(inside & ~accepted, middle, high)
    result: np.ndarray = np.where(low < to_key(np.float32(-MAX)), np.float32(-np.inf), from_key(low)).astype(np.float32)
    return result
