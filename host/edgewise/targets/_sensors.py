"""Sensors beside the emulated Pico: devices on its I2C buses and its analog inputs, which play recordings in emulated time.

Loaded into the emulator's process, which must not import edgewise; the host calls `surround` too, to refuse bad files before a
start, so nothing of rp2040py is imported. What is played: the .npz of `edgewise record`, or a .csv whose header names the axes
and, if it has one, `time_s` (else CSV_RATE_HZ rows a second); several files one after another, and again from the start. Between
two rows the earlier one holds. The world begins when a sensor is first woken or read, and goes on whatever the chip is told; the
word "rewind" begins it again.
"""

import bisect
import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

CSV_RATE_HZ = 100.0
TOLERANCE_NS = 1000  # so that rounding does not play a sample twice where recording and sensor have one rate
EARTH_M_S2 = 9.80665
# unit: (the unit that it is turned into, its size in that)
UNITS = {
    "g": ("g", 1.0),
    "m/s2": ("g", 1 / EARTH_M_S2),
    "deg/s": ("deg/s", 1.0),
    "rad/s": ("deg/s", 180 / np.pi),
    "degC": ("degC", 1.0),
    "%": ("%", 1.0),
    "Pa": ("Pa", 1.0),
    "hPa": ("Pa", 100.0),
    "lx": ("lx", 1.0),
    "V": ("V", 1.0),
    "counts": ("counts", 1.0),
}


@dataclass(frozen=True)
class Axis:
    """What a sensor measures: its name in recordings, its unit, and what it is when nothing is played."""

    name: str
    unit: str
    rest: float = 0.0


@dataclass(frozen=True)
class World:
    """values (n, axes) in the axes' units, each from times_ns[i] on; after `duration_ns` it begins again."""

    axes: tuple[Axis, ...]
    times_ns: list[int]
    values: np.ndarray
    duration_ns: int

    def at(self, nanoseconds: float) -> np.ndarray:
        """The values at an instant after the beginning."""
        within = (nanoseconds + TOLERANCE_NS) % self.duration_ns
        return self.values[bisect.bisect_right(self.times_ns, within) - 1]


def load(paths: str, axes: tuple[Axis, ...]) -> World:
    """The files of a comma-separated list, one after another. ValueError and OSError name the file, in one line."""
    pieces, times, start = [], [], 0
    for path in paths.split(","):
        starts, values, end = _read(Path(path.strip()), axes)
        pieces.append(values)
        times += [start + int(t) for t in starts]
        start += end
    return World(axes, times, np.concatenate(pieces), start)


def resting(axes: tuple[Axis, ...]) -> World:
    return World(axes, [0], np.array([[axis.rest for axis in axes]]), 1_000_000_000)


def _read(path: Path, axes: tuple[Axis, ...]) -> tuple[np.ndarray, np.ndarray, int]:
    """When each row begins in ns, the rows in the units of `axes`, and when the last one ends."""
    try:
        kind = READERS[path.suffix.lower()]
    except KeyError:
        raise ValueError(f"{path}: give a .npz of `edgewise record` or a .csv") from None
    names, units, times_s, table, rate_hz = kind(path, axes)
    if len(table) == 0:
        raise ValueError(f"{path}: it holds no samples")
    columns = []
    for axis in axes:
        if axis.name not in names:
            columns.append(np.full(len(table), axis.rest))
            continue
        at = names.index(axis.name)
        unit, size = UNITS.get(units[at], (units[at], 1.0))
        if unit != axis.unit:
            raise ValueError(f"{path}: {axis.name} is in {units[at]!r}, and must be in {axis.unit!r}")
        columns.append(table[:, at] * size)
    if not any(axis.name in names for axis in axes):
        wanted = ", ".join(axis.name for axis in axes)
        raise ValueError(f"{path}: it has none of {wanted}; it has {', '.join(map(str, names)) or 'nothing'}")
    values = np.stack(columns, axis=1)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise ValueError(f"{path}: row {row + 1} is not finite; leave it out")
    if times_s is None:
        times_s = np.arange(len(values)) / rate_hz
        end_s = len(values) / rate_hz
    else:
        steps = np.diff(times_s)
        if not (np.isfinite(times_s).all() and (steps > 0).all()):
            raise ValueError(f"{path}: time_s must rise from row to row")
        times_s = times_s - times_s[0]
        end_s = times_s[-1] + (np.median(steps) if len(steps) else 1.0)
    return np.rint(times_s * 1e9).astype(np.int64), values, round(end_s * 1e9)


