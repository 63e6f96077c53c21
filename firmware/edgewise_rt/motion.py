"""Features of a window of motion: how each axis moves, how strong the whole is, and which axes move together."""

from array import array

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16, ptr32

from edgewise_rt import integers
from edgewise_rt.integers import MOST_SAMPLES, NUMBER, PRODUCT, RESULTS, ROOT, check


class Motion:
    """Of each axis mean, std (divided by n), min, max, range, rms, zero_crossings (pairs of neighbors of which just one is
    below 0), energy (mean of squares) and jerk (mean difference between neighbors without sign, times the rate). An axis with
    an offset has no 0 in its counts: it has no rms, zero_crossings and energy.

    Three axes in a row X_x, X_y, X_z of one unit and scale and without offsets have mean, std, min and max of X_magnitude, whose
    samples are whole numbers of 2**-8 counts for small signals, up to 2 counts for those that fill 16 bits; and the correlations
    xy, xz and yz, 0 where an axis does not change.

    Two such triples A and B, as acc and gyro, have A_B_correlation_ij, of each axis i of A with each axis j of B, and
    A_B_loop_ij: the mean of the change of A_i since the sample before times B_j, per second. It is the area, with its sign, that
    the point (A_i, B_j) goes around in a second, and tells a movement from the same one played backwards.

    All else is exact before it is rounded to float32, at most three times; the numbers are the same to the last bit everywhere.
    """

    def __init__(self, axes, units, scales, offsets, length, rate_hz):
        """axes: names; units, scales, offsets: of each; length: samples in a window, 2 to 4096; rate_hz: their rate."""
        check(axes, units, scales, offsets, length, rate_hz, 2, MOST_SAMPLES)
        n_axes = len(axes)
        triples = [i for i in range(n_axes - 2) if _is_triple(axes, units, scales, offsets, i)]
        self._triples = []  # of each: its first axis, cells of the magnitude
        self._pairs = []  # of each: the first axes of both, cells of the sums
        names, feature_units, cells, jobs, constants = [], [], [], [], array("f")
        self._offsets = []  # (place, offset)
        cell = RESULTS + 8 * n_axes
        f32 = array("f", [0] * 4)
        roots = []

        def feature(name, unit, number, exponent, divisor, constant):
            names.append(name)
            feature_units.append(unit)
            cells.extend((number, exponent, divisor))
            constants.append(constant)

        def derived(kind, squares, a, b, exponent=3):
            # The cell of the result; the next one holds its exponent, the one after it is free for a divisor
            nonlocal cell
            jobs.extend((kind, squares, a, b, cell, exponent))
            cell += 3
            return cell - 3

        def set_constants(scale):
            f32[0] = scale  # each is rounded to float32 as it is stored
            f32[1] = f32[0] / length
            f32[2] = f32[1] * f32[1]
            f32[3] = f32[0] * rate_hz
            f32[3] = f32[3] / (length - 1)

        for axis in range(n_axes):
            name, unit, at = axes[axis], units[axis], RESULTS + 8 * axis
            set_constants(scales[axis])
            one, per_n, squared, per_s = f32
            grouped = "(%s)" % unit if "/" in unit else unit
            std = derived(ROOT, at + 1, at, at)
            roots.append(std)
            feature(name + "_mean", unit, at, 3, 3, per_n)
            feature(name + "_std", unit, std, std + 1, 3, per_n)
            feature(name + "_min", unit, at + 3, 3, 3, one)
            feature(name + "_max", unit, at + 4, 3, 3, one)
            if offsets[axis]:
                n = len(names)
                self._offsets.append((n - 4, offsets[axis]))
                self._offsets.append((n - 2, offsets[axis]))
                self._offsets.append((n - 1, offsets[axis]))
            feature(name + "_range", unit, at + 7, 3, 3, one)
            if not offsets[axis]:
                rms = derived(ROOT, at + 1, 3, 3)
                energy = derived(NUMBER, at + 1, 3, 3)
                feature(name + "_rms", unit, rms, rms + 1, 3, per_n)
                feature(name + "_zero_crossings", "count", at + 5, 3, 3, 1)
                feature(name + "_energy", grouped + "^2", energy, energy + 1, 3, squared)
            feature(name + "_jerk", grouped + "/s", at + 6, 3, 3, per_s)
        for axis in triples:
            name, unit = axes[axis][:-2], units[axis]
            set_constants(scales[axis])
            one, per_n = f32[0], f32[1]
            at = cell  # results of the magnitude, its exponent, and of the three products low and high
            shift = at + 8
            cell += 15
            self._triples.append((axis, at))
            std = derived(ROOT, at + 1, at, at, shift)
            feature(name + "_magnitude_mean", unit, at, shift, 3, per_n)
            feature(name + "_magnitude_std", unit, std, std + 1, 3, per_n)
            feature(name + "_magnitude_min", unit, at + 3, shift, 3, one)
            feature(name + "_magnitude_max", unit, at + 4, shift, 3, one)
            for k, (a, b) in enumerate(((0, 1), (0, 2), (1, 2))):
                product = derived(NUMBER, at + 9 + 2 * k, RESULTS + 8 * (axis + a), RESULTS + 8 * (axis + b))
                jobs.extend((PRODUCT, 3, roots[axis + a], roots[axis + b], product + 2, 3))
                feature("%s_correlation_%s%s" % (name, "xyz"[a], "xyz"[b]), "", product, product + 1, product + 2, 1)
        for a, b in [(a, b) for a in triples for b in triples if a < b]:
            name = "%s_%s" % (axes[a][:-2], axes[b][:-2])
            unit = "*".join(["(%s)" % units[axis] if "/" in units[axis] else units[axis] for axis in (a, b)]) + "/s"
            set_constants(scales[a])
            per_s = f32[3]
            set_constants(scales[b])
            f32[1] = f32[1] * per_s
            per_s = f32[1]
            self._pairs.append((a, b, cell))
            at = cell
            cell += 36
            for k in range(9):
                i, j = a + k // 3, b + k % 3
                product = derived(NUMBER, at + 4 * k, RESULTS + 8 * i, RESULTS + 8 * j)
                jobs.extend((PRODUCT, 3, roots[i], roots[j], product + 2, 3))
                feature("%s_correlation_%s" % (name, axes[i][-1] + axes[j][-1]), "", product, product + 1, product + 2, 1)
            for k in range(9):
                loop = derived(NUMBER, at + 4 * k + 2, 3, 3)
                feature("%s_loop_%s" % (name, "xyz"[k // 3] + "xyz"[k % 3]), unit, loop, loop + 1, 3, per_s)
        self.names, self.units = tuple(names), tuple(feature_units)
        cells.insert(0, len(names))
        jobs.insert(0, len(jobs) // 6)
        self._cells = array("H", cells)
        self._jobs = array("H", jobs)
        self._constants = constants
        self._n_axes = n_axes
        self._work = array("i", [0] * cell)
        self._magnitude = array("h", [0] * (length if triples else 0))
        self._work[0] = length

    def compute(self, window, features, start):
        """Writes len(names) numbers into array('f') features from `start`. window: array('h') of length * n_axes samples.

        Allocates nothing, but two floats for each mean, min and max of an axis with an offset.
        """
        work = self._work
        work[1] = self._n_axes
        work[2] = RESULTS
        work[4] = start
        integers.moments(window, work)
        for axis, at in self._triples:
            work[1] = self._n_axes
            work[2] = at
            work[5] = axis
            together(window, self._magnitude, work)
            work[1] = 1
            integers.moments(self._magnitude, work)
        for a, b, at in self._pairs:
            work[1] = self._n_axes
            work[2] = at
            work[5] = a
            work[6] = b
            across(window, work)
        integers.differences(work, self._jobs)
        integers.to_floats(work, self._cells, self._constants, features)
        for place, offset in self._offsets:
            features[start + place] += offset


def _is_triple(axes, units, scales, offsets, i):
    """Are these axes and the next two X_x, X_y and X_z, of one unit and scale, without offsets?"""
    name = axes[i][:-1]
    return (
        name[-1:] == "_"
        and tuple(axes[i : i + 3]) == (name + "x", name + "y", name + "z")
        and units[i] == units[i + 1] == units[i + 2]
        and scales[i] == scales[i + 1] == scales[i + 2]
        and not any(offsets[i : i + 3])
    )


@micropython.viper
def together(window: ptr16, magnitude: ptr16, work: ptr32):
    """The magnitude of the three axes from work[5] on, in units of 2**exponent counts and less than 2**15; the exponent goes
    behind the eight results at work[2], then the sums of x*y, x*z and y*z, low and high of each.
    """
    top = 1
    top <<= 31
    up = 0
    if top > 0:
        up = 32
    axes = int(work[1])
    axis = int(work[5])
    at = int(work[2]) + 8
    n = int(work[0])
    most = 0
    cell = 8 + 8 * axis
    i = 0
    while i < 3:
        v = int(work[cell + 4]) << up >> up
        if v > most:
            most = v
        v = 0 - (int(work[cell + 3]) << up >> up)
        if v > most:
            most = v
        cell += 8
        i += 1
    double = 1  # of the factor: 18918 is the most of which three squares are below 2**30
    exponent = 1
    while most * double <= 18918 and exponent > -8:
        double += double
        exponent -= 1
    work[at] = exponent
    xy = xz = yz = xy_high = xz_high = yz_high = 0
    root = 1
    i = 0
    while i < n:
        x = ((window[axis] & 0xFFFF) ^ 0x8000) - 0x8000
        y = ((window[axis + 1] & 0xFFFF) ^ 0x8000) - 0x8000
        z = ((window[axis + 2] & 0xFFFF) ^ 0x8000) - 0x8000
        axis += axes
        xy += x * y
        xy_high += xy >> 30
        xy &= 0x3FFFFFFF
        xz += x * z
        xz_high += xz >> 30
        xz &= 0x3FFFFFFF
        yz += y * z
        yz_high += yz >> 30
        yz &= 0x3FFFFFFF
        x = x * double + 1 >> 1
        y = y * double + 1 >> 1
        z = z * double + 1 >> 1
        square = x * x + y * y + z * z
        if square:
            # Newton's step from the last root, which is near; never below the root, so that it ends
            root = (root + square // root) >> 1
            if root > 32767:
                root = 32767
            while root * root - square >= root:
                root = (root + square // root) >> 1
            if square - root * root > root:
                root += 1
            magnitude[i] = root
        else:
            magnitude[i] = 0
        i += 1
    work[at + 1] = xy
    work[at + 2] = xy_high
    work[at + 3] = xz
    work[at + 4] = xz_high
    work[at + 5] = yz
    work[at + 6] = yz_high


@micropython.viper
def across(window: ptr16, work: ptr32):
    """Of each of the three axes from work[5] on with each of those from work[6] on four cells from work[2] on: the sum of their
    products, and of the second one times the change of the first since the sample before, low and high.
    """
    # Every product fits 31 bits and a sign, of a change, too: 65535 * 32768. Its parts of 15 bits and the rest are added apart.
    axes = int(work[1])
    cell = int(work[2])
    end = int(work[0]) * axes
    first = 0
    while first < 9:
        i = first // 3
        to = int(work[6]) + first - 3 * i - int(work[5]) - i
        i += int(work[5])
        last = ((window[i] & 0xFFFF) ^ 0x8000) - 0x8000
        low = high = loop = loop_high = 0
        while i < end:
            v = ((window[i] & 0xFFFF) ^ 0x8000) - 0x8000
            w = ((window[i + to] & 0xFFFF) ^ 0x8000) - 0x8000
            i += axes
            last = (v - last) * w
            loop += last & 0x7FFF
            loop_high += last >> 15
            last = v
            v *= w
            low += v & 0x7FFF
            high += v >> 15
        high += low >> 15
        loop_high += loop >> 15
        work[cell] = (high & 0x7FFF) << 15 | low & 0x7FFF
        work[cell + 1] = high >> 15
        work[cell + 2] = (loop_high & 0x7FFF) << 15 | loop & 0x7FFF
        work[cell + 3] = loop_high >> 15
        cell += 4
        first += 1
