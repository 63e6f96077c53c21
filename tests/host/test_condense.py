"""Prototypes: where they lie, how many each class gets, what they cost, and what is refused."""

import json
import sys
from functools import cache

import numpy as np
import pytest
from command import Edgewise, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import edgewise as package
from edgewise import condense, datasets, training
from edgewise.condense import _shares
from edgewise.datasets import Dataset
from edgewise.errors import DatasetError, UnsupportedModelError
from edgewise.training import train


@cache
def digits() -> Dataset:
    X, y = load_digits(return_X_y=True)
    return Dataset(X, y, tuple(f"p{i}" for i in range(64)), "digit", "classification")


@cache
def iris() -> Dataset:
    X, y = load_iris(return_X_y=True)
    return Dataset(X, np.array(["setosa", "versicolor", "virginica"])[y], tuple("abcd"), "kind", "classification")


def repeated() -> Dataset:
    """120 rows, but only 2 different ones of class True and 3 of class False."""
    X = np.repeat(np.arange(5.0)[:, None], 24, axis=0)
    return Dataset(X, X[:, 0] < 2, ("a",), "y", "classification")


def fitted(X: np.ndarray, y: np.ndarray, n: int, seed: int = 0):
    return condense.fit(make_pipeline(StandardScaler(), KNeighborsClassifier()), X, y, n, seed)


def points(estimator) -> np.ndarray:
    return estimator[-1]._fit_X


# Where they lie


def test_each_prototype_is_the_mean_of_the_rows_of_its_class_around_it():
    data = iris()
    estimator = fitted(data.X, data.y, 12)
    scaler, nearest = estimator
    assert np.array_equal(scaler.mean_, data.X.mean(axis=0))  # of all rows
    assert (nearest.n_neighbors, nearest.n_samples_fit_) == (1, 12)
    rows, labels = scaler.transform(data.X), nearest.classes_[nearest._y]
    for label in nearest.classes_:
        own, around = nearest._fit_X[labels == label], rows[data.y == label]
        which = ((around[:, None] - own) ** 2).sum(axis=2).argmin(axis=1)
        for i, prototype in enumerate(own):
            assert prototype == pytest.approx(around[which == i].mean(axis=0))


def test_they_are_sought_where_the_neighbors_see_the_rows():
    """The classes fall into two heaps along b; a, in a unit a million times smaller, tells nothing."""
    rng = np.random.default_rng(0)
    X = np.stack([rng.uniform(-1e6, 1e6, 400), np.tile([-1.0, 1.0], 200)], axis=1)
    assert np.abs(points(fitted(X, np.arange(400) % 4 < 2, 4))[:, 1]) == pytest.approx(1)


def test_an_estimator_alone_has_its_prototypes_among_the_rows():
    data = iris()
    alone = condense.fit(KNeighborsClassifier(), data.X, data.y, 9)
    assert (alone._fit_X.min(axis=0) >= data.X.min(axis=0)).all()
    assert alone.score(data.X, data.y) > 0.9


def test_seeds_repeat_whatever_the_number_of_threads():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4000, 10)), np.arange(4000) % 2
    made = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads, "openmp"):
            made.append(points(fitted(X, y, 60, seed=3)))
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])
    assert not np.array_equal(made[0], points(fitted(X, y, 60, seed=4)))


# How many


@pytest.mark.parametrize(
    ("n_rows", "n_distinct", "n", "shares"),
    [
        ([60, 30, 10], [60, 30, 10], 10, [6, 3, 1]),
        ([100, 14], [100, 14], 10, [9, 1]),  # 8.8 and 1.2
        ([84, 16], [84, 16], 10, [8, 2]),  # 8.4 and 1.6
        ([1000, 1, 1], [1000, 1, 1], 3, [1, 1, 1]),  # one each comes first
        ([1000, 2, 2], [1000, 2, 2], 100, [98, 1, 1]),
        ([50, 50], [2, 50], 10, [2, 8]),  # what a class cannot use goes to others
        ([50, 50], [1, 2], 10, [1, 2]),
    ],
)
def test_shares(n_rows, n_distinct, n, shares):
    assert _shares(np.array(n_rows), np.array(n_distinct), n) == shares


@settings(deadline=None)
@given(st.lists(st.integers(1, 300), min_size=2, max_size=12), st.data())
def test_shares_add_up(n_rows, data):
    n_distinct = [data.draw(st.integers(1, rows)) for rows in n_rows]
    n = data.draw(st.integers(len(n_rows), sum(n_rows)))
    shares = _shares(np.array(n_rows), np.array(n_distinct), n)
    assert sum(shares) == min(n, sum(n_distinct))
    assert all(1 <= share <= distinct for share, distinct in zip(shares, n_distinct, strict=True))


@pytest.mark.parametrize("n", [2, 4, 5, 20])
def test_rows_that_repeat_need_fewer(n, recwarn):
    data = repeated()
    estimator = fitted(data.X, data.y, n)
    assert len(points(estimator)) == min(n, 5)
    assert estimator.classes_.tolist() == [False, True]
    if n >= 5:
        assert np.array_equal(estimator.predict(data.X), data.y)
    assert not recwarn.list


# What they cost


def test_the_cost_is_measured_on_the_same_rows():
    whole, condensed = train(digits(), "knn"), train(digits(), "knn", prototypes=100)
    assert np.array_equal(condensed.X_train, whole.X_train)  # the rows that came in
    assert np.array_equal(condensed.X_test, whole.X_test)
    assert condensed.full_score == whole.score
    assert condensed.score == (condensed.estimator.predict(condensed.X_test) == condensed.y_test).mean()
    assert condensed.n_prototypes == len(points(condensed.estimator)) == 100
    assert condensed.baseline_score == whole.baseline_score
    assert condensed.facts[-1] == (
        f"condensed from {len(whole.X_train)} rows to 100 prototypes (n_neighbors=1): "
        f"accuracy {condensed.score:.4f}, {whole.score:.4f} with all (n_neighbors=5)"
    )
    assert (whole.full_score, whole.n_prototypes, len(whole.facts)) == (None, None, 2)


