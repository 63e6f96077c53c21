"""The level of a microphone on I2S, such as the INMP441 or SPH0645: 24 bits at the top of words of 32, one channel.

INMP441: data sheet DS-INMP441-00 rev. 1.1, 7.8 to 50 kHz. SPH0645LM4H: 32 to 64 kHz; an ESP32 reads it at twice its level.

`bus` is a machine.I2S in receive mode with bits=32, format=MONO, rate=audio_rate_hz and an ibuf of 4 * audio_rate_hz / rate_hz
bytes or more. It has no address and no identity.
"""

from array import array

from drivers.common import within

_START_UP_SAMPLES = 2**18 // 64  # of 64 clocks each, until an INMP441 works

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16


@micropython.viper
def peak_to_peak(words: ptr16, count: int) -> int:
    """Highest less lowest of the upper halves of `count` words of 32 bits: 0 to 65535. Allocates nothing."""
    low = 32767
    high = -32768
    for i in range(count):
        value = ((words[2 * i + 1] & 0xFFFF) ^ 0x8000) - 0x8000
        if value < low:
            low = value
        if value > high:
            high = value
    return high - low


class I2SLevel:
    """Peak to peak of the sound since the reading before, as a part of the full scale."""

    interrupt_safe = False  # it waits for the sound

    def __init__(self, bus, address=None, rate_hz=20, audio_rate_hz=16000):
        within("i2s_level", "audio_rate_hz", audio_rate_hz, 8000, 48000)
        within("i2s_level", "rate_hz", rate_hz, 10, 1000)
        self._bus = bus
        self._count = int(audio_rate_hz // rate_hz)
        self._words = array("h", bytes(4 * self._count))
        self._size = 4 * self._count
        for _ in range(_START_UP_SAMPLES // self._count + 1):
            bus.readinto(self._words)
        self.axes = ("level",)
        self.units = ("FS",)
        self.scales = (1 / 65536,)
        self.offsets = (0.5,)

    def read_into(self, samples, start):
        """The level of 1 / rate_hz seconds into samples[start]; waits for that long where the sound is not there yet.

        Allocates nothing; not for an interrupt. OSError where the microphone gives nothing.
        """
        if self._bus.readinto(self._words) != self._size:
            raise OSError(5)
        samples[start] = peak_to_peak(self._words, self._count) - 32768
