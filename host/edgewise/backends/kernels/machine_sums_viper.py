"""Whole sums of a kernel machine (see backends/packed_machine.py) by MicroPython's native emitter."""

# ruff: noqa: F821 - const and ptr32

_WIDE = const(False)
_PAIRED = const(False)
_SUMS = const(13)  # words of the work area
_N_SCORES = const(1)
_N_GROUPS = const(1)
_INTERCEPTS = const(28)  # bytes of the tables
_DUALS = const(40)
_EXPONENTIALS = const(44)
_GROUPS = const(48)
_LIMIT = const(1)
_DROP = const(0)
_MULTIPLIER = const(1)
_SHIFT_E = const(1)
_DOWN = const(0)


@micropython.viper
def _sum(at: ptr32, steps: ptr32, a: int):
    # tables, work area with a row on the grid. Registers hold the arguments alone, so that these are what the inner loop uses:
    # the row's next number, the steps of four vectors, and a sum.
    data = at
    work = steps
    # A 64-bit machine loads words without their sign; shifted to the top and back they have it.
    up = 1
    if up << 31 > 0:
        up = 32
    else:
        up = 0
    grid = int(data) + data[1]
    first = int(work) + 32
    square = int(data) + data[0]
    dual = int(data) + _DUALS
    group = int(data) + _GROUPS
    a = 0
    while a < _N_SCORES:
        work[_SUMS + a] = data[(_INTERCEPTS >> 2) + a]
        a += 1
    groups = _N_GROUPS
    while groups:
        fours = ptr16(group)[0]
        n = ptr16(group)[1]
        group += 4
        while fours:
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
            at = ptr32(int(work) + 16)
            while int(at) < first:
                a = ptr32(square)[0] + work[3] - (at[0] << 1)
                a = a << up >> up
                if a < _LIMIT:
                    a = (a >> _DROP) * _MULTIPLIER >> _SHIFT_E
                    steps = ptr32(int(data) + _EXPONENTIALS + ((a >> 10 & 63) << 1))
                    b = ptr16(steps)[0]
                    b -= (b - ptr16(steps)[1]) * (a & 1023) >> 10
                    a = (a >> 16) + _DOWN
                    c = 0
                    while c < n:
                        steps = ptr32(int(work) + ptr16(group)[c])
                        steps[0] = steps[0] + (((ptr16(dual)[c] ^ 0x8000) - 0x8000) * b >> a)
                        c += 1
                square += 4
                dual += n + n
                at = ptr32(int(at) + 4)
            fours -= 1
        group += n + n
        groups -= 1
