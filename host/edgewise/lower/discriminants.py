"""Gaussian classes with full covariances: a whitening of each, and sums of squares."""

from dataclasses import replace

import numpy as np
from scipy.special import digamma

from edgewise.ir import Affine, Linear, Lowered, Scaling, SumSquares


def linear(estimator) -> Lowered:
    """Every solver ends in coef_ and intercept_, the one of two classes in their difference."""
    coef, intercept = np.atleast_2d(estimator.coef_), np.atleast_1d(estimator.intercept_)
    return Lowered(Linear(coef, intercept, estimator.means_.mean(axis=0)), link="sigmoid" if len(coef) == 1 else "softmax")


def quadratic(estimator) -> Lowered:
    """Log posteriors, see Hastie et al., The Elements of Statistical Learning, 2nd ed., formula 4.12."""
    matrices = [(rotation * scaling**-0.5).T for rotation, scaling in zip(estimator.rotations_, estimator.scalings_, strict=True)]
    volume = np.array([np.log(scaling).sum() for scaling in estimator.scalings_])
    return _whitened(matrices, estimator.means_, np.log(estimator.priors_) - 0.5 * volume)


def mixture(estimator) -> Lowered:
    """The component of a GaussianMixture that most likely made a row."""
    return _components(estimator, np.log(estimator.weights_))


def bayesian_mixture(estimator) -> Lowered:
    """Bishop, Pattern Recognition and Machine Learning, formulas 10.46 and 10.64 to 10.66; without what all components share."""
    n_features = estimator.means_.shape[1]
    freedom = np.atleast_1d(estimator.degrees_of_freedom_)
    spread = digamma(0.5 * (freedom - np.arange(n_features)[:, None])).sum(axis=0) - n_features * np.log(freedom)
    return _components(estimator, estimator._estimate_log_weights() + 0.5 * (spread - n_features / estimator.mean_precision_))


def _components(estimator, log_weights: np.ndarray) -> Lowered:
    n_components, n_features = estimator.means_.shape
    factors = estimator.precisions_cholesky_
    each = {
        "full": lambda k: factors[k].T,
        "tied": lambda k: factors.T,
        "diag": lambda k: np.diag(factors[k]),
        "spherical": lambda k: factors[k] * np.eye(n_features),
    }[estimator.covariance_type]
    matrices = [each(k) for k in range(n_components)]
    log_det = np.array([np.log(np.abs(np.diag(matrix))).sum() for matrix in matrices])
    lowered = _whitened(matrices, estimator.means_, log_weights + log_det)
    return replace(lowered, classes=tuple(range(n_components)))


def _whitened(matrices: list[np.ndarray], means: np.ndarray, intercept: np.ndarray) -> Lowered:
    """intercept[k] - |matrices[k] @ (row - means[k])|^2 / 2, softmax. Each row first moves to the middle of the means."""
    center = means.mean(axis=0)
    away = np.concatenate([matrix @ (mean - center) for matrix, mean in zip(matrices, means, strict=True)])
    stages = (Affine(np.vstack(matrices), center), Scaling((("sub", away),)), SumSquares(tuple(map(len, matrices))))
    return Lowered(Linear(-0.5 * np.eye(len(matrices)), intercept), stages=stages, link="softmax")
