"""The largest absolute number."""

from edgewise.backends.kernels.stage_values import _values


def _largest(at, n, to, m, place):
    largest = 0.0
    for i in range(at, at + n):
        largest = max(largest, abs(_values[i]))
    _values[to] = largest
