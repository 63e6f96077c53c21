"""Which Specs hypothesis draws. Plain values come first in every choice, so that a failing Spec shrinks toward them."""

from dataclasses import dataclass

from fuzz.specs import CLASSIFIERS, FLAVORS, NEIGHBORS, SCALERS, TARGETS, TREES, WEIGHTS, Spec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Size:
    """Upper limits of a model, by what its runtime can hold and do in time, and the rows to predict with each.

    n_prototype_numbers: rows times features of nearest neighbors, which are all read for each prediction.
    """

    n_rows: int
    n_features: int
    n_classes: int
    n_estimators: int
    n_prototype_numbers: int
    n_inputs: int


def _one(*values: object) -> SearchStrategy:
    return st.sampled_from(values)


def _some(**options: SearchStrategy) -> SearchStrategy[dict]:
    """None to three of the options: all at once prune every tree to a leaf."""
    names = st.sets(st.sampled_from(sorted(options)), max_size=3)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: options[name] for name in sorted(chosen)}))


def _joined(*parts: SearchStrategy[dict]) -> SearchStrategy[dict]:
    return st.tuples(*parts).map(lambda drawn: {name: value for part in drawn for name, value in part.items()})


def _many(low: int, usual: int, high: int) -> SearchStrategy[int]:
    """Small ones as often as those up to `high`."""
    return st.one_of(st.integers(low, min(usual, high)), st.integers(low, high))


