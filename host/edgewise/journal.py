"""A recording that grows, in a file that a cut at any byte does not spoil.

NAME.npz.part is MAGIC, then chunks, each of a head (kind, length, CRC-32) and a payload. A chunk is whole or it is not there, so
whatever ends the process, everything up to the last whole chunk can be read.
"""

import os
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.errors import RecordingError
from edgewise.recording import Meta, Recording, shape_of

PART = ".part"  # behind the name of the .npz
SYNC_S = 1.0  # what a power cut may take
MAGIC = b"edgewise recording 1\n"
HEAD = struct.Struct("<cII")  # kind of the chunk, length of its payload, CRC-32 of kind, length and payload
META, SAMPLES, COUNTS = b"M", b"S", b"C"
SIZE = struct.Struct("<I")  # SAMPLES: n; behind it n * n_axes int16, then n int64 of us
TALLY = struct.Struct("<II")  # COUNTS: missed, lost frames


class Journal:
    """PATH.part grows beside the .npz that `finish` makes of it.

    An append is in the hands of the operating system when it returns, and on the disk with the first append, or `close`, that
    comes SYNC_S after the last that was. Once writing has failed (a full disk) what was appended before stays readable.
    """

    def __init__(self, path: str | Path, meta: Meta) -> None:
        """path: of the .npz, as `recordings.next_path` gives it. Raises RecordingError where it or its .part exists."""
        self.path, self.meta = Path(path), meta
        self.part = self.path.with_name(self.path.name + PART)
        self.n_samples = 0
        self._length = self._first_us = self._last_us = 0
        for taken in (self.path, self.part):
            if taken.exists():
                raise RecordingError(f"{taken} exists; name another file, or move it away")
        try:
            self.part.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.part, "xb", buffering=0)  # noqa: SIM115 - close() does
        except OSError as error:
            raise RecordingError(f"{self.part} cannot be written ({error.strerror or error}); name another folder") from error
        try:
            self._write(MAGIC + _chunk(META, meta.to_json()))
            self._sync()
        except RecordingError:
            self._file.close()
            self.part.unlink()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, samples: Any, times_us: Any) -> None:
        """samples: int16 (n, n_axes), or flat as an array('h'). times_us: n whole numbers, of any origin, that never fall.

        Raises RecordingError: before anything is written, or where the disk is full.
        """
        counts, times = np.asarray(samples), np.asarray(times_us)
        if not counts.size and not times.size:
            return
        n, n_axes = times.size, len(self.meta.axes)
        if counts.dtype != np.int16 or counts.size != n * n_axes or times.dtype.kind not in "iu" or times.ndim != 1:
            found = f"samples are {shape_of(counts)}, times {shape_of(times)}, axes {n_axes}"
            raise RecordingError(f"{self.part}: {found}; give int16, and a whole number of us for each sample")
        times = times.astype(np.int64)
        first_us = self._first_us if self.n_samples else int(times[0])
        times -= first_us
        if (np.diff(times, prepend=self._last_us) < 0).any():
            raise RecordingError(f"{self.part}: time goes back behind sample {self.n_samples}; has the board restarted?")
        self._write(_chunk(SAMPLES, SIZE.pack(n) + counts.astype("<i2").tobytes() + times.astype("<i8").tobytes()))
        self._first_us, self._last_us = first_us, int(times[-1])
        self.n_samples += n
        if time.monotonic() - self._synced >= SYNC_S:
            self._sync()

    def count(self, missed: int, lost_frames: int) -> None:
        """Samples missed and frames lost so far, in place of those said before."""
        self._write(_chunk(COUNTS, TALLY.pack(missed, lost_frames)))

    def finish(self, missed: int | None = None, lost_frames: int | None = None) -> Recording:
        """Makes the .npz of the .part, which goes; the counts are what `count` said last unless given.

        Raises RecordingError where the .npz cannot be written; then the .part stays.
        """
        if missed is not None or lost_frames is not None:
            self.count(missed or 0, lost_frames or 0)
        self.close()
        done = read(self.part.read_bytes(), self.path.name).save(self.path)
        self.part.unlink()
        return done

    def close(self) -> None:
        """Leaves the .part as it is; nothing where it is closed."""
        if not self._file.closed:
            try:
                self._sync()
            finally:
                self._file.close()

    def _write(self, content: bytes) -> None:
        if self._file.closed:
            raise RecordingError(f"{self.part} is closed; open another")
        try:
            rest = memoryview(content)
            while rest:  # a raw file may take a part of it
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._file.truncate(self._length)  # else later chunks would stand behind half a chunk
            self._file.seek(self._length)
            raise self._full(error) from error
        self._length += len(content)

    def _sync(self) -> None:
        self._synced = time.monotonic()
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._full(error) from error

    def _full(self, error: OSError) -> RecordingError:
        kept = f"it keeps {self.n_samples} samples"
        return RecordingError(f"{self.part} takes no more ({error.strerror or error}); {kept}; make room and record again")


def read(content: bytes, name: str) -> Recording:
    """What the whole chunks hold. Raises RecordingError; ValueError, KeyError, TypeError, struct.error where they are wrong."""
    meta: Meta | None = None
    samples, times = [], []
    for kind, payload in _chunks(content):
        if kind == META and meta is None:
            meta = Meta.from_json(payload)
        elif kind == COUNTS and meta:
            missed, lost_frames = TALLY.unpack(payload)
            meta = replace(meta, missed=missed, lost_frames=lost_frames)
        elif kind == SAMPLES and meta:
            (n,) = SIZE.unpack_from(payload)
            middle = SIZE.size + n * len(meta.axes) * 2
            samples.append(np.frombuffer(payload[SIZE.size : middle], "<i2").reshape(n, len(meta.axes)))
            times.append(np.frombuffer(payload[middle:], "<i8"))
        else:
            raise ValueError(f"a chunk of kind {kind!r}")
    if meta is None:
        raise ValueError("it does not hold a whole header")
    whole = np.concatenate(samples or [np.empty((0, len(meta.axes)))])
    return Recording(whole.astype(np.int16), np.concatenate(times or [np.empty(0)]).astype(np.int64), meta, name)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, payload) of the whole chunks up to the first that is not."""
    at = len(MAGIC)
    while at + HEAD.size <= len(content):
        kind, length, crc = HEAD.unpack_from(content, at)
        payload = content[at + HEAD.size : at + HEAD.size + length]
        if len(payload) < length or _crc(kind, payload) != crc:
            return
        yield kind, payload
        at += HEAD.size + length


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return HEAD.pack(kind, len(payload), _crc(kind, payload)) + payload


def _crc(kind: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(struct.pack("<cI", kind, len(payload))))
