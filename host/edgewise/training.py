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
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import skops.io
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor

from edgewise import condense, datasets, epochs, estimators, evaluation, pruning, tables, unsupervised
from edgewise.artifact import REPORT, TOOLS, claim, files_of, is_ours, json_bytes, meant, write_all
from edgewise.datasets import Dataset
from edgewise.epochs import NetworkOptions, OnEpoch
from edgewise.errors import DatasetError, ModelFileError, UnsupportedModelError
from edgewise.evaluation import BUDGET_S, CrossValidation, LearningCurve, LossCurve, Pruned, Results, final, fitted_score

MODEL, ROWS, CHART = "model.skops", "rows.npz", "error.svg"
# What json and numpy raise on a damaged file
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
ARRAYS = ("X_train", "y_train", "groups_train", "X_test", "y_test", "groups_test")  # of Training, in rows.npz
Fit = Callable[..., Any]  # (estimator, X, y) -> the estimator, fitted
PAGE, PAGE_MARK = (
    "report.html",
    b'<meta name="generator" content="edgewise">',
)  # of `report`; goes with the model that it tells of
# What skops calls untrusted although a fitted scikit-learn model holds it and loading it runs no code of the file.
TRUSTED = frozenset(
    {
        "edgewise.anomaly.MaxZScore",
        "edgewise.teach.HiddenLayerNetwork",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
    }
)


@dataclass(frozen=True, kw_only=True)
class Training(Results):
    """Rows: (n_rows, n_features) float64; targets (n_rows,), None of a model that none were told (see `unsupervised`, also for
    those of anomalies); groups (n_rows,) str or None. stage: how the features come from
    samples (see `stages`), None where they do not."""

    estimator: object
    X_train: np.ndarray
    y_train: np.ndarray | None
    groups_train: np.ndarray | None
    X_test: np.ndarray
    y_test: np.ndarray | None
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
    network: NetworkOptions = NetworkOptions(),  # noqa: B008 - it is frozen
    on_epoch: OnEpoch | None = None,
    unlabeled: unsupervised.Options = unsupervised.Options(),  # noqa: B008 - it is frozen
) -> Training:
    """Fits on one side of a split and scores on the other; whole groups stay on one side. groups: their name, for the text.

    train_rows: fit on so many of the training rows only, drawn at random. prototypes: condense those to so many at most (see
    `condense`), and score the model on all of them too. folds: of cross-validation (see `evaluation`); 0: neither that nor a
    learning curve. network: of model "mlp" (see `epochs`). on_epoch: called with the number and the loss of each of its epochs,
    while the model that is kept learns. unlabeled: of models that need no labels (see `unsupervised`).

    Raises DatasetError and UnsupportedModelError, one line.
    """
    if unsupervised.is_unsupervised(model):
        given = {"--prototypes": prototypes, "--train-rows": train_rows, "--folds": folds or None}
        for option in [*(option for option, value in given.items() if value is not None), *network.words[:1]]:
            raise UnsupportedModelError(f"{option} is not for --model {model}; leave it out")
        return _without_labels(dataset, model, test_size, seed, groups, unlabeled)
    if unlabeled.words:
        raise UnsupportedModelError(f"{unlabeled.words[0]} is not for --model {model}; leave it out")
    if dataset.task == "none":
        raise UnsupportedModelError(f"--model {model} learns from labels or numbers; name their column with --target")
    estimator = network.configure(estimators.make(model, dataset.task, seed))
    unfitted, whole = clone(estimator), clone(estimator)
    fit, kept_fit, whole_fit = _fits(estimator, seed, prototypes, network, on_epoch)
    rows, test = datasets.split(dataset, test_size, seed)
    rows = _some(rows, train_rows, dataset, seed)
    random_score = full_score = None
    doubts = []
    dummy = DummyClassifier() if dataset.task == "classification" else DummyRegressor()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)  # scikit-learn's own: no convergence, a score of one row, ...
        started = time.perf_counter()
        score = fitted_score(estimator, dataset, rows, test, kept_fit)
        fit_s = time.perf_counter() - started
        if prototypes is not None or network.prune is not None:
            full_score = fitted_score(whole, dataset, rows, test, whole_fit)
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
    loss, pruned = _learned(estimator, whole, network.prune, full_score)
    if loss is not None:
        facts.append(f"{final(estimator).hidden_layer_sizes} hidden units, {len(loss.losses)} epochs, loss {loss.losses[-1]:.4g}")
    if pruned is not None:
        facts.append(
            f"pruned {pruned.n_zero} of {pruned.n_weights} weights (--prune {pruned.share:g}): {metric} {score:.4f}, "
            f"{pruned.full_score:.4f} before"
        )
    options: dict[str, Any] = {
        "--test-size": test_size,
        "--seed": seed,
        "--train-rows": train_rows,
        "--prototypes": prototypes,
        "--folds": folds,
    }
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
        full_score=None if pruned is not None else full_score,
        n_groups=None if in_groups is None else len(np.unique(in_groups)),
        n_test_groups=None if in_groups is None else len(np.unique(in_groups[test])),
        group=group,
        one_rule=rule,
        cross=cross,
        curve=curve,
        loss=loss,
        pruned=pruned,
        notes=tuple(notes),
        warnings=(*dataset.warnings, *thin, *doubts),
        recipe=_recipe(dataset, model, options, network.words, split),
        stage=dataset.stage,
    )


