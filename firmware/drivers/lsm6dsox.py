"""ST LSM6DSOX: accelerometer and gyroscope on I2C; data sheet DS12814.

Registers and sensitivities as in ST's own driver, STMicroelectronics/lsm6dsox-pid, and in micropython-lib's; the latter gives
new tuples of floats and takes a count for range / 32768, this one allocates nothing and takes ST's 0.061 mg.
"""

import time

from drivers.common import Device, at_least, choose, counts_from_little, within

_RATES_HZ = (12.5, 26, 52, 104, 208, 416, 833, 1666)  # ODR 1, 2, ...
_RANGES_G = {2: 0, 4: 2, 8: 3, 16: 1}  # FS_XL
_RANGES_DPS = {0: 0, 250: 0, 500: 1, 1000: 2, 2000: 3}  # FS_G; 0: no gyroscope
_DPS_PER_COUNT = 0.00875 / 250  # times the range: 8.75, 17.5, 35 and 70 mdps


class LSM6DSOX(Device):
    """Acceleration in g and, where range_dps is not 0, turning rate in degrees per second; int16 counts as the chip gives them.

    The chip's own rate, `chip_rate_hz`, is the lowest of 12.5, 26, 52, ... that is not below `rate_hz`; its filters are those
    that it has after a reset.
    """

    def __init__(self, bus, address=0x6A, rate_hz=104, range_g=2, range_dps=0):
        super().__init__(bus, address, "lsm6dsox")
        within("lsm6dsox", "rate_hz", rate_hz, 1, _RATES_HZ[-1])
        choose("lsm6dsox", "range_g", range_g, sorted(_RANGES_G))
        choose("lsm6dsox", "range_dps", range_dps, sorted(_RANGES_DPS))
        self._identify(0x0F, (0x6C,))
        self._write(0x12, 0x01)  # CTRL3_C: reset
        time.sleep(0.01)
        self._write(0x12, 0x44)  # high and low byte of one sample; the register moves on
        rate = at_least(_RATES_HZ, rate_hz)
        self.chip_rate_hz = _RATES_HZ[rate]
        self._write(0x10, (rate + 1) << 4 | _RANGES_G[range_g] << 2)  # CTRL1_XL
        n = 6 if range_dps else 3
        if range_dps:
            self._write(0x11, (rate + 1) << 4 | _RANGES_DPS[range_dps] << 2)  # CTRL2_G
        time.sleep(0.1 + 1 / self.chip_rate_hz)  # room for the gyroscope to start
        self.axes = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")[:n]
        self.units = ("g", "g", "g", "deg/s", "deg/s", "deg/s")[:n]
        self.scales = ((range_g * 0.0000305,) * 3 + (range_dps * _DPS_PER_COUNT,) * 3)[:n]
        self.offsets = (0.0,) * n
        self._n = n
        self._first = 0x22 if range_dps else 0x28
        self._registers = bytearray(2 * n)  # the gyroscope's lie before the accelerometer's
        self._acceleration = memoryview(self._registers)[2 * n - 6 :]

    def read_into(self, samples, start):
        """The latest sample's counts into samples[start : start + n_axes]. Allocates nothing; may be called in an interrupt.

        OSError where the bus does not answer. 9 bytes on the bus, 15 with the gyroscope: 0.22 and 0.35 ms at 400 kHz.
        """
        self._read_registers(self._address, self._first, self._registers)
        counts_from_little(self._acceleration, samples, start, 3)
        if self._n == 6:
            counts_from_little(self._registers, samples, start + 3, 3)
