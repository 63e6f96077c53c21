"""InvenSense MPU-6050, MPU-6500, MPU-9250 and MPU-6886: accelerometer and gyroscope on I2C, with a FIFO.

Registers: MPU-6000/6050 Register Map RM-MPU-6000A-00 rev. 4.2, chapters 3 and 4. How the later chips differ, and the start-up
times: Linux, drivers/iio/imu/inv_mpu6050; MPU-6886: m5stack/M5StickC, src/utility/MPU6886.cpp. The accelerometer gives at
most 1000 values a second.
"""

import time

from drivers.common import Device, choose, counts_from_big, within

try:
    from micropython import const
except ImportError:  # CPython
    from edgewise_rt.host import micropython

    const = micropython.const

_SMPLRT_DIV = const(0x19)
_CONFIG = const(0x1A)
_GYRO_CONFIG = const(0x1B)
_ACCEL_CONFIG = const(0x1C)
_ACCEL_CONFIG2 = const(0x1D)
_FIFO_EN = const(0x23)
_ACCEL_XOUT_H = const(0x3B)
_INT_STATUS = const(0x3A)
_USER_CTRL = const(0x6A)
_PWR_MGMT_1 = const(0x6B)
_FIFO_COUNTH = const(0x72)
_FIFO_R_W = const(0x74)
_WHO_AM_I = const(0x75)

_RANGES_G = (2, 4, 8, 16)
_RANGES_DPS = (0, 250, 500, 1000, 2000)  # 0: no gyroscope
# identity: (name, does ACCEL_CONFIG2 filter the accelerometer, bytes in the FIFO; None: entries have the temperature as well)
_CHIPS = {
    0x68: ("MPU-6050", False, 1024),
    0x70: ("MPU-6500", True, 512),
    0x71: ("MPU-9250", True, 512),
    0x19: ("MPU-6886", True, None),  # taken to be as the ICM-20602, its nearest relative in Linux
}
_BANDWIDTHS_HZ = (184, 94, 44, 21, 10)  # of filter 1, 2, ...; 6 has 5 Hz. Others differ little, but an MPU-6886's first: 218
_BULK = const(8)  # samples of the FIFO in one transfer


class MPU6050(Device):
    """Acceleration in g and, where range_dps is not 0, turning rate in degrees per second; int16 counts as the chip gives them.

    The chip's own low-pass filter is the widest that is below half of `rate_hz`; its rate, `chip_rate_hz`, the lowest of 1000/1,
    1000/2, ... that is not below rate_hz. OSError: no answer; ValueError: another chip, or an option that it lacks.
    """

    def __init__(self, bus, address=0x68, rate_hz=100, range_g=2, range_dps=0):
        super().__init__(bus, address, "mpu6050")
        within("mpu6050", "rate_hz", rate_hz, 4, 1000)
        accel = _RANGES_G.index(choose("mpu6050", "range_g", range_g, _RANGES_G))
        gyro = max(0, _RANGES_DPS.index(choose("mpu6050", "range_dps", range_dps, _RANGES_DPS)) - 1)
        self.chip, filters_apart, self._fifo_bytes = _CHIPS[self._identify(_WHO_AM_I, _CHIPS)]
        self._write(_PWR_MGMT_1, 0x80)  # reset; it is asleep then
        time.sleep(0.1)
        self._write(_PWR_MGMT_1, 0x01)  # awake, clock of the gyroscope
        time.sleep(0.1)  # the longest start-up time in Linux's driver; 0.06 for an MPU-6050
        divider = int(1000 // rate_hz)
        self.chip_rate_hz = 1000 / divider
        low_pass = 1
        while low_pass <= len(_BANDWIDTHS_HZ) and 2 * _BANDWIDTHS_HZ[low_pass - 1] > rate_hz:
            low_pass += 1
        self._write(_SMPLRT_DIV, divider - 1)
        self._write(_CONFIG, low_pass)
        if filters_apart:
            self._write(_ACCEL_CONFIG2, low_pass)
        self._write(_GYRO_CONFIG, gyro << 3)
        self._write(_ACCEL_CONFIG, accel << 3)

        n = 6 if range_dps else 3
        self.axes = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")[:n]
        self.units = ("g", "g", "g", "deg/s", "deg/s", "deg/s")[:n]
        self.scales = ((range_g / 32768,) * 3 + (range_dps / 32768,) * 3)[:n]  # exact in float32
        self.offsets = (0.0,) * n
        self.fifo_overflowed = False
        self._n = n
        # accelerometer, temperature, gyroscope follow one another: one transfer, so that all are of one instant
        self._registers = bytearray(14 if range_dps else 6)
        self._gyro = memoryview(self._registers)[8:]
        self._entry = bytearray(2 * n)
        self._entries = bytearray(2 * n * _BULK)
        self._fifo_count = bytearray(2)

    def read_into(self, samples, start):
        """The latest sample's counts into samples[start : start + n_axes]. Allocates nothing; may be called in an interrupt.

        OSError where the bus does not answer. 9 bytes on the bus, 17 with the gyroscope: 0.22 and 0.40 ms at 400 kHz.
        """
        self._read_registers(self._address, _ACCEL_XOUT_H, self._registers)
        counts_from_big(self._registers, samples, start, 3)
        if self._n == 6:
            counts_from_big(self._gyro, samples, start + 3, 3)

    def fifo_start(self):
        """Empty the FIFO and let the chip fill it, chip_rate_hz samples a second. Not for an interrupt."""
        if not self._fifo_bytes:
            raise ValueError("mpu6050: the FIFO of this %s has another layout; sample with the timer" % self.chip)
        self._write(_FIFO_EN, 0)
        self._write(_USER_CTRL, 0x04)  # reset, which needs the FIFO disabled
        self._write(_USER_CTRL, 0x40)
        self._write(_FIFO_EN, 0x78 if self._n == 6 else 0x08)
        self._read(_INT_STATUS)  # forget an old overflow
        self.fifo_overflowed = False

    def fifo_read_into(self, samples, start, n_max):
        """Up to n_max samples, oldest first, into samples[start:]; how many. Allocates nothing.

        A FIFO that overflowed has lost samples, and its entries may be cut: it is started again, fifo_overflowed set, 0 returned.
        Entries do not fill it to the last byte: a full one has overflowed, whatever INT_STATUS says.
        """
        self._read_registers(self._address, _FIFO_COUNTH, self._fifo_count)
        waiting = self._fifo_count[0] << 8 | self._fifo_count[1]
        if waiting >= self._fifo_bytes or self._read(_INT_STATUS) & 0x10:
            self.fifo_start()
            self.fifo_overflowed = True
            return 0
        n = self._n
        count = min(waiting // (2 * n), n_max)
        left = count
        while left:
            some = _BULK if left >= _BULK else 1
            entries = self._entries if some == _BULK else self._entry
            self._read_registers(self._address, _FIFO_R_W, entries)
            counts_from_big(entries, samples, start, some * n)
            start += some * n
            left -= some
        return count
