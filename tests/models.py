"""Small fitted models of every kind that Edgewise knows, and the rows at which they are hardest to get right."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_iris
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from edgewise import Program, Target, transpile
from edgewise.artifact import Artifact, of_program
from edgewise.passes import BoardTrees

SMALL = {"max_leaf_nodes": 8, "random_state": 0}
FEW = {"n_estimators": 4, **SMALL}

CLASSIFIERS: dict[str, BaseEstimator] = {
    "DecisionTreeClassifier": DecisionTreeClassifier(**SMALL),
    "ExtraTreeClassifier": ExtraTreeClassifier(**SMALL),
    "RandomForestClassifier": RandomForestClassifier(**FEW),
    "ExtraTreesClassifier": ExtraTreesClassifier(**FEW),
    "LogisticRegression": LogisticRegression(max_iter=1000),
    "RidgeClassifier": RidgeClassifier(),
    "SGDClassifier(hinge)": SGDClassifier(loss="hinge", random_state=0),
    "SGDClassifier(log_loss)": SGDClassifier(loss="log_loss", random_state=0),
    "SGDClassifier(modified_huber)": SGDClassifier(loss="modified_huber", random_state=0),
    "LinearSVC": LinearSVC(random_state=0),
    "KNeighborsClassifier": KNeighborsClassifier(),
    "KNeighborsClassifier(manhattan)": KNeighborsClassifier(4, metric="manhattan"),
    "KNeighborsClassifier(distance)": KNeighborsClassifier(weights="distance"),
    "KNeighborsClassifier(manhattan,distance)": KNeighborsClassifier(3, metric="manhattan", weights="distance"),
}
REGRESSORS: dict[str, BaseEstimator] = {
    "DecisionTreeRegressor": DecisionTreeRegressor(**SMALL),
    "ExtraTreeRegressor": ExtraTreeRegressor(**SMALL),
    "RandomForestRegressor": RandomForestRegressor(**FEW),
    "ExtraTreesRegressor": ExtraTreesRegressor(**FEW),
    "LinearRegression": LinearRegression(),
    "Ridge": Ridge(),
    "Lasso": Lasso(0.01),
    "ElasticNet": ElasticNet(0.01),
    "SGDRegressor": SGDRegressor(random_state=0),
    "LinearSVR": LinearSVR(C=0.1, random_state=0, max_iter=10000),
    "KNeighborsRegressor": KNeighborsRegressor(),
    "KNeighborsRegressor(manhattan)": KNeighborsRegressor(4, metric="manhattan"),
    "KNeighborsRegressor(distance)": KNeighborsRegressor(weights="distance"),
    "KNeighborsRegressor(manhattan,distance)": KNeighborsRegressor(3, metric="manhattan", weights="distance"),
}
SCALERS: dict[str, BaseEstimator | None] = {
    "raw": None,
    "standard": StandardScaler(),
    "spread": StandardScaler(with_mean=False),
    "shift": StandardScaler(with_std=False),
    "minmax": MinMaxScaler(feature_range=(-1, 1)),
    "robust": RobustScaler(),
    "clip": MinMaxScaler(clip=True),  # in front of trees only
}


def _iris() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Real rows, in steps of 0.1 that no float32 holds, many of them equal or at equal distances."""
    X, species = load_iris(return_X_y=True)
    rng = np.random.default_rng(0)
    pressure = np.stack([101325 + rng.normal(0, 40, 150), rng.normal(20, 3, 150)], axis=1)  # Pa, degrees Celsius
    return {
        "text": (X, np.array(["setosa", "vérsicolor", "it's\nvirginica"])[species]),
        "int": (X, np.array([-7, 300, 70000])[species]),
        "bool": (X[50:], species[50:] == 2),
        "width": (X[:, :3], X[:, 3]),
        "depth": (pressure, (pressure[:, 0] - 101325) * 0.0102 + 0.01 * pressure[:, 1]),
        "side": (pressure, pressure[:, 0] > 101325),
    }


