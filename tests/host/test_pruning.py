"""Pruning: the smallest weights go, as many as asked for in each layer, and never come back."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

from edgewise import epochs, estimators, pruning
from edgewise.errors import UnsupportedModelError

DIGITS = train_test_split(*load_digits(return_X_y=True), test_size=0.3, random_state=0)
X, X_TEST, Y, Y_TEST = DIGITS


def network(**options) -> MLPClassifier:
    options = {"hidden_layer_sizes": (6, 5), "max_iter": 5, "random_state": 0, "batch_size": 50} | options
    return MLPClassifier(**options)


@pytest.fixture(autouse=True)
def _no_word_of_convergence():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*(still falling|Maximum iterations|Got `batch_size`)", UserWarning)
        yield


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.999])
def test_the_smallest_of_each_layer_go(share):
    model = network().fit(X, Y)
    before = [weights.copy() for weights in model.coefs_]
    biases = [bias.copy() for bias in model.intercepts_]
    masks = pruning.prune(model, share)
    for weights, old, mask in zip(model.coefs_, before, masks, strict=True):
        assert (~mask).sum() == round(share * old.size)
        assert np.array_equal(weights, np.where(mask, old, 0.0))
        assert np.abs(old[~mask]).max(initial=0) <= np.abs(old[mask]).min(initial=np.inf)
    assert all(map(np.array_equal, biases, model.intercepts_))
    assert pruning.n_zero(model) == (sum(round(share * old.size) for old in before), 64 * 6 + 6 * 5 + 5 * 10)


def test_equal_weights_go_from_the_front():
    model = network(hidden_layer_sizes=(2,)).fit(X[:, :2], Y)
    model.coefs_[0][:] = 1.0
    assert pruning.prune(model, 0.5)[0].tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_what_was_pruned_stays_zero_while_the_rest_learn(solver):
    model = network(solver=solver).fit(X, Y)
    masks = pruning.prune(model, 0.5)
    left = [weights.copy() for weights in model.coefs_]
    rng = np.random.RandomState(0)
    losses = [pruning.epoch(model, masks, X, Y, rng) for _ in range(3)]
    for weights, old, mask in zip(model.coefs_, left, masks, strict=True):
        assert (weights[~mask] == 0).all()
        assert (weights[mask] != old[mask]).all()
    assert losses[2] < losses[0]


@pytest.mark.parametrize("n_rows", [7, 50, 51, 100])
def test_each_row_is_seen_once_an_epoch(n_rows):
    """Also those that fill no batch; the order is drawn."""
    seen, sizes = [], []

    class Watched(MLPClassifier):
        def partial_fit(self, X, y, classes=None):
            seen.extend(X[:, 0].tolist())
            sizes.append(len(X))
            return super().partial_fit(X, y, classes=classes)

    rows = np.arange(n_rows * 2.0).reshape(n_rows, 2)
    y = np.arange(n_rows) % 2
    model = Watched((3,), random_state=0, batch_size=50).partial_fit(rows, y, classes=[0, 1])
    seen.clear()
    sizes.clear()
    pruning.epoch(model, pruning.prune(model, 0.5), rows, y, np.random.RandomState(1))
    assert sorted(seen) == rows[:, 0].tolist()
    assert seen != rows[:, 0].tolist()
    assert sizes == [50] * (n_rows // 50) + [n_rows % 50] * (n_rows % 50 > 0)


def test_after_fit_the_zeros_are_in_the_saved_network():
    model = epochs.fit(network(hidden_layer_sizes=(16,), max_iter=20), X, Y, prune=0.5)
    assert type(model) is MLPClassifier
    assert [int((weights == 0).sum()) for weights in model.coefs_] == [64 * 16 // 2, 16 * 10 // 2]
    assert len(model.loss_curve_) == model.n_iter_ == 40
    assert model.random_state == 0


def test_fine_tuning_brings_back_what_pruning_lost():
    """On digits, scaled by hand."""
    options = dict(estimators.MLP, max_iter=30)
    whole = epochs.fit(network(**options), X / 16, Y)
    cut = epochs.fit(network(**options), X / 16, Y)
    pruning.prune(cut, 0.7)
    tuned = epochs.fit(network(**options), X / 16, Y, prune=0.7)
    scores = [model.score(X_TEST / 16, Y_TEST) for model in (whole, cut, tuned)]
    assert scores[0] > 0.94
    assert scores[1] < scores[0] - 0.05
    assert scores[2] > scores[1] + 0.04


def test_a_pruned_regressor_keeps_zeros_and_units():
    """Its last layer is scaled to the units of the target, which leaves a zero a zero."""
    target = 101325.0 + 50.0 * X[:, 20]
    model = MLPRegressor(random_state=0, **dict(estimators.MLP, max_iter=40))
    model = epochs.fit(model, X / 16, target, prune=0.5)
    assert pruning.n_zero(model) == ((64 * 16 + 16) // 2, 64 * 16 + 16)
    assert model.score(X_TEST / 16, 101325.0 + 50.0 * X_TEST[:, 20]) > 0.9


def test_the_same_seed_prunes_the_same():
    one, other = (epochs.fit(clone(network()), X, Y, prune=0.5) for _ in range(2))
    assert all(map(np.array_equal, one.coefs_, other.coefs_))
    assert one.loss_curve_ == other.loss_curve_


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5, float("nan"), float("inf")])
def test_no_share(share):
    with pytest.raises(UnsupportedModelError, match=r"is no share of the weights; choose one between 0 and 1, such as 0\.5"):
        pruning.prune(network().fit(X[:50], Y[:50]), share)
    with pytest.raises(UnsupportedModelError, match=r"--prune .* is no share"):
        epochs.NetworkOptions(prune=share)
