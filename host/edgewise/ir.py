"""The form between estimators and emitters: what a fitted model computes, with no trace of who fitted it.

Everything is float64 as scikit-learn learned it; `passes` turns it into what a board computes. Invariants are checked here, once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edgewise import rounding

Label = int | str | bool | float


@dataclass(frozen=True)
class Columns:
    """out[j] = in[source[j]]. source: int (n_out,)."""

    source: np.ndarray

    def __call__(self, values):
        return values[:, self.source]


def _yeo_johnson(values, lambdas: np.ndarray):
    """Yeo and Johnson, A new family of power transformations, Biometrika 87 (2000), formula 2.1, as scikit-learn writes it."""
    numbers = rounding.plain(values)
    above = numbers >= 0
    log = np.log1p(np.abs(values))
    rising, falling = lambdas, 2.0 - lambdas
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        up = rounding.selected(np.expm1(log * rising) / np.where(rising == 0, 1.0, rising), rising != 0, log)
        down = rounding.selected(np.expm1(log * falling) / np.where(falling == 0, 1.0, falling), falling != 0, log)
    return rounding.selected(up, above, -down)


def _box_cox(values, lambdas: np.ndarray):
    """Box and Cox, An analysis of transformations, J. R. Stat. Soc. B 26 (1964), of positive numbers."""
    if not isinstance(values, rounding.Bounded):
        from scipy.special import boxcox  # takes as long to import as all of edgewise.cli

        return boxcox(values, lambdas)  # scikit-learn's own: numpy's logarithm differs from it in the last bit
    log = np.log(values)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return rounding.selected(np.expm1(log * lambdas) / np.where(lambdas == 0, 1.0, lambdas), lambdas != 0, log)


@dataclass(frozen=True)
class Scaling:
    """Elementwise steps on a row, in order and in float64, as the transformer's `transform` does them.

    steps: pairs of an operation (a key of OPERATIONS) and its operand per feature, shape (n_features,). "fill" puts the operand
    in the place of NaN; the operand of "yeo_johnson" and "box_cox" is lambda.
    """

    steps: tuple[tuple[str, np.ndarray], ...]

    OPERATIONS: ClassVar[dict[str, Callable]] = {
        "sub": np.subtract,
        "div": np.divide,
        "mul": np.multiply,
        "add": np.add,
        "min": np.minimum,
        "max": np.maximum,
        "fill": rounding.filled,
        "yeo_johnson": _yeo_johnson,
        "box_cox": _box_cox,
    }
    AFFINE: ClassVar = ("sub", "div", "mul", "add")

    def __call__(self, values, feature: np.ndarray | slice = slice(None)):
        """Scale float64 values; `feature` says which feature each of the last axis is (all, in order, by default)."""
        for operation, operand in self.steps:
            values = self.OPERATIONS[operation](values, operand[feature])
        return values

    @property
    def is_affine(self) -> bool:
        return all(operation in self.AFFINE for operation, _ in self.steps)

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        """(factor, offset) per feature, so that scaled = factor * x + offset. Raises ValueError unless `is_affine`."""
        if not self.is_affine:
            raise ValueError("clipping, filling and power transforms are not affine")
        factor, offset = np.ones(self.steps[0][1].shape), np.zeros(self.steps[0][1].shape)
        for operation, operand in self.steps:
            apply = self.OPERATIONS[operation]
            offset = apply(offset, operand)
            if operation in ("mul", "div"):
                factor = apply(factor, operand)
        return factor, offset


ZERO_NORM = 10 * np.finfo(np.float64).eps  # below it scikit-learn leaves a row as it is


@dataclass(frozen=True)
class Normalize:
    """Each row divided by its norm, "l1", "l2" or "max" (of the absolute numbers); a row below ZERO_NORM stays."""

    norm: str

    def __call__(self, values):
        size = np.absolute(values)
        ones = np.ones((values.shape[1], 1))
        if self.norm == "max":
            length = size.largest() if isinstance(size, rounding.Bounded) else size.max(axis=1, keepdims=True)
        else:
            length = size @ ones if self.norm == "l1" else np.sqrt(np.square(size) @ ones)
        return values / rounding.selected(length, rounding.plain(length) >= ZERO_NORM, 1.0)


@dataclass(frozen=True)
class Affine:
    """matrix @ (row - center). matrix: (n_out, n_in); center: (n_in,)."""

    matrix: np.ndarray
    center: np.ndarray

    def __call__(self, values):
        return (values - self.center) @ self.matrix.T


@dataclass(frozen=True)
class Polynomial:
    """out[j] = product of in[i] ** powers[j, i]. powers: whole numbers (n_out, n_in)."""

    powers: np.ndarray

    def __call__(self, values):
        columns = []
        for powers in self.powers:
            term = None
            for feature in np.flatnonzero(powers):
                factor = values[:, [feature]]
                for _ in range(int(powers[feature])):
                    term = factor if term is None else term * factor
            columns.append(np.ones((len(values), 1)) if term is None else term)
        return rounding.joined(columns)


@dataclass(frozen=True)
class SumSquares:
    """Sums of the squares of consecutive groups of these sizes: (n_out,), which add up to n_in."""

    sizes: tuple[int, ...]

    def __call__(self, values):
        group = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return np.square(values) @ (group[:, None] == np.arange(len(self.sizes))).astype(np.float64)


@dataclass(frozen=True)
class LargestAbs:
    """The largest |number| of the row, one output."""

    def __call__(self, values):
        size = np.absolute(values)
        return size.largest() if isinstance(size, rounding.Bounded) else size.max(axis=1, keepdims=True)


@dataclass(frozen=True)
class Parallel:
    """Branches, each some stages on the same row; what they give, one after the other."""

    branches: tuple[tuple["Stage", ...], ...]

    def __call__(self, values):
        return rounding.joined([apply(branch, values) for branch in self.branches])


Stage = Columns | Scaling | Normalize | Affine | Polynomial | SumSquares | LargestAbs | Parallel


def apply(stages: Sequence[Stage], values):
    """Rows, (n_rows, n_in), through the stages: float64, float32 or rounding.Bounded."""
    for stage in stages:
        values = stage(values)
    return values


@dataclass(frozen=True)
class Trees:
    """Binary trees. A reference >= 0 is a node, a reference < 0 is the leaf ~reference.

    feature, threshold, left, right: shape (n_nodes,); a row goes left when row[feature] <= threshold, which may be +inf.
    roots: shape (n_trees,), references. value: shape (n_leaves, n_outputs): class fractions, a mean, or terms of a sum.
    combine: "mean" of the trees' values; "sum" of them and of base, (n_outputs,); "isolation": -2 ** -sum, the score of an
    isolation forest; or "median": weighted by weights, (n_trees,).
    missing_left: bool (n_nodes,), where NaN goes; None: rows hold none. learned_missing: False where they say only what an
    estimator does that saw no NaN. single: whether rows are rounded to float32 before they
    are compared, as scikit-learn's own trees do.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    roots: np.ndarray
    value: np.ndarray
    combine: str = "mean"
    base: np.ndarray | None = None
    weights: np.ndarray | None = None
    missing_left: np.ndarray | None = None
    learned_missing: bool = True
    single: bool = True

    def __post_init__(self):
        n_nodes, n_leaves = len(self.feature), len(self.value)
        references = np.concatenate([self.left, self.right, self.roots])
        if not len(self.feature) == len(self.threshold) == len(self.left) == len(self.right):
            raise ValueError("feature, threshold, left and right differ in length")
        if len(references) and (references.max() >= n_nodes or (~references).max() >= n_leaves):
            raise ValueError("a child reference points outside the trees")
        if n_nodes + n_leaves != len(references):
            raise ValueError("every node and leaf must be referred to exactly once")
        if np.isnan(self.threshold).any() or not np.isfinite(self.value).all():
            raise ValueError("thresholds must be numbers and leaf values finite")


