"""The network that is written to be read: its gradients, its likeness to MLPClassifier, and its refusals."""

import builtins

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from edgewise.errors import DatasetError, EdgewiseError, UnsupportedModelError
from edgewise.teach import ACTIVATIONS, HiddenLayerNetwork

X, SPECIES = scale(load_iris().data), load_iris().target
LABELS = {
    "numbers": SPECIES,
    "text": np.array(["setosa", "versicolor", "virginica"])[SPECIES],
    "two": SPECIES == 2,
}
WEIGHT = X @ [1.0, -2.0, 0.5, 0.0] + 0.25


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_gradients_are_how_the_loss_changes(task, activation):
    """Each weight moved a little to both sides."""
    network = HiddenLayerNetwork(5, activation, epochs=1, seed=3, task=task)
    network.fit(X, SPECIES if task == "classification" else WEIGHT)
    Y = np.eye(3)[SPECIES] if task == "classification" else WEIGHT[:, None]
    for parameters, gradients in zip((network.coefs_, network.intercepts_), network.gradients(X, Y), strict=True):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            assert parameter.shape == gradient.shape
            for at in np.ndindex(parameter.shape):
                here, losses = parameter[at], []
                for step in (1e-6, -1e-6):
                    parameter[at] = here + step
                    losses.append(network.loss(X, Y))
                parameter[at] = here
                assert gradient[at] == pytest.approx((losses[0] - losses[1]) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_with_the_weights_of_mlp_classifier_it_agrees(activation, name):
    mlp = MLPClassifier((7,), activation, max_iter=3000, learning_rate_init=0.01, random_state=1).fit(X, LABELS[name])
    network = HiddenLayerNetwork.from_mlp(mlp)
    rows = np.concatenate([X, X * 30])  # far out probabilities are 0 and 1
    assert np.abs(network.predict_proba(rows) - mlp.predict_proba(rows)).max() < 1e-12
    assert np.array_equal(network.predict(rows), mlp.predict(rows))
    assert network.classes_.tolist() == mlp.classes_.tolist()


def test_with_the_weights_of_mlp_regressor_it_agrees():
    mlp = MLPRegressor(hidden_layer_sizes=(7,), activation="tanh", max_iter=3000, random_state=1).fit(X, WEIGHT)
    network = HiddenLayerNetwork.from_mlp(mlp)
    assert np.abs(network.predict(X) - mlp.predict(X)).max() < 1e-12
    assert not hasattr(network, "predict_proba")


def test_it_changes_no_weight_of_whoever_gave_them():
    mlp = MLPClassifier((7,), max_iter=3000, random_state=1).fit(X, SPECIES)
    before = [weights.copy() for weights in mlp.coefs_]
    network = HiddenLayerNetwork.from_mlp(mlp)
    network.step(X, np.eye(3)[SPECIES])
    assert all(map(np.array_equal, before, mlp.coefs_))
    assert not np.array_equal(network.coefs_[0], mlp.coefs_[0])


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", LABELS)
def test_it_learns_classes(name, activation):
    y = LABELS[name]
    network = HiddenLayerNetwork(activation=activation).fit(X[::2], y[::2])
    assert network.score(X[1::2], y[1::2]) > 0.9
    assert network.predict(X).dtype == y.dtype
    assert np.abs(network.predict_proba(X).sum(axis=1) - 1).max() < 1e-12
    assert len(network.loss_curve_) == 100
    assert network.loss_curve_[-1] < network.loss_curve_[0] / 2
    Y = np.eye(len(network.classes_))[np.unique(y[::2], return_inverse=True)[1]]
    assert network.loss_curve_[-1] == network.loss(X[::2], Y)


def test_it_learns_a_value():
    network = HiddenLayerNetwork(activation="tanh", learning_rate=0.05, epochs=300, task="regression").fit(X[::2], WEIGHT[::2])
    assert network.score(X[1::2], WEIGHT[1::2]) > 0.98
    assert network.loss_curve_[-1] == pytest.approx(0.5 * ((network.predict(X[::2]) - WEIGHT[::2]) ** 2).mean())


def test_it_is_an_estimator_like_others():
    pipeline = make_pipeline(StandardScaler(), HiddenLayerNetwork(8, seed=5))
    one, other = (clone(pipeline).fit(load_iris().data, SPECIES) for _ in range(2))
    assert np.array_equal(one[-1].coefs_[0], other[-1].coefs_[0])
    another = clone(pipeline).set_params(hiddenlayernetwork__seed=6).fit(load_iris().data, SPECIES)
    assert not np.array_equal(one[-1].coefs_[0], another[-1].coefs_[0])
    assert is_classifier(one)
    assert is_regressor(HiddenLayerNetwork(task="regression"))


@pytest.mark.parametrize("batch", [37, 38, 200])
def test_one_batch_is_one_step(batch):
    rows, y = X[::4], SPECIES[::4]
    assert len(rows) == 38
    network = HiddenLayerNetwork(3, epochs=1, batch=batch, seed=2).fit(rows, y)
    start = HiddenLayerNetwork(3, epochs=1, batch=200, learning_rate=0.0, seed=2).fit(rows, y)
    start.learning_rate = 0.1
    start.step(rows, np.eye(3)[y])
    assert all(map(np.allclose, network.coefs_, start.coefs_)) == (batch >= 38)  # a row that is left over is a step of its own


def test_the_error_chart():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    network = HiddenLayerNetwork(epochs=7).fit(X, SPECIES)
    axes = network.plot_error()
    assert axes.lines[0].get_ydata().tolist() == network.loss_curve_
    assert axes.lines[0].get_xdata().tolist() == [*range(1, 8)]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "cross-entropy")
    assert network.plot_error(axes) is axes
    pyplot.close(axes.figure)


