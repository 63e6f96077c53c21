"""Ensembles that add their trees up, or average trees of some columns: boosting, isolation forests, bagging.

A tree of one class gives the others nothing: its leaves are zero but in the column of that class.
"""

import numpy as np
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from edgewise.errors import UnsupportedModelError
from edgewise.ir import INLIER, Lowered
from edgewise.lower.trees import Member, joined, member, saw_missing, takes_missing

TREES = (DecisionTreeClassifier, ExtraTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor)
LINKS = {  # of HistGradientBoosting's losses: how the sum becomes a probability or a value
    "log_loss": "softmax",
    "squared_error": "none",
    "absolute_error": "none",
    "quantile": "none",
    "gamma": "exp",
    "poisson": "exp",
}


def in_column(value: np.ndarray, column: int, n_columns: int) -> np.ndarray:
    """(n, n_columns): `value`, (n,), in one of them, zero in the others."""
    return np.where(np.arange(n_columns) == column, value[:, None], 0.0)


def gradient_boosting(estimator) -> Lowered:
    name = type(estimator).__name__
    if estimator.init_ != "zero" and type(estimator.init_) not in (DummyClassifier, DummyRegressor):
        raise UnsupportedModelError(f"{name}(init={type(estimator.init_).__name__}): use init=None or init='zero'")
    n_scores = estimator.estimators_.shape[1]
    # scikit-learn's probability of the exponential loss is the sigmoid of twice the score
    factor = 2.0 if estimator.loss == "exponential" else 1.0
    members = []
    for stage in estimator.estimators_:
        for k, tree in enumerate(stage):
            value = factor * estimator.learning_rate * tree.tree_.value[:, 0, 0]
            members.append(member(tree.tree_, in_column(value, k, n_scores)))
    base = factor * estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_)))[0]
    link = "none"
    if is_classifier(estimator):
        link = "sigmoid" if n_scores == 1 else "softmax"
    return Lowered(joined(members, combine="sum", base=base), link=link)


def hist_gradient_boosting(estimator) -> Lowered:
    name = type(estimator).__name__
    if estimator.is_categorical_ is not None and np.any(estimator.is_categorical_):
        raise UnsupportedModelError(
            f"{name}(categorical_features=...): encode those columns as numbers, categorical_features=None"
        )
    if estimator.loss not in LINKS:
        raise UnsupportedModelError(f"{name}(loss={estimator.loss!r}): use one of {', '.join(LINKS)}")
    base = np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel()
    members = []
    for stage in estimator._predictors:
        for k, predictor in enumerate(stage):
            members.append(_hist_member(predictor.nodes, k, len(base)))
    link = LINKS[estimator.loss]
    if link == "softmax" and len(base) == 1:
        link = "sigmoid"
    return Lowered(joined(members, takes_missing(estimator), "sum", base, single=False), link=link)


def _hist_member(nodes: np.ndarray, column: int, n_columns: int) -> Member:
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    missing_left = nodes["missing_go_to_left"].astype(bool)
    return Member(
        feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        left=left,
        right=right,
        value=in_column(nodes["value"], column, n_columns),
        missing_left=missing_left,
        saw_missing=saw_missing(left, right, nodes["count"].astype(np.int64), missing_left),
    )


def ada_boost_classifier(estimator) -> Lowered:
    """Each tree gives its whole weight to the class that it names, and takes a share of it from the others (SAMME).

    Zhu et al., Multi-class AdaBoost, Statistics and Its Interface 2 (2009). The scores are scikit-learn's decision function
    divided by the number of classes less one: those of which its probabilities are the softmax.
    """
    _only_trees(estimator, estimator.estimators_)
    classes, weights = estimator.classes_, estimator.estimator_weights_[: len(estimator.estimators_)]
    weights = weights / weights.sum()
    n = len(classes)
    if n == 1:
        raise UnsupportedModelError("AdaBoostClassifier was fitted on one class; give it rows of two or more")
    members = []
    for tree, weight in zip(estimator.estimators_, weights, strict=True):
        named = tree.classes_[tree.tree_.value[:, 0].argmax(axis=1)][:, None] == classes
        value = np.where(named, weight, -weight / (n - 1)) / (n - 1)
        if n == 2:
            value = value[:, 1:] - value[:, :1]
        members.append(member(tree.tree_, value))
    return Lowered(
        joined(members, combine="sum", base=np.zeros(members[0].value.shape[1])), link="sigmoid" if n == 2 else "softmax"
    )


def ada_boost_regressor(estimator) -> Lowered:
    """The weighted median of the trees' values."""
    _only_trees(estimator, estimator.estimators_)
    members = [member(tree.tree_, tree.tree_.value[:, 0]) for tree in estimator.estimators_]
    weights = np.asarray(estimator.estimator_weights_[: len(members)], dtype=np.float64)
    return Lowered(joined(members, combine="median", weights=weights))


def isolation_forest(estimator) -> Lowered:
    """The sum is the mean depth at which a row is alone, in units of that expected of a random tree; a score is -2^-sum.

    Liu, Ting and Zhou, Isolation Forest, ICDM 2008, formulas 1 and 2, as scikit-learn's score_samples has it.
    """
    trees, expected = estimator.estimators_, _path_length(np.array([estimator._max_samples]))[0]
    if not expected:
        raise UnsupportedModelError("IsolationForest was fitted on one row a tree; give it max_samples=2 or more")
    members = []
    for i, (tree, features) in enumerate(zip(trees, estimator.estimators_features_, strict=True)):
        depth = estimator._decision_path_lengths[i] + estimator._average_path_length_per_tree[i] - 1.0
        members.append(member(tree.tree_, (depth / (len(trees) * expected))[:, None], features))
    core = joined(members, takes_missing(estimator), "isolation", np.zeros(1))
    return Lowered(core, decision="threshold", threshold=float(estimator.offset_), classes=INLIER, has_proba=False)


def _path_length(n: np.ndarray) -> np.ndarray:
    """Mean depth of an unsuccessful search in a random tree of n rows (formula 1 there)."""
    harmonic = np.log(np.maximum(n - 1.0, 1.0)) + np.euler_gamma
    return np.select([n <= 1, n == 2], [0.0, 1.0], 2.0 * harmonic - 2.0 * (n - 1.0) / n)


def bagging(estimator) -> Lowered:
    """Trees of some of the rows and columns, averaged."""
    _only_trees(estimator, estimator.estimators_)
    classification = is_classifier(estimator)
    members = []
    for tree, features in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        value = tree.tree_.value[:, 0]
        if classification:  # a tree may have seen some of the classes only; its labels are places
            shares = np.zeros((len(value), len(estimator.classes_)))
            shares[:, tree.classes_] = value
            value = shares
        members.append(member(tree.tree_, value, np.asarray(features)))
    return Lowered(joined(members, takes_missing(estimator)))


def _only_trees(estimator, members) -> None:
    for one in members:
        if type(one) not in TREES:
            kind = "DecisionTreeClassifier" if is_classifier(estimator) else "DecisionTreeRegressor"
            raise UnsupportedModelError(f"{type(estimator).__name__}(estimator={type(one).__name__}): use {kind}")
        if one.n_outputs_ > 1:
            raise UnsupportedModelError(f"{type(estimator).__name__} has {one.n_outputs_} outputs; fit one model for each")
