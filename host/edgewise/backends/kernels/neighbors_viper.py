"""Ranks the prototypes by their distance on the grid (see backends/packed_neighbors.py) by MicroPython's native emitter."""

# ruff: noqa: F821 - const and ptr32

_NEAREST = const(14)  # words of the work area
_LISTED = const(16)
_MOST_LISTED = const(2)
_WIDE = const(False)


@micropython.viper
def _scan(data: ptr32, work: ptr32, listing: int):
    # Keeps the k nearest sorted, or lists the numbers of all whose |p|^2 - 2 p.x is below the bound.
    # A 64-bit machine loads words without their sign; shifted to the top and back they have it.
    up = 1
    if up << 31 > 0:
        up = 32
    else:
        up = 0
    end = 8 + work[1]
    n = (data[1] - data[0]) >> 2
    grid = int(data) + data[1]
    number = 0
    while number < n:
        a = b = c = d = 0
        at = 8
        while at < end:
            x = work[at] << up >> up
            if _WIDE:
                wide = ptr16(grid + work[at + 1])
                a += wide[0] * x
                b += wide[1] * x
                c += wide[2] * x
                d += wide[3] * x
            else:
                steps = ptr8(grid + work[at + 1])
                a += steps[0] * x
                b += steps[1] * x
                c += steps[2] * x
                d += steps[3] * x
            at += 2
        work[4] = a
        work[5] = b
        work[6] = c
        work[7] = d
        grid += data[2]
        at = 4
        while at < 8:
            a = data[(data[0] >> 2) + number] - (work[at] << 1)
            a = a << up >> up
            if a < work[0] << up >> up:
                if listing:
                    if work[2] < _MOST_LISTED:
                        work[_LISTED + work[2]] = number
                    work[2] = work[2] + 1
                else:
                    b = _LISTED - 4  # the last but one; of the two words before the first the score is below any other
                    while work[b] << up >> up > a:
                        work[b + 2] = work[b]
                        work[b + 3] = work[b + 1]
                        b -= 2
                    work[b + 2] = a
                    work[b + 3] = number
                    work[0] = work[_LISTED - 2]
            number += 1
            at += 1
