"""Predictions of a BoardModel with numpy, in the board's arithmetic (float32, in the kernels' order), and which of
scikit-learn's answers a correct board may give instead.

Chain of equality: scikit-learn = this = generated code on CPython = unix port = emulated boards; the first that differs broke.
"""

from dataclasses import dataclass

import numpy as np

from edgewise import bounds
from edgewise.fixed import BoardFixed
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees


def leaves(core: BoardTrees, X: np.ndarray) -> np.ndarray:
    """Leaf of each row in each tree: int, shape (n_rows, n_trees). X: (n_rows, n_features)."""
    X = X.astype(np.float32)
    rows = np.arange(len(X))[:, None]
    reference = np.broadcast_to(core.roots, (len(X), len(core.roots))).astype(np.int64)
    while (inside := reference >= 0).any():
        node = np.where(inside, reference, 0)
        goes_left = X[rows, core.feature[node]] <= core.threshold[node]
        reference = np.where(inside, np.where(goes_left, core.left[node], core.right[node]), reference)
    return ~reference


def _tree_scores(core: BoardTrees, X: np.ndarray) -> np.ndarray:
    totals = core.votes[leaves(core, X)].sum(axis=1)
    if core.full:
        return totals / (core.full * len(core.roots))
    product = np.float32(core.scale) * totals.astype(np.float32)
    return (np.float32(core.offset) + product).astype(np.float64)


def _linear_scores(core: BoardLinear, X: np.ndarray) -> np.ndarray:
    offset = X.astype(np.float32) - core.center
    scores = np.repeat(core.intercept[None, :], len(X), axis=0)
    for feature in range(offset.shape[1]):
        scores = scores + offset[:, feature : feature + 1] * core.coef[:, feature]
    return scores.astype(np.float64)


def _fixed_scores(core: BoardFixed, X: np.ndarray, as_float32: bool) -> np.ndarray:
    q, inside = core.units(X)
    scores = np.ldexp(core.sums(q), -core.scale)
    if as_float32:
        scores = scores.astype(np.float32).astype(np.float64)
    return np.where(inside[:, None], scores, _linear_scores(_in_floats(core), X))


def _in_floats(core: BoardFixed) -> BoardLinear:
    """What a board computes of a row beyond the limits."""
    middle, slopes, base = (values.astype(np.float32) for values in (core.middle, core.slopes, core.base))
    return BoardLinear(middle, slopes, base, core.link, None)


def _distances(core: BoardNeighbors, X: np.ndarray) -> np.ndarray:
    """float32, squared where euclidean; shape (n_rows, n_prototypes)."""
    rows = (X.astype(np.float32) - core.center) * core.factor
    total = np.zeros((len(rows), len(core.prototypes)), dtype=np.float32)
    for row, prototype in zip(rows.T, core.prototypes.T, strict=True):
        difference = row[:, None] - prototype
        total = total + (difference * difference if core.metric == "euclidean" else np.abs(difference))
    return total


def _neighbor_scores(core: BoardNeighbors, X: np.ndarray, n_classes: int) -> np.ndarray:
    distance = _distances(core, X)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : core.k]
    weight = _weights(core, np.take_along_axis(distance, nearest, axis=1).astype(np.float64))
    target = core.target[nearest]
    if n_classes:
        votes = np.stack([(weight * (target == c)).sum(axis=1) for c in range(n_classes)], axis=1)
        return votes / weight.sum(axis=1, keepdims=True)
    return ((weight * target).sum(axis=1) / weight.sum(axis=1))[:, None]


def _weights(core: BoardNeighbors, distance: np.ndarray) -> np.ndarray:
    if core.weights == "uniform":
        return np.ones_like(distance)
    distance = np.sqrt(distance) if core.metric == "euclidean" else distance
    same = distance == 0
    with np.errstate(divide="ignore"):
        return np.where(same.any(axis=1, keepdims=True), same, 1 / distance)


def scores(model: BoardModel, X: np.ndarray) -> np.ndarray:
    """Probabilities, decision values or the regression's value, float64, shape (n_rows, n_scores)."""
    core = model.core
    if isinstance(core, BoardTrees):
        return _tree_scores(core, X)
    if isinstance(core, BoardLinear):
        return _linear_scores(core, X)
    if isinstance(core, BoardFixed):
        return _fixed_scores(core, X, model.classes is None)
    return _neighbor_scores(core, X, len(model.classes or ()))