def _read_npz(path: Path, axes: tuple[Axis, ...]) -> tuple:
    try:
        with np.load(path, allow_pickle=False) as file:
            counts, meta = file["samples"], json.loads(file["meta"].item())
        scales, offsets = np.float32(meta["scales"]), np.float32(meta["offsets"])
        table = counts * scales.astype(float) + offsets
        return list(meta["axes"]), list(meta["units"]), None, table, float(meta["rate_hz"])
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}; give an existing file") from None
    except Exception as error:  # zipfile and numpy raise a dozen kinds for a damaged file
        raise ValueError(f"{path}: it is no recording ({type(error).__name__}: {str(error)[:80]})") from None


def _read_csv(path: Path, axes: tuple[Axis, ...]) -> tuple:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            names, *rows = [row for row in csv.reader(file) if row] or [[]]
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; give an existing file") from None
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path}: it is no csv ({error})") from None
    names = [name.strip() for name in names]
    keep = [i for i, name in enumerate(names) if name == "time_s" or name in {axis.name for axis in axes}]
    table = np.empty((len(rows), len(keep)))
    for number, row in enumerate(rows):
        try:
            table[number] = [float(row[i]) for i in keep]
        except (ValueError, IndexError):
            raise ValueError(f"{path}: line {number + 2} is {','.join(row)[:60]!r}, and must hold numbers") from None
    kept = [names[i] for i in keep]
    unit_of = {axis.name: axis.unit for axis in axes} | {"time_s": "s"}
    times_s = table[:, kept.index("time_s")] if "time_s" in kept else None
    return kept or names, [unit_of.get(name, "") for name in kept or names], times_s, table, CSV_RATE_HZ


READERS: dict[str, Callable[[Path, tuple[Axis, ...]], tuple]] = {".npz": _read_npz, ".csv": _read_csv}


@dataclass
class Player:
    """A world and the emulated clock; nothing is read before the beginning."""

    world: World
    clock: Any = None  # .nanos: emulated time since power-up
    began_ns: float | None = None

    def begin(self) -> None:
        if self.began_ns is None:
            self.began_ns = self.clock.nanos

    def elapsed_ns(self) -> float:
        self.begin()
        assert self.began_ns is not None
        return self.clock.nanos - self.began_ns

    def now(self) -> np.ndarray:
        return self.world.at(self.elapsed_ns())


class Registers:
    """A device with a register pointer: the first byte written sets it, then reads and writes move on."""

    axes: tuple[Axis, ...]
    address: int
    identity_register = 0

    def __init__(self, player: Player):
        self.player = player
        self.present = True  # False: unplugged
        self.registers = bytearray(256)
        self._pointer, self._first = 0, True

    def start(self, write: bool) -> None:
        self._first = write

    def write(self, value: int) -> None:
        if self._first:
            self._pointer, self._first = value, False
        else:
            self.on_write(self._pointer, value)
            self._pointer = (self._pointer + 1) & 0xFF

    def read(self) -> int:
        value = self.on_read(self._pointer)
        self._pointer = (self._pointer + 1) & 0xFF
        return value

    def power_off(self) -> None:
        """What it was told is forgotten."""

    def on_write(self, register: int, value: int) -> None:
        self.registers[register] = value

    def on_read(self, register: int) -> int:
        return self.registers[register]


