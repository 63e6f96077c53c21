"""train: a dataset -> a fitted estimator with honest scores, and the folder that keeps both."""

import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import skops.io
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor

from edgewise import condense, datasets, estimators, tables
from edgewise.artifact import REPORT, claim, files_of, is_ours, json_bytes, meant, write_all
from edgewise.datasets import Dataset
from edgewise.errors import DatasetError, ModelFileError

MODEL, ROWS = "model.skops", "rows.npz"
# What json and numpy raise on a damaged file
DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
# What skops calls untrusted although a fitted scikit-learn model holds it and loading it runs no code of the file.
TRUSTED = frozenset(
    {
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.tree._tree.Tree",
    }
)


@dataclass(frozen=True)
class Training:
    """score: accuracy, or R2 of a regression, on the test rows. random_score: what a split that ignores the groups would
    have claimed, None without groups. baseline_score: of always saying the most frequent class, or the mean.
    n_prototypes, full_score: of a condensed model, what it was fitted on, and its score with all of X_train; else None.
    n_groups, n_test_groups: in all and held out; None without groups."""

    estimator: object
    X_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    feature_names: tuple[str, ...]
    metric: str
    score: float
    random_score: float | None
    baseline_score: float
    facts: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    n_prototypes: int | None = None
    full_score: float | None = None
    n_groups: int | None = None
    n_test_groups: int | None = None


def train(
    dataset: Dataset,
    model: str = "tree",
    test_size: float = 0.3,
    seed: int = 0,
    groups: str = "",
    train_rows: int | None = None,
    prototypes: int | None = None,
) -> Training:
    """Fits on one side of a split and scores on the other; whole groups stay on one side. groups: their name, for the text.

    train_rows: fit on so many of the training rows only, drawn at random. prototypes: condense those to so many at most (see
    `condense`), and score the model on all of them too.

    Raises DatasetError and UnsupportedModelError, one line.
    """
    estimator = estimators.make(model, dataset.task, seed)
    whole = clone(estimator)
    fit = _fit if prototypes is None else partial(condense.fit, n=prototypes, seed=seed)
    rows, test = datasets.split(dataset, test_size, seed)
    rows = _some(rows, train_rows, dataset, seed)
    random_score = full_score = None
    notes = list(dataset.warnings)
    dummy = DummyClassifier() if dataset.task == "classification" else DummyRegressor()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)  # scikit-learn's own: no convergence, a score of one row, ...
        score = _fitted_score(estimator, dataset, rows, test, fit)
        if prototypes is not None:
            full_score = _fitted_score(whole, dataset, rows, test)
        if dataset.groups is not None:
            try:
                mixed = datasets.split(dataset, test_size, seed, ignore_groups=True)
                random_score = _fitted_score(clone(estimator), dataset, *mixed, fit)
            except DatasetError as error:  # a comparison only: the honest split above did work
                notes.append(f"no random split to compare with: {error}")
        baseline_score = _fitted_score(dummy, dataset, rows, test)
    notes += dict.fromkeys(f"{type(_final(estimator)).__name__}: {w.message}".split("\n")[0] for w in caught)
    metric = "accuracy" if dataset.task == "classification" else "R2"
    split = f"whole groups ({groups or 'group'})" if dataset.groups is not None else "random rows"
    facts = [
        f"trained on {len(rows)} rows of {Path(dataset.name).name}, target {dataset.target}, seed {seed}",
        f"{metric} {score:.4f} on {len(test)} held-out rows, split by {split}",
    ]
    n_prototypes = None if prototypes is None else _final(estimator).n_samples_fit_
    if n_prototypes is not None:
        k, full_k = _final(estimator).n_neighbors, _final(whole).n_neighbors
        facts.append(
            f"condensed from {len(rows)} rows to {n_prototypes} prototypes (n_neighbors={k}): {metric} {score:.4f}, "
            f"{full_score:.4f} with all (n_neighbors={full_k})"
        )
    return Training(
        estimator=estimator,
        X_train=dataset.X[rows],
        X_test=dataset.X[test],
        y_test=dataset.y[test],
        feature_names=dataset.feature_names,
        metric=metric,
        score=score,
        random_score=random_score,
        baseline_score=baseline_score,
        facts=tuple(facts),
        warnings=tuple(notes),
        n_prototypes=n_prototypes,
        full_score=full_score,
        n_groups=None if dataset.groups is None else len(np.unique(dataset.groups)),
        n_test_groups=None if dataset.groups is None else len(np.unique(dataset.groups[test])),
    )


def _some(rows: np.ndarray, count: int | None, dataset: Dataset, seed: int) -> np.ndarray:
    """`count` of the training rows, in their order; DatasetError where a class would be lost."""
    if count is None or count >= len(rows):
        return rows
    kept = np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))
    if dataset.task == "classification":
        for label in np.setdiff1d(dataset.y[rows], dataset.y[kept]):
            raise DatasetError(f"{dataset.name}: none of {count} training rows is of class {label.item()!r}; take more rows")
    return kept


