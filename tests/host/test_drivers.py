"""Drivers against what the host can compute better: the data sheet's float formulas, over many readings."""

from array import array
from importlib import import_module

import numpy as np
import pytest

# What a BME280 may be calibrated to: Bosch's example, and one from around typical values
CALIBRATIONS = (
    ((27504, 26435, -1000), (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000), (75, 362, 0, 313, 50, 30)),
    ((28485, 26735, 50), (36738, -10635, 3024, 6980, -4, -7, 9900, -10230, 4285), (75, 355, 0, 340, 0, 30)),
)


pytestmark = pytest.mark.usefixtures("drivers")


def in_floats(t: tuple, p: tuple, h: tuple, temperature: float, pressure: float, humidity: float) -> tuple[float, float, float]:
    """BST-BME280-DS002 rev. 1.6, section 8.1: degrees C, Pa, %."""
    fine = (temperature / 16384 - t[0] / 1024) * t[1] + (temperature / 131072 - t[0] / 8192) ** 2 * t[2]
    a = fine / 2 - 64000
    b = a * a * p[5] / 32768 + a * p[4] * 2
    b = b / 4 + p[3] * 65536
    a = (1 + (p[2] * a * a / 524288 + p[1] * a) / 524288 / 32768) * p[0]
    pascal = (1048576 - pressure - b / 4096) * 6250 / a
    pascal += (p[8] * pascal * pascal / 2147483648 + pascal * p[7] / 32768 + p[6]) / 16
    c = fine - 76800
    part = h[1] / 65536 * (1 + h[5] / 67108864 * c * (1 + h[2] / 67108864 * c))
    percent = (humidity - (h[3] * 64 + h[4] / 16384 * c)) * part
    percent *= 1 - h[0] * percent / 524288
    return fine / 5120, pascal, min(max(percent, 0), 100)


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_bme280_in_its_whole_range(calibration: tuple[tuple, tuple, tuple]):
    compensate = import_module("drivers.bme280").compensate
    t, p, h = calibration
    packed = array("h", [value if value < 32768 else value - 65536 for value in (*t, *p, *h)])
    rng = np.random.default_rng(0)
    found, compared, worst = array("h", [0] * 3), 0, np.zeros(3)
    for _ in range(20000):
        readings = int(rng.integers(400000, 700000)), int(rng.integers(200000, 600000)), int(rng.integers(10000, 60000))
        celsius, pascal, percent = in_floats(*calibration, *readings)
        if not (-40 <= celsius <= 85 and 48000 <= pascal <= 112000):
            continue
        pressure, temperature = readings[1] << 4, readings[0] << 4
        raw = pressure.to_bytes(3, "big") + temperature.to_bytes(3, "big") + readings[2].to_bytes(2, "big")
        compensate(raw, packed, found, 0)
        errors = found[0] / 100 - celsius, found[1] + 80000 - pascal, found[2] / 100 - percent
        worst = np.maximum(worst, np.abs(errors))
        compared += 1
    assert compared > 3000
    assert worst[0] < 0.011  # degrees C; a count is 0.01
    assert worst[1] < 8  # Pa; the sensor is good for 100
    assert worst[2] < 0.05  # %; the sensor is good for 3


def test_checksum_of_the_sht31_finds_every_changed_bit():
    intact = import_module("drivers.sht31").intact
    good = b"\xbe\xef\x92"
    assert intact(good, 1) == 1
    for bit in range(24):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        assert intact(changed, 1) == 0


def test_counts_of_every_pair_of_bytes():
    common = import_module("drivers.common")
    values = np.arange(-32768, 32768).astype(np.int16)
    for convert, order in ((common.counts_from_big, ">i2"), (common.counts_from_little, "<i2")):
        found = array("h", bytes(2 * 65536))
        convert(values.astype(order).tobytes(), found, 0, 65536)
        np.testing.assert_array_equal(np.array(found), values)