class Mpu6050(Registers):
    """RM-MPU-6000A-00 rev. 4.2: data registers at the chip's own rate, full scales, FIFO with overflow.

    With another identity it is the same chip, but for a FIFO of 512 bytes.
    """

    axes = (
        *(Axis("acc_x", "g"), Axis("acc_y", "g"), Axis("acc_z", "g", 1.0)),
        *(Axis(f"gyro_{axis}", "deg/s") for axis in "xyz"),
    )
    address, identity_register = 0x68, 0x75
    temperature = (-3920).to_bytes(2, "big", signed=True)  # 25 degrees C

    def __init__(self, player: Player):
        super().__init__(player)
        self.power_off()
        self.registers[self.identity_register] = 0x68

    def power_off(self) -> None:
        identity = self.registers[self.identity_register]
        self.registers = bytearray(256)
        self.registers[self.identity_register] = identity
        self.registers[0x6B] = 0x40  # asleep
        self._fifo, self._last = bytearray(), 0
        self._next: int | None = None  # the number of the sample that goes into the FIFO next

    @property
    def fifo_size(self) -> int:
        return 1024 if self.registers[self.identity_register] == 0x68 else 512

    def _period_ns(self) -> float:
        return (1_000_000 if 1 <= self.registers[0x1A] & 7 <= 6 else 125_000) * (1 + self.registers[0x19])

    def _entry(self, sample: int) -> bytes:
        """Acceleration, temperature, turning rate of one sample, as in the data registers."""
        world = self.player.world.at(sample * self._period_ns())
        g_per_count = (2 << (self.registers[0x1C] >> 3 & 3)) / 32768
        dps_per_count = (250 << (self.registers[0x1B] >> 3 & 3)) / 32768
        counts = np.clip(np.rint(world / ([g_per_count] * 3 + [dps_per_count] * 3)), -32768, 32767).astype(">i2")
        return counts[:3].tobytes() + self.temperature + counts[3:].tobytes()

    def _newest(self) -> int:
        return int((self.player.elapsed_ns() + TOLERANCE_NS) // self._period_ns())

    def _fill(self) -> None:
        """What the FIFO has got since the last look."""
        if self._next is None:
            return
        newest, parts = self._newest(), self.registers[0x23]
        self._next = max(self._next, newest - 2 * self.fifo_size)  # more than overflows it
        while self._next <= newest:
            entry = self._entry(self._next)
            acceleration, temperature, rates = entry[:6], entry[6:8], entry[8:]
            self._fifo += acceleration * (parts >> 3 & 1) + temperature * (parts >> 7)
            self._fifo += b"".join(rates[2 * i : 2 * i + 2] * (parts >> 6 - i & 1) for i in range(3))
            self._next += 1
        if len(self._fifo) > self.fifo_size:  # the oldest bytes are overwritten
            del self._fifo[: -self.fifo_size]
            self.registers[0x3A] |= 0x10

    def on_write(self, register: int, value: int) -> None:
        self._fill()
        if register == 0x6B and value & 0x80:
            self.power_off()
            return
        if register == 0x6B and not value & 0x40:
            self.player.begin()
        if register == 0x6A and value & 0x04:
            self._fifo.clear()
            value &= ~0x04
        if register not in (0x3A, self.identity_register, 0x72, 0x73):  # read-only
            self.registers[register] = value
        filling = self.registers[0x6A] & 0x40 and self.registers[0x23] and not self.registers[0x6B] & 0x40
        self._next = (self._next or self._newest() + 1) if filling else None

    def start(self, write: bool) -> None:
        super().start(write)
        if not write and 0x3A <= self._pointer <= 0x48 and not self.registers[0x6B] & 0x40:  # one instant for the whole transfer
            self.registers[0x3B:0x49] = self._entry(self._newest())
            self.registers[0x3A] |= 0x01

    def read(self) -> int:
        if self._pointer == 0x74:  # does not move on
            self._fill()
            self._last = self._fifo.pop(0) if self._fifo else self._last
            return self._last
        return super().read()

    def on_read(self, register: int) -> int:
        self._fill()
        if register == 0x72:
            self.registers[0x72:0x74] = len(self._fifo).to_bytes(2, "big")
        value = self.registers[register]
        if register == 0x3A:
            self.registers[0x3A] = 0
        return value


class Bh1750(Registers):
    """BH1750FVI: commands without registers; 1.2 counts for one lux, as in all modes but H-resolution mode 2."""

    axes = (Axis("light", "lx", 100.0),)
    address = 0x23

    def __init__(self, player: Player):
        super().__init__(player)
        self._answer = b""

    def start(self, write: bool) -> None:
        if not write:
            lux = float(self.player.now()[0])
            self._answer = min(round(lux * 1.2), 65535).to_bytes(2, "big")

    def write(self, value: int) -> None:
        if value & 0x30:
            self.player.begin()

    def read(self) -> int:
        byte, self._answer = (self._answer or b"\xff")[0], self._answer[1:]
        return byte


class Sht31(Registers):
    """SHT3x-DIS: commands of two bytes, words with a CRC; a measurement is there at once."""

    axes = (Axis("temperature", "degC", 25.0), Axis("humidity", "%", 50.0))
    address = 0x44

    def __init__(self, player: Player):
        super().__init__(player)
        self._command, self._answer = b"", b""

    def start(self, write: bool) -> None:
        if write:
            self._command = b""

    def write(self, value: int) -> None:
        self._command += bytes([value])
        if len(self._command) == 2:
            if self._command == b"\xf3\x2d":
                words = [0]
            else:
                temperature, humidity = self.player.now()
                words = [round((temperature + 45) / 175 * 65535), round(humidity / 100 * 65535)]
            self._answer = b"".join(_with_crc(min(max(word, 0), 65535)) for word in words)

    def read(self) -> int:
        byte, self._answer = (self._answer or b"\xff")[0], self._answer[1:]
        return byte


def _with_crc(word: int) -> bytes:
    data, crc = word.to_bytes(2, "big"), 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x31 if crc & 0x80 else 0)) & 0xFF
    return data + bytes([crc])


