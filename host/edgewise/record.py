"""Records a sensor of a board: samples come as frames, and are in a file before the next ones come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.app import SAMPLING, Progress, driver_modules, put_modules
from edgewise.errors import DeviceError, EdgewiseError, RecordingError, SensorError
from edgewise.monitor import SILENT_S, End, Event, Hello, Reader, Samples, Status, listen
from edgewise.recordings import Journal, Meta, Recording, load, next_path
from edgewise.targets import Target

OnSamples = Callable[[Samples], bool | None]


@dataclass(frozen=True)
class Recorded:
    """What lies at `path`: n_samples of those promised; reason: why there are fewer, or "".

    missed: samples that the board could not take. late: that came more than 1.5 periods after the one before. lost_frames: that
    did not arrive; damaged_frames are among them. rate_hz, jitter_us (standard deviation of the steps), shortest_us, longest_us
    (steps): by the board's clock. warnings: what of this matters, a line each.
    """

    path: Path
    n_samples: int
    promised: int
    missed: int
    late: int
    lost_frames: int
    damaged_frames: int
    rate_hz: float
    jitter_us: float
    shortest_us: int
    longest_us: int
    reason: str

    @property
    def warnings(self) -> tuple[str, ...]:
        told = {
            f"{self.missed} samples missed: lower the rate": self.missed,
            f"{self.lost_frames} frames lost on the way: lower the rate, or use another cable": self.lost_frames,
            f"{self.late} samples late, up to {self.longest_us} us apart": self.late,
            f"{self.reason}, {self.n_samples} of {self.promised} samples": self.reason,
        }
        return tuple(f"{self.path.name}: {words}" for words, matters in told.items() if matters)


def n_samples(config: Mapping[str, Any], seconds: float) -> int:
    """How many samples that is; SensorError for none."""
    if (found := round(seconds * config["rate_hz"])) < 1:
        raise SensorError(f"{seconds:g} s at {config['rate_hz']:g} Hz hold no sample: record longer")
    return found


def prepare(target: Target, config: Mapping[str, Any], on_progress: Progress | None = None) -> None:
    """Copies what recording takes, and opens the sensor once. on_progress: bytes. Raises SensorError where it does not answer."""
    put_modules(target, (*SAMPLING, *driver_modules(config)), on_progress)
    reason = target.eval(f"__import__('edgewise_rt.recorder', None, None, ('probe',)).probe({dict(config)!a})")
    if reason:
        raise SensorError(f"{target.name}: {reason}")


def record(
    target: Target,
    config: Mapping[str, Any],
    label: str,
    seconds: float,
    folder: str | Path,
    person: str | None = None,
    on_progress: Progress | None = None,
    by: str | None = None,
    on_samples: OnSamples | None = None,
    prepared: bool = False,
) -> Recorded:
    """Records `seconds` of the sensor that `config` describes to FOLDER/LABEL_NN.npz; ends earlier where on_samples answers True.

    by: how the board samples, see edgewise_rt.sampler. on_progress: samples that came, and that will. prepared: by `prepare`, so
    that sampling begins without a look at the board's files. What was lost on the way is counted, never filled in. Whatever ends
    it, what came before is kept, and the error says where. Raises RecordingError (label, disk), SensorError, DeviceError,
    PortError.
    """
    path = next_path(folder, label)
    promised = n_samples(config, seconds)
    if not prepared:
        put_modules(target, (*SAMPLING, *driver_modules(config)))
    program = (
        f"from edgewise_rt import recorder\ntry:\n recorder.run({dict(config)!a}, {promised}, {by!a})\nfinally:\n del recorder\n"
    )
    taker = _Taker(path, label, person, promised, on_progress, on_samples)
    try:
        listen(target, program, taker.take, taker.reader, SILENT_S + 2 / config["rate_hz"])
    except BaseException as error:
        kept = taker.finish()
        if isinstance(error, EdgewiseError) and kept:
            raise _same_kind(error, f"{error}; {kept}") from error
        raise
    kept = taker.finish()
    if taker.recording is None:
        raise SensorError(f"{target.name}: no sample came ({taker.end.reason or 'their frames were lost'}); try again")
    if taker.end.reason not in ("", "interrupted"):
        raise SensorError(f"{target.name}: {taker.end.reason}; {kept}")
    return taker.recorded()


class _Taker:
    """Events into a journal."""

    def __init__(
        self,
        path: Path,
        label: str,
        person: str | None,
        promised: int,
        on_progress: Progress | None,
        on_samples: OnSamples | None,
    ):
        self.reader = Reader()
        self.recording: Recording | None = None
        self.end = End("")
        self._path, self._label, self._person, self._promised = path, label, person, promised
        self._on_progress, self._on_samples = on_progress, on_samples
        self._journal: Journal | None = None
        self._missed = 0

    def take(self, event: Event) -> bool:
        match event:
            case Hello():
                self._journal = Journal(self._path, self._meta(event))
            case Samples() if self._journal:
                self._journal.append(event.counts, event.times_us)
                if self._on_progress:
                    self._on_progress(self._journal.n_samples, self._promised)
                return bool(self._on_samples and self._on_samples(event))
            case Status() if self._journal:
                self._missed = event.missed
                self._journal.count(self._missed, self.reader.lost)
            case End():
                self.end, self._missed = event, event.missed
        return False

    def finish(self) -> str:
        """Makes the recording of what came; where that is and how much, or "" where nothing came."""
        journal = self._journal
        if journal is None:
            return ""
        if journal.n_samples == 0:
            journal.close()
            journal.part.unlink()
            return ""
        where = self._path
        try:
            self.recording = journal.finish(self._missed, self.reader.lost)
        except RecordingError:  # the disk is full: what was appended can still be read
            journal.close()
            where = journal.part
            self.recording = load(where)
        return f"{where} keeps {len(self.recording)} of {self._promised} samples"

    def recorded(self) -> Recorded:
        assert self.recording is not None
        recording, end = self.recording, self.end
        steps = np.diff(recording.times_us)
        return Recorded(
            path=self._path,
            n_samples=len(recording),
            promised=self._promised,
            missed=recording.meta.missed,
            late=end.late,
            lost_frames=recording.meta.lost_frames,
            damaged_frames=self.reader.damaged,
            rate_hz=float(1e6 / steps.mean()) if steps.any() else recording.meta.rate_hz,
            jitter_us=float(steps.std()) if steps.size else 0.0,
            shortest_us=end.shortest_us,
            longest_us=end.longest_us,
            reason=end.reason,
        )

    def _meta(self, hello: Hello) -> Meta:
        return Meta(
            label=self._label,
            axes=hello.axes,
            units=hello.units,
            scales=hello.scales,
            offsets=hello.offsets,
            rate_hz=hello.rate_hz,
            sensor=hello.sensor,
            board=hello.board or None,
            person=self._person,
            promised=self._promised,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def _same_kind(error: EdgewiseError, words: str) -> EdgewiseError:
    return DeviceError(words, error.traceback) if isinstance(error, DeviceError) else type(error)(words)
