"""train --model mlp: epochs that can be watched and change nothing, what the folder keeps of them, and refusals."""

import hashlib
import json
import re
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from edgewise import epochs, estimators, plots, training
from edgewise.datasets import Dataset
from edgewise.epochs import NetworkOptions
from edgewise.errors import ModelFileError, UnsupportedModelError
from edgewise.evaluation import LossCurve, Results
from edgewise.training import train

X, SPECIES = load_iris(return_X_y=True)
SHORT = NetworkOptions(epochs=12)


def iris(task: str = "classification") -> Dataset:
    y = np.array(["setosa", "versicolor", "virginica"])[SPECIES] if task == "classification" else X @ [1.0, 2.0, 3.0, 4.0] * 1e5
    return Dataset(X, y, ("a", "b", "c", "d"), "y", task)


def made(task: str = "classification", **options) -> Pipeline:
    estimator = estimators.make("mlp", task, seed=4)
    estimator[-1].set_params(**options)
    return estimator


@pytest.fixture(autouse=True)
def _no_word_of_convergence():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*(still falling|Maximum iterations|Got `batch_size`)", UserWarning)
        yield


# Epochs


@pytest.mark.parametrize("labels", ["number", "text", "bool"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_iter": 9, "activation": "tanh"},
        {"hidden_layer_sizes": (5, 4), "batch_size": "auto"},
        {"solver": "sgd", "batch_size": 1000, "max_iter": 20},
        {"shuffle": False, "max_iter": 20},
    ],
)
def test_a_watched_classifier_is_what_fit_makes(options, labels):
    """To the last bit, with the losses, the number of epochs and the place in the stream of random numbers."""
    y = {"number": SPECIES, "text": iris().y, "bool": SPECIES == 1}[labels]
    with threadpool_limits(1):
        plain = made(**options).fit(X, y)[-1]
    seen = []
    watched = epochs.fit(made(**options), X, y, on_epoch=lambda epoch, loss: seen.append((epoch, loss)))[-1]
    for one, other in zip((*plain.coefs_, *plain.intercepts_), (*watched.coefs_, *watched.intercepts_), strict=True):
        assert np.array_equal(one, other)
    assert plain.loss_curve_ == watched.loss_curve_
    assert seen == [*enumerate(plain.loss_curve_, start=1)]
    assert plain.n_iter_ == watched.n_iter_ == len(seen)
    assert plain.get_params() == watched.get_params()
    assert plain._random_state.randint(10**9) == watched._random_state.randint(10**9)
    assert watched.classes_.tolist() == plain.classes_.tolist()
    assert type(watched) is MLPClassifier
    assert vars(watched).keys() == vars(plain).keys()


def test_it_stops_by_the_rule_of_fit():
    """With a tolerance that few epochs beat."""
    for tol, patience in ((1e-2, 3), (0.05, 0), (1e-3, 10)):
        plain = made(tol=tol, n_iter_no_change=patience or 1).fit(X, SPECIES)[-1]
        assert 1 < epochs.fit(made(tol=tol, n_iter_no_change=patience or 1), X, SPECIES)[-1].n_iter_ == plain.n_iter_ < 300


def test_a_regressor_learns_values_far_from_zero():
    y = iris("regression").y
    fitted = epochs.fit(made("regression"), X, y)
    assert type(fitted[-1]) is MLPRegressor
    assert fitted.score(X, y) > 0.99
    assert made("regression").fit(X, y).score(X, y) < 0  # what fit alone makes of it
    scaled = epochs.fit(made("regression"), X, (y - y.mean()) / y.std())
    assert np.allclose(fitted.predict(X), scaled.predict(X) * y.std() + y.mean(), rtol=1e-9)
    assert fitted[-1].loss_curve_ == pytest.approx(scaled[-1].loss_curve_)


