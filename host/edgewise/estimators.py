"""Short names of models -> small scikit-learn estimators with defaults that suit a board."""

from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
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
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise.anomaly import MaxZScore
from edgewise.errors import UnsupportedModelError

Factory = Callable[[int], BaseEstimator]  # takes the seed


def _scaled(estimator: BaseEstimator) -> BaseEstimator:
    return make_pipeline(StandardScaler(), estimator)


# Accuracy on digits (3 seeds) / on people left out in turn of the shoulder exercises, epochs: 0.979 / 0.878, 130 / 100; with
# alpha 0.0001, a learning rate of 0.001 and batches of 200, as scikit-learn has them, 0.965 / 0.861, 300 and more.
MLP: dict[str, Any] = {
    "hidden_layer_sizes": (16,),
    "alpha": 0.1,
    "learning_rate_init": 0.005,
    "batch_size": 64,
    "max_iter": 300,
}

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
    "mlp": (
        lambda seed: _scaled(MLPClassifier(random_state=seed, **MLP)),
        lambda seed: _scaled(MLPRegressor(random_state=seed, **MLP)),
    ),
    "boosting": (
        lambda seed: GradientBoostingClassifier(n_estimators=20, random_state=seed),
        lambda seed: GradientBoostingRegressor(n_estimators=50, random_state=seed),
    ),
    "hist-boosting": (
        lambda seed: HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=15, early_stopping=False, random_state=seed),
        lambda seed: HistGradientBoostingRegressor(max_iter=50, max_leaf_nodes=15, early_stopping=False, random_state=seed),
    ),
    "ada-boost": (
        lambda seed: AdaBoostClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=20, random_state=seed),
        lambda seed: AdaBoostRegressor(DecisionTreeRegressor(max_depth=4), n_estimators=20, random_state=seed),
    ),
    "naive-bayes": (lambda seed: GaussianNB(), None),
    "lda": (lambda seed: LinearDiscriminantAnalysis(), None),
    # without regularization scikit-learn refuses classes whose features depend on each other
    "qda": (lambda seed: _scaled(QuadraticDiscriminantAnalysis(reg_param=0.01)), None),
    "centroid": (lambda seed: _scaled(NearestCentroid()), None),
    "rbf-svm": (lambda seed: _scaled(SVC(random_state=seed)), lambda seed: _scaled(SVR())),
    "poly-svm": (lambda seed: _scaled(SVC(kernel="poly", random_state=seed)), lambda seed: _scaled(SVR(kernel="poly"))),
}

# Balanced accuracy where one of four shoulder exercises is normal, five people left out in turn: z-score 0.78 with a threshold of
# 4 (3: 0.75, 5: 0.73), elliptic-envelope 0.69, isolation-forest 0.68, one-class-svm 0.63.
ANOMALIES: dict[str, Factory] = {
    "isolation-forest": lambda seed: IsolationForest(n_estimators=50, max_samples=128, contamination=0.05, random_state=seed),
    "elliptic-envelope": lambda seed: EllipticEnvelope(contamination=0.05, random_state=seed),
    "one-class-svm": lambda seed: _scaled(OneClassSVM(nu=0.05)),
    "z-score": lambda seed: MaxZScore(threshold=4.0),
}
CLUSTERS: dict[str, Callable[[int, int], BaseEstimator]] = {  # takes the number of clusters and the seed
    "kmeans": lambda clusters, seed: _scaled(KMeans(clusters, n_init=10, random_state=seed)),
}
N_CLUSTERS = 4  # where none are asked for


def make(model: str, task: str, seed: int = 0) -> BaseEstimator:
    """An unfitted estimator; task: "classification" or "regression". Raises UnsupportedModelError."""
    if model not in MODELS:
        raise UnsupportedModelError(f"unknown model {model!r}; choose from {', '.join([*MODELS, *ANOMALIES, *CLUSTERS])}")
    factory = MODELS[model][task == "regression"]
    if factory is None:
        kind, holds = ("regression", "classes") if task == "classification" else ("classification", "numbers")
        raise UnsupportedModelError(f"model {model!r} is for {kind}, and the target holds {holds}; try linear")
    return factory(seed)
