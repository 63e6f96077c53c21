"""Analog Devices ADXL345: accelerometer on I2C. Registers, rate codes, scale: Linux, drivers/iio/accel/adxl345_core.c."""

import time

from drivers.common import Device, at_least, choose, counts_from_little, within

_RATES_HZ = (6.25, 12.5, 25, 50, 100, 200, 400, 800)  # rate codes 6 to 13; more is too fast for I2C at 400 kHz
_RANGES_G = (2, 4, 8, 16)


class ADXL345(Device):
    """Acceleration in g at full resolution: 1/256 g a count, typically (data sheet: 230 to 282), 10 to 13 bits with the range.

    The chip's own rate, `chip_rate_hz`, is the lowest of 6.25, 12.5, 25, ... that is not below `rate_hz`.
    """

    def __init__(self, bus, address=0x53, rate_hz=100, range_g=2):
        super().__init__(bus, address, "adxl345")
        within("adxl345", "rate_hz", rate_hz, 1, _RATES_HZ[-1])
        full_scale = _RANGES_G.index(choose("adxl345", "range_g", range_g, _RANGES_G))
        self._identify(0x00, (0xE5,))
        rate = at_least(_RATES_HZ, rate_hz)
        self.chip_rate_hz = _RATES_HZ[rate]
        self._write(0x2C, 6 + rate)  # BW_RATE
        self._write(0x31, 0x08 | full_scale)  # DATA_FORMAT: full resolution, low byte first, right-justified
        self._write(0x2D, 0x08)  # POWER_CTL: measure
        time.sleep(0.0011 + 2 / self.chip_rate_hz)  # turn-on time, and a sample
        self.axes = ("acc_x", "acc_y", "acc_z")
        self.units = ("g",) * 3
        self.scales = (1 / 256,) * 3
        self.offsets = (0.0,) * 3
        self._registers = bytearray(6)

    def read_into(self, samples, start):
        """The latest sample's counts into samples[start : start + 3]. Allocates nothing; may be called in an interrupt.

        OSError where the bus does not answer. 9 bytes on the bus: 0.22 ms at 400 kHz.
        """
        self._read_registers(self._address, 0x32, self._registers)  # DATAX0
        counts_from_little(self._registers, samples, start, 3)
