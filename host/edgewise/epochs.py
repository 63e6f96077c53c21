"""Networks of scikit-learn, fitted an epoch at a time, so that the loss can be watched, and pruned where that is asked for."""

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import shuffle
from threadpoolctl import threadpool_limits

from edgewise import pruning
from edgewise.errors import UnsupportedModelError
from edgewise.evaluation import final

ACTIVATIONS = ("relu", "tanh", "logistic", "identity")

OnEpoch = Callable[[int, float], None]  # (epoch, counted from 1; mean loss of the rows in it)


@dataclass(frozen=True)
class NetworkOptions:
    """What `train` may change of a network; None: as `estimators` has it. hidden: units of each hidden layer. epochs: at most.
    prune: share of each layer's weights that become zero."""

    hidden: tuple[int, ...] | None = None
    activation: str | None = None
    epochs: int | None = None
    prune: float | None = None

    def __post_init__(self):
        if self.hidden is not None and not (self.hidden and min(self.hidden) >= 1):
            raise UnsupportedModelError(f"--hidden {' '.join(map(str, self.hidden))}: a hidden layer has 1 unit or more")
        if self.activation not in (None, *ACTIVATIONS):
            raise UnsupportedModelError(f"unknown activation {self.activation!r}; choose from {', '.join(ACTIVATIONS)}")
        if self.epochs is not None and self.epochs < 1:
            raise UnsupportedModelError(f"--epochs {self.epochs}: it takes 1 or more")
        if self.prune is not None:
            pruning.check_share(self.prune)

    @property
    def words(self) -> list[str]:
        """As the command line takes them."""
        words = [word for size in self.hidden or () for word in ("--hidden", str(size))]
        for name in ("activation", "epochs", "prune"):
            if (value := getattr(self, name)) is not None:
                words += [f"--{name}", str(value)]
        return words

    def configure(self, estimator):
        """Sets them on an unfitted estimator, alone or the last of a pipeline. Raises UnsupportedModelError where it is none."""
        network = final(estimator)
        if not is_network(estimator):
            if self.words:
                raise UnsupportedModelError(
                    f"{self.words[0]} is for --model mlp, and this is a {type(network).__name__}; leave it out"
                )
            return estimator
        chosen = {"hidden_layer_sizes": self.hidden, "activation": self.activation, "max_iter": self.epochs}
        network.set_params(**{name: value for name, value in chosen.items() if value is not None})
        return estimator


def is_network(estimator) -> bool:
    return type(final(estimator)) in (MLPClassifier, MLPRegressor)


def fit(estimator, X: np.ndarray, y: np.ndarray, prune: float | None = None, on_epoch: OnEpoch | None = None):
    """In place of estimator.fit(X, y), and like it returns the estimator: an MLPClassifier or MLPRegressor that learns by adam or
    sgd without early_stopping, alone or at the end of a pipeline.

    A classifier that is not pruned has the very weights that fit finds with one thread. A regressor learns its target scaled to
    mean 0 and standard deviation 1, which its last layer takes back: values near 100000 it could not learn else.
    prune: after that, this share of the weights goes (see `pruning`), and the rest learn on for as many epochs at most.

    Its random_state has to be an int. loss_curve_ holds both parts, n_iter_ their length; of a regressor in units of the scaled
    target. Where the loss still fell at the end, a ConvergenceWarning says so. Raises ValueError as fit does.
    """
    network = final(estimator)
    seed = network.random_state
    if network is not estimator:
        X = estimator[:-1].fit_transform(X)
    with threadpool_limits(1), warnings.catch_warnings(), _one_stream(network) as rng:  # threads: see `condense`
        warnings.filterwarnings("ignore", "Got `batch_size`", UserWarning)  # fewer rows than a batch holds are one batch
        mean = scale = None
        if isinstance(network, MLPRegressor):
            mean, scale = y.mean(), y.std() or 1.0
            y = (y - mean) / scale
        losses = _learn(network, _as_fit_does(network, X, y, seed), network.max_iter, on_epoch)
        if prune is not None:
            masks = pruning.prune(network, prune)
            more = _learn(network, lambda: pruning.epoch(network, masks, X, y, rng), len(losses), on_epoch, len(losses))
            losses += more
        if scale is not None:
            network.coefs_[-1] *= scale
            network.intercepts_[-1] *= scale
            network.intercepts_[-1] += mean
    network.loss_curve_, network.n_iter_ = losses, len(losses)
    return estimator


@contextmanager
def _one_stream(network):
    """partial_fit seeds anew at every call, where random_state is an int; fit does once."""
    seed = network.random_state
    network.random_state = rng = np.random.RandomState(seed)
    try:
        yield rng
    finally:
        network.random_state = seed


def _as_fit_does(network, X: np.ndarray, y: np.ndarray, seed: int) -> Callable[[], float]:
    """A function that shows the network all rows once more and returns their mean loss.

    fit shuffles the rows as the epoch before left them, partial_fit as they come: so they come in that order, which `order`
    follows with the same random numbers.
    """
    first = {"classes": np.unique(y)} if isinstance(network, MLPClassifier) else {}
    follow = np.random.RandomState(seed)
    clone(network).set_params(random_state=follow, shuffle=False).partial_fit(X[:1], y[:1], **first)  # draws the first weights
    order = np.arange(len(X))

    def epoch() -> float:
        nonlocal order, first
        network.partial_fit(X[order], y[order], **first)
        order, first = shuffle(order, random_state=follow) if network.shuffle else order, {}
        return float(network.loss_)

    return epoch


def _learn(network, epoch: Callable[[], float], limit: int, on_epoch: OnEpoch | None, start: int = 0) -> list[float]:
    """Epoch by epoch, until the loss has not improved by tol for more than n_iter_no_change of them, which is how fit stops."""
    losses: list[float] = []
    best, waited = np.inf, 0
    while waited <= network.n_iter_no_change:
        if len(losses) == limit:
            if start == 0:  # after pruning the limit is part of the plan
                more = f"the loss was still falling after {limit} epochs; try --epochs {2 * limit}"
                warnings.warn(more, ConvergenceWarning, stacklevel=3)
            break
        losses.append(epoch())
        waited = waited + 1 if losses[-1] > best - network.tol else 0
        best = min(best, losses[-1])
        if on_epoch is not None:
            on_epoch(start + len(losses), losses[-1])
    return losses
