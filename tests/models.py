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

from edgewise import Program, Target, reference, transpile
from edgewise.artifact import Artifact, of_program
from edgewise.backends.native import supports
from edgewise.passes import BoardModel, BoardNeighbors, BoardTrees

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
    steps = rng.integers(0, 3, (150, 4)).astype(np.float64)  # nodes share their thresholds
    return {
        "text": (X, np.array(["setosa", "vérsicolor", "it's\nvirginica"])[species]),
        "int": (X, np.array([-7, 300, 70000])[species]),
        "bool": (X[50:], species[50:] == 2),
        "width": (X[:, :3], X[:, 3]),
        "depth": (pressure, (pressure[:, 0] - 101325) * 0.0102 + 0.01 * pressure[:, 1]),
        "side": (pressure, pressure[:, 0] > 101325),
        "steps": (steps, steps.sum(axis=1) + rng.normal(0, 1, 150)),
    }


DATA = _iris()
CASES: dict[str, tuple[BaseEstimator, str]] = {
    **{f"{name}-text": (model, "text") for name, model in CLASSIFIERS.items()},
    **{f"{name}-bool": (model, "bool") for name, model in CLASSIFIERS.items()},
    **{f"{name}-int": (CLASSIFIERS[name], "int") for name in ("RandomForestClassifier", "LogisticRegression")},
    **{f"{name}-width": (model, "width") for name, model in REGRESSORS.items()},
    **{f"{name}-depth": (REGRESSORS[name], "depth") for name in ("LinearRegression", "Ridge", "KNeighborsRegressor")},
    "RandomForestRegressor-steps": (REGRESSORS["RandomForestRegressor"], "steps"),
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


KERNELS = ("thumb", "viper")


@cache
def backends(case: str) -> tuple[str, ...]:
    kernels = tuple(kernel for kernel in KERNELS if supports(program_of(case).model, kernel))
    return ("table", *kernels) if case.startswith("KNeighbors") else ("table", "expression", *kernels)


def scalers(case: str) -> list[str]:
    return [name for name in SCALERS if name != "clip" or "Tree" in case or "Forest" in case]


CANDIDATES = 1000  # rows at a node from which two are chosen
N_CLOSE = 100


def edge_rows(core: BoardTrees, X: np.ndarray) -> np.ndarray:
    """float32 rows that arrive at each node with its feature at the threshold and one float32 below and above it.

    Of the rows of X that arrive there those are taken whose answer, or at least whose sum of votes, would differ if this tree
    went the other way: the trees of a forest outvote each other at most rows, where a mistake in one node would not show.
    """
    X = X.astype(np.float32)
    visits = []  # (tree, node, rows of X)
    pending = [(tree, int(root), np.arange(len(X))) for tree, root in enumerate(core.roots)]
    while pending:
        tree, node, here = pending.pop()
        if node < 0 or not len(here):
            continue
        visits.append((tree, node, here[:: len(here) // CANDIDATES + 1]))
        left = X[here, core.feature[node]] <= core.threshold[node]
        pending += [(tree, int(core.left[node]), here[left]), (tree, int(core.right[node]), here[~left])]
    if not visits:
        return X[:0]
    tree, node = np.repeat([visit[:2] for visit in visits], [len(here) for _, _, here in visits], axis=0).T
    base = X[np.concatenate([here for _, _, here in visits])]
    threshold = core.threshold[node]
    below, at, above = (_with(base, core.feature[node], value) for value in (_ulp(threshold, -1), threshold, _ulp(threshold, 1)))
    sides = [reference.leaves(core, rows) for rows in (at, above)]
    low, high = (_first_that_tells(core, tree, node, *pair) for pair in (sides, sides[::-1]))
    found = np.unique(np.concatenate([below[low], at[low], above[high]]), axis=0)
    return found[np.isfinite(found).all(axis=1)]


def _ulp(values: np.ndarray, way: int) -> np.ndarray:
    """The float32 next to each, upward or downward."""
    return np.nextafter(values, np.float32(way * np.inf))


def _with(rows: np.ndarray, feature: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Rows with one feature each at a value of its own."""
    rows = rows.copy()
    rows[np.arange(len(rows)), feature] = value
    return rows


def _first_that_tells(core: BoardTrees, tree: np.ndarray, node: np.ndarray, leaf: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of each node's rows the first whose answer differs when its tree gives its leaf of `other`; else its sum; else any.

    leaf, other: (n_rows, n_trees), on either side of the threshold.
    """
    each = np.arange(len(leaf))
    swapped = leaf.copy()
    swapped[each, tree] = other[each, tree]
    totals = [core.votes[leaves].sum(axis=1) for leaves in (leaf, swapped)]
    winners = [total.argmax(axis=1) if core.full else total[:, 0] for total in totals]
    tells = 2 * (winners[0] != winners[1]) + (totals[0] != totals[1]).any(axis=1)
    order = np.lexsort((-tells, node))
    return order[np.unique(node[order], return_index=True)[1]]


def rows_around(X: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """n float32 rows near those of X, and n all over their range."""
    rng = np.random.default_rng(seed)
    low, high = X.min(axis=0), X.max(axis=0)
    near = X[rng.integers(0, len(X), n)] + rng.normal(0, 0.2, (n, X.shape[1])) * X.std(axis=0)
    anywhere = rng.uniform(low - 0.2 * (high - low), high + 0.2 * (high - low), (n, X.shape[1]))
    return np.concatenate([near, anywhere]).astype(np.float32)


def close_rows(model: BoardModel, X: np.ndarray) -> np.ndarray:
    """Rows around X whose best two classes are nearest to each other without a tie, where the smallest mistake shows.

    Of nearest neighbors also such a row for each prototype, that wins by its vote.
    """
    rows = rows_around(X, 30 * N_CLOSE)
    if model.classes is None:
        return rows[:: len(rows) // N_CLOSE]
    scores = reference.scores(model, rows)
    best = np.sort(scores, axis=1)
    lead = best[:, -1] - best[:, -2] if scores.shape[1] > 1 else np.abs(scores[:, 0])
    order = np.argsort(np.where(lead < 1e-4, np.inf, lead), kind="stable")
    chosen = order[:N_CLOSE]
    if isinstance(core := model.core, BoardNeighbors):
        nearest = np.argsort(reference._distances(core, rows[order]), axis=1)[:, : core.k]
        row, place = np.nonzero(core.target[nearest] == scores[order].argmax(axis=1)[:, None])
        chosen = np.concatenate([chosen, order[row[np.unique(nearest[row, place], return_index=True)[1]]]])
    return rows[chosen]


@cache
def hard_rows(case: str, scaler: str = "raw", backend: str = "table") -> np.ndarray:
    """Every row of the data, as nearest neighbors are at no distance of those they were fitted on; close ones, and edges."""
    model, board = fitted(case, scaler), program_of(case, scaler, backend).model
    rows = np.concatenate([model.held_out, model.X, close_rows(board, model.X)]).astype(np.float32)
    if not isinstance(board.core, BoardTrees):
        return rows
    return np.concatenate([rows, edge_rows(board.core, np.concatenate([rows, rows_around(model.X, 10_000)]))])


@contextmanager
def deployed(program: Program, X: np.ndarray, target: Target) -> Iterator[Artifact]:
    """The program at the target, with X as its evidence; removed again, so that the next may have its name."""
    artifact = of_program(program, X)
    with placed(artifact, target):
        yield artifact


@contextmanager
def placed(artifact: Artifact, target: Target) -> Iterator[None]:
    """The artifact's module at the target, in the form that deploy would send there, and removed again."""
    if target.name == "CPython":
        path = form = f"{artifact.name}.py"
    else:
        path, form = f"{artifact.name}.mpy", artifact.mpy_for(target.info().mpy_arch)
    target.put(path, artifact.files[form])
    try:
        yield
    finally:
        target.remove(path)
        target.exec(f"import sys\nsys.modules.pop({artifact.name!r}, None)")


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
