"""Recordings from other people's files: their numbers become int16 counts.

All files of one import are read first, so that recordings of one sensor share their scales.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil, log2
from pathlib import Path

import numpy as np

from edgewise import readings
from edgewise.errors import EdgewiseError, RecordingError
from edgewise.readings import Options, Reading
from edgewise.recording import Meta, Recording
from edgewise.recordings import Problem, load_all, next_path

# What file names say: 2024-12-01T162620_squat.npy, squat_01.csv, squat.1a2b3c4d.json (Edge Impulse's)
STARTED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\d)_(.+)")
NUMBERED = re.compile(r"(.+)_\d+")
TAGGED = re.compile(r"([^.]+)\..+")
FAR = 8  # half ranges: values that lie so far from 0 get an offset, those of pressure say
INT16 = np.iinfo(np.int16)
NO_OPTIONS = Options()


def import_file(path: str | Path, options: Options = NO_OPTIONS) -> tuple[list[Recording], list[str]]:
    """The recordings of one file (several where its label changes) and what there is to say of them, one line each.

    A file that is cut short gives what it holds; `promised` says how much that should have been. Raises EdgewiseError, one line.
    """
    path = Path(path)
    parts = _read(path, options)
    values = _values(parts)
    found = [_recording(path, part, values, options) for part in parts]
    return [recording for recording, _ in found], [note for _, notes in found for note in notes]


def import_files(
    paths: Sequence[str | Path], folder: str | Path, options: Options = NO_OPTIONS, keep_short: bool = False
) -> tuple[list[Recording], list[Problem], list[str]]:
    """Imports files into LABEL_NN.npz of a folder: what was saved, what is cut short, there already or cannot be read, and notes.

    Where the folder holds recordings of the same axes and units, their scales are taken, so that all can be used together.
    Raises RecordingError where the folder cannot be written, or a label is missing or no file's name.
    """
    found: list[tuple[Path, Reading]] = []
    saved: list[Recording] = []
    problems, notes = [], []
    for path in map(Path, paths):
        try:
            parts = _read(path, options)
        except EdgewiseError as error:
            problems.append(Problem(path, str(error).removeprefix(f"{path}: "), False))
            continue
        for part in parts:
            if part.promised is not None and len(part.values) < part.promised:
                kept = keep_short and len(part.values) > 0
                problems.append(Problem(path, f"holds {len(part.values)} of {part.promised} samples", kept))
                if not kept:
                    continue
            found.append((path, part))
    values = _values([reading for _, reading in found])
    there = load_all(folder, keep_short=True)[0] if any(Path(folder).glob("*.npz")) else []
    for path, reading in found:
        alike = (r.meta for r in there if (r.meta.axes, r.meta.units) == (tuple(reading.axes), tuple(reading.units)))
        recording, said = _recording(path, reading, values, options, next(alike, None))
        if recording.meta.label is None:
            raise RecordingError(f"{path}: nothing says its label; give --label, or name the file LABEL_01{path.suffix}")
        twins = (r.name for r in (*there, *saved) if _alike(r, recording))
        if twin := next(twins, None):
            problems.append(Problem(path, f"holds the samples of {twin}", False))
            continue
        saved.append(recording.save(next_path(folder, recording.meta.label)))
        notes += said
    return saved, problems, notes


def _alike(one: Recording, other: Recording) -> bool:
    return one.meta.label == other.meta.label and np.array_equal(one.samples, other.samples)


def _read(path: Path, options: Options) -> list[Reading]:
    with _named_in_errors(path):
        return [_named(path, reading, options) for reading in readings.read(path, options)]


@contextmanager
def _named_in_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except RecordingError as error:
        raise error if str(error).startswith(str(path)) else RecordingError(f"{path}: {error}") from None


def _named(path: Path, reading: Reading, options: Options) -> Reading:
    """With what the options and the file's name say; RecordingError for what no recording can be."""
    n_axes = len(reading.axes)
    if options.axes and len(options.axes) != n_axes:
        raise RecordingError(f"{len(options.axes)} axes are named, it has {n_axes}; name all")
    if not len(reading.values) and not reading.promised:
        raise RecordingError("holds no sample; record it again")
    bad = np.argwhere(~np.isfinite(reading.values))
    if bad.size:
        row, column = bad[0]
        raise RecordingError(f"sample {row} of {reading.axes[column]} is {reading.values[row, column]}; leave it out")
    stem, started = path.name[: -len(path.suffix)], reading.started
    if match := STARTED.fullmatch(stem):
        started, stem = started or match[1], match[2]
        label: str | None = stem
    else:
        match = NUMBERED.fullmatch(stem) or TAGGED.fullmatch(stem)
        label = match[1] if match else None
    rate_hz = options.rate_hz or reading.rate_hz
    if rate_hz is None:
        raise RecordingError("nothing says how many samples a second it has; give the rate")
    return replace(
        reading,
        axes=options.axes or reading.axes,
        units=_each(options.units, n_axes, "units") or reading.units or ("",) * n_axes,
        rate_hz=rate_hz,
        label=options.label or reading.label or label,
        started=started,
    )


