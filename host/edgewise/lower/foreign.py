"""XGBoost and LightGBM, read from the models that their boosters write.

m2cgen 0.10 reads LightGBM, one object a node; of XGBoost 3 it stops at the base score, which the estimator holds only where it
was given. Neither package is imported: what is asked for is asked of the estimator.
"""

import json
from collections.abc import Callable

import numpy as np
from scipy.special import logit
from sklearn.base import is_classifier

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Lowered
from edgewise.lower.boosting import in_column
from edgewise.lower.trees import Member, joined

# objective: (how the base score becomes a term of the sum, link); those that a classifier, and those that a regressor may have
XGBOOST_CLASSIFIERS: dict[str, tuple[Callable, str]] = {
    "binary:logistic": (logit, "sigmoid"),
    "multi:softprob": (np.asarray, "softmax"),
}
XGBOOST_REGRESSORS: dict[str, tuple[Callable, str]] = {
    "reg:squarederror": (np.asarray, "none"),
    "reg:absoluteerror": (np.asarray, "none"),
    "reg:pseudohubererror": (np.asarray, "none"),
    "reg:quantileerror": (np.asarray, "none"),
    "count:poisson": (np.log, "exp"),
    "reg:gamma": (np.log, "exp"),
    "reg:tweedie": (np.log, "exp"),
}


def xgboost(estimator) -> Lowered:
    """A row goes left where it is less than the threshold, both float32. Early stopping counts, as in predict."""
    name = type(estimator).__name__
    model = json.loads(bytes(estimator.get_booster().save_raw("json")))["learner"]
    objective, parameters = model["objective"]["name"], model["learner_model_param"]
    known = XGBOOST_CLASSIFIERS if is_classifier(estimator) else XGBOOST_REGRESSORS
    if objective not in known:
        raise UnsupportedModelError(f"{name}(objective={objective!r}): use one of {', '.join(known)}")
    if int(parameters["num_target"]) > 1:
        raise UnsupportedModelError(f"{name} has {parameters['num_target']} outputs; fit one model for each")
    booster = model["gradient_booster"]
    if booster["name"] == "gblinear":
        raise UnsupportedModelError(f"{name}(booster='gblinear'): use booster='gbtree', or a linear model of scikit-learn")
    factors = booster.get("weight_drop")  # of dart
    trees = booster.get("gbtree", booster)["model"]
    if any(any(tree["split_type"]) for tree in trees["trees"]):
        raise UnsupportedModelError(f"{name}(enable_categorical=True): encode those columns as numbers")
    n_scores = max(1, int(parameters["num_class"]))
    n_trees = len(trees["trees"])
    if (best := model["attributes"].get("best_iteration")) is not None:
        n_trees = trees["iteration_indptr"][int(best) + 1]
    members = []
    for i, tree in enumerate(trees["trees"][:n_trees]):
        factor = 1.0 if factors is None else factors[i]
        members.append(_xgboost_member(tree, factor, trees["tree_info"][i], n_scores))
    as_term, link = known[objective]
    # in brackets since 3.0; one number for all scores where it was given
    base = as_term(np.array(parameters["base_score"].strip("[]").split(","), dtype=np.float64))
    return Lowered(joined(members, True, "sum", np.broadcast_to(base, n_scores).copy()), link=link)


def _xgboost_member(tree: dict, factor: float, column: int, n_columns: int) -> Member:
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    number = np.array(tree["split_conditions"]).astype(np.float32)  # of a leaf its value
    missing_left = np.array(tree["default_left"], dtype=bool)
    return Member(
        feature=np.array(tree["split_indices"]),
        threshold=np.nextafter(number, np.float32(-np.inf)).astype(np.float64),
        left=left,
        right=right,
        value=in_column(factor * number.astype(np.float64), column, n_columns),
        missing_left=missing_left,
        saw_missing=bool(missing_left[left >= 0].any()),  # else, and where it was never of use, NaN goes right
    )


# of "multiclassova" the probabilities do not add up to one, as those of every other model do: it has none here
LIGHTGBM_CLASSIFIERS = {"binary": "sigmoid", "multiclass": "softmax", "multiclassova": "none"}
LIGHTGBM_REGRESSORS = {
    "regression": "none",
    "regression_l1": "none",
    "huber": "none",
    "fair": "none",
    "quantile": "none",
    "mape": "none",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
}
CATEGORICAL, DEFAULT_LEFT = 1, 2  # bits of a decision_type
MISSING_ZERO, MISSING_NAN = 1, 2  # above them
ZERO = float(np.float32(1e-35))  # a number of a row that is no further from zero is taken for it


