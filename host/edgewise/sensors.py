"""The sensors that have a driver: firmware/drivers/sensors.json -> Sensor, and the config that a board opens one with."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from edgewise.errors import SensorError
from edgewise.runtime import firmware_folder, with_imports

# bus: {port: pins that it is wired to, unless the user says so}; the wiring of sensors.json is the same
PINS: dict[str, dict[str, dict[str, int]]] = {
    "i2c": {"rp2": {"id": 0, "scl": 5, "sda": 4}, "esp32": {"id": 0, "scl": 22, "sda": 21}},
    "adc": {"rp2": {"pin": 26}, "esp32": {"pin": 34}},
    "i2s": {"rp2": {"id": 0, "sck": 16, "ws": 17, "sd": 18}, "esp32": {"id": 0, "sck": 32, "ws": 25, "sd": 33}},
    "wifi": {"rp2": {}, "esp32": {}},
    "replay": {"rp2": {}, "esp32": {}},
}
DEFAULT_RATE_HZ = 100.0  # or the nearest that the sensor can do


@dataclass(frozen=True)
class Choice:
    """An option that takes one of `values`; the first unless the user says so."""

    values: tuple[int | str, ...]

    @property
    def default(self) -> int | str:
        return self.values[0]

    def check(self, value: Any) -> Any:
        """The value, from text too; ValueError says what is taken."""
        for known in self.values:
            if value == known or str(value) == str(known):
                return known
        raise ValueError(f"one of {', '.join(map(str, self.values))}")


@dataclass(frozen=True)
class Number:
    """An option that takes a whole number."""

    lowest: int
    highest: int
    default: int

    def check(self, value: Any) -> int:
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = self.lowest - 1
        if isinstance(value, bool) or number != _float(value) or not self.lowest <= number <= self.highest:
            raise ValueError(f"a whole number from {self.lowest} to {self.highest}")
        return number


@dataclass(frozen=True)
class Text:
    """An option that takes a text; without `default` it must be given."""

    text: str  # what it is
    default: str | None = None

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value or not value.isprintable():
            raise ValueError(self.text)
        return value


Option = Choice | Number | Text


@dataclass(frozen=True)
class Sensor:
    """One sensor: how it is wired, what it measures, and what its driver takes.

    axes, units: all that it can measure; options choose (an MPU-6050 without range_dps has three axes). wiring: its pins
    with those of a Pico. rates_hz: lowest, highest. source: where the driver's facts are from.
    """

    name: str
    title: str
    module: str
    class_name: str
    bus: str
    addresses: tuple[int, ...]
    axes: tuple[str, ...]
    units: tuple[str, ...]
    rates_hz: tuple[float, float]
    options: Mapping[str, Option]
    wiring: tuple[tuple[str, str], ...]
    wiring_esp32: tuple[tuple[str, str], ...]
    source: str

    @classmethod
    def load(cls, name: str) -> "Sensor":
        """The sensor of that name; SensorError names near ones."""
        sensors = _table()
        if name in sensors:
            return sensors[name]
        near = difflib.get_close_matches(name.lower(), sensors, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise SensorError(f"no sensor {name!r}: {hint}known are {', '.join(sensors)}")

    @property
    def modules(self) -> tuple[str, ...]:
        """The driver and what it imports, as `runtime.module_files` takes them: "drivers/mpu6050", "drivers/common"."""
        return tuple(reversed(with_imports([f"drivers/{self.module}"])))


def known() -> list[Sensor]:
    """The sensors that come with Edgewise."""
    return list(_table().values())


def config(
    name: str,
    rate_hz: float | None = None,
    pins: Mapping[str, int] | None = None,
    address: int | None = None,
    options: Mapping[str, Any] | None = None,
    port: str = "rp2",
) -> dict[str, Any]:
    """What `edgewise_rt.sensors.open_sensor` takes, and recordings, sidecars and boards keep: plain data.

    Whatever is not given is the sensor's default: pins those of `port`, "rp2" or "esp32"; option values may be text.
    SensorError for what the sensor cannot do.
    """
    sensor = Sensor.load(name)
    if port not in PINS[sensor.bus]:
        raise SensorError(f"port {port!r} has no pins for {name}: known are {', '.join(PINS[sensor.bus])}")
    lowest, highest = sensor.rates_hz
    rate = min(max(DEFAULT_RATE_HZ, lowest), highest) if rate_hz is None else _float(rate_hz)
    if not lowest <= rate <= highest:
        raise SensorError(f"{name} cannot sample at {rate_hz} Hz: give a rate from {lowest:g} to {highest:g}")
    return {
        "sensor": name,
        "module": sensor.module,
        "class": sensor.class_name,
        "bus": sensor.bus,
        "pins": _pins(sensor, PINS[sensor.bus][port], pins or {}),
        "address": _address(sensor, address),
        "rate_hz": int(rate) if rate == int(rate) else rate,
        "options": _options(sensor, options or {}),
    }


def replay_file(
    samples: np.ndarray,
    axes: Sequence[str],
    units: Sequence[str],
    scales: Sequence[float],
    offsets: Sequence[float],
    rate_hz: float,
) -> bytes:
    """What the driver `replay` plays: samples int16, shape (n, n_axes)."""
    if samples.dtype != np.int16 or samples.ndim != 2 or samples.shape[1] != len(axes) or len(samples) == 0:
        given = f"{samples.dtype} of shape {samples.shape}"
        raise SensorError(f"the samples of {len(axes)} axes are {given}: give int16, a row a sample")
    columns = {"axes": axes, "units": units, "scales": [float(x) for x in scales], "offsets": [float(x) for x in offsets]}
    head = {key: list(values) for key, values in columns.items()} | {"rate_hz": rate_hz}
    return json.dumps(head).encode() + b"\n" + samples.astype("<i2").tobytes()


@cache
def _table() -> dict[str, Sensor]:
    path = firmware_folder() / "drivers" / "sensors.json"
    try:
        facts = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SensorError(f"no sensors at {str(path)!r} ({error.strerror}): install edgewise again") from None
    return {name: _sensor(name, entry) for name, entry in facts.items()}


def _sensor(name: str, facts: dict[str, Any]) -> Sensor:
    return Sensor(
        name=name,
        title=facts["title"],
        module=facts["module"],
        class_name=facts["class"],
        bus=facts["bus"],
        addresses=tuple(facts["addresses"]),
        axes=tuple(facts["axes"]),
        units=tuple(facts["units"]),
        rates_hz=(facts["rates_hz"][0], facts["rates_hz"][1]),
        options={option: _option(values) for option, values in facts["options"].items()},
        wiring=tuple((pin, where) for pin, where in facts["wiring"]),
        wiring_esp32=tuple((pin, where) for pin, where in facts["wiring_esp32"]),
        source=facts["source"],
    )


def _option(values: Any) -> Option:
    if isinstance(values, list):
        return Choice(tuple(values))
    return Text(**values) if "text" in values else Number(**values)


def _pins(sensor: Sensor, usual: dict[str, int], pins: Mapping[str, Any]) -> dict[str, int]:
    for pin, number in pins.items():
        if pin not in usual:
            raise SensorError(f"{sensor.name} has no pin {pin!r}: {_listed('its pins are', usual)}")
        if not str(number).isdecimal() or isinstance(number, bool):
            raise SensorError(f"pin {pin} of {sensor.name} is {number!r}, and must be a number of the board's GPIO")
    return usual | {pin: int(number) for pin, number in pins.items()}


def _address(sensor: Sensor, address: int | None) -> int | None:
    if address is None:
        return sensor.addresses[0] if sensor.addresses else None
    if address not in sensor.addresses:
        choices = [f"0x{known:02x}" for known in sensor.addresses]
        raise SensorError(f"{sensor.name} cannot be at address {address!r}: {_listed('it is at', choices)}")
    return address


def _options(sensor: Sensor, options: Mapping[str, Any]) -> dict[str, Any]:
    for option, value in options.items():
        if option not in sensor.options:
            raise SensorError(f"{sensor.name} has no option {option!r}: {_listed('its options are', sensor.options)}")
        try:
            sensor.options[option].check(value)
        except ValueError as error:
            raise SensorError(f"option {option} of {sensor.name} is {value!r}, and must be {error}") from None
    chosen = {}
    for name, takes in sensor.options.items():
        value = takes.check(options[name]) if name in options else takes.default
        if value is None and isinstance(takes, Text):
            raise SensorError(f"{sensor.name} needs the option {name}: {takes.text}")
        chosen[name] = value
    return chosen


def _listed(words: str, names: Any) -> str:
    return f"{words} {', '.join(names)}" if names else "there are none"


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
