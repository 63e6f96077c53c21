"""The models that the benchmark measures: real data sets of scikit-learn, 30 % of the rows kept for the test."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier


@dataclass(frozen=True)
class Case:
    """load: of scikit-learn. train_rows: the first of the training rows, or all. pico_rows: test rows for the emulated Pico,
    or all; the unix port gets all of them. timed_rows: test rows that are timed, twice each. py: is the .py small enough to
    compile on the board again and again?"""

    name: str
    title: str
    estimator: object
    load: Callable
    train_rows: int | None = None
    pico_rows: int | None = 30
    timed_rows: int = 8
    py: bool = False


CASES = (
    Case(
        "digits_forest",
        "forest, digits",
        RandomForestClassifier(10, max_leaf_nodes=100, random_state=0),
        load_digits,
        pico_rows=None,
    ),
    Case("digits_tree", "tree, digits", DecisionTreeClassifier(max_depth=6, random_state=0), load_digits, py=True),
    Case("iris_tree", "tree, iris", DecisionTreeClassifier(max_depth=6, random_state=0), load_iris, pico_rows=None, py=True),
    Case("digits_logistic", "logistic regression, digits", LogisticRegression(max_iter=1000), load_digits),
    Case("diabetes_linear", "linear regression, diabetes", LinearRegression(), load_diabetes, py=True),
    Case("iris_knn", "kNN k=5, iris, 100 points", KNeighborsClassifier(5), load_iris, 100),
    Case("digits_knn", "kNN k=5, digits, 200 points", KNeighborsClassifier(5), load_digits, 200, pico_rows=3, timed_rows=1),
)
FOREST = CASES[0]
ASKED = tuple(case.title for case in CASES[:6])  # the last one is there to show, no goal was set for it


@dataclass(frozen=True)
class Fitted:
    case: Case
    estimator: object
    X_train: np.ndarray
    X_test: np.ndarray


def fit(case: Case) -> Fitted:
    X, y = case.load(return_X_y=True)
    X_train, X_test, y_train, _ = train_test_split(X, y, test_size=0.3, random_state=0)
    X_train, y_train = X_train[: case.train_rows], y_train[: case.train_rows]
    return Fitted(case, case.estimator.fit(X_train, y_train), X_train, X_test)  # type: ignore[attr-defined]
