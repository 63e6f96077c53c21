"""The power transformation of Box and Cox (J. R. Stat. Soc. B 26, 1964)."""

from math import log

from edgewise.backends.kernels.stage_logarithms import _expm1
from edgewise.backends.kernels.stage_values import _numbers, _values


def _box_cox(at, n, to, m, place):
    for i in range(n):
        value = _values[at + i]
        if value <= 0:
            raise ValueError("a feature is not above zero: %r" % value)
        value = log(value)
        power = _numbers[place + i]
        _values[to + i] = _expm1(value * power) / power if power else value
