"""The table of sensors, the config that it makes, and that it says what the drivers do."""

import ast
import inspect
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from edgewise import sensors
from edgewise.errors import SensorError
from edgewise.runtime import firmware_folder, module_path
from edgewise.sensors import Choice, Number, Sensor, Text

NAMES = [sensor.name for sensor in sensors.known()]


def test_known():
    assert len(NAMES) == 12
    assert list(json.loads((firmware_folder() / "drivers" / "sensors.json").read_text("utf-8"))) == NAMES
    used = {module for sensor in sensors.known() for module in sensor.modules}
    assert used == {f"drivers/{path.stem}" for path in (firmware_folder() / "drivers").glob("*.py")}
    assert Sensor.load("mpu6050").modules == ("drivers/mpu6050", "drivers/common")


@pytest.mark.parametrize("name", NAMES)
def test_the_table_says_what_the_driver_takes(name: str, drivers: None):
    sensor = Sensor.load(name)
    parameters = inspect.signature(getattr(import_module(f"drivers.{sensor.module}"), sensor.class_name).__init__).parameters
    assert list(parameters)[:4] == ["self", "bus", "address", "rate_hz"]
    assert sorted(list(parameters)[4:]) == sorted(sensor.options)
    for option, takes in sensor.options.items():
        if not (isinstance(takes, Text) and takes.default is None):
            assert parameters[option].default == takes.default, option
    assert parameters["address"].default == (sensor.addresses[0] if sensor.addresses else None)
    if sensor.bus != "replay":
        assert sensor.rates_hz[0] <= parameters["rate_hz"].default <= sensor.rates_hz[1]
        assert len(sensor.axes) == len(sensor.units) > 0
    assert sensor.source
    assert sensor.title
    assert sensors.PINS[sensor.bus]["rp2"].keys() == sensors.PINS[sensor.bus]["esp32"].keys()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "replay"])
def test_the_rates_are_the_driver_s(name: str):
    """The call of `within` for rate_hz holds the table's range, or the last of the rates above it."""
    sensor = Sensor.load(name)
    tree = ast.parse(module_path(f"drivers/{sensor.module}").read_text("utf-8"))
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "_RATES_HZ"
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "within"]
    (rate,) = (call for call in calls if isinstance(call.args[1], ast.Constant) and call.args[1].value == "rate_hz")
    limits = [eval(ast.unparse(limit), {}, constants) for limit in rate.args[3:]]
    assert tuple(limits) == sensor.rates_hz


@pytest.mark.parametrize("name", [sensor.name for sensor in sensors.known() if sensor.bus == "i2c"])
def test_the_wiring_is_that_of_the_pins(name: str):
    sensor = Sensor.load(name)
    for wiring, port, prefix in ((sensor.wiring, "rp2", "GP"), (sensor.wiring_esp32, "esp32", "GPIO")):
        pins = sensors.PINS["i2c"][port]
        assert {"SDA": f"{prefix}{pins['sda']}", "SCL": f"{prefix}{pins['scl']}"}.items() <= dict(wiring).items()


