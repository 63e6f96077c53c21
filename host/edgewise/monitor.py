"""What a board says while it samples: frames over its serial port, as typed events."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgewise.errors import DeviceError, SensorError
from edgewise.targets import Target
from edgewise_rt import frames
from edgewise_rt.sampler import GAP

PROGRAM = "from edgewise_rt import app\ntry:\n app.run(stream=True)\nfinally:\n del app\n"
SILENT_S = 30.0  # an emulated board is slow, and a status comes each second of its own time
START_S = 120.0  # to import an app, on an emulated board of a busy machine
WRAP = GAP - 1  # of ticks_us


@dataclass(frozen=True)
class Hello:
    """scales, offsets: float32. by: timer, fifo or poll. classes, length, hop: of an app."""

    sensor: dict
    axes: tuple[str, ...]
    units: tuple[str, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    rate_hz: float
    by: str
    board: str
    machine: str
    classes: tuple | None = None
    length: int | None = None
    hop: int | None = None


@dataclass(frozen=True, eq=False)
class Samples:
    """counts: int16, shape (n, n_axes); times_us: int64, shape (n,), the board's clock from the first sample on."""

    times_us: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Label:
    """Of a window that ends at time_s. proba: of each class, or () where none are given; a regression's label is its value."""

    window: int
    time_s: float
    label: Any
    proba: tuple[float, ...]


@dataclass(frozen=True)
class Status:
    """missed, late: samples so far; shortest_us, longest_us: between two; waiting: samples on the board."""

    missed: int
    late: int
    shortest_us: int
    longest_us: int
    waiting: int


@dataclass(frozen=True)
class End:
    """reason: "" where all was done, "interrupted", or what went wrong. samples: sent, or of an app the windows.

    hard: did a hard interrupt read the sensor?
    """

    reason: str
    samples: int = 0
    missed: int = 0
    late: int = 0
    shortest_us: int = 0
    longest_us: int = 0
    hard: bool = False
    heap_free: int = 0


Event = Hello | Samples | Label | Status | End


