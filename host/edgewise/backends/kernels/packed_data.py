"""The tables of a kernel and the words that it works in."""

from array import array

_DATA = b"\x01\x00\x00\x00"
_N_WORK = 1

try:
    from uctypes import addressof

    # a Cortex-M0 reads aligned words only, and in ROMFS or frozen code bytes may lie anywhere
    _data = bytearray(_DATA) if addressof(_DATA) & 3 else _DATA
except ImportError:  # CPython
    _data = _DATA
_work = array("I", bytes(4 * _N_WORK))
