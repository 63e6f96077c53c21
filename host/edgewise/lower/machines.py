"""Support vector machines and kernel ridge regressions: sums of kernels, or linear models where the kernel is linear."""

from itertools import combinations

import numpy as np

from edgewise.errors import UnsupportedModelError
from edgewise.ir import INLIER, KernelMachine, Linear, Lowered

NAMES = {"polynomial": "poly"}
SVM_KINDS = ("rbf", "poly", "sigmoid", "linear")
RIDGE_KINDS = (*SVM_KINDS, "laplacian")


def classifier(estimator) -> Lowered:
    """SVC, NuSVC. The class is that of `predict`, libsvm's one-against-one votes, also where probabilities were fitted."""
    n_classes = len(estimator.classes_)
    if estimator.break_ties and n_classes > 2:
        raise UnsupportedModelError(f"{type(estimator).__name__}(break_ties=True): use break_ties=False, the votes as they are")
    dual = _pairs(estimator._dual_coef_, estimator._n_support)
    if n_classes == 2:  # libsvm's score is above 0 for the first class
        return _svm(estimator, -dual, -estimator._intercept_, "largest")
    return _svm(estimator, dual, estimator._intercept_, "pairs")


def regressor(estimator) -> Lowered:
    """SVR, NuSVR."""
    return _svm(estimator, estimator._dual_coef_, estimator._intercept_, "value")


def one_class(estimator) -> Lowered:
    """OneClassSVM. The score is `score_samples`, the threshold `offset_`."""
    lowered = _svm(estimator, estimator._dual_coef_, np.zeros(1), "threshold")
    return Lowered(lowered.core, decision="threshold", classes=INLIER, threshold=float(np.ravel(estimator.offset_)[0]))


def ridge(estimator) -> Lowered:
    """KernelRidge: every training row is a vector."""
    kind = _kind(estimator, RIDGE_KINDS)
    X, dual = estimator.X_fit_, np.atleast_2d(estimator.dual_coef_.T)
    if not isinstance(X, np.ndarray):
        raise UnsupportedModelError("KernelRidge was fitted on a sparse matrix; fit it on a dense one")
    if kind == "poly" and float(estimator.degree) != int(estimator.degree):
        raise UnsupportedModelError(f"KernelRidge(degree={estimator.degree}): use a whole number")
    gamma = 1.0 / X.shape[1] if estimator.gamma is None else float(estimator.gamma)
    core = _core(kind, X, dual, np.zeros(len(dual)), gamma, estimator.coef0, estimator.degree)
    return Lowered(core, decision="value" if estimator.dual_coef_.ndim == 1 else "values")


def _svm(estimator, dual: np.ndarray, intercept: np.ndarray, decision: str) -> Lowered:
    """dual: (n_scores, n_vectors)."""
    kind = _kind(estimator, SVM_KINDS)
    if estimator._sparse:
        raise UnsupportedModelError(f"{type(estimator).__name__} was fitted on a sparse matrix; fit it on a dense one")
    vectors, gamma = estimator.support_vectors_, float(estimator._gamma)
    core = _core(kind, vectors, dual, intercept, gamma, estimator.coef0, estimator.degree)
    return Lowered(core, decision=decision, has_proba=False)


def _kind(estimator, known: tuple[str, ...]) -> str:
    kernel = estimator.kernel
    kind = NAMES.get(kernel, kernel) if isinstance(kernel, str) else None
    if kind not in known:
        shown = repr(kernel) if isinstance(kernel, str) else "a function"
        raise UnsupportedModelError(f"{type(estimator).__name__}(kernel={shown}): use one of {', '.join(known)}")
    return kind


def _core(kind: str, vectors, dual, intercept, gamma: float, coef0: float, degree) -> KernelMachine | Linear:
    vectors = np.asarray(vectors, dtype=np.float64)
    if kind == "linear":
        return Linear(dual @ vectors, np.array(intercept, dtype=np.float64))
    kept = dual.any(axis=0)
    if not kept.any():  # a constant
        return Linear(np.zeros((len(dual), vectors.shape[1])), np.array(intercept, dtype=np.float64))
    return KernelMachine(
        vectors[kept], dual[:, kept], np.array(intercept, dtype=np.float64), kind, gamma, float(coef0), int(degree)
    )


def _pairs(coefs: np.ndarray, n_support: np.ndarray) -> np.ndarray:
    """libsvm's coefficients, (n_classes - 1, n_vectors), as (n_pairs, n_vectors).

    Vectors stand class by class; the row of each tells the other class, its own left out.
    """
    n_classes = len(n_support)
    ends = np.concatenate([[0], np.cumsum(n_support)])
    of_class = [slice(ends[c], ends[c + 1]) for c in range(n_classes)]
    pairs = list(combinations(range(n_classes), 2))
    dual = np.zeros((len(pairs), coefs.shape[1]))
    for pair, (first, second) in enumerate(pairs):
        dual[pair, of_class[first]] = coefs[second - 1, of_class[first]]
        dual[pair, of_class[second]] = coefs[first, of_class[second]]
    return dual
