"""factor * (x - center) + offset of each number: a large one that hardly changes keeps all its digits."""

from edgewise.backends.kernels.stage_values import _numbers, _values


def _centered(at, n, to, m, place):
    values, numbers = _values, _numbers
    for i in range(n):
        values[to + i] = (values[at + i] - numbers[place + i]) * numbers[place + n + i] + numbers[place + 2 * n + i]
