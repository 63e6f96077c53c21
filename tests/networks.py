"""Random neural networks in whole numbers, rows that try their limits, and the module of one outside of `transpile`."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from edgewise.backends import native
from edgewise.backends.module import compose
from edgewise.ir import Network
from edgewise.network import BoardNetwork, quantize
from edgewise.passes import BoardModel

ACTIVATIONS = ("relu", "tanh", "logistic")


def network(seed: int) -> tuple[Network, np.ndarray]:
    """(a random one, rows like those that it was trained on): none to three hidden layers, features of all sizes, some of them
    far from 0 or without a change, some weights pruned, some far larger than others."""
    rng = np.random.default_rng(seed)
    sizes = [int(rng.integers(1, 40)) for _ in range(rng.integers(1, 5))] + [int(rng.integers(1, 12))]
    reach = np.exp(rng.normal(0, rng.uniform(0, 3), sizes[0]))
    middle = reach * rng.normal(0, 1, sizes[0]) * rng.choice([0, 100])
    X = middle + rng.normal(0, 1, (60, sizes[0])) * reach
    X[:, rng.random(sizes[0]) < 0.1] = rng.choice([0.0, 7.5])
    X = X.astype(np.float32)
    layers = []
    for n_in, n_out in pairwise(sizes):
        weights = rng.normal(0, 2 / np.sqrt(n_in), (n_out, n_in)) * np.exp(rng.normal(0, rng.uniform(0, 1.5), (n_out, 1)))
        weights *= rng.random(weights.shape) >= rng.choice([0.0, 0.9])
        bias = rng.normal(0, 1, n_out) * rng.choice([0.1, 1.0, 30.0])
        layers.append((weights, bias))
    scale = np.maximum(np.ptp(X.astype(np.float64), axis=0), 1e-3)
    weights, bias = layers[0]
    weights = weights / scale
    layers[0] = (weights, bias - weights @ X.mean(axis=0))
    return Network(tuple(layers), ACTIVATIONS[seed % 3]), X


def board(seed: int) -> BoardModel:
    """The seed's network in whole numbers; of one score a regression or two classes."""
    found, X = network(seed)
    n_scores = len(found.layers[-1][1])
    classes = None if n_scores == 1 and seed % 2 else tuple(range(max(2, n_scores)))
    core = quantize(found, X, 8 if seed % 4 < 2 else 16, regression=classes is None)
    return model_of(core, classes)


def model_of(core: BoardNetwork, classes: tuple | None) -> BoardModel:
    decision = "value" if classes is None else "largest"
    return BoardModel(core, len(core.places), classes, "", False, decision=decision)


def rows(core: BoardNetwork, X: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """float32 rows: n of X, n out to twice as far as counts, ties between two whole numbers, zeros, and the largest numbers."""
    rng = np.random.default_rng(seed)
    unit = np.ldexp(1.0, -core.places)
    own = X[rng.integers(0, len(X), n)]
    whole = core.low + rng.uniform(-0.5, 1.5, (n, len(unit))) * core.most
    ties = np.floor(whole) + 0.5
    ends = core.low + np.where(rng.random((4, len(unit))) < 0.5, core.most + rng.integers(-1, 2), rng.integers(-1, 2))
    odd = rng.choice([0.0, -0.0, 1e-44, -1e-38, 3.4e38, -3.4e38], (8, len(unit)))
    return np.concatenate([own, whole * unit, ties * unit, ends * unit, odd]).astype(np.float32)


def corners(core: BoardNetwork) -> np.ndarray:
    """Rows at which the sums of the first layer are largest and smallest."""
    signs = np.sign(core.layers[0].weights)
    whole = core.low + np.where(np.concatenate([signs, -signs]) > 0, core.most, 0)
    return np.ldexp(whole.astype(np.float64), -core.places).astype(np.float32)


def composed(model: BoardModel, kernel: str, compiled: bool = False) -> str:
    """Source of the module of a model whose core is a BoardNetwork, without golden rows."""
    emission = native.emit(model, kernel)
    names = {"N_FEATURES": model.n_features, "_N_INPUTS": model.n_inputs, "FEATURES": (), "FINGERPRINT": "", "BACKEND": "plain"}
    return compose("# network", replace(emission, constants={**emission.constants, **names}), compiled)
