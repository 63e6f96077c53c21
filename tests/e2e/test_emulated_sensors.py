"""Real drivers on the emulated Pico, with devices that play recordings in emulated time, and their faults."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgewise import firmware
from edgewise.app import put_modules
from edgewise.errors import DeviceError, FirmwareError, SensorError
from edgewise.targets import _sensors
from edgewise.targets.emulated_pico import EmulatedPico, pico_emulator

RATE_HZ = 100
RAMP = np.stack([np.arange(1000), -np.arange(1000), np.full(1000, 16384)], axis=1).astype(np.int16)  # each sample differs
DRIVERS = ("common", "mpu6050", "sht31", "bh1750", "adc")
HEARING_S = 0.1  # until the emulator has heard what it is told

pytestmark = pytest.mark.xdist_group("emulated_sensors")


def save(path: Path, samples: np.ndarray, **changes: object) -> Path:
    meta = {"axes": ["acc_x", "acc_y", "acc_z"], "units": ["g"] * 3, "scales": [2 / 32768] * 3, "offsets": [0.0] * 3}
    meta |= {"rate_hz": RATE_HZ} | changes
    times_us = np.arange(len(samples)) * 1_000_000 // RATE_HZ
    np.savez(path, samples=samples, times_us=times_us, meta=np.array(json.dumps(meta)))
    return path


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedPico]:
    folder = tmp_path_factory.mktemp("played")
    climate = folder / "climate.csv"
    climate.write_text("time_s,temperature,humidity\n0,21.5,40\n1e9,0,0\n", encoding="utf-8")
    light = folder / "light.csv"
    light.write_text("light\n1234\n", encoding="utf-8")
    volts = folder / "volts.csv"
    volts.write_text("time_s,volts\n0,1.0\n0.5,2.0\n", encoding="utf-8")
    sensors = [f"mpu6050={save(folder / 'ramp.npz', RAMP)}", f"sht31={climate}", f"bh1750={light}"]
    try:
        image = firmware.rp2_firmware().path
    except FirmwareError as error:
        pytest.skip(str(error))
    with EmulatedPico(image, sensors=sensors, adc=[f"0={volts}"], fast=True) as board:
        put_modules(board, [f"drivers/{name}" for name in DRIVERS])
        board.exec("from machine import I2C, Pin, ADC\nfrom array import array\nimport time, micropython\n")
        board.exec("bus = I2C(0, scl=Pin(5), sda=Pin(4), freq=400000)\nfrom drivers.mpu6050 import MPU6050\n")
        yield board


@pytest.fixture
def tell(board: EmulatedPico) -> Iterator[Callable[[str], None]]:
    def now(words: str) -> None:
        board.tell(words)
        time.sleep(HEARING_S)

    yield now
    for words in ("plug mpu6050", "free 0", "identity mpu6050 0x68"):
        now(words)


def error_of(board: EmulatedPico, source: str) -> str:
    with pytest.raises(DeviceError) as raised:
        board.exec(source)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_an_mpu6050_plays_a_recording_sample_by_sample(board: EmulatedPico):
    lines = board.exec(
        "sensor = MPU6050(bus, rate_hz=100)\nfound = array('h', bytes(6 * 100))\nstart = time.ticks_ms()\n"
        "for i in range(100):\n"
        "    time.sleep_ms(max(0, 10 * i - time.ticks_diff(time.ticks_ms(), start)))\n"
        "    micropython.heap_lock()\n    sensor.read_into(found, 3 * i)\n    micropython.heap_unlock()\n"
        "print(sensor.chip, sensor.scales[0] * 32768)\nprint(list(found))"
    ).splitlines()
    assert lines[0] == "MPU-6050 2.0"
    found = np.array(json.loads(lines[1])).reshape(100, 3)
    first = int(found[0, 0])
    np.testing.assert_array_equal(found, RAMP[first : first + 100])


@pytest.mark.parametrize(("range_g", "share"), [(4, 2), (16, 8)])
def test_the_full_scale_changes_the_counts(board: EmulatedPico, range_g: int, share: int):
    x, y, z = board.eval(f"(lambda s, a: (s.read_into(a, 0), list(a))[1])(MPU6050(bus, range_g={range_g}), array('h', [0] * 3))")
    assert z == 16384 // share
    assert x == -y


def test_the_gyroscope_rests_where_the_recording_has_none(board: EmulatedPico):
    expression = "(lambda s, a: (s.read_into(a, 0), list(a))[1])(MPU6050(bus, range_dps=250), array('h', [9] * 6))"
    assert board.eval(expression)[2:] == [16384, 0, 0, 0]


def test_fifo(board: EmulatedPico):
    first, second, overflowed, after = board.eval(
        board.exec(
            "sensor = MPU6050(bus, rate_hz=100)\nfound = array('h', bytes(6 * 120))\nsensor.fifo_start()\ntime.sleep_ms(305)\n"
            "micropython.heap_lock()\na = sensor.fifo_read_into(found, 0, 20)\nb = sensor.fifo_read_into(found, 3 * a, 100)\n"
            "micropython.heap_unlock()\n"
            "rows = list(found[:3 * (a + b)])\n"
            "sensor.fifo_start()\ntime.sleep_ms(2000)\nsensor.fifo_read_into(found, 0, 100)\nc = sensor.fifo_overflowed\n"
            "time.sleep_ms(105)\nd = sensor.fifo_read_into(found, 0, 100)\nprint((a, b, c, d))"
        ).strip()
    )
    assert (first, overflowed) == (20, True)
    assert second in (10, 11)  # of 305 ms
    assert after in (10, 11)
    rows = np.array(board.eval("rows")).reshape(-1, 3)
    np.testing.assert_array_equal(rows, RAMP[rows[0, 0] : rows[0, 0] + first + second])  # none lost, none twice


@pytest.mark.parametrize(("identity", "size"), [(0x68, 1024), (0x71, 512)])
def test_the_fifo_of_the_emulated_chip(identity: int, size: int):
    clock = SimpleNamespace(nanos=0)
    chip = _sensors.Mpu6050(_sensors.Player(_sensors.resting(_sensors.Mpu6050.axes), clock))
    chip.registers[chip.identity_register] = identity
    for register, value in ((0x6B, 1), (0x19, 9), (0x1A, 3), (0x23, 8), (0x6A, 0x40)):  # 100 samples a second
        chip.on_write(register, value)

    def read(register: int, count: int) -> bytes:
        chip.start(write=True)
        chip.write(register)
        chip.start(write=False)
        return bytes(chip.read() for _ in range(count))

    clock.nanos = 50_000_000
    assert (read(0x72, 2), read(0x3A, 1)[0] & 0x10) == (b"\0\x1e", 0)
    assert read(0x74, 32) == b"\0\0\0\0\x40\0" * 5 + b"\0\0"  # the last byte again where it is empty
    clock.nanos = 4_000_000_000
    assert (read(0x72, 2), read(0x3A, 1)[0] & 0x10) == (size.to_bytes(2, "big"), 0x10)


@pytest.mark.parametrize(("words", "number"), [("unplug mpu6050", 5), ("stuck 0", 110)])
def test_a_bus_that_fails_while_it_is_read(board: EmulatedPico, tell: Callable[[str], None], words: str, number: int):
    """Without an answer EIO at once; with SDA held low ETIMEDOUT after the port's 50 ms; both end when the fault does."""
    board.exec("sensor = MPU6050(bus)\nfound = array('h', bytes(6))\nsensor.read_into(found, 0)")
    tell(words)
    assert f"Errno {number}]" in error_of(board, "sensor.read_into(found, 0)")
    assert "mpu6050 at address 0x68 does not answer: check power" in error_of(board, "MPU6050(bus)")
    tell("plug mpu6050")
    tell("free 0")
    board.exec("MPU6050(bus).read_into(found, 0)")


