"""Naive Bayes: sums of logarithms, as a linear model of the features, of their squares, or of what single questions say."""

import numpy as np

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Linear, Lowered, Parallel, Polynomial, Scaling, SumSquares, Trees

ALPHA = "use alpha=1e-3 or more"
# Terms that a class's score may add up to, multiplied out, at its own mean: float32 rounds their sum by some 1e-3.
MOST_TERMS = 4e3


def gaussian(estimator) -> Lowered:
    """log prior - sum(log(2 pi var) + (x - mean)^2 / var) / 2, multiplied out around the mean of the classes' means.

    Where a class is narrow and far from the others, what is multiplied out cancels: then each class's distances are summed.
    """
    mean, var = estimator.theta_, estimator.var_
    center = mean.mean(axis=0)
    away = mean - center
    n_features = len(center)
    _finite(estimator, np.log(estimator.class_prior_), "give every class a prior above 0")
    if (1.5 * away**2 / var).sum(axis=1).max() > MOST_TERMS:
        return _of_distances(estimator)
    coef = np.hstack([away / var, -0.5 / var])
    intercept = np.log(estimator.class_prior_) - 0.5 * (np.log(2 * np.pi * var) + away**2 / var).sum(axis=1)
    powers = np.vstack([np.eye(n_features, dtype=np.int64), 2 * np.eye(n_features, dtype=np.int64)])
    stages = (Scaling((("sub", center),)), Polynomial(powers))
    return Lowered(Linear(coef, intercept), stages=stages, link="softmax")


def _of_distances(estimator) -> Lowered:
    mean, var = estimator.theta_, estimator.var_
    intercept = np.log(estimator.class_prior_) - 0.5 * np.log(2 * np.pi * var).sum(axis=1)
    branches = tuple((Scaling((("sub", own), ("div", np.sqrt(spread)))),) for own, spread in zip(mean, var, strict=True))
    stages = (Parallel(branches), SumSquares((mean.shape[1],) * len(mean)))
    return Lowered(Linear(-0.5 * np.eye(len(mean)), intercept), stages=stages, link="softmax")


def multinomial(estimator) -> Lowered:
    _finite(estimator, estimator.feature_log_prob_, ALPHA)
    _finite(estimator, estimator.class_log_prior_, "give every class a prior above 0")
    return Lowered(Linear(estimator.feature_log_prob_, estimator.class_log_prior_), link="softmax")


def complement(estimator) -> Lowered:
    log_prob = estimator.feature_log_prob_
    _finite(estimator, log_prob, ALPHA)
    return Lowered(Linear(log_prob, np.zeros(len(log_prob))), link="softmax")


def bernoulli(estimator) -> Lowered:
    """One question a feature: is it above `binarize`? With binarize=None the row itself is 0s and 1s, and the model linear."""
    yes = estimator.feature_log_prob_
    with np.errstate(divide="ignore", invalid="ignore"):
        no = np.log(1 - np.exp(yes))
    _finite(estimator, yes + no, ALPHA if estimator.binarize is not None else "fit it on 0s and 1s, or with binarize=0.5")
    if estimator.binarize is None:
        return Lowered(Linear(yes - no, estimator.class_log_prior_ + no.sum(axis=1)), link="softmax")
    limits = [np.array([estimator.binarize], dtype=np.float64)] * yes.shape[1]
    return Lowered(_questions(limits, np.stack([no.T, yes.T], axis=1), estimator.class_log_prior_), link="softmax")


def categorical(estimator) -> Lowered:
    """The whole part of a feature is its category. One that scikit-learn has not seen, where it raises, counts as the nearest."""
    limits, values = [], []
    for log_prob in estimator.feature_log_prob_:  # (n_classes, n_categories)
        _finite(estimator, log_prob, ALPHA)
        limits.append(np.nextafter(np.arange(1.0, log_prob.shape[1]), -np.inf))
        values.append(log_prob.T)
    return Lowered(_questions(limits, values, estimator.class_log_prior_), link="softmax")


def _finite(estimator, logarithms: np.ndarray, remedy: str) -> None:
    if not np.isfinite(logarithms).all():
        raise UnsupportedModelError(f"{type(estimator).__name__} has probabilities of 0 or 1, of infinite logarithms; {remedy}")


def _questions(limits, values, base: np.ndarray) -> Trees:
    """A tree a feature, balanced, that finds the place of the feature among its `limits` (x <= limit: before it).

    limits: of each feature, (n_limits,), rising; values: of each feature the terms of the scores, (n_limits + 1, n_classes).
    """
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    leaves: list[np.ndarray] = []

    def grow(number: int, first: int, last: int) -> int:
        """Reference of the tree over the places first to last of this feature; nodes and leaves in preorder."""
        if first == last:
            leaves.append(values[number][first])
            return ~(len(leaves) - 1)
        node, middle = len(feature), (first + last) // 2
        feature.append(number)
        threshold.append(float(limits[number][middle]))
        left.append(0)
        right.append(0)
        left[node] = grow(number, first, middle)
        right[node] = grow(number, middle + 1, last)
        return node

    roots = [grow(number, 0, len(places)) for number, places in enumerate(limits)]
    return Trees(
        feature=np.array(feature, dtype=np.int32),
        threshold=np.array(threshold, dtype=np.float64),
        left=np.array(left, dtype=np.int32),
        right=np.array(right, dtype=np.int32),
        roots=np.array(roots, dtype=np.int32),
        value=np.array(leaves, dtype=np.float64),
        combine="sum",
        base=np.asarray(base, dtype=np.float64),
        single=False,
    )
