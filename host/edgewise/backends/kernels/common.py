"""Taken over by every generated module: packed constants read in place, and the check of a row."""

from array import array

N_FEATURES = 2
FEATURES = ("x0", "x1")
FINGERPRINT = "00000000"
BACKEND = "table"

_INF = float("inf")
# Single-precision ports cannot tell these two apart. Calls, as a compiler may fold an expression of literals in doubles.
_DOUBLE = float("16777217") != float("16777216")


def _view(code, packed):
    """Numbers in constant bytes, by their array code. Read in place: an array would hold them a second time."""
    if code == "B":
        return packed
    try:
        import uctypes
    except ImportError:  # CPython
        return memoryview(packed).cast(code)
    address = uctypes.addressof(packed)
    if address & 3:  # in ROMFS or frozen code bytes may lie unaligned, which a Cortex-M0 cannot read
        return array(code, packed)
    kind, size = {"H": (uctypes.UINT16, 2), "I": (uctypes.UINT32, 4), "f": (uctypes.FLOAT32, 4)}[code]
    return uctypes.struct(address, (uctypes.ARRAY | 0, kind | len(packed) // size))


def _checked(x):
    """The row as a list or tuple of finite float32. Allocates nothing when it is one already, on a single-precision board."""
    if len(x) != N_FEATURES:
        raise ValueError("expected %d features, got %d" % (N_FEATURES, len(x)))
    if _DOUBLE:
        x = array("f", list(x))  # of bytes it would take the bits
    if not isinstance(x, (list, tuple)):
        x = list(x)
    low, high = -_INF, _INF
    for value in x:
        if not low < value < high:
            raise ValueError("a feature is not finite (or beyond single precision): %r" % value)
    return x
