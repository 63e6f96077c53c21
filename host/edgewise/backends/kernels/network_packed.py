"""A network in whole numbers (see backends/packed_network.py) in plain Python, where no kernel can be compiled."""

from edgewise.backends.kernels.classes import CLASSES
from edgewise.backends.kernels.common import _N_INPUTS
from edgewise.backends.kernels.network_data import _N_SCORES, _data, _work
from edgewise.backends.kernels.rows import _buffer, _fill

_N_LAYERS = 1
_LOWS = False  # whether every feature has its own least number
_BITS = 7  # of a row's numbers, beside their sign
_FIRST = 2  # where the layers begin
_WIDE = False  # weights of 16 bits
_SPARSE = False
_TANH = False
_TABLE = 2  # where that of tanh begins
_FINE = 8  # bits between two of its places
_LABELS = True


def _half(at):
    return _data[at] | _data[at + 1] << 8


def _signed(at):
    word = _half(at) | _half(at + 2) << 16
    return word - (word >> 31 << 32)


def _units():
    """The row in the buffer as whole numbers."""
    bits = bytes(_buffer)
    row = []
    low = -1 << _BITS
    for i in range(_N_INPUTS):
        word = int.from_bytes(bits[4 * i : 4 * i + 4], "little")
        shift = _data[i] - (word >> 23 & 0xFF)
        number = ((word & 0x7FFFFF | 0x800000) << 7 >> shift) + 1 >> 1 if shift >= 0 else 1 << 30
        if _LOWS:
            low = _signed(_N_INPUTS + _N_INPUTS % 2 + 4 * i)
        row.append(min(max((-number if word >> 31 else number) - low, 0), (2 << _BITS) - 1))
    return row


def _weights(at, n):
    """(n weights, what follows them)"""
    wide = _WIDE + 1
    weights = []
    bits, values = at, at
    if _SPARSE:
        values += (n + 15) // 16 * 2
    for i in range(n):
        if _SPARSE and not _data[bits + (i >> 3)] >> (i & 7) & 1:
            weights.append(0)
            continue
        weights.append(_half(values) - 32768 if _WIDE else _data[values] - 128)
        values += wide
    if _SPARSE:
        return weights, values + (values & 1)
    return weights, values + -n % 4 * wide


def _activated(total, at, multiplier, drop):
    """What a sum gives to the next layer; its own begins at `at`."""
    size = min(abs(total) + (1 << drop >> 1) >> drop, 32768)
    size = min(size * multiplier + 8192 >> 14, _half(at + 4))
    if not _TANH:
        return size if total > 0 else 0
    place = _TABLE + 2 * (size >> _FINE)
    value = _half(place)
    value += (_half(place + 2) - value) * (size & (1 << _FINE) - 1) >> _FINE
    down = _half(at + 8)
    value = value + (1 << down >> 1) >> down
    return _half(at + 6) + (-value if total < 0 else value)


def _network():
    """Leaves the sums of the last layer in the work area; the place of the largest."""
    row = _units()
    at = _FIRST
    for layer in range(_N_LAYERS):
        n_in, n_out, head = _half(at), _half(at + 2), at
        at += 10
        following = []
        for k in range(n_out):
            total, multiplier, drop = _signed(at), _half(at + 4), _half(at + 6)
            weights, at = _weights(at + 8, n_in)
            for i in range(n_in):
                total += weights[i] * row[i]
            if layer == _N_LAYERS - 1:
                _work[k] = total
            else:
                following.append(_activated(total, head, multiplier, drop))
        row = following
    best = 0
    if _N_SCORES == 1:
        return int(_work[0] > 0)
    for k in range(_N_SCORES):
        if _work[k] > _work[best]:
            best = k
    return best


def _answer(x):
    """Class label; leaves the scores."""
    _fill(x)
    best = _network()
    return CLASSES[best] if _LABELS else best
