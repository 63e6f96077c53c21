"""Features of what changes over minutes, such as temperature or CO2."""

from array import array

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16, ptr32

from edgewise_rt import integers
from edgewise_rt.integers import MOST_SAMPLES, NUMBER, RESULTS, check


class Slow:
    """Of each axis level (mean), slope (of the least-squares line through the window, in units per minute), lowest and highest
    sample.

    Sums are exact; the numbers are the same to the last bit everywhere.
    """

    def __init__(self, axes, units, scales, offsets, length, rate_hz):
        """axes: names; units, scales, offsets: of each; length: samples in a window, 2 to 4096; rate_hz: their rate."""
        check(axes, units, scales, offsets, length, rate_hz, 2, MOST_SAMPLES)
        names, feature_units, cells, jobs, constants = [], [], [], [], array("f")
        self._offsets = []  # (place, offset)
        f32 = array("f", [0, 0])
        sums = RESULTS + 8 * len(axes)  # low and high of each
        cell = sums + 2 * len(axes)
        for axis, name in enumerate(axes):
            at = RESULTS + 8 * axis
            unit = units[axis]
            jobs.extend((NUMBER, sums + 2 * axis, at, 5, cell, 3))
            f32[0] = scales[axis]  # each is rounded to float32 as it is stored
            f32[1] = f32[0] * rate_hz
            f32[1] = f32[1] * 720  # 60 seconds, and the 12 of n**2 * (n**2 - 1) / 12
            f32[1] = f32[1] / length
            f32[1] = f32[1] / length
            f32[1] = f32[1] / (length * length - 1)
            slope = f32[1]
            f32[1] = f32[0] / length
            for kind, feature_unit, number, exponent, constant in (
                ("level", unit, at, 3, f32[1]),
                ("slope", ("(%s)/min" if "/" in unit else "%s/min") % unit, cell, cell + 1, slope),
                ("lowest", unit, at + 3, 3, f32[0]),
                ("highest", unit, at + 4, 3, f32[0]),
            ):
                if offsets[axis] and kind != "slope":
                    self._offsets.append((len(names), offsets[axis]))
                names.append("%s_%s" % (name, kind))
                feature_units.append(feature_unit)
                cells.extend((number, exponent, 3))
                constants.append(constant)
            cell += 2
        self.names, self.units = tuple(names), tuple(feature_units)
        cells.insert(0, len(names))
        jobs.insert(0, len(jobs) // 6)
        self._cells = array("H", cells)
        self._jobs = array("H", jobs)
        self._constants = constants
        self._work = array("i", [0] * cell)
        self._work[0] = length
        self._work[1] = len(axes)
        self._work[2] = RESULTS
        self._work[5] = length * (length - 1) // 2
        self._work[6] = sums

    def compute(self, window, features, start):
        """Writes len(names) numbers into array('f') features from `start`. window: array('h') of length * n_axes samples.

        Allocates nothing, but two floats for each level, lowest and highest of an axis with an offset.
        """
        self._work[4] = start
        integers.moments(window, self._work)
        trends(window, self._work)
        integers.differences(self._work, self._jobs)
        integers.to_floats(self._work, self._cells, self._constants, features)
        for place, offset in self._offsets:
            features[start + place] += offset


@micropython.viper
def trends(window: ptr16, work: ptr32):
    """Of each axis the sum of place * sample, low and high, from cell work[6] on."""
    axes = int(work[1])
    n = int(work[0])
    cell = int(work[6])
    axis = 0
    while axis < axes:
        low = high = k = 0
        i = axis
        while k < n:
            low += k * (((window[i] & 0xFFFF) ^ 0x8000) - 0x8000)
            high += low >> 30
            low &= 0x3FFFFFFF
            i += axes
            k += 1
        work[cell] = low
        work[cell + 1] = high
        cell += 2
        axis += 1
