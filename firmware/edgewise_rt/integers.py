"""Kernels that the feature sets share: sums over samples, square roots, and integers to float32, all in integers.

They compute the same on CPython, on 32-bit boards and on 64-bit ones, and allocate nothing. They share `work`, an array('i'):
cell 0 holds the number of samples, 1 how many axes a sample has, 2 the first cell of results, 3 is 0, 4 the place of the first
feature. A sum too large for a cell takes two: low, its 30 lowest bits, and high, which has the sign.
"""

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16, ptr32

RESULTS = 8  # first cell that is free
ROOT, NUMBER, PRODUCT = range(3)  # kinds of a job
MOST_SAMPLES = 4096  # of which the sums fit


def check(axes, units, scales, offsets, length, rate_hz, least, most):
    """Raises ValueError, one line, for what no feature set can work with."""
    n = len(axes)
    if not n or not len(units) == len(scales) == len(offsets) == n:
        raise ValueError(
            "%d axes, %d units, %d scales, %d offsets: one of each for every axis" % (n, len(units), len(scales), len(offsets))
        )
    for i in range(n):
        if not 1e-9 <= scales[i] <= 1e6:
            raise ValueError("scale %r of axis %s: it has to be from 1e-9 to 1e6" % (scales[i], axes[i]))
    if not least <= length <= most:
        raise ValueError("a window of %d samples: choose %d to %d" % (length, least, most))
    if not 0 < rate_hz <= 100000:
        raise ValueError("a rate of %r Hz: it has to be above 0 and at most 100000" % rate_hz)


@micropython.viper
def moments(window: ptr16, work: ptr32):
    """Of each axis eight cells: sum, sum of squares (low, high), least, greatest, pairs of neighbors of which one is below 0,
    sum of the differences between neighbors without sign, and greatest less least. At most 4096 samples."""
    # A plain store of a negative number is right everywhere; what is loaded again as a signed one has to be signed there.
    axes = int(work[1])
    end = int(work[0]) * axes
    cell = int(work[2])
    axis = 0
    while axis < axes:
        i = axis
        total = low = high = crossings = path = 0
        last = least = most = ((window[i] & 0xFFFF) ^ 0x8000) - 0x8000
        while i < end:
            v = ((window[i] & 0xFFFF) ^ 0x8000) - 0x8000
            i += axes
            total += v
            low += v * v  # below 2**31, as low is below 2**30
            if low >> 30:
                low &= 0x3FFFFFFF
                high += 1
            if v != last:
                if v < last:
                    path += last - v
                    if v < least:
                        least = v
                else:
                    path += v - last
                    if v > most:
                        most = v
                if (v ^ last) < 0:
                    crossings += 1
                last = v
        work[cell] = total
        work[cell + 1] = low
        work[cell + 2] = high
        work[cell + 3] = least
        work[cell + 4] = most
        work[cell + 5] = crossings
        work[cell + 6] = path
        work[cell + 7] = most - least
        cell += 8
        axis += 1


