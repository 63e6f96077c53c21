"""Model as scikit-learn learned it -> model as a board computes it. Pure functions; the proofs of the bounds are in `bounds`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgewise import float32
from edgewise.bounds import linear_bound
from edgewise.errors import UnsupportedModelError
from edgewise.fixed import BoardFixed
from edgewise.ir import Label, Linear, Model, Neighbors, Scaling, Trees

# Votes of a pure leaf. 55440 = 2^4 * 3^2 * 5 * 7 * 11 is the number below 2^16 with most divisors: the class fractions of every
# leaf of 1 to 12 training rows (and of 14, 15, 16, 18, 20, ...) are whole votes, so that their ties stay ties.
FULL_VOTES = 55440
SMALL_INT_BITS = 30  # a MicroPython small int on a 32-bit board, without its sign: larger numbers are allocated


@dataclass(frozen=True)
class BoardTrees:
    """Trees of `ir` with float32 thresholds and whole-number leaves.

    votes: (n_leaves, n_outputs). Classification: fractions in units of 1/full. Regression (full == 0): the output is
    offset + scale * (sum of the votes over the trees).
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    roots: np.ndarray
    votes: np.ndarray
    full: int
    offset: float
    scale: float


@dataclass(frozen=True)
class BoardLinear:
    """scores = coef @ (row - center) + intercept, all float32, summed in the order of the features.

    largest_offset: (n_features,), the largest |row - center| in the training rows; None if they were not given.
    """

    center: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    link: str
    largest_offset: np.ndarray | None


@dataclass(frozen=True)
class BoardNeighbors:
    """Distances from (row - center) * factor to the prototypes, all float32. target: int class indices, or float32."""

    center: np.ndarray
    factor: np.ndarray
    prototypes: np.ndarray
    target: np.ndarray
    k: int
    metric: str
    weights: str


BoardCore = BoardTrees | BoardLinear | BoardFixed | BoardNeighbors


@dataclass(frozen=True)
class BoardModel:
    """What an emitter writes down; fields as in `ir.Model`."""

    core: BoardCore
    n_features: int
    classes: tuple[Label, ...] | None
    description: str
    has_proba: bool


def for_board(model: Model, X: np.ndarray | None = None) -> BoardModel:
    """X: training rows (n_rows, n_features), from which linear models take their center and their range; optional."""
    core = PASSES[type(model.core)](model, X)
    return BoardModel(core, model.n_features, model.classes, model.description, model.has_proba)


def _trees(model: Model, X: np.ndarray | None) -> BoardTrees:
    trees: Trees = model.core  # type: ignore[assignment]
    threshold = fold_scaling(trees, model.scaling) if model.scaling else float32.round_down(trees.threshold)
    votes, full, offset, scale = _votes(trees, model.classes is not None)
    threshold = float32.normal_below(threshold)  # the RP2040 has no others
    return BoardTrees(trees.feature, threshold, trees.left, trees.right, trees.roots, votes, full, offset, scale)


