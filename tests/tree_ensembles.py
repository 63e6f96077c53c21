"""Small fitted ensembles of trees beyond forests, with rows that are hard for them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from models import edge_rows, rows_around
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from edgewise import Program, transpile
from edgewise.ir import apply
from edgewise.passes import BoardTrees

N_FEATURES = 5
NAMES = np.array(["ä", "it's", "c"])
FEW = {"n_estimators": 4, "random_state": 0}
HIST = {"max_iter": 4, "max_leaf_nodes": 6, "random_state": 0}


def _rows(missing: bool) -> np.ndarray:
    """200 rows; with missing ones a tenth of every column is NaN, and of the last all that is low, as a sensor's that freezes."""
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (200, N_FEATURES))
    X[:, 3] = np.rint(3 * X[:, 3])
    X[:, 4] = 101325 + 40 * X[:, 4]
    if missing:
        X[rng.random(X.shape) < 0.1] = np.nan
        X[X[:, 4] < 101290, 4] = np.nan
    return X


def _targets() -> dict[str, np.ndarray]:
    X = _rows(False)
    three = (X[:, 0] > 0).astype(int) + (X[:, 1] + X[:, 3] / 3 > 0)
    value = 3 * X[:, 0] + X[:, 1] ** 2 + (X[:, 4] - 101325) / 20
    return {
        "two": three > 0,
        "three": NAMES[three],
        "ten": np.digitize(value, np.quantile(value, np.arange(0.1, 1, 0.1))),
        "value": 20 + value,
        "count": np.abs(value),
        "values": np.stack([value, 1e4 - 100 * value, 0 * value + 7], axis=1),
        "labels": np.stack([NAMES[three], np.where(value > 0, "yes", "no")], axis=1),
    }


TARGETS = _targets()
CASES: dict[str, tuple[Callable[[], BaseEstimator], str]] = {
    "gradient-two": (lambda: GradientBoostingClassifier(**FEW), "two"),
    "gradient-three": (lambda: GradientBoostingClassifier(**FEW), "three"),
    "gradient-ten": (lambda: GradientBoostingClassifier(max_leaf_nodes=4, **FEW), "ten"),
    "gradient-zero": (lambda: GradientBoostingClassifier(init="zero", **FEW), "three"),
    "gradient-exponential": (lambda: GradientBoostingClassifier(loss="exponential", **FEW), "two"),
    "gradient-subsample": (lambda: GradientBoostingClassifier(subsample=0.5, **FEW), "three"),
    "gradient-stopped": (lambda: GradientBoostingClassifier(learning_rate=1.0, n_iter_no_change=2, random_state=0), "three"),
    "gradient-value": (lambda: GradientBoostingRegressor(**FEW), "value"),
    "gradient-quantile": (lambda: GradientBoostingRegressor(loss="quantile", **FEW), "value"),
    "hist-two": (lambda: HistGradientBoostingClassifier(**HIST), "two"),
    "hist-three": (lambda: HistGradientBoostingClassifier(**HIST), "three"),
    "hist-ten": (lambda: HistGradientBoostingClassifier(**HIST), "ten"),
    "hist-stopped": (lambda: HistGradientBoostingClassifier(early_stopping=True, n_iter_no_change=1, **HIST), "three"),
    "hist-value": (lambda: HistGradientBoostingRegressor(**HIST), "value"),
    "hist-poisson": (lambda: HistGradientBoostingRegressor(loss="poisson", **HIST), "count"),
    "ada-two": (lambda: AdaBoostClassifier(**FEW), "two"),
    "ada-three": (lambda: AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), **FEW), "three"),
    "ada-extra": (lambda: AdaBoostClassifier(ExtraTreeClassifier(max_depth=2), **FEW), "ten"),
    "ada-value": (lambda: AdaBoostRegressor(n_estimators=7, random_state=0), "value"),
    "bagging-three": (lambda: BaggingClassifier(DecisionTreeClassifier(max_leaf_nodes=6), max_features=0.6, **FEW), "three"),
    "bagging-value": (lambda: BaggingRegressor(DecisionTreeRegressor(max_leaf_nodes=6), bootstrap_features=True, **FEW), "value"),
    "isolation": (lambda: IsolationForest(n_estimators=8, max_samples=32, random_state=0), "two"),
    "isolation-columns": (
        lambda: IsolationForest(n_estimators=8, max_samples=32, max_features=0.6, contamination=0.2, random_state=0),
        "two",
    ),
    "tree-values": (lambda: DecisionTreeRegressor(max_leaf_nodes=6, random_state=0), "values"),
    "forest-values": (lambda: ExtraTreesRegressor(max_leaf_nodes=6, **FEW), "values"),
    "tree-labels": (lambda: DecisionTreeClassifier(max_leaf_nodes=6, random_state=0), "labels"),
    "forest-labels": (lambda: RandomForestClassifier(max_leaf_nodes=6, **FEW), "labels"),
}
MISSING: dict[str, tuple[Callable[[], BaseEstimator], str]] = {
    "missing-tree": (lambda: DecisionTreeClassifier(max_leaf_nodes=12, random_state=0), "three"),
    "missing-forest": (lambda: RandomForestClassifier(max_leaf_nodes=12, **FEW), "ten"),
    "missing-forest-value": (lambda: RandomForestRegressor(max_leaf_nodes=12, **FEW), "value"),
    "missing-forest-values": (lambda: RandomForestRegressor(max_leaf_nodes=12, **FEW), "values"),
    "missing-hist-two": (lambda: HistGradientBoostingClassifier(**HIST), "two"),
    "missing-hist-ten": (lambda: HistGradientBoostingClassifier(**HIST), "ten"),
    "missing-hist-value": (lambda: HistGradientBoostingRegressor(**HIST), "value"),
    "missing-isolation": (lambda: IsolationForest(n_estimators=8, max_samples=32, random_state=0), "two"),
    "missing-bagging": (lambda: BaggingClassifier(DecisionTreeClassifier(max_leaf_nodes=6), max_features=0.6, **FEW), "three"),
}
ALL = {**CASES, **MISSING}