def class_indices(class_scores: np.ndarray) -> np.ndarray:
    """The winner of each row: the first of the largest, or with one score whether it is above zero."""
    if class_scores.shape[1] == 1:
        return (class_scores[:, 0] > 0).astype(np.int64)
    return class_scores.argmax(axis=1)


def predict(model: BoardModel, X: np.ndarray) -> np.ndarray:
    """Class indices (int) or values (float64), shape (n_rows,)."""
    result = scores(model, X)
    return class_indices(result) if model.classes is not None else result[:, 0]


@dataclass(frozen=True)
class Allowed:
    """What a correct board may answer. classes: bool (n_rows, n_classes), or None; low, high: (n_rows,) for a regression."""

    classes: np.ndarray | None
    low: np.ndarray | None
    high: np.ndarray | None


def allowed(model: BoardModel, X: np.ndarray, expected_scores: np.ndarray) -> Allowed:
    """expected_scores: scikit-learn's, in float64: probabilities, decision values, or predictions as one column."""
    core = model.core
    if isinstance(core, BoardNeighbors):
        return _allowed_neighbors(model, core, X)
    if isinstance(core, BoardLinear):
        error = bounds.linear_bound(core, np.abs(X.astype(np.float32).astype(np.float64) - core.center))
    elif isinstance(core, BoardFixed):
        error = _fixed_error(core, X)
    elif core.full:
        # Whole numbers on both sides are exact: pure leaves are, and the winner of a single tree's leaf is kept.
        exact = (core.votes.max(axis=1) == core.full)[leaves(core, X)].all(axis=1) | (len(core.roots) == 1)
        error = np.where(exact, 0, bounds.class_quantum(core) / 2)[:, None]
    else:
        error = np.full_like(expected_scores, bounds.tree_value_bound(core))
    low, high = expected_scores - error, expected_scores + error
    if model.classes is None:
        return Allowed(None, low[:, 0], high[:, 0])
    if expected_scores.shape[1] == 1:
        return Allowed(np.stack([low[:, 0] <= 0, high[:, 0] > 0], axis=1), None, None)
    winner = class_indices(expected_scores)[:, None] == np.arange(expected_scores.shape[1])
    return Allowed(winner | (high > low.max(axis=1, keepdims=True)), None, None)


def _fixed_error(core: BoardFixed, X: np.ndarray) -> np.ndarray:
    offset = np.abs(X.astype(np.float32).astype(np.float64) - core.middle)
    error = bounds.fixed_bound(core, offset)
    return np.where(core.units(X)[1][:, None], error, error + bounds.linear_bound(_in_floats(core), offset))


def _allowed_neighbors(model: BoardModel, core: BoardNeighbors, X: np.ndarray) -> Allowed:
    """Every choice of k neighbors that the errors of the distances leave open, and the largest and smallest sums over them.

    Surely in: nearer than the k-th distance by more than both errors. Open: not surely in, and not surely out.
    """
    rows = (X.astype(np.float32).astype(np.float64) - core.center) * core.factor.astype(np.float64)
    prototypes = core.prototypes.astype(np.float64)
    order = 2 if core.metric == "euclidean" else 1
    distance = np.stack([(np.abs(row - prototypes) ** order).sum(axis=1) for row in rows])
    error = bounds.distance_bound(core, rows, prototypes)
    low, high = np.maximum(distance - error, 0), distance + error
    kth_high = np.partition(high, core.k - 1, axis=1)[:, core.k - 1 : core.k]
    kth_low = np.partition(low, core.k - 1, axis=1)[:, core.k - 1 : core.k]
    sure, possible = high < kth_low, low <= kth_high
    open_ = possible & ~sure
    free = core.k - sure.sum(axis=1)
    settled = open_.sum(axis=1) == free
    sure, open_, free = sure | (open_ & settled[:, None]), open_ & ~settled[:, None], np.where(settled, 0, free)
    weight_low, weight_high = _weight_range(core, low, high)
    if model.classes is None:
        return _value_range(core, sure, open_, free, weight_low, weight_high)
    n_classes = len(model.classes)
    of_class = core.target[:, None] == np.arange(n_classes)
    least = np.where(sure, weight_low, 0) @ of_class + _fewest(weight_low, open_, free, of_class)
    most = np.where(sure, weight_high, 0) @ of_class + _most(weight_high, open_, free, of_class)
    slack = 4 * (core.k + 2) * bounds.UNIT * (core.weights == "distance")  # relative, as all terms of a sum are positive
    classes = (most > 0) & (most * (1 + slack) >= (least * (1 - slack)).max(axis=1, keepdims=True))
    if core.weights == "uniform":  # whole votes: the first of the largest wins, so an equal later class does not
        certain = settled
        winner = (sure @ of_class.astype(np.int64)).argmax(axis=1)
        classes[certain] = np.arange(n_classes) == winner[certain, None]
    return Allowed(classes, None, None)