def _final(estimator):
    """The last step of a pipeline, or the estimator itself."""
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def _fit(estimator, X: np.ndarray, y: np.ndarray):
    return estimator.fit(X, y)


def _fitted_score(estimator, dataset: Dataset, rows: np.ndarray, test: np.ndarray, fit: Callable[..., Any] = _fit) -> float:
    """Fits on `rows`, scores on `test`. DatasetError where scikit-learn refuses."""
    n_neighbors = getattr(_final(estimator), "n_neighbors", 0)
    if n_neighbors > len(rows):
        raise DatasetError(f"{dataset.name}: {len(rows)} training rows for {n_neighbors} neighbors; add rows")
    X_test = dataset.X[test].astype(np.float32).astype(np.float64)  # what a board can hold
    try:
        return float(fit(estimator, dataset.X[rows], dataset.y[rows]).score(X_test, dataset.y[test]))
    except ValueError as error:  # numbers that overflow, say: scikit-learn tells which
        first = str(error).split("\n")[0]
        raise DatasetError(f"{dataset.name}: {type(_final(estimator)).__name__} cannot learn this ({first})") from error


def save(training: Training, folder: Path) -> Path:
    """Writes the model (.skops), the rows and the report into a folder of ours, all or nothing.

    The artifact of an earlier model goes: it would be deployed for this one.
    """
    claim(folder)
    rows = io.BytesIO()
    np.savez_compressed(rows, X_train=training.X_train, X_test=training.X_test)
    contents = {MODEL: skops.io.dumps(training.estimator), ROWS: rows.getvalue(), REPORT: json_bytes(_report(training))}
    write_all(folder, contents, files_of(folder) | ({*contents} if is_ours(folder / REPORT) else set()))
    return folder


def _report(training: Training) -> dict:
    scores = {name: getattr(training, name) for name in ("score", "random_score", "baseline_score", "full_score")}
    return {
        "features": training.feature_names,
        "facts": training.facts,
        "metric": training.metric,
        "n_prototypes": training.n_prototypes,
        **{name: score if score is not None and np.isfinite(score) else None for name, score in scores.items()},
    }


@dataclass(frozen=True)
class SavedModel:
    """An estimator from a file or a folder of `save`; the rows are None where a file alone was given."""

    estimator: object
    X_train: np.ndarray | None
    X_test: np.ndarray | None
    feature_names: tuple[str, ...] | None
    facts: tuple[str, ...]


def load(path: Path, trust_pickle: bool = False) -> SavedModel:
    """A training folder, a .skops file, or with trust_pickle a pickle or joblib file. Raises ModelFileError."""
    if not path.is_dir():
        return SavedModel(load_estimator(path, trust_pickle), None, None, None, ())
    if not (path / MODEL).is_file():
        raise ModelFileError(f"{path} holds no {MODEL}; {meant(path) or f'run edgewise train ... -o {path} first'}")
    try:
        report = json.loads((path / REPORT).read_bytes())
        with np.load(path / ROWS, allow_pickle=False) as rows:
            X_train, X_test = rows["X_train"], rows["X_test"]
        names, facts = tuple(map(str, report["features"])), tuple(map(str, report["facts"]))
        if not all(X.ndim == 2 and X.dtype == float and X.shape[1] == len(names) for X in (X_train, X_test)):
            raise ValueError(f"{ROWS} and {REPORT} are of different trainings")
    except DAMAGE as error:
        raise ModelFileError(f"{path} is not a whole training folder ({error}); run edgewise train again") from None
    return SavedModel(load_estimator(path / MODEL), X_train, X_test, names, facts)


def load_estimator(path: Path, trust_pickle: bool = False):
    """A fitted estimator. A .skops file is data; a pickle can run any code and is read only where the user asks."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror}; name a training folder or a .skops file") from None
    if path.suffix != ".skops":
        if not trust_pickle and Path(path.name.lower().removesuffix(".gz")).suffix in tables.READERS:
            raise ModelFileError(f"{path} is data, not a model: run edgewise train {path} --target COLUMN -o DIR first")
        if not trust_pickle:
            raise ModelFileError(
                f"{path} is no .skops file; a pickle or joblib file may run any code when it is read: save the model "
                "with skops.io.dump, or pass --trust-pickle if you made the file yourself"
            )
        try:
            return joblib.load(io.BytesIO(content))
        except Exception as error:  # whatever the pickle raises, it is the file's fault
            raise ModelFileError(f"{path} cannot be read as a pickle ({type(error).__name__}: {error})") from None
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - TRUSTED)
        if unknown:
            raise ModelFileError(
                f"{path} holds types that are not trusted: {', '.join(unknown)[:200]}; save a plain scikit-learn model"
            )
        return skops.io.loads(content, trusted=sorted(TRUSTED))
    except ModelFileError:
        raise
    except Exception as error:  # skops raises zip, json, type and key errors of every kind on a damaged file
        first = str(error).split("\n")[0][:150]
        raise ModelFileError(f"{path} is not a readable .skops file ({type(error).__name__}: {first})") from None
