"""Walk over packed trees (see packed_trees.py) by MicroPython's native emitter, on every architecture that has one."""

# ruff: noqa: F821 - const and ptr32

_N_CLASSES = const(2)  # 0 for a regression
_N_FEATURES = const(2)
_F = const(1)  # bits of the fields of a node: feature, threshold, reference
_T = const(8)
_R = const(19)
_C = const(1)  # bits of a class in an entry
_ALIGNMENT = const(0)
_SHORT_ENTRIES = const(True)
_POOLED = const(False)
_WIDE = const(False)
_MIRRORED = const(False)


@micropython.viper
def _walk(row: ptr32, data: ptr32, work: ptr32) -> int:
    # row: float32 by their bits, finite ones. Gives the place of the class with most votes, or the sum of the steps.
    # A 64-bit machine loads words without their sign; shifted to the top, they compare as they should on both.
    top = 1
    top <<= 31
    up = 0
    if top > 0:
        up = 32
    k = 0
    if _MIRRORED:
        keys = ptr32(int(work) + 4 * (1 + _N_CLASSES))
        while k < _N_FEATURES:
            v = row[k] << up >> up
            if v < 0:
                v = 0 - v - top
            keys[k] = v
            k += 1
        row = keys
    k = 1
    while k <= _N_CLASSES:
        work[k] = 0
        k += 1
    total = 0
    tree = 5
    while data[tree]:
        n = data[tree] >> 2
        tree += 1
        while True:
            w = data[n]
            f = (w >> 32 - _F) & (1 << _F) - 1
            if _WIDE:
                t = data[n + 1] << up
                n += 2
            elif _POOLED:
                t = data[(data[4] >> 2) + (w & (1 << _T) - 1)] << up
                n += 1
            else:
                t = w << 32 - _T + up
                n += 1
            r = (w >> _T) & (1 << _R) - 1
            if row[f] << up <= t:
                if w & 1 << _T + _R:
                    if w & 2 << _T + _R:
                        r = data[(data[1] >> 2) + r] & 0xFFFF
                    break
            elif w & 2 << _T + _R:
                if w & 1 << _T + _R:
                    r = (data[(data[1] >> 2) + r] >> 16) & 0xFFFF
                break
            elif not w & 1 << _T + _R:
                if _WIDE:
                    n += r
                n += r
        if _N_CLASSES:
            if r < _N_CLASSES:
                work[1 + r] = work[1 + r] + data[0]
            elif _SHORT_ENTRIES:
                entries = ptr16(int(data) + data[3] + (r - _N_CLASSES << 1 + _ALIGNMENT))
                values = ptr16(int(data) + data[2])
                k = 0
                while True:
                    w = entries[k]
                    c = 1 + (w & (1 << _C) - 1)
                    work[c] = work[c] + values[(w & 0x7FFF) >> _C]
                    k += 1
                    if w >> 15:
                        break
            else:
                n = (data[3] >> 2) + (r - _N_CLASSES << _ALIGNMENT)
                while True:
                    w = data[n] << up >> up
                    c = 1 + (w & (1 << _C) - 1)
                    work[c] = work[c] + ((w & top - 1) >> _C)
                    n += 1
                    if w < 0:
                        break
        else:
            total += data[(data[2] >> 2) + r]
    if _N_CLASSES:
        k = 2
        best = 1
        while k <= _N_CLASSES:
            if work[k] > work[best]:
                best = k
            k += 1
        return best - 1
    return total
