"""What a score is worth: cross-validation by groups, a one-rule baseline, a learning curve, and classes that are too thin."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, StratifiedGroupKFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise.datasets import Dataset
from edgewise.errors import DatasetError
from edgewise.ir import Label

FEW_GROUPS = 10  # each is left out in turn; of more, so many folds of whole groups
ROW_FOLDS = 5
MAX_ROWS = 20_000  # for cross-validation: shuttle's 49,097 rows would take three times as long for the same four digits
MANY_ROWS = 5_000  # where one draw tells the learning curve; of fewer, the mean of DRAWS
DRAWS = 3
SHARES = (0.2, 0.4, 0.6, 0.8)  # of the training groups or rows; the fifth point is the model itself
BUDGET_S = 20.0  # above it cross-validation and learning curve are left out, unless folds are asked for

WHY_RANDOM_FLATTERS = (
    "it puts rows of the same {group} on both sides, so that the model is tested on nearly what it was trained on; "
    "of a new {group} expect the score by whole {group}s"
)

Score = Callable[[np.ndarray, np.ndarray], float]  # (rows to fit on, rows to test on) -> accuracy or R2


@dataclass(frozen=True)
class CrossValidation:
    """One score a fold. method: how the folds are made. names: of each fold what it holds out. n_rows: that took part.
    unlearned: classes that a fold held out whole, so that it could only get them wrong."""

    method: str
    names: tuple[str, ...]
    scores: tuple[float, ...]
    n_rows: int
    unlearned: tuple[Label, ...] = ()

    @property
    def mean(self) -> float:
        """Over the folds that have a score: R2 of a single row is none. NaN without any."""
        found = self._finite()
        return math.fsum(found) / len(found) if found else math.nan

    @property
    def spread(self) -> float:
        """Standard deviation over the folds (divided by n - 1), NaN of fewer than two."""
        found = self._finite()
        return float(np.std(found, ddof=1)) if len(found) > 1 else math.nan

    def _finite(self) -> list[float]:
        return [score for score in self.scores if math.isfinite(score)]


@dataclass(frozen=True)
class OneRule:
    """The best single question. feature: its name, None where no question helps; answers: below (value <= threshold), above."""

    feature: str | None
    threshold: float
    below: Label
    above: Label
    score: float

    def __str__(self) -> str:
        below, above = (f"{answer:.6g}" if isinstance(answer, float) else str(answer) for answer in (self.below, self.above))
        return f"always {below}" if self.feature is None else f"{self.feature} <= {self.threshold:.6g}: {below}, else {above}"


@dataclass(frozen=True)
class LearningCurve:
    """Mean score on the held-out rows after training on so many groups or rows. unit: "groups" or "rows"."""

    unit: str
    sizes: tuple[int, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class LossCurve:
    """How a network learned. losses: mean over the training rows, with the penalty of alpha, an item an epoch. pruned_after: so
    many of them came before it was pruned; None without."""

    losses: tuple[float, ...]
    pruned_after: int | None = None


@dataclass(frozen=True)
class Pruned:
    """share: of each layer's weights, that was asked for. full_score: of the same network before."""

    share: float
    n_zero: int
    n_weights: int
    full_score: float


@dataclass(frozen=True, kw_only=True)
class Results:
    """score: accuracy, or R2 of a regression, on the test rows. random_score: what a split that ignores the groups would
    have claimed, None without groups. baseline_score: of always saying the most frequent class, or the mean.
    n_prototypes, full_score: of a condensed model, what it was fitted on, and its score with all of X_train; else None.
    loss, pruned: of a network, else None.
    n_groups, n_test_groups: in all and held out; None without groups. group: name of their column. notes: what was left out,
    and why. recipe: what it takes to train this again."""

    metric: str
    score: float
    random_score: float | None
    baseline_score: float
    n_prototypes: int | None = None
    full_score: float | None = None
    n_groups: int | None = None
    n_test_groups: int | None = None
    group: str | None = None
    one_rule: OneRule | None = None
    cross: CrossValidation | None = None
    curve: LearningCurve | None = None
    loss: LossCurve | None = None
    pruned: Pruned | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    recipe: dict[str, Any]

    def results(self) -> dict[str, Any]:
        """As plain values for strict JSON, without what a subclass adds; NaN is null."""
        return {name: _plain(getattr(self, name)) for name in Results.__dataclass_fields__}

    @staticmethod
    def read(content: dict[str, Any]) -> "Results":
        """What `results` gave, once through JSON. KeyError, TypeError, ValueError or AttributeError: it is something else."""
        values = {name: content[name] for name in Results.__dataclass_fields__ if name in content or name not in LATER}
        for name, kind in PARTS.items():
            if values.get(name) is not None:
                values[name] = kind(**_typed(values[name]))
        return Results(**_typed(values))


