"""Temperature, humidity, pressure and light on a fake bus."""

from array import array

from fakes import Bus, close, locked, refused

from drivers.bh1750 import BH1750
from drivers.bme280 import BME280
from drivers.sht31 import SHT31, intact

GUARD = 1234
# T1 to T3, P1 to P9, H1 to H6; T and P, and the readings below, are Bosch's own example (BMP280 data sheet, 3.12)
T = (27504, 26435, -1000)
P = (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
H = (75, 362, 0, 313, 50, 30)


def words(values):
    return b"".join((value & 0xFFFF).to_bytes(2, "little") for value in values)


def bme280(h=H):
    h1, h2, h3, h4, h5, h6 = h
    calibration = words((h2,)) + bytes((h3, h4 >> 4 & 0xFF, h4 & 15 | (h5 & 15) << 4, h5 >> 4 & 0xFF, h6 & 0xFF))
    return Bus(0x76, {0xD0: 0x60, 0x88: words(T + P), 0xA1: h1, 0xE1: calibration})


def raw(temperature, pressure, humidity):
    return (pressure << 4).to_bytes(3, "big") + (temperature << 4).to_bytes(3, "big") + humidity.to_bytes(2, "big")


def test_bme280():
    bus = bme280()
    bus.set(0xF7, raw(519888, 415148, 30000))
    sensor = BME280(bus, rate_hz=50)
    assert bus.written == [(0xE0, 0xB6), (0xF2, 1), (0xF5, 0), (0xF4, 0x2F)], bus.written
    assert sensor.axes == ("temperature", "pressure", "humidity")
    assert sensor.units == ("degC", "Pa", "%")
    found = array("h", [GUARD] * 5)
    locked(sensor.read_into, found, 1)
    assert found[0] == found[4] == GUARD
    values = [found[1 + i] * sensor.scales[i] + sensor.offsets[i] for i in range(3)]
    assert close(values[0], 25.08), values
    assert values[1] == 100656, values  # the 32-bit formula's; the example has the float formula's, 100653.27
    assert abs(values[2] - 55.00) < 0.02, values  # the float formula's


def test_bme280_at_the_ends():
    bus = bme280()
    sensor = BME280(bus)
    found = array("h", [0] * 3)
    bus.set(0xF7, raw(519888, 0, 65535))
    sensor.read_into(found, 0)
    assert found[1] == 32767  # more than the counts hold
    assert found[2] == 10000
    bus.set(0xF7, raw(519888, 900000, 0))
    sensor.read_into(found, 0)
    assert found[1] == -32768
    assert found[2] == 0
    bus = bme280((255, -300, 200, -100, -200, -100))  # signs of what is packed into nibbles
    sensor = BME280(bus)
    assert list(sensor._calibration) == [v if v < 32768 else v - 65536 for v in T + P] + [255, -300, 200, -100, -200, -100]


def test_bme280_that_fails():
    bus = bme280()
    sensor = BME280(bus)
    bus.plugged = False
    refused(OSError, "", sensor.read_into, array("h", [0] * 3), 0)
    refused(OSError, "bme280 at address 0x76 does not answer", BME280, bus)
    bus.plugged = True
    bus.set(0xD0, 0x58)  # a BMP280, without humidity
    refused(ValueError, "bme280 at address 0x76 says 0x58, not 0x60", BME280, bus)
    refused(ValueError, "rate_hz is 51 and must be from 0.01 to 50", BME280, bus, rate_hz=51)


def test_crc_of_the_sht31():
    # the data sheet's example (4.12), and words computed bit by bit
    assert intact(b"\xbe\xef\x92", 1) == 1
    assert intact(b"\x00\x00\x81", 1) == 1
    assert intact(b"\xbe\xef\x92\x00\x00\x81", 2) == 1
    for wrong in (b"\xbe\xef\x93", b"\xbe\xee\x92", b"\x3e\xef\x92"):
        assert intact(wrong, 1) == 0
    assert intact(b"\xbe\xef\x92\x00\x01\x81", 2) == 0


def test_sht31():
    bus = Bus(0x44)
    bus.script = b"\xbe\xef\x92\x00\x00\x81"
    sensor = SHT31(bus)
    assert bus.commands == [b"\xf3\x2d", b"\x24\x00"]
    found = array("h", [GUARD] * 4)
    bus.keeps = False
    locked(sensor.read_into, found, 1)
    assert list(found) == [GUARD, 0xBEEF - 32768, -32768, GUARD]
    values = [found[1 + i] * sensor.scales[i] + sensor.offsets[i] for i in range(2)]
    assert close(values[0], 175 * 0xBEEF / 65535 - 45)
    assert abs(values[1]) < 1e-4
    bus.keeps = True
    bus.commands.clear()
    sensor.read_into(found, 1)
    assert bus.commands == [b"\x24\x00"]  # the next measurement
    bus.script = b"\xbe\xef\x92\x00\x01\x81"
    refused(OSError, "", sensor.read_into, found, 1)
    bus.plugged = False
    refused(OSError, "", sensor.read_into, found, 1)
    refused(OSError, "sht31 at address 0x44 does not answer", SHT31, bus)
    bus.plugged = True
    bus.script = b"\0\0\0\0\0\0"
    refused(ValueError, "sht31 at address 0x44 answers without the checksum", SHT31, bus)
    refused(ValueError, "rate_hz is 60", SHT31, bus, rate_hz=60)


def test_bh1750():
    bus = Bus(0x23)
    bus.script = b"\x83\x90"  # the data sheet's example: 0x8390 is 28067 lx
    sensor = BH1750(bus)
    assert bus.commands == [b"\x01", b"\x10"]
    found = array("h", [GUARD] * 3)
    locked(sensor.read_into, found, 1)
    assert found[0] == found[2] == GUARD
    assert abs(found[1] * sensor.scales[0] + sensor.offsets[0] - 28067) < 0.5
    bus.commands.clear()
    BH1750(bus, rate_hz=40)
    assert bus.commands == [b"\x01", b"\x13"]
    bus.plugged = False
    refused(OSError, "", sensor.read_into, found, 1)
    refused(OSError, "bh1750 at address 0x23 does not answer", BH1750, bus)
    refused(ValueError, "rate_hz is 41", BH1750, bus, rate_hz=41)
