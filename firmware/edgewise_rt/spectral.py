"""Features of a window's spectrum, from a Fourier transform in whole numbers."""

from array import array

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16, ptr32

from edgewise_rt import integers
from edgewise_rt.integers import MOST_SAMPLES, NUMBER, check

LEAST_POINTS, MOST_POINTS = 64, 512
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
_BLOCK = 7  # cells of an axis before its bands


class Spectral:
    """Of each axis the energy in bands of an octave, dominant frequency, centroid and flatness of the power spectrum.

    The transform takes the window's last N samples, N the greatest of 64, 128, 256 and 512 that there are, less their mean,
    under a Hann window. Lines 1 to N/2 - 1 of rate_hz / N each count, so neither the mean nor the Nyquist frequency. A band is
    named by the frequencies from which it reaches and below which it ends; the energies are scaled (by 16/3 / N**2) so that
    they add up to about the variance, exactly so for noise of all frequencies on average. dominant_hz is the strongest line, of
    equals the lowest; centroid_hz the mean of the frequencies weighted with the power; flatness the geometric mean of the power
    divided by its mean: near 0.56 for white noise, 0 for a single tone. All are 0 for a window that does not change.

    The window's numbers share one exponent, chosen so that they fill the transform's words (block floating point), however small
    the signal. A band is right to 0.2 % of itself and 0.02 % of all bands together; beside a tone the bands that it does not
    reach stay 60 dB below it. The features are the same to the last bit everywhere.
    """

    def __init__(self, axes, units, scales, offsets, length, rate_hz):
        """axes: names; units, scales, offsets: of each; length: samples in a window, 64 to 4096; rate_hz: their rate."""
        check(axes, units, scales, offsets, length, rate_hz, LEAST_POINTS, MOST_SAMPLES)
        points = MOST_POINTS
        while points > length:
            points >>= 1
        bands = 0
        while 2 << bands < points:
            bands += 1
        names, feature_units, cells, jobs, constants = [], [], [], [], array("f")
        f32 = array("f", [0])
        size = _BLOCK + 2 * bands
        cell = integers.RESULTS + 1 + size * len(axes)
        for axis, name in enumerate(axes):
            at = integers.RESULTS + 1 + size * axis
            unit = "(%s)^2" % units[axis] if "/" in units[axis] else units[axis] + "^2"
            f32[0] = scales[axis]  # each is rounded to float32 as it is stored
            f32[0] = f32[0] / points
            f32[0] = f32[0] * f32[0]
            f32[0] = f32[0] * 16
            f32[0] = f32[0] / 3
            for band in range(bands):
                jobs.extend((NUMBER, at + _BLOCK + 2 * band, 3, 3, cell, at))
                names.append("%s_energy_%s_%s_hz" % (name, _hz(rate_hz, 1 << band, points), _hz(rate_hz, 2 << band, points)))
                feature_units.append(unit)
                cells.extend((cell, cell + 1, 3))
                constants.append(f32[0])
                cell += 2
            line_hz = array("f", [rate_hz])
            line_hz[0] = line_hz[0] / points
            for kind, unit, number, exponent, divisor, constant in (
                ("dominant_hz", "Hz", at + 1, 3, 3, line_hz[0]),
                ("centroid_hz", "Hz", at + 2, at + 3, at + 4, line_hz[0]),
                ("flatness", "", at + 5, at + 6, 3, 1),
            ):
                names.append("%s_%s" % (name, kind))
                feature_units.append(unit)
                cells.extend((number, exponent, divisor))
                constants.append(constant)
        self.names, self.units = tuple(names), tuple(feature_units)
        cells.insert(0, len(names))
        jobs.insert(0, len(jobs) // 6)
        self._cells = array("H", cells)
        self._jobs = array("H", jobs)
        self._constants = constants
        self._n_axes, self._size, self._skipped = len(axes), size, length - points
        self._data = array("i", [0] * points)
        self._work = array("i", [0] * cell)
        self._work[0] = 1
        self._work[6] = points

    def compute(self, window, features, start):
        """Writes len(names) numbers into array('f') features from `start`. window: array('h') of length * n_axes samples.

        Allocates nothing.
        """
        work = self._work
        n_axes = self._n_axes
        work[1] = n_axes
        work[4] = start
        for axis in range(n_axes):
            work[2] = integers.RESULTS + 1 + self._size * axis
            work[5] = self._skipped * n_axes + axis
            load(window, work, _QUARTER, self._data)
            transform(self._data, 0, work, _QUARTER)
            lines(self._data, work)
        integers.differences(work, self._jobs)
        integers.to_floats(work, self._cells, self._constants, features)


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
def lines(data: ptr32, work: ptr32):
    """From transformed points to cells from work[2] on: exponent of the power, strongest line, sum of line * power, its exponent,
    sum of power as divisor, flatness and its exponent; then the power in each band, low and high. Power has at most 30 bits.
    """
    points = int(work[6])
    out = int(work[2])
    right = 0  # of the parts, to fit 15 bits and a sign
    while int(work[8]) >> right >> 15:
        right += 1
    half = (1 << right >> 1) - 0x100000
    e = int(work[7]) + right
    e += e - 1
    k = points
    band = out + 5
    while k > 1:
        e -= 2
        band += 2  # in the end behind the last: there is one band less than bits in the number of points
        k >>= 1
    work[out] = e
    i = points
    k = points >> 1
    total = total_high = moment = moment_high = low = high = peak = strongest = 0
    mantissa = 0x8000
    exponent = 0
    edge = k >> 1
    n = k - 1
    while k > 1:
        k -= 1
        i -= 2
        v = int(data[i]) + half >> right
        power = v * v >> 1
        v = int(data[i + 1]) + half >> right
        power += v * v >> 1
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
            edge >>= 1
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
