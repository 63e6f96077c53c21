"""Whole sums of a kernel machine (see backends/packed_machine.py) in plain Python, where no kernel can be compiled."""

from edgewise.backends.kernels.common import _N_INPUTS, _view
from edgewise.backends.kernels.packed_data import _data, _work
from edgewise.backends.kernels.rows import _buffer, _fill

_SHIFT = 13
_LOSSLESS = True
_WIDE = False
_SUMS = 13  # words of the work area
_N_SCORES = 1
_N_GROUPS = 1
_INTERCEPTS = 28  # bytes of the tables
_GRID = 32
_DUALS = 40
_EXPONENTIALS = 44
_GROUPS = 48
_LIMIT = 1
_DROP = 0
_MULTIPLIER = 1
_SHIFT_E = 1
_DOWN = 0

_words, _halves = _view("I", _data), _view("H", _data)


def _placed():
    """The row in the buffer on the grid of the vectors; None where that is too small, or too coarse to hold it exactly."""
    bits = bytes(_buffer)
    row = []
    for i in range(_N_INPUTS):
        word = int.from_bytes(bits[4 * i : 4 * i + 4], "little")
        zero, axis = _words[3 + 2 * i], _words[4 + 2 * i]
        exponent = word >> 23 & 0xFF
        x = (word & 0x7FFFFF) | (0x800000 if exponent else 0)
        left = (exponent or 1) + (axis >> 16 & 0xFF) - 278
        if left > 6:
            return None
        if _LOSSLESS and left < 0 and x & (1 << -left) - 1:
            return None
        x = x << left if left >= 0 else x >> -left
        x = (-x if word >> 31 else x) - (zero - (zero >> 31 << 32))
        if (x >> (axis >> 24)) + 1 >> 1:  # neither 0 nor -1
            return None
        x *= axis & 0xFFFF
        if _LOSSLESS and x & (256 << _SHIFT) - 1:
            return None
        row.append((x >> _SHIFT) + 128 >> 8)
    return row


def _summed(x):
    """Takes the row into the buffer. Whether the grid holds it: then its scores are sums in the work area."""
    _fill(x)
    row = _placed()
    if row is None:
        return False
    sums = [_words[(_INTERCEPTS >> 2) + i] for i in range(_N_SCORES)]
    steps, at = (_halves, _GRID >> 1) if _WIDE else (_data, _GRID)
    own = sum([x * x for x in row])
    square, dual, group = _words[0] >> 2, _DUALS >> 1, _GROUPS >> 1
    for _ in range(_N_GROUPS):
        n = _halves[group + 1]
        for k in range(4 * _halves[group]):
            d = 0
            k = at + (k & 3)
            for x in row:
                d += x * steps[k]
                k += 4
            d = _words[square] + own - 2 * d
            if d < _LIMIT:
                e = (d >> _DROP) * _MULTIPLIER >> _SHIFT_E
                b = (_EXPONENTIALS >> 1) + (e >> 10 & 63)
                b = _halves[b] - ((_halves[b] - _halves[b + 1]) * (e & 1023) >> 10)
                e = (e >> 16) + _DOWN
                for i in range(n):
                    word = _halves[dual + i]
                    sums[(_halves[group + 2 + i] >> 2) - _SUMS] += (word - (word >> 15 << 16)) * b >> e
            square += 1
            dual += n
            if square & 3 == _words[0] >> 2 & 3:
                at += 4 * _N_INPUTS
        group += 2 + n
    for i in range(_N_SCORES):
        _work[_SUMS + i] = sums[i] & 0xFFFFFFFF
    return True