def test_a_target_that_never_changes():
    fitted = epochs.fit(made("regression", max_iter=30), X, np.full(len(X), 7.0))
    assert fitted.predict(X) == pytest.approx(7.0, abs=0.5)


def test_what_still_falls_is_said():
    warnings.simplefilter("always")
    with pytest.warns(UserWarning, match="^the loss was still falling after 9 epochs; try --epochs 18$"):
        epochs.fit(made(max_iter=9), X, SPECIES)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_the_seed_is_what_it_was_even_where_fit_fails():
    estimator = made()
    with pytest.raises(ValueError, match="NaN"):
        epochs.fit(estimator, X * np.nan, SPECIES)
    assert estimator[-1].random_state == 4


# Training


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_what_is_trained_is_plain_and_said(task):
    seen = []
    options = NetworkOptions((6, 5), "tanh", 15)
    trained = train(iris(task), "mlp", seed=3, network=options, folds=2, on_epoch=lambda *epoch: seen.append(epoch))
    scaler, network = (step for _, step in trained.estimator.steps)
    assert (type(scaler), type(network)) == (StandardScaler, MLPClassifier if task == "classification" else MLPRegressor)
    params = network.get_params()
    assert (params["hidden_layer_sizes"], params["activation"], params["max_iter"], params["random_state"]) == (
        (6, 5),
        "tanh",
        15,
        3,
    )
    assert seen == [*enumerate(trained.loss.losses, start=1)]  # no epoch of the models that are only compared
    assert trained.loss == LossCurve(tuple(network.loss_curve_))
    assert trained.pruned is None
    assert trained.cross is not None
    assert trained.facts[2] == f"(6, 5) hidden units, 15 epochs, loss {trained.loss.losses[-1]:.4g}"


def test_the_folds_are_fitted_the_same_way():
    trained = train(iris("regression"), "mlp", network=SHORT, folds=3)
    assert min(trained.cross.scores) > 0.5  # with fit alone they are far below 0


def test_pruned_and_said():
    options = NetworkOptions(epochs=40, prune=0.5)
    trained = train(iris(), "mlp", folds=0, network=options)
    whole = train(iris(), "mlp", folds=0, network=NetworkOptions(epochs=40))
    pruned = trained.pruned
    assert (pruned.share, pruned.n_zero, pruned.n_weights, pruned.full_score) == (0.5, 56, 112, whole.score)
    assert sum(int((weights == 0).sum()) for weights in trained.estimator[-1].coefs_) == 56
    assert trained.loss.losses[: trained.loss.pruned_after] == whole.loss.losses
    assert trained.loss.pruned_after == len(whole.loss.losses) < len(trained.loss.losses)
    assert trained.facts[3] == (f"pruned 56 of 112 weights (--prune 0.5): accuracy {trained.score:.4f}, {whole.score:.4f} before")
    assert (trained.full_score, trained.n_prototypes) == (None, None)


def test_the_recipe_names_the_options():
    dataset = iris()
    assert NetworkOptions((16, 8), "relu", 200, 0.5).words == [
        *("--hidden", "16", "--hidden", "8", "--activation", "relu", "--epochs", "200", "--prune", "0.5")
    ]
    assert NetworkOptions().words == []
    assert train(dataset, "mlp", folds=0, network=SHORT).recipe["command"] is None


