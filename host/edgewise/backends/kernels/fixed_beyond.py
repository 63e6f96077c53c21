"""Linear scores in floats from tables in fixed point (see backends/packed_linear.py), for rows beyond the limits of those."""

from array import array
from math import ldexp

from edgewise.backends.kernels.classes import CLASSES
from edgewise.backends.kernels.common import _N_INPUTS, _view
from edgewise.backends.kernels.packed_data import _data
from edgewise.backends.kernels.rows import _buffer

_N_SCORES = 1
_N_CLASSES = 2  # 0 for a regression
_SCALE = 1  # binary places of a score
_SHIFT = 2  # bits of its low part

_table = _view("I", _data)
_score = array("f", bytes(4 * _N_SCORES))  # where scores are left as floats


def _word(at):
    word = _table[at]
    return word - (word >> 31 << 32)


def _beyond():
    """Class label or value of the row in the buffer."""
    at = 3 * _N_INPUTS
    for k in range(_N_SCORES):
        score = ldexp(_word(at), -_SCALE) + ldexp(_word(at + 1), _SHIFT - _SCALE)
        at += 2
        for i in range(_N_INPUTS):
            places = 156 - _word(3 * i)
            middle = ldexp(_word(3 * i + 1) + (_word(3 * i + 2) >> 1), -places)
            score += (_buffer[i] - middle) * ldexp(_word(at + i), places - _SCALE)
        at += _N_INPUTS + -_N_INPUTS % 4
        _score[k] = score
    if not _N_CLASSES:
        return _score[0]
    if _N_SCORES == 1:
        return CLASSES[_score[0] > 0]
    best = 0
    for k in range(1, _N_SCORES):
        if _score[k] > _score[best]:
            best = k
    return CLASSES[best]
