"""ST LIS3DH: accelerometer on I2C; data sheet DocID17530 rev. 2; registers and scales as in ST's own lis3dh-pid."""

import time

from drivers.common import Device, at_least, choose, counts_from_little, within

_RATES_HZ = (1, 10, 25, 50, 100, 200, 400, 1344)
_CODES = (1, 2, 3, 4, 5, 6, 7, 9)  # of these rates
_MG_PER_DIGIT = {2: 1, 4: 2, 8: 4, 16: 12}


class LIS3DH(Device):
    """Acceleration in g, 12 bits. Counts are left-justified as the chip gives them: a digit is 16 counts, typically 1 mg at 2 g.

    The chip's own rate, `chip_rate_hz`, is the lowest of 1, 10, 25, 50, ... that is not below `rate_hz`.
    """

    def __init__(self, bus, address=0x18, rate_hz=100, range_g=2):
        super().__init__(bus, address, "lis3dh")
        within("lis3dh", "rate_hz", rate_hz, 1, _RATES_HZ[-1])
        full_scale = sorted(_MG_PER_DIGIT).index(choose("lis3dh", "range_g", range_g, sorted(_MG_PER_DIGIT)))
        self._identify(0x0F, (0x33,))
        rate = at_least(_RATES_HZ, rate_hz)
        self.chip_rate_hz = _RATES_HZ[rate]
        self._write(0x20, _CODES[rate] << 4 | 0x07)  # CTRL_REG1: rate, all axes
        self._write(0x23, 0x88 | full_scale << 4)  # CTRL_REG4: bytes of one sample, 12 bits
        time.sleep(0.01 + 7 / self.chip_rate_hz)  # data sheet, table 11: 7 samples until 12 bits are right
        self.axes = ("acc_x", "acc_y", "acc_z")
        self.units = ("g",) * 3
        self.scales = (_MG_PER_DIGIT[range_g] / 16000,) * 3
        self.offsets = (0.0,) * 3
        self._registers = bytearray(6)

    def read_into(self, samples, start):
        """The latest sample's counts into samples[start : start + 3]. Allocates nothing; may be called in an interrupt.

        OSError where the bus does not answer. 9 bytes on the bus: 0.22 ms at 400 kHz.
        """
        self._read_registers(self._address, 0xA8, self._registers)  # OUT_X_L; the top bit lets the register move on
        counts_from_little(self._registers, samples, start, 3)
