"""A network in whole numbers (see backends/packed_network.py), compiled by MicroPython's native emitter."""

# ruff: noqa: F821 - const and ptr32

_N_SCORES = const(1)
_N_LAYERS = const(1)
_N_HIDDEN = const(0)
_LOWS = const(False)  # whether every feature has its own least number
_BITS = const(7)  # of a row's numbers, beside their sign
_FIRST = const(2)  # where the layers begin
_WIDE = const(False)  # weights of 16 bits
_SPARSE = const(False)
_TANH = const(False)
_TABLE = const(2)  # where that of tanh begins
_FINE = const(8)  # bits between two of its places


@micropython.viper
def _network(w: ptr8, u: ptr16, work: ptr32, n_features: int) -> int:
    # w: the tables; u: the row, in whose place its whole numbers go. Both are moved along, as registers hold the first two locals
    # only. Leaves the sums of the last layer in the work area; gives the place of the largest.
    # A 64-bit machine loads words without their sign.
    top = 1
    top <<= 31
    up = 0
    if top > 0:
        up = 32
    table = int(w)
    x = int(u)
    total = word = shift = n = m = s = k = best = most = end = layer = value = 0
    low = 0 - (1 << _BITS)
    to = int(work) + 4 * _N_SCORES
    while n < n_features:
        word = ptr32(u)[n]
        shift = w[n] - (word >> 23 & 0xFF)
        if shift > 30:  # not every machine shifts by more than 31
            s = 0
        elif shift < 0:  # beyond what counts
            s = 1 << 29
            s += s
        else:
            s = ((word & 0x7FFFFF | 0x800000) << 7 >> shift) + 1 >> 1
        if word >> 31 & 1:
            s = 0 - s
        if _LOWS:
            at = table + (n_features + 1 >> 1 << 1) + 4 * n
            low = (ptr16(at)[0] | ptr16(at)[1] << 16) << up >> up
        s -= low
        if s < 0:
            s = 0
        if s >> _BITS + 1:
            s = (2 << _BITS) - 1
        u[n] = s
        total += s
        n += 1
    w = ptr8(table + _FIRST)
    while layer < _N_LAYERS:
        layer += 1
        head = ptr16(w)
        w = ptr8(int(w) + 10)
        end = x + 2 * head[0]
        n = 0
        k = 0
        while k < head[1]:
            s = (ptr16(w)[0] | ptr16(w)[1] << 16) << up >> up
            m = ptr16(w)[2]
            shift = ptr16(w)[3]
            w = ptr8(int(w) + 8)
            u = ptr16(x)
            if _SPARSE:
                bits = int(w)
                w = ptr8(bits + (head[0] + 15 >> 4 << 1))
                while int(u) < end:
                    word = ptr16(bits)[0]
                    bits += 2
                    value = int(u) + 32
                    while word:
                        if word & 1:
                            if _WIDE:
                                s += (ptr16(w)[0] - 32768) * u[0]
                                w = ptr8(int(w) + 2)
                            else:
                                s += (w[0] - 128) * u[0]
                                w = ptr8(int(w) + 1)
                        u = ptr16(int(u) + 2)
                        word >>= 1
                    u = ptr16(value)
                w = ptr8(int(w) + (int(w) & 1))
            elif _WIDE:
                s -= total << 15
                while int(u) < end:
                    s += ptr16(w)[0] * u[0] + ptr16(w)[1] * u[1] + ptr16(w)[2] * u[2] + ptr16(w)[3] * u[3]
                    w = ptr8(int(w) + 8)
                    u = ptr16(int(u) + 8)
            else:
                s -= total << 7
                while int(u) < end:
                    s += w[0] * u[0] + w[1] * u[1] + w[2] * u[2] + w[3] * u[3]
                    w = ptr8(int(w) + 4)
                    u = ptr16(int(u) + 8)
            if layer == _N_LAYERS:
                work[k] = s
                if k == 0 or s > most:
                    best = k
                    most = s
            else:
                value = s
                if s < 0:
                    if _TANH:
                        value = 0 - s
                    else:
                        value = 0
                value = value + (1 << shift >> 1) >> shift
                if value > 32768:
                    value = 32768
                value = value * m + 8192 >> 14
                if value > head[2]:
                    value = head[2]
                if _TANH:
                    u = ptr16(table + _TABLE + (value >> _FINE << 1))
                    value = u[0] + ((u[1] - u[0]) * (value & (1 << _FINE) - 1) >> _FINE)
                    shift = head[4]
                    value = value + (1 << shift >> 1) >> shift
                    if s < 0:
                        value = 0 - value
                    value += head[3]
                ptr16(to)[k] = value
                n += value
            k += 1
        total = n
        x = to
        to = int(work) + 4 * _N_SCORES + 2 * _N_HIDDEN * (layer & 1)
    if _N_SCORES == 1:
        best = 0
        if most > 0:
            best = 1
    return best
