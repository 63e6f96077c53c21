"""train: splits that keep people apart, scores that tell what they are worth, and a folder that is whole or not there."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from command import sensor_csv, snapshot
from sklearn.linear_model import SGDRegressor
from sklearn.tree import DecisionTreeClassifier

from edgewise import datasets, estimators, training
from edgewise.datasets import Dataset
from edgewise.errors import DatasetError, ModelFileError, UnsupportedModelError
from edgewise.training import train


def people(n_people: int = 10, n_rows: int = 12, seed: int = 0) -> Dataset:
    """Each person has a place and a label of their own: who knows the person knows the label, and nothing else helps."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(n_people), n_rows)
    X = np.stack([person * 10 + rng.normal(0, 0.1, len(person)), rng.normal(size=len(person))], axis=1)
    y = np.array(["walk", "run"])[rng.integers(0, 2, n_people)[person]]
    return Dataset(X, y, ("place", "noise"), "y", "classification", groups=np.array([f"p{i}" for i in person]))


def flat(task: str = "classification", n: int = 60) -> Dataset:
    X = np.stack([np.arange(n) % 7, np.arange(n) / 3.0], axis=1)
    y = (np.arange(n) % 7 > 3) if task == "classification" else X @ [1.0, 2.0]
    return Dataset(X, y, ("a", "b"), "y", task)


def rows_of(X: np.ndarray) -> set[tuple[float, ...]]:
    return set(map(tuple, X))


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_both_sides(seed):
    dataset = people()
    trained = train(dataset, "tree", seed=seed, groups="person")
    group = {tuple(row): name for row, name in zip(dataset.X, dataset.groups, strict=True)}
    sides = [{group[row] for row in rows_of(X)} for X in (trained.X_train, trained.X_test)]
    assert sides[0] & sides[1] == set()
    assert sides[0] | sides[1] == set(dataset.groups)
    assert len(trained.X_train) + len(trained.X_test) == len(dataset.y)
    assert "split by whole groups (person)" in trained.facts[-1]
    assert (trained.n_test_groups, trained.n_groups) == (len(sides[1]), 10)


def test_what_a_random_split_would_claim():
    """Where the person gives the label away, mixing people looks perfect, and new people are a guess."""
    scores = [train(people(seed=seed), "tree", seed=seed) for seed in range(8)]
    assert np.mean([trained.random_score for trained in scores]) > 0.95
    assert np.mean([trained.score for trained in scores]) < 0.8


def test_without_groups_there_is_nothing_to_compare_with():
    trained = train(flat(), "tree")
    assert (trained.random_score, trained.n_groups, trained.n_test_groups) == (None, None, None)
    assert "split by random rows" in trained.facts[-1]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_baseline_is_always_the_same_answer(task):
    dataset = flat(task)
    trained = train(dataset, "tree")
    y_train = dataset.y[[tuple(row) in rows_of(trained.X_train) for row in dataset.X]]
    if task == "classification":
        values, counts = np.unique(y_train, return_counts=True)
        assert trained.baseline_score == (trained.y_test == values[counts.argmax()]).mean()
        assert trained.metric == "accuracy"
    else:
        off = ((trained.y_test - y_train.mean()) ** 2).sum() / ((trained.y_test - trained.y_test.mean()) ** 2).sum()
        assert trained.baseline_score == pytest.approx(1 - off)
        assert trained.metric == "R2"
    assert trained.score > trained.baseline_score


def test_the_score_is_of_the_rows_that_a_board_can_hold():
    """Two classes that float64 tells apart and float32 does not."""
    X = np.repeat([[1.0], [1.0 + 1e-12]], 20, axis=0)
    dataset = Dataset(X, np.repeat([0, 1], 20), ("a",), "y", "classification")
    assert train(dataset, "linear").score == 0.5


