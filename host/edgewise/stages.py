"""Recordings -> windows -> features.csv, by the files that the board runs; beside it FILE.csv.json says how they were made."""

import csv
import hashlib
import io
import json
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.errors import DatasetError, RecordingError
from edgewise.recording import Meta, Recording, write_whole
from edgewise.recordings import segments
from edgewise.tables import near
from edgewise_rt.stage import SETS, Stage

FORMAT = 1
SIDECAR = ".json"  # behind the name of the csv
ROLES = {"label": "label", "recording": "recording", "person": "person", "start_s": None}  # column -> what training takes it for
ALIKE = ("axes", "units", "scales", "offsets", "rate_hz")  # of all recordings in one table
UNEVEN = 0.05  # of the rate: a larger difference is told
# What a sidecar holds, and of what type
CONTENT: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("sets", "axes", "units", "scales", "offsets", "features", "feature_units"), list),
    **dict.fromkeys(("length", "hop"), int),
    "rate_hz": (int, float),
    "sensor": (dict, type(None)),
    "roles": dict,
    "sha256": str,
}


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """One row a window.

    X: float32, shape (n_windows, n_features), as the board computes them. labels, recordings: str, one each a row; persons:
    likewise, or None where not all are known. start_s: of the window in its recording. stage: the sidecar without sha256.
    notes: what was left out and what is odd, one line each.
    """

    X: np.ndarray
    labels: tuple[str, ...]
    recordings: tuple[str, ...]
    persons: tuple[str, ...] | None
    start_s: np.ndarray
    stage: dict
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        bad = np.argwhere(~np.isfinite(self.X))
        if bad.size:
            row, column = bad[0]
            raise RecordingError(
                f"{self.recordings[row]}: {self.stage['features'][column]} of the window at {self.start_s[row]:g} s is "
                f"{self.X[row, column]}; correct the scale of the axes"
            )

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.stage["features"])