def _without_labels(
    dataset: Dataset, model: str, test_size: float, seed: int, groups: str, options: unsupervised.Options
) -> Training:
    """A detector of anomalies, or clusters."""
    normal = unsupervised.normal_rows(dataset, options.normal)
    sides = dataset if normal is None else replace(dataset, y=normal, task="classification")
    rows, test = datasets.split(sides, test_size, seed)
    found = unsupervised.fit(dataset, rows, test, model, seed, options)
    group = None if dataset.groups is None else groups or dataset.group or "group"
    split = "random rows" if group is None else f"whole groups ({group})"
    in_groups = dataset.groups
    return Training(
        estimator=found.estimator,
        X_train=dataset.X[found.rows],
        y_train=found.y_train,
        groups_train=None if in_groups is None else in_groups[found.rows],
        X_test=dataset.X[test],
        y_test=found.y_test,
        groups_test=None if in_groups is None else in_groups[test],
        feature_names=dataset.feature_names,
        facts=(
            f"trained on {len(found.rows)} rows of {Path(dataset.name).name}, seed {seed}",
            f"{found.metric} {found.score:.4f} on {len(test)} held-out rows, split by {split}",
            *found.facts,
        ),
        metric=found.metric,
        score=found.score,
        random_score=None,
        baseline_score=found.baseline_score,
        n_groups=None if in_groups is None else len(np.unique(in_groups)),
        n_test_groups=None if in_groups is None else len(np.unique(in_groups[test])),
        group=group,
        notes=(*found.notes, "no cross-validation and no learning curve of a model without labels"),
        warnings=(*dataset.warnings, *found.warnings),
        recipe=_recipe(dataset, model, {"--test-size": test_size, "--seed": seed}, options.words, split),
        stage=dataset.stage,
    )


def _fits(
    estimator, seed: int, prototypes: int | None, network: NetworkOptions, on_epoch: OnEpoch | None
) -> tuple[Fit | None, Fit | None, Fit | None]:
    """What fits in place of the estimator's own fit: the models that are compared, the one that is kept, and the same before it
    was made smaller."""
    if prototypes is not None:
        condensed = partial(condense.fit, n=prototypes, seed=seed)
        return condensed, condensed, None
    if epochs.is_network(estimator):
        learn = partial(epochs.fit, prune=network.prune)
        return learn, partial(learn, on_epoch=on_epoch), epochs.fit
    return None, None, None


def _learned(estimator, whole, prune: float | None, full_score: float | None) -> tuple[LossCurve | None, Pruned | None]:
    """Of a fitted network; whole: the same before it was pruned, with its score, where it was."""
    if not epochs.is_network(estimator):
        return None, None
    losses = tuple(final(estimator).loss_curve_)
    if prune is None or full_score is None:
        return LossCurve(losses), None
    return LossCurve(losses, final(whole).n_iter_), Pruned(prune, *pruning.n_zero(final(estimator)), full_score)


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


def _recipe(dataset: Dataset, model: str, options: dict[str, Any], words: list[str], split: str) -> dict[str, Any]:
    """What it takes to train this again; words: further options. command: None where the rows came from a program."""
    name = None if dataset.path is None else datasets.spoken(dataset.path)
    given = [str(word) for pair in options.items() if pair[1] is not None for word in pair]
    command = (
        None if name is None else shlex.join(["edgewise", "train", name, *dataset.options, "--model", model, *given, *words])
    )
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


def save(training: Training, folder: Path, chart: bytes | None = None) -> Path:
    """Writes the model (.skops), the rows and the report into a folder of ours, all or nothing.

    chart: of the loss, as `plots.loss` draws it. The artifact of an earlier model goes: it would be deployed for this one.
    """
    claim(folder)
    rows = io.BytesIO()
    np.savez_compressed(rows, **{name: part for name in ARRAYS if (part := getattr(training, name)) is not None})
    report = _report(training) | {"rows_sha256": hashlib.sha256(rows.getvalue()).hexdigest()}
    contents = {MODEL: skops.io.dumps(training.estimator), ROWS: rows.getvalue()}
    if chart is not None:
        contents[CHART] = chart
        report["chart_sha256"] = hashlib.sha256(chart).hexdigest()
    contents[REPORT] = json_bytes(report)
    ours = files_of(folder) | ({MODEL, ROWS, REPORT} if is_ours(folder / REPORT) else set())
    ours |= ({PAGE} if is_page(folder / PAGE) else set()) | ({CHART} if is_chart(folder) else set())
    write_all(folder, contents, ours)
    return folder


def is_chart(folder: Path) -> bool:
    """Does it hold the chart that its training left, and no other of that name?"""
    if not is_ours(folder / REPORT) or not (folder / CHART).is_file():
        return False
    digest = hashlib.sha256((folder / CHART).read_bytes()).hexdigest()
    return json.loads((folder / REPORT).read_bytes()).get("chart_sha256") == digest


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
