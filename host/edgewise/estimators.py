"""Short names of models -> small scikit-learn estimators with defaults that suit a board."""

from collections.abc import Callable

from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise.errors import UnsupportedModelError

Factory = Callable[[int], BaseEstimator]  # takes the seed


def _scaled(estimator: BaseEstimator) -> BaseEstimator:
    return make_pipeline(StandardScaler(), estimator)


# name: (classifier, regressor); None where scikit-learn has no such model
MODELS: dict[str, tuple[Factory | None, Factory | None]] = {
    "tree": (
        lambda seed: DecisionTreeClassifier(max_depth=8, random_state=seed),
        lambda seed: DecisionTreeRegressor(max_depth=8, random_state=seed),
    ),
    "forest": (
        lambda seed: RandomForestClassifier(10, max_leaf_nodes=100, random_state=seed),
        lambda seed: RandomForestRegressor(10, max_leaf_nodes=100, random_state=seed),
    ),
    "extra-trees": (
        lambda seed: ExtraTreesClassifier(10, max_leaf_nodes=100, random_state=seed),
        lambda seed: ExtraTreesRegressor(10, max_leaf_nodes=100, random_state=seed),
    ),
    # Of trees the best per byte on people that the training never saw: 41 KB for 2200 windows of shoulder exercises
    "large-forest": (
        lambda seed: RandomForestClassifier(60, max_leaf_nodes=100, max_features=0.3, random_state=seed),
        lambda seed: RandomForestRegressor(60, max_leaf_nodes=100, max_features=0.3, random_state=seed),
    ),
    # Right more often there than any other trees: 82 KB
    "large-extra-trees": (
        lambda seed: ExtraTreesClassifier(60, max_leaf_nodes=200, max_features=0.5, random_state=seed),
        lambda seed: ExtraTreesRegressor(60, max_leaf_nodes=200, max_features=0.5, random_state=seed),
    ),
    "linear": (
        lambda seed: _scaled(LogisticRegression(max_iter=1000, random_state=seed)),
        lambda seed: _scaled(LinearRegression()),
    ),
    "ridge": (lambda seed: _scaled(RidgeClassifier()), lambda seed: _scaled(Ridge())),
    "lasso": (None, lambda seed: _scaled(Lasso(random_state=seed))),
    "elastic-net": (None, lambda seed: _scaled(ElasticNet(random_state=seed))),
    "sgd": (
        lambda seed: _scaled(SGDClassifier(loss="log_loss", random_state=seed)),
        lambda seed: _scaled(SGDRegressor(random_state=seed)),
    ),
    "svm": (
        lambda seed: _scaled(LinearSVC(random_state=seed)),
        lambda seed: _scaled(LinearSVR(random_state=seed)),
    ),
    "knn": (lambda seed: _scaled(KNeighborsClassifier()), lambda seed: _scaled(KNeighborsRegressor())),
}


def make(model: str, task: str, seed: int = 0) -> BaseEstimator:
    """An unfitted estimator; task: "classification" or "regression". Raises UnsupportedModelError."""
    if model not in MODELS:
        raise UnsupportedModelError(f"unknown model {model!r}; choose from {', '.join(MODELS)}")
    factory = MODELS[model][task == "regression"]
    if factory is None:
        raise UnsupportedModelError(f"model {model!r} is for regression, and the target holds classes; try linear")
    return factory(seed)