GROWTH = {
    "max_depth": st.integers(1, 40),
    "min_samples_split": st.integers(2, 12),
    "min_samples_leaf": st.integers(1, 6),
    "min_weight_fraction_leaf": _one(0.01, 0.1),
    "max_leaf_nodes": st.integers(2, 60),
    "max_features": _one("sqrt", 0.5, 1),
    "ccp_alpha": _one(1e-6, 1e-3, 0.03),
    "min_impurity_decrease": _one(1e-9, 1e-3),
}
CLASSES = GROWTH | {"criterion": _one("gini", "entropy", "log_loss"), "class_weight": _one("balanced")}
MEANS = GROWTH | {"criterion": _one("squared_error", "absolute_error", "poisson")}
SPLITTER = {"splitter": _one("best", "random")}
BALANCE = {"class_weight": _one("balanced")}
INTERCEPT = {"fit_intercept": _one(False)}
ALPHA = {"alpha": _one(0.01, 1e-6, 100.0)}
LASSO = {"positive": _one(True), "selection": _one("random"), **ALPHA, **INTERCEPT}
RATIO = {"l1_ratio": _one(0.1, 0.9)}
C = {"C": _one(0.01, 100.0)}
SGD = {
    "penalty": _one("l1", "elasticnet", None),
    "alpha": _one(1e-6, 0.1),
    "average": _one(True),
    "learning_rate": _one("constant", "optimal", "adaptive"),
    **INTERCEPT,
}
FITS = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
MARGINS = ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron")
SOLVERS = (
    *({"solver": solver} for solver in ("lbfgs", "newton-cg", "sag", "saga", "liblinear")),
    {"solver": "saga", "l1_ratio": 0.5},
    {"solver": "liblinear", "l1_ratio": 1.0},
)
RIDGES = (
    *({"solver": solver} for solver in ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga")),
    {"positive": True},
)
MACHINES = (
    {},
    {"loss": "hinge"},
    {"dual": False},
    {"dual": False, "penalty": "l1"},
    {"multi_class": "crammer_singer"},
    {"intercept_scaling": 50.0},
)
METRICS = (
    *({"metric": metric} for metric in ("euclidean", "manhattan", "l2", "l1", "cityblock")),
    {"metric": "minkowski", "p": 2},
    {"metric": "minkowski", "p": 1},
)
ALGORITHMS = {"weights": _one("uniform", "distance"), "algorithm": _one("brute", "kd_tree", "ball_tree")}
K_AT_MOST = 8


def _forest(growth: dict[str, SearchStrategy], size: Size) -> SearchStrategy[dict]:
    number = st.fixed_dictionaries({"n_estimators": st.integers(1, size.n_estimators)})
    rows = _one({}, {"bootstrap": False}, {"bootstrap": True}, {"bootstrap": True, "max_samples": 6})
    return _joined(number, rows, _some(**growth))


def _neighbors() -> SearchStrategy[dict]:
    k = st.fixed_dictionaries({"n_neighbors": st.integers(1, K_AT_MOST)})
    return _joined(k, _one(*METRICS), _some(**ALGORITHMS))


def options(size: Size) -> dict[str, SearchStrategy[dict]]:
    """Hyper-parameters of each kind."""
    return {
        "DecisionTreeClassifier": _some(**CLASSES, **SPLITTER),
        "DecisionTreeRegressor": _some(**MEANS, **SPLITTER),
        "ExtraTreeClassifier": _some(**CLASSES, **SPLITTER),
        "ExtraTreeRegressor": _some(**MEANS, **SPLITTER),
        "RandomForestClassifier": _forest(CLASSES, size),
        "RandomForestRegressor": _forest(MEANS, size),
        "ExtraTreesClassifier": _forest(CLASSES, size),
        "ExtraTreesRegressor": _forest(MEANS, size),
        "LinearRegression": _some(positive=_one(True), **INTERCEPT),
        "Ridge": _joined(_one(*RIDGES), _some(**ALPHA, **INTERCEPT)),
        "Lasso": _some(**LASSO),
        "ElasticNet": _some(**LASSO, **RATIO),
        "SGDRegressor": _some(loss=_one(*FITS), eta0=_one(1e-4), **SGD),
        "LogisticRegression": _joined(_one(*SOLVERS), _some(**C, **BALANCE, **INTERCEPT)),
        "RidgeClassifier": _joined(_one(*RIDGES), _some(**ALPHA, **BALANCE, **INTERCEPT)),
        "SGDClassifier": _some(loss=_one(*MARGINS, *FITS), **SGD, **BALANCE),
        "LinearSVC": _joined(_one(*MACHINES), _some(**C, **BALANCE, **INTERCEPT)),
        "LinearSVR": _some(loss=_one("squared_epsilon_insensitive"), epsilon=_one(0.1), **C, **INTERCEPT),
        "KNeighborsClassifier": _neighbors(),
        "KNeighborsRegressor": _neighbors(),
    }


def _scaler_options(scaler: str, kind: str) -> SearchStrategy[dict]:
    clip = {"clip": _one(True)} if kind in TREES else {}  # elsewhere a clip cannot be folded, and is refused
    return {
        "StandardScaler": _some(with_mean=_one(False), with_std=_one(False)),
        "MinMaxScaler": _some(feature_range=_one((-1, 1), (-1e-3, 1e5), (100, 101)), **clip),
        "RobustScaler": _some(
            with_centering=_one(False), with_scaling=_one(False), quantile_range=_one((5.0, 95.0)), unit_variance=_one(True)
        ),
    }[scaler]


@st.composite
def specs(draw: st.DrawFn, kind: str, size: Size) -> Spec:
    """Random cases of one kind."""
    trees, linear = kind in TREES, kind not in TREES | NEIGHBORS
    most_features = min(size.n_features, size.n_prototype_numbers // K_AT_MOST) if kind in NEIGHBORS else size.n_features
    n_features = draw(_many(1, 12, most_features))
    n_rows = size.n_prototype_numbers // n_features if kind in NEIGHBORS else size.n_rows
    # a linear model fits and stores a row of coefficients a class; every class has a row to learn from
    most_classes = min(size.n_classes, max(3, 3000 // n_features) if linear else n_rows)
    n_classes = draw(_many(2 if linear else 1, 6, most_classes)) if kind in CLASSIFIERS else 0
    scaler = draw(st.sampled_from([None, *SCALERS]))
    return Spec(
        kind=kind,
        options=draw(options(size)[kind]),
        scaler=scaler,
        scaler_options=draw(_scaler_options(scaler, kind)) if scaler else {},
        backend=draw(_one("table", "thumb", "viper", *(() if kind in NEIGHBORS else ("expression",)))),
        n_rows=draw(st.integers(max(n_classes, K_AT_MOST), min(n_rows, size.n_rows))),
        n_features=n_features,
        n_classes=n_classes,
        labels=draw(_one("int", "str", "float", *["bool"] * (0 < n_classes <= 2))) if n_classes else "int",
        values=draw(_one(*(name for name in FLAVORS if trees or name != "huge"), "mixed")),
        target="smooth" if n_classes else draw(_one(*(name for name in TARGETS if not trees or name != "tiny"))),
        duplicates=draw(st.booleans()),
        n_constant=draw(st.integers(0, min(n_features - 1, 3))),
        weights="none" if kind in NEIGHBORS else draw(_one(*WEIGHTS)),
        n_inputs=size.n_inputs,
        seed=draw(st.integers(0, 9999)),
    )
