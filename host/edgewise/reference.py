"""Predictions of a BoardModel with numpy, in the board's arithmetic (float32, in the kernels' order), and which of
scikit-learn's answers a correct board may give instead.

Chain of equality: scikit-learn = this = generated code on CPython = unix port = emulated boards; the first that differs broke.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise import bounds, machines
from edgewise.backends import packed_machine
from edgewise.backends.packed_machine import GridMachine
from edgewise.decisions import CLASSES, Allowed, as_answers, counts, linked
from edgewise.exact import weighted_median
from edgewise.fixed import BoardFixed
from edgewise.ir import apply
from edgewise.machines import BoardMachine
from edgewise.network import BoardNetwork, FloatNetwork
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees
from edgewise.rounding import Bounded


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
    return _of_votes(core, core.votes[leaves(core, X)])


def _of_votes(core: BoardTrees, votes: np.ndarray) -> np.ndarray:
    """Scores, which no vote lowers. votes: (n_rows, n_trees, n_outputs)."""
    totals = votes.sum(axis=1) if core.weights is None else weighted_median(votes[:, :, 0], core.weights)[:, None]
    if core.full:
        return totals / (core.full * len(core.roots))
    if core.by_sums:
        return core.offset + core.scale * totals
    product = np.asarray(core.scale, np.float32) * totals.astype(np.float32)
    value = np.asarray(core.offset, np.float32) + product
    if core.combine == "isolation":
        value = -(np.float32(2) ** -value)
    return value.astype(np.float64)


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
    return BoardLinear(middle, slopes, base, None)


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


def _neighbors_of(model: BoardModel, X: np.ndarray) -> np.ndarray:
    return _neighbor_scores(model.core, X, len(model.classes or ()))  # type: ignore[arg-type]


SCORES: dict[type, Callable[[BoardModel, np.ndarray], np.ndarray]] = {
    BoardTrees: lambda model, X: _tree_scores(model.core, X),  # type: ignore[arg-type]
    BoardLinear: lambda model, X: _linear_scores(model.core, X),  # type: ignore[arg-type]
    BoardFixed: lambda model, X: _fixed_scores(model.core, X, model.classes is None),  # type: ignore[arg-type]
    BoardNeighbors: _neighbors_of,
    BoardMachine: lambda model, X: machines.scores(model.core, X),  # type: ignore[arg-type]
    GridMachine: lambda model, X: packed_machine.scores(model.core, X),  # type: ignore[arg-type]
    FloatNetwork: lambda model, X: model.core.scores(X).astype(np.float64),  # type: ignore[union-attr]
    BoardNetwork: lambda model, X: model.core.scores(X),  # type: ignore[union-attr]
}


def scores(model: BoardModel, X: np.ndarray) -> np.ndarray:
    """Decision values, votes or the regression's value before its link, float64, shape (n_rows, n_scores). X: raw rows."""
    inputs = apply(model.stages, X.astype(np.float32).astype(np.float64)).astype(np.float32)
    return SCORES[type(model.core)](model, inputs)


def predict(model: BoardModel, X: np.ndarray) -> np.ndarray:
    """Class indices (int) or values (float64), shape (n_rows,), of several outputs (n_rows, n_outputs)."""
    result = scores(model, X)
    if model.classes is not None:
        return CLASSES[model.decision].indices(result, counts(model.classes), model.threshold)
    return as_answers(model.decision, linked(model.link, result))


def _linear_errors(core: BoardLinear, inputs: Bounded) -> np.ndarray:
    offset = np.abs(inputs.value - core.center)
    return bounds.linear_bound(core, offset + inputs.error) + inputs.error @ np.abs(core.coef.astype(np.float64)).T


def _fixed_errors(core: BoardFixed, inputs: Bounded) -> np.ndarray:
    return _fixed_error(core, inputs.value.astype(np.float32)) + inputs.error @ np.abs(core.slopes).T


