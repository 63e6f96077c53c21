"""Accelerometers and gyroscopes on a fake bus."""

from array import array

from fakes import Bus, close, locked, refused

from drivers.adxl345 import ADXL345
from drivers.lis3dh import LIS3DH
from drivers.lsm6dsox import LSM6DSOX
from drivers.mpu6050 import MPU6050

BIG = b"\x7f\xff\x80\x00\xff\xfe"  # 32767, -32768, -2
LITTLE = b"\xff\x7f\x00\x80\xfe\xff"
GUARD = 1234


def samples(n):
    return array("h", [GUARD] * (n + 2))


def acceleration(sensor, first=1):
    """One sample between two guards."""
    found = samples(3)
    locked(sensor.read_into, found, 1)
    assert found[0] == found[4] == GUARD
    return list(found[1:4])


def broken(cls, bus, **options):
    """What every chip does when it is not there, another one, or unplugged."""
    sensor = cls(bus, address=bus.address, **options)
    found = samples(6)
    bus.plugged = False
    refused(OSError, "", sensor.read_into, found, 1)
    refused(OSError, f"address {hex(bus.address)} does not answer", cls, bus, address=bus.address, **options)
    bus.plugged = True
    sensor.read_into(found, 1)
    refused(OSError, "address 0x01 does not answer", cls, bus, address=1, **options)
    refused(ValueError, "range_g is 3 and must be one of 2, 4, 8, 16", cls, bus, address=bus.address, range_g=3)
    refused(ValueError, "rate_hz is 9999 and must be from ", cls, bus, address=bus.address, rate_hz=9999)


def test_mpu6050():
    bus = Bus(0x68, {0x75: 0x68, 0x3B: BIG, 0x41: b"\x12\x34", 0x43: b"\x00\x01\xff\xff\x01\x00"})
    sensor = MPU6050(bus, rate_hz=100, range_g=4)
    assert (sensor.chip, sensor.chip_rate_hz) == ("MPU-6050", 100)
    # reset, awake; 1000 / (1 + 9) samples a second; 44 Hz is below half of 100; gyroscope at rest; 4 g
    assert bus.written == [(0x6B, 0x80), (0x6B, 1), (0x19, 9), (0x1A, 3), (0x1B, 0), (0x1C, 1 << 3)], bus.written
    assert sensor.axes == ("acc_x", "acc_y", "acc_z")
    assert sensor.units == ("g", "g", "g")
    assert sensor.scales == (4 / 32768,) * 3
    assert sensor.offsets == (0, 0, 0)
    assert acceleration(sensor) == [32767, -32768, -2]
    bus.set(0x75, 0x21)
    refused(ValueError, "mpu6050 at address 0x68 says 0x21, not 0x19 or 0x68 or 0x70 or 0x71", MPU6050, bus)
    bus.set(0x75, 0x68)
    refused(ValueError, "range_dps is 3 and must be one of 0, 250", MPU6050, bus, range_dps=3)
    broken(MPU6050, bus)


def test_mpu6050_with_its_gyroscope():
    bus = Bus(0x69, {0x75: 0x70, 0x3B: BIG, 0x41: b"\x12\x34", 0x43: b"\x00\x01\xff\xff\x01\x00"})
    sensor = MPU6050(bus, 0x69, rate_hz=1000, range_dps=2000)
    assert sensor.chip == "MPU-6500"
    assert bus.written[2:] == [(0x19, 0), (0x1A, 1), (0x1D, 1), (0x1B, 3 << 3), (0x1C, 0)], bus.written
    assert sensor.axes[3:] == ("gyro_x", "gyro_y", "gyro_z")
    assert sensor.units[3:] == ("deg/s",) * 3
    assert sensor.scales == (2 / 32768,) * 3 + (2000 / 32768,) * 3
    found = samples(6)
    locked(sensor.read_into, found, 1)
    assert list(found) == [GUARD, 32767, -32768, -2, 1, -1, 256, GUARD]


def test_rates_of_the_mpu6050():
    bus = Bus(0x68, {0x75: 0x68})
    for rate_hz, divider, low_pass in ((4, 249, 6), (19, 51, 6), (20, 49, 5), (50, 19, 4), (200, 4, 2), (400, 1, 1), (999, 0, 1)):
        bus.written.clear()
        chip_rate_hz = MPU6050(bus, rate_hz=rate_hz).chip_rate_hz
        assert bus.written[2:4] == [(0x19, divider), (0x1A, low_pass)], (rate_hz, bus.written)
        assert chip_rate_hz >= rate_hz
        assert close(chip_rate_hz, 1000 / (divider + 1))


