"""Each number no lower than one constant and no higher than another."""

from edgewise.backends.kernels.stage_values import _numbers, _values


def _clip(at, n, to, m, place):
    for i in range(n):
        value = _values[at + i]
        if value < _numbers[place + i]:
            value = _numbers[place + i]
        elif value > _numbers[place + n + i]:
            value = _numbers[place + n + i]
        _values[to + i] = value