def _each(given: tuple, n_axes: int, what: str) -> tuple:
    if len(given) not in (0, 1, n_axes):
        raise RecordingError(f"{len(given)} {what} for {n_axes} axes; give one, or one each")
    return given * n_axes if len(given) == 1 else given


@dataclass(frozen=True)
class Values:
    """What axes that share a scale hold in all files. whole: numbers that can be counts as they stand."""

    low: float
    high: float
    whole: bool

    def scale_and_offset(self, axis: str) -> tuple[float, float]:
        """1, 0 for counts; else the least power of two by which all are int16, and an offset where they lie far from 0."""
        if self.whole:
            return 1.0, 0.0
        middle, half = self.low / 2 + self.high / 2, self.high / 2 - self.low / 2
        offset = float(np.float32(middle)) if abs(middle) > FAR * half > 0 else 0.0
        most = max(abs(self.low - offset), abs(self.high - offset))
        if not 2.0**-14 * 1e-9 < most < 1e6 * INT16.max:
            raise RecordingError(f"values of {most:g} as of axis {axis} are out of the range of sensors; give another unit")
        return 2.0 ** max(ceil(log2(most / INT16.max)), -29), offset


def _group(reading: Reading, axis: int) -> tuple[str, str]:
    """Axes of one unit share a scale; without units, those of one name but for its _x, _y, _z."""
    unit = reading.units[axis]
    return unit, "" if unit else re.sub("_?[xyzXYZ]$", "", reading.axes[axis])


def _values(parts: Sequence[Reading]) -> dict[tuple[str, str], Values]:
    found: dict[tuple[str, str], Values] = {}
    for reading in parts:
        for axis, column in enumerate(reading.values.T):
            old = found.get(_group(reading, axis), Values(0, 0, True))
            low, high = (float(column.min()), float(column.max())) if len(column) else (0.0, 0.0)
            whole = INT16.min <= low and high <= INT16.max and bool((column == np.round(column)).all())
            first = _group(reading, axis) not in found
            found[_group(reading, axis)] = Values(
                low if first else min(low, old.low), high if first else max(high, old.high), whole and old.whole
            )
    return found


def _recording(
    path: Path, reading: Reading, values: dict[tuple[str, str], Values], options: Options, like: Meta | None = None
) -> tuple[Recording, list[str]]:
    """like: whose scales are taken where neither the user nor the file gives others."""
    n, n_axes = reading.values.shape
    with _named_in_errors(path):
        given = _each(options.scales, n_axes, "scales") or (reading.scale,) * n_axes
        groups = [values[_group(reading, axis)] for axis in range(n_axes)]
        found = [
            group.scale_and_offset(name) if scale is None else (scale, 0.0)
            for group, scale, name in zip(groups, given, reading.axes, strict=True)
        ]
        if like is not None and None in given:
            found = list(zip(like.scales, like.offsets, strict=True))
        meta = Meta(
            label=reading.label,
            axes=reading.axes,
            units=reading.units,
            scales=tuple(scale for scale, _ in found),
            offsets=tuple(offset for _, offset in found),
            rate_hz=float(reading.rate_hz or 0),
            board=reading.board,
            person=options.person,
            promised=reading.promised,
            started=reading.started,
        )
    as_they_stand = [group.whole and (like is None or None not in given) for group in groups]
    per_count = np.where(as_they_stand, 1.0, meta.scales)
    counts = np.round((reading.values - np.array(meta.offsets)) / per_count)
    clipped = int(((counts < INT16.min) | (counts > INT16.max)).any(axis=1).sum())
    samples = np.clip(counts, INT16.min, INT16.max).astype(np.int16)
    times = np.arange(n) * meta.period_us if reading.times_us is None else reading.times_us
    notes = []
    if clipped:
        notes.append(f"{path}: {clipped} of {n} samples are clipped to 16 bits; give larger scales")
    if meta.promised is not None and n < meta.promised:
        notes.append(f"{path}: is cut short, it holds {n} of {meta.promised} samples")
    return Recording(samples, np.round(times).astype(np.int64), meta, path.stem), notes
