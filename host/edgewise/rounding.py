"""Numbers with a bound on how far a board's may lie from them, so that a computation written once gives both.

A running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.3): every operation adds what
rounding its result to float32 can change. It holds for boards that compute in double precision, too, as their errors are smaller.
"""

from collections.abc import Callable, Sequence

import numpy as np

from edgewise.float32 import TINY, UNIT

SLACK = 1.01  # for higher orders, and for the float64 in which this is computed
FUNCTION_UNITS = 4.0  # errors of exp, log, log1p, expm1 and sqrt in single precision, in units of the result


class Bounded(np.lib.mixins.NDArrayOperatorsMixin):
    """value: exact numbers, float64; error: how far a board's float32 may be from each, of the same shape.

    Takes part in numpy's operators and in the ufuncs of UFUNCS. Constants are those that the board holds, rounded to float32.
    """

    def __init__(self, value: np.ndarray, error: np.ndarray | float = 0.0):
        self.value = np.asarray(value, dtype=np.float64)
        self.error = np.broadcast_to(np.asarray(error, dtype=np.float64), self.value.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key) -> "Bounded":
        return Bounded(self.value[key], self.error[key])

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or options or ufunc not in UFUNCS:
            return NotImplemented
        return UFUNCS[ufunc](*map(_bounded, inputs))

    def largest(self, axis: int = 1) -> "Bounded":
        """np.max along an axis, kept; nothing is rounded."""
        return Bounded(self.value.max(axis=axis, keepdims=True), self.error.max(axis=axis, keepdims=True))


def _bounded(operand) -> Bounded:
    if isinstance(operand, Bounded):
        return operand
    value = np.asarray(operand, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        lost = np.abs(value - value.astype(np.float32))
    return Bounded(value, np.where(np.isfinite(lost), lost, 0.0))


def _rounded(value: np.ndarray, error: np.ndarray, units: float = 1.0) -> Bounded:
    return Bounded(value, error + SLACK * units * UNIT * (np.abs(value) + error) + TINY)


def _multiply(a: Bounded, b: Bounded) -> Bounded:
    return _rounded(a.value * b.value, np.abs(a.value) * b.error + np.abs(b.value) * a.error + a.error * b.error)


def _divide(a: Bounded, b: Bounded) -> Bounded:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        value = a.value / b.value
        room = np.abs(b.value) - b.error
        error = np.where(room > 0, (a.error + np.abs(value) * b.error) / room, np.inf)
    return _rounded(value, error)


def _matmul(a: Bounded, b: Bounded) -> Bounded:
    """In whichever order it is summed."""
    terms = (np.abs(a.value) + a.error) @ (np.abs(b.value) + b.error)
    error = a.error @ np.abs(b.value) + (np.abs(a.value) + a.error) @ b.error
    n = a.shape[-1]
    return Bounded(a.value @ b.value, error + SLACK * (n + 1) * UNIT * terms + n * TINY)


def _monotone(function: Callable[[np.ndarray], np.ndarray], units: float = FUNCTION_UNITS) -> Callable[[Bounded], Bounded]:
    """Of a function that rises everywhere, from its values at both ends."""

    def applied(a: Bounded) -> Bounded:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            value = function(a.value)
            spread = np.maximum(np.abs(function(a.value + a.error) - value), np.abs(function(a.value - a.error) - value))
        return _rounded(value, spread, units)

    return applied


def _absolute(a: Bounded) -> Bounded:
    return Bounded(np.abs(a.value), a.error)


UFUNCS: dict[np.ufunc, Callable[..., Bounded]] = {
    np.add: lambda a, b: _rounded(a.value + b.value, a.error + b.error),
    np.subtract: lambda a, b: _rounded(a.value - b.value, a.error + b.error),
    np.multiply: _multiply,
    np.divide: _divide,
    np.matmul: _matmul,
    np.negative: lambda a: Bounded(-a.value, a.error),
    np.absolute: _absolute,
    np.maximum: lambda a, b: Bounded(np.maximum(a.value, b.value), np.maximum(a.error, b.error)),
    np.minimum: lambda a, b: Bounded(np.minimum(a.value, b.value), np.maximum(a.error, b.error)),
    np.square: lambda a: _multiply(a, a),
    np.sqrt: _monotone(lambda v: np.sqrt(np.maximum(v, 0.0))),
    np.exp: _monotone(np.exp),
    np.expm1: _monotone(np.expm1),
    np.log1p: _monotone(np.log1p),
    np.log: _monotone(np.log),
}


def joined(parts: Sequence) -> "np.ndarray | Bounded":
    """np.concatenate(parts, axis=1), of arrays or of Bounded."""
    if any(isinstance(part, Bounded) for part in parts):
        whole = [_bounded(part) for part in parts]
        return Bounded(*(np.concatenate([getattr(part, name) for part in whole], axis=1) for name in ("value", "error")))
    return np.concatenate(parts, axis=1)


def filled(values, operand: np.ndarray):
    """`operand` in the place of each NaN; values: array or Bounded, (n_rows, n)."""
    if isinstance(values, Bounded):
        constant = _bounded(operand)
        missing = np.isnan(values.value)
        return Bounded(np.where(missing, constant.value, values.value), np.where(missing, constant.error, values.error))
    return np.where(np.isnan(values), operand.astype(values.dtype), values)


def selected(values, condition: np.ndarray, other):
    """np.where(condition, values, other), of arrays or of Bounded."""
    if isinstance(values, Bounded) or isinstance(other, Bounded):
        a, b = _bounded(values), _bounded(other)
        return Bounded(np.where(condition, a.value, b.value), np.where(condition, a.error, b.error))
    return np.where(condition, values, other)


def tanh(values):
    """Of exponentials that cannot overflow, as not every MicroPython has tanh; values: float32 or Bounded."""
    power = np.exp(np.absolute(values) * np.float32(-2.0))
    return (np.float32(1.0) - power) / (power + np.float32(1.0)) * np.sign(plain(values))


def plain(values) -> np.ndarray:
    """The numbers themselves."""
    return values.value if isinstance(values, Bounded) else values
