"""Models whose scores are coef_ @ row + intercept_, whichever way these were found."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import linear_model
from sklearn.base import is_classifier
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression
from sklearn.svm import LinearSVC, LinearSVR

from edgewise.errors import UnsupportedModelError
from edgewise.ir import INLIER, Linear, Lowered

SGD_LINKS = {"log_loss": "ovr", "modified_huber": "huber"}
UNTIL_1_9 = ("PassiveAggressiveClassifier", "PassiveAggressiveRegressor")  # of scikit-learn; SGDClassifier does the same
GLM_LINKS = {"IdentityLink": "none", "LogLink": "exp"}


def lower(estimator) -> Lowered:
    """Of several targets `values`; of a RidgeClassifier's several labels `labels`."""
    core = _core(estimator)
    if getattr(getattr(estimator, "_label_binarizer", None), "y_type_", "").startswith("multilabel"):
        return several_labels([core], ((0, 1),) * len(core.coef))
    several = not is_classifier(estimator) and len(core.coef) > 1
    return Lowered(core, decision="values" if several else None)


def several_labels(cores: list[Linear], classes: tuple | None) -> Lowered:
    """Outputs one after the other; the one score of two classes is that of the second, beside a zero for the first.

    cores: of each output the scores of its classes, or a core whose every score is an output of two classes.
    """
    coef, intercept = [], []
    for core in cores:
        binary = len(cores) == 1 or len(core.coef) == 1
        for row, number in zip(core.coef, core.intercept, strict=True):
            coef += [np.zeros_like(row), row] if binary else [row]
            intercept += [0.0, number] if binary else [number]
    return Lowered(Linear(np.array(coef), np.array(intercept)), decision="labels", classes=classes, has_proba=False)


def _core(estimator) -> Linear:
    if not isinstance(estimator.coef_, np.ndarray):
        raise UnsupportedModelError(f"{type(estimator).__name__} has sparse coefficients; call densify() before transpile")
    coef = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    # with fit_intercept=False one zero stands for all scores
    return Linear(coef, np.broadcast_to(np.asarray(estimator.intercept_, dtype=np.float64), len(coef)))


def _logistic(estimator) -> Lowered:
    core = _core(estimator)
    return Lowered(core, link="sigmoid" if len(core.coef) == 1 else "softmax")


def _sgd(estimator) -> Lowered:
    core = _core(estimator)
    link = SGD_LINKS.get(estimator.loss, "none")
    return Lowered(core, link="sigmoid" if (link, len(core.coef)) == ("ovr", 1) else link)


def _one_class(estimator: linear_model.SGDOneClassSVM) -> Lowered:
    """The score is that of score_samples, without the offset."""
    core = Linear(np.atleast_2d(estimator.coef_), np.zeros(1))
    return Lowered(core, decision="threshold", threshold=float(estimator.offset_[0]), classes=INLIER)


def _generalized(estimator) -> Lowered:
    link = type(estimator._base_loss.link).__name__
    if link not in GLM_LINKS:
        raise UnsupportedModelError(f"{type(estimator).__name__}(link={link}): use link='identity' or 'log'")
    return Lowered(_core(estimator), link=GLM_LINKS[link])


def _latent(estimator) -> Lowered:
    """Partial least squares moves the row to the training mean first."""
    core, mean = _core(estimator), np.asarray(estimator._x_mean, dtype=np.float64)
    decision = "values" if len(core.coef) > 1 else None
    return Lowered(Linear(core.coef, core.intercept - core.coef @ mean, mean), decision=decision)


ESTIMATORS: dict[type, Callable[[Any], Lowered]] = {
    linear_model.ARDRegression: lower,
    linear_model.BayesianRidge: lower,
    linear_model.ElasticNet: lower,
    linear_model.ElasticNetCV: lower,
    linear_model.HuberRegressor: lower,
    linear_model.Lars: lower,
    linear_model.LarsCV: lower,
    linear_model.Lasso: lower,
    linear_model.LassoCV: lower,
    linear_model.LassoLars: lower,
    linear_model.LassoLarsCV: lower,
    linear_model.LassoLarsIC: lower,
    linear_model.LinearRegression: lower,
    linear_model.MultiTaskElasticNet: lower,
    linear_model.MultiTaskElasticNetCV: lower,
    linear_model.MultiTaskLasso: lower,
    linear_model.MultiTaskLassoCV: lower,
    linear_model.OrthogonalMatchingPursuit: lower,
    linear_model.OrthogonalMatchingPursuitCV: lower,
    linear_model.Perceptron: lower,
    linear_model.QuantileRegressor: lower,
    linear_model.Ridge: lower,
    linear_model.RidgeCV: lower,
    linear_model.RidgeClassifier: lower,
    linear_model.RidgeClassifierCV: lower,
    linear_model.SGDRegressor: lower,
    linear_model.TheilSenRegressor: lower,
    LinearSVC: lower,
    LinearSVR: lower,
    linear_model.LogisticRegression: _logistic,
    linear_model.LogisticRegressionCV: _logistic,
    linear_model.SGDClassifier: _sgd,
    linear_model.SGDOneClassSVM: _one_class,
    linear_model.GammaRegressor: _generalized,
    linear_model.PoissonRegressor: _generalized,
    linear_model.TweedieRegressor: _generalized,
    CCA: _latent,
    PLSCanonical: _latent,
    PLSRegression: _latent,
    **{getattr(linear_model, name): lower for name in UNTIL_1_9 if hasattr(linear_model, name)},
}
