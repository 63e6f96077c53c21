"""Sums of the squares of groups that follow each other."""

from edgewise.backends.kernels.stage_values import _places, _values


def _squares(at, n, to, m, place):
    # constants: the size of each group
    for j in range(m):
        total = 0.0
        for _ in range(_places[place + j]):
            total += _values[at] * _values[at]
            at += 1
        _values[to + j] = total
