"""How the model comes to its answers: features that count, the tree, and the way of rows that it gets wrong."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits

from edgewise import plots
from edgewise.evaluation import final
from edgewise.explain import explain, short
from edgewise.float32 import TINY
from edgewise.report.markup import Html, image, join, tag
from edgewise.report.model import Model

TREE_DEPTH = 3  # splits from the root on; four make a picture that no screen holds
ERRORS, DECISIONS = 3, 12  # told in full; of each
PERMUTED_ROWS, PERMUTATIONS = 500, 5
SCORINGS = {"accuracy": "accuracy", "R2": "r2", "balanced accuracy": "balanced_accuracy"}  # metric: what scikit-learn calls it


def importance(model: Model) -> Html:
    values, what, how = _importances(model)
    names = model.saved.feature_names or ()
    if not np.any(values):
        return tag("p", "No feature moves the answer.")
    best = np.argsort(-values, kind="stable")[:3]
    alt = f"Bars of importance, the largest: {', '.join(f'{names[i]} {values[i]:.3g}' for i in best)}"
    most = f" The {plots.SHOWN_FEATURES} largest of {len(names)}." if len(names) > plots.SHOWN_FEATURES else ""
    return join([tag("p", how + most), image(plots.svg(plots.importance, names, values, what), alt)])


def _importances(model: Model) -> tuple[np.ndarray, str, str]:
    """(one value a feature, name of the axis, how they were found)"""
    estimator: Any = model.saved.estimator
    last = final(estimator)
    if hasattr(last, "feature_importances_"):
        how = "Impurity importance: how much the splits on a feature tidied the training rows up, as a share of all. "
        return last.feature_importances_, "share of the decrease in impurity", how + "Features that say the same share it."
    X_train = model.saved.X_train
    if hasattr(last, "coef_") and X_train is not None:
        scaled = X_train if last is estimator else estimator[:-1].transform(X_train)
        values = np.abs(np.atleast_2d(last.coef_)).mean(axis=0) * scaled.std(axis=0)
        how = "Weight: |coefficient| times the standard deviation of the feature in the training rows"
        return values, "|coefficient| x standard deviation", how + (", mean over the classes." if model.labels else ".")
    rows = np.linspace(0, len(model.y) - 1, min(len(model.y), PERMUTED_ROWS)).astype(int)
    metric = model.results.metric
    with threadpool_limits(1):  # of 42 features and neighbors: 1.4 s, and with two threads 19
        chosen: dict[str, Any] = {"scoring": SCORINGS[metric], "n_repeats": PERMUTATIONS, "random_state": 0}
        found = permutation_importance(estimator, model.X[rows], model.y[rows], **chosen)
    how = f"Permutation importance: by how much {metric} falls on {len(rows)} held-out rows when one feature is shuffled"
    return found.importances_mean, f"loss of {metric}", f"{how}, mean of {PERMUTATIONS} times."


def tree(model: Model) -> Html:
    trees, X_train = model.artifact.splits, model.saved.X_train
    if trees is None or X_train is None:
        return Html()
    names, n_trees = model.saved.feature_names or (), len(trees.roots)
    drawn = plots.svg(plots.tree, trees, names, model.artifact.classes, X_train.astype(np.float32), TREE_DEPTH)
    which = "The tree" if n_trees == 1 else f"The first of {n_trees} trees"
    told = f"{which}, from left to right, to {TREE_DEPTH} splits deep: up is yes, thick branches carry many training rows."
    root = int(trees.roots[0])
    first = f"asks first whether {names[trees.feature[root]]} <= {trees.threshold[root]:.5g}" if root >= 0 else "is one leaf"
    return join([tag("p", told), image(drawn, f"{which} {first}", wide=True)])


def errors(model: Model) -> Html:
    rows = _worst(model)
    if not rows:
        return tag("p", "None: every held-out row is predicted as it is labeled.")
    if model.labels is None:
        told, tree = f"The {len(rows)} largest on the held-out rows", "that is furthest off"
    else:
        n_wrong = int((model.predicted != model.y).sum())
        told, tree = f"{len(rows)} of {n_wrong}, of the most frequent confusions", "most for the answer"
    has_trees = model.artifact.splits is not None
    parts = [tag("p", f"{told}; each with the decisions of the tree {tree}." if has_trees else f"{told}.")]
    for row in rows:
        group = "" if model.saved.groups_test is None else f" ({model.results.group} {model.saved.groups_test[row]})"
        said = f"{_value(model.y[row])}, predicted {_value(model.predicted[row])}"
        parts.append(tag("h3", f"Held-out row {row}{group}: {said}"))
        parts.append(_way(model, row) if has_trees else _probabilities(model, row))
    return join(parts)


def _worst(model: Model) -> list[int]:
    if model.labels is None:
        return np.argsort(-np.abs(model.predicted - model.y), kind="stable")[:ERRORS].tolist()
    wrong = np.flatnonzero(model.predicted != model.y).tolist()
    pairs = [(model.y[row], model.predicted[row]) for row in wrong]
    return [wrong[pairs.index(pair)] for pair, _ in Counter(pairs).most_common(ERRORS)]


def _way(model: Model, row: int) -> Html:
    values = model.X[row].astype(np.float32)
    told = explain(model.artifact, np.where(np.abs(values) < TINY, np.float32(0), values))
    if told.classes is None:
        path = max(told.paths, key=lambda path: abs(path.outputs[0] - model.y[row]))
        leaf, mean = f"{path.outputs[0]:.5g}", f"Mean of the trees: {told.outputs[0]:.5g}."
    else:
        answer = told.classes.index(told.answer)
        path = min(told.paths, key=lambda path: (-path.outputs[answer], len(path.decisions)))
        leaf, mean = _shares(told.classes, path.outputs), f"Votes of all trees: {_shares(told.classes, told.outputs)}."
    steps = [
        tag("li", tag("code", f"{step.feature} = {short(step.value)} {'<=' if step.below else '>'} {short(step.threshold)}"))
        for step in path.decisions[:DECISIONS]
    ]
    more = len(path.decisions) - DECISIONS
    end = f"and {more} more decisions (edgewise explain tells all), leaf" if more > 0 else "Leaf"
    parts = [tag("ol", *steps), tag("p", f"{end} of tree {path.tree}: {leaf}.")]
    return join([tag("p", mean), *parts] if len(told.paths) > 1 else parts)


def _shares(classes: Sequence[Any], shares: Sequence[float]) -> str:
    ranked = sorted(zip(shares, map(str, classes), strict=True), key=lambda pair: -pair[0])
    return ", ".join(f"{name} {share:.0%}" for share, name in ranked[:4] if share >= 0.005)


def _probabilities(model: Model, row: int) -> Html:
    estimator: Any = model.saved.estimator
    if model.labels is None or not hasattr(estimator, "predict_proba"):
        return Html()
    shares = estimator.predict_proba(model.X[row : row + 1])[0]
    return tag("p", f"Probabilities: {_shares(model.labels, shares.tolist())}.")


def _value(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float | np.floating) else str(value)