def test_a_sensor_that_was_without_power_is_asleep(board: EmulatedPico, tell: Callable[[str], None]):
    board.exec("sensor = MPU6050(bus)\nfound = array('h', bytes(6))")
    tell("unplug mpu6050")
    tell("plug mpu6050")
    assert board.exec("sensor.read_into(found, 0)\nprint(list(found))").strip() == "[0, 0, 0]"


def test_another_chip(board: EmulatedPico, tell: Callable[[str], None]):
    tell("identity mpu6050 0x21")
    assert "mpu6050 at address 0x68 says 0x21, not 0x19 or 0x68" in error_of(board, "MPU6050(bus)")
    tell("identity mpu6050 0x70")
    assert board.eval("MPU6050(bus).chip") == "MPU-6500"
    assert "address 0x69 does not answer" in error_of(board, "MPU6050(bus, 0x69)")


def test_sht31(board: EmulatedPico):
    board.exec("from drivers.sht31 import SHT31\nfound = array('h', bytes(4))\nsensor = SHT31(bus)")
    board.exec("micropython.heap_lock()\nsensor.read_into(found, 0)\nmicropython.heap_unlock()")
    temperature, humidity = board.eval("[found[i] * sensor.scales[i] + sensor.offsets[i] for i in range(2)]")
    assert temperature == pytest.approx(21.5, abs=0.01)
    assert humidity == pytest.approx(40, abs=0.01)


