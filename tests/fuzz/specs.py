"""What makes one random case: a Spec is all of it, and its repr is the reproduction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from edgewise.lower import LOWERINGS, trees

KINDS: dict[str, type] = {kind.__name__: kind for kind in LOWERINGS}
TREES = frozenset(name for name, kind in KINDS.items() if LOWERINGS[kind] is trees.lower)
# Those of other trees answer by thresholds, too, and take any number.
BOOSTED = frozenset(name for name in KINDS if "Boost" in name or "Bagging" in name or name == "IsolationForest")
NEIGHBORS = frozenset({KNeighborsClassifier.__name__, KNeighborsRegressor.__name__})
CLASSIFIERS = frozenset(name for name, kind in KINDS.items() if issubclass(kind, ClassifierMixin))
# Others that stand in front of a model, with their options
BEFORE: dict[str, Callable[..., BaseEstimator]] = {
    **{
        kind.__name__: kind
        for kind in (MaxAbsScaler, Normalizer, PowerTransformer, SimpleImputer, VarianceThreshold, PCA, PolynomialFeatures)
    },
    "SelectKBest": lambda k: SelectKBest(lambda X, y: X.var(axis=0), k=k),
    "ColumnTransformer": lambda: make_column_transformer(
        (StandardScaler(), [0]), (MinMaxScaler(), [-1]), remainder="passthrough"
    ),
}
SCALERS: dict[str, type] = {kind.__name__: kind for kind in (StandardScaler, MinMaxScaler, RobustScaler)}

Columns = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values))


# What features look like, plain ones first. Each gives float64 of a shape (n_rows, n_columns).
FLAVORS: dict[str, Columns] = {
    "integers": lambda rng, shape: rng.integers(-9, 10, shape).astype(np.float64),
    "normal": lambda rng, shape: rng.normal(0, 1, shape),
    "decimals": lambda rng, shape: rng.normal(0, 10, shape).round(1),
    "pressure": lambda rng, shape: 101325 + rng.normal(0, 40, shape),  # Pa
    "zeros": lambda rng, shape: rng.choice([-1.0, -0.0, 0.0, 1.0], shape),
    "adjacent": lambda rng, shape: 1 + rng.integers(0, 12, shape) * 2.0**-23,  # float32 with nothing between them
    "magnitudes": lambda rng, shape: rng.choice([-1, 1], shape) * 10.0 ** rng.uniform(-6, 6, shape),
    "large": lambda rng, shape: rng.normal(0, 1e15, shape),
    "denormal": lambda rng, shape: rng.integers(-40, 41, shape) * 2.0**-129,  # on both sides of the smallest normal, 2^-126
    "counts": lambda rng, shape: rng.poisson(2.0, shape).astype(np.float64),
    "huge": lambda rng, shape: rng.normal(0, 1e36, shape),  # squares and sums of these overflow: for trees
}
# What a regression learns, of a standard normal `signal`, shape (n_rows,); "tripling" of a feature.
TARGETS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "smooth": lambda signal: signal,
    "steps": np.round,
    "positive": np.exp,
    "constant": lambda signal: np.full_like(signal, 0.1),
    "offset": lambda signal: 101325 + signal,
    "small": lambda signal: signal * 1e-6,
    "tiny": lambda signal: signal * 1e-33,  # of no worth to a tree
    "huge": lambda signal: signal * 1e30,
    "tripling": lambda feature: 3.0 ** (_ranks(feature) % 64),  # the best split peels off one row: deep trees
}
# How much each row counts, of one of its features, shape (n_rows,).
WEIGHTS: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "none": lambda rng, feature: np.ones(len(feature)),
    "few": lambda rng, feature: rng.choice([0.5, 1.0, 3.0], len(feature)),
    "any": lambda rng, feature: rng.exponential(1, len(feature)) + 1e-3,
    "tripling": lambda rng, feature: 3.0 ** (_ranks(feature) % 64),  # deep trees again
}
WORDS = ("rest", "walk", "vérité", "it's\n", "", "0", "True", "温度", '"', "\\x00")


@dataclass(frozen=True)
class Spec:
    """One case; `build` makes it again from this alone.

    options, scaler_options: what the classes take beyond `BASE`. n_classes: 0 for a regression. labels: int, str, bool or
    float. values: a key of FLAVORS, or "mixed" for another in each column. target: a key of TARGETS, for a regression.
    duplicates: half of the rows are copies of the others. n_constant: columns that hold one number. weights: a key of WEIGHTS.
    n_inputs: rows to predict. before: names of BEFORE with their options, in front of the scaler. missing: a tenth of the
    numbers are NaN.
    """

    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    scaler: str | None = None
    scaler_options: dict[str, Any] = field(default_factory=dict)
    backend: str = "table"
    n_rows: int = 20
    n_features: int = 2
    n_classes: int = 0
    labels: str = "int"
    values: str = "integers"
    target: str = "smooth"
    duplicates: bool = False
    n_constant: int = 0
    weights: str = "none"
    n_inputs: int = 100
    seed: int = 0
    before: tuple[tuple[str, dict[str, Any]], ...] = ()
    missing: bool = False


# Enough for a random model; convergence is not what is tested.
BASE: dict[str, dict[str, Any]] = {
    **{kind: {"max_iter": 40} for kind in ("LogisticRegression", "SGDClassifier", "SGDRegressor")},
    "LinearSVC": {"max_iter": 20},
    # on rows that are not scaled libsvm may never end
    **{kind: {"max_iter": 2000} for kind in ("SVC", "NuSVC", "SVR", "NuSVR", "OneClassSVM")},
    **{kind: {"max_iter": 200} for kind in ("LinearSVR", "Lasso", "ElasticNet")},
}


@dataclass(frozen=True)
class Case:
    """A fitted estimator, its training rows, and others like them, shape (n_rows, n_features) both."""

    estimator: BaseEstimator
    X: np.ndarray
    others: np.ndarray


def build(spec: Spec) -> Case:
    """Raises ValueError or ZeroDivisionError where scikit-learn does not fit, as when an optimizer overflows."""
    rng = np.random.default_rng(spec.seed)
    X, others = _features(spec, rng)
    y = _labels(spec, rng) if spec.n_classes else _values(spec, X, rng)
    estimator = KINDS[spec.kind](**BASE.get(spec.kind, {}), **spec.options)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=spec.seed)
    steps = [("model", estimator)]
    if spec.scaler:
        steps = [("scaler", SCALERS[spec.scaler](**spec.scaler_options)), *steps]
    steps = [(f"step{i}", BEFORE[name](**options)) for i, (name, options) in enumerate(spec.before)] + steps
    if spec.missing:
        X[rng.random(X.shape) < 0.1] = np.nan
        others[rng.random(others.shape) < 0.1] = np.nan
    weights = {} if spec.weights == "none" else {"sample_weight": WEIGHTS[spec.weights](rng, X[:, -1])}
    if len(steps) == 1:
        return Case(estimator.fit(X, y, **weights), X, others)
    weights = {f"model__{name}": values for name, values in weights.items()}
    return Case(Pipeline(steps).fit(X, y, **weights), X, others)


def _features(spec: Spec, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Training rows and twice as many others."""
    flavors = [name for name in FLAVORS if name != "huge" or spec.kind in TREES | BOOSTED]
    shape = (3 * spec.n_rows, spec.n_features)
    if spec.values == "mixed":
        chosen = rng.choice(flavors, spec.n_features)
        X = np.concatenate([FLAVORS[flavor](rng, (shape[0], 1)) for flavor in chosen], axis=1)
    else:
        X = FLAVORS[spec.values](rng, shape)
    X[:, : spec.n_constant] = X[0, : spec.n_constant]
    X, others = X[: spec.n_rows], X[spec.n_rows :]
    if spec.duplicates:
        X[spec.n_rows // 2 :] = X[: spec.n_rows - spec.n_rows // 2]
    return X, others


def _labels(spec: Spec, rng: np.random.Generator) -> np.ndarray:
    """Labels of `n_classes` kinds, each at least once."""
    n, kinds = spec.n_classes, spec.labels
    names = {
        "int": lambda: rng.choice(2**31 - 2, n, replace=False) - 2**30 if n < 20 else np.arange(n) - 7,
        "float": lambda: np.unique(rng.integers(-9999999, 9999999, 2 * n + 20))[:n].astype(np.float64),
        "bool": lambda: np.array([False, True])[:n],
        "str": lambda: np.array([f"{WORDS[i % len(WORDS)]}{i // len(WORDS) or ''}" for i in range(n)]),
    }[kinds]()
    rest = rng.integers(0, n, spec.n_rows - n)
    return names[np.concatenate([np.arange(n), rest])]


def _values(spec: Spec, X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Targets that the features tell in part, or all of it where they triple."""
    spread = X.std(axis=0)
    known = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1) @ rng.normal(0, 1, spec.n_features)
    signal = known / np.sqrt(spec.n_features) + rng.normal(0, 0.3, spec.n_rows)
    values = TARGETS[spec.target](X[:, -1] if spec.target == "tripling" else signal)
    return np.abs(values) + 1e-3 * np.abs(values).max() if spec.options.get("criterion") == "poisson" else values
