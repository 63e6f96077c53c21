"""Linear models, read from the sums that m2cgen's assembler writes."""

from copy import copy

import numpy as np
from m2cgen import ast
from m2cgen.assemblers import get_assembler_cls
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression, SGDClassifier

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Linear
from edgewise.lower.recursion import recursion_limit

SGD_LINKS = {"log_loss": "ovr", "modified_huber": "huber"}


def lower(estimator) -> Linear:
    n_features = estimator.n_features_in_
    if not isinstance(estimator.coef_, np.ndarray):
        raise UnsupportedModelError(f"{type(estimator).__name__} has sparse coefficients; call densify() before transpile")
    # RidgeClassifier alone takes several labels a row, and tells only here
    if getattr(getattr(estimator, "_label_binarizer", None), "y_type_", "").startswith("multilabel"):
        raise UnsupportedModelError(f"{type(estimator).__name__} has several outputs; fit one model for each")
    if not is_classifier(estimator) and np.ndim(estimator.coef_) == 2 and np.shape(estimator.coef_)[0] > 1:
        raise UnsupportedModelError(
            f"{type(estimator).__name__} has {np.shape(estimator.coef_)[0]} targets; fit one model for each"
        )
    if np.ndim(estimator.coef_) == 2:  # with fit_intercept=False one zero stands for all classes; m2cgen reads one for each
        estimator = copy(estimator)
        estimator.intercept_ = np.broadcast_to(estimator.intercept_, len(estimator.coef_))
    with recursion_limit(6 * n_features + 1000):
        expression = get_assembler_cls(estimator)(estimator).assemble()
    scores = expression.exprs if isinstance(expression, ast.VectorVal) else [expression]
    coef, intercept = np.zeros((len(scores), n_features)), np.zeros(len(scores))
    for row, score in enumerate(scores):
        for term in _terms(score):
            if isinstance(term, ast.NumVal):
                intercept[row] += term.value
            else:
                coef[row, term.left.index] += term.right.value
    return Linear(coef=coef, intercept=intercept, link=_link(estimator, len(scores)))


def _terms(expression: ast.Expr) -> list[ast.Expr]:
    """The summands of a left-leaning chain of additions."""
    terms = []
    while isinstance(expression, ast.BinNumExpr) and expression.op is ast.BinNumOpType.ADD:
        terms.append(expression.right)
        expression = expression.left
    return [*terms, expression]


def _link(estimator, n_scores: int) -> str:
    if isinstance(estimator, LogisticRegression):
        return "sigmoid" if n_scores == 1 else "softmax"
    if isinstance(estimator, SGDClassifier):
        link = SGD_LINKS.get(estimator.loss, "none")
        return "sigmoid" if (link, n_scores) == ("ovr", 1) else link
    return "none"
