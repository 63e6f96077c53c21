"""train without labels: detectors of anomalies that learn from normal rows alone, clusters, and what their scores say."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import Edgewise, sensor_csv
from sklearn.metrics import adjusted_rand_score, balanced_accuracy_score

from edgewise import datasets, report, training, transpile, unsupervised
from edgewise.datasets import Dataset
from edgewise.epochs import NetworkOptions
from edgewise.errors import DatasetError, ModelFileError, UnsupportedModelError
from edgewise.estimators import ANOMALIES, CLUSTERS
from edgewise.training import train
from edgewise.unsupervised import Options

NORMAL = Options(normal="calm")


def machine(n: int = 240, groups: bool = True) -> Dataset:
    """Three features; a fifth of the rows is far off, in two ways."""
    rng = np.random.default_rng(1)
    X = rng.normal(0, 1, (n, 3)) * [1, 20, 0.1] + [5, 1000, 0]
    kind = np.arange(n) % 10
    X[kind == 8] += [9, 0, 0]
    X[kind == 9] += [0, -200, 1]
    y = np.where(kind < 8, "calm", np.where(kind == 8, "loud", "stuck"))
    machines = np.array([f"m{i // 40}" for i in range(n)]) if groups else None
    return Dataset(X, y, ("a", "b", "c"), "state", "classification", groups=machines, group="machine" if groups else None)


def unlabeled() -> Dataset:
    return replace(machine(), y=np.zeros(240), target="", task="none")


@pytest.mark.parametrize("groups", [True, False])
@pytest.mark.parametrize("model", ANOMALIES)
def test_what_is_normal_is_learned_from_normal_rows_alone(model, groups):
    dataset = machine(groups=groups)
    trained = train(dataset, model, unlabeled=NORMAL, seed=2)
    y = {tuple(row): label for row, label in zip(dataset.X, dataset.y, strict=True)}
    assert {y[tuple(row)] for row in trained.X_train} == {"calm"}
    assert trained.y_train.tolist() == [1] * len(trained.X_train)
    truth = np.array([1 if y[tuple(row)] == "calm" else -1 for row in trained.X_test])
    assert trained.y_test.tolist() == truth.tolist()
    assert set(truth) == {1, -1}
    predicted = trained.estimator.predict(trained.X_test.astype(np.float32).astype(float))
    assert trained.score == balanced_accuracy_score(truth, predicted) > 0.85
    assert (trained.metric, trained.baseline_score) == ("balanced accuracy", 0.5)
    shares = [float(share) for share in re.findall(r"([\d.]+)%", trained.notes[0])]
    flagged = [(predicted[truth == side] == -1).mean() * 100 for side in (1, -1)]
    assert shares == pytest.approx(flagged, abs=0.01)
    assert trained.facts[0] == f"trained on {len(trained.X_train)} rows of dataset, seed 2"
    if groups:
        assert not set(trained.groups_train) & set(trained.groups_test)


@pytest.mark.parametrize("model", ANOMALIES)
def test_without_labels_the_share_of_flags_is_told(model):
    trained = train(unlabeled(), model)
    flagged = trained.estimator.predict(trained.X_test) == -1
    assert (trained.metric, trained.score) == ("share flagged", flagged.mean())
    assert (trained.y_train, trained.y_test, np.isnan(trained.baseline_score)) == (None, None, True)
    assert len(trained.X_train) + len(trained.X_test) == 240
    assert "nobody told which are normal" in trained.facts[2]


def test_held_out_rows_of_one_kind_have_no_score():
    dataset = machine()
    dataset = replace(dataset, y=np.where(dataset.groups == "m3", dataset.y, "calm"))
    found = unsupervised.fit(dataset, np.arange(160), np.arange(200, 240), "z-score", 0, NORMAL)
    assert np.isnan(found.score)
    assert found.warnings == ("all of the held-out rows are calm: no score; choose another --seed or --test-size",)


def test_numbers_and_truths_can_be_normal():
    dataset = machine()
    for y, normal in ((np.where(dataset.y == "calm", 0, 7), "0"), (dataset.y == "calm", "True")):
        trained = train(replace(dataset, y=y), "z-score", unlabeled=Options(normal=normal))
        assert trained.score > 0.85


def test_clusters_are_held_against_the_target():
    dataset = machine()
    trained = train(dataset, "kmeans", unlabeled=Options(clusters=3))
    kinds = {tuple(row): label for row, label in zip(dataset.X, dataset.y, strict=True)}
    truth = [kinds[tuple(row)] for row in trained.X_test]
    predicted = trained.estimator.predict(trained.X_test.astype(np.float32).astype(float))
    assert trained.score == adjusted_rand_score(truth, predicted) > 0.9
    assert (trained.metric, trained.y_test) == ("adjusted Rand index against state", None)
    assert trained.facts[2].startswith(f"3 clusters of {len(trained.X_train)} rows; held-out rows in each: ")
    assert sorted(map(int, trained.facts[2].split(": ")[1].split(", "))) == sorted(np.bincount(predicted).tolist())
    assert len(train(dataset, "kmeans").estimator[-1].cluster_centers_) == 4


def test_without_a_target_clusters_tell_how_much_they_explain():
    shares = [train(unlabeled(), "kmeans", unlabeled=Options(clusters=n)).score for n in (2, 3, 40)]
    assert 0 < shares[0] < shares[1] < shares[2] < 1
    trained = train(unlabeled(), "kmeans", unlabeled=Options(clusters=3))
    scaled = trained.estimator[0].transform(trained.X_test)
    nearest = ((scaled[:, None] - trained.estimator[-1].cluster_centers_) ** 2).sum(axis=2).min(axis=1)
    assert trained.score == pytest.approx(1 - nearest.sum() / (scaled.var(axis=0).sum() * len(scaled)), rel=1e-4)


@pytest.mark.parametrize("model", [*ANOMALIES, *CLUSTERS])
def test_the_folder_goes_on_like_others(tmp_path, model):
    trained = train(machine(), model, unlabeled=NORMAL if model in ANOMALIES else Options())
    folder = training.save(trained, tmp_path / "m")
    saved = training.load(folder)
    assert saved.results.results() == trained.results()
    assert np.array_equal(saved.estimator.predict(trained.X_test), trained.estimator.predict(trained.X_test))
    assert (saved.y_test is None) == (model in CLUSTERS)
    program = transpile(saved.estimator, "watch", saved.X_train, saved.feature_names, facts=saved.facts)
    assert program.model.classes == ((-1, 1) if model in ANOMALIES else (0, 1, 2, 3))
    json.loads((folder / "training.json").read_bytes(), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        ("tree", {"unlabeled": NORMAL}, "--normal is not for --model tree; leave it out"),
        ("mlp", {"unlabeled": Options(clusters=3)}, "--clusters is not for --model mlp"),
        (
            "kmeans",
            {"unlabeled": NORMAL},
            "--normal is for isolation-forest, elliptic-envelope, one-class-svm, z-score, not for kmeans",
        ),
        ("z-score", {"unlabeled": Options(clusters=3)}, "--clusters is for kmeans, not for z-score"),
        ("kmeans", {"unlabeled": Options(clusters=1)}, "--clusters 1: choose from 2 to"),
        ("kmeans", {"unlabeled": Options(clusters=500)}, "--clusters 500: choose from 2 to"),
        ("z-score", {"prototypes": 4}, "--prototypes is not for --model z-score"),
        ("z-score", {"train_rows": 4}, "--train-rows is not for --model z-score"),
        ("kmeans", {"folds": 5}, "--folds is not for --model kmeans"),
        ("kmeans", {"network": NetworkOptions(epochs=5)}, "--epochs is not for --model kmeans"),
        ("z-score", {"unlabeled": Options(normal="quiet")}, "no row has the label 'quiet'; choose from calm, loud, stuck"),
    ],
)
def test_options_that_do_not_go_together(model, options, says):
    with pytest.raises((UnsupportedModelError, DatasetError), match=re.escape(says)) as error:
        train(machine(), model, **options)
    assert "\n" not in str(error.value)


def test_labels_are_asked_for_where_they_are_needed():
    with pytest.raises(
        UnsupportedModelError, match="--model tree learns from labels or numbers; name their column with --target"
    ):
        train(unlabeled())
    with pytest.raises(DatasetError, match="--normal calm needs --target, a column of labels"):
        train(unlabeled(), "z-score", unlabeled=NORMAL)


def test_rows_that_never_change():
    dataset = replace(unlabeled(), X=np.ones((240, 3)))
    with pytest.raises(
        DatasetError, match=r"^dataset: MaxZScore cannot learn from \d+ rows \(.*no feature of the \d+ rows changes"
    ):
        train(dataset, "z-score")


# On the command line


@pytest.fixture
def edgewise(monkeypatch, capsys) -> Edgewise:
    return Edgewise(monkeypatch, capsys)


def test_a_table_without_a_target(edgewise, tmp_path):
    path = sensor_csv(tmp_path)
    assert datasets.load(path, None, drop=["person", "y"]).feature_names == ("a", "b")
    told = edgewise.ok(
        "train", path, "--drop", "person,y", "--model", "kmeans", "--clusters", 3, "-o", tmp_path / "m", "--json"
    ).json
    assert (told["metric"], told["one_rule"], told["cross"]) == ("share of variance explained", None, None)
    recipe = training.load(tmp_path / "m").results.recipe
    assert recipe["command"] == "edgewise train rows.csv --drop person,y --model kmeans --test-size 0.3 --seed 0 --clusters 3"
    outcome = edgewise("train", path, "--drop", "person,y", "-o", tmp_path / "n")
    assert outcome.code == 2
    assert "tree learns from labels or numbers: name their column" in " ".join(outcome.stderr.replace("│", "").split())
    assert not (tmp_path / "n").exists()


def test_normal_rows_by_name(edgewise, tmp_path):
    train = [
        "train",
        sensor_csv(tmp_path),
        "--target",
        "y",
        "--drop",
        "person",
        "--model",
        "isolation-forest",
        "-o",
        tmp_path / "m",
    ]
    told = edgewise.ok(*train, "--normal", "down", "--json").json
    assert (told["metric"], told["baseline_score"]) == ("balanced accuracy", 0.5)
    assert "balanced accuracy on held-out rows" in edgewise.ok(*train, "--normal", "down").stdout
    shown = edgewise.ok(*train).stdout  # all rows, whatever their label
    assert "share flagged on held-out rows" in shown
    assert "always the same answer" not in shown
    assert edgewise(*train, "--normal", "[b]x").error.endswith("no row has the label '[b]x'; choose from down, flat, up")


def made(folder: Path, **options) -> Path:
    trained = train(machine(), **options)
    training.save(trained, folder)
    transpile(trained.estimator, "watch", trained.X_train, trained.feature_names, facts=trained.facts).save(
        folder, trained.X_test
    )
    return folder


def test_the_report_tells_flags_from_the_rest(tmp_path):
    pytest.importorskip("matplotlib")
    page = report.write(made(tmp_path / "m", model="isolation-forest", unlabeled=NORMAL)).read_text("utf-8")
    assert "balanced accuracy" in page
    with pytest.raises(ModelFileError, match="was trained without labels, and a report needs them"):
        report.write(made(tmp_path / "k", model="kmeans"))
