"""Walk over packed trees (see packed_trees.py) in plain Python, where no kernel can be compiled."""

from edgewise.backends.kernels.classes import CLASSES
from edgewise.backends.kernels.common import _N_INPUTS, _view
from edgewise.backends.kernels.packed_data import _data, _work
from edgewise.backends.kernels.rows import _buffer, _fill

_N_CLASSES = 2  # 0 for a regression
_F = 1  # bits of the fields of a node: feature, threshold, reference
_T = 8
_R = 19
_C = 1  # bits of a class in an entry
_ALIGNMENT = 0
_SHORT_ENTRIES = True
_POOLED = False
_WIDE = False

_halves = _view("H", _data)  # a whole word may be too large for a small int


def _word(at):
    return _halves[2 * at] | _halves[2 * at + 1] << 16


def _signed(word):
    return word - (1 << 32) if word >> 31 else word


def _keys():
    """The row's numbers as integers that compare like them; of their thresholds' bits, rounded up, where nodes hold fewer."""
    bits = bytes(_buffer)
    keys = [0] * _N_INPUTS  # a list that grows needs twice the room
    for i in range(0, 4 * _N_INPUTS, 4):
        key = bits[i] | bits[i + 1] << 8 | bits[i + 2] << 16 | (bits[i + 3] & 0x7F) << 24
        if bits[i + 3] >> 7:
            key = -key
        keys[i >> 2] = key if _WIDE or _POOLED else -(-key >> 32 - _T)
    return keys


def _answer(x):
    """The class with most votes, or the sum of the steps."""
    _fill(x)
    keys = _keys()
    for k in range(_N_CLASSES):
        _work[1 + k] = 0
    total = 0
    tree = 5
    while _word(tree):
        leaf = _leaf(keys, _word(tree) >> 2)
        tree += 1
        if not _N_CLASSES:
            total += _word((_word(2) >> 2) + leaf)
        elif leaf < _N_CLASSES:
            _work[1 + leaf] += _word(0)
        else:
            _mixed(leaf - _N_CLASSES << _ALIGNMENT)
    if not _N_CLASSES:
        return total
    votes = list(_work[1 : 1 + _N_CLASSES])
    return CLASSES[votes.index(max(votes))]


def _leaf(keys, node):
    while True:
        word = _word(node)
        node += 2 if _WIDE else 1
        if _WIDE:
            threshold = _signed(_word(node - 1))
        elif _POOLED:
            threshold = _signed(_word((_word(4) >> 2) + (word & (1 << _T) - 1)))
        else:
            threshold = word & (1 << _T) - 1
            threshold -= threshold >> _T - 1 << _T  # its highest bit is the sign
        reference = word >> _T & (1 << _R) - 1
        left, right = word >> _T + _R & 1, word >> _T + _R + 1 & 1
        below = keys[word >> 32 - _F] <= threshold
        if left and right:
            return _halves[(_word(1) >> 1) + 2 * reference + (not below)]
        if left if below else right:
            return reference
        if not (left or below):
            node += 2 * reference if _WIDE else reference


def _mixed(entry):
    while True:
        if _SHORT_ENTRIES:
            word = _halves[(_word(3) >> 1) + entry]
            last, votes = word >> 15, _halves[(_word(2) >> 1) + ((word & 0x7FFF) >> _C)]
        else:
            word = _word((_word(3) >> 2) + entry)
            last, votes = word >> 31, (word & 0x7FFFFFFF) >> _C
        _work[1 + (word & (1 << _C) - 1)] += votes
        if last:
            return
        entry += 1
