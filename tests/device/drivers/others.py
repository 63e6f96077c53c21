"""Distance, analog inputs, sound, networks and recordings."""

import json
import math
from array import array

from fakes import Bus, close, locked, refused

from drivers.adc import AnalogInput
from drivers.i2s_level import I2SLevel, peak_to_peak
from drivers.replay import Replay
from drivers.rssi import RSSI
from drivers.vl53l0x import VL53L0X

GUARD = 1234


class Readings:
    """An analog input that reads `values` in turn."""

    def __init__(self, values):
        self.values = values
        self.at = 0

    def read_u16(self):
        value = self.values[self.at % len(self.values)]
        self.at += 1
        return value


def one(sensor):
    found = array("h", [GUARD] * 3)
    locked(sensor.read_into, found, 1)
    assert found[0] == found[2] == GUARD
    return found[1]


def value(sensor):
    return one(sensor) * sensor.scales[0] + sensor.offsets[0]


def test_vl53l0x():
    bus = Bus(0x29, {0xC0: 0xEE, 0x91: 0x3C, 0x13: 0x47, 0x14: 11 << 3, 0x1E: b"\x01\x2c"})
    sensor = VL53L0X(bus)
    # reset; 2.8 V, standard mode, what is kept; signal rates; interrupts; two calibrations; as ST's API has it
    private = [(0x80, 1), (0xFF, 1), (0, 0), (0, 1), (0xFF, 0), (0x80, 0)]
    start = [(0xBF, 0), (0xBF, 1), (0x89, 1), (0x88, 0)] + private  # noqa: RUF005 - boards take no * here
    start += [(0x44, 0), (0x45, 0x20), (0x60, 0x12), (0x0A, 4), (0x0B, 1)]
    calibrated = [(1, 1), (0, 0x41), (0x0B, 1), (0, 0), (1, 2), (0, 1), (0x0B, 1), (0, 0), (1, 0xE8)]
    assert bus.written[:-8] == start + calibrated, bus.written
    assert bus.written[-8:] == [(0x80, 1), (0xFF, 1), (0, 0), (0x91, 0x3C), (0, 1), (0xFF, 0), (0x80, 0), (0, 2)], bus.written
    bus.keeps = False
    assert one(sensor) == 300
    bus.keeps = True
    bus.written.clear()
    sensor.read_into(array("h", [0]), 0)
    assert bus.written == [(0x0B, 1)]  # lets the chip report the next
    bus.keeps = False
    bus.set(0x1E, b"\x01\x2d")
    bus.set(0x13, 0x40)  # nothing new
    assert one(sensor) == 300
    bus.set(0x13, 0x44)
    assert one(sensor) == 301
    bus.set(0x14, 4 << 3)  # no target
    assert one(sensor) == 8190
    bus.plugged = False
    refused(OSError, "", sensor.read_into, array("h", [0]), 0)
    refused(OSError, "vl53l0x at address 0x29 does not answer", VL53L0X, bus)
    bus.plugged = True
    bus.set(0x13, 0)
    refused(OSError, "does not finish its calibration", VL53L0X, bus)
    bus.set(0xC0, 0xEA)
    refused(ValueError, "vl53l0x at address 0x29 says 0xea, not 0xee", VL53L0X, bus)


def test_light():
    sensor = AnalogInput(Readings([0, 65535]), burst=4)
    assert sensor.axes == ("light",)
    assert abs(value(sensor) - 3.3 / 2) < 1e-4
    assert abs(value(AnalogInput(Readings([0]))) - 0) < 1e-6
    assert abs(value(AnalogInput(Readings([65535]))) - 3.3) < 1e-6
    assert one(AnalogInput(Readings([0, 1]), burst=2)) == 1 - 32768  # rounded, not cut


def test_microphone():
    sensor = AnalogInput(Readings([30000, 30100, 29000, 31000]), kind="microphone", burst=4)
    assert sensor.axes == ("level",)
    assert abs(value(sensor) - 2000 * 3.3 / 65535) < 1e-5
    assert one(AnalogInput(Readings([0, 65535]), kind="microphone", burst=2)) == 32767
    assert one(AnalogInput(Readings([7]), kind="microphone", burst=1)) == -32768


def test_temperature_of_the_chip():
    sensor = AnalogInput(Readings([14021]), kind="chip", burst=1)  # 0.706 V
    assert sensor.axes == ("temperature",)
    assert abs(value(sensor) - 27) < 0.02, value(sensor)
    assert value(AnalogInput(Readings([13600]), kind="chip", burst=1)) > 30  # falls as the chip gets warm


