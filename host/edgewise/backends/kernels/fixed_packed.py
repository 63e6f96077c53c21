"""Linear scores in fixed point (see backends/packed_linear.py) in plain Python, where no kernel can be compiled."""

from math import ldexp

from edgewise.backends.kernels.classes import CLASSES
from edgewise.backends.kernels.common import _N_INPUTS
from edgewise.backends.kernels.fixed_beyond import _N_CLASSES, _N_SCORES, _SCALE, _SHIFT, _beyond, _score, _word
from edgewise.backends.kernels.rows import _buffer, _fill


def _units():
    """The row in the buffer as whole numbers, or None where one is beyond its limit."""
    bits = bytes(_buffer)
    row = []
    for i in range(_N_INPUTS):
        word = int.from_bytes(bits[4 * i : 4 * i + 4], "little")
        shift = _word(3 * i) - (word >> 23 & 0xFF)
        if shift < 0:
            return None
        number = ((word & 0x7FFFFF | 0x800000) << 7 >> shift) + 1 >> 1
        number = (-number if word >> 31 else number) - _word(3 * i + 1)
        span = _word(3 * i + 2)
        if not 0 <= number < span:
            return None
        row.append(number - (span >> 1))
    return row


def _answer(x):
    """Class label or value; leaves the scores as floats."""
    _fill(x)
    row = _units()
    if row is None:
        return _beyond()
    at = 3 * _N_INPUTS
    sums = []
    for k in range(_N_SCORES):
        total = _word(at) + (_word(at + 1) << _SHIFT)
        at += 2
        for i in range(_N_INPUTS):
            total += row[i] * _word(at + i)
        at += _N_INPUTS + -_N_INPUTS % 4
        high = total >> _SHIFT
        _score[k] = ldexp(high, _SHIFT - _SCALE) + ldexp(total - (high << _SHIFT), -_SCALE)
        sums.append(total)
    if not _N_CLASSES:
        return _score[0]
    if _N_SCORES == 1:
        return CLASSES[sums[0] > 0]
    return CLASSES[sums.index(max(sums))]
