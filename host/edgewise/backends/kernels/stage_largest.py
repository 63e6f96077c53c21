"""The largest absolute number."""

from edgewise.backends.kernels.stage_values import _values


def _largest(at, n, to, m, place):
    largest = 0.0
    for i in range(at, at + n):
        value = abs(_values[i])
        if not value <= largest:  # NaN stays, and is refused behind the stages
            largest = value
    _values[to] = largest