DATA = _iris()
CASES: dict[str, tuple[BaseEstimator, str]] = {
    **{f"{name}-text": (model, "text") for name, model in CLASSIFIERS.items()},
    **{f"{name}-bool": (model, "bool") for name, model in CLASSIFIERS.items()},
    **{f"{name}-int": (CLASSIFIERS[name], "int") for name in ("RandomForestClassifier", "LogisticRegression")},
    **{f"{name}-width": (model, "width") for name, model in REGRESSORS.items()},
    **{f"{name}-depth": (REGRESSORS[name], "depth") for name in ("LinearRegression", "Ridge", "KNeighborsRegressor")},
    "KNeighborsClassifier-side": (CLASSIFIERS["KNeighborsClassifier"], "side"),
}


@dataclass(frozen=True)
class Fitted:
    """An estimator with the rows it was fitted on, and others; both (n_rows, n_features)."""

    estimator: BaseEstimator
    X: np.ndarray
    held_out: np.ndarray


@cache
def fitted(case: str, scaler: str = "raw") -> Fitted:
    unfitted, data = CASES[case]
    X, y = DATA[data]
    in_training = np.arange(len(X)) % 3 == 0
    steps = [clone(step) for step in (SCALERS[scaler], unfitted) if step is not None]
    estimator = make_pipeline(*steps) if len(steps) > 1 else steps[0]
    return Fitted(estimator.fit(X[in_training], y[in_training]), X[in_training], X[~in_training])


@cache
def program_of(case: str, scaler: str = "raw", backend: str = "table") -> Program:
    model = fitted(case, scaler)
    return transpile(model.estimator, name="edgewise_case", X=model.X, backend=backend)


def backends(case: str) -> tuple[str, ...]:
    return ("table",) if case.startswith("KNeighbors") else ("table", "expression")


def scalers(case: str) -> list[str]:
    return [name for name in SCALERS if name != "clip" or "Tree" in case or "Forest" in case]


def edge_rows(core: BoardTrees, X: np.ndarray) -> np.ndarray:
    """float32 rows that arrive at each node with its feature at the threshold and one float32 below and above it."""
    X = X.astype(np.float32)
    rows = []
    pending = [(int(root), np.arange(len(X))) for root in core.roots]
    while pending:
        node, here = pending.pop()
        if node < 0 or not len(here):
            continue
        feature, threshold = core.feature[node], core.threshold[node]
        for value in (np.nextafter(threshold, np.float32(-np.inf)), threshold, np.nextafter(threshold, np.float32(np.inf))):
            row = X[here[0]].copy()
            row[feature] = value
            rows.append(row)
        left = X[here, feature] <= threshold
        pending += [(int(core.left[node]), here[left]), (int(core.right[node]), here[~left])]
    found = np.unique(np.array(rows, dtype=np.float32).reshape(-1, X.shape[1]), axis=0)
    return found[np.isfinite(found).all(axis=1)]


def hard_rows(case: str, scaler: str = "raw", backend: str = "table") -> np.ndarray:
    """Every held-out row, and the edges of a model that has them."""
    model, core = fitted(case, scaler), program_of(case, scaler, backend).model.core
    rows = model.held_out.astype(np.float32)
    return np.concatenate([rows, edge_rows(core, model.X)]) if isinstance(core, BoardTrees) else rows


@contextmanager
def deployed(program: Program, X: np.ndarray, target: Target) -> Iterator[Artifact]:
    """The program at the target, with X as its evidence; removed again, so that the next may have its name."""
    suffix = "py" if target.name == "CPython" else "mpy"
    artifact = of_program(program, X)
    path = f"{program.name}.{suffix}"
    target.put(path, artifact.files[path])
    try:
        yield artifact
    finally:
        target.remove(path)
        target.exec(f"import sys\nsys.modules.pop({program.name!r}, None)")


def run_source(source: str) -> SimpleNamespace:
    """The module that a source is, on this interpreter."""
    names: dict[str, Any] = {"__name__": "edgewise_case"}
    exec(compile(source, "edgewise_case.py", "exec"), names)
    return SimpleNamespace(**names)


AWKWARD = (
    "it's",
    'say "hi"',
    "two\nlines\r",
    "\0",
    "back\\slash\\",
    "'''\nimport os#",
    '"""\nraise SystemExit',
    "température °C, 温度 🌡",
    "{x} %s % \\N{DASH} \\x00",
    "",
)
