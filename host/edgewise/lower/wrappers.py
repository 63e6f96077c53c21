"""Estimators around others: those whose `predict` is that of the estimator inside, and those of several linear models."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RANSACRegressor
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Linear, Lowered
from edgewise.lower import linear

# of each the attribute that holds the estimator inside
WRAPPERS: dict[type, str] = {
    FrozenEstimator: "estimator",
    GridSearchCV: "best_estimator_",
    RANSACRegressor: "estimator_",
    RandomizedSearchCV: "best_estimator_",
    SelfTrainingClassifier: "estimator_",
}


def unwrapped(estimator):
    """The estimator that predicts, by exact type. Raises UnsupportedModelError where it was not kept or not fitted."""
    while type(estimator) in WRAPPERS:
        name, attribute = type(estimator).__name__, WRAPPERS[type(estimator)]
        if not hasattr(estimator, attribute):
            refit = " with refit=True" if attribute == "best_estimator_" else ""
            raise UnsupportedModelError(f"{name} is not fitted; call fit(X, y){refit} before transpile")
        estimator = getattr(estimator, attribute)
    return estimator


def _linear(member, outer) -> Lowered:
    """The linear model inside another estimator."""
    if type(member) not in linear.ESTIMATORS:
        raise UnsupportedModelError(
            f"{type(outer).__name__} of {type(member).__name__}: use a linear model inside, such as Ridge or LogisticRegression"
        )
    return linear.ESTIMATORS[type(member)](member)


def one_against_rest(estimator: OneVsRestClassifier) -> Lowered:
    """A linear classifier a class; the first of the largest scores wins."""
    members = [_linear(member, estimator) for member in estimator.estimators_]
    if not is_classifier(estimator.estimators_[0]):
        raise UnsupportedModelError(f"OneVsRestClassifier of {type(estimator.estimators_[0]).__name__}: use a classifier inside")
    scores = _stacked(members)
    if estimator.multilabel_:
        return linear.several_labels([scores], ((0, 1),) * len(members))
    single = len(members) == 1  # two classes
    logistic = all(member.link == "sigmoid" for member in members)
    link = ("sigmoid" if single else "ovr") if logistic else "none"
    return Lowered(scores, link=link, has_proba=logistic)


def several_values(estimator: MultiOutputRegressor) -> Lowered:
    members = [_linear(member, estimator) for member in estimator.estimators_]
    if {member.link for member in members} != {"none"}:
        raise UnsupportedModelError("MultiOutputRegressor of a generalized linear model: transpile its estimators_ one by one")
    return Lowered(_stacked(members), decision="values")


def several_labels(estimator: MultiOutputClassifier) -> Lowered:
    return linear.several_labels([_core(_linear(member, estimator)) for member in estimator.estimators_], None)


def _stacked(members: list[Lowered]) -> Linear:
    cores = list(map(_core, members))
    return Linear(np.vstack([core.coef for core in cores]), np.concatenate([core.intercept for core in cores]))


def _core(lowered: Lowered) -> Linear:
    assert isinstance(lowered.core, Linear)
    return lowered.core


def transformed(estimator: TransformedTargetRegressor) -> Lowered:
    """A linear regression whose target was scaled, or was a logarithm."""
    inside, change = _linear(estimator.regressor_, estimator), estimator.transformer_
    functions = (change.func, change.inverse_func) if type(change) is FunctionTransformer else ()
    if functions == (None, None):
        return inside
    if functions == (np.log, np.exp) and (inside.link, inside.decision) == ("none", None):
        return replace(inside, link="exp")
    if type(change) is StandardScaler and inside.link == "none":
        factor = change.scale_ if change.with_std else np.ones(1)
        shift = change.mean_ if change.with_mean else np.zeros(1)
        core = _core(inside)
        return replace(inside, core=Linear(core.coef * factor[:, None], core.intercept * factor + shift))
    raise UnsupportedModelError(
        "TransformedTargetRegressor of this transformation: use transformer=StandardScaler(), or func=np.log, inverse_func=np.exp"
    )


ESTIMATORS: dict[type, Callable[[Any], Lowered]] = {
    MultiOutputClassifier: several_labels,
    MultiOutputRegressor: several_values,
    OneVsRestClassifier: one_against_rest,
    TransformedTargetRegressor: transformed,
}
