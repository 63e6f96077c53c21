"""train: a dataset -> a fitted estimator with honest scores, and the folder that keeps both."""

import hashlib
import io
import json
import shlex
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import skops.io
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor

from edgewise import condense, datasets, estimators, evaluation, tables
from edgewise.artifact import REPORT, TOOLS, claim, files_of, is_ours, json_bytes, meant, write_all
from edgewise.datasets import Dataset
from edgewise.errors import DatasetError, ModelFileError
from edgewise.evaluation import BUDGET_S, CrossValidation, LearningCurve, Results, final, fitted_score

MODEL, ROWS = "model.skops", "rows.npz"
# What json and numpy raise on a damaged file
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
ARRAYS = ("X_train", "y_train", "groups_train", "X_test", "y_test", "groups_test")  # of Training, in rows.npz
PAGE, PAGE_MARK = (
    "report.html",
    b'<meta name="generator" content="edgewise">',
)  # of `report`; goes with the model that it tells of
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


@dataclass(frozen=True, kw_only=True)
class Training(Results):
    """Rows: (n_rows, n_features) float64; targets (n_rows,); groups (n_rows,) str or None. stage: how the features come from
    samples (see `stages`), None where they do not."""

    estimator: object
    X_train: np.ndarray
    y_train: np.ndarray
    groups_train: np.ndarray | None
    X_test: np.ndarray
    y_test: np.ndarray
    groups_test: np.ndarray | None
    feature_names: tuple[str, ...]
    facts: tuple[str, ...]
    stage: dict[str, Any] | None = None


def train(
    dataset: Dataset,
    model: str = "tree",
    test_size: float = 0.3,
    seed: int = 0,
    groups: str = "",
    train_rows: int | None = None,
    prototypes: int | None = None,
    folds: int | None = None,
) -> Training:
    """Fits on one side of a split and scores on the other; whole groups stay on one side. groups: their name, for the text.

    train_rows: fit on so many of the training rows only, drawn at random. prototypes: condense those to so many at most (see
    `condense`), and score the model on all of them too. folds: of cross-validation (see `evaluation`); 0: neither that nor a
    learning curve.

    Raises DatasetError and UnsupportedModelError, one line.
    """
    estimator = estimators.make(model, dataset.task, seed)
    unfitted, whole = clone(estimator), clone(estimator)
    fit = None if prototypes is None else partial(condense.fit, n=prototypes, seed=seed)
    rows, test = datasets.split(dataset, test_size, seed)
    rows = _some(rows, train_rows, dataset, seed)
    random_score = full_score = None
    doubts = []
    dummy = DummyClassifier() if dataset.task == "classification" else DummyRegressor()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)  # scikit-learn's own: no convergence, a score of one row, ...
        started = time.perf_counter()
        score = fitted_score(estimator, dataset, rows, test, fit)
        fit_s = time.perf_counter() - started
        if prototypes is not None:
            full_score = fitted_score(whole, dataset, rows, test)
        if dataset.groups is not None:
            try:
                mixed = datasets.split(dataset, test_size, seed, ignore_groups=True)
                random_score = fitted_score(clone(unfitted), dataset, *mixed, fit)
            except DatasetError as error:  # a comparison only: the honest split above did work
                doubts.append(f"no random split to compare with: {error}")
        baseline_score = fitted_score(dummy, dataset, rows, test)
        rule = evaluation.one_rule(dataset, rows, test, seed)
    doubts += dict.fromkeys(f"{type(final(estimator)).__name__}: {w.message}".split("\n")[0] for w in caught)

    def anew(some: np.ndarray, others: np.ndarray) -> float:
        return fitted_score(clone(unfitted), dataset, _some(some, train_rows, dataset, seed), others, fit)

    cross, curve, notes = _compare(dataset, rows, test, anew, score, folds, seed, fit_s)
    thin = evaluation.thin_classes(dataset, test, cross)
    metric = "accuracy" if dataset.task == "classification" else "R2"
    group = None if dataset.groups is None else groups or dataset.group or "group"
    split = "random rows" if group is None else f"whole groups ({group})"
    facts = [
        f"trained on {len(rows)} rows of {Path(dataset.name).name}, target {dataset.target}, seed {seed}",
        f"{metric} {score:.4f} on {len(test)} held-out rows, split by {split}",
    ]
    n_prototypes = None if prototypes is None else final(estimator).n_samples_fit_
    if n_prototypes is not None:
        k, full_k = final(estimator).n_neighbors, final(whole).n_neighbors
        facts.append(
            f"condensed from {len(rows)} rows to {n_prototypes} prototypes (n_neighbors={k}): {metric} {score:.4f}, "
            f"{full_score:.4f} with all (n_neighbors={full_k})"
        )
    options = {"--test-size": test_size, "--seed": seed, "--train-rows": train_rows, "--prototypes": prototypes, "--folds": folds}
    in_groups = dataset.groups
    return Training(
        estimator=estimator,
        X_train=dataset.X[rows],
        y_train=dataset.y[rows],
        groups_train=None if in_groups is None else in_groups[rows],
        X_test=dataset.X[test],
        y_test=dataset.y[test],
        groups_test=None if in_groups is None else in_groups[test],
        feature_names=dataset.feature_names,
        facts=tuple(facts),
        metric=metric,
        score=score,
        random_score=random_score,
        baseline_score=baseline_score,
        n_prototypes=n_prototypes,
        full_score=full_score,
        n_groups=None if in_groups is None else len(np.unique(in_groups)),
        n_test_groups=None if in_groups is None else len(np.unique(in_groups[test])),
        group=group,
        one_rule=rule,
        cross=cross,
        curve=curve,
        notes=tuple(notes),
        warnings=(*dataset.warnings, *thin, *doubts),
        recipe=_recipe(dataset, model, options, split),
        stage=dataset.stage,
    )