class Reader:
    """Bytes of a board to events. lost, damaged: frames; text: what the board printed between them."""

    def __init__(self) -> None:
        self._decoder = frames.Decoder()
        self._hello: Hello | None = None
        self._last_tick: int | None = None
        self._us = 0

    @property
    def lost(self) -> int:
        return self._decoder.lost

    @property
    def damaged(self) -> int:
        return self._decoder.damaged

    @property
    def greeted(self) -> bool:
        """Has the sensor been opened?"""
        return self._hello is not None

    @property
    def text(self) -> str:
        return self._decoder.text.decode(errors="replace")

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Raises DeviceError for a whole frame that is of another version."""
        for kind, payload in self._decoder.feed(piece):
            try:
                event = KINDS[kind](self, payload)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                raise DeviceError(f"the board sends what this version does not know ({error}); copy the runtime again") from error
            if event:
                yield event

    def _read_hello(self, payload: bytes) -> Hello:
        about = json.loads(payload)
        for name in ("scales", "offsets"):
            about[name] = np.frombuffer(bytes.fromhex(about[name]), "<f4").tolist()
        lists = {name: tuple(about[name]) for name in ("axes", "units", "scales", "offsets")}
        classes = about.get("classes")
        self._hello = Hello(**about | lists | {"classes": None if classes is None else tuple(classes)})
        return self._hello

    def _read_samples(self, payload: bytes) -> Samples | None:
        if self._hello is None:  # that frame was lost: the axes are not known
            return None
        n_axes = len(self._hello.axes)
        n = len(payload) // (4 + 2 * n_axes)
        ticks = np.frombuffer(payload, "<u4", n)
        counts = np.frombuffer(payload, "<i2", n * n_axes, 4 * n).reshape(n, n_axes)
        return Samples(self._times_us(ticks), counts.astype(np.int16))

    def _read_label(self, payload: bytes) -> Label | None:
        if self._hello is None:
            return None
        window, tick, number = np.frombuffer(payload, "<i4", 3).tolist()
        numbers = tuple(np.frombuffer(payload, "<f4", -1, 12).tolist())
        behind = 0 if self._last_tick is None else (tick - self._last_tick + GAP // 2 & WRAP) - GAP // 2
        time_s = (self._us + behind) / 1e6
        if self._hello.classes is None:
            return Label(window, time_s, numbers[0], ())
        return Label(window, time_s, self._hello.classes[number], numbers)

    def _read_status(self, payload: bytes) -> Status:
        return Status(*np.frombuffer(payload, "<i4").tolist())

    def _read_end(self, payload: bytes) -> End:
        return End(**json.loads(payload))

    def _times_us(self, ticks: np.ndarray) -> np.ndarray:
        """ticks_us, which begins again after 2**30, as microseconds since the first."""
        ticks = ticks.astype(np.int64) & WRAP
        last = ticks[0] if self._last_tick is None else self._last_tick
        times = self._us + np.cumsum(np.diff(ticks, prepend=last) & WRAP)
        self._last_tick, self._us = int(ticks[-1]), int(times[-1])
        return times


KINDS: dict[int, Callable[[Reader, bytes], Event | None]] = {
    frames.HELLO: Reader._read_hello,
    frames.SAMPLES: Reader._read_samples,
    frames.LABEL: Reader._read_label,
    frames.STATUS: Reader._read_status,
    frames.END: Reader._read_end,
}


def listen(
    target: Target, program: str, on_event: Callable[[Event], bool | None], reader: Reader, silent_s: float = SILENT_S
) -> None:
    """Runs a program that sends frames, and tells each event that `reader` makes of them.

    It is interrupted where on_event answers True.

    Raises DeviceError where the program raises, sends nothing for
    silent_s, or ends without END, SensorError where the sensor cannot be opened, PortError where the board is gone.
    """
    heard = time.monotonic()
    last: list[Event] = []

    def on_bytes(piece: bytes) -> bool:
        nonlocal heard
        if piece:
            heard = time.monotonic()
        elif time.monotonic() - heard > (patience := silent_s if reader.greeted else max(silent_s, START_S)):
            raise DeviceError(f"{target.name} sent nothing for {patience:.0f} s; reset it and try again")
        stop = False
        for event in reader.feed(piece):
            last[:] = [event]
            if isinstance(event, End) and not reader.greeted and event.reason:
                raise SensorError(f"{target.name}: {event.reason}")
            stop = bool(on_event(event)) or stop
        return stop

    target.stream(program, on_bytes)
    if not last or not isinstance(last[0], End):
        words = reader.text.strip().splitlines()[-1:] or ["nothing"]
        raise DeviceError(f"the program on {target.name} ended without a word; its last output was: {words[0][:200]}")


def monitor(target: Target, on_event: Callable[[Event], bool | None], seconds: float | None = None) -> Reader:
    """Runs the deployed app and tells what it samples and says, until on_event answers True or for `seconds` of its clock.

    Afterwards the target is let go, and main.py runs again where the port starts it. Raises as `listen` does; SensorError also
    where the sensor stopped answering; DeviceError where no app is on the board, or its parts do not fit.
    """
    ended: list[End] = []
    reader = Reader()

    def tell(event: Event) -> bool:
        if isinstance(event, End):
            ended.append(event)
        over = seconds is not None and isinstance(event, Samples) and event.times_us[-1] >= 1e6 * seconds
        return bool(on_event(event)) or over

    try:
        listen(target, PROGRAM, tell, reader)
    except DeviceError as error:
        if "ImportError" in str(error) and "edgewise_rt" in str(error):
            raise DeviceError(f"no app is on {target.name}: run edgewise deploy DIR --app first", error.traceback) from error
        raise
    finally:
        target.restart()
    if ended and ended[0].reason not in ("", "interrupted"):
        raise SensorError(f"{target.name}: {ended[0].reason}")
    return reader
