"""How scores become answers, and which answers scores that are known to within an error leave open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Allowed:
    """What a correct board may answer. classes: bool (n_rows, n_classes), or None; low, high: (n_rows,). Of several outputs
    (n_rows, n_outputs, most classes) and (n_rows, n_outputs)."""

    classes: np.ndarray | None
    low: np.ndarray | None
    high: np.ndarray | None


def several(classes: tuple | None) -> bool:
    """Are these the labels of several outputs, a tuple of them each?"""
    return classes is not None and isinstance(classes[0], tuple)


def counts(classes: tuple) -> Any:
    """Number of classes, a tuple of them for several outputs."""
    return tuple(map(len, classes)) if several(classes) else len(classes)


def winners(scores: np.ndarray, n_classes: int) -> np.ndarray:
    """Class indices: the first of the largest, or with one score whether it is above zero."""
    if scores.shape[1] == 1 < n_classes:
        return (scores[:, 0] > 0).astype(np.int64)
    return scores.argmax(axis=1)


def open_winners(low: np.ndarray, high: np.ndarray, scores: np.ndarray, n_classes: int) -> np.ndarray:
    """bool (n_rows, n_classes). An exact tie goes to the first."""
    if scores.shape[1] == 1 < n_classes:
        return np.stack([low[:, 0] <= 0, high[:, 0] > 0], axis=1)
    winner = winners(scores, n_classes)[:, None] == np.arange(scores.shape[1])
    return winner | (high > low.max(axis=1, keepdims=True))


def _votes(first: np.ndarray, second: np.ndarray, n_classes: int) -> np.ndarray:
    """Votes of each class, (n_rows, n_classes). first, second: bool (n_rows, n_pairs), whether the pair's vote goes there."""
    votes = np.zeros((len(first), n_classes), dtype=np.int64)
    for pair, (i, j) in enumerate(combinations(range(n_classes), 2)):
        votes[:, i] += first[:, pair]
        votes[:, j] += second[:, pair]
    return votes


def pair_winners(scores: np.ndarray, n_classes: int) -> np.ndarray:
    """Class indices: most votes, the first of equals. scores: (n_rows, n_classes * (n_classes - 1) / 2); above 0: the first."""
    return _votes(scores > 0, scores <= 0, n_classes).argmax(axis=1)


def open_pair_winners(low: np.ndarray, high: np.ndarray, n_classes: int) -> np.ndarray:
    """bool (n_rows, n_classes): with every open pair for it, as many votes as the others have for sure; first of equals."""
    least, most = _votes(low > 0, high <= 0, n_classes), _votes(high > 0, low <= 0, n_classes)
    before = np.tri(n_classes, k=-1, dtype=np.int64)  # [winner, other]: an equal other that comes first wins
    return np.all(most[:, :, None] >= least[:, None, :] + before, axis=2)


def _each(counts: Sequence[int]) -> list[slice]:
    """Where the scores of each output lie."""
    ends = np.cumsum(counts)
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def open_labels(low: np.ndarray, high: np.ndarray, scores: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    """bool (n_rows, n_outputs, most classes of an output); False beyond an output's own classes."""
    result = np.zeros((len(scores), len(counts), max(counts)), dtype=bool)
    for output, (own, count) in enumerate(zip(_each(counts), counts, strict=True)):
        result[:, output, :count] = open_winners(low[:, own], high[:, own], scores[:, own], count)
    return result


@dataclass(frozen=True)
class Classes:
    """A decision for classes.

    indices: scores, number of classes (see `counts`), threshold -> class indices, (n_rows,), of several outputs (n_rows, n).
    open_: low, high, scores, number, threshold -> bool, with one axis more, of the classes.
    """

    indices: Callable[[np.ndarray, Any, float], np.ndarray]
    open_: Callable[[np.ndarray, np.ndarray, np.ndarray, Any, float], np.ndarray]


CLASSES: dict[str, Classes] = {
    "largest": Classes(
        lambda scores, n, threshold: winners(scores, n),
        lambda low, high, scores, n, threshold: open_winners(low, high, scores, n),
    ),
    "pairs": Classes(
        lambda scores, n, threshold: pair_winners(scores, n),
        lambda low, high, scores, n, threshold: open_pair_winners(low, high, n),
    ),
    "threshold": Classes(
        lambda scores, n, threshold: (scores[:, 0] >= threshold).astype(np.int64),
        lambda low, high, scores, n, threshold: np.stack([low[:, 0] <= threshold, high[:, 0] >= threshold], axis=1),
    ),
    "labels": Classes(
        lambda scores, n, threshold: np.stack([scores[:, own].argmax(axis=1) for own in _each(n)], axis=1),
        lambda low, high, scores, n, threshold: open_labels(low, high, scores, n),
    ),
}


def linked(link: str, scores):
    """Values of a regression; scores: float64 or rounding.Bounded."""
    return np.exp(scores) if link == "exp" else scores


def as_answers(decision: str, values: np.ndarray) -> np.ndarray:
    """Values, (n_rows, n_outputs), in the shape of answers: those of one output as (n_rows,)."""
    return values if decision == "values" else values[:, 0]