def test_bh1750(board: EmulatedPico):
    board.exec("from drivers.bh1750 import BH1750\nfound = array('h', bytes(2))\nsensor = BH1750(bus)")
    board.exec("micropython.heap_lock()\nsensor.read_into(found, 0)\nmicropython.heap_unlock()")
    assert board.eval("found[0] * sensor.scales[0] + sensor.offsets[0]") == pytest.approx(1234, abs=1)


def test_an_analog_input(board: EmulatedPico, tell: Callable[[str], None]):
    tell("rewind")
    board.exec("from drivers.adc import AnalogInput\nfound = array('h', bytes(4))\nsensor = AnalogInput(ADC(Pin(26)))")
    board.exec(
        "micropython.heap_lock()\nsensor.read_into(found, 0)\nmicropython.heap_unlock()\n"
        "time.sleep_ms(550)\nsensor.read_into(found, 1)"
    )
    assert board.eval("[count * sensor.scales[0] + sensor.offsets[0] for count in found]") == pytest.approx([1, 2], abs=0.002)


def test_fast_and_timed(tmp_path: Path):
    """A minute of sleep passes in seconds, and a byte on the bus takes nine clocks, if asked."""
    with EmulatedPico(firmware.rp2_firmware().path, sensors=["mpu6050"], fast=True, timed=True) as board:
        start = time.monotonic()
        board.exec("import time\ntime.sleep(60)")
        assert time.monotonic() - start < 20
        us = board.exec(
            "from machine import I2C, Pin\nbus = I2C(0, scl=Pin(5), sda=Pin(4), freq=400000)\nbuffer = bytearray(6)\n"
            "start = time.ticks_us()\nfor _ in range(100): bus.readfrom_mem_into(0x68, 0x3b, buffer)\n"
            "print(time.ticks_diff(time.ticks_us(), start) // 100)"
        )
        assert 9 * 9 * 2.5 < int(us) < 260