@dataclass(frozen=True)
class Fitted:
    estimator: BaseEstimator
    X: np.ndarray


@cache
def fitted(case: str) -> Fitted:
    make, target = ALL[case]
    X = _rows(case in MISSING)
    return Fitted(make().fit(X, TARGETS[target]), X)


@cache
def program_of(case: str, backend: str) -> Program:
    model = fitted(case)
    return transpile(model.estimator, "edgewise_case", X=model.X, backend=backend)


@cache
def hard_rows(case: str) -> np.ndarray:
    """float32: the training rows, others around them, rows at every threshold and beside it; where the model takes NaN, each of
    them also with a NaN in one feature and in all of them."""
    return rows_for(program_of(case, "table"), fitted(case).X)


def rows_for(program: Program, X: np.ndarray) -> np.ndarray:
    around = rows_around(np.where(np.isnan(X), np.nanmean(X, axis=0), X), 60)
    rows = np.concatenate([X.astype(np.float32), around])
    core = program.model.core
    assert isinstance(core, BoardTrees)
    if not program.model.stages:
        return np.unique(np.concatenate([rows, edge_rows(core, rows)]), axis=0)
    # a feature at the thresholds of the columns that are made of it
    place = np.rint(apply(program.model.stages, np.arange(X.shape[1], dtype=np.float64)[None])[0]).astype(int)
    threshold, feature = np.unique(np.stack([core.threshold, place[core.feature]]), axis=1)
    feature = feature.astype(int)
    finite = np.abs(threshold) < 1e38
    threshold, feature = threshold[finite], feature[finite]
    edges = []
    for way in (-np.inf, 0.0, np.inf):
        edge = rows[np.arange(len(threshold)) % len(rows)].copy()
        beside = np.nextafter(threshold, np.float32(way)) if way else threshold
        edge[np.arange(len(edge)), feature] = beside
        edges.append(edge)
    holes = np.repeat(rows[::20], X.shape[1], axis=0)
    holes[np.arange(len(holes)), np.arange(len(holes)) % X.shape[1]] = np.nan
    return np.unique(np.concatenate([rows, *edges, holes, np.full((1, X.shape[1]), np.nan, np.float32)]), axis=0)