def test_fifo_of_the_mpu6050():
    bus = Bus(0x68, {0x75: 0x68})
    sensor = MPU6050(bus, rate_hz=1000)
    bus.written.clear()
    sensor.fifo_start()
    # off, emptied, on, acceleration
    assert bus.written == [(0x23, 0), (0x6A, 4), (0x6A, 0x40), (0x23, 8)], bus.written
    n = 21
    bus.fifo = (0x74, bytes(value & 0xFF for i in range(3 * n) for value in (i >> 8, i)))
    bus.keeps = False
    bus.set(0x72, (6 * n + 5).to_bytes(2, "big"))  # one sample is only in part there
    found = samples(3 * n)
    assert locked(sensor.fifo_read_into, found, 1, 100) == n
    assert (found[0], list(found[1:-1]), found[-1]) == (GUARD, list(range(3 * n)), GUARD)
    bus._at = 0
    found = samples(3 * n)
    assert locked(sensor.fifo_read_into, found, 1, 10) == 10
    assert (found[0], list(found[1:31]), found[31]) == (GUARD, list(range(30)), GUARD)
    bus.set(0x72, b"\0\0")
    assert sensor.fifo_read_into(found, 1, 10) == 0
    assert not sensor.fifo_overflowed
    for status, waiting in ((0x10, 6), (0, 1024)):  # said by the chip; or to be seen
        bus.set(0x3A, status)
        bus.set(0x72, waiting.to_bytes(2, "big"))
        assert locked(sensor.fifo_read_into, found, 1, 10) == 0
        assert sensor.fifo_overflowed
        sensor.fifo_start()
        assert not sensor.fifo_overflowed
    bus._at = 0
    bus.set(0x72, (1020).to_bytes(2, "big"))
    assert sensor.fifo_read_into(found, 1, 10) == 10
    bus.set(0x75, 0x71)
    sensor = MPU6050(bus)
    bus.set(0x72, (512).to_bytes(2, "big"))  # all that an MPU-9250 holds
    assert sensor.fifo_read_into(found, 1, 10) == 0
    assert sensor.fifo_overflowed
    bus.set(0x75, 0x19)
    refused(ValueError, "FIFO of this MPU-6886", MPU6050(bus).fifo_start)


def test_lsm6dsox():
    bus = Bus(0x6A, {0x0F: 0x6C, 0x22: b"\x01\x00\xff\xff\x00\x01", 0x28: LITTLE})
    sensor = LSM6DSOX(bus, rate_hz=105, range_g=16)
    assert sensor.chip_rate_hz == 208
    assert bus.written == [(0x12, 1), (0x12, 0x44), (0x10, 5 << 4 | 1 << 2)], bus.written
    assert all(close(scale, 0.000488) for scale in sensor.scales)
    assert acceleration(sensor) == [32767, -32768, -2]
    sensor = LSM6DSOX(bus, rate_hz=12, range_g=8, range_dps=1000)
    assert bus.written[-2:] == [(0x10, 1 << 4 | 3 << 2), (0x11, 1 << 4 | 2 << 2)], bus.written
    assert sensor.axes == ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
    assert close(sensor.scales[0], 0.000244)
    assert close(sensor.scales[5], 0.035)
    found = samples(6)
    locked(sensor.read_into, found, 1)
    assert list(found) == [GUARD, 32767, -32768, -2, 1, -1, 256, GUARD]
    broken(LSM6DSOX, bus, rate_hz=1666)
    bus.set(0x0F, 0x6B)
    refused(ValueError, "lsm6dsox at address 0x6a says 0x6b, not 0x6c", LSM6DSOX, bus)


def test_lis3dh():
    bus = Bus(0x18, {0x0F: 0x33, 0x28: LITTLE})
    bus.seven_bits = True
    sensor = LIS3DH(bus, rate_hz=401, range_g=16)
    assert sensor.chip_rate_hz == 1344
    assert bus.written == [(0x20, 0x97), (0x23, 0xB8)], bus.written
    assert all(close(scale, 0.012 / 16) for scale in sensor.scales)
    assert acceleration(sensor) == [32767, -32768, -2]
    broken(LIS3DH, bus, rate_hz=400)
    bus.set(0x0F, 0x32)
    refused(ValueError, "lis3dh at address 0x18 says 0x32, not 0x33", LIS3DH, bus)


def test_adxl345():
    bus = Bus(0x53, {0x00: 0xE5, 0x32: LITTLE})
    sensor = ADXL345(bus, rate_hz=100, range_g=8)
    assert sensor.chip_rate_hz == 100
    assert bus.written == [(0x2C, 0x0A), (0x31, 0x0A), (0x2D, 0x08)], bus.written
    assert sensor.scales == (1 / 256,) * 3
    assert acceleration(sensor) == [32767, -32768, -2]
    broken(ADXL345, bus, rate_hz=800)
    bus.set(0x00, 0)
    refused(ValueError, "adxl345 at address 0x53 says 0x00, not 0xe5", ADXL345, bus)
