"""Chosen numbers, in another order."""

from edgewise.backends.kernels.stage_values import _places, _values


def _columns(at, n, to, m, place):
    """From the n numbers at `at` to the m at `to`, as every step; `place`: where its constants begin."""
    for i in range(m):
        _values[to + i] = _values[at + _places[place + i]]
