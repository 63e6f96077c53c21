"""train: a dataset -> a fitted estimator with honest scores, and the folder that keeps both."""

import io
import json
import os
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import skops.io
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning

from edgewise import datasets, estimators
from edgewise.artifact import claim
from edgewise.datasets import Dataset
from edgewise.errors import DatasetError, ModelFileError

MODEL, REPORT, ROWS = "model.skops", "training.json", "rows.npz"
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
    have claimed, None without groups. baseline_score: of always saying the most frequent class, or the mean."""

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


def train(dataset: Dataset, model: str = "tree", test_size: float = 0.3, seed: int = 0, groups: str = "") -> Training:
    """Fits on one side of a split and scores on the other; whole groups stay on one side. groups: their name, for the text.

    Raises DatasetError and UnsupportedModelError, one line.
    """
    estimator = estimators.make(model, dataset.task, seed)
    rows, test = datasets.split(dataset, test_size, seed)
    n_neighbors = getattr(estimator[-1] if hasattr(estimator, "steps") else estimator, "n_neighbors", 0)
    if n_neighbors > len(rows):
        raise DatasetError(f"{dataset.name}: {len(rows)} training rows for {n_neighbors} neighbors; add rows")
    messages = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        estimator.fit(dataset.X[rows], dataset.y[rows])
        messages += [f"{type(estimator).__name__}: {w.message}".split("\n")[0] for w in caught]
    random_score = None
    if dataset.groups is not None:
        mixed, mixed_test = datasets.split(dataset, test_size, seed, ignore_groups=True)
        random_score = _score(clone(estimator).fit(dataset.X[mixed], dataset.y[mixed]), dataset, mixed_test)
    dummy = DummyClassifier() if dataset.task == "classification" else DummyRegressor()
    score = _score(estimator, dataset, test)
    metric = "accuracy" if dataset.task == "classification" else "R2"
    split = f"whole groups ({groups or 'group'})" if dataset.groups is not None else "random rows"
    facts = [
        f"trained on {len(rows)} rows of {Path(dataset.name).name}, target {dataset.target}, seed {seed}",
        f"{metric} {score:.4f} on {len(test)} held-out rows, split by {split}",
    ]
    return Training(
        estimator=estimator,
        X_train=dataset.X[rows],
        X_test=dataset.X[test],
        y_test=dataset.y[test],
        feature_names=dataset.feature_names,
        metric=metric,
        score=score,
        random_score=random_score,
        baseline_score=_score(dummy.fit(dataset.X[rows], dataset.y[rows]), dataset, test),
        facts=tuple(facts),
        warnings=(*dataset.warnings, *messages),
    )


def _score(estimator, dataset: Dataset, rows: np.ndarray) -> float:
    return float(estimator.score(dataset.X[rows].astype(np.float32).astype(np.float64), dataset.y[rows]))


def save(training: Training, folder: Path) -> Path:
    """Writes the model (.skops), the rows and the report into a folder of ours, all or nothing."""
    claim(folder)
    report = {
        "features": training.feature_names,
        "facts": training.facts,
        "metric": training.metric,
        "score": training.score,
        "random_score": training.random_score,
        "baseline_score": training.baseline_score,
    }
    with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=".edgewise-") as scratch:
        part = Path(scratch)
        skops.io.dump(training.estimator, part / MODEL)
        np.savez_compressed(part / ROWS, X_train=training.X_train, X_test=training.X_test)
        (part / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="ascii")
        folder.mkdir(exist_ok=True)
        for name in (MODEL, ROWS, REPORT):
            os.replace(part / name, folder / name)
    return folder


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
        raise ModelFileError(f"{path} holds no {MODEL}; run edgewise train ... -o {path} first")
    try:
        report = json.loads((path / REPORT).read_bytes())
        with np.load(path / ROWS, allow_pickle=False) as rows:
            X_train, X_test = rows["X_train"], rows["X_test"]
        names, facts = tuple(report["features"]), tuple(report["facts"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelFileError(f"{path} is not a whole training folder ({error}); run edgewise train again") from None
    return SavedModel(load_estimator(path / MODEL), X_train, X_test, names, facts)


def load_estimator(path: Path, trust_pickle: bool = False):
    """A fitted estimator. A .skops file is data; a pickle can run any code and is read only where the user asks."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror}; name a training folder or a .skops file") from None
    if path.suffix != ".skops":
        if not trust_pickle:
            raise ModelFileError(
                f"{path} may run any code when it is read; save the model with skops.io.dump, "
                "or pass --trust-pickle if you made the file yourself"
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