@dataclass(frozen=True)
class Linear:
    """scores = coef @ row + intercept. coef: (n_scores, n_features); intercept: (n_scores,). center: a row among those that are
    to come, (n_features,), where float32 is centered; None: not known."""

    coef: np.ndarray
    intercept: np.ndarray
    center: np.ndarray | None = None

    def __post_init__(self):
        if self.coef.shape[0] != self.intercept.shape[0] or not np.isfinite(self.coef).all():
            raise ValueError("coef and intercept do not match, or are not finite")


@dataclass(frozen=True)
class Neighbors:
    """k nearest of the prototypes. prototypes: (n, n_features), scaled as the estimator saw them; target: (n,), class
    indices or numbers; metric: "euclidean" or "manhattan"; weights: "uniform" or "distance". factor, offset: (n_features,), of
    which factor * row + offset is compared with the prototypes; None: the row itself."""

    prototypes: np.ndarray
    target: np.ndarray
    k: int
    metric: str
    weights: str
    factor: np.ndarray | None = None
    offset: np.ndarray | None = None

    def __post_init__(self):
        if not 1 <= self.k <= len(self.prototypes) or len(self.prototypes) != len(self.target):
            raise ValueError("k must lie between 1 and the number of prototypes, and each has one target")


@dataclass(frozen=True)
class Network:
    """Layers of weights (n_out, n_in) and biases (n_out,). activation: "relu", "tanh", "logistic" or "identity", after every
    layer but the last, whose sums are the scores."""

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    activation: str


