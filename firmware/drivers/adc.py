"""What is measured as a voltage on an analog input: light, a thermistor, a microphone's level, the chip's own temperature.

`bus` is a machine.ADC, or anything with its read_u16.
"""

import math
from array import array

from drivers.common import choose, within

SUPPLY_V = 3.3
_VOLTS = SUPPLY_V / 65535
_KINDS = ("light", "thermistor", "microphone", "chip")
_CELSIUS = 273.15


class AnalogInput:
    """light: V, the mean of `burst` readings. microphone: V, peak to peak of `burst` readings. chip: degrees C; RP2040, RP2350.

    thermistor: degrees C from -55 to 150, of an NTC from the input to ground below `fixed_ohm` to 3.3 V, which has `ohm_25` at 25
    degrees C and the constant `beta_k`.
    """

    interrupt_safe = True

    def __init__(self, bus, address=None, rate_hz=10, kind="light", burst=16, fixed_ohm=10000, ohm_25=10000, beta_k=3950):
        choose("adc", "kind", kind, _KINDS)
        within("adc", "rate_hz", rate_hz, 0.01, 1000)
        self._burst = within("adc", "burst", burst, 1, 1000)
        self._read = bus.read_u16
        self._level = kind == "microphone"
        self._table = None
        # counts are readings less 32768
        scale, offset, unit = _VOLTS, 32768 * _VOLTS, "V"
        if kind == "chip":  # RP2040 data sheet 4.9.5, typically: T = 27 - (V - 0.706) / 0.001721
            scale, offset, unit = -_VOLTS / 0.001721, 27 + (0.706 - 32768 * _VOLTS) / 0.001721, "degC"
        if kind == "thermistor":
            self._table = _hundredths(fixed_ohm, ohm_25, beta_k)
            scale, offset, unit = 0.01, 0.0, "degC"
        self.axes = ({"light": "light", "microphone": "level"}.get(kind, "temperature"),)
        self.units = (unit,)
        self.scales = (scale,)
        self.offsets = (offset,)

    def read_into(self, samples, start):
        """A burst's value into samples[start]. Allocates nothing; may be called in an interrupt."""
        read = self._read
        if self._level:
            low, high = 65535, 0
            for _ in range(self._burst):
                value = read()
                if value < low:
                    low = value
                if value > high:
                    high = value
            samples[start] = high - low - 32768
            return
        total = 0
        for _ in range(self._burst):
            total += read()
        value = (total + (self._burst >> 1)) // self._burst
        if self._table is None:
            samples[start] = value - 32768
            return
        at, beyond = value >> 9, value & 511
        below = self._table[at]
        samples[start] = below + ((self._table[at + 1] - below) * beyond + 256 >> 9)


def _hundredths(fixed_ohm, ohm_25, beta_k):
    """0.01 degrees C at the readings 0, 512, ... 65536: 1/T = 1/298.15 + ln(R / ohm_25) / beta_k, in kelvin."""
    table = array("h")
    for reading in range(0, 65537, 512):
        ratio = min(max(reading, 1), 65534) / 65535
        ohm = fixed_ohm * ratio / (1 - ratio)
        celsius = 1 / (1 / (25 + _CELSIUS) + math.log(ohm / ohm_25) / beta_k) - _CELSIUS
        table.append(round(100 * min(max(celsius, -55), 150)))
    return table