def test_other_models_have_no_epochs():
    trained = train(iris(), "tree", folds=0, on_epoch=lambda *_: pytest.fail("a tree has no epochs"))
    assert (trained.loss, trained.pruned) == (None, None)


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        ("tree", {"hidden": (4,)}, "--hidden is for --model mlp, and this is a DecisionTreeClassifier; leave it out"),
        ("linear", {"activation": "relu"}, "--activation is for --model mlp, and this is a LogisticRegression"),
        ("forest", {"epochs": 3}, "--epochs is for --model mlp"),
        ("knn", {"prune": 0.5}, "--prune is for --model mlp"),
        ("mlp", {"hidden": ()}, "--hidden : a hidden layer has 1 unit or more"),
        ("mlp", {"hidden": (4, 0)}, "--hidden 4 0: a hidden layer has 1 unit or more"),
        ("mlp", {"activation": "swish"}, "unknown activation 'swish'; choose from relu, tanh, logistic, identity"),
        ("mlp", {"epochs": 0}, "--epochs 0: it takes 1 or more"),
        ("mlp", {"prune": 1.0}, "--prune 1 is no share of the weights"),
    ],
)
def test_options_that_do_not_go_together(model, options, says):
    with pytest.raises(UnsupportedModelError, match=re.escape(says)) as error:
        train(iris(), model, network=NetworkOptions(**options))
    assert "\n" not in str(error.value)


def test_prototypes_are_not_for_networks():
    with pytest.raises(UnsupportedModelError, match="--prototypes 5 is for --model knn"):
        train(iris(), "mlp", prototypes=5)


# The folder


@pytest.mark.parametrize("prune", [None, 0.25])
def test_the_folder_keeps_losses_and_chart(tmp_path, prune):
    trained = train(iris(), "mlp", folds=0, network=NetworkOptions(epochs=12, prune=prune))
    chart = b"<svg/>"
    folder = training.save(trained, tmp_path / "m", chart)
    assert (folder / "error.svg").read_bytes() == chart
    saved = training.load(folder)
    assert (saved.results.loss, saved.results.pruned) == (trained.loss, trained.pruned)
    assert np.array_equal(saved.estimator.predict(X), trained.estimator.predict(X))
    again = clone(trained.estimator[-1])
    assert type(saved.estimator[-1]) is type(again)
    report = json.loads((folder / "training.json").read_bytes())
    assert report["loss"]["losses"] == list(trained.loss.losses)
    assert report["chart_sha256"] == hashlib.sha256(chart).hexdigest()


def test_a_second_run_replaces_the_chart(tmp_path):
    trained = train(iris(), "mlp", folds=0, network=SHORT)
    folder = training.save(trained, tmp_path / "m", b"<svg>1</svg>")
    training.save(trained, folder, b"<svg>2</svg>")
    assert (folder / "error.svg").read_bytes() == b"<svg>2</svg>"
    training.save(train(iris(), "tree", folds=0), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["model.skops", "rows.npz", "training.json"]


def test_a_chart_of_the_users_own_stays(tmp_path):
    trained = train(iris(), "mlp", folds=0, network=SHORT)
    folder = training.save(trained, tmp_path / "m", b"<svg/>")
    (folder / "error.svg").write_bytes(b"mine")
    with pytest.raises(ModelFileError, match=r"error\.svg was not written by edgewise; rename it"):
        training.save(trained, folder, b"<svg/>")
    training.save(train(iris(), "tree", folds=0), folder)
    assert (folder / "error.svg").read_bytes() == b"mine"


def test_results_of_an_earlier_version_have_no_losses():
    results = train(iris(), "tree", folds=0).results()
    older = {name: value for name, value in results.items() if name not in ("loss", "pruned")}
    assert Results.read(older).loss is None
    with pytest.raises(KeyError):
        Results.read({name: value for name, value in results.items() if name != "cross"})


def test_the_chart_is_the_losses():
    pytest.importorskip("matplotlib")
    drawn = plots.svg(plots.loss, LossCurve((2.0, 1.0, 0.5, 0.8, 0.6), 3)).decode()
    assert drawn == plots.svg(plots.loss, LossCurve((2.0, 1.0, 0.5, 0.8, 0.6), 3)).decode()
    assert all(word in drawn for word in ("epoch", "loss, training rows", "pruned"))
    assert "pruned" not in plots.svg(plots.loss, LossCurve((2.0, 1.0))).decode()
    assert plots.svg(plots.loss, LossCurve((2.0, 1.5))) != plots.svg(plots.loss, LossCurve((2.0, 1.0)))
