"""Taken over by every generated module: packed constants, read in place."""

from array import array

N_FEATURES = 2
_N_INPUTS = 2  # of the model behind the stages; without those the same
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
