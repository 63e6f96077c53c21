"""Rows with what scikit-learn answers and what a correct board may answer: the evidence that `verify` checks a board against."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile
from zlib import error as DeflateError

import numpy as np

from edgewise import exact
from edgewise.decisions import CLASSES, as_answers, counts, linked, several
from edgewise.errors import ModelFileError, UnsupportedModelError
from edgewise.float32 import TINY
from edgewise.passes import BoardModel, BoardNeighbors
from edgewise.reference import allowed, predict

DISTANCES_AT_ONCE = 2_000_000  # a dozen matrices of that many float64 take 200 MB


@dataclass(frozen=True)
class Golden:
    """X: float32 (n_rows, n_features). expected: class indices, or float64 values. Either classes, bool (n_rows, n_classes):
    the classes that rounding leaves open; or low and high, (n_rows,): the values that it leaves open.

    Of several outputs: expected, low, high (n_rows, n_outputs); classes (n_rows, n_outputs, most classes of an output).
    """

    X: np.ndarray
    expected: np.ndarray
    classes: np.ndarray | None
    low: np.ndarray | None
    high: np.ndarray | None

    def __len__(self) -> int:
        return len(self.X)

    def head(self, n_rows: int | None) -> "Golden":
        """The first n_rows rows, or all."""
        return self.take(slice(n_rows))

    def take(self, rows: slice | np.ndarray) -> "Golden":
        parts = {name: None if part is None else part[rows] for name, part in vars(self).items()}
        return Golden(**parts)  # type: ignore[arg-type]

    def save(self, file: Path | BinaryIO) -> None:
        np.savez_compressed(file, **{name: part for name, part in vars(self).items() if part is not None})

    @staticmethod
    def load(path: Path) -> "Golden":
        try:
            with np.load(path, allow_pickle=False) as parts:
                fields = {name: parts[name] for name in parts.files}
            return Golden(*(fields.get(name) for name in ("X", "expected", "classes", "low", "high")))  # type: ignore[arg-type]
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, BadZipFile, DeflateError) as error:
            raise ModelFileError(f"{path} cannot be read ({error}); run edgewise transpile again") from None


def golden(model: BoardModel, estimator, X: np.ndarray) -> Golden:
    """scikit-learn's answers on the rows that a board can hold: `predict(X.astype(float32).astype(float64))`.

    Numbers nearer to zero than 2^-126 become zero: the RP2040's float routines take them for it (measured: its
    1.4e-45 <= 0.0 is true), so a Pico cannot hold them.
    """
    X = np.asarray(X, dtype=np.float32)
    X = np.where(np.abs(X) < TINY, np.float32(0), X)
    step = DISTANCES_AT_ONCE // len(model.core.prototypes) + 1 if isinstance(model.core, BoardNeighbors) else len(X) or 1
    parts = [_golden(model, estimator, X[start : start + step]) for start in range(0, len(X) or 1, step)]
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Golden(*(None if column[0] is None else np.concatenate(column) for column in columns))  # type: ignore[arg-type]


def _golden(model: BoardModel, estimator, X: np.ndarray) -> Golden:
    rows = X.astype(np.float64)
    try:
        predicted = estimator.predict(_named(estimator, rows))
    except ValueError as refusal:  # NaN behind an imputer of other columns, numbers that are not positive, ...
        reason = str(refusal).splitlines()[0]
        raise UnsupportedModelError(
            f"{type(estimator).__name__} does not predict these rows ({reason}); pass rows that it takes"
        ) from None
    scores = None if isinstance(model.core, BoardNeighbors) else exact.scores(model.source, rows)  # type: ignore[arg-type]
    limits = allowed(model, X, scores)
    if model.classes is None:
        expected = as_answers(model.decision, predicted.astype(np.float64).reshape(len(X), -1))
        if scores is not None:
            error = np.abs(as_answers(model.decision, linked(model.link, scores)) - expected)
            share = exact.SINGLE_TOLERANCE if predicted.dtype == np.float32 else exact.TOLERANCE
            _agreed(estimator, error <= share * (1 + np.abs(expected)))
        return Golden(X, expected, None, limits.low, limits.high)
    expected = _indices(model.classes, predicted)
    if scores is not None:
        error = exact.TOLERANCE * (1 + np.abs(scores))
        decision = CLASSES[model.decision]
        open_ = decision.open_(scores - error, scores + error, scores, counts(model.classes), model.threshold)
        _agreed(estimator, np.take_along_axis(open_, expected[..., None], axis=-1))
    return Golden(X, expected, limits.classes, None, None)


def _indices(classes: tuple, predicted: np.ndarray) -> np.ndarray:
    """Places of labels, in their shape."""
    if several(classes):
        return np.stack([_indices(own, labels) for own, labels in zip(classes, predicted.T, strict=True)], axis=1)
    index = {label: i for i, label in enumerate(classes)}
    return np.array([index[label] for label in predicted.tolist()], dtype=np.int64)


def _agreed(estimator, fine: np.ndarray) -> None:
    """Raises UnsupportedModelError where what was read from the estimator gives another answer than its own `predict`."""
    if not fine.all():
        row = int(np.argwhere(~fine)[0, 0])
        raise UnsupportedModelError(
            f"{type(estimator).__name__} predicts otherwise than its attributes say (row {row}); use it as fit leaves it"
        )


def _named(estimator, rows: np.ndarray):
    """As the DataFrame that it was fitted on, where it was: steps may choose columns by name."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or find_spec("pandas") is None:  # whoever fitted it has pandas; Edgewise does without
        return rows
    return import_module("pandas").DataFrame(rows, columns=names)


def probes(model: BoardModel, estimator, X: np.ndarray | None, n_rows: int = 3) -> tuple[Golden, float]:
    """(a few rows for the module's own self_test, of different classes or values and with one right answer only; share of the
    rows of X whose class is another in the board's arithmetic)"""
    if X is None or not len(X):
        X = np.vstack([np.zeros((1, model.n_features)), np.outer([1.0, -1.0], np.ones(model.n_features))])
    whole = golden(model, estimator, X[:1000])
    one = np.ones(len(whole), dtype=bool) if whole.classes is None else whole.classes.sum(axis=-1) == 1
    sure = np.flatnonzero(one.reshape(len(whole), -1).all(axis=1))
    _, first = np.unique(whole.expected[sure], return_index=True, axis=0)
    chosen = sure[np.sort(first)]
    chosen = np.sort(chosen[np.linspace(0, len(chosen) - 1, min(n_rows, len(chosen))).astype(int)])
    return whole.take(chosen), _changed(model, whole)


def _changed(model: BoardModel, whole: Golden) -> float:
    if model.classes is None:
        return 0.0
    other = predict(model, whole.X) != whole.expected
    return float(other.reshape(len(whole), -1).any(axis=1).mean())