def _weight_range(core: BoardNeighbors, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if core.weights == "uniform":
        return np.ones_like(low), np.ones_like(low)
    if core.metric == "euclidean":
        low, high = np.sqrt(low), np.sqrt(high)
    with np.errstate(divide="ignore"):
        exact = (high == 0).any(axis=1, keepdims=True)  # a distance of exactly zero takes the whole weight
        return np.where(exact, high == 0, 1 / high), np.where(exact, low == 0, 1 / np.maximum(low, 1e-200))


def _most(weight: np.ndarray, open_: np.ndarray, free: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Most weight that `free` open neighbors can give each class: its heaviest. Shape (n_rows, n_classes)."""
    return _heaviest(np.where(open_, weight, 0), np.repeat(free[:, None], of_class.shape[1], axis=1), of_class)


def _fewest(weight: np.ndarray, open_: np.ndarray, free: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Least weight that `free` open neighbors can give each class: its lightest, as many as the others do not fill."""
    others = open_.sum(axis=1, keepdims=True) - open_ @ of_class.astype(np.int64)
    return -_heaviest(np.where(open_, -weight, -np.inf), np.maximum(free[:, None] - others, 0), of_class)


def _heaviest(weight: np.ndarray, count: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Sum of the `count` (n_rows, n_classes) largest weights of each class."""
    result = np.zeros(count.shape)
    for c in range(of_class.shape[1]):
        own = -np.sort(-weight[:, of_class[:, c]], axis=1)
        result[:, c] = np.where(np.arange(own.shape[1]) < count[:, c : c + 1], own, 0).sum(axis=1)
    return result


def _value_range(core, sure, open_, free, weight_low, weight_high) -> Allowed:
    """Range of the (weighted) mean of the targets, by taking the extreme targets among the open neighbors."""
    target = core.target.astype(np.float64)
    chosen = sure | open_
    least, most = np.empty(len(sure)), np.empty(len(sure))
    for i in range(len(sure)):
        inside = target[chosen[i]]
        if core.weights == "uniform":
            own, others = target[sure[i]], np.sort(target[open_[i]])
            count = int(free[i])
            least[i] = (own.sum() + others[:count].sum()) / core.k
            most[i] = (own.sum() + others[len(others) - count :].sum()) / core.k
        elif free[i]:
            least[i], most[i] = inside.min(), inside.max()
        else:
            least[i], most[i] = _extreme_means(inside, weight_low[i, chosen[i]], weight_high[i, chosen[i]])
    rounding = bounds.SLACK * bounds.UNIT * (2 * core.k + 4) * np.abs(target).max()
    return Allowed(None, least - rounding, most + rounding)


def _extreme_means(target: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
    """Least and largest weighted mean when each weight may lie anywhere from low to high.

    The largest gives the targets above some place their high weights and the others their low ones.
    """
    order = np.argsort(target)
    target, low, high = target[order], low[order], high[order]
    above = np.arange(len(target)) >= np.arange(len(target) + 1)[:, None]  # one row a place
    largest, least = np.where(above, high, low), np.where(above, low, high)
    return float((least @ target / least.sum(axis=1)).min()), float((largest @ target / largest.sum(axis=1)).max())
