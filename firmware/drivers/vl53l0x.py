"""ST VL53L0X: distance by time of flight, on I2C.

ST documents no registers but in its own API (STSW-IMG005). Numbers and order here are those of VL53L0X_ResetDevice, DataInit,
perform_ref_calibration and StartMeasurement, checked against pololu/vl53l0x-arduino and adafruit/Adafruit_VL53L0X (ST's code).
Left out: the API's table of tuning values, the choice of reference SPADs, the timing budget, and profiles for long range or high
speed. The chip's defaults stay, as in M5Stack's example for its TOF unit; how far and how fast it measures so is not documented.
"""

import time

from drivers.common import Device, counts_from_big, within

_SYSRANGE_START = 0x00
_SEQUENCE_CONFIG = 0x01
_INTERRUPT_CONFIG_GPIO = 0x0A
_INTERRUPT_CLEAR = 0x0B
_RESULT_INTERRUPT_STATUS = 0x13
_VALID = 11  # device range status
_ETIMEDOUT = 110
NOTHING_MM = 8190  # where nothing is seen


class VL53L0X(Device):
    """Distance in mm, a count each, measured all the time; 8190 where nothing reflects enough. A reading may come twice."""

    def __init__(self, bus, address=0x29, rate_hz=20):
        super().__init__(bus, address, "vl53l0x")
        within("vl53l0x", "rate_hz", rate_hz, 0.1, 30)
        self._identify(0xC0, (0xEE,))
        for running in (0, 1):  # reset: it still measures for the program before, and 0x91 is right after a start only
            self._write(0xBF, running)
            time.sleep(0.01)
        self._write(0x89, self._read(0x89) | 0x01)  # the pins' voltage: 2.8 V, as on every breakout board
        self._write(0x88, 0x00)  # I2C standard mode
        self._private(True)
        stop = self._read(0x91)  # kept by the API under this name, without more words
        self._private(False)
        self._write(0x44, 0x00)  # least signal rate: 0.25 million counts a second, 7 fractional bits
        self._write(0x45, 0x20)
        self._write(0x60, self._read(0x60) | 0x12)  # no such limit before the final range
        self._write(_INTERRUPT_CONFIG_GPIO, 0x04)  # a new measurement is ready
        self._write(_INTERRUPT_CLEAR, 0x01)
        self._calibrate(0x01, 0x41)  # the laser's voltage
        self._calibrate(0x02, 0x01)  # phase
        self._write(_SEQUENCE_CONFIG, 0xE8)
        self._private(True)
        self._write(0x91, stop)
        self._private(False)
        self._write(_SYSRANGE_START, 0x02)  # back to back
        self._clear = b"\x0b\x01"
        self._results = bytearray(13)  # interrupt status, 0x14: range status, ..., 0x1e: distance
        self._distance = memoryview(self._results)[11:]
        self._last = NOTHING_MM
        self.axes = ("distance",)
        self.units = ("mm",)
        self.scales = (1.0,)
        self.offsets = (0.0,)

    def _private(self, on):
        for register, value in ((0x80, 1), (0xFF, 1), (0x00, 0)) if on else ((0x00, 1), (0xFF, 0), (0x80, 0)):
            self._write(register, value)

    def _calibrate(self, steps, start):
        self._write(_SEQUENCE_CONFIG, steps)
        self._write(_SYSRANGE_START, start)
        for _ in range(50):
            if self._read(_RESULT_INTERRUPT_STATUS) & 0x07:
                self._write(_INTERRUPT_CLEAR, 0x01)
                self._write(_SYSRANGE_START, 0x00)
                return
            time.sleep(0.01)
        raise OSError(_ETIMEDOUT, "%s does not finish its calibration: switch its power off and on" % self._place())

    def read_into(self, samples, start):
        """The latest distance into samples[start]. Allocates nothing; may be called in an interrupt.

        OSError where the bus does not answer. At most 19 bytes on the bus: 0.44 ms at 400 kHz.
        """
        self._read_registers(self._address, _RESULT_INTERRUPT_STATUS, self._results)
        if self._results[0] & 0x07:
            self._bus.writeto(self._address, self._clear)
            if self._results[1] >> 3 & 0x0F == _VALID:
                counts_from_big(self._distance, samples, start, 1)
                self._last = samples[start]
            else:
                self._last = NOTHING_MM
        samples[start] = self._last
