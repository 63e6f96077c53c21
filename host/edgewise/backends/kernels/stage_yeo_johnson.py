"""The power transformation of Yeo and Johnson (Biometrika 87, 2000)."""

from edgewise.backends.kernels.stage_logarithms import _expm1, _log1p
from edgewise.backends.kernels.stage_values import _numbers, _values


def _yeo_johnson(at, n, to, m, place):
    # constants: lambda of each number, and 2 - lambda
    for i in range(n):
        value = _values[at + i]
        power = _numbers[place + i if value >= 0 else place + n + i]
        raised = _log1p(abs(value))
        if power:
            raised = _expm1(raised * power) / power
        _values[to + i] = raised if value >= 0 else -raised
