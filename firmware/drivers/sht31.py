"""Sensirion SHT30, SHT31 and SHT35: temperature and humidity on I2C, each word with a checksum.

Commands, conversion and CRC: data sheet SHT3x-DIS version 5 (May 2018), table 9 and sections 4.11 to 4.13; time: Linux,
drivers/hwmon/sht3x.c, by Sensirion. Usual drivers wait for each conversion; this one reads the last and starts the next.
"""

import time

from drivers.common import Device, counts_from_big, within

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr8

_MEASURE = b"\x24\x00"  # once, high repeatability, no clock stretching; Linux waits 15 ms
_STATUS = b"\xf3\x2d"
_EIO = 5


@micropython.viper
def intact(words: ptr8, count: int) -> int:
    """1, if each of `count` words of two bytes is followed by its CRC-8 (polynomial 0x31, start 0xff); else 0."""
    for word in range(count):
        crc = 0xFF
        for i in range(2):
            crc ^= words[3 * word + i]
            for _ in range(8):
                crc <<= 1
                if crc & 0x100:
                    crc ^= 0x131
        if crc != words[3 * word + 2]:
            return 0
    return 1


class SHT31(Device):
    """Temperature in degrees C and relative humidity in %, as 16-bit readings less 32768.

    A reading is the measurement that the reading before it started: one period old.
    """

    def __init__(self, bus, address=0x44, rate_hz=1):
        super().__init__(bus, address, "sht31")
        within("sht31", "rate_hz", rate_hz, 0.01, 50)
        self._words = bytearray(6)
        status = bytearray(3)
        try:
            bus.writeto(address, _STATUS)
            bus.readfrom_into(address, status)
            time.sleep(0.001)  # between commands: table 9
            bus.writeto(address, _MEASURE)
        except OSError as error:
            raise self._silent(error)  # noqa: B904 - boards warn of "from"
        if not intact(status, 1):
            raise ValueError("%s answers without the checksum of an SHT3x: another chip is there" % self._place())
        time.sleep(0.016)
        self.axes = ("temperature", "humidity")
        self.units = ("degC", "%")
        self.scales = (175 / 65535, 100 / 65535)
        self.offsets = (32768 * 175 / 65535 - 45, 32768 * 100 / 65535)

    def read_into(self, samples, start):
        """The measurement into samples[start : start + 2], and the next one begun.

        Allocates nothing; may be called in an interrupt. OSError where the bus does not answer, a checksum is wrong, or the last
        reading is less than 16 ms ago. 10 bytes on the bus: 0.24 ms at 400 kHz.
        """
        words = self._words
        self._bus.readfrom_into(self._address, words)
        self._bus.writeto(self._address, _MEASURE)
        if not intact(words, 2):
            raise OSError(_EIO)
        words[0] ^= 0x80  # less 32768
        words[2] = words[3] ^ 0x80
        words[3] = words[4]
        counts_from_big(words, samples, start, 2)
