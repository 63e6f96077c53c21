"""The samples themselves as features."""

from array import array

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16, ptr32

from edgewise_rt import integers
from edgewise_rt.integers import RESULTS, check

MOST_RAW = 1024


class Raw:
    """Every sample in its unit, sample by sample as they come: acc_x_0, acc_y_0, acc_z_0, acc_x_1, ...

    count * scale, rounded to float32, then plus the offset, rounded again: the same to the last bit everywhere.
    """

    def __init__(self, axes, units, scales, offsets, length, rate_hz):
        """axes: names; units, scales, offsets: of each; length: samples in a window, 1 to 1024; rate_hz: their rate."""
        check(axes, units, scales, offsets, length, rate_hz, 1, MOST_RAW)
        self.names = tuple(["%s_%d" % (axis, i) for i in range(length) for axis in axes])
        self.units = tuple(units) * length
        self._constants = array("f", list(scales) * length)
        self._offsets = array("f", offsets) if any(offsets) else None
        n = len(self.names)
        self._cells = array("H", [n] + [3] * (3 * n))
        for i in range(n):
            self._cells[3 * i + 1] = RESULTS + i
        self._work = array("i", [0] * (RESULTS + n))
        self._work[0] = n

    def compute(self, window, features, start):
        """Writes len(names) numbers into array('f') features from `start`. window: array('h') of length * n_axes samples.

        Allocates nothing, but two floats a sample where an axis has an offset.
        """
        self._work[4] = start
        copy(window, self._work)
        integers.to_floats(self._work, self._cells, self._constants, features)
        if self._offsets:
            n_axes = len(self._offsets)
            for i in range(len(window)):
                features[start + i] += self._offsets[i % n_axes]


@micropython.viper
def copy(window: ptr16, work: ptr32):
    """The numbers of a window, signed, to the cells from 8 on."""
    n = int(work[0])
    i = 0
    while i < n:
        work[i + 8] = ((window[i] & 0xFFFF) ^ 0x8000) - 0x8000
        i += 1