def test_config():
    assert sensors.config("mpu6050") == {
        "sensor": "mpu6050",
        "module": "mpu6050",
        "class": "MPU6050",
        "bus": "i2c",
        "pins": {"id": 0, "scl": 5, "sda": 4},
        "address": 0x68,
        "rate_hz": 100,
        "options": {"range_g": 2, "range_dps": 0},
    }
    config = sensors.config("mpu6050", 62.5, {"sda": 21}, 0x69, {"range_g": "16"}, port="esp32")
    assert (config["rate_hz"], config["address"], config["options"]["range_g"]) == (62.5, 0x69, 16)
    assert config["pins"] == {"id": 0, "scl": 22, "sda": 21}
    assert json.loads(json.dumps(config)) == config
    assert sensors.config("bme280")["rate_hz"] == 50  # the nearest to 100
    assert sensors.config("replay")["options"] == {"path": "/replay.bin"}
    assert sensors.config("rssi", 0.1, options={"networks": "lab,hall"})["options"] == {"networks": "lab,hall"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "mpu6051"}, "no sensor 'mpu6051': did you mean mpu6050? known are mpu6050, lsm6dsox"),
        ({"name": "mpu6050", "rate_hz": 1001}, "mpu6050 cannot sample at 1001 Hz: give a rate from 4 to 1000"),
        ({"name": "mpu6050", "rate_hz": 3.9}, "from 4 to 1000"),
        ({"name": "mpu6050", "rate_hz": float("nan")}, "from 4 to 1000"),
        ({"name": "mpu6050", "rate_hz": "fast"}, "from 4 to 1000"),
        ({"name": "mpu6050", "pins": {"mosi": 3}}, "mpu6050 has no pin 'mosi': its pins are id, scl, sda"),
        ({"name": "mpu6050", "pins": {"sda": "GP4"}}, "pin sda of mpu6050 is 'GP4', and must be a number"),
        ({"name": "mpu6050", "pins": {"sda": True}}, "must be a number"),
        ({"name": "replay", "pins": {"sda": 4}}, "replay has no pin 'sda': there are none"),
        ({"name": "mpu6050", "address": 0x70}, "mpu6050 cannot be at address 112: it is at 0x68, 0x69"),
        ({"name": "adc", "address": 1}, "adc cannot be at address 1: there are none"),
        ({"name": "mpu6050", "options": {"range": 2}}, "mpu6050 has no option 'range': its options are range_g, range_dps"),
        ({"name": "mpu6050", "options": {"range_g": 3}}, "option range_g of mpu6050 is 3, and must be one of 2, 4, 8, 16"),
        ({"name": "adc", "options": {"burst": 1001}}, "option burst of adc is 1001, and must be a whole number from 1 to 1000"),
        ({"name": "adc", "options": {"burst": "many"}}, "a whole number from 1 to 1000"),
        ({"name": "adc", "options": {"burst": 1.5}}, "a whole number from 1 to 1000"),
        ({"name": "rssi"}, "rssi needs the option networks: names of networks"),
        ({"name": "rssi", "options": {"networks": "a\nb"}}, "option networks of rssi is 'a\\nb', and must be names"),
        ({"name": "mpu6050", "port": "stm32"}, "port 'stm32' has no pins for mpu6050: known are rp2, esp32"),
    ],
)
def test_config_that_is_refused(arguments: dict, words: str):
    with pytest.raises(SensorError) as refused:
        sensors.config(**arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_options():
    assert Choice((2, 4)).default == 2
    assert Choice(("light", "chip")).check("chip") == "chip"
    assert Number(1, 5, 2).check("5") == 5
    with pytest.raises(ValueError, match="one of 2, 4"):
        Choice((2, 4)).check(3)


def test_replay_file(tmp_path: Path, drivers: None):
    samples = np.array([[1, -2, 3], [-32768, 0, 32767]], np.int16)
    data = sensors.replay_file(samples, ("x", "y", "z"), ["g"] * 3, np.float32([0.5] * 3), (0, 0, 1), 50)
    path = tmp_path / "replay.bin"
    path.write_bytes(data)
    replay = import_module("drivers.replay").Replay(None, rate_hz=50, path=str(path))
    assert (replay.axes, replay.units, replay.scales, replay.offsets) == (("x", "y", "z"), ("g",) * 3, (0.5,) * 3, (0, 0, 1))
    found = import_module("array").array("h", [0] * 3)
    for row in (*samples, samples[0]):
        replay.read_into(found, 0)
        assert list(found) == list(row)
    with pytest.raises(SensorError, match="the samples of 3 axes are float64 of shape"):
        sensors.replay_file(samples.astype(float), "xyz", "ggg", [1] * 3, [0] * 3, 50)
    with pytest.raises(SensorError, match="give int16, a row a sample"):
        sensors.replay_file(samples[:0], "xyz", "ggg", [1] * 3, [0] * 3, 50)
