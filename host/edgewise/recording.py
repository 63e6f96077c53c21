"""A recording of a sensor: int16 samples, the board's own times, and what is known of them, in one .npz file."""

import io
import json
import os
import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from edgewise.errors import RecordingError

FORMAT = 1
SUFFIX = ".npz"
EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip member's least date: equal recordings are equal files


@dataclass(frozen=True)
class Meta:
    """What is known of a recording besides its samples.

    label: its class, None where it has none. axes, units: one each an axis. scales, offsets: float32; the physical value of a
    sample is counts * scale + offset. rate_hz: samples a second that were asked for. sensor: the config, as
    `edgewise_rt.sensors` takes it. board: its id. missed: samples that the board had no room for. lost_frames: that did not
    reach the host. promised: samples asked for, None where it was open. started: ISO 8601, the host's clock.
    """

    label: str | None
    axes: tuple[str, ...]
    units: tuple[str, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    rate_hz: float
    sensor: dict | None = None
    board: str | None = None
    person: str | None = None
    missed: int = 0
    lost_frames: int = 0
    promised: int | None = None
    started: str | None = None

    def __post_init__(self) -> None:
        for name in ("axes", "units", "scales", "offsets"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("scales", "offsets"):  # as a board holds them
            with np.errstate(over="ignore"):
                object.__setattr__(self, name, tuple(float(np.float32(value)) for value in getattr(self, name)))
        object.__setattr__(self, "rate_hz", float(self.rate_hz))
        self._check()

    def _check(self) -> None:
        if not self.axes:
            raise RecordingError("a recording without axes; name at least one")
        if not all(isinstance(name, str) and name.isprintable() and name.strip() for name in self.axes):
            raise RecordingError(f"axes {self.axes!r}: give each a printable name")
        if len(set(self.axes)) != len(self.axes):
            raise RecordingError(f"axes {self.axes!r}: two have one name; give each its own")
        for name in ("units", "scales", "offsets"):
            if len(found := getattr(self, name)) != len(self.axes):
                raise RecordingError(f"{len(found)} {name} for {len(self.axes)} axes {', '.join(self.axes)}; give one each")
        if not all(isinstance(unit, str) and unit.isprintable() for unit in self.units):
            raise RecordingError(f"units {self.units!r} are not printable text; correct them")
        for axis, scale, offset in zip(self.axes, self.scales, self.offsets, strict=True):
            if not (0 < scale < np.inf and np.isfinite(offset)):
                raise RecordingError(f"axis {axis}: scale {scale}, offset {offset}; the scale has to be above 0, both finite")
        if not 0 < self.rate_hz < 1e6:
            raise RecordingError(f"rate {self.rate_hz} Hz; it has to be above 0 and below 1000000")
        texts = (self.label, self.board, self.person, self.started)
        if not all(text is None or (isinstance(text, str) and text.strip() and text.isprintable()) for text in texts):
            raise RecordingError(
                f"label, board, person, started are {texts!r}; give printable text, or None for what is not known"
            )
        if not (self.sensor is None or isinstance(self.sensor, dict)):
            raise RecordingError(f"sensor {self.sensor!r} is no configuration; give a dict, or None")
        for name in ("missed", "lost_frames", "promised"):
            count = getattr(self, name)
            if not (type(count) is int and count >= 0) and (name, count) != ("promised", None):
                raise RecordingError(f"{name} is {count!r}; it has to be a whole number of 0 or more")

    @property
    def period_us(self) -> float:
        return 1e6 / self.rate_hz

    def to_json(self) -> bytes:
        return json.dumps({"format": FORMAT} | asdict(self), ensure_ascii=True, allow_nan=False).encode("ascii")

    @staticmethod
    def from_json(text: bytes) -> "Meta":
        """Raises ValueError, KeyError, TypeError or RecordingError."""
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ValueError(f"its meta is not of format {FORMAT}")
        return Meta(**{field.name: found[field.name] for field in fields(Meta)})


@dataclass(frozen=True, eq=False)
class Recording:
    """samples: int16 counts, shape (n, n_axes). times_us: int64, shape (n,), from 0, never falling. name: of its file, bare.

    Two of one name are one recording to those who split or group. Raises RecordingError.
    """

    samples: np.ndarray
    times_us: np.ndarray
    meta: Meta
    name: str = "recording"

    def __post_init__(self) -> None:
        n, n_axes = len(self.samples), len(self.meta.axes)
        if self.samples.dtype != np.int16 or self.samples.shape != (n, n_axes):
            raise RecordingError(f"samples are {shape_of(self.samples)}; int16 of shape ({n}, {n_axes}) is needed")
        if self.times_us.dtype != np.int64 or self.times_us.shape != (n,):
            raise RecordingError(f"times are {shape_of(self.times_us)}; int64 of shape ({n},) is needed")
        if n and self.times_us[0] != 0:
            raise RecordingError(f"times begin at {self.times_us[0]} us; subtract that")
        if (falls := np.flatnonzero(np.diff(self.times_us) < 0)).size:
            raise RecordingError(f"time goes back behind sample {falls[0]}; sort the samples or cut there")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def seconds(self) -> float:
        """From the first sample to a period behind the last."""
        return float(self.times_us[-1] + self.meta.period_us) / 1e6 if len(self) else 0.0

    @property
    def short(self) -> bool:
        """Fewer samples than were asked for?"""
        return self.meta.promised is not None and len(self) < self.meta.promised

    def values(self) -> np.ndarray:
        """Physical values, float64, shape (n, n_axes)."""
        return self.samples * np.array(self.meta.scales) + np.array(self.meta.offsets)

    def to_bytes(self) -> bytes:
        """The .npz file; the same for equal recordings."""
        parts = {"samples": self.samples, "times_us": self.times_us, "meta": np.array(self.meta.to_json())}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, part in parts.items():
                member = io.BytesIO()
                np.lib.format.write_array(member, part, version=(1, 0), allow_pickle=False)
                info = zipfile.ZipInfo(f"{name}.npy", EPOCH)
                info.create_system, info.external_attr = 3, 0o644 << 16  # else they tell the system
                archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED, 9)
        return packed.getvalue()

    @staticmethod
    def from_bytes(content: bytes, name: str) -> "Recording":
        """From an .npz; raises RecordingError, and of a damaged file whatever zipfile, numpy and json do."""
        with np.load(io.BytesIO(content), allow_pickle=False) as parts:
            meta = Meta.from_json(parts["meta"].item())
            return Recording(np.ascontiguousarray(parts["samples"]), parts["times_us"], meta, name)

    def save(self, path: str | Path) -> "Recording":
        """Writes the .npz, whole or not at all; returns the recording of that name. Raises RecordingError."""
        write_whole(Path(path), self.to_bytes())
        return replace(self, name=bare(Path(path)))


def bare(path: Path) -> str:
    """The name of a recording's file without its ending."""
    return path.name.removesuffix(".part").removesuffix(SUFFIX)


def shape_of(array: np.ndarray) -> str:
    return f"{array.dtype} of shape {array.shape}"


def write_whole(path: Path, content: bytes) -> None:
    """The file is new, or what it was; its folder is made. Raises RecordingError."""
    scratch = path.with_name(f".edgewise-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError as error:
        raise RecordingError(f"{path} cannot be written ({error.strerror or error}); make room or name another place") from error
    finally:
        with suppress(OSError):  # it has become the file, or was never made
            scratch.unlink()
