"""Second opinions on what a fitted estimator answers, sharing no code with Edgewise: scikit-learn's `tree_` arrays walked in
plain Python, nearest neighbors found by sorting, and m2cgen's exported Python, run.

Scores are float64, shape (n_rows, n_outputs): class probabilities or decision values, or one column with a regression's value.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import m2cgen
import numpy as np

NO_CHILD = -1


def walk(tree, row: Sequence[float], rounded: Callable[[float], float]) -> list[float]:
    """Output of a `tree_` at the leaf that a float32 row reaches; its thresholds are float64, passed through `rounded`."""
    node = 0
    while tree.children_left[node] != NO_CHILD:
        goes_left = row[tree.feature[node]] <= rounded(tree.threshold[node])
        node = tree.children_left[node] if goes_left else tree.children_right[node]
    return [float(output) for output in tree.value[node][0]]


def trees(estimator, X: np.ndarray, rounded: Callable[[float], float] = float) -> np.ndarray:
    """The outputs of a tree, or of a forest's trees added up in their order and divided by their number."""
    members = getattr(estimator, "estimators_", [estimator])
    scores = []
    for row in X.astype(np.float32).tolist():
        total = walk(members[0].tree_, row, rounded)
        for member in members[1:]:
            total = [a + b for a, b in zip(total, walk(member.tree_, row, rounded), strict=True)]
        scores.append([output / len(members) for output in total])
    return np.array(scores)


def neighbors(estimator, X: np.ndarray) -> np.ndarray:
    """Weighted shares of the classes of the k nearest training rows, or the weighted mean of their values."""
    prototypes, targets = estimator._fit_X.tolist(), estimator._y.tolist()
    classes = range(len(getattr(estimator, "classes_", ())))
    distance = {"euclidean": math.dist, "manhattan": lambda a, b: sum(abs(p - q) for p, q in zip(a, b, strict=True))}
    metric = distance[estimator.effective_metric_]
    scores = []
    for row in X.tolist():
        nearest = sorted((metric(row, prototype), target) for prototype, target in zip(prototypes, targets, strict=True))
        nearest = nearest[: estimator.n_neighbors]
        weights = [1.0 for _ in nearest]
        if estimator.weights == "distance":
            weights = [float(d == 0) if nearest[0][0] == 0 else 1 / d for d, _ in nearest]
        found = [sum(w for w, (_, target) in zip(weights, nearest, strict=True) if target == c) for c in classes] or [
            sum(w * target for w, (_, target) in zip(weights, nearest, strict=True))
        ]
        scores.append([score / sum(weights) for score in found])
    return np.array(scores)


def exported(estimator, X: np.ndarray) -> np.ndarray:
    """m2cgen's export of a tree or a linear model, run on this interpreter. Linear models give their decision values."""
    names: dict[str, Any] = {}
    exec(m2cgen.export_to_python(estimator), names)
    return np.array([names["score"](row) for row in X.tolist()]).reshape(len(X), -1)


def answers(estimator, scores: np.ndarray) -> list:
    """Labels (the first of the largest scores; of one score, the second class above zero), or values."""
    if not hasattr(estimator, "classes_"):
        return [row[0] for row in scores.tolist()]
    labels = estimator.classes_.tolist()
    return [labels[row[0] > 0] if len(row) == 1 else labels[row.index(max(row))] for row in scores.tolist()]