@dataclass(frozen=True)
class KernelMachine:
    """scores = dual @ K(vectors, row) + intercept. vectors: (n, n_features); dual: (n_scores, n); intercept: (n_scores,).

    kind: "rbf" exp(-gamma |v - x|^2), "laplacian" exp(-gamma |v - x|_1), "poly" (gamma v.x + coef0)^degree, "sigmoid" tanh(gamma
    v.x + coef0). factor, offset: (n_features,), of which factor * row + offset is x; None: the row itself.
    """

    vectors: np.ndarray
    dual: np.ndarray
    intercept: np.ndarray
    kind: str
    gamma: float
    coef0: float = 0.0
    degree: int = 1
    factor: np.ndarray | None = None
    offset: np.ndarray | None = None


Core = Trees | Linear | Neighbors | Network | KernelMachine
INLIER = (-1, 1)  # classes of scikit-learn's outlier detectors
# How scores become an answer:
DECISIONS = (
    "largest",  # the class of the largest score, or of one score the second class where it is above 0
    "value",  # a number: the score, through the link
    "values",  # several numbers, the scores
    "pairs",  # scores of the pairs (0, 1), (0, 2), ..., (1, 2), ...: above 0 is a vote for the first, most votes win
    "threshold",  # an anomaly detector: the second class where the score is at least `threshold`
    "labels",  # several labels: of each output the class of its largest score; the outputs' scores follow each other
)


@dataclass(frozen=True)
class Model:
    """A core behind stages. classes: labels in scikit-learn's order (for "labels" a tuple of them an output), or None: numbers.

    description: how scikit-learn prints the estimator, for the header. has_proba: whether scikit-learn offers it.
    decision: one of DECISIONS. link: how scores become probabilities: "none", "sigmoid" (one score), "softmax", "ovr" (sigmoids,
    normalized) or "huber"; or a score the value: "none" or "exp".
    """

    core: Core
    n_features: int
    classes: tuple | None
    description: str
    has_proba: bool
    stages: tuple[Stage, ...] = ()
    decision: str = "largest"
    link: str = "none"
    threshold: float = 0.0


@dataclass(frozen=True)
class Lowered:
    """What the lowering of an estimator gives, of which `lower` makes a Model. Fields as there; None: what its kind has.

    stages: in front of the core and behind those of the pipeline.
    """

    core: Core
    link: str = "none"
    decision: str | None = None
    stages: tuple[Stage, ...] = ()
    threshold: float = 0.0
    classes: tuple | None = None
    has_proba: bool | None = None
