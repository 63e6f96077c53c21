"""Features of a window's spectrum, from a Fourier transform in whole numbers."""

from array import array

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16, ptr32

from edgewise_rt import integers
from edgewise_rt.integers import MOST_SAMPLES, check

LEAST_POINTS, MOST_POINTS = 64, 512
SILENT = -99  # exponent of powers that are all 0
# Cosines of the first quarter of 512 steps, times 2**14
_QUARTER = array(
    "H",
    (
        b"\x00@\xff?\xfb?\xf5?\xec?\xe1?\xd4?\xc4?\xb1?\x9c?\x85?k?O?0?\x0f?\xeb>\xc5>\x9d>r>E>\x15>\xe3=\xaf=x=?=\x03=\xc5<\x85"
        b"<B<\xfd;\xb6;m;!;\xd3:\x82:0:\xdb9\x849+9\xcf8q8\x128\xb07K7\xe56}6\x126\xa5575\xc64S4\xdf3h3\xef2t2\xf81y1\xf90v0\xf2"
        b"/l/\xe4.Z.\xcf-A-\xb2,!,\x8f+\xfb*e*\xce)5)\x9a(\xfe'`'\xc1& &~%\xda$5$\x8e#\xe7\x22=\x22\x93!\xe7 : \x8c\x1f\xdc\x1e+"
        b"\x1ey\x1d\xc6\x1c\x12\x1c]\x1b\xa7\x1a\xef\x197\x19~\x18\xc4\x17\x09\x17L\x16\x90\x15\xd2\x14\x13\x14T\x13\x94\x12\xd3"
        b"\x11\x12\x11P\x10\x8d\x0f\xca\x0e\x06\x0eA\x0d|\x0c\xb7\x0b\xf1\x0a+\x0ad\x09\x9d\x08\xd6\x07\x0e\x07F\x06~\x05\xb5"
        b"\x04\xed\x03$\x03[\x02\x92\x01\xc9\x00\x00\x00"
    ),
)
_BLOCK = 8  # cells of an axis before its bands


