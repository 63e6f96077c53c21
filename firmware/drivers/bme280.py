"""Bosch BME280: temperature, pressure and humidity on I2C.

Registers, calibration and the compensation in 32-bit integers: data sheet BST-BME280-DS002-15 rev. 1.6, sections 4.2.2, 4.2.3,
5.4 and 8.2; times: section 9.1; the same in Bosch's boschsensortec/BME280_SensorAPI. Common drivers compensate in floats or big
integers, which allocate.
"""

import time
from array import array

from drivers.common import Device, counts_from_little, within

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr8, ptr16

_PRESSURE_OFFSET_PA = 80000  # counts hold 472 to 1127 hPa: 6000 m of altitude to any weather at the sea


@micropython.viper
def compensate(raw: ptr8, calibration: ptr16, samples: ptr16, start: int):
    """Registers 0xf7 to 0xfe to 0.01 degC, Pa less 80000 and 0.01 %, in samples[start] and on. Allocates nothing.

    calibration: T1 to T3, P1 to P9, H1 to H6, as in table 16; T1 and P1 are unsigned. The data sheet divides unsigned
    numbers for the pressure; here it is done in two steps that fit 31 bits, with the quotient of unlimited integers.
    """
    pressure = raw[0] << 12 | raw[1] << 4 | raw[2] >> 4
    temperature = raw[3] << 12 | raw[4] << 4 | raw[5] >> 4
    humidity = raw[6] << 8 | raw[7]
    sign = 0x8000

    # temperature
    t1 = calibration[0] & 0xFFFF
    t2 = ((calibration[1] & 0xFFFF) ^ sign) - sign
    t3 = ((calibration[2] & 0xFFFF) ^ sign) - sign
    a = (temperature >> 3) - (t1 << 1)
    b = (temperature >> 4) - t1
    fine = (a * t2 >> 11) + ((b * b >> 12) * t3 >> 14)
    samples[start] = fine * 5 + 128 >> 8

    # pressure
    p1 = calibration[3] & 0xFFFF
    a = (fine >> 1) - 64000
    b = (a >> 2) * (a >> 2)
    square = b
    p6 = ((calibration[8] & 0xFFFF) ^ sign) - sign
    p5 = ((calibration[7] & 0xFFFF) ^ sign) - sign
    p4 = ((calibration[6] & 0xFFFF) ^ sign) - sign
    b = (b >> 11) * p6
    b += a * p5 << 1
    b = (b >> 2) + (p4 << 16)
    p3 = ((calibration[5] & 0xFFFF) ^ sign) - sign
    p2 = ((calibration[4] & 0xFFFF) ^ sign) - sign
    a = (p3 * (square >> 13) >> 3) + (p2 * a >> 1) >> 18
    a = (32768 + a) * p1 >> 15
    pascal = 0
    if a > 0:
        rest = (1048576 - pressure) - (b >> 12)
        pascal = rest // a * 6250 + rest % a * 6250 // a
        p9 = ((calibration[11] & 0xFFFF) ^ sign) - sign
        p8 = ((calibration[10] & 0xFFFF) ^ sign) - sign
        p7 = ((calibration[9] & 0xFFFF) ^ sign) - sign
        a = p9 * ((pascal >> 3) * (pascal >> 3) >> 13) >> 12
        b = (pascal >> 2) * p8 >> 13
        pascal += a + b + p7 >> 4
    pascal -= 80000
    if pascal > 32767:
        pascal = 32767
    if pascal < -32768:
        pascal = -32768
    samples[start + 1] = pascal

    # humidity
    h1 = calibration[12]
    h2 = ((calibration[13] & 0xFFFF) ^ sign) - sign
    h3 = calibration[14]
    h4 = ((calibration[15] & 0xFFFF) ^ sign) - sign
    h5 = ((calibration[16] & 0xFFFF) ^ sign) - sign
    h6 = ((calibration[17] & 0xFFFF) ^ sign) - sign
    a = fine - 76800
    b = (a * h6 >> 10) * ((a * h3 >> 11) + 32768) >> 10
    b = (b + 2097152) * h2 + 8192 >> 14
    a = ((humidity << 14) - (h4 << 20) - h5 * a + 16384 >> 15) * b
    a -= ((a >> 15) * (a >> 15) >> 7) * h1 >> 4
    if a < 0:
        a = 0
    if a > 419430400:
        a = 419430400
    samples[start + 2] = (a >> 12) * 100 >> 10


class BME280(Device):
    """Temperature in 0.01 degC, pressure in Pa, relative humidity in 0.01 %, a count each.

    Pressures are cut at 472 and 1127 hPa. The chip measures all the time, 16.2 ms each at most and 0.5 ms between, with the
    pressure four times oversampled.
    """

    def __init__(self, bus, address=0x76, rate_hz=1):
        super().__init__(bus, address, "bme280")
        within("bme280", "rate_hz", rate_hz, 0.01, 50)
        self._identify(0xD0, (0x60,))
        self._write(0xE0, 0xB6)  # reset
        time.sleep(0.01)
        self._calibration = array("h", self._read_calibration())
        self._write(0xF2, 0x01)  # humidity once; counts with the next write
        self._write(0xF5, 0x00)  # 0.5 ms between measurements, no filter
        self._write(0xF4, 1 << 5 | 3 << 2 | 3)  # temperature once, pressure four times, normal mode
        time.sleep(0.04)
        self.axes = ("temperature", "pressure", "humidity")
        self.units = ("degC", "Pa", "%")
        self.scales = (0.01, 1.0, 0.01)
        self.offsets = (0.0, float(_PRESSURE_OFFSET_PA), 0.0)
        self._registers = bytearray(8)

    def _read_calibration(self):
        """T1 to T3, P1 to P9, H1 to H6 as int16."""
        low, high = bytearray(26), bytearray(7)
        self._read_registers(self._address, 0x88, low)
        self._read_registers(self._address, 0xE1, high)
        values = array("h", bytes(36))
        counts_from_little(low, values, 0, 12)
        counts_from_little(high, values, 13, 1)
        values[12], values[14] = low[25], high[2]
        values[15] = _signed(high[3]) * 16 + (high[4] & 0x0F)
        values[16] = _signed(high[5]) * 16 + (high[4] >> 4)
        values[17] = _signed(high[6])
        return values

    def read_into(self, samples, start):
        """The latest measurement into samples[start : start + 3]. Allocates nothing; may be called in an interrupt.

        OSError where the bus does not answer. 11 bytes on the bus: 0.26 ms at 400 kHz.
        """
        self._read_registers(self._address, 0xF7, self._registers)
        compensate(self._registers, self._calibration, samples, start)


def _signed(byte):
    return byte - ((byte & 0x80) << 1)