@pytest.mark.parametrize(
    ("sensor", "words"),
    [
        ("gps=a.npz", "--sensor gps=a.npz: give NAME=FILES with one of mpu6050, bh1750, sht31"),
        ("mpu6050@2", "NAME@1 is on I2C bus 1"),
        ("mpu6050=missing.npz", "missing.npz: No such file or directory; give an existing file"),
        ("mpu6050=missing.csv", "missing.csv: No such file or directory; give an existing file"),
        ("mpu6050=a.wav", "a.wav: give a .npz of `edgewise record` or a .csv"),
        ("mpu6050=bad.npz", "bad.npz: it is no recording"),
        ("mpu6050=empty.csv", "empty.csv: it holds no samples"),
        ("mpu6050=other.csv", "other.csv: it has none of acc_x, acc_y"),
        ("mpu6050=text.csv", "text.csv: line 3 is 'x', and must hold numbers"),
        ("mpu6050=nan.csv", "nan.csv: row 2 is not finite"),
        ("mpu6050=back.csv", "back.csv: time_s must rise from row to row"),
        ("mpu6050=lux.npz", "lux.npz: acc_x is in 'lx', and must be in 'g'"),
    ],
)
def test_what_cannot_be_played_is_refused_before_the_start(
    sensor: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    texts = {"empty": "acc_x\n", "other": "speed\n1\n", "text": "acc_x\n1\nx\n", "nan": "acc_x\n1\nnan\n"}
    texts["back"] = "time_s,acc_x\n1,1\n0,2\n"
    for name, text in texts.items():
        Path(f"{name}.csv").write_text(text, encoding="utf-8")
    Path("bad.npz").write_bytes(b"PK no zip")
    save(Path("lux.npz"), RAMP, units=["lx", "g", "g"])
    with pytest.raises(SensorError) as refused:
        pico_emulator(Path("firmware.uf2"), sensors=[sensor])
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("adc", ["5=a.csv", "0", "x=a.csv", "0="])
def test_analog_inputs_that_are_not_there(adc: str):
    with pytest.raises(SensorError, match="give INPUT=FILES with an input from 0 to 4"):
        pico_emulator(Path("firmware.uf2"), adc=[adc])


def test_files_follow_one_another_and_begin_again(tmp_path: Path):
    save(tmp_path / "a.npz", RAMP[:3])
    (tmp_path / "b.csv").write_text("time_s,acc_x,acc_z\n5,0.5,1\n5.5,0.25,0\n", encoding="utf-8")
    axes = _sensors.Mpu6050.axes
    world = _sensors.load(f"{tmp_path / 'a.npz'},{tmp_path / 'b.csv'}", axes)
    assert world.duration_ns == 1_030_000_000  # the last row of the csv as long as the one before
    expected = [
        (0, 0),
        (9.99, 0),
        (10, 1),
        (29.99, 2),
        (30, 8192),
        (529.9, 8192),
        (530, 4096),
        (1029.9, 4096),
        (1030, 0),
        (1040, 1),
    ]
    for milliseconds, count in expected:
        assert round(world.at(milliseconds * 1e6)[0] * 16384) == count, milliseconds
    assert list(world.at(600e6)) == [0.25, 0, 0, 0, 0, 0]
    (tmp_path / "one.csv").write_text("time_s,acc_x\n7,1\n", encoding="utf-8")
    assert _sensors.load(str(tmp_path / "one.csv"), axes).duration_ns == 1_000_000_000


@pytest.mark.parametrize("rate_hz", [3, 7, 104, 333, 1000])
def test_a_sensor_of_the_recording_s_rate_plays_each_sample_once(rate_hz: int, tmp_path: Path):
    save(tmp_path / "a.npz", RAMP, rate_hz=rate_hz)
    world = _sensors.load(str(tmp_path / "a.npz"), _sensors.Mpu6050.axes)
    found = [round(world.at(i * 1e9 / rate_hz)[0] * 16384) for i in range(2500)]
    assert found == [i % 1000 for i in range(2500)]


def test_units_are_converted(tmp_path: Path):
    axes = [f"{kind}_{axis}" for kind in ("acc", "gyro") for axis in "xyz"]
    scales = [9.80665 / 16384] * 3 + [np.pi / 180] * 3
    counts = np.tile(np.int16([[16384, 0, -16384, 90, 0, -45]]), (2, 1))
    path = save(tmp_path / "a.npz", counts, axes=axes, units=["m/s2"] * 3 + ["rad/s"] * 3, scales=scales, offsets=[0] * 6)
    world = _sensors.load(str(path), _sensors.Mpu6050.axes)
    np.testing.assert_allclose(world.at(0), [1, 0, -1, 90, 0, -45], rtol=1e-6, atol=1e-9)
