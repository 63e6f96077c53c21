"""Every estimator in the tables of `lower`, with its default parameters, on the unix port; new lines there are tested here."""

import inspect
import warnings

import numpy as np
import pytest
from models import deployed
from sklearn.base import is_classifier, is_regressor
from sklearn.cross_decomposition import CCA, PLSCanonical
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LogisticRegression,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    Ridge,
)
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.naive_bayes import BernoulliNB
from sklearn.semi_supervised import SelfTrainingClassifier

from edgewise import Target, transpile
from edgewise.lower import LOWERINGS, foreign
from edgewise.lower.wrappers import WRAPPERS
from edgewise.verify import verify

X, SPECIES = load_iris(return_X_y=True)
SEVERAL = (CCA, MultiOutputRegressor, MultiTaskElasticNet, MultiTaskElasticNetCV, MultiTaskLasso, MultiTaskLassoCV, PLSCanonical)
KINDS = {kind.__name__: kind for kind in (*LOWERINGS, *WRAPPERS)} | {path.rpartition(".")[2]: path for path in foreign.LOWERINGS}


def kind_of(name: str) -> type:
    """A class of scikit-learn or ours, or one of a package that need not be there."""
    kind = KINDS[name]
    if isinstance(kind, type):
        return kind
    package = kind.partition(".")[0]
    return getattr(pytest.importorskip(package, reason=f"pip install {package}, which is optional"), name)


def made(kind: type):
    """With default parameters; those around another estimator around a linear one, those that choose with a choice of two."""
    parameters = inspect.signature(kind).parameters
    given: dict = {"random_state": 0} if "random_state" in parameters else {}
    wants_one = "estimator" in parameters and parameters["estimator"].default is inspect.Parameter.empty
    if wants_one or kind is SelfTrainingClassifier:
        logistic = LogisticRegression(max_iter=1000)
        given["estimator"] = logistic.fit(X, SPECIES) if kind is FrozenEstimator else logistic
    if kind is MultiOutputRegressor:
        given["estimator"] = Ridge()
    choices = {"C": [0.1, 1.0]}
    given |= {name: choices for name in ("param_grid", "param_distributions") if name in parameters}
    given |= {"n_iter": 2} if "param_distributions" in parameters else {}
    return kind(**given)


def targets(estimator) -> np.ndarray | None:
    """Positive numbers, as some regressions want them."""
    if isinstance(estimator, SEVERAL):
        return X[:, :2]
    if isinstance(estimator, MultiOutputClassifier):
        return np.stack([SPECIES, SPECIES > 1], axis=1)
    if is_classifier(estimator):
        return SPECIES
    return X[:, 0] if is_regressor(estimator) else None


def rows(X: np.ndarray) -> np.ndarray:
    """Those of the training, and points between them, where every model has an answer."""
    rng = np.random.default_rng(0)
    share = rng.uniform(size=(100, 1))
    pairs = X[rng.integers(0, len(X), (2, 100))]
    return np.concatenate([X[::3], pairs[0] * share + pairs[1] * (1 - share)]).astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_unix_port_answers_as_scikit_learn(name: str, unix_port: Target):
    kind = kind_of(name)
    estimator = made(kind)
    inputs = X - 3 if kind is BernoulliNB else X  # which asks whether numbers are above 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence, of deprecation: these are default parameters on few rows
        estimator.fit(inputs, targets(estimator))
        program = transpile(estimator, name="edgewise_case", X=inputs)
        with deployed(program, rows(inputs), unix_port) as artifact:
            verification = verify(artifact, unix_port)
            assert unix_port.eval("__import__('edgewise_case').self_test()") > 0
    assert verification.n_rows == 150
    assert verification.n_unexplained == 0, verification.first_difference
    if verification.largest_error is None:
        assert verification.n_equal >= 0.98 * verification.n_rows
    else:
        assert verification.largest_error <= 0.005  # of some cm: a network of whole numbers; others err by 1e-5