PARTS: dict[str, type] = {
    "one_rule": OneRule,
    "cross": CrossValidation,
    "curve": LearningCurve,
    "loss": LossCurve,
    "pruned": Pruned,
}
LATER = ("loss", "pruned")  # what an earlier version did not write
NUMBERS = ("score", "baseline_score")  # null is NaN


def _plain(value: Any) -> Any:
    if isinstance(value, tuple(PARTS.values())):
        return {name: _plain(item) for name, item in vars(value).items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """Lists as tuples, and NaN where a number has to be."""
    lists = {
        name: tuple(map(_number, value) if name == "scores" else value) for name, value in values.items() if type(value) is list
    }
    return values | lists | {name: _number(values[name]) for name in NUMBERS if name in values}


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def fitted_score(estimator, dataset: Dataset, rows: np.ndarray, test: np.ndarray, fit: Callable[..., Any] | None = None) -> float:
    """Fits on `rows` (with `fit` in place of the estimator's own), scores on `test`. DatasetError where scikit-learn refuses."""
    last = final(estimator)
    n_neighbors = getattr(last, "n_neighbors", 0)
    if n_neighbors > len(rows):
        raise DatasetError(f"{dataset.name}: {len(rows)} training rows for {n_neighbors} neighbors; add rows")
    try:
        X, y = dataset.X[rows], dataset.y[rows]
        fitted = estimator.fit(X, y) if fit is None else fit(estimator, X, y)
        return float(fitted.score(on_board(dataset.X[test]), dataset.y[test]))
    except ValueError as error:  # numbers that overflow, say: scikit-learn tells which
        first = str(error).split("\n")[0]
        raise DatasetError(f"{dataset.name}: {type(last).__name__} cannot learn this ({first})") from error


def on_board(X: np.ndarray) -> np.ndarray:
    """Rows as a board can hold them, in float64."""
    return X.astype(np.float32).astype(np.float64)


def final(estimator):
    """The last step of a pipeline, or the estimator itself."""
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def cross_validation(dataset: Dataset, score: Score, folds: int | None = None, seed: int = 0) -> CrossValidation:
    """Leaves each of up to 10 groups out in turn; of more, whole groups in 10 folds, which share the classes as evenly as they
    can; without groups, 5 folds of rows. folds: so many; as many as groups or more: each group. Of more than MAX_ROWS rows so
    many take part. Raises DatasetError where a fold cannot be learned.
    """
    if folds is not None and folds < 2:
        raise DatasetError(f"{folds} folds are none; choose 2 or more, or 0 to leave cross-validation out")
    rows = np.sort(_in_proportion(_labels(dataset), seed)[:MAX_ROWS])
    y, groups = dataset.y[rows], None if dataset.groups is None else dataset.groups[rows]
    splitter, method = _splitter(dataset, y, groups, folds, seed)
    names, scores, unlearned = [], [], set()
    with warnings.catch_warnings():
        # Classes with fewer rows than folds: `thin_classes` names them
        warnings.filterwarnings("ignore", "The least populated class in y", UserWarning)
        parts = list(splitter.split(rows, y, groups))
    for i, (train, test) in enumerate(parts):
        names.append(str(groups[test[0]]) if groups is not None and isinstance(splitter, LeaveOneGroupOut) else f"fold {i + 1}")
        if dataset.task == "classification":
            unlearned |= set(np.setdiff1d(y[test], y[train]).tolist())
        scores.append(score(rows[train], rows[test]))
    return CrossValidation(method, tuple(names), tuple(scores), len(rows), tuple(sorted(unlearned)))


def _splitter(dataset: Dataset, y: np.ndarray, groups: np.ndarray | None, folds: int | None, seed: int) -> tuple[Any, str]:
    """(splitter, how it is called)"""
    classes = dataset.task == "classification"
    if groups is not None:
        name, n_groups = dataset.group or "group", len(np.unique(groups))
        if (folds or FEW_GROUPS) >= n_groups:
            return LeaveOneGroupOut(), f"each {name} left out in turn ({n_groups})"
        folds = folds or FEW_GROUPS
        kind = StratifiedGroupKFold if classes else GroupKFold
        return kind(folds, shuffle=True, random_state=seed), f"{folds} folds of whole groups ({name}, {n_groups})"
    folds = min(folds or ROW_FOLDS, len(y))
    if not classes:
        return KFold(folds, shuffle=True, random_state=seed), f"{folds} folds of rows"
    folds = max(2, min(folds, int(np.unique(y, return_counts=True)[1].max())))
    return StratifiedKFold(folds, shuffle=True, random_state=seed), f"{folds} folds of rows"


def _labels(dataset: Dataset) -> np.ndarray:
    """Number of each row's class, all 0 for a regression."""
    return (
        np.unique(dataset.y, return_inverse=True)[1] if dataset.task == "classification" else np.zeros(len(dataset.y), dtype=int)
    )


def _in_proportion(label: np.ndarray, seed: int) -> np.ndarray:
    """An order of the items, drawn at random, in which every beginning holds the labels in about their shares."""
    order = np.random.default_rng(seed).permutation(len(label))
    place = np.empty(len(label))
    for each in np.unique(label):
        members = order[label[order] == each]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return order[np.argsort(place[order], kind="stable")]


def learning_curve(
    dataset: Dataset, rows: np.ndarray, test: np.ndarray, score: Score, full: float, seed: int = 0
) -> LearningCurve:
    """Scores on `test` after training on a fifth to four fifths of `rows`, in whole groups where there are any, the classes in
    proportion; of few rows the mean of three draws. The last point is `full`, the score with all. Raises DatasetError.
    """
    label = _labels(dataset)[rows]
    part = np.arange(len(rows)) if dataset.groups is None else np.unique(dataset.groups[rows], return_inverse=True)[1]
    n_parts = int(part.max()) + 1
    # A group stands for its most frequent class.
    votes = np.zeros((n_parts, int(label.max()) + 1), dtype=int)
    np.add.at(votes, (part, label), 1)
    n_draws = DRAWS if len(rows) < MANY_ROWS else 1
    draws = [_in_proportion(votes.argmax(axis=1), seed + draw) for draw in range(n_draws)]
    least = max(_first_with_all(votes[order]) for order in draws)
    wanted = sorted({max(least, round(share * n_parts)) for share in SHARES} - {n_parts})
    scores = []
    for size in wanted:
        kept = (rows[np.isin(part, order[:size])] for order in draws)
        scores.append(float(np.mean([score(some, test) for some in kept])))
    unit = "rows" if dataset.groups is None else "groups"
    return LearningCurve(unit, (*wanted, n_parts), (*scores, full))


def _first_with_all(votes: np.ndarray) -> int:
    """How many of the first parts it takes to have met every class. votes: (n_parts, n_classes)."""
    met = np.cumsum(votes, axis=0) > 0
    return int((met == met[-1]).all(axis=1).argmax()) + 1


def n_fits(dataset: Dataset, rows: np.ndarray, folds: int | None = None) -> float:
    """How often the model would be fitted on rows as many as `rows`, in time, by cross-validation and learning curve."""
    share = min(1.0, MAX_ROWS / len(dataset.y))
    most = ROW_FOLDS if dataset.groups is None else len(np.unique(dataset.groups))
    n_draws = DRAWS if len(rows) < MANY_ROWS else 1
    return min(folds or FEW_GROUPS, most) * share + n_draws * sum(SHARES)


def one_rule(dataset: Dataset, rows: np.ndarray, test: np.ndarray, seed: int = 0) -> OneRule:
    """A tree of one split, fitted and scored on the same rows as the model."""
    kind = DecisionTreeClassifier if dataset.task == "classification" else DecisionTreeRegressor
    stump = kind(max_depth=1, random_state=seed)
    score = fitted_score(stump, dataset, rows, test)
    tree = stump.tree_
    split = tree.node_count > 1
    leaves = (tree.children_left[0], tree.children_right[0]) if split else (0, 0)
    values = [tree.value[leaf].ravel() for leaf in leaves]
    if dataset.task == "classification":
        below, above = (stump.classes_[value.argmax()].item() for value in values)
    else:
        below, above = (float(value[0]) for value in values)
    feature = dataset.feature_names[tree.feature[0]] if split else None
    return OneRule(feature, float(tree.threshold[0]) if split else 0.0, below, above, score)


def thin_classes(dataset: Dataset, test: np.ndarray, cross: CrossValidation | None) -> list[str]:
    """Classes that the scores say little or nothing of, a line each."""
    if dataset.task != "classification":
        return []
    unit = "rows" if dataset.groups is None else f"{dataset.group or 'group'}s"
    lines = []
    for label in np.unique(dataset.y):
        here = dataset.y == label
        parts = np.flatnonzero(here) if dataset.groups is None else np.unique(dataset.groups[here])
        name = f"class {label.item()!r}"
        if len(parts) == 1:
            lines.append(f"{name} is in 1 of the {unit} only: no score tells whether it is recognized; add {unit} of it")
        elif not here[test].any():
            lines.append(f"{name} is not among the held-out rows: their score says nothing of it; add {unit} of it")
        elif cross is not None and label.item() in cross.unlearned:
            lines.append(f"{name} is missing from the training rows of a fold, which gets it wrong; add {unit} of it")
    return lines
