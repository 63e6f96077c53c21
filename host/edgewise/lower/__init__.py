"""Fitted scikit-learn estimator -> intermediate form. One visible table says which."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, KMeans, MeanShift, MiniBatchKMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.kernel_ridge import KernelRidge
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor
from sklearn.utils.validation import check_is_fitted

from edgewise.anomaly import MaxZScore
from edgewise.errors import UnsupportedModelError
from edgewise.ir import Label, Linear, Lowered, Model
from edgewise.lower import (
    anomalies,
    bayes,
    boosting,
    centroids,
    discriminants,
    foreign,
    linear,
    machines,
    neighbors,
    network,
    stages,
    trees,
    wrappers,
)
from edgewise.lower.unsupported import why_not
from edgewise.teach import HiddenLayerNetwork

LOWERINGS: dict[type, Callable[[Any], Lowered]] = {
    DecisionTreeClassifier: trees.lower,
    DecisionTreeRegressor: trees.lower,
    ExtraTreeClassifier: trees.lower,
    ExtraTreeRegressor: trees.lower,
    RandomForestClassifier: trees.lower,
    RandomForestRegressor: trees.lower,
    ExtraTreesClassifier: trees.lower,
    ExtraTreesRegressor: trees.lower,
    GradientBoostingClassifier: boosting.gradient_boosting,
    GradientBoostingRegressor: boosting.gradient_boosting,
    HistGradientBoostingClassifier: boosting.hist_gradient_boosting,
    HistGradientBoostingRegressor: boosting.hist_gradient_boosting,
    AdaBoostClassifier: boosting.ada_boost_classifier,
    AdaBoostRegressor: boosting.ada_boost_regressor,
    BaggingClassifier: boosting.bagging,
    BaggingRegressor: boosting.bagging,
    IsolationForest: boosting.isolation_forest,
    **linear.ESTIMATORS,
    **wrappers.ESTIMATORS,
    LinearDiscriminantAnalysis: discriminants.linear,
    QuadraticDiscriminantAnalysis: discriminants.quadratic,
    GaussianMixture: discriminants.mixture,
    BayesianGaussianMixture: discriminants.bayesian_mixture,
    BernoulliNB: bayes.bernoulli,
    CategoricalNB: bayes.categorical,
    ComplementNB: bayes.complement,
    GaussianNB: bayes.gaussian,
    MultinomialNB: bayes.multinomial,
    NearestCentroid: centroids.nearest_centroid,
    AffinityPropagation: centroids.clusters,
    Birch: centroids.birch,
    BisectingKMeans: centroids.bisecting,
    KMeans: centroids.clusters,
    MeanShift: centroids.clusters,
    MiniBatchKMeans: centroids.clusters,
    KNeighborsClassifier: neighbors.lower,
    KNeighborsRegressor: neighbors.lower,
    MLPClassifier: network.lower,
    MLPRegressor: network.lower,
    HiddenLayerNetwork: network.lower,
    SVC: machines.classifier,
    NuSVC: machines.classifier,
    SVR: machines.regressor,
    NuSVR: machines.regressor,
    OneClassSVM: machines.one_class,
    KernelRidge: machines.ridge,
    EllipticEnvelope: anomalies.envelope,
    MaxZScore: anomalies.z_score,
}


def lower(estimator) -> Model:
    """A fitted estimator, alone or in a Pipeline behind transformers (see `lower.stages`), by exact type: a subclass may predict
    otherwise.

    Raises UnsupportedModelError, one line, for any other class, an unfitted model, several outputs or odd labels.
    """
    before, core, n_features = stages.split(estimator)
    lowering = LOWERINGS.get(type(core)) or foreign.lowering(type(core))
    if lowering is None:
        why = why_not(type(core))
        raise UnsupportedModelError(f"{type(core).__name__} is not supported as the model: {why} (edgewise models lists all)")
    try:
        check_is_fitted(core)
    except NotFittedError:
        raise UnsupportedModelError(f"{type(core).__name__} is not fitted; call fit(X, y) before transpile") from None
    lowered = lowering(core)
    classes = lowered.classes
    if classes is None and is_classifier(core):
        each = lowered.decision == "labels"
        classes = tuple(map(_labels, core.classes_)) if each else _labels(core.classes_)
    if classes is not None and len(classes) == 1 and isinstance(lowered.core, Linear):
        lowered = _of_one_class(lowered, int(core.n_features_in_))
    return Model(
        core=lowered.core,
        n_features=n_features,
        classes=classes,
        # without the addresses of random_state=RandomState(...), which differ from run to run
        description=re.sub(r" at 0x[0-9A-Fa-f]+", "", re.sub(r"\s+", " ", str(estimator))),
        has_proba=hasattr(core, "predict_proba") if lowered.has_proba is None else lowered.has_proba,
        stages=before + lowered.stages,
        decision=lowered.decision or ("value" if classes is None else "largest"),
        link=lowered.link,
        threshold=lowered.threshold,
    )


def _of_one_class(lowered: Lowered, n_features: int) -> Lowered:
    """There is nothing to decide, and one score above 0 would be for a second class."""
    return replace(lowered, core=Linear(np.zeros((1, n_features)), np.zeros(1)), stages=())


def _labels(classes) -> tuple[Label, ...]:
    classes = np.asarray(classes)
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