DEVICES: dict[str, type[Registers]] = {"mpu6050": Mpu6050, "bh1750": Bh1750, "sht31": Sht31}
ANALOG = (Axis("volts", "V"), Axis("counts", "counts"))
ADC_VOLTS, ADC_COUNTS = 3.3, 4095
CLOCK_NS = 8  # at 125 MHz
STUCK_CHECK_NS = 100_000
WRITE, TX_EMPTY = 0, 1 << 4  # rp2040py's I2CMode.WRITE and R_TX_EMPTY


@dataclass
class Bus:
    """One I2C bus of the chip. A transfer takes no emulated time unless `timed`: then 9 clocks a byte.

    Held low (`stuck`), nobody is addressed and no transfer ends: the firmware gives up after its own time limit.
    """

    number: int
    timed: bool = False
    devices: dict[str, Registers] = field(default_factory=dict)
    stuck: bool = False

    def attach(self, rp2040: Any) -> None:
        i2c, current = rp2040.i2c[self.number], list[Registers]()
        for device in self.devices.values():
            device.player.clock = rp2040.clock
        waiting = list[Callable[[], None]]()
        byte_sent = rp2040.clock.create_alarm(lambda: waiting.pop()())

        def after_a_byte(then: Callable[[], None]) -> None:
            if self.timed:
                waiting.append(then)
                byte_sent.schedule(9 * CLOCK_NS * (i2c.scl_low_period + i2c.scl_high_period))
            else:
                then()

        def until_freed() -> None:
            if self.stuck:
                held.schedule(STUCK_CHECK_NS)
            else:
                i2c._tx_fifo.reset()  # of transfers given up
                i2c.complete_stop()

        held = rp2040.clock.create_alarm(until_freed)

        def acknowledge() -> None:
            i2c.complete_connect(True)

        def refuse() -> None:
            i2c.complete_connect(False)
            i2c._set_interrupts(TX_EMPTY)  # it forgets this, and the firmware would wait 50 ms for it: ETIMEDOUT, not EIO

        def on_connect(address: int, mode: int) -> None:
            if self.stuck:
                until_freed()
                return
            current[:] = [device for device in self.devices.values() if device.address == address and device.present]
            for device in current:
                device.start(write=mode == WRITE)
            after_a_byte(acknowledge if current else refuse)

        def on_write(value: int) -> None:
            current[0].write(value)
            after_a_byte(lambda: i2c.complete_write(True))

        def on_read(_acknowledge: bool) -> None:
            value = current[0].read()
            after_a_byte(lambda: i2c.complete_read(value))

        i2c.on_connect, i2c.on_write_byte, i2c.on_read_byte = on_connect, on_write, on_read


