"""What cannot be transpiled is refused in one line that names it and, where there is one, the remedy."""

from collections.abc import Callable

import numpy as np
import pytest
from models import CLASSIFIERS, DATA, REGRESSORS, fitted
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from edgewise import transpile
from edgewise.errors import BoardError, UnsupportedModelError
from edgewise.lower import lower

X, Y = DATA["int"]
PAIR = np.stack([Y, Y], axis=1)
WIDTHS = np.stack([X[:, 0], X[:, 1]], axis=1)


def refusal(estimator) -> str:
    with pytest.raises(UnsupportedModelError) as caught:
        lower(estimator)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Estimators and their options


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (StackingClassifier([("tree", DecisionTreeClassifier())]), "several models in one"),
        (StandardScaler(), "no transpiler for it"),
    ],
)
def test_other_estimators_are_refused_with_their_reason(model: BaseEstimator, reason: str):
    message = refusal(model.fit(X, Y))
    assert message.startswith(f"{type(model).__name__} is not supported as the model: ")
    assert reason in message
    assert message.endswith("(edgewise models lists all)")


@pytest.mark.parametrize("thing", [5, None, "model", LogisticRegression, Pipeline([("model", "passthrough")])])
def test_what_is_no_estimator(thing):
    assert "is not supported as the model" in refusal(thing)


def test_a_subclass_may_predict_otherwise():
    class Odd(DecisionTreeClassifier):
        pass

    assert refusal(Odd().fit(X, Y)).startswith("Odd is not supported")


@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_unfitted_models(name: str):
    estimator = clone((CLASSIFIERS | REGRESSORS)[name])
    assert refusal(estimator) == f"{type(estimator).__name__} is not fitted; call fit(X, y) before transpile"


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()])
def test_an_unfitted_scaler_before_a_fitted_model(scaler: BaseEstimator):
    pipeline = make_pipeline(scaler, DecisionTreeClassifier().fit(X, Y))
    assert refusal(pipeline).startswith(f"{type(scaler).__name__} is not fitted")


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (lambda: KNeighborsClassifier(metric=lambda a, b: 0.0).fit(X, Y), "KNeighborsClassifier(metric=<function"),
        (lambda: KNeighborsClassifier(metric="cosine").fit(X, Y), "metric='cosine', p=2): use euclidean or manhattan"),
        (lambda: KNeighborsClassifier(p=3).fit(X, Y), "metric='minkowski', p=3): use euclidean or manhattan"),
        (lambda: KNeighborsClassifier(metric_params={"w": [1, 2, 3, 4]}).fit(X, Y), "use euclidean or manhattan"),
        (lambda: KNeighborsRegressor(weights=lambda d: d).fit(X, Y), "callable for weights: use 'uniform' or 'distance'"),
        (lambda: KNeighborsClassifier().fit(csr_matrix(X), Y), "fitted on a sparse matrix; fit it on a dense one"),
        (lambda: KNeighborsClassifier(9).fit(X[:8], Y[:8]), "(n_neighbors=9) was fitted on 8 rows; give it more"),
        (lambda: KNeighborsClassifier().fit(X, PAIR), "KNeighborsClassifier has more than one output"),
        (lambda: KNeighborsRegressor().fit(X, WIDTHS), "KNeighborsRegressor has more than one output"),
        (lambda: SGDClassifier().fit(X, Y).sparsify(), "SGDClassifier has sparse coefficients; call densify()"),
    ],
)
def test_options_that_are_not_supported(estimator: Callable[[], BaseEstimator], reason: str):
    assert reason in refusal(estimator())


# Labels


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (1.5, "label 1.5 is not supported; use int, str or bool"),
        (2**40, "label 1099511627776 needs more than 31 bits"),
        (2**30, "label 1073741824 needs more than 31 bits"),
        (-(2**30) - 1, "label -1073741825 needs more than 31 bits"),
        (1e7, "label 10000000.0 is beyond the digits of single precision; use int or str"),
        (float("inf"), "label inf is not supported"),
        (float("nan"), "label nan is not supported"),
        (None, "label None is not supported"),
        ("\ud800", r"label '\ud800' is not valid Unicode; rename it"),
        (b"raw", "label b'raw' is not supported"),
    ],
)
def test_odd_labels_are_refused(label, reason: str):
    estimator = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    estimator.classes_ = np.array([label, "other"], dtype=object)
    assert refusal(estimator).startswith(reason)


@pytest.mark.parametrize("classes", [np.array(["2020-01-01"], dtype="datetime64[D]"), np.array([[0, 1]]), np.array([1j])])
def test_odd_arrays_of_labels_are_refused(classes: np.ndarray):
    estimator = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    estimator.classes_ = classes
    assert "labels of type" in refusal(estimator)


# Arguments of transpile


@pytest.mark.parametrize(
    ("options", "kind", "reason"),
    [
        ({"name": "class"}, UnsupportedModelError, "'class' cannot name a module"),
        ({"name": "math"}, UnsupportedModelError, "'math' cannot name a module"),
        ({"name": "9lives"}, UnsupportedModelError, "'9lives' cannot name a module"),
        ({"name": "modèle"}, UnsupportedModelError, "cannot name a module"),
        ({"name": "a\nb"}, UnsupportedModelError, r"'a\nb' cannot name a module"),
        ({"name": "../up"}, UnsupportedModelError, "'../up' cannot name a module"),
        ({"board": "PICO"}, BoardError, "no board 'PICO'"),
        (
            {"backend": "java"},
            UnsupportedModelError,
            "unknown back end 'java'; choose from auto, table, expression, viper, thumb",
        ),
        ({"X": np.zeros((2, 3))}, UnsupportedModelError, "X has shape (2, 3); the model takes (n_rows, 4)"),
        ({"X": np.zeros(4)}, UnsupportedModelError, "X has shape (4,)"),
        ({"X": [["a"] * 4]}, UnsupportedModelError, "X is no array of numbers"),
        ({"X": np.full((1, 4), 1e39)}, UnsupportedModelError, "X holds infinity or a number beyond single precision"),
        ({"X": np.zeros((0, 4))}, UnsupportedModelError, "X has no rows; pass training rows, or leave it out"),
        ({"feature_names": ["a"]}, UnsupportedModelError, "1 feature names for 4 features; give one for each"),
        ({"feature_names": ["\udcff", "b", "c", "d"]}, UnsupportedModelError, r"feature name '\udcff' is not valid Unicode"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_what_transpile_refuses(options: dict, kind: type, reason: str):
    with pytest.raises(kind) as caught:
        transpile(fitted("DecisionTreeClassifier-text").estimator, **options)
    assert str(caught.value).startswith(reason) or reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_neighbors_have_no_expression():
    with pytest.raises(UnsupportedModelError, match=r"has no expression form; use --backend table$"):
        transpile(fitted("KNeighborsClassifier-text").estimator, backend="expression")