def test_thermistor():
    for celsius in range(-20, 81):
        ohm = 10000 * math.exp(3950 * (1 / (celsius + 273.15) - 1 / 298.15))
        reading = round(65535 * ohm / (ohm + 10000))
        found = value(AnalogInput(Readings([reading]), kind="thermistor", burst=1))
        assert abs(found - celsius) < 0.05, (celsius, found)
    for reading, celsius in ((0, 150), (65535, -55)):  # no thermistor, or a short
        assert value(AnalogInput(Readings([reading]), kind="thermistor", burst=1)) == celsius


def test_analog_inputs_that_are_refused():
    refused(
        ValueError,
        "kind is 'loud' and must be one of light, thermistor, microphone, chip",
        AnalogInput,
        Readings([0]),
        kind="loud",
    )
    refused(ValueError, "burst is 0 and must be from 1 to 1000", AnalogInput, Readings([0]), burst=0)
    refused(ValueError, "rate_hz is 0", AnalogInput, Readings([0]), rate_hz=0)


class Microphone:
    """Words of 32 bits whose upper halves are `values` in turn."""

    def __init__(self, values):
        self.words = array("h")
        for value in values:
            self.words.append(0x7777)
            self.words.append(value)
        self.gives = True
        self.given = 0

    def readinto(self, buffer):  # of 16 bits; a machine.I2S fills any
        self.given += len(buffer) // 2
        for i in range(len(buffer)):
            buffer[i] = self.words[i % len(self.words)]
        return 2 * len(buffer) if self.gives else 0


def test_i2s_level():
    assert peak_to_peak(array("h", [0, -32768, 0, 32767, 0, 5]), 3) == 65535
    assert peak_to_peak(array("h", [5, 7, 6, 7]), 2) == 0
    microphone = Microphone([3, -5, 100, -200])
    sensor = I2SLevel(microphone, rate_hz=1000)
    assert 2**18 <= 64 * microphone.given <= 2**18 + 64 * 16  # the clocks of its start-up, and no more
    found = array("h", [GUARD] * 3)
    locked(sensor.read_into, found, 1)
    assert list(found) == [GUARD, 300 - 32768, GUARD]
    assert close(found[1] * sensor.scales[0] + sensor.offsets[0], 300 / 65536)
    assert not sensor.interrupt_safe
    microphone.gives = False
    refused(OSError, "", sensor.read_into, found, 1)
    refused(ValueError, "rate_hz is 1 and", I2SLevel, microphone, rate_hz=1)
    refused(ValueError, "audio_rate_hz is 7 and", I2SLevel, microphone, audio_rate_hz=7)


class Air:
    stations = ((b"lab", b"1", 1, -70, 3, False), (b"lab", b"2", 6, -60, 3, False), (b"x" * 32, b"3", 1, -10, 3, False))

    def scan(self):
        return list(self.stations)


def test_rssi():
    sensor = RSSI(Air(), networks="hall,lab")
    assert sensor.axes == ("rssi_1", "rssi_2")
    found = array("h", [GUARD] * 4)
    sensor.read_into(found, 1)
    assert list(found) == [GUARD, -100, -60, GUARD]
    assert not sensor.interrupt_safe
    for wrong in ((), "", "lab,lab", "lab,"):
        refused(ValueError, "name at least one, each once", RSSI, Air(), networks=wrong)


def recording(rate_hz=100, samples=b"\x01\x00\xff\xff\x00\x80\xff\x7f", **changes):
    head = {"axes": ["acc_x", "acc_y"], "units": ["g", "g"], "scales": [0.5, 0.5], "offsets": [0.0, 1.0], "rate_hz": rate_hz}
    head.update(changes)
    return json.dumps(head).encode() + b"\n" + samples


def test_replay():
    sensor = Replay(recording(), rate_hz=100)
    assert sensor.axes == ("acc_x", "acc_y")
    assert sensor.units == ("g", "g")
    assert sensor.scales == (0.5, 0.5)
    assert sensor.offsets == (0, 1)
    for _ in range(2):
        for expected in ([1, -1], [-32768, 32767]):
            found = array("h", [GUARD] * 4)
            locked(sensor.read_into, found, 1)
            assert (found[0], list(found[1:3]), found[3]) == (GUARD, expected, GUARD)
    refused(ValueError, "rate_hz is 50, but the recording has 100", Replay, recording(), rate_hz=50)
    for damaged in (b"", b"\n", b"[]\n", recording()[:20], recording(axes=3), b"{}\n"):
        refused(ValueError, "is no recording", Replay, damaged)
    for short in (recording(samples=b""), recording(samples=b"123456"), recording(samples=b"12345")):
        refused(ValueError, "copy it again", Replay, short)
    refused(OSError, "/missing.bin cannot be read", Replay, None, path="/missing.bin")