@dataclass
class Analog:
    """Voltages on the analog inputs, from 0 to 3.3 V in 4095 steps; input 4 is the chip's own temperature sensor."""

    worlds: dict[int, World] = field(default_factory=dict)

    def attach(self, rp2040: Any) -> None:
        adc = rp2040.adc
        self.players = {channel: Player(world, rp2040.clock) for channel, world in self.worlds.items()}
        convert = adc.on_adc_read

        def on_read(channel: int) -> None:
            if channel in self.players:
                volts, counts = self.players[channel].now()
                adc.channel_values[channel] = min(max(round(volts / ADC_VOLTS * ADC_COUNTS + counts), 0), ADC_COUNTS)
            convert(channel)

        adc.on_adc_read = on_read


@dataclass
class Surroundings:
    """All that lies around the chip, and the words that change it while it runs."""

    buses: tuple[Bus, Bus]
    analog: Analog

    def attach(self, rp2040: Any) -> None:
        for part in (*self.buses, self.analog):
            part.attach(rp2040)

    def hear(self, words: str) -> None:
        """unplug NAME, plug NAME, identity NAME BYTE, stuck BUS, free BUS, rewind; ValueError for anything else."""
        verb, *arguments = words.split()
        devices = {name: device for bus in self.buses for name, device in bus.devices.items()}
        match verb, arguments:
            case (("unplug" | "plug"), [name]) if name in devices:
                devices[name].present = verb == "plug"
                if verb == "unplug":
                    devices[name].power_off()
            case "identity", [name, byte] if name in devices:
                devices[name].registers[devices[name].identity_register] = int(byte, 0)
            case (("stuck" | "free"), [("0" | "1") as number]):
                self.buses[int(number)].stuck = verb == "stuck"
            case "rewind", []:
                for player in (*(device.player for device in devices.values()), *self.analog.players.values()):
                    player.began_ns = None
            case _:
                raise ValueError(f"{words!r} is none of: {self.hear.__doc__}")


def surround(sensors: Sequence[str], adc: Sequence[str], timed: bool = False) -> Surroundings:
    """sensors: "NAME=FILES" or "NAME", with "@1" after NAME for bus 1; adc: "INPUT=FILES". ValueError: one line."""
    buses, analog = (Bus(0, timed), Bus(1, timed)), Analog()
    for text in sensors:
        place, _, paths = text.partition("=")
        name, _, number = place.partition("@")
        if name not in DEVICES or number not in ("", "0", "1"):
            raise ValueError(f"--sensor {text}: give NAME=FILES with one of {', '.join(DEVICES)}; NAME@1 is on I2C bus 1")
        device = DEVICES[name]
        buses[int(number or 0)].devices[name] = device(Player(load(paths, device.axes) if paths else resting(device.axes)))
    for text in adc:
        channel, _, paths = text.partition("=")
        if channel not in tuple("01234") or not paths:
            raise ValueError(f"--adc {text}: give INPUT=FILES with an input from 0 to 4, as 0=light.csv")
        analog.worlds[int(channel)] = load(paths, ANALOG)
    return Surroundings(buses, analog)