# How far the scores may be from exact ones: (n_rows, n_scores) of a core and its inputs.
ERRORS: dict[type, Callable[[Any, Bounded], np.ndarray]] = {
    BoardTrees: lambda core, inputs: _tree_errors(core, inputs),
    BoardLinear: _linear_errors,
    BoardFixed: _fixed_errors,
    BoardMachine: machines.errors,
    FloatNetwork: lambda core, inputs: core.scores(inputs).error,
}


def allowed(model: BoardModel, X: np.ndarray, exact_scores: np.ndarray | None) -> Allowed:
    """exact_scores: in float64 (see `exact`), None of nearest neighbors."""
    inputs = Bounded(X.astype(np.float32))
    inputs = apply(model.stages, inputs)
    if isinstance(model.core, BoardNeighbors):
        return _allowed_neighbors(model, model.core, inputs)
    assert exact_scores is not None
    if isinstance(model.core, BoardNetwork):
        return _allowed_network(model, model.core, inputs, exact_scores)
    if isinstance(model.core, GridMachine):
        return _allowed_machine(model, model.core, inputs.value.astype(np.float32), exact_scores)
    error = ERRORS[type(model.core)](model.core, inputs)
    low, high = exact_scores - error, exact_scores + error
    if model.classes is not None:
        return Allowed(CLASSES[model.decision].open_(low, high, exact_scores, counts(model.classes), model.threshold), None, None)
    values = linked(model.link, Bounded(exact_scores, error))
    low, high = (as_answers(model.decision, limit) for limit in (values.value - values.error, values.value + values.error))
    return Allowed(None, low, high)


def _allowed_network(model: BoardModel, core: BoardNetwork, inputs: Bounded, exact_scores: np.ndarray) -> Allowed:
    """scikit-learn's answer and that of the whole numbers, which every board has to the bit where its inputs are; and what lies
    between and around the two by what float stages in front leave open."""
    own = core.scores(inputs.value)
    error = core.errors(inputs.value.astype(np.float32), inputs.error)
    low, high = np.minimum(exact_scores, own) - error, np.maximum(exact_scores, own) + error
    if model.classes is None:
        values = [linked(model.link, Bounded(limit)) for limit in (low, high)]
        ends = (values[0].value - values[0].error, values[1].value + values[1].error)
        return Allowed(None, *(as_answers(model.decision, limit) for limit in ends))
    n_classes = counts(model.classes)
    decision = CLASSES[model.decision]
    theirs, ours = (decision.indices(scores, n_classes, model.threshold)[:, None] for scores in (exact_scores, own))
    either: np.ndarray = (theirs == np.arange(n_classes)) | (ours == np.arange(n_classes))
    open_ = decision.open_(low, high, exact_scores, n_classes, model.threshold)
    moved = inputs.error.max(axis=1, keepdims=True) > 0
    return Allowed(np.where(moved, open_ | either, either), None, None)


def _allowed_machine(model: BoardModel, core: GridMachine, X: np.ndarray, exact_scores: np.ndarray) -> Allowed:
    """scikit-learn's answer, and that of the whole numbers; of values also what lies between the two."""
    own, error = packed_machine.scores(core, X), packed_machine.own_errors(core, X)
    low, high = own - error, own + error
    if model.classes is None:
        ends = np.minimum(exact_scores, low), np.maximum(exact_scores, high)
        return Allowed(None, *(as_answers(model.decision, limit) for limit in ends))
    n_classes, decision = len(model.classes), CLASSES[model.decision]
    expected = decision.indices(exact_scores, n_classes, model.threshold)[:, None] == np.arange(n_classes)
    return Allowed(decision.open_(low, high, own, n_classes, model.threshold) | expected, None, None)


def _tree_errors(core: BoardTrees, inputs: Bounded) -> np.ndarray:
    """Of the votes, and of the ways that the errors of the inputs leave open."""
    error = _vote_errors(core, inputs)
    if not inputs.error.any():
        return error
    least, most = _open_votes(core, inputs)
    return error + _of_votes(core, most) - _of_votes(core, least)


