"""The models that the benchmark measures, on real data: 30 % of the rows, or of the people, are kept for the test."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from edgewise import datasets

Halves = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # X_train, X_test, y_train, y_test
TEST_SIZE = 0.3


def _of_sklearn(load: Callable) -> Halves:
    return tuple(train_test_split(*load(return_X_y=True), test_size=TEST_SIZE, random_state=0))


def _digits_with_holes() -> Halves:
    """One pixel in twenty is missing."""
    X_train, X_test, *labels = _of_sklearn(load_digits)
    rng = np.random.default_rng(0)
    X_train, X_test = (np.where(rng.random(X.shape) < 0.05, np.nan, X) for X in (X_train, X_test))
    return X_train, X_test, *labels


def _shoulder_exercises() -> Halves:
    found = datasets.load(datasets.shipped("shoulder_exercises"), "exercise", "person", ["recording"])
    train, test = datasets.split(found, TEST_SIZE, seed=0)
    return found.X[train], found.X[test], found.y[train], found.y[test]


DATA: dict[str, Callable[[], Halves]] = {
    "digits": lambda: _of_sklearn(load_digits),
    "digits with holes": _digits_with_holes,
    "iris": lambda: _of_sklearn(load_iris),
    "wine": lambda: _of_sklearn(load_wine),
    "breast cancer": lambda: _of_sklearn(load_breast_cancer),
    "shoulder exercises": _shoulder_exercises,
    "diabetes": lambda: _of_sklearn(load_diabetes),
}


@dataclass(frozen=True)
class Case:
    """data: a key of DATA. train_rows: the first of the training rows, or all. timed_rows: test rows that are timed, twice each.
    py: is the .py small enough to compile on the board again and again?"""

    name: str
    title: str
    data: str
    estimator: BaseEstimator
    train_rows: int | None = None
    timed_rows: int = 8
    py: bool = False


FORESTS = RandomForestClassifier(10, max_leaf_nodes=100, random_state=0)
TREES = DecisionTreeClassifier(max_depth=6, random_state=0)
NEWTON = LogisticRegression(solver="newton-cg", max_iter=1000)  # lbfgs takes thousands of steps where features are not scaled

CASES = (
    Case("digits_forest", "forest, digits", "digits", FORESTS),
    Case("digits_tree", "tree, digits", "digits", TREES, py=True),
    Case("iris_tree", "tree, iris", "iris", TREES, py=True),
    Case("digits_logistic", "logistic regression, digits", "digits", LogisticRegression(max_iter=1000)),
    Case("diabetes_linear", "linear regression, diabetes", "diabetes", LinearRegression(), py=True),
    Case("iris_knn", "kNN k=5, iris, 100 points", "iris", KNeighborsClassifier(5), 100),
    Case("digits_knn", "kNN k=5, digits, 200 points", "digits", KNeighborsClassifier(5), 200),
    Case("iris_forest", "forest, iris", "iris", FORESTS),
    Case("iris_logistic", "logistic regression, iris", "iris", LogisticRegression(max_iter=1000)),
    Case("wine_forest", "forest, wine", "wine", FORESTS),
    Case("wine_tree", "tree, wine", "wine", TREES),
    Case("wine_logistic", "logistic regression, wine", "wine", NEWTON),
    Case("cancer_forest", "forest, breast cancer", "breast cancer", FORESTS),
    Case("cancer_tree", "tree, breast cancer", "breast cancer", TREES),
    Case("cancer_logistic", "logistic regression, breast cancer", "breast cancer", NEWTON),
    Case("exercise_forest", "forest, shoulder exercises", "shoulder exercises", FORESTS),
    Case("exercise_tree", "tree, shoulder exercises", "shoulder exercises", TREES),
    Case("exercise_logistic", "logistic regression, shoulder exercises", "shoulder exercises", NEWTON),
)
FOREST = CASES[0]
ASKED = tuple(case.title for case in CASES[:6])  # the models whose heap was to be predicted


@dataclass(frozen=True)
class Fitted:
    case: Case
    estimator: BaseEstimator
    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray


def fit(case: Case) -> Fitted:
    X_train, X_test, y_train, _ = DATA[case.data]()
    X_train, y_train = X_train[: case.train_rows], y_train[: case.train_rows]
    return Fitted(case, clone(case.estimator).fit(X_train, y_train), X_train, y_train, X_test)
