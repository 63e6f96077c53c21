"""Fitted transformers -> the stages that their `transform` takes, in its order, so that folding them is exact."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from edgewise.algebra import width
from edgewise.errors import UnsupportedModelError
from edgewise.ir import Affine, Columns, Normalize, Parallel, Polynomial, Scaling, Stage
from edgewise.lower.wrappers import unwrapped

Stages = tuple[Stage, ...]
IDENTITY = (None, "passthrough")  # in the place of a transformer


def _scaling(*steps: tuple[str, Any]) -> Stages:
    """Nothing where there are no steps."""
    return (Scaling(tuple((name, np.asarray(operand, dtype=np.float64)) for name, operand in steps)),) if steps else ()


def _standard(scaler: StandardScaler) -> Stages:
    return _scaling(*[("sub", scaler.mean_)] * scaler.with_mean, *[("div", scaler.scale_)] * scaler.with_std)


def _min_max(scaler: MinMaxScaler) -> Stages:
    clip = [(name, np.full_like(scaler.scale_, bound)) for name, bound in zip(("max", "min"), scaler.feature_range, strict=True)]
    return _scaling(("mul", scaler.scale_), ("add", scaler.min_), *clip * scaler.clip)


def _robust(scaler: RobustScaler) -> Stages:
    return _scaling(*[("sub", scaler.center_)] * scaler.with_centering, *[("div", scaler.scale_)] * scaler.with_scaling)


def _max_abs(scaler: MaxAbsScaler) -> Stages:
    ones = np.ones_like(scaler.scale_)
    return _scaling(("div", scaler.scale_), *[("max", -ones), ("min", ones)] * getattr(scaler, "clip", False))  # new in 1.8


def _normalizer(normalizer: Normalizer) -> Stages:
    return (Normalize(normalizer.norm),)


def _power(transformer: PowerTransformer) -> Stages:
    power = _scaling((transformer.method.replace("-", "_"), transformer.lambdas_))
    return _joined(power, _standard(transformer._scaler)) if transformer.standardize else power


def _imputer(imputer: SimpleImputer) -> Stages:
    if imputer.add_indicator:
        raise UnsupportedModelError("SimpleImputer(add_indicator=True) is not supported; use add_indicator=False")
    if not (isinstance(imputer.missing_values, float) and np.isnan(imputer.missing_values)):
        raise UnsupportedModelError(f"SimpleImputer(missing_values={imputer.missing_values!r}) is not supported; use NaN")
    try:
        value = np.asarray(imputer.statistics_, dtype=np.float64)
    except (ValueError, TypeError):
        raise UnsupportedModelError(f"SimpleImputer fills in {imputer.statistics_.tolist()}; fit it on numbers") from None
    known = np.flatnonzero(~np.isnan(value))  # a column without any number is dropped
    return _columns(known, len(value)) + _scaling(("fill", value[known]))


def _selector(selector) -> Stages:
    support = selector.get_support()
    return _columns(np.flatnonzero(support), len(support))


def _columns(source: np.ndarray, n_features: int) -> Stages:
    """Nothing where they are all, in order."""
    if not len(source):
        raise UnsupportedModelError("a step of the pipeline keeps no feature; select at least one")
    return () if np.array_equal(source, np.arange(n_features)) else (Columns(np.asarray(source, dtype=np.int64)),)


def _pca(pca: PCA | IncrementalPCA) -> Stages:
    matrix = pca.components_
    if pca.whiten:
        scale = np.sqrt(pca.explained_variance_)
        matrix = matrix / np.maximum(scale, np.finfo(scale.dtype).eps)[:, None]
    return (Affine(matrix.astype(np.float64), pca.mean_.astype(np.float64)),)


def _svd(svd: TruncatedSVD) -> Stages:
    return (Affine(svd.components_.astype(np.float64), np.zeros(svd.components_.shape[1])),)


def _polynomial(polynomial: PolynomialFeatures) -> Stages:
    return (Polynomial(polynomial.powers_),)


def _function(transformer: FunctionTransformer) -> Stages:
    if transformer.func is not None:
        raise UnsupportedModelError(
            "FunctionTransformer(func=...) is not supported, as a board has no such function; compute the feature before"
        )
    return ()


def _pipeline(pipeline: Pipeline) -> Stages:
    stages: Stages = ()
    for _, step in pipeline.steps:
        stages = _joined(stages, lower(step))
    return stages


def _column_transformer(transformer: ColumnTransformer) -> Stages:
    places = transformer._transformer_to_input_indices  # of names, slices, masks and callables alike
    weights = transformer.transformer_weights or {}
    branches = []
    for name, step, _ in transformer.transformers_:
        columns = np.asarray(places[name], dtype=np.int64)
        if not (isinstance(step, str) and step == "drop") and len(columns):
            chosen = _columns(columns, transformer.n_features_in_)
            branches.append(_joined(chosen, _weighted(step, weights.get(name), len(columns))))
    return _parallel(branches, transformer.n_features_in_)


def _union(union: FeatureUnion) -> Stages:
    weights = union.transformer_weights or {}
    steps = [(name, step) for name, step in union.transformer_list if not (isinstance(step, str) and step == "drop")]
    n_features = union.n_features_in_
    return _parallel([_weighted(step, weights.get(name), n_features) for name, step in steps], n_features)


def _weighted(step, weight: float | None, n_features: int) -> Stages:
    """The transformer of n_features numbers, then its weight."""
    stages = lower(step)
    if weight is not None:
        stages = _joined(stages, _scaling(("mul", np.full(width(stages, n_features), float(weight)))))
    return stages


def _parallel(branches: list[Stages], n_features: int) -> Stages:
    """Branches on the same row, none of them empty."""
    if not branches:
        raise UnsupportedModelError("a step of the pipeline keeps no feature; select at least one")
    if len(branches) == 1:
        return branches[0]
    return (Parallel(tuple(branch or (Columns(np.arange(n_features)),) for branch in branches)),)


def _joined(before: Stages, after: Stages) -> Stages:
    """One after the other; the steps of neighboring scalings are of one."""
    if before and after and isinstance(before[-1], Scaling) and isinstance(after[0], Scaling):
        return (*before[:-1], Scaling(before[-1].steps + after[0].steps), *after[1:])
    return before + after


TRANSFORMERS: dict[type, Callable[[Any], Stages]] = {
    StandardScaler: _standard,
    MinMaxScaler: _min_max,
    RobustScaler: _robust,
    MaxAbsScaler: _max_abs,
    Normalizer: _normalizer,
    PowerTransformer: _power,
    SimpleImputer: _imputer,
    SelectKBest: _selector,
    SelectPercentile: _selector,
    SelectFpr: _selector,
    SelectFdr: _selector,
    SelectFwe: _selector,
    GenericUnivariateSelect: _selector,
    VarianceThreshold: _selector,
    SelectFromModel: _selector,
    SequentialFeatureSelector: _selector,
    RFE: _selector,
    RFECV: _selector,
    PCA: _pca,
    IncrementalPCA: _pca,
    TruncatedSVD: _svd,
    PolynomialFeatures: _polynomial,
    FunctionTransformer: _function,
    Pipeline: _pipeline,
    ColumnTransformer: _column_transformer,
    FeatureUnion: _union,
}


def lower(transformer) -> Stages:
    """A fitted transformer, "passthrough" or None, by exact type: a subclass may transform otherwise.

    Raises UnsupportedModelError, one line.
    """
    if transformer is None or (isinstance(transformer, str) and transformer in IDENTITY):
        return ()
    name = type(transformer).__name__
    if type(transformer) not in TRANSFORMERS:
        known = ", ".join(sorted(known.__name__ for known in TRANSFORMERS))
        raise UnsupportedModelError(f"{name} is not supported in front of a model; supported: {known}")
    try:
        check_is_fitted(transformer)
    except NotFittedError:
        raise UnsupportedModelError(f"{name} is not fitted; call fit(X, y) before transpile") from None
    return TRANSFORMERS[type(transformer)](transformer)


def split(estimator) -> tuple[Stages, Any, int]:
    """(stages in front, the estimator itself, number of features of a raw row) of an estimator or a pipeline, also nested."""
    stages: Stages = ()
    first = estimator
    while type(estimator := unwrapped(estimator)) is Pipeline:
        for _, step in estimator.steps[:-1]:
            stages = _joined(stages, lower(step))
            if not hasattr(first, "n_features_in_"):
                first = step
        estimator = estimator.steps[-1][1]
        if not hasattr(first, "n_features_in_"):
            first = estimator
    return stages, estimator, int(getattr(first, "n_features_in_", 0))
