"""Proves that a board predicts what scikit-learn predicted, row by row."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgewise.algebra import takes_missing
from edgewise.artifact import Artifact
from edgewise.decisions import several
from edgewise.errors import DeviceError, EdgewiseError, ModelFileError, UnsupportedModelError
from edgewise.golden import Golden
from edgewise.packed_trees import pack_trees
from edgewise.splits import Split
from edgewise.tables import FLOAT32_MAX
from edgewise.targets import Target
from edgewise.targets.target import Packed

if TYPE_CHECKING:
    from edgewise.program import Program

BATCH_BYTES = 12_000  # of features at most; well below the heap of the smallest board
BATCH_S = (3.0, 12.0)  # a batch that took less is followed by a larger one, one that took more by a smaller one


@dataclass(frozen=True)
class Verification:
    """n_equal: rows where the board answers as scikit-learn does (a value: to the last bit of float32).

    n_explained: others where single precision or the quantum of the votes leaves that answer open. n_unexplained: the
    rest. first_wrong: number of the first of those rows; first_difference describes it, and paths, for trees, the ways that
    host and board took where they parted. largest_error: of a regression's values, else None.
    """

    n_rows: int
    n_equal: int
    n_explained: int
    n_unexplained: int
    first_difference: str | None
    largest_error: float | None
    first_wrong: int | None = None
    paths: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.n_unexplained == 0


def check_rows(program: "Program", X: np.ndarray) -> None:
    """Raises EdgewiseError unless X has shape (n_rows, n_features) and every value is a finite float32, or NaN where the model
    takes that."""
    n_features = program.model.n_features
    try:
        values = np.asarray(X, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise EdgewiseError(f"X_test is no array of numbers ({error}); pass shape (n_rows, {n_features})") from None
    if values.ndim != 2 or values.shape[1] != n_features:
        remedy = "; X_test.reshape(1, -1) makes it one row" if values.shape == (n_features,) else ""
        raise EdgewiseError(f"X_test has shape {values.shape}, {program.name} takes (n_rows, {n_features}){remedy}")
    fine = np.abs(values) <= FLOAT32_MAX
    if program.model.source is not None and takes_missing(program.model.source):
        fine |= np.isnan(values)
    for row, column in np.argwhere(~fine):
        name = repr(program.feature_names[column]) if program.feature_names else column
        value = float(values[row, column])
        raise EdgewiseError(f"X_test, row {row}, column {name}: {value} is not a finite float32 number; leave that row out")


def verify(
    artifact: Artifact, target: Target, n_rows: int | None = None, on_progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Sends the evidence rows (the first n_rows) to the deployed module and holds its answers to scikit-learn's.

    `on_progress` gets rows done and rows in all. Raises ModelFileError without evidence, DeviceError when the module is
    not on the board or raises.
    """
    if artifact.evidence is None or not len(artifact.evidence):
        raise ModelFileError(
            f"{artifact.name} has no rows to verify with; transpile a training folder, save again with "
            "program.save(DIR, X_test), or verify(program, port, X_test)"
        )
    evidence = artifact.evidence.head(n_rows)
    answers: list = []
    end = 0  # of the rows sent

    def batches() -> Iterator[bytes]:
        nonlocal end
        most = max(1, BATCH_BYTES // (4 * artifact.n_features))
        step = min(8, most)
        while end < len(evidence):
            start, end = end, min(end + step, len(evidence))
            began = time.monotonic()
            yield evidence.X[start:end].astype("<f4").tobytes()
            seconds = time.monotonic() - began
            step = min(2 * step, most) if seconds < BATCH_S[0] else max(1, step // 2) if seconds > BATCH_S[1] else step

    try:
        with closing(target.feed("predict", batches(), artifact.name, artifact.n_features)) as results:
            for fingerprint, result in results:
                check_fingerprint(artifact, target, fingerprint)
                if artifact.classes is None:
                    result = np.frombuffer(result, "<f4").reshape(-1, *evidence.expected.shape[1:]).tolist()
                answers += result
                if on_progress:
                    on_progress(len(answers), len(evidence))
    except DeviceError as error:
        if not error.traceback:  # not the module's
            raise
        raise module_error(artifact, target, error, f"in rows {len(answers)} to {end - 1}") from error
    found = compare(artifact.classes, evidence, answers)
    if found.first_wrong is None:
        return found
    return replace(found, paths=_paths(artifact, target, evidence.X[found.first_wrong]))


def _paths(artifact: Artifact, target: Target, row: np.ndarray) -> tuple[str, ...]:
    """The first tree in which the board takes another way than the host, or the first tree; nothing for other models."""
    if artifact.splits is None:
        return ()
    n_trees = len(artifact.splits.roots)
    fields = _fields(artifact)
    for tree in range(n_trees):
        here = artifact.splits.path(row, tree)
        told = f"tree {tree}, host: {_told(artifact, row, here)}"
        try:
            there = target.call("path", artifact.name, Packed(row.astype("<f4").tobytes()), tree, fields)
        except DeviceError as error:  # damaged tables may lead out of themselves
            return told, f"tree {tree}, board: {error}"
        if there is None:
            return told, "board: its nested ifs tell no path"
        board = [Split(*step) for step in there]
        if [(step.feature, step.below) for step in board] != [(step.feature, step.below) for step in here]:
            return told, f"tree {tree}, board: {_told(artifact, row, board)}"
    trees = "1 tree" if n_trees == 1 else f"{n_trees} trees"
    return (f"host and board take the same path through {trees}: what their leaves say differs",)


def _fields(artifact: Artifact) -> tuple | None:
    """The layout of a kernel's nodes, as packing the same trees makes it."""
    assert artifact.splits is not None
    try:
        constants = pack_trees(artifact.splits, len(artifact.classes or ())).constants
    except UnsupportedModelError:
        return None
    return tuple(constants[name] for name in ("_F", "_T", "_R", "_WIDE", "_POOLED"))


def _told(artifact: Artifact, row: np.ndarray, path: list[Split]) -> str:
    names = artifact.feature_names or tuple(f"x[{i}]" for i in range(artifact.n_features))
    return ", ".join(
        f"{names[step.feature]} {row[step.feature]:.9g} {'<=' if step.below else '>'} {step.threshold:.9g}" for step in path
    )


def check_fingerprint(artifact: Artifact, target: Target, found: str | None) -> None:
    """Refuses the answers of another module of the same name, such as an earlier version that was not replaced."""
    if found != artifact.fingerprint:
        raise DeviceError(f"{artifact.name} on {target.name} is another model; deploy this one")


# What a traceback of the board ends with: what that means here
REMEDIES = {
    "ImportError: no module": "deploy it first",
    "MemoryError": "the model is too large for the memory that is free there; edgewise check tells what would fit",
    "ValueError: incompatible .mpy": "deploy it again: this MicroPython takes another .mpy",
    "ValueError: a feature is not finite": "in single precision; leave that row out",
    "ValueError: the row is": "leave that row out",
    "AttributeError": "another module of this name is imported in its place; rename or remove that",
}


def module_error(artifact: Artifact, target: Target, error: DeviceError, where: str) -> DeviceError:
    """What went wrong on the board as one line with a remedy. where: of the rows, for an error that they may cause."""
    last = (error.traceback.strip().splitlines() or [str(error)])[-1].strip(": ")
    if last == "ImportError: no module named 'time'":
        return DeviceError(f"{target.name}: it has no clock; measure on another board", error.traceback)
    for start, remedy in REMEDIES.items():
        if last.startswith(start):
            return DeviceError(f"{artifact.name} on {target.name}: {last}; {remedy}", error.traceback)
    return DeviceError(f"{artifact.name} on {target.name} raised {last} {where}; deploy it again", error.traceback)


def compare(classes: tuple | None, evidence: Golden, answers: list) -> Verification:
    """Answers: labels (of a type equal to the class's), or float32 values; of several outputs a list of them each."""
    if classes is None:
        values = np.array(answers, dtype=np.float32).astype(np.float64)
        equal = _whole(values == evidence.expected.astype(np.float32))
        assert evidence.low is not None
        assert evidence.high is not None
        fine = _whole((values >= evidence.low) & (values <= evidence.high))
        expected = evidence.expected.tolist()
        error: float | None = float(np.abs(values - evidence.expected).max())
    else:
        indices = np.array([_place(classes, answer) for answer in answers]).reshape(evidence.expected.shape)
        equal = _whole(indices == evidence.expected)
        open_ = np.take_along_axis(evidence.classes, indices[..., None], axis=-1)[..., 0]
        fine = _whole((indices >= 0) & open_)
        expected, error = [_named(classes, place) for place in evidence.expected.tolist()], None
    wrong = np.flatnonzero(~equal & ~fine)
    row = int(wrong[0]) if len(wrong) else None
    first = None
    if row is not None:
        shown = ", ".join(f"{value:.6g}" for value in evidence.X[row, :8]) + (", ..." if evidence.X.shape[1] > 8 else "")
        first = f"row {row} [{shown}]: the board says {answers[row]!r}, scikit-learn {expected[row]!r}"
    explained = int((~equal & fine).sum())
    return Verification(len(answers), int(equal.sum()), explained, len(wrong), first, error, row)


def _whole(outputs: np.ndarray) -> np.ndarray:
    """Does it hold for every output of a row? (n_rows,)."""
    return np.all(outputs.reshape(len(outputs), -1), axis=1)


def _place(classes: tuple, answer) -> int | list[int]:
    """Place of a label; of several outputs a list, -1 where it is no label of its output."""
    if not several(classes):
        return _index(classes, answer)
    if not isinstance(answer, list) or len(answer) != len(classes):
        return [-1] * len(classes)
    return [_index(own, label) for own, label in zip(classes, answer, strict=True)]


def _named(classes: tuple, place) -> object:
    return [own[i] for own, i in zip(classes, place, strict=True)] if several(classes) else classes[place]


def _index(classes: tuple, answer) -> int:
    """Place of a label, -1 for what is none; True is not 1 here."""
    for i, label in enumerate(classes):
        if label == answer and type(label) is type(answer):
            return i
    return -1


def require_passed(verification: Verification) -> Verification:
    """Raises EdgewiseError that describes the first unexplained difference."""
    if not verification.passed:
        raise EdgewiseError(f"{verification.n_unexplained} of {verification.n_rows} rows differ; {verification.first_difference}")
    return verification