def _compare(
    dataset: Dataset,
    rows: np.ndarray,
    test: np.ndarray,
    anew: evaluation.Score,
    score: float,
    folds: int | None,
    seed: int,
    fit_s: float,
) -> tuple[CrossValidation | None, LearningCurve | None, list[str]]:
    """(cross-validation, learning curve, what was left out and why); fit_s: seconds that the model itself took."""
    if folds == 0:
        return None, None, ["no cross-validation and no learning curve: folds 0"]
    fits = evaluation.n_fits(dataset, rows, folds)
    if folds is None and fit_s * fits > BUDGET_S:
        took = f"one fit takes {fit_s:.1f} s, and they take the time of {fits:.0f}"
        return None, None, [f"no cross-validation and no learning curve: {took}; ask for them with --folds 5"]
    parts: dict[str, Callable[[], Any]] = {
        "cross-validation": lambda: evaluation.cross_validation(dataset, anew, folds, seed),
        "learning curve": lambda: evaluation.learning_curve(dataset, rows, test, anew, score, seed),
    }
    done: dict[str, Any] = {}
    notes = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of models that are not kept
        for name, part in parts.items():
            try:
                done[name] = part()
            except DatasetError as error:  # a comparison only: the model itself was fitted
                notes.append(f"no {name}: {error}")
    cross = done.get("cross-validation")
    if cross is not None and cross.n_rows < len(dataset.y):
        notes.append(f"cross-validation with {cross.n_rows} of {len(dataset.y)} rows, to save time")
    return cross, done.get("learning curve"), notes


def _recipe(dataset: Dataset, model: str, options: dict[str, Any], split: str) -> dict[str, Any]:
    """What it takes to train this again. command: None where the rows came from a program."""
    name = None if dataset.path is None else datasets.spoken(dataset.path)
    given = [str(word) for pair in options.items() if pair[1] is not None for word in pair]
    command = None if name is None else shlex.join(["edgewise", "train", name, *dataset.options, "--model", model, *given])
    return {
        "command": command,
        "data": name,
        "sha256": dataset.sha256,
        "rows": len(dataset.y),
        "target": dataset.target,
        "task": dataset.task,
        "model": model,
        "seed": options["--seed"],
        "split": f"{options['--test-size']:g} held out, by {split}",
        "versions": {tool: version(tool) for tool in TOOLS},
    }