def test_the_same_seed_gives_the_same_model(tmp_path):
    for name in ("tree", "forest", "sgd", "svm"):
        made = [train(people(), name, seed=3, groups="person") for _ in range(2)]
        for one, other in zip(*[(t.X_train, t.X_test, t.y_test) for t in made], strict=True):
            assert np.array_equal(one, other)
        assert (made[0].score, made[0].random_score, made[0].facts) == (made[1].score, made[1].random_score, made[1].facts)
        assert np.array_equal(*[t.estimator.predict(people().X) for t in made])
    other = train(people(), "tree", seed=4)
    assert not np.array_equal(other.X_test, train(people(), "tree", seed=3).X_test)


def test_cross_validation_is_of_the_same_model():
    """Each fold by hand."""
    dataset = people()
    trained = train(dataset, "forest", seed=2)
    assert trained.cross.names == tuple(sorted(set(dataset.groups)))
    for name, score in zip(trained.cross.names, trained.cross.scores, strict=True):
        out = dataset.groups == name
        model = estimators.make("forest", "classification", 2).fit(dataset.X[~out], dataset.y[~out])
        assert score == model.score(dataset.X[out].astype(np.float32).astype(np.float64), dataset.y[out])
    assert trained.curve.scores[-1] == trained.score
    assert trained.curve.sizes[-1] == trained.n_groups - trained.n_test_groups


def test_what_was_asked_for_holds_in_every_fold():
    sizes = []

    class Counted(DecisionTreeClassifier):
        def fit(self, X, y):
            sizes.append(len(X))
            return super().fit(X, y)

    original = estimators.MODELS["tree"]
    try:
        estimators.MODELS["tree"] = (lambda seed: Counted(random_state=seed), None)
        train(flat(), "tree", train_rows=20, folds=3)
    finally:
        estimators.MODELS["tree"] = original
    assert max(sizes) == 20
    assert len(sizes) > 4


def test_no_folds_no_fits():
    trained = train(people(), "tree", folds=0)
    assert (trained.cross, trained.curve) == (None, None)
    assert trained.notes == ("no cross-validation and no learning curve: folds 0",)
    assert trained.one_rule.score > 0


def test_what_takes_too_long_is_left_out_and_said(monkeypatch):
    monkeypatch.setattr(training, "BUDGET_S", 0.0)
    trained = train(people(), "tree")
    assert (trained.cross, trained.curve) == (None, None)
    assert trained.notes[0].startswith(
        "no cross-validation and no learning curve: one fit takes 0.0 s, and they take the time of"
    )
    assert train(people(), "tree", folds=3).cross is not None


def test_a_comparison_that_cannot_be_is_a_note():
    """Five neighbors among a fifth of eight rows are too many, and the model itself has enough."""
    trained = train(flat(n=12), "knn")
    assert trained.curve is None
    assert trained.notes == ("no learning curve: dataset: 2 training rows for 5 neighbors; add rows",)
    assert trained.cross is not None


def test_a_note_where_cross_validation_takes_fewer_rows(monkeypatch):
    monkeypatch.setattr("edgewise.evaluation.MAX_ROWS", 40)
    assert train(flat(), "tree").notes == ("cross-validation with 40 of 60 rows, to save time",)


def test_thin_classes_are_warned_of():
    dataset = people()
    dataset = replace(dataset, y=np.where(dataset.groups == "p3", "rare", dataset.y))
    warned = train(dataset, "tree", groups="person").warnings
    assert [line for line in warned if "'rare'" in line] == [
        "class 'rare' is in 1 of the groups only: no score tells whether it is recognized; add groups of it"
    ]