def lightgbm(estimator) -> Lowered:
    """A row goes left where it is at most the threshold, both float64. The base is in the first tree's leaves."""
    name = type(estimator).__name__
    head, *blocks = estimator.booster_.model_to_string(num_iteration=estimator.best_iteration_ or -1).split("\nTree=")
    facts = _facts(head)
    objective, *options = facts.get("objective", "none").split()
    known = LIGHTGBM_CLASSIFIERS if is_classifier(estimator) else LIGHTGBM_REGRESSORS
    if objective not in known or "sqrt" in options:
        raise UnsupportedModelError(f"{name}(objective={' '.join([objective, *options])!r}): use one of {', '.join(known)}")
    n_scores = int(facts["num_tree_per_iteration"])
    slope = dict(option.split(":") for option in options if ":" in option).get("sigmoid", "1")
    factor = float(slope) if objective in ("binary", "multiclassova") else 1.0
    if "average_output" in head.splitlines():  # random forests
        factor /= len(blocks) / n_scores
    members = []
    for i, block in enumerate(blocks):
        members.append(_lightgbm_member(_facts(block), name, factor, i % n_scores, n_scores))
    core = joined(members, True, "sum", np.zeros(n_scores), single=False)
    return Lowered(core, link=known[objective], has_proba=known[objective] in ("sigmoid", "softmax"))


def _facts(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _lightgbm_member(facts: dict[str, str], name: str, factor: float, column: int, n_columns: int) -> Member:
    """Nodes come first, leaves behind them; a child below zero is the leaf ~child."""

    def numbers(key: str, kind: type = int) -> np.ndarray:
        return np.array(facts.get(key, "").split(), dtype=kind)

    if int(facts.get("is_linear", 0)):
        raise UnsupportedModelError(f"{name}(linear_tree=True): use linear_tree=False")
    value = factor * numbers("leaf_value", float)
    n, n_leaves = len(value) - 1, len(value)  # of a tree that did not grow, one leaf
    threshold, kinds = numbers("threshold", float)[:n], numbers("decision_type")[:n]
    if (kinds & CATEGORICAL).any():
        raise UnsupportedModelError(f"{name} splits on categories: encode those columns as numbers")
    threshold = np.where(np.abs(threshold) > ZERO, threshold, np.where(threshold < 0, np.nextafter(-ZERO, -1), ZERO))
    missing = kinds >> 2
    if (missing == MISSING_ZERO).any():
        raise UnsupportedModelError(f"{name}(zero_as_missing=True): use zero_as_missing=False")
    # where training rows held no NaN in a column, it stands for zero there
    missing_left = np.where(missing == MISSING_NAN, kinds & DEFAULT_LEFT != 0, threshold >= 0)
    leaves = np.zeros(n_leaves)
    left, right = (np.where(child < 0, n + ~child, child) for child in (numbers("left_child")[:n], numbers("right_child")[:n]))
    return Member(
        feature=np.concatenate([numbers("split_feature")[:n], leaves]),
        threshold=np.concatenate([threshold, leaves]),
        left=np.concatenate([left, leaves - 1]),
        right=np.concatenate([right, leaves - 1]),
        value=in_column(np.concatenate([np.zeros(n), value]), column, n_columns),
        missing_left=np.concatenate([missing_left, leaves]),
        saw_missing=bool((missing == MISSING_NAN).any()),
    )


LOWERINGS: dict[str, Callable[..., Lowered]] = {
    "xgboost.sklearn.XGBClassifier": xgboost,
    "xgboost.sklearn.XGBRegressor": xgboost,
    "xgboost.sklearn.XGBRFClassifier": xgboost,
    "xgboost.sklearn.XGBRFRegressor": xgboost,
    "lightgbm.sklearn.LGBMClassifier": lightgbm,
    "lightgbm.sklearn.LGBMRegressor": lightgbm,
}


def lowering(kind: type) -> Callable[..., Lowered] | None:
    """Of an estimator's type, by the full name of the class, as its package need not be there; None if it is none of these."""
    return LOWERINGS.get(f"{kind.__module__}.{kind.__qualname__}")
