"""Other people's files of samples, in whatever numbers they hold: csv, npy, wav, and Edge Impulse's JSON and CBOR."""

import io
import json
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from edgewise import tables
from edgewise.errors import EdgewiseError, RecordingError
from edgewise.recordings import DAMAGE

# Columns that hold times, and their unit in us; "timestamp" is Edge Impulse's own, in ms
TIMES = {"time_s": 1e6, "time_ms": 1e3, "time_us": 1.0, "time": 1e6, "t": 1e6, "seconds": 1e6, "timestamp": 1e3}
WAV_DAMAGE: tuple[type[Exception], ...] = (*DAMAGE, wave.Error)


@dataclass(frozen=True)
class Options:
    """What a file does not say itself; what is given here wins.

    axes: columns to take, or names for those of a file without names. units, scales: one for all axes, or one each. A scale is
    what a count means: 1 by default where all numbers are whole and fit 16 bits, and so are counts; else the least power of two
    that holds them all. Axes of one unit (without units: of one name but for its _x, _y, _z) are alike in this, in all files.
    time_column, label_column: of a csv; "label", and a column of TIMES, are found.
    """

    label: str | None = None
    person: str | None = None
    rate_hz: float | None = None
    axes: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    scales: tuple[float, ...] = ()
    time_column: str | None = None
    label_column: str | None = None
    header: bool = True


@dataclass(frozen=True, eq=False)
class Reading:
    """What a file holds. values: float64, shape (n, n_axes), finite. times_us: shape (n,), from 0, or None: evenly at rate_hz.

    scale: of values that are counts, where the file tells."""

    values: np.ndarray
    axes: tuple[str, ...]
    units: tuple[str, ...] = ()
    rate_hz: float | None = None
    times_us: np.ndarray | None = None
    label: str | None = None
    promised: int | None = None
    board: str | None = None
    started: str | None = None
    scale: float | None = None


def read(path: Path, options: Options) -> list[Reading]:
    """The readings of a file, several where its label changes. Raises EdgewiseError, one line that names the file."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise RecordingError(f"{path}: files that end in {path.suffix!r} are not read; choose from {', '.join(READERS)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror or error}); name a file") from error
    if not content:
        raise RecordingError(f"{path}: is empty, it holds 0 rows; record it again")
    try:
        return list(reader(path, content, options))
    except EdgewiseError as error:
        raise error if str(error).startswith(str(path)) else RecordingError(f"{path}: {error}") from None


def _read_table(path: Path, content: bytes, options: Options) -> Iterator[Reading]:
    """A csv, tsv or txt file: one recording for each stretch of one label."""
    table = tables.read(path, options.header)
    time_name = options.time_column or next((name for name in table.names if name.strip().lower() in TIMES), None)
    label_name = options.label_column or next((name for name in table.names if name.strip().lower() == "label"), None)
    time_at, label_at = (None if name is None else table.index(name) for name in (time_name, label_name))
    if options.axes and table.named:
        axes = [table.index(name) for name in options.axes]
    else:
        axes = [i for i in range(len(table.names)) if i not in (time_at, label_at)]
    if not axes:
        raise RecordingError("no column is left for an axis; name other columns")
    values = np.column_stack([table.numbers(i, "name the axes to take, or clean the row") for i in axes])
    labels = None if label_at is None else [str(cell).strip() for cell in table.columns[label_at]]
    times_us = rate_hz = None
    if time_at is not None:
        unit_us = TIMES.get(table.names[time_at].strip().lower(), 1e6)
        times_us = table.numbers(time_at, "write seconds, or name another column of times") * unit_us
        if np.ptp(times_us) > 1e15:
            raise RecordingError(f"column {table.names[time_at]!r} spans more than 30 years; name another column of times")
        steps = np.diff(times_us)
        if (falls := np.flatnonzero(steps < 0)).size:
            place = table.place(time_at, int(falls[0]) + 1)
            raise RecordingError(f"{place}: time goes back; make a file of each recording")
        if steps.size and np.median(steps) > 0:
            rate_hz = float(f"{1e6 / np.median(steps):.6g}")
    edges = [0, *(i for i in range(1, len(values)) if labels and labels[i] != labels[i - 1]), len(values)]
    for start, stop in pairwise(edges):
        yield Reading(
            values=values[start:stop],
            axes=tuple(table.names[i] for i in axes),
            rate_hz=rate_hz,
            times_us=None if times_us is None else times_us[start:stop] - times_us[start],
            label=(labels[start] or None) if labels else None,
        )


def _read_npy(path: Path, content: bytes, options: Options) -> Iterator[Reading]:
    """Numbers of shape (n, n_axes) or (n,); as many whole rows as there are."""
    stream = io.BytesIO(content)
    try:
        shape, fortran, dtype = tables.NPY_HEADERS[np.lib.format.read_magic(stream)](stream)
        if min(shape, default=0) < 0 or dtype.itemsize == 0:
            raise ValueError(f"shape {shape} of {dtype}")
    except DAMAGE as error:
        raise RecordingError(
            f"is no npy file that numpy.save wrote ({' '.join(str(error).split())[:80]}); record again"
        ) from None
    if dtype.kind not in "iuf" or len(shape) not in (1, 2) or 0 in shape[1:]:
        raise RecordingError(f"holds {dtype} of shape {shape}; numbers of shape (samples, axes) are wanted")
    n_axes = shape[1] if len(shape) == 2 else 1
    held = min(shape[0], (len(content) - stream.tell()) // (dtype.itemsize * n_axes))
    if fortran and n_axes > 1 and held < shape[0]:
        raise RecordingError(f"is cut short, and stored axis by axis: none of {shape[0]} samples is whole; record again")
    flat = np.frombuffer(content, dtype, held * n_axes, stream.tell())
    values = flat.reshape(n_axes, held).T if fortran else flat.reshape(held, n_axes)
    yield Reading(
        values.astype(np.float64), tuple(("x", "y", "z")[:n_axes] if n_axes <= 3 else _numbered(n_axes)), promised=shape[0]
    )


def _numbered(n: int) -> tuple[str, ...]:
    return tuple(f"c{i}" for i in range(n))


def _read_wav(path: Path, content: bytes, options: Options) -> Iterator[Reading]:
    """PCM of 8, 16, 24 or 32 bits, of which the top 16 are kept; 1.0 is full scale."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            n, n_axes, width, rate_hz = file.getnframes(), file.getnchannels(), file.getsampwidth(), file.getframerate()
            raw = file.readframes(min(n, len(content)))
    except WAV_DAMAGE as error:
        raise RecordingError(f"is no wav of whole numbers ({error or 'cut short'}); save it as PCM of 16 bits") from None
    held = len(raw) // (width * n_axes)
    octets = np.frombuffer(raw, np.uint8, held * width * n_axes).reshape(held, n_axes, width)
    if width == 1:  # the only one without a sign
        counts: np.ndarray = (octets[:, :, 0].astype(np.float64) - 128) * 256
    else:
        counts = octets[:, :, -1].astype(np.int8) * 256.0 + octets[:, :, -2]
    axes = ("mic",) if n_axes == 1 else tuple(f"mic_{i + 1}" for i in range(n_axes))
    yield Reading(counts, axes, rate_hz=rate_hz, promised=n, scale=2.0**-15)


