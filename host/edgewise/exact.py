"""What an ir.Model answers in float64: the link between scikit-learn's answers and the bounds on a board's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.ir import KernelMachine, Linear, Model, Network, Trees, apply

# scikit-learn sums in another order; a lowering that is wrong errs by more than this share.
TOLERANCE = 1e-6
SINGLE_TOLERANCE = 1e-5  # of values that come as float32: XGBoost's sum of 100 trees was off by 2.5e-6


def scores(model: Model, X: np.ndarray) -> np.ndarray:
    """(n_rows, n_scores) of raw rows, float64; of nearest neighbors there are none (KeyError)."""
    return SCORES[type(model.core)](model.core, apply(model.stages, X.astype(np.float64)))


def leaves(core: Trees, X: np.ndarray) -> np.ndarray:
    """Leaf of each row in each tree: int, shape (n_rows, n_trees). X: float64 (n_rows, n_features), NaN for what is missing."""
    if core.single:
        with np.errstate(over="ignore"):
            X = X.astype(np.float32)
    rows = np.arange(len(X))[:, None]
    reference = np.broadcast_to(core.roots, (len(X), len(core.roots))).astype(np.int64)
    while (inside := reference >= 0).any():
        node = np.where(inside, reference, 0)
        number = X[rows, core.feature[node]]
        goes_left = number <= core.threshold[node]
        if core.missing_left is not None:
            goes_left |= np.isnan(number) & core.missing_left[node]
        reference = np.where(inside, np.where(goes_left, core.left[node], core.right[node]), reference)
    return ~reference


def _trees(core: Trees, X: np.ndarray) -> np.ndarray:
    leaf = leaves(core, X)
    if core.combine == "median":
        return weighted_median(core.value[leaf, 0], core.weights)[:, None]  # type: ignore[arg-type]
    total: np.ndarray = np.zeros((len(X), core.value.shape[1]))
    for tree in leaf.T:
        total += core.value[tree]
    if core.combine == "mean":
        return total / len(core.roots)
    total = total + core.base
    return -(2.0**-total) if core.combine == "isolation" else total


def weighted_median(values: np.ndarray, weights: np.ndarray, share: float = 0.5) -> np.ndarray:
    """The lowest value at which the weights up to it come to half of them all, or to another share. values: (n_rows, n);
    weights: (n,)."""
    order = np.argsort(values, axis=1, kind="stable")
    reached = weights[order].cumsum(axis=1)
    place = (reached >= share * reached[:, -1:]).argmax(axis=1)
    rows = np.arange(len(values))
    return values[rows, order[rows, place]]


def _linear(core: Linear, X: np.ndarray) -> np.ndarray:
    return X @ core.coef.T + core.intercept


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda sums: sums,
    "relu": lambda sums: np.maximum(sums, 0.0),
    "tanh": np.tanh,
    "logistic": lambda sums: 0.5 + 0.5 * np.tanh(0.5 * sums),  # no overflow
}


def _network(core: Network, X: np.ndarray) -> np.ndarray:
    for weights, bias in core.layers[:-1]:
        X = ACTIVATIONS[core.activation](X @ weights.T + bias)
    weights, bias = core.layers[-1]
    return X @ weights.T + bias


KERNELS: dict[str, Callable[[KernelMachine, np.ndarray], np.ndarray]] = {
    "rbf": lambda core, X: np.exp(-core.gamma * np.stack([((v - X) ** 2).sum(axis=1) for v in core.vectors], axis=1)),
    "laplacian": lambda core, X: np.exp(-core.gamma * np.stack([np.abs(v - X).sum(axis=1) for v in core.vectors], axis=1)),
    "poly": lambda core, X: (core.gamma * X @ core.vectors.T + core.coef0) ** core.degree,
    "sigmoid": lambda core, X: np.tanh(core.gamma * X @ core.vectors.T + core.coef0),
}


def _machine(core: KernelMachine, X: np.ndarray) -> np.ndarray:
    if core.factor is not None:
        X = core.factor * X + core.offset
    return KERNELS[core.kind](core, X) @ core.dual.T + core.intercept


SCORES: dict[type, Callable[[Any, np.ndarray], np.ndarray]] = {
    Trees: _trees,
    Linear: _linear,
    Network: _network,
    KernelMachine: _machine,
}
