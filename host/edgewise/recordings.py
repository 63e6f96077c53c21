"""Recordings on disk: LABEL_NN.npz in a folder, read one by one or all at once."""

import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tokenize import TokenError

import numpy as np

from edgewise import journal
from edgewise.errors import RecordingError
from edgewise.journal import PART, Journal
from edgewise.recording import SUFFIX, Meta, Recording, bare

__all__ = ["Journal", "Meta", "Problem", "Recording", "check_label", "load", "load_all", "next_path", "segments"]

GAP = 1.5  # periods: a longer step between two samples is a gap
NOT_IN_LABELS = re.compile(r'[/\\:*?"<>|]|[^ -\U0010ffff]|[\x7f-\x9f\ud800-\udfff]')  # what no file system takes in a name
MAX_LABEL = 80
# What zipfile, numpy and json raise on a damaged file
DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError, OverflowError),
    *(SyntaxError, TokenError, struct.error, zipfile.BadZipFile, zlib.error),
)


def check_label(label: str) -> None:
    """A label becomes part of a file's name; raises RecordingError where it cannot."""
    if not label.strip() or label != label.strip():
        raise RecordingError(f"label {label!r} is empty or has spaces at its ends; name the class, such as squat")
    if found := NOT_IN_LABELS.search(label):
        raise RecordingError(f"label {label!r} has {found[0]!r} in it, which no file name takes; leave it out")
    if label.startswith(".") or len(label.encode()) > MAX_LABEL:
        raise RecordingError(f"label {label[:MAX_LABEL]!r} begins with a dot or is too long; use at most {MAX_LABEL} letters")


def next_path(folder: str | Path, label: str) -> Path:
    """LABEL_NN.npz with the number after the highest there; makes nothing. Raises RecordingError, see `check_label`."""
    check_label(label)
    pattern = re.compile(re.escape(label) + r"_(\d{2,6})\.npz(\.part)?")
    found = (pattern.fullmatch(path.name) for path in Path(folder).glob("*.npz*"))
    number = max((int(match[1]) for match in found if match), default=0) + 1
    return Path(folder, f"{label}_{number:02}{SUFFIX}")


def load(path: str | Path) -> Recording:
    """A recording from its .npz or from the .part that was left of one. Raises RecordingError, one line."""
    path = Path(path)
    try:
        content = path.read_bytes()
        read = journal.read if content.startswith(journal.MAGIC) else Recording.from_bytes
        return read(content, bare(path))
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise RecordingError(f"{path}: no such file; name a recording or a folder of them") from None
    except IsADirectoryError:
        raise RecordingError(f"{path}: is a folder; name a recording in it") from None
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RecordingError(f"{path}: is no recording, or damaged ({reason}); record again, or import it") from None


@dataclass(frozen=True)
class Problem:
    """A file that is cut short or cannot be read; kept: it is among the recordings all the same."""

    path: Path
    reason: str
    kept: bool

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}{', kept' if self.kept else ', skipped'}"


def load_all(folder: str | Path, keep_short: bool = False) -> tuple[list[Recording], list[Problem]]:
    """Every .npz of a folder, and every .part without its .npz, by name. What holds less than it promises is a problem, and
    among the recordings only if `keep_short`.

    Raises RecordingError where the folder holds no recording at all.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RecordingError(f"{folder}: no such folder; name one that holds recordings")
    paths = sorted(folder.glob("*" + SUFFIX))
    paths += [part for part in sorted(folder.glob(f"*{SUFFIX}{PART}")) if part.with_suffix("") not in paths]
    if not paths:
        raise RecordingError(f"{folder}: holds no recording; record or import some")
    recordings, problems = [], []
    for path in sorted(paths):
        try:
            recording = load(path)
        except RecordingError as error:
            problems.append(Problem(path, str(error).removeprefix(f"{path}: "), False))
            continue
        left = path.name.endswith(PART)
        kept = len(recording) > 0 and (keep_short or not (recording.short or left))
        if left or recording.short or not len(recording):
            promised = "" if recording.meta.promised is None else f"of {recording.meta.promised} "
            ended = "was not finished, " if left else ""
            problems.append(Problem(path, f"{ended}holds {len(recording)} {promised}samples", kept))
        if kept:
            recordings.append(recording)
    return recordings, problems


def segments(recording: Recording) -> list[tuple[int, int]]:
    """(start, stop) of the stretches without a gap: no step above GAP periods."""
    if not len(recording):
        return []
    cuts = np.flatnonzero(np.diff(recording.times_us) > GAP * recording.meta.period_us) + 1
    edges = [0, *cuts.tolist(), len(recording)]
    return list(pairwise(edges))