@pytest.mark.parametrize("n", [50, 100, 200])
def test_they_are_worth_more_than_as_many_rows(n):
    scores = [(train(digits(), "knn", seed=s, prototypes=n), train(digits(), "knn", seed=s, train_rows=n)) for s in range(3)]
    lost = np.array([(condensed.full_score - condensed.score, condensed.full_score - rows.score) for condensed, rows in scores])
    assert lost.mean(axis=0)[0] < lost.mean(axis=0)[1] / 2


def test_the_random_split_is_condensed_too():
    people = np.array([f"p{i % 10}" for i in range(len(iris().y))])
    data = Dataset(iris().X, iris().y, tuple("abcd"), "kind", "classification", groups=people)
    rows, test = datasets.split(data, 0.3, 0, ignore_groups=True)
    mixed = fitted(data.X[rows], data.y[rows], 10)
    X_test = data.X[test].astype(np.float32).astype(np.float64)
    assert train(data, "knn", prototypes=10).random_score == mixed.score(X_test, data.y[test])


def test_too_few_rows_in_the_random_split_are_no_reason_to_refuse():
    """One of ten people is held out: a small one leaves more rows than a share of all rows does."""
    people = np.repeat([f"p{i}" for i in range(10)], [1, 31, 31, 31, 31, 5, 5, 5, 5, 5])
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 150)
    data = Dataset(rng.normal(size=(150, 2)), y, ("a", "b"), "y", "classification", groups=people)
    seed = next(s for s in range(100) if len(datasets.split(data, 0.1, s)[1]) == 1)
    trained = train(data, "knn", test_size=0.1, seed=seed, prototypes=140)
    assert (trained.random_score, trained.n_prototypes) == (None, 140)
    assert trained.warnings[-1].startswith("no random split to compare with: --prototypes 140 must be")


# What is written and said


def test_the_header_and_the_manifest_tell_it(tmp_path, monkeypatch, capsys):
    run = Edgewise(monkeypatch, capsys)
    folder = tmp_path / "exercise"
    options = ["--target", "exercise", "--group", "person", "--drop", "recording", "--model", "knn", "--prototypes", 40]
    told = run.ok("train", "shoulder_exercises", *options, "-o", folder, "--json").json
    assert (told["n_prototypes"], told["score"] < told["full_score"]) == (40, True)
    report = json.loads((folder / "training.json").read_bytes())
    assert {name: report[name] for name in ("score", "full_score", "n_prototypes")}.items() <= told.items()
    fact = report["facts"][-1]
    assert fact.startswith(f"condensed from {told['train_rows']} rows to 40 prototypes")
    run.ok("transpile", folder)
    assert fact in json.loads((folder / "manifest.json").read_bytes())["facts"]
    assert f"# {fact}\n" in (folder / "exercise.py").read_text()
    saved = training.load(folder)
    assert (len(points(saved.estimator)), len(saved.X_train)) == (40, told["train_rows"])
    shown = run.ok("train", "shoulder_exercises", *options, "-o", folder).stdout
    assert f"{told['score']:.4f}" in shown
    assert f"with all training rows     │ {told['full_score']:.4f}" in shown


def test_the_board_answers_as_scikit_learn(cortex_m3):
    trained = train(iris(), "knn", prototypes=15)
    program = package.transpile(trained.estimator, "condensed", trained.X_train)
    package.deploy(program, cortex_m3)
    proof = package.verify(program, cortex_m3, trained.X_test)
    assert (proof.n_equal, proof.n_rows) == (len(trained.X_test),) * 2


# Refusals


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (2, r"--prototypes 2 must be at least 1 for each of 3 classes and .*; choose from 3 to 104"),
        (-1, r"--prototypes -1 must be .*; choose from 3 to 104"),
        (105, r"--prototypes 105 must be .* fewer than 105 training rows; choose from 3 to 104"),
    ],
)
def test_too_few_or_too_many(n, message):
    with pytest.raises(DatasetError, match=f"^{message}$"):
        train(iris(), "knn", prototypes=n)


def test_nothing_to_choose_from():
    with pytest.raises(DatasetError, match=r"fewer than 3 training rows; add rows$"):
        condense.fit(KNeighborsClassifier(1), np.arange(3.0)[:, None], np.arange(3), 3)


@pytest.mark.parametrize(
    ("target", "model", "name"), [("kind", "forest", "RandomForestClassifier"), ("a", "knn", "KNeighborsReg")]
)
def test_other_models(target, model, name):
    data = iris()
    y, task = (data.y, "classification") if target == "kind" else (data.X[:, 0], "regression")
    with pytest.raises(
        UnsupportedModelError, match=f"^--prototypes 20 is for --model knn and .*{name}.*; leave --prototypes out$"
    ):
        train(Dataset(data.X, y, data.feature_names, target, task), model, prototypes=20)


def test_without_imbalanced_learn(tmp_path, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == "imblearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "imblearn", None)
    run, options = (
        Edgewise(monkeypatch, capsys),
        ["--target", "anomaly", "--model", "knn", "--train-rows", 60, "-o", tmp_path / "m"],
    )
    refused = run("train", "shuttle", *options, "--prototypes", 20)
    assert refused.error.startswith("error: --prototypes needs imbalanced-learn (")
    assert "pip install 'edgewise[condense]'" in refused.error
    assert snapshot(tmp_path) == {}
    run.ok("train", "shuttle", *options)  # nothing else needs it
