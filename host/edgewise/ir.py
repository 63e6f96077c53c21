"""The form between estimators and emitters: what a fitted model computes, with no trace of who fitted it.

Everything is float64 as scikit-learn learned it; `passes` turns it into what a board computes. Invariants are checked here, once.
"""

from dataclasses import dataclass

import numpy as np

from edgewise.errors import UnsupportedModelError

Label = int | str | bool | float


@dataclass(frozen=True)
class Scaling:
    """Elementwise steps on a row, in order and in float64, as the scaler's `transform` does them.

    steps: pairs of an operation ("sub", "div", "mul", "add", "min", "max") and its operand per feature, shape (n_features,).
    """

    steps: tuple[tuple[str, np.ndarray], ...]

    OPERATIONS = {  # noqa: RUF012 - a constant table
        "sub": np.subtract,
        "div": np.divide,
        "mul": np.multiply,
        "add": np.add,
        "min": np.minimum,
        "max": np.maximum,
    }

    def __call__(self, values: np.ndarray, feature: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Scale float64 values; `feature` says which feature each of the last axis is (all, in order, by default)."""
        for operation, operand in self.steps:
            values = self.OPERATIONS[operation](values, operand[feature])
        return values

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        """(factor, offset) per feature, so that scaled = factor * x + offset. Clipping is not affine."""
        factor, offset = np.ones(self.steps[0][1].shape), np.zeros(self.steps[0][1].shape)
        for operation, operand in self.steps:
            if operation in ("min", "max"):
                raise UnsupportedModelError("MinMaxScaler(clip=True) works in front of trees only; use clip=False")
            apply = self.OPERATIONS[operation]
            offset = apply(offset, operand)
            if operation in ("mul", "div"):
                factor = apply(factor, operand)
        return factor, offset


@dataclass(frozen=True)
class Trees:
    """Binary trees whose outputs are averaged. A reference >= 0 is a node, a reference < 0 is the leaf ~reference.

    feature, threshold, left, right: shape (n_nodes,); a row goes left when row[feature] <= threshold.
    roots: shape (n_trees,), references. value: shape (n_leaves, n_outputs): class fractions, or one mean.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    roots: np.ndarray
    value: np.ndarray

    def __post_init__(self):
        n_nodes, n_leaves = len(self.feature), len(self.value)
        references = np.concatenate([self.left, self.right, self.roots])
        if not len(self.feature) == len(self.threshold) == len(self.left) == len(self.right):
            raise ValueError("feature, threshold, left and right differ in length")
        if len(references) and (references.max() >= n_nodes or (~references).max() >= n_leaves):
            raise ValueError("a child reference points outside the trees")
        if n_nodes + n_leaves != len(references):
            raise ValueError("every node and leaf must be referred to exactly once")
        if not (np.isfinite(self.threshold).all() and np.isfinite(self.value).all()):
            raise ValueError("thresholds and leaf values must be finite")


@dataclass(frozen=True)
class Linear:
    """scores = coef @ row + intercept. coef: (n_scores, n_features); intercept: (n_scores,).

    link: how scores become probabilities: "none", "sigmoid" (one score), "softmax", "ovr" (sigmoids, normalized) or "huber".
    """

    coef: np.ndarray
    intercept: np.ndarray
    link: str

    def __post_init__(self):
        if self.coef.shape[0] != self.intercept.shape[0] or not np.isfinite(self.coef).all():
            raise ValueError("coef and intercept do not match, or are not finite")


@dataclass(frozen=True)
class Neighbors:
    """k nearest of the prototypes. prototypes: (n, n_features), scaled as the estimator saw them; target: (n,), class
    indices or numbers; metric: "euclidean" or "manhattan"; weights: "uniform" or "distance"."""

    prototypes: np.ndarray
    target: np.ndarray
    k: int
    metric: str
    weights: str

    def __post_init__(self):
        if not 1 <= self.k <= len(self.prototypes) or len(self.prototypes) != len(self.target):
            raise ValueError("k must lie between 1 and the number of prototypes, and each has one target")


@dataclass(frozen=True)
class Model:
    """A core behind an optional scaling. classes: labels in scikit-learn's order, or None for a regression.

    description: how scikit-learn prints the estimator, for the header. has_proba: whether scikit-learn offers it.
    """

    core: Trees | Linear | Neighbors
    n_features: int
    classes: tuple[Label, ...] | None
    scaling: Scaling | None
    description: str
    has_proba: bool
