"""Magnitude pruning: the smallest weights of a network become zero, and stay it while the rest learn on."""

import numpy as np

from edgewise.errors import UnsupportedModelError


def check_share(share: float) -> float:
    """Raises UnsupportedModelError unless it lies between 0 and 1."""
    if not 0 < share < 1:  # NaN is refused too
        raise UnsupportedModelError(f"--prune {share:g} is no share of the weights; choose one between 0 and 1, such as 0.5")
    return share


def prune(network, share: float) -> list[np.ndarray]:
    """Sets this share of each layer's weights to zero, those of the smallest magnitude, in place; biases stay.

    network: a fitted MLPClassifier or MLPRegressor. Returns a mask a layer, bool in the shape of its coefs_: True where a weight
    is left.
    """
    masks = []
    for weights in network.coefs_:
        order = np.argsort(np.abs(weights), axis=None, kind="stable")
        mask = np.ones(weights.size, dtype=bool)
        mask[order[: round(check_share(share) * weights.size)]] = False
        masks.append(mask.reshape(weights.shape))
        weights[~masks[-1]] = 0.0
    return masks


def epoch(network, masks: list[np.ndarray], X: np.ndarray, y: np.ndarray, rng: np.random.RandomState) -> float:
    """Shows it all rows once, in batches; after each step what was pruned is zero again. Returns the mean loss.

    X: (n_rows, n_features) as the network saw them when it was fitted; y: (n_rows,); rng: of their order.
    """
    order = rng.permutation(len(X))
    size = min(200, len(X)) if network.batch_size == "auto" else network.batch_size
    loss = 0.0
    for start in range(0, len(X), size):
        rows = order[start : start + size]
        network.partial_fit(X[rows], y[rows])
        for weights, mask in zip(network.coefs_, masks, strict=True):
            weights[~mask] = 0.0
        loss += network.loss_ * len(rows)
    return loss / len(X)


def n_zero(network) -> tuple[int, int]:
    """(weights that are zero, all weights), biases not counted."""
    return sum(int((weights == 0).sum()) for weights in network.coefs_), sum(weights.size for weights in network.coefs_)
