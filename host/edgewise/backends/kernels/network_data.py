"""The tables of a network and the numbers that it works in."""

from array import array

_DATA = b"\x9c\x9c\x02\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x81\x80\x00\x00"
_N_SCORES = 1
_N_HIDDEN = 0  # the most numbers of a layer between two others, a whole group

try:
    from uctypes import addressof

    # a Cortex-M0 reads aligned halves only, and in ROMFS or frozen code bytes may lie anywhere
    _data = bytearray(_DATA) if addressof(_DATA) & 1 else _DATA
except ImportError:  # CPython
    _data = _DATA
# sums of the last layer, then what two layers give to the next one, in halves
_work = array("i", bytes(4 * (_N_SCORES + _N_HIDDEN)))