def test_no_matplotlib(monkeypatch):
    original = builtins.__import__

    def missing(name, *arguments, **options):
        if name.startswith("matplotlib"):
            raise ImportError("No module named 'matplotlib'")
        return original(name, *arguments, **options)

    network = HiddenLayerNetwork(epochs=1).fit(X, SPECIES)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(EdgewiseError, match=r"^a figure needs matplotlib \(.*\); pip install 'edgewise\[report\]'$"):
        network.plot_error()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"activation": "swish"}, "unknown task 'classification' or activation 'swish'; choose from .*logistic"),
        ({"task": "ranking"}, "unknown task 'ranking'"),
        ({"n_hidden": 0}, "whole numbers from 1 on, not HiddenLayerNetwork"),
        ({"batch": 0}, "whole numbers from 1 on"),
        ({"epochs": -1}, "whole numbers from 1 on"),
    ],
)
def test_options_that_are_none(options, says):
    with pytest.raises(UnsupportedModelError, match=says) as error:
        HiddenLayerNetwork(**options).fit(X, SPECIES)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("rows", "y"), [(X[:0], SPECIES[:0]), (X, SPECIES[:9]), (X[0], SPECIES), (np.where(X > 2, np.nan, X), SPECIES)]
)
def test_rows_that_are_none(rows, y):
    with pytest.raises(DatasetError, match="at least one row, X without NaN"):
        HiddenLayerNetwork().fit(rows, y)


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_steps_that_are_too_long():
    with pytest.raises(
        DatasetError, match=r"^the loss is no number after epoch \d+: learning_rate=5.0 is too much; take a tenth"
    ):
        HiddenLayerNetwork(learning_rate=5.0, task="regression").fit(X * 100, WEIGHT)


@pytest.mark.parametrize(
    "mlp",
    [
        MLPClassifier(),
        MLPClassifier((3, 3), max_iter=2),
        MLPRegressor(loss="poisson", max_iter=2),
        StandardScaler(),
    ],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_networks_of_another_kind(mlp):
    if mlp.get_params().get("max_iter") == 2:
        mlp.fit(X, SPECIES)
    with pytest.raises(UnsupportedModelError, match="is no fitted MLPClassifier or MLPRegressor of one hidden layer"):
        HiddenLayerNetwork.from_mlp(mlp)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_several_outputs_are_refused():
    several = np.stack([SPECIES > 0, SPECIES > 1], axis=1)
    with pytest.raises(UnsupportedModelError, match=r"2 outputs$"):
        HiddenLayerNetwork.from_mlp(MLPClassifier((3,), max_iter=2).fit(X, several))
    with pytest.raises(UnsupportedModelError, match=r"1 outputs$"):
        HiddenLayerNetwork.from_mlp(MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(X, several * 1.0))


def test_weights_of_another_shape():
    with pytest.raises(UnsupportedModelError, match="are not W1, W2, b1, b2 of 16 hidden units and 2 outputs"):
        HiddenLayerNetwork().set_weights((np.ones((4, 16)), np.ones((15, 2))), (np.ones(16), np.ones(2)), ["a", "b"])
