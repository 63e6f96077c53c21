"""Numbers as constant bytes, little endian, in the narrowest array code that holds them."""

import numpy as np

CODES = (("B", 2**8), ("H", 2**16), ("I", 2**30))  # wider than a small int is never read
DTYPES = {"B": "<u1", "H": "<u2", "I": "<u4", "f": "<f4"}


def code_for(values) -> str:
    """Narrowest unsigned code for non-negative whole numbers."""
    largest = int(np.max(values, initial=0))
    for code, limit in CODES:
        if largest < limit:
            return code
    raise OverflowError(f"{largest} does not fit a small int")


def pack(code: str, values) -> bytes:
    return np.asarray(values).astype(DTYPES[code]).tobytes()


def pack_floats(values) -> bytes:
    """float32 bits: a decimal literal may arrive a unit off, as single-precision parsers do not round correctly."""
    return pack("f", np.ravel(values))


def pack_rows(rows: np.ndarray) -> tuple[str, bytes]:
    """(code, bytes) of float32 rows: as whole numbers where that loses nothing."""
    flat = np.ravel(rows)
    whole = flat.size and (flat == np.rint(flat)).all() and flat.min() >= 0 and not np.signbit(flat).any()
    if whole and flat.max() < 2**16:
        code = code_for(flat)
        return code, pack(code, flat)
    return "f", pack_floats(flat)
