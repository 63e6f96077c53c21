"""The quick way into the buffer: machine code reads the row's numbers where they lie in memory."""

# ruff: noqa: F821 - const, and _copied of one of the files beside this one

from array import array

from uctypes import bytes_at

from edgewise.backends.kernels.common import _DOUBLE, _N_INPUTS
from edgewise.backends.kernels.rows import _buffer

_TAKES_NAN = const(False)

# An array of objects holds their words: of the row its address, and of a type that with which its objects begin.
_words = array("O", (0, float, list, tuple, array, memoryview, _N_INPUTS, _buffer))
if _TAKES_NAN:  # in a row, but not in what the stages make of it
    _words.append(0)


def _at(address, n):
    return list(array("I", bytes_at(address, 4 * n)))


def _as_expected():
    """Whether objects lie in memory as _copied reads them: 32-bit words, object representation A, single-precision floats."""
    half, floats = 0.5, array("f", (0, 0.5))
    samples = array("O", (half, [3, half], (3, half), floats, memoryview(floats)[1:]))
    f, l, t, a, m = array("I", bytes(samples))  # noqa: E741 - float, list, tuple, array, memoryview
    types = array("I", bytes(_words))
    if f & 3:  # floats that are no objects
        return False
    items, numbers = _at(l, 4)[3], _at(a, 4)[3]
    return (
        _at(f, 2) == [types[1], 0x3F000000]
        and _at(l, 4)[::2] == [types[2], 2]
        and _at(t, 4) == [types[3], 2, 7, f]
        and _at(a, 3) == [types[4], ord("f"), 2]
        and _at(m, 4) == [types[5], 1 << 8 | 1 << 7 | ord("f"), 1, numbers]  # begins at item 1, may be written to
        and _at(items, 2) == [7, f]
        and _at(numbers, 2) == [0, 0x3F000000]
    )


_raw = not _DOUBLE and _as_expected()
del _at, _as_expected


def _taken(x):
    """Whether x is a list, a tuple, or an array or memoryview of "f", "h", "H", "b" or "B", of _N_INPUTS finite floats and ints
    below 2**24: if so they are in the buffer now. Only where _raw. Allocates nothing; neither for interrupts nor for threads."""
    _words[0] = x
    return _copied(_words)