def fold_scaling(trees: Trees, scaling: Scaling) -> np.ndarray:
    """float32 thresholds on raw rows that decide as the thresholds on scaled rows do.

    A scaler is monotone in each feature, and scikit-learn casts what it gives to float32 before it compares with the float64
    threshold: the largest float32 that passes all of that is the threshold, found by bisection.
    """

    def accepts(candidates: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return scaling(candidates.astype(np.float64), trees.feature).astype(np.float32) <= trees.threshold

    return float32.largest_accepted(accepts, len(trees.threshold))


def _votes(trees: Trees, classification: bool) -> tuple[np.ndarray, int, float, float]:
    """(votes, full, offset, scale), see BoardTrees; every sum over the trees is a small int."""
    n_trees = len(trees.roots)
    if classification:
        full = min(FULL_VOTES, (2**SMALL_INT_BITS - 1) // n_trees)
        return _class_votes(trees.value, full), full, 0.0, 1.0
    low, high = float(trees.value.min()), float(trees.value.max())
    _single(trees.value, "a leaf's value")
    most = (2**SMALL_INT_BITS - 1) // n_trees
    step = (high - low) / most if high > low else 1.0
    return np.rint((trees.value - low) / step).astype(np.int64), 0, low, step / n_trees


def _class_votes(value: np.ndarray, full: int) -> np.ndarray:
    """Nearest whole votes; but only a pure leaf has all of them, and the class that won the leaf wins it still."""
    votes = np.rint(value * full).astype(np.int64)
    mixed = value.max(axis=1) < 1
    votes[mixed] = np.minimum(votes[mixed], full - 2)
    winner = value.argmax(axis=1)
    leaf = np.flatnonzero(votes.argmax(axis=1) != winner)
    votes[leaf, winner[leaf]] = votes[leaf].max(axis=1) + 1
    return votes


def _linear(model: Model, X: np.ndarray | None) -> BoardLinear:
    linear: Linear = model.core  # type: ignore[assignment]
    coef, intercept = linear.coef, linear.intercept
    if model.scaling:
        factor, offset = model.scaling.affine
        coef, intercept = coef * factor, intercept + coef @ offset
    if X is None:
        center = _center_of(model.scaling, model.n_features)
        return _centered(coef, intercept, center, linear.link, None)
    rows = X.astype(np.float32).astype(np.float64)
    candidates = [np.zeros(model.n_features), rows.mean(axis=0).astype(np.float32)]
    plain, centered = (_centered(coef, intercept, center, linear.link, rows) for center in candidates)
    # Centering costs a subtraction a feature; it earns that where the features are large beside their spread.
    plain_bound, centered_bound = (linear_bound(core, np.abs(rows - core.center).max(axis=0)).max() for core in (plain, centered))
    return plain if plain_bound <= 2 * centered_bound else centered


def _centered(coef, intercept, center, link: str, rows: np.ndarray | None) -> BoardLinear:
    center = _single(center, "a center")
    shifted = _single(intercept + coef @ center.astype(np.float64), "an intercept")
    largest = None if rows is None else np.abs(rows - center).max(axis=0)
    return BoardLinear(center, _single(coef, "a coefficient"), shifted, link, largest)


def _single(values: np.ndarray, what: str) -> np.ndarray:
    """Rounded to float32; raises UnsupportedModelError where one is too large for that."""
    with np.errstate(over="ignore"):
        rounded: np.ndarray = values.astype(np.float32)
    if not np.isfinite(rounded).all():
        raise UnsupportedModelError(f"{what} is beyond single precision (3.4e38); rescale the features or the target")
    return rounded


def _center_of(scaling: Scaling | None, n_features: int) -> np.ndarray:
    """The row that the scaling maps to zero: where its user's data lie."""
    if scaling is None:
        return np.zeros(n_features)
    factor, offset = scaling.affine
    return -offset / factor


def _neighbors(model: Model, X: np.ndarray | None) -> BoardNeighbors:
    core: Neighbors = model.core  # type: ignore[assignment]
    prototypes, factor = core.prototypes, np.ones(model.n_features)
    if model.scaling:
        factor, offset = model.scaling.affine
        center = _single(_center_of(model.scaling, model.n_features), "a center")
        # scaled = factor * row + offset, so that factor * (row - center) is the scaled row moved by this:
        prototypes = prototypes - (offset + factor * center.astype(np.float64))
    elif np.array_equal(prototypes.astype(np.float32), prototypes):
        center = np.zeros(model.n_features, dtype=np.float32)  # differences are rounded once as it is
    else:
        center = prototypes.mean(axis=0).astype(np.float32)
        prototypes = prototypes - center.astype(np.float64)
    target = core.target.astype(np.int64) if model.classes is not None else _single(core.target, "a target")
    return BoardNeighbors(
        center, _single(factor, "a scale"), _single(prototypes, "a prototype"), target, core.k, core.metric, core.weights
    )


PASSES: dict[type, Callable[[Model, np.ndarray | None], BoardCore]] = {
    Trees: _trees,
    Linear: _linear,
    Neighbors: _neighbors,
}
