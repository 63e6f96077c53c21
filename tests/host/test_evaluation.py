"""What a score is worth: folds that keep groups whole, one rule, a learning curve, and classes that are too thin to score."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from edgewise import evaluation
from edgewise.datasets import Dataset
from edgewise.errors import DatasetError
from edgewise.evaluation import (
    CrossValidation,
    LearningCurve,
    OneRule,
    Results,
    cross_validation,
    learning_curve,
    one_rule,
    thin_classes,
)


def table(n_groups: int | None, n_rows: int = 6, task: str = "classification", classes: int = 2) -> Dataset:
    """Feature a tells the class, and in part the value; b nothing. Groups hold all classes."""
    n = (n_groups or 10) * n_rows
    a = np.arange(n) % classes
    X = np.stack([a * 10.0, np.arange(n) / 7.0], axis=1)
    y = np.array([f"c{i}" for i in range(classes)])[a] if task == "classification" else a * 2.0 + np.arange(n) % 3 / 10
    groups = None if n_groups is None else np.array([f"g{i // n_rows:02}" for i in range(n)])
    return Dataset(X, y, ("a", "b"), "y", task, groups=groups, group=None if groups is None else "person")


class Seen:
    """A score that keeps what it was asked."""

    def __init__(self, score=lambda train, test: 0.5):
        self.asked: list[tuple[np.ndarray, np.ndarray]] = []
        self.score = score

    def __call__(self, train: np.ndarray, test: np.ndarray) -> float:
        self.asked.append((train, test))
        return self.score(train, test)


# Cross-validation


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize(
    ("n_groups", "folds", "n_folds", "method"),
    [
        (2, None, 2, "each person left out in turn (2)"),
        (10, None, 10, "each person left out in turn (10)"),
        (11, None, 10, "10 folds of whole groups (person, 11)"),
        (12, 5, 5, "5 folds of whole groups (person, 12)"),
        (12, 12, 12, "each person left out in turn (12)"),
        (None, None, 5, "5 folds of rows"),
        (None, 3, 3, "3 folds of rows"),
    ],
)
def test_each_row_is_held_out_once_and_no_group_is_on_both_sides(task, n_groups, folds, n_folds, method):
    dataset, seen = table(n_groups, task=task), Seen()
    found = cross_validation(dataset, seen, folds)
    assert (found.method, len(found.scores), found.n_rows) == (method, n_folds, len(dataset.y))
    assert sorted(np.concatenate([test for _, test in seen.asked])) == list(range(len(dataset.y)))
    for train, test in seen.asked:
        assert not set(train) & set(test)
        assert len(train) + len(test) == len(dataset.y)
        if dataset.groups is not None:
            assert not set(dataset.groups[train]) & set(dataset.groups[test])
    if method.startswith("each"):
        assert found.names == tuple(sorted(set(dataset.groups)))


def test_recordings_of_one_class_each_are_spread_over_the_folds():
    """GroupKFold would give a fold no recording of a class, or all of them."""
    n_recordings, n_rows = 40, 5
    y = np.repeat(np.array([*"aaaaaaaaaaaaaaaaaaaabbbbbbbbbbcccccccccc"]), n_rows)
    groups = np.repeat([f"r{i:02}" for i in range(n_recordings)], n_rows)
    seen = Seen()
    dataset = Dataset(np.arange(len(y), dtype=float)[:, None], y, ("x",), "y", "classification", groups=groups, group="recording")
    assert cross_validation(dataset, seen).unlearned == ()
    for _, test in seen.asked:
        assert set(dataset.y[test]) == {"a", "b", "c"}


def test_mean_and_spread_leave_out_folds_without_a_score():
    folds = CrossValidation("", ("1", "2", "3"), (0.5, math.nan, 1.0), 9)
    assert folds.mean == 0.75
    assert folds.spread == pytest.approx(math.sqrt(0.125))
    assert math.isnan(replace(folds, scores=(math.nan,) * 3).mean)
    assert math.isnan(replace(folds, scores=(0.5, math.nan, math.nan)).spread)


def test_of_many_rows_some_take_part(monkeypatch):
    monkeypatch.setattr(evaluation, "MAX_ROWS", 60)
    dataset, seen = table(12, 20), Seen()
    assert cross_validation(dataset, seen).n_rows == 60
    held_out = np.concatenate([test for _, test in seen.asked])
    assert len(set(held_out)) == 60
    assert np.unique(dataset.y[held_out], return_counts=True)[1].tolist() == [30, 30]


@pytest.mark.parametrize("folds", [1, -1])
def test_folds_that_are_none(folds):
    with pytest.raises(DatasetError, match=f"^{folds} folds are none; choose 2 or more, or 0 to leave"):
        cross_validation(table(4), Seen(), folds)


# Thin classes


def test_a_class_of_one_group_is_named():
    dataset = table(5)
    y = np.where(dataset.groups == "g03", "rare", dataset.y)
    dataset = replace(dataset, y=y)
    test = np.flatnonzero(dataset.groups == "g03")
    cross = cross_validation(dataset, Seen())
    assert cross.unlearned == ("rare",)
    assert thin_classes(dataset, test, cross) == [
        "class 'c0' is not among the held-out rows: their score says nothing of it; add persons of it",
        "class 'c1' is not among the held-out rows: their score says nothing of it; add persons of it",
        "class 'rare' is in 1 of the persons only: no score tells whether it is recognized; add persons of it",
    ]


def test_a_class_that_a_fold_cannot_learn_is_named():
    dataset, everything = table(5), np.arange(30)
    cross = CrossValidation("", ("1",), (0.5,), 30, ("c1",))
    assert thin_classes(dataset, everything, cross) == [
        "class 'c1' is missing from the training rows of a fold, which gets it wrong; add persons of it"
    ]
    assert thin_classes(dataset, everything, None) == []
    assert thin_classes(table(5, task="regression"), everything, None) == []


def test_a_class_of_one_row_is_named():
    dataset = table(None)
    dataset = replace(dataset, y=np.array([*dataset.y[:-1], "once"]))
    cross = cross_validation(dataset, Seen())
    assert cross.unlearned == ("once",)
    told = thin_classes(dataset, np.arange(60), cross)
    assert told == ["class 'once' is in 1 of the rows only: no score tells whether it is recognized; add rows of it"]


# One rule


def test_one_rule_says_its_question():
    dataset = table(None)
    rule = one_rule(dataset, np.arange(40), np.arange(40, 60))
    assert rule == OneRule("a", 5.0, "c0", "c1", 1.0)
    assert str(rule) == "a <= 5: c0, else c1"


def test_one_rule_of_a_regression():
    rule = one_rule(table(None, task="regression"), np.arange(40), np.arange(40, 60))
    assert (rule.feature, rule.threshold) == ("a", 5.0)
    assert (rule.below, rule.above) == pytest.approx((0.1, 2.1), abs=0.01)
    assert 0.9 < rule.score < 1


def test_where_no_question_helps():
    dataset = replace(table(None), X=np.zeros((60, 2)))
    rule = one_rule(dataset, np.arange(39), np.arange(39, 60))
    assert (rule.feature, rule.below, rule.above, rule.score) == (None, "c0", "c0", pytest.approx(10 / 21))
    assert str(rule) == "always c0"


# Learning curve


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("n_groups", [None, 12])
def test_the_curve_grows_in_whole_groups_to_the_model_itself(task, n_groups):
    dataset = table(n_groups, task=task)
    rows, test = np.arange(48), np.arange(48, 60)
    seen = Seen(lambda train, test: len(train) / 100)
    curve = learning_curve(dataset, rows, test, seen, 0.99)
    n_parts = 48 if n_groups is None else 8
    assert curve.sizes == ((10, 19, 29, 38, 48) if n_groups is None else (2, 3, 5, 6, 8))
    assert (curve.unit, curve.scores[-1]) == ("rows" if n_groups is None else "groups", 0.99)
    assert curve.scores[:-1] == pytest.approx([size * 48 / n_parts / 100 for size in curve.sizes[:-1]])
    assert len(seen.asked) == evaluation.DRAWS * 4
    for train, others in seen.asked:
        assert set(train) <= set(rows)
        assert np.array_equal(others, test)
        if dataset.groups is not None:
            assert len(train) == 6 * len(set(dataset.groups[train]))


def test_every_point_has_met_every_class():
    """Eight recordings of one class each: two classes of three, one of two."""
    y = np.repeat(np.array([*"aaabbbcc"]), 4)
    groups = np.repeat([f"r{i}" for i in range(8)], 4)
    dataset = Dataset(np.arange(32, dtype=float)[:, None], y, ("x",), "y", "classification", groups=groups)
    seen = Seen()
    curve = learning_curve(dataset, np.arange(32), np.arange(32), seen, 1.0)
    assert curve.sizes[0] >= 3
    assert all(set(dataset.y[train]) == {"a", "b", "c"} for train, _ in seen.asked)


def test_of_many_rows_one_draw_is_enough(monkeypatch):
    monkeypatch.setattr(evaluation, "MANY_ROWS", 40)
    seen = Seen()
    learning_curve(table(None), np.arange(48), np.arange(48, 60), seen, 1.0)
    assert len(seen.asked) == 4


def test_n_fits_is_what_is_fitted():
    for n_groups in (None, 5, 12):
        dataset, seen = table(n_groups), Seen()
        rows = np.arange(len(dataset.y) * 4 // 5)
        cross_validation(dataset, seen)
        learning_curve(dataset, rows, rows, seen, 1.0)
        whole = sum(len(train) / len(rows) for train, _ in seen.asked)
        assert evaluation.n_fits(dataset, rows) == pytest.approx(whole, rel=0.35)


# As JSON


@pytest.mark.parametrize("label", ["up", 3, True, 2.5])
def test_results_come_back_from_json(label):
    results = Results(
        metric="R2",
        score=math.nan,
        random_score=None,
        baseline_score=-0.1,
        one_rule=OneRule("a", 0.5, label, label, math.nan),
        cross=CrossValidation("m", ("1", "2"), (math.nan, 0.5), 9, (label,)),
        curve=LearningCurve("rows", (1, 2), (math.nan, 0.25)),
        notes=("one",),
        warnings=("two", "three"),
        recipe={"seed": 0},
    )
    text = json.dumps(results.results(), allow_nan=False)
    again = Results.read(json.loads(text))
    assert repr(again) == repr(results)  # NaN is not equal to itself
    assert [type(value) for value in vars(again).values()] == [type(value) for value in vars(results).values()]
    for damaged in ({"cross": {"method": 1}}, {"curve": []}):
        with pytest.raises((KeyError, TypeError, AttributeError)):
            Results.read(json.loads(text) | damaged)