def build(
    recordings: Sequence[Recording],
    sets: Sequence[str],
    window_s: float,
    hop_s: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FeatureTable:
    """The features of every window of `window_s` that holds no gap; the next begins `hop_s` later, or behind the gap.

    progress(windows done, in all) is called after each recording. Raises RecordingError, one line.
    """
    meta = _common(recordings)
    length, hop = _samples("window", window_s, meta, 2), _samples("hop", hop_s, meta, 1)
    starts = [list(starts_in(recording, length, hop)) for recording in recordings]
    total = sum(map(len, starts))
    if not total:
        held, name = max((stop - start, r.name) for r in recordings for start, stop in segments(r) or [(0, 0)])
        longest = f"the longest without a gap, {name}, has {held / meta.rate_hz:g} s"
        raise RecordingError(f"no recording has a window of {window_s:g} s ({length} samples); {longest}: take a shorter window")
    stage = _stage(tuple(sets), meta, length)
    X = np.empty((total, len(stage.names)), np.float32)
    row = 0
    progress(row, total)
    for recording, at in zip(recordings, starts, strict=True):
        for start in at:  # one after the other, as on the board
            X[row] = stage.compute(array("h", recording.samples[start : start + length].tobytes()))
            row += 1
        progress(row, total)
    of_windows = [r for r, at in zip(recordings, starts, strict=True) for _ in at]
    persons = [r.meta.person for r in of_windows]
    notes = [note for r, at in zip(recordings, starts, strict=True) for note in _notes(r, len(at), length, hop)]
    if None in persons and set(persons) != {None}:
        unknown = next(r.name for r in of_windows if r.meta.person is None)
        notes.append(f"{unknown}: the person is not known; no column of persons is written")
    return FeatureTable(
        X=X,
        labels=tuple(str(r.meta.label) for r in of_windows),
        recordings=tuple(r.name for r in of_windows),
        persons=None if None in persons else tuple(map(str, persons)),
        start_s=np.array([r.times_us[start] / 1e6 for r, at in zip(recordings, starts, strict=True) for start in at]),
        stage={
            "format": FORMAT,
            "sets": list(sets),
            **{name: list(getattr(meta, name)) for name in ("axes", "units", "scales", "offsets")},
            "rate_hz": meta.rate_hz,
            "length": length,
            "hop": hop,
            "sensor": meta.sensor,
            "features": list(stage.names),
            "feature_units": list(stage.units),
        },
        notes=tuple(notes),
    )


def _common(recordings: Sequence[Recording]) -> Meta:
    """What all share; RecordingError names the two that differ, or what cannot become rows with a label."""
    if not recordings:
        raise RecordingError("no recording to compute features of; record or import some")
    first, names = recordings[0], set()
    for recording in recordings:
        for what in ALIKE:
            a, b = (_shown(getattr(r.meta, what)) for r in (first, recording))
            if a != b:
                remedy = "put them into folders of their own, or import them in one call"
                raise RecordingError(f"{first.name} has {what} {a}, {recording.name} {b}; {remedy}")
        a, b = (_sensor(r.meta) for r in (first, recording))
        if a != b:
            raise RecordingError(
                f"{first.name} is from sensor {a}, {recording.name} from {b}; put them into folders of their own"
            )
        if recording.meta.label is None:
            raise RecordingError(f"{recording.name} has no label; import or record it with one")
        if recording.name in names:
            raise RecordingError(f"two recordings are named {recording.name}; give each its own name")
        names.add(recording.name)
    return first.meta


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _sensor(meta: Meta) -> str:
    """The parts of a config that change what is measured: not the pins, say."""
    if meta.sensor is None:
        return "unknown"
    options = meta.sensor.get("options") or {}
    return " ".join([str(meta.sensor.get("sensor")), *(f"{name}={options[name]}" for name in sorted(options))])


def _samples(what: str, seconds: float, meta: Meta, least: int) -> int:
    if not 0 < seconds < math.inf or (n := round(seconds * meta.rate_hz)) < least:
        raise RecordingError(
            f"{what} {seconds:g} s is too short for {meta.rate_hz:g} Hz; it has to hold {least} samples or more"
            if seconds < math.inf
            else f"{what} {seconds} s; give a number of seconds"
        )
    return n


def _stage(sets: tuple[str, ...], meta: Meta, length: int) -> Stage:
    for name in sets:
        if name not in SETS:
            raise RecordingError(f"no feature set {name!r}; {near(name, sorted(SETS))}")
    try:
        return Stage(sets, meta.axes, meta.units, meta.scales, meta.offsets, length, meta.rate_hz)
    except ValueError as error:
        raise RecordingError(f"features {', '.join(sets)} of {length} samples: {error}") from error


def starts_in(recording: Recording, length: int, hop: int) -> Iterator[int]:
    """First samples of the windows, none of which spans a gap."""
    for start, stop in segments(recording):
        yield from range(start, stop - length + 1, hop)


def _notes(recording: Recording, n_windows: int, length: int, hop: int) -> Iterator[str]:
    """What is odd about a recording."""
    n, parts = len(recording), segments(recording)
    whole = max(0, (n - length) // hop + 1)
    if not whole:
        yield f"{recording.name}: holds {n} samples, less than a window of {length}; left out"
    elif len(parts) > 1:
        gaps = f"{len(parts) - 1} gap" + "s" * (len(parts) > 2)
        yield f"{recording.name}: {gaps}, which no window spans: {n_windows} windows; without a gap they would be {whole}"
    steps = sum(stop - start - 1 for start, stop in parts)
    if steps:
        spans = sum(int(recording.times_us[stop - 1] - recording.times_us[start]) for start, stop in parts)
        found = steps * 1e6 / spans if spans else math.inf
        if abs(found / recording.meta.rate_hz - 1) > UNEVEN:
            yield f"{recording.name}: its times say {found:.4g} Hz, not {recording.meta.rate_hz:g} Hz"


def save(table: FeatureTable, path: str | Path) -> Path:
    """Writes the csv (9 significant digits: each float32 comes back) and its sidecar, each whole or not at all; returns the path.

    Raises RecordingError.
    """
    path = Path(path)
    if path.suffix != ".csv":
        raise RecordingError(f"{path}: name a file that ends in .csv")
    columns = {"label": table.labels, "recording": table.recordings}
    columns |= {} if table.persons is None else {"person": table.persons}
    columns |= {"start_s": tuple(format(start, ".9g") for start in table.start_s)}
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*table.features, *columns])
    for row, rest in zip(table.X.tolist(), zip(*columns.values(), strict=True), strict=True):
        writer.writerow([*(format(value, ".9g") for value in row), *rest])
    content = text.getvalue().encode()
    roles = {column: ROLES[column] for column in columns}
    sidecar = table.stage | {"roles": roles, "sha256": hashlib.sha256(content).hexdigest()}
    write_whole(path, content)
    write_whole(_beside(path), (json.dumps(sidecar, indent=1) + "\n").encode("ascii"))
    return path


def _beside(path: Path) -> Path:
    return path.with_name(path.name + SIDECAR)


def read_sidecar(csv_path: str | Path) -> dict | None:
    """What `save` wrote beside the csv; None where there is none.

    Raises DatasetError where it is damaged or the csv is no longer the one that it describes: a model of changed numbers would be
    deployed with a stage that does not compute them.
    """
    path = Path(csv_path)
    beside = _beside(path)
    plain = f"run edgewise features again, or remove {beside.name} to train on it as a plain table"
    try:
        content = beside.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DatasetError(f"{beside} cannot be read ({error.strerror or error}); {plain}") from error
    try:
        sidecar = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{beside} is no JSON ({error}); {plain}") from None
    if not isinstance(sidecar, dict) or sidecar.get("format") != FORMAT:
        raise DatasetError(f"{beside} is not of format {FORMAT}; {plain}")
    for name, kind in CONTENT.items():
        if not isinstance(sidecar.get(name, ...), kind) or isinstance(sidecar[name], bool):
            raise DatasetError(f"{beside} has no {name!r} of the kind that edgewise writes; {plain}")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror or error})") from error
    if found != sidecar["sha256"]:
        raise DatasetError(f"{path} was changed after {beside.name} was written; {plain}")
    return sidecar
