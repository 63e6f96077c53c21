"""Linear scores in fixed point (see backends/packed_linear.py and fixed.py), compiled by MicroPython's native emitter."""

# ruff: noqa: F821 - const and ptr32

_N_FEATURES = const(2)
_N_SCORES = const(1)
_N_CLASSES = const(2)  # 0 for a regression
_SHIFT = const(2)  # bits of a score's low part: those of a unit's and of a coefficient's
_LOW_OF_ROW = const(1)
_LOW_OF_COEF = const(1)
_EACH_GROUP = const(False)
_PROBA = const(False)
_EXPONENT = const(158)  # of a float32 whose mantissa begins at the top of a score, less 1


@micropython.viper
def _units(row: ptr32, data: ptr32, work: ptr32) -> bool:
    # Whether each number, a float32 by its bits, is within its limit; leaves it in units, and their high part.
    # A 64-bit machine loads words without their sign.
    top = 1
    top <<= 31
    up = 0
    if top > 0:
        up = 32
    i = 0
    while i < _N_FEATURES:
        word = row[i]
        shift = data[3 * i] - ((word >> 23) & 0xFF)
        if shift < 0:  # as an infinity or NaN has it
            return False
        if shift > 30:  # not every machine shifts by more than 31
            number = 0
        else:
            number = (((word & 0x7FFFFF | 0x800000) << 7 >> shift) + 1) >> 1
        if word >> 31 & 1:
            number = 0 - number
        number -= data[3 * i + 1] << up >> up
        limit = data[3 * i + 2] >> 1
        if number < 0:
            return False
        if number >= limit + limit:
            return False
        number -= limit
        work[2 * i + 2] = number
        work[2 * i + 3] = (number + (1 << _LOW_OF_ROW - 1)) >> _LOW_OF_ROW
        i += 1
    return True


@micropython.viper
def _sums(coefs: ptr32, units: ptr32) -> int:
    # coefs: the tables; units: the work area. Leaves the scores behind the units, low and high word of each; gives the place of
    # the largest. Both are moved along, as registers hold the first two locals only.
    low = h = w = high = k = best = best_low = best_high = 0
    up = 0
    top = 1
    top <<= 31
    if top > 0:
        up = 32
    start = int(units) + 8
    end = start + 8 * (_N_FEATURES + -_N_FEATURES % 4)
    to = ptr32(end)
    coefs = ptr32(int(coefs) + 12 * _N_FEATURES)
    while k < _N_SCORES:
        low = coefs[0]
        high = coefs[1]
        coefs = ptr32(int(coefs) + 8)
        units = ptr32(start)
        h = 0
        while int(units) < end:
            w = coefs[0] << up >> up
            low += units[0] * w
            h += units[1] * (w >> _LOW_OF_COEF)
            w = coefs[1] << up >> up
            low += units[2] * w
            h += units[3] * (w >> _LOW_OF_COEF)
            w = coefs[2] << up >> up
            low += units[4] * w
            h += units[5] * (w >> _LOW_OF_COEF)
            w = coefs[3] << up >> up
            low += units[6] * w
            h += units[7] * (w >> _LOW_OF_COEF)
            coefs = ptr32(int(coefs) + 16)
            units = ptr32(int(units) + 32)
            if _EACH_GROUP:
                low = low - (h << _SHIFT) << up >> up
                high += h + (low >> _SHIFT)
                low &= (1 << _SHIFT) - 1
                h = 0
        if not _EACH_GROUP:
            low = low - (h << _SHIFT) << up >> up
            high += h + (low >> _SHIFT)
            low &= (1 << _SHIFT) - 1
        high = high << up >> up
        to[0] = low
        to[1] = high
        to = ptr32(int(to) + 8)
        if _N_SCORES == 1:
            if high > 0 or (high == 0 and low):
                best = 1
        elif k == 0 or high > best_high or (high == best_high and low > best_low):
            best = k
            best_low = low
            best_high = high
        k += 1
    return best


if _PROBA or not _N_CLASSES:

    @micropython.viper
    def _floats(work: ptr32, score: ptr32):
        # The scores as float32.
        top = 1
        top <<= 31
        up = 0
        if top > 0:
            up = 32
        at = 2 + 2 * (_N_FEATURES + -_N_FEATURES % 4)
        k = 0
        while k < _N_SCORES:
            low = work[at]
            high = work[at + 1] << up >> up
            at += 2
            sign = 0
            if high < 0:
                sign = top
                low = (0 - low) & (1 << _SHIFT) - 1
                high = 0 - high
                if low:
                    high -= 1
            word = 0
            if high | low:
                exponent = _EXPONENT
                while not high >> 23:
                    high = high << 1 | low >> _SHIFT - 1
                    low = low << 1 & (1 << _SHIFT) - 1
                    exponent -= 1
                while high >> 24:
                    low = low >> 1 | low & 1 | (high & 1) << _SHIFT - 1
                    high >>= 1
                    exponent += 1
                if low > 1 << _SHIFT - 1 or (low == 1 << _SHIFT - 1 and high & 1):  # a half goes to the even one
                    high += 1
                word = (exponent - 8 << 23) + high | sign
            score[k] = word
            k += 1