def test_the_recipe_trains_the_same_again(tmp_path):
    path = sensor_csv(tmp_path)
    dataset = datasets.load(path, "y", "person", ["b"])
    recipe = train(dataset, "knn", 0.4, 7, train_rows=20).recipe
    told = "edgewise train rows.csv --target y --group person --drop b --model knn --test-size 0.4 --seed 7 --train-rows 20"
    assert recipe["command"] == told
    assert recipe["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {"scikit-learn", "numpy", "edgewise"} <= recipe["versions"].keys()
    assert train(people(), "tree").recipe["command"] is None
    shipped = train(datasets.load(datasets.shipped("thermistor"), "temperature_c"), "linear").recipe
    assert shipped["command"].startswith("edgewise train thermistor --target temperature_c --model linear ")


def test_the_stage_goes_into_the_folder(tmp_path):
    stage = {"format": 1, "sets": ["motion"], "features": ["place", "noise"]}
    folder = training.save(train(replace(people(), stage=stage), "tree"), tmp_path / "m")
    assert training.load(folder).stage == stage
    assert training.load(training.save(train(people(), "tree"), tmp_path / "n")).stage is None


def test_facts_are_for_the_header():
    dataset = datasets.load(datasets.shipped("thermistor"), "temperature_c")
    trained = train(dataset, "linear", test_size=0.25, seed=5)
    assert trained.facts[0] == f"trained on {len(trained.X_train)} rows of thermistor.csv, target temperature_c, seed 5"
    assert trained.facts[1].startswith(f"R2 {trained.score:.4f} on {len(trained.X_test)} held-out rows")


# Warnings and refusals


def test_warnings_are_kept(recwarn, monkeypatch):
    dataset = Dataset(flat().X * [1e6, 1], np.arange(60) % 5, ("a", "b"), "y", "classification", warnings=("assumed a thing",))
    estimator = estimators.MODELS["linear"][0]
    hasty = (lambda seed: estimator(seed).set_params(logisticregression__max_iter=1), None)
    monkeypatch.setitem(estimators.MODELS, "linear", hasty)
    trained = train(dataset, "linear")
    assert trained.warnings[0] == "assumed a thing"
    assert trained.warnings[1].startswith("LogisticRegression: ")
    assert all(len(line.splitlines()) == 1 for line in trained.warnings)
    assert len(set(trained.warnings)) == len(trained.warnings)
    assert not recwarn.list


@pytest.fixture
def diverging(monkeypatch):
    """A model that scikit-learn gives up on."""
    model = SGDRegressor(learning_rate="constant", eta0=1e300)
    monkeypatch.setitem(estimators.MODELS, "sgd", (None, lambda seed: model))


@pytest.mark.usefixtures("diverging")
def test_what_scikit_learn_refuses_is_one_line():
    with pytest.raises(DatasetError, match=r"^dataset: SGDRegressor cannot learn this \(.*overflow.*\)$"):
        train(flat("regression"), "sgd")


def test_too_few_rows_for_the_neighbors():
    with pytest.raises(DatasetError, match="4 training rows for 5 neighbors; add rows"):
        train(flat(n=6), "knn")
    assert train(flat(n=12), "knn").score >= 0


def test_a_random_split_that_cannot_be_is_no_reason_to_refuse(monkeypatch):
    split = datasets.split

    def refuse_mixed(*arguments, ignore_groups=False):
        if ignore_groups:
            raise DatasetError("a class is only among the rows for testing")
        return split(*arguments)

    monkeypatch.setattr(datasets, "split", refuse_mixed)
    trained = train(people(), "tree")
    assert trained.random_score is None
    assert trained.warnings == ("no random split to compare with: a class is only among the rows for testing",)


def test_one_test_row_has_no_r2(tmp_path, recwarn):
    trained = train(flat("regression", n=10), "tree", test_size=0.1)
    assert np.isnan(trained.score)
    assert any("not well-defined" in line for line in trained.warnings)
    training.save(trained, tmp_path / "m")
    assert json.loads((tmp_path / "m" / "training.json").read_bytes(), parse_constant=pytest.fail)["score"] is None
    assert not recwarn.list


@pytest.mark.parametrize(
    ("options", "error"),
    [({"model": "oracle"}, UnsupportedModelError), ({"test_size": 2}, DatasetError), ({"seed": -1}, DatasetError)],
)
def test_wrong_options(options, error):
    with pytest.raises(error):
        train(flat(), **options)


# The folder


@pytest.mark.parametrize("model", [name for name, pair in estimators.MODELS.items() if pair[0]])
def test_what_is_saved_is_loaded(tmp_path, model):
    trained = train(people(), model, groups="person")
    saved = training.load(training.save(trained, tmp_path / "m"))
    assert np.array_equal(saved.X_train, trained.X_train)
    assert np.array_equal(saved.X_test, trained.X_test)
    assert (saved.feature_names, saved.facts) == (trained.feature_names, trained.facts)
    assert np.array_equal(saved.estimator.predict(trained.X_test), trained.estimator.predict(trained.X_test))
    for name in ("y_train", "y_test", "groups_train", "groups_test"):
        assert np.array_equal(getattr(saved, name), getattr(trained, name))
        assert getattr(saved, name).dtype == getattr(trained, name).dtype
    assert saved.results.results() == trained.results()
    assert len(saved.y_test) == len(saved.X_test) == len(saved.groups_test)
    report = json.loads((tmp_path / "m" / "training.json").read_bytes())
    assert (report["metric"], report["score"], report["random_score"], report["baseline_score"]) == (
        *("accuracy", trained.score, trained.random_score, trained.baseline_score),
    )


def test_a_folder_of_an_earlier_version_has_no_results(tmp_path):
    """It held the rows alone, and fewer facts."""
    trained = train(people(), "tree")
    folder = training.save(trained, tmp_path / "m")
    np.savez(folder / "rows.npz", X_train=trained.X_train, X_test=trained.X_test)
    old = {"features": ["place", "noise"], "facts": ["f"], "metric": "accuracy", "score": 0.5}
    (folder / "training.json").write_text(json.dumps(old))
    saved = training.load(folder)
    assert (saved.results, saved.y_train, saved.y_test, saved.groups_test, saved.stage) == (None,) * 5
    assert np.array_equal(saved.X_test, trained.X_test)


def test_rows_of_another_training_are_refused(tmp_path):
    one, other = (training.save(train(people(), "tree", seed=seed), tmp_path / f"m{seed}") for seed in (0, 1))
    (one / "rows.npz").write_bytes((other / "rows.npz").read_bytes())
    with pytest.raises(ModelFileError, match=r"rows\.npz and training\.json are of different trainings"):
        training.load(one)


@pytest.mark.parametrize("damage", [{"cross": {"a": 1}}, {"curve": []}, {"one_rule": 3}])
def test_damaged_results_are_refused(tmp_path, damage):
    folder = training.save(train(people(), "tree"), tmp_path / "m")
    report = json.loads((folder / "training.json").read_bytes())
    (folder / "training.json").write_text(json.dumps(report | damage))
    with pytest.raises(ModelFileError, match="is not a whole training folder"):
        training.load(folder)


@pytest.mark.parametrize("nth", range(3))
def test_an_interrupted_save_leaves_the_old_training(tmp_path, monkeypatch, nth):
    folder = training.save(train(flat(), "tree"), tmp_path / "m")
    before = snapshot(folder)
    again = train(flat(), "forest", seed=1)
    calls, replace = [], os.replace

    def fail(source, target):
        calls.append(target)
        if len(calls) == nth + 1:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        training.save(again, folder)
    assert snapshot(folder) == before


def test_a_model_of_the_users_own_is_not_replaced(tmp_path):
    from edgewise import transpile

    model = DecisionTreeClassifier().fit(flat().X, flat().y)
    transpile(model, "m", flat().X).save(tmp_path / "m")
    (tmp_path / "m" / "model.skops").write_bytes(skops.io.dumps(model))
    before = snapshot(tmp_path)
    with pytest.raises(ModelFileError, match=r"model\.skops was not written by edgewise; rename it"):
        training.save(train(flat(), "tree"), tmp_path / "m")
    assert snapshot(tmp_path) == before


def test_a_file_and_a_folder_that_are_not_there(tmp_path):
    with pytest.raises(ModelFileError, match=r"No such file or directory; name a training folder or a \.skops file"):
        training.load(tmp_path / "nowhere.skops")
    with pytest.raises(ModelFileError, match=r"holds no model\.skops; run edgewise train"):
        training.load(Path(tmp_path))


def test_fewer_training_rows():
    data = flat()
    assert len(train(data, "knn", train_rows=20).X_train) == 20
    assert len(train(data, "knn", train_rows=10**6).X_train) == len(train(data, "knn").X_train)
    assert rows_of(train(data, "knn", train_rows=20).X_train) <= rows_of(train(data, "knn").X_train)
    with pytest.raises(DatasetError, match="none of 1 training rows is of class"):
        train(data, train_rows=1)
