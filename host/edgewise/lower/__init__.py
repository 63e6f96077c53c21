"""Fitted scikit-learn estimator -> intermediate form. One visible table says which."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor
from sklearn.utils.validation import check_is_fitted

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Label, Linear, Model, Neighbors, Trees
from edgewise.lower import linear, neighbors, scalers, trees

LOWERINGS: dict[type, Callable[[Any], Trees | Linear | Neighbors]] = {
    DecisionTreeClassifier: trees.lower,
    DecisionTreeRegressor: trees.lower,
    ExtraTreeClassifier: trees.lower,
    ExtraTreeRegressor: trees.lower,
    RandomForestClassifier: trees.lower,
    RandomForestRegressor: trees.lower,
    ExtraTreesClassifier: trees.lower,
    ExtraTreesRegressor: trees.lower,
    LinearRegression: linear.lower,
    Ridge: linear.lower,
    Lasso: linear.lower,
    ElasticNet: linear.lower,
    SGDRegressor: linear.lower,
    LogisticRegression: linear.lower,
    RidgeClassifier: linear.lower,
    SGDClassifier: linear.lower,
    LinearSVC: linear.lower,
    LinearSVR: linear.lower,
    KNeighborsClassifier: neighbors.lower,
    KNeighborsRegressor: neighbors.lower,
}


def lower(estimator) -> Model:
    """A fitted estimator, alone or in a Pipeline behind one scaler.

    Raises UnsupportedModelError, one line, for any other class, an unfitted model, several outputs or odd labels.
    """
    scaler, core = _split(estimator)
    for step in (scaler, core):
        try:
            if step is not None:
                check_is_fitted(step)
        except NotFittedError:
            raise UnsupportedModelError(f"{type(step).__name__} is not fitted; call fit(X, y) before transpile") from None
    scaling = scalers.lower(scaler) if scaler is not None else None
    return Model(
        core=LOWERINGS[type(core)](core),
        n_features=int(core.n_features_in_),
        classes=_labels(core) if is_classifier(core) else None,
        scaling=scaling,
        # without the addresses of random_state=RandomState(...), which differ from run to run
        description=re.sub(r" at 0x[0-9A-Fa-f]+", "", re.sub(r"\s+", " ", str(estimator))),
        has_proba=hasattr(core, "predict_proba"),
    )


def _split(estimator):
    """(scaler or None, estimator), by exact type: a subclass may predict otherwise."""
    steps = [step for _, step in estimator.steps] if type(estimator) is Pipeline else [estimator]
    steps = [step for step in steps[:-1] if step not in (None, "passthrough")] + steps[-1:]
    for i, step in enumerate(steps):
        table: dict[type, Any] = LOWERINGS if i == len(steps) - 1 else scalers.SCALERS
        if type(step) not in table:
            place = "as the model" if table is LOWERINGS else "in front of it"
            known = ", ".join(sorted(known.__name__ for known in table))
            raise UnsupportedModelError(f"{type(step).__name__} is not supported {place}; supported: {known}")
    if len(steps) > 2:
        raise UnsupportedModelError(f"a pipeline of {len(steps)} steps is not supported; use one scaler and one model")
    return (None, steps[0]) if len(steps) == 1 else (steps[0], steps[1])


def _labels(estimator) -> tuple[Label, ...]:
    classes = np.asarray(estimator.classes_)
    if classes.ndim != 1 or classes.dtype.kind not in "biufUO":
        raise UnsupportedModelError(f"labels of type {classes.dtype} are not supported; use int, str or bool")
    labels = tuple(label.item() if isinstance(label, np.generic) else label for label in classes)
    for label in labels:
        if not isinstance(label, (bool, int, str)) and not (isinstance(label, float) and label.is_integer()):
            raise UnsupportedModelError(f"label {label!r} is not supported; use int, str or bool")
        if isinstance(label, float) and abs(label) >= 10**7:  # a board reads and prints seven digits
            raise UnsupportedModelError(f"label {label!r} is beyond the digits of single precision; use int or str")
        if isinstance(label, int) and not -(2**30) <= label < 2**30:
            raise UnsupportedModelError(f"label {label} needs more than 31 bits; use smaller numbers or text")
        if isinstance(label, str):
            try:
                label.encode("utf-8")
            except UnicodeEncodeError:
                raise UnsupportedModelError(f"label {label!r} is not valid Unicode; rename it") from None
    return labels