def _open_votes(core: BoardTrees, inputs: Bounded) -> tuple[np.ndarray, np.ndarray]:
    """Least and most votes of the leaves that a row may reach, (n_rows, n_trees, n_outputs). A node is open where its input lies
    as near to the threshold as its error, and what the rounding of both takes, allow."""
    shape = (len(inputs), len(core.roots), core.votes.shape[1])
    least, most = np.full(shape, np.iinfo(np.int64).max), np.full(shape, -1)
    row, tree = (place.ravel() for place in np.indices(shape[:2]))
    reference = core.roots[tree].astype(np.int64)
    while len(reference):
        ends = reference < 0
        for limit, extreme in ((least, np.minimum), (most, np.maximum)):
            extreme.at(limit, (row[ends], tree[ends]), core.votes[~reference[ends]])
        row, tree, node = row[~ends], tree[~ends], reference[~ends]
        value, threshold = inputs.value[row, core.feature[node]], core.threshold[node].astype(np.float64)
        with np.errstate(invalid="ignore"):  # an infinite threshold is nowhere near
            rounding = 2 * bounds.UNIT * (np.abs(value) + np.abs(threshold)) + bounds.TINY
            reach = inputs.error[row, core.feature[node]] + np.where(np.isfinite(threshold), rounding, 0)
            near = np.abs(value - threshold) <= reach
        left, right = near | (value <= threshold), near | (value > threshold)
        row, tree = np.concatenate([row[left], row[right]]), np.concatenate([tree[left], tree[right]])
        reference = np.concatenate([core.left[node[left]], core.right[node[right]]]).astype(np.int64)
    return least, most


def _vote_errors(core: BoardTrees, inputs: Bounded) -> np.ndarray:
    if core.weights is not None:
        return _median_errors(core, inputs)
    if not core.full:
        return np.broadcast_to(bounds.tree_value_bound(core), (len(inputs), core.votes.shape[1]))
    # Whole numbers on both sides are exact: pure leaves are, and the winner of a single tree's leaf is kept.
    pure = ((core.votes == 0) | (core.votes == core.full)).all(axis=1)
    exact = pure[leaves(core, inputs.value)].all(axis=1) | (len(core.roots) == 1)
    return np.where(exact, 0, bounds.class_quantum(core) / 2)[:, None]


def _median_errors(core: BoardTrees, inputs: Bounded) -> np.ndarray:
    """Weights are rounded by half of a unit, on the board and by float64 in scikit-learn: the values that leaves open."""
    assert core.weights is not None
    values, slack = core.votes[leaves(core, inputs.value), 0], len(core.weights) / core.weights.sum()
    low, high = (weighted_median(values, core.weights, 0.5 + side * slack) for side in (-1, 1))
    return (core.scale * (high - low))[:, None] + bounds.tree_value_bound(core)


def _fixed_error(core: BoardFixed, X: np.ndarray) -> np.ndarray:
    offset = np.abs(X.astype(np.float32).astype(np.float64) - core.middle)
    error = bounds.fixed_bound(core, offset)
    return np.where(core.units(X)[1][:, None], error, error + bounds.linear_bound(_in_floats(core), offset))


def _allowed_neighbors(model: BoardModel, core: BoardNeighbors, inputs: Bounded) -> Allowed:
    """Every choice of k neighbors that the errors of the distances leave open, and the largest and smallest sums over them.

    Surely in: nearer than the k-th distance by more than both errors. Open: not surely in, and not surely out.
    """
    factor = core.factor.astype(np.float64)
    rows = (inputs.value - core.center) * factor
    prototypes = core.prototypes.astype(np.float64)
    order = 2 if core.metric == "euclidean" else 1
    distance = np.stack([(np.abs(row - prototypes) ** order).sum(axis=1) for row in rows])
    error = bounds.distance_bound(core, rows, prototypes, inputs.error * np.abs(factor))
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
