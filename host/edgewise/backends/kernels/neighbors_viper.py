"""Ranks the prototypes by their distance on the grid (see backends/packed_neighbors.py) by MicroPython's native emitter."""

# ruff: noqa: F821 - const and ptr32

_NEAREST = const(14)  # words of the work area
_LISTED = const(16)
_MOST_LISTED = const(2)
_WIDE = const(False)
_PAIRED = const(False)


@micropython.viper
def _scan(at: ptr32, steps: ptr32, a: int):
    # tables, work area, listing. Keeps the k nearest sorted, or lists the numbers of all whose |p|^2 - 2 p.x is below the bound.
    # Registers hold the arguments alone, so that these are what the inner loop uses: the row's next number, the steps of four
    # prototypes, and a sum.
    data = at
    work = steps
    listing = a
    # A 64-bit machine loads words without their sign; shifted to the top and back they have it.
    up = 1
    if up << 31 > 0:
        up = 32
    else:
        up = 0
    n = (data[1] - data[0]) >> 2
    grid = int(data) + data[1]
    number = 0
    first = int(work) + 32
    while number < n:
        at = ptr32(first)
        a = b = c = d = 0
        while at[0]:
            steps = ptr32(grid + at[1])
            if _PAIRED:
                a += (steps[0] & 0xFF00FF) * at[0]
                b += (steps[0] >> 8 & 0xFF00FF) * at[0]
            elif _WIDE:
                a += ptr16(steps)[0] * at[0]
                b += ptr16(steps)[1] * at[0]
                c += ptr16(steps)[2] * at[0]
                d += ptr16(steps)[3] * at[0]
            else:
                a += ptr8(steps)[0] * at[0]
                b += ptr8(steps)[1] * at[0]
                c += ptr8(steps)[2] * at[0]
                d += ptr8(steps)[3] * at[0]
            at = ptr32(int(at) + 8)
        if _PAIRED:
            c = a
            d = b
            a = (a & 0xFFFF ^ 0x8000) - 0x8000
            b = (b & 0xFFFF ^ 0x8000) - 0x8000
            c = c - a << up >> up >> 16
            d = d - b << up >> up >> 16
        work[4] = a
        work[5] = b
        work[6] = c
        work[7] = d
        grid += data[2]
        k = 4
        while k < 8:
            a = data[(data[0] >> 2) + number] - (work[k] << 1)
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
            k += 1