def _some(rows: np.ndarray, count: int | None, dataset: Dataset, seed: int) -> np.ndarray:
    """`count` of the training rows, in their order; DatasetError where a class would be lost."""
    if count is None or count >= len(rows):
        return rows
    kept = np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))
    if dataset.task == "classification":
        for label in np.setdiff1d(dataset.y[rows], dataset.y[kept]):
            raise DatasetError(f"{dataset.name}: none of {count} training rows is of class {label.item()!r}; take more rows")
    return kept


def save(training: Training, folder: Path) -> Path:
    """Writes the model (.skops), the rows and the report into a folder of ours, all or nothing.

    The artifact of an earlier model goes: it would be deployed for this one.
    """
    claim(folder)
    rows = io.BytesIO()
    np.savez_compressed(rows, **{name: part for name in ARRAYS if (part := getattr(training, name)) is not None})
    report = _report(training) | {"rows_sha256": hashlib.sha256(rows.getvalue()).hexdigest()}
    contents = {MODEL: skops.io.dumps(training.estimator), ROWS: rows.getvalue(), REPORT: json_bytes(report)}
    ours = files_of(folder) | ({*contents} if is_ours(folder / REPORT) else set()) | ({PAGE} if is_page(folder / PAGE) else set())
    write_all(folder, contents, ours)
    return folder


def is_page(path: Path) -> bool:
    """Is this a page of `report`?"""
    try:
        return PAGE_MARK in path.read_bytes()[:1000]
    except OSError:
        return False


def _report(training: Training) -> dict:
    return {"features": training.feature_names, "facts": training.facts, **training.results(), "stage": training.stage}


@dataclass(frozen=True)
class SavedModel:
    """An estimator from a file or a folder of `save`. Where a file alone was given the rest is None; where an earlier version
    saved it, all after the facts. stage: None also where the features do not come from samples."""

    estimator: object
    X_train: np.ndarray | None
    X_test: np.ndarray | None
    feature_names: tuple[str, ...] | None
    facts: tuple[str, ...]
    results: Results | None = None
    stage: dict[str, Any] | None = None
    y_train: np.ndarray | None = None
    y_test: np.ndarray | None = None
    groups_train: np.ndarray | None = None
    groups_test: np.ndarray | None = None


def load(path: Path, trust_pickle: bool = False) -> SavedModel:
    """A training folder, a .skops file, or with trust_pickle a pickle or joblib file. Raises ModelFileError."""
    if not path.is_dir():
        return SavedModel(load_estimator(path, trust_pickle), None, None, None, ())
    if not (path / MODEL).is_file():
        raise ModelFileError(f"{path} holds no {MODEL}; {meant(path) or f'run edgewise train ... -o {path} first'}")
    try:
        report = json.loads((path / REPORT).read_bytes())
        content = (path / ROWS).read_bytes()
        if report.get("rows_sha256", digest := hashlib.sha256(content).hexdigest()) != digest:
            raise ValueError(f"{ROWS} and {REPORT} are of different trainings, or damaged")
        with np.load(io.BytesIO(content), allow_pickle=False) as rows:
            arrays = {name: rows[name] for name in ARRAYS if name in rows}
        names, facts = tuple(map(str, report["features"])), tuple(map(str, report["facts"]))
        if not all(X.ndim == 2 and X.dtype == float and X.shape[1] == len(names) for X in (arrays["X_train"], arrays["X_test"])):
            raise ValueError(f"{ROWS} and {REPORT} are of different trainings")
        results = Results.read(report) if "recipe" in report else None
    except DAMAGE as error:
        raise ModelFileError(f"{path} is not a whole training folder ({error}); run edgewise train again") from None
    return SavedModel(
        load_estimator(path / MODEL), feature_names=names, facts=facts, results=results, stage=report.get("stage"), **arrays
    )


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
