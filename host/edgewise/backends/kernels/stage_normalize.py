"""A row divided by its norm."""

from math import sqrt

from edgewise.backends.kernels.common import _INF
from edgewise.backends.kernels.stage_values import _values


def _normalize(at, n, to, m, norm):
    """norm: 1 of the sum of the absolute numbers, 2 of the root of that of their squares, 0 of the largest."""
    size = 0.0
    for i in range(at, at + n):
        value = abs(_values[i])
        if norm == 2:
            size += value * value
        elif norm:
            size += value
        elif value > size:
            size = value
    if norm == 2:
        size = sqrt(size)
    if size == _INF:
        raise ValueError("the row is too large for single precision")
    if size < 2.22e-15:  # as scikit-learn takes it for zero
        size = 1.0
    for i in range(n):
        _values[to + i] = _values[at + i] / size