def _read_json(path: Path, content: bytes, options: Options) -> Iterator[Reading]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"is no JSON, or cut short ({error}); fetch it again") from None
    yield _acquisition(document)


def _read_cbor(path: Path, content: bytes, options: Options) -> Iterator[Reading]:
    try:
        import cbor2
    except ImportError:
        raise RecordingError("reading CBOR needs cbor2; pip install 'edgewise[importers]'") from None
    damage: tuple[type[Exception], ...] = (*DAMAGE, cbor2.CBORError)
    try:
        document = cbor2.loads(content)
    except damage as error:
        raise RecordingError(f"is no CBOR, or cut short ({' '.join(str(error).split())[:80]}); fetch it again") from None
    yield _acquisition(document)


def _acquisition(document: Any) -> Reading:
    """Edge Impulse's data acquisition format, JSON or CBOR. Its signature, which takes the owner's key, is not checked.

    Source: docs.edgeimpulse.com, Data acquisition format: payload with interval_ms, sensors of name and units, values of one
    list a sample, or of one number where there is one sensor.
    """
    wanted = "interval_ms, sensors and values are wanted in its payload"
    payload = document.get("payload") if isinstance(document, dict) else None
    if not isinstance(payload, dict):
        raise RecordingError(f"is not in Edge Impulse's data acquisition format; {wanted}")
    interval_ms, sensors, values = (payload.get(name) for name in ("interval_ms", "sensors", "values"))
    if not isinstance(interval_ms, int | float) or not 1e-3 < interval_ms < 1e9:
        raise RecordingError(f"interval_ms is {tables.shown(str(interval_ms))}; {wanted}")
    if not (isinstance(sensors, list) and sensors and all(isinstance(sensor, dict) for sensor in sensors)):
        raise RecordingError(f"sensors is {tables.shown(str(sensors))}; {wanted}")
    if not isinstance(values, list):
        raise RecordingError(f"values is {tables.shown(str(values))}; {wanted}")
    try:
        numbers = np.asarray(values) if values else np.empty((0, len(sensors)))
    except DAMAGE:
        numbers = np.empty(0, object)
    if numbers.ndim == 1 and len(sensors) == 1:
        numbers = numbers[:, np.newaxis]
    if numbers.dtype.kind not in "iuf" or numbers.shape != (len(values), len(sensors)):
        raise RecordingError(f"values are not numbers of {len(sensors)} sensors each; {wanted}")
    units = [str(sensor.get("units") or "") for sensor in sensors]
    board, protected = payload.get("device_name"), document.get("protected")
    created = protected.get("iat") if isinstance(protected, dict) else None
    return Reading(
        values=numbers.astype(np.float64),
        axes=tuple(str(sensor.get("name")) for sensor in sensors),
        units=tuple("" if unit == "N/A" else unit for unit in units),
        rate_hz=1000.0 / interval_ms,
        board=board if isinstance(board, str) and board else None,
        started=datetime.fromtimestamp(created, UTC).isoformat() if type(created) is int and 0 < created < 2**32 else None,
    )


READERS: dict[str, Callable[[Path, bytes, Options], Iterator[Reading]]] = {
    ".csv": _read_table,
    ".tsv": _read_table,
    ".txt": _read_table,
    ".npy": _read_npy,
    ".wav": _read_wav,
    ".json": _read_json,
    ".cbor": _read_cbor,
}
