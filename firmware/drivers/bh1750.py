"""ROHM BH1750FVI: ambient light on I2C. Technical note 2009.04 rev. B, pages 2 (times), 5 (commands), 10 (reading)."""

import time

from drivers.common import Device, counts_from_big, within


class BH1750(Device):
    """Illuminance in lux: 1/1.2 lx a count, an offset for the sign. The chip has no identity: whatever answers is taken for one.

    1.2 counts a lux are typical, a chip has 0.96 to 1.44. Up to 5 readings a second it measures with 1 lx resolution (at most
    180 ms each), above that with 4 lx (24 ms).
    """

    def __init__(self, bus, address=0x23, rate_hz=1):
        super().__init__(bus, address, "bh1750")
        within("bh1750", "rate_hz", rate_hz, 0.01, 40)
        slow = rate_hz <= 5
        try:
            self._tell(0x01)  # power on
            self._tell(0x10 if slow else 0x13)  # continuous measurement
        except OSError as error:
            raise self._silent(error)  # noqa: B904 - boards warn of "from"
        time.sleep(0.18 if slow else 0.024)
        self.axes = ("light",)
        self.units = ("lx",)
        self.scales = (1 / 1.2,)
        self.offsets = (32768 / 1.2,)
        self._registers = bytearray(2)

    def _tell(self, command):
        self._byte[0] = command
        self._bus.writeto(self._address, self._byte)

    def read_into(self, samples, start):
        """The latest measurement into samples[start]. Allocates nothing; may be called in an interrupt.

        OSError where the bus does not answer. 3 bytes on the bus: 0.07 ms at 400 kHz.
        """
        self._bus.readfrom_into(self._address, self._registers)
        self._registers[0] ^= 0x80  # less 32768
        counts_from_big(self._registers, samples, start, 1)