class Spectral:
    """Of each axis the energy in some bands, in dB, dominant frequency, centroid and flatness of the power spectrum.

    N is the greatest of 64, 128, 256 and 512 points that the window has. As few stretches of N samples as cover the window,
    evenly spread, are transformed, each less its mean and under a Hann window, and their power is averaged (Welch 1967). Lines
    1 to N/2 - 1 of rate_hz / N each count, so neither the mean nor the Nyquist frequency.

    The bands begin at lines 1, 2, 3, 5, 8, 13, 21, ... (Fibonacci's numbers: each band about 1.6 times as wide as the one
    before), the last ends below N/2; a band is named by the frequencies from which it reaches and below which it ends. The
    feature is 10 * log10 of its energy in squares of the axis' unit. All energies (scaled by 16/3 / N**2) add up to about the
    variance, exactly so for noise of all frequencies on average. An energy below 1/16 of a squared count, which is about what
    rounding to whole counts adds, counts as that.

    dominant_hz is the strongest line, of equals the lowest; centroid_hz the mean of the frequencies weighted with the power;
    flatness the geometric mean of the power divided by its mean: near 0.56 for one stretch of white noise, more for the average
    of several, 0 for a single tone. These are 0 for a window that does not change.

    The numbers of a stretch share one exponent, chosen so that they fill the transform's words (block floating point), however
    small the signal. A band's energy is right to 0.2 % of itself and 0.02 % of all bands together, its logarithm to 0.002 dB;
    beside a tone the bands that it does not reach stay 60 dB below it. The features are the same to the last bit everywhere.
    """

    def __init__(self, axes, units, scales, offsets, length, rate_hz):
        """axes: names; units, scales, offsets: of each; length: samples in a window, 64 to 4096; rate_hz: their rate."""
        check(axes, units, scales, offsets, length, rate_hz, LEAST_POINTS, MOST_SAMPLES)
        points = MOST_POINTS
        while points > length:
            points >>= 1
        edges = [1, 2]
        while edges[-1] + edges[-2] < points // 2:
            edges.append(edges[-1] + edges[-2])
        edges.append(points // 2)
        bands = len(edges) - 1
        stretches = (length + points - 1) // points
        self._starts = [(length - points) * k // (stretches - 1) for k in range(stretches)] if stretches > 1 else [0]
        names, feature_units, cells, constants = [], [], [], array("f")
        f32 = array("f", [0])
        size = _BLOCK + 2 * bands
        self._n_axes, self._size, self._first = len(axes), size, integers.RESULTS + 4
        self._data = array("i", [0] * points)
        self._power = array("i", [0] * (points // 2))
        work = self._work = array("i", [0] * (self._first + size * len(axes)))
        work[0] = 1
        work[6] = points
        f32[0] = 3010300  # of log2 to 10 * log10; each is rounded to float32 as it is stored
        f32[0] = f32[0] / 1000000
        decibel = f32[0] / 4096
        f32[0] = rate_hz
        f32[0] = f32[0] / points
        line_hz = f32[0]
        for axis, name in enumerate(axes):
            at = self._first + size * axis
            f32[0] = scales[axis]
            f32[0] = f32[0] * f32[0]
            floor = _log2(work, at, f32) - (4 << 12)
            f32[0] = f32[0] / (points * points)
            f32[0] = f32[0] * 16
            f32[0] = f32[0] / (3 * stretches)
            work[at] = _log2(work, at, f32)
            work[at + 7] = floor
            for band in range(bands):
                low, high = (_hz(rate_hz, edges[band + k], points) for k in (0, 1))
                names.append("%s_energy_%s_%s_hz" % (name, low, high))
                feature_units.append("dB")
                cells.extend((at + _BLOCK + 2 * band, 3, 3))
                constants.append(decibel)
            for kind, unit, number, exponent, divisor, constant in (
                ("dominant_hz", "Hz", at + 1, 3, 3, line_hz),
                ("centroid_hz", "Hz", at + 2, at + 3, at + 4, line_hz),
                ("flatness", "", at + 5, at + 6, 3, 1),
            ):
                names.append("%s_%s" % (name, kind))
                feature_units.append(unit)
                cells.extend((number, exponent, divisor))
                constants.append(constant)
        self.names, self.units = tuple(names), tuple(feature_units)
        cells.insert(0, len(names))
        self._cells = array("H", cells)
        self._constants = constants
        work[10] = 0
        while 1 << work[10] < stretches:
            work[10] += 1
        work[11] = bands

    def compute(self, window, features, start):
        """Writes len(names) numbers into array('f') features from `start`. window: array('h') of length * n_axes samples.

        Allocates nothing.
        """
        work = self._work
        n_axes = self._n_axes
        work[1] = n_axes
        work[4] = start
        for axis in range(n_axes):
            work[2] = self._first + self._size * axis
            work[9] = SILENT
            for first in self._starts:
                work[5] = first * n_axes + axis
                load(window, work, _QUARTER, self._data)
                transform(self._data, 0, work, _QUARTER)
                add_power(self._data, self._power, work)
            lines(self._power, work)
            levels(work)
        integers.to_floats(work, self._cells, self._constants, features)


def _log2(work, at, number):
    """Of the float32 in array('f') number, in units of 2**-12."""
    bits = array("I", bytes(number))[0]
    work[2], work[9], work[11] = at, (bits >> 23) - 150, 1
    work[at], work[at + 7] = 0, -(1 << 30)
    work[at + _BLOCK], work[at + _BLOCK + 1] = bits & 0x7FFFFF | 0x800000, 0
    levels(work)
    return work[at + _BLOCK]


def _hz(rate_hz, line, points):
    # From whole numbers: boards of single precision print the last digits of others differently
    hundredths = int(rate_hz * 100 * line / points + 0.5)
    return "%d.%02d" % (hundredths // 100, hundredths % 100)


@micropython.viper
def load(window: ptr16, work: ptr32, quarter: ptr16, data: ptr32):
    """Samples of one axis, from number work[5] on, less their mean and under a Hann window, as large as lets the sum of their
    sizes, and so any sum in the transform, stay below 2**16; pairs of them as complex numbers in the order of reversed bits.
    Everything in `data` stands 2**20 above its value, so that no sign has to be restored. work[7]: exponent of the data, in
    counts times the number of points.
    """
    points = int(work[6])
    axes = int(work[1])
    n = points
    i = int(work[5])
    total = 0
    least = most = ((window[i] & 0xFFFF) ^ 0x8000) - 0x8000
    while n:
        v = ((window[i] & 0xFFFF) ^ 0x8000) - 0x8000
        i += axes
        total += v
        if v < least:
            least = v
        if v > most:
            most = v
        n -= 1
    peak = most * points - total
    if total - least * points > peak:
        peak = total - least * points
    right = left = 0
    if peak:
        while peak >> right >= 0x7FFF:
            right += 1
        while peak << left < 0x4000:
            left += 1
    half = 1 << right >> 1
    step = 512 // points
    angle = 0
    i = int(work[5])
    at = total_size = 0
    while n < points:
        v = ((((window[i] & 0xFFFF) ^ 0x8000) - 0x8000) * points - total << left) + half >> right
        i += axes
        turn = angle
        if turn > 256:
            turn = 512 - turn
        if turn <= 128:
            turn = 0 - int(quarter[turn])
        else:
            turn = int(quarter[256 - turn])
        angle += step
        v = v * (0x4000 + turn) + 0x4000 >> 15
        data[at] = v + 0x100000
        if v < 0:
            v = 0 - v
        total_size += v
        n += 1
        if n & 1:
            at += 1
        else:  # counts up from the highest bit
            at -= 1
            bit = points >> 1
            while at & bit:
                at ^= bit
                bit >>= 1
            at |= bit
    v = right - left
    right = 0
    while total_size >> right >= 0xF000:
        right += 1
    work[7] = v + right
    half = (1 << right >> 1) - 0x100000
    i = 0
    while i < points:
        data[i] = (int(data[i]) + half >> right) + 0x100000
        i += 1


@micropython.viper
def transform(data: ptr32, i: int, work: ptr32, quarter: ptr16):
    """The Fourier transform of real points: line k, doubled, at data[2 * k] and data[2 * k + 1]; line 0 is left undone. i: 0, a
    place in a register, which viper gives to the first two locals. work[8]: the bits that any part has.

    Decimation in time over half as many complex points, pairs of samples; the lines are separated from those at the end.
    """
    points = int(work[6])
    span = 8  # words that a step's parts lie apart, which is twice the complex points
    i = 0
    while i < points:  # the first two steps need no products
        ar = int(data[i]) + int(data[i + 2])
        br = int(data[i]) - int(data[i + 2])
        ai = int(data[i + 1]) + int(data[i + 3])
        bi = int(data[i + 1]) - int(data[i + 3])
        cr = int(data[i + 4]) + int(data[i + 6]) - 0x200000
        dr = int(data[i + 4]) - int(data[i + 6])
        ci = int(data[i + 5]) + int(data[i + 7]) - 0x200000
        di = int(data[i + 5]) - int(data[i + 7])
        ar -= 0x100000
        ai -= 0x100000
        br += 0x100000
        bi += 0x100000
        data[i] = ar + cr
        data[i + 1] = ai + ci
        data[i + 4] = ar - cr
        data[i + 5] = ai - ci
        data[i + 2] = br + di
        data[i + 3] = bi - dr
        data[i + 6] = br - di
        data[i + 7] = bi + dr
        i += 8
    while span < points:
        turn = first = 0
        step = 512 // span
        while first < span:
            if turn <= 128:
                c = int(quarter[turn])
                s = int(quarter[128 - turn])
            else:
                c = 0 - int(quarter[256 - turn])
                s = int(quarter[turn - 128])
            turn += step
            i = first
            while i < points:
                k = i + span
                br = int(data[k]) - 0x100000
                bi = int(data[k + 1]) - 0x100000
                t = br * c + bi * s + 0x2000 >> 14
                v = int(data[i])
                data[i] = v + t
                data[k] = v - t
                t = bi * c - br * s + 0x2000 >> 14
                i += 1
                v = int(data[i])
                data[i] = v + t
                data[k + 1] = v - t
                i = k + span
            first += 2
        span += span
    # From the transform of pairs to that of the points
    step = 512 // points
    turn = step
    seen = 0
    i = 2
    k = points - 2
    while i <= k:
        ar = int(data[i]) + int(data[k]) - 0x200000
        br = int(data[i]) - int(data[k])
        ai = int(data[i + 1]) - int(data[k + 1])
        bi = int(data[i + 1]) + int(data[k + 1]) - 0x200000
        c = int(quarter[turn])
        s = int(quarter[128 - turn])
        turn += step
        t = bi * c - br * s + 0x2000 >> 14
        v = ar + t
        seen |= v ^ (v >> 31)
        data[i] = v + 0x100000
        v = ar - t
        seen |= v ^ (v >> 31)
        data[k] = v + 0x100000
        t = br * c + bi * s + 0x2000 >> 14
        v = ai - t
        seen |= v ^ (v >> 31)
        data[i + 1] = v + 0x100000
        v = 0 - ai - t
        seen |= v ^ (v >> 31)
        data[k + 1] = v + 0x100000
        i += 2
        k -= 2
    work[8] = seen


@micropython.viper
def add_power(data: ptr32, power: ptr32, work: ptr32):
    """From transformed points to power[k] of line k, with at most 30 bits and the exponent work[9]: added to what is there, or
    in its place where that exponent is -99. work[10]: bits that the sum of all stretches may grow by.
    """
    top = 1
    top <<= 31
    up = 0
    if top > 0:
        up = 32
    points = int(work[6])
    seen = int(work[8])
    right = 0  # of the parts, to fit 15 bits and a sign
    while seen >> right >> 15:
        right += 1
    half = (1 << right >> 1) - 0x100000
    drop = int(work[10])  # of the new powers
    e = (int(work[7]) << up >> up) + right
    e += e + drop - 1
    k = points
    while k > 1:
        e -= 2
        k >>= 1
    if not seen:
        e = -99
    before = int(work[9]) << up >> up
    shrink = 0  # of those before
    if before == -99:
        shrink = 31
        work[9] = e
    elif e > before:
        shrink = e - before
        work[9] = e
    else:
        drop += before - e
    if shrink > 31:
        shrink = 31
    if drop > 30:
        drop = 30
    i = points
    k = points >> 1
    while k > 1:
        k -= 1
        i -= 2
        v = int(data[i]) + half >> right
        new = v * v >> 1
        v = int(data[i + 1]) + half >> right
        new += v * v >> 1
        power[k] = (int(power[k]) >> shrink) + (new >> drop)


@micropython.viper
def lines(powers: ptr32, work: ptr32):
    """From the power of the lines to cells behind work[2]: strongest line, sum of line * power, its exponent, sum of power as
    divisor, flatness and its exponent; then, behind one more, the power in each band, low and high.
    """
    points = int(work[6])
    out = int(work[2])
    k = points >> 1
    band = out + 8 + 2 * int(work[11])
    edge = 2  # the greatest of Fibonacci's numbers below N/2, and the one before
    below = 1
    while edge + below < k:
        edge += below
        below = edge - below
    total = total_high = moment = moment_high = low = high = peak = strongest = 0
    mantissa = 0x8000
    exponent = 0
    n = k - 1
    while k > 1:
        k -= 1
        power = int(powers[k])
        low += power
        if low >> 30:
            low &= 0x3FFFFFFF
            high += 1
        total += power
        if total >> 30:
            total &= 0x3FFFFFFF
            total_high += 1
        moment += total  # in the end each power has been added as often as its line says
        moment_high += total_high
        if moment >> 30:
            moment &= 0x3FFFFFFF
            moment_high += 1
        if power >= peak:
            peak = power
            strongest = k
        # The product of all powers, with 16 bits
        if not power:
            power = 1
        while power >> 18:
            power >>= 4
            exponent += 4
        while power >> 15:
            power >>= 1
            exponent += 1
        while not power >> 14:
            power <<= 1
            exponent -= 1
        mantissa = mantissa * power >> 14
        exponent += 14
        if mantissa >> 16:
            mantissa >>= 1
            exponent += 1
        if k == edge:
            i = edge - below
            edge = below
            below = i
            band -= 2
            work[band] = low
            work[band + 1] = high
            low = high = 0
    if not peak:
        strongest = 0
    work[out + 1] = strongest
    work[out + 2] = work[out + 3] = work[out + 4] = work[out + 5] = work[out + 6] = 0
    if peak:
        e = 0
        while total_high:
            total = total >> 1 | (total_high & 1) << 29
            total_high >>= 1
            moment = moment >> 1 | (moment_high & 1) << 29
            moment_high >>= 1
            e -= 1
        while total >> 22:  # the moment is less than 256 times the total
            total >>= 1
            moment = moment >> 1 | (moment_high & 1) << 29
            moment_high >>= 1
            e -= 1
        k = e
        while not total >> 23:
            total <<= 1
            e += 1
        work[out + 2] = moment
        work[out + 3] = e - k
        work[out + 4] = total
        # Logarithms to base 2 in units of 2**-16, of the product and of the mean, by squaring
        power = (total << 6) // n
        e = 9 - e
        while power >> 16:
            power >>= 1
            e += 1
        k = 0
        while k < 2:
            i = 16
            while i:
                mantissa = mantissa * (mantissa >> 1) + (mantissa & 1) * (mantissa >> 1) >> 14
                exponent <<= 1
                if mantissa >> 16:
                    mantissa >>= 1
                    exponent += 1
                i -= 1
            if not k:
                low = exponent // n
                mantissa = power
                exponent = e
            k += 1
        exponent = low - exponent
        if exponent > 0:  # where powers below 1 count as 1
            exponent = 0
        low = (exponent & 0xFFFF) >> 1
        # 2**x for x from 0 to 1: a polynomial fitted to 3e-6
        v = (3424 + (880 * low >> 15)) * low >> 15
        v = (45419 + ((15813 + v) * low >> 15)) * low >> 15
        work[out + 5] = 0x10000 + v
        work[out + 6] = (exponent >> 16) - 16


@micropython.viper
def levels(work: ptr32):
    """In place of the power in each of work[11] bands of the axis at work[2] its logarithm to base 2, by squaring, in units of
    2**-12: plus the axis' first cell, and at least its eighth.
    """
    top = 1
    top <<= 31
    up = 0
    if top > 0:
        up = 32
    cell = int(work[2])
    plus = int(work[cell]) << up >> up
    least = int(work[cell + 7]) << up >> up
    n = int(work[11])
    while n:
        cell += 2
        low = int(work[cell + 6])
        high = int(work[cell + 7])
        level = least
        if low | high:
            e = (int(work[9]) << up >> up) + 14
            while high:
                low = low >> 1 | (high & 1) << 29
                high >>= 1
                e += 1
            while low >> 18:
                low >>= 4
                e += 4
            while low >> 15:
                low >>= 1
                e += 1
            while not low >> 14:
                low <<= 1
                e -= 1
            i = 12
            while i:
                low = low * low + 0x2000 >> 14
                e += e
                if low >> 15:
                    low >>= 1
                    e += 1
                i -= 1
            e += plus
            if e > level:
                level = e
        work[cell + 6] = level
        n -= 1
