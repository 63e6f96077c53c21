"""Models that learn without labels, what is normal or which rows are alike; and their worth where labels are known."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import adjusted_rand_score, balanced_accuracy_score
from threadpoolctl import threadpool_limits

from edgewise import estimators
from edgewise.datasets import Dataset
from edgewise.errors import DatasetError, UnsupportedModelError
from edgewise.evaluation import final, on_board


@dataclass(frozen=True)
class Options:
    """normal: the label of normal rows, for the detectors of anomalies. clusters: how many, for kmeans."""

    normal: str | None = None
    clusters: int | None = None

    @property
    def words(self) -> list[str]:
        """As the command line takes them."""
        return [word for name, value in vars(self).items() if value is not None for word in (f"--{name}", str(value))]


@dataclass(frozen=True)
class Found:
    """A fitted estimator and its score on the test rows. rows: that it was fitted on. y_train, y_test: 1 for normal rows, -1 for
    the others, None where nobody told. baseline_score: of a model that always says the same, NaN where that has no meaning."""

    estimator: object
    rows: np.ndarray
    y_train: np.ndarray | None
    y_test: np.ndarray | None
    metric: str
    score: float
    baseline_score: float
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def is_unsupervised(model: str) -> bool:
    return model in estimators.ANOMALIES or model in estimators.CLUSTERS


def normal_rows(dataset: Dataset, normal: str | None) -> np.ndarray | None:
    """(n_rows,) bool; None without `normal`. Raises DatasetError where no row, or each, has that label."""
    if normal is None:
        return None
    if dataset.task != "classification":
        raise DatasetError(f"--normal {normal} needs --target, a column of labels")
    labels = np.unique(dataset.y)
    here = dataset.y.astype(str) == normal
    if not here.any():
        raise DatasetError(f"{dataset.name}: no row has the label {normal!r}; choose from {', '.join(map(str, labels))}"[:300])
    return here


def fit(dataset: Dataset, rows: np.ndarray, test: np.ndarray, model: str, seed: int, options: Options) -> Found:
    """Fits on `rows`, scores on `test`. Raises DatasetError and UnsupportedModelError, one line."""
    if model in estimators.CLUSTERS:
        if options.normal is not None:
            raise UnsupportedModelError(f"--normal is for {', '.join(estimators.ANOMALIES)}, not for {model}; leave it out")
        return _clusters(dataset, rows, test, model, seed, options.clusters or estimators.N_CLUSTERS)
    if options.clusters is not None:
        raise UnsupportedModelError(f"--clusters is for {', '.join(estimators.CLUSTERS)}, not for {model}; leave it out")
    return _anomalies(dataset, rows, test, model, seed, options.normal)


def _anomalies(dataset: Dataset, rows: np.ndarray, test: np.ndarray, model: str, seed: int, normal: str | None) -> Found:
    is_normal = normal_rows(dataset, normal)
    if is_normal is not None:
        rows = rows[is_normal[rows]]
    estimator = estimators.ANOMALIES[model](seed)
    doubts = _fit(estimator, dataset, rows)
    flagged = estimator.predict(on_board(dataset.X[test])) == -1
    name = type(final(estimator)).__name__
    if is_normal is None:
        told = f"{name} flags {flagged.mean():.2%} of {len(test)} held-out rows; nobody told which are normal"
        return Found(estimator, rows, None, None, "share flagged", flagged.mean(), np.nan, (told,), (), doubts)
    here = is_normal[test]
    facts = (f"{name} learned what {normal} looks like from {len(rows)} rows of it",)
    notes = []
    if here.any() and not here.all():
        score = balanced_accuracy_score(here, ~flagged)
        shares = flagged[here].mean(), flagged[~here].mean()
        notes.append(
            f"flagged of {normal}: {shares[0]:.2%} of {here.sum()} rows; of the others: {shares[1]:.2%} of {(~here).sum()}"
        )
    else:
        score = np.nan
        side = "none" if not here.any() else "all"
        doubts += (f"{side} of the held-out rows are {normal}: no score; choose another --seed or --test-size",)
    y = np.where(is_normal, 1, -1)
    return Found(estimator, rows, y[rows], y[test], "balanced accuracy", score, 0.5, facts, tuple(notes), doubts)


def _clusters(dataset: Dataset, rows: np.ndarray, test: np.ndarray, model: str, seed: int, clusters: int) -> Found:
    if not 2 <= clusters <= len(rows):
        raise UnsupportedModelError(f"--clusters {clusters}: choose from 2 to {len(rows)}, the number of training rows")
    estimator = estimators.CLUSTERS[model](clusters, seed)
    doubts = _fit(estimator, dataset, rows)
    X = on_board(dataset.X[test])
    found = estimator.predict(X)
    sizes = np.bincount(found, minlength=clusters)
    facts = (f"{clusters} clusters of {len(rows)} rows; held-out rows in each: {', '.join(map(str, sizes))}",)
    if dataset.task == "classification":
        score, metric = adjusted_rand_score(dataset.y[test], found), f"adjusted Rand index against {dataset.target}"
    else:
        scaled = estimator[:-1].transform(X)
        left = ((scaled - final(estimator).cluster_centers_[found]) ** 2).sum()
        score, metric = 1 - left / ((scaled - scaled.mean(axis=0)) ** 2).sum(), "share of variance explained"
    return Found(estimator, rows, None, None, metric, float(score), 0.0, facts, (), doubts)


def _fit(estimator, dataset: Dataset, rows: np.ndarray) -> tuple[str, ...]:
    """Fits it; returns what scikit-learn warned of. Raises DatasetError where it refuses."""
    name = type(final(estimator)).__name__
    try:
        with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):  # threads: see `condense`
            warnings.simplefilter("always", UserWarning)
            estimator.fit(dataset.X[rows])
    except ValueError as error:
        first = str(error).split("\n")[0]
        raise DatasetError(f"{dataset.name}: {name} cannot learn from {len(rows)} rows ({first})") from error
    return tuple(dict.fromkeys(f"{name}: {w.message}".split("\n")[0] for w in caught))