@micropython.viper
def differences(work: ptr32, jobs: ptr16):
    """Results of n * squares - a * b, exact, for each job: six numbers (kind, cells of squares, a, b, result, exponent);
    the first of `jobs` is how many.

    ROOT: its square root with 24 bits, rounded: number, exponent. NUMBER: itself with 30 bits, the lowest set if any below is:
    number, exponent. The exponent at `exponent` is added. PRODUCT is another thing: of two roots, as 24 bits, to divide
    the number before the result, whose exponent shrinks by the product's. A root of 0 makes that number 0.
    """
    top = 1
    top <<= 31
    up = 0  # a 64-bit machine loads words without their sign
    if top > 0:
        up = 32
    n = int(work[0])
    job = 1
    end = 6 * int(jobs[0])
    while job < end:
        a = int(work[int(jobs[job + 2])]) << up >> up
        b = int(work[int(jobs[job + 3])]) << up >> up
        out = int(jobs[job + 4])
        if int(jobs[job]) == 2:
            if a == 0 or b == 0:
                work[out - 2] = 0
                work[out] = 0
            else:
                a &= 0x1FFFFFF
                b &= 0x1FFFFFF
                high = (a & 0xFFF) * (b >> 12) + (a >> 12) * (b & 0xFFF)
                low = (a & 0xFFF) * (b & 0xFFF) + ((high & 0xFFF) << 12)
                high = (a >> 12) * (b >> 12) + (high >> 12) + (low >> 24)
                low &= 0xFFFFFF
                e = 24
                while high >> 24:
                    low = low >> 1 | (high & 1) << 23
                    high >>= 1
                    e += 1
                while not high >> 23:
                    low <<= 1
                    high = high << 1 | low >> 24
                    low &= 0xFFFFFF
                    e -= 1
                if low >> 23 and high < 0xFFFFFF:
                    high += 1
                work[out] = high
                e += int(work[int(jobs[job + 2]) + 1]) + int(work[int(jobs[job + 3]) + 1])
                work[out - 1] = int(work[out - 1]) - e
            job += 6
            continue
        square = int(jobs[job + 1])
        low = int(work[square])
        high = int(work[square + 1]) << up >> up
        e = int(work[int(jobs[job + 5])]) << up >> up
        # limbs of 15 bits: n is at most 2**12, high and a >> 15 at most 2**12 in size
        middle = n * (low >> 15) - (a >> 15) * (b & 0x7FFF) - (a & 0x7FFF) * (b >> 15)
        high = n * high - (a >> 15) * (b >> 15)
        low = n * (low & 0x7FFF) - (a & 0x7FFF) * (b & 0x7FFF)
        middle += low >> 15
        high += middle >> 15
        low = (middle & 0x7FFF) << 15 | low & 0x7FFF
        if int(jobs[job]) == 0:
            root = rest = 0
            if high | low:
                pairs = 28
                if high == 0:
                    pairs = 15
                while not root >> 23:
                    pairs -= 1
                    rest <<= 2
                    if pairs >= 15:
                        rest |= high >> pairs + pairs - 30 & 3
                    elif pairs >= 0:
                        rest |= low >> pairs + pairs & 3
                    root <<= 1
                    if rest > root + root:
                        rest -= root + root + 1
                        root += 1
                if rest > root:
                    root += 1
                e += pairs
            work[out] = root
        else:
            sign = 0
            if high < 0:
                sign = 1
                high = -1 - high
                low = 0x3FFFFFFF - low + 1
                high += low >> 30
                low &= 0x3FFFFFFF
            while high:
                low = low >> 1 | (high & 1) << 29 | low & 1
                high >>= 1
                e += 1
            if sign:
                low = 0 - low
            work[out] = low
        work[out + 1] = e
        job += 6


@micropython.viper
def to_floats(work: ptr32, cells: ptr16, constants, features):
    """features[start + k] = number * 2**exponent / divisor * constants[k], as float32: the number, the quotient and the product
    are each rounded to the nearest, halves to the even one, as IEEE 754 does.

    cells: how many features, then the cells of number, exponent and divisor of each. Divisors have 24 bits, or are 0 for none.
    constants: array('f'), above 0; so is features, for which too small a result is 0 and too large a one infinite.
    """
    words = ptr32(features)
    factors = ptr32(constants)
    top = 1
    top <<= 31
    up = 0
    if top > 0:
        up = 32
    count = int(cells[0])
    to = int(work[4])
    k = 0
    at = 1
    while k < count:
        q = int(work[int(cells[at])]) << up >> up
        e = int(work[int(cells[at + 1])]) << up >> up
        d = int(work[int(cells[at + 2])])
        at += 3
        word = 0
        if q < 0:
            word = top
            q = 0 - q
        if q:
            while q < 0x8000:
                q <<= 8
                e -= 8
            while q < 0x800000:
                q <<= 1
                e -= 1
            low = 0  # what was shifted out: 2 for the last bit, 1 for any before
            while q >> 24:
                low = (q & 1) << 1 | low >> 1 | low & 1
                q >>= 1
                e += 1
            if low + (q & 1) > 2:
                q += 1
                if q >> 24:
                    q >>= 1
                    e += 1
            if d:
                e -= 23
                if q < d:
                    q <<= 1
                    e -= 1
                low = q
                q = i = 0
                while i < 24:
                    q <<= 1
                    if low >= d:
                        low -= d
                        q += 1
                    low <<= 1
                    i += 1
                if low > d or (low == d and q & 1):
                    q += 1
            m = int(factors[k])
            e += (m >> 23 & 0xFF) + 24
            m = m & 0x7FFFFF | 0x800000
            high = (q & 0xFFF) * (m >> 12) + (q >> 12) * (m & 0xFFF)
            low = (q & 0xFFF) * (m & 0xFFF) + ((high & 0xFFF) << 12)
            high = (q >> 12) * (m >> 12) + (high >> 12) + (low >> 24)
            low &= 0xFFFFFF
            while high < 0x800000:
                low <<= 1
                high = high << 1 | low >> 24
                low &= 0xFFFFFF
                e -= 1
            if low > 0x800000 or (low == 0x800000 and high & 1):
                high += 1
            if high >> 24:
                high >>= 1
                e += 1
            if e > 254:
                e = 255
                high = 0
            if e > 0:
                word |= e << 23 | high & 0x7FFFFF
            else:
                word = 0
        words[to + k] = word
        k += 1
