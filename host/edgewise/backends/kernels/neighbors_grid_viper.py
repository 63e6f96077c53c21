"""Puts the row in the buffer on the grid of the prototypes (see backends/packed_neighbors.py) by MicroPython's native emitter."""

# ruff: noqa: F821 - const and ptr32

_N_FEATURES = const(2)
_SHIFT = const(13)
_WIDE = const(False)


@micropython.viper
def _on_grid(row: ptr32, data: ptr32, work: ptr32) -> int:
    # Writes x and the place of its prototypes' bytes for each feature where x is not 0, then a 0. Gives 0: all is exact; above: 1
    # and the sum of the squares that were rounded off, in 2^-16; below: a number is out of reach.
    # A 64-bit machine loads words without their sign; shifted to the top and back they have it.
    up = 1
    if up << 31 > 0:
        up = 32
    else:
        up = 0
    i = 0
    to = 8
    lost = 0
    rounded = 0
    square = 0
    while i < _N_FEATURES:
        word = row[i]
        axis = data[4 + 2 * i]
        x = word & 0x7FFFFF
        left = word >> 23 & 0xFF
        if left:
            x |= 0x800000
        else:
            left = 1
        left += (axis >> 16 & 0xFF) - 278
        if left > 6:
            return 0 - 1
        if left >= 0:
            x <<= left
        else:
            left = 0 - left
            if left > 24:
                left = 24
            lost |= x & (1 << left) - 1
            x >>= left
        if word >> 31 & 1:
            x = 0 - x
        x -= data[3 + 2 * i] << up >> up
        left = x >> (axis >> 24 & 31)
        if left and left + 1:
            return 0 - 1
        x *= axis & 0xFFFF
        lost |= x & (1 << _SHIFT) - 1
        left = x >> _SHIFT
        x = left + 128 >> 8
        left -= x << 8
        lost |= left
        rounded += left * left
        if x:
            work[to] = x
            if _WIDE:
                work[to + 1] = i << 3
            else:
                work[to + 1] = i << 2
            to += 2
            square += x * x
        i += 1
    work[to] = 0
    work[3] = square
    if lost:
        return rounded + 1
    return 0
