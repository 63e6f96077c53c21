"""factor * x + offset of each number."""

from edgewise.backends.kernels.stage_values import _numbers, _values


def _line(at, n, to, m, place):
    values, numbers = _values, _numbers
    for i in range(n):
        values[to + i] = values[at + i] * numbers[place + i] + numbers[place + n + i]
