"""Random cases of the estimators that are drawn by family, one class of it at a time, behind up to three stages."""

from fuzz.specs import CLASSIFIERS, KINDS, Spec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

TAME = ("integers", "normal", "decimals", "pressure", "zeros", "counts")  # what a scaler or a square can be fitted to
LEAVES = {"max_leaf_nodes": st.integers(2, 12), "min_samples_leaf": st.integers(1, 5)}


def _one(*values: object) -> SearchStrategy:
    return st.sampled_from(values)


def _some(**options: SearchStrategy) -> SearchStrategy[dict]:
    return st.fixed_dictionaries({}, optional=options)


def _rounds(most: int, **options: SearchStrategy) -> SearchStrategy[dict]:
    return st.fixed_dictionaries({"n_estimators": st.integers(1, most)}, optional=options)


HIST = st.fixed_dictionaries({"max_iter": st.integers(1, 6), "min_samples_leaf": st.integers(1, 5)}, optional={
    "max_leaf_nodes": st.integers(2, 8), "learning_rate": _one(0.1, 1.0), "l2_regularization": _one(1.0),
})  # fmt: skip
BOOST = {"learning_rate": _one(0.03, 1.0), "subsample": _one(0.7), "max_depth": _one(1, 4), "max_leaf_nodes": _one(None, 6)}
GAMMA = {"gamma": _one("scale", "auto", 0.01, 3.0)}
KERNELS = (
    {"kernel": "rbf"},
    {"kernel": "linear"},
    *({"kernel": "poly", "degree": degree, "coef0": coef0} for degree in (2, 3) for coef0 in (0.0, 1.0)),
    {"kernel": "sigmoid", "coef0": 0.5},
)


def _machine(**options: SearchStrategy) -> SearchStrategy[dict]:
    return st.tuples(_one(*KERNELS), _some(**GAMMA, **options)).map(lambda drawn: drawn[0] | drawn[1])


MULTI_LAYER = st.fixed_dictionaries(
    {"hidden_layer_sizes": _one((3,), (8,), (5, 4)), "max_iter": st.just(30)},
    optional={"activation": _one("tanh", "logistic", "identity"), "alpha": _one(1.0), "solver": _one("lbfgs")},
)
ALPHA = {"alpha": _one(0.01, 1.0), "fit_intercept": _one(False)}
ITERATIONS = {"max_iter": _one(30), "fit_intercept": _one(False)}
ROUNDS_AT_MOST = 6
FAMILIES: dict[str, dict[str, SearchStrategy[dict]]] = {
    "linear relatives": {
        "BayesianRidge": _some(fit_intercept=_one(False)),
        "ARDRegression": _some(fit_intercept=_one(False)),
        "HuberRegressor": _some(epsilon=_one(1.1), **ALPHA),
        "Lars": _some(n_nonzero_coefs=_one(1, 3)),
        "LassoLars": _some(**ALPHA),
        "OrthogonalMatchingPursuit": _some(fit_intercept=_one(False)),
        "PassiveAggressiveClassifier": _some(**ITERATIONS),
        "PassiveAggressiveRegressor": _some(**ITERATIONS),
        "Perceptron": _some(penalty=_one("l1", "l2"), **ITERATIONS),
        "RidgeClassifierCV": _some(fit_intercept=_one(False)),
        "RidgeCV": _some(fit_intercept=_one(False)),
        "QuantileRegressor": _some(quantile=_one(0.2), **ALPHA),
        "TransformedTargetRegressor": _some(),
    },
    "generalized linear": {
        "PoissonRegressor": _some(**ALPHA),
        "GammaRegressor": _some(**ALPHA),
        "TweedieRegressor": _some(power=_one(0, 1.5, 2), link=_one("log"), **ALPHA),
    },
    "Bayes": {
        "GaussianNB": _some(var_smoothing=_one(1e-9, 1e-3)),
        "BernoulliNB": _some(alpha=_one(0.5), binarize=_one(0.0, 1.5)),
        "MultinomialNB": _some(alpha=_one(0.1), fit_prior=_one(False)),
        "ComplementNB": _some(alpha=_one(0.1), norm=_one(True)),
    },
    "discriminants": {
        "LinearDiscriminantAnalysis": _one({}, {"solver": "lsqr"}, {"solver": "eigen", "shrinkage": 0.3}),
        "QuadraticDiscriminantAnalysis": _some(reg_param=_one(0.1, 0.5)),
    },
    "centroids": {
        "NearestCentroid": _one({}, {"metric": "manhattan"}, {"shrink_threshold": 0.1}),
        "KMeans": st.fixed_dictionaries({"n_clusters": st.integers(1, 6), "n_init": st.just(1)}),
        "MiniBatchKMeans": st.fixed_dictionaries({"n_clusters": st.integers(1, 6), "n_init": st.just(1)}),
    },
    "boosting": {
        "GradientBoostingClassifier": _rounds(ROUNDS_AT_MOST, **BOOST),
        "GradientBoostingRegressor": _rounds(ROUNDS_AT_MOST, loss=_one("absolute_error", "huber", "quantile"), **BOOST),
        "HistGradientBoostingClassifier": HIST,
        "HistGradientBoostingRegressor": HIST,
        "AdaBoostClassifier": _rounds(ROUNDS_AT_MOST, learning_rate=_one(0.5)),
        "AdaBoostRegressor": _rounds(ROUNDS_AT_MOST, loss=_one("square", "exponential")),
    },
    "kernel machines": {
        "SVC": _machine(C=_one(0.1, 100.0), decision_function_shape=_one("ovo"), class_weight=_one("balanced")),
        "NuSVC": _machine(nu=_one(0.1)),
        "SVR": _machine(C=_one(0.1, 10.0), epsilon=_one(0.5)),
        "NuSVR": _machine(nu=_one(0.2)),
    },
    "anomalies": {
        "IsolationForest": _rounds(8, max_samples=_one(8, 0.5), contamination=_one(0.1), max_features=_one(0.5)),
        "EllipticEnvelope": _some(contamination=_one(0.2), support_fraction=_one(0.9)),
        "OneClassSVM": _machine(nu=_one(0.1, 0.5)),
        "MaxZScore": _some(threshold=_one(1.0, 2.5)),
    },
    "networks": {"MLPClassifier": MULTI_LAYER, "MLPRegressor": MULTI_LAYER},
    "pipelines": {
        "DecisionTreeClassifier": _some(**LEAVES),
        "RandomForestRegressor": _rounds(3, **LEAVES),
        "LogisticRegression": _some(C=_one(0.1)),
        "Ridge": _some(alpha=_one(0.01)),
        "KNeighborsClassifier": _some(n_neighbors=_one(1, 3)),
        "KNeighborsRegressor": _some(weights=_one("distance")),
        "SVC": _some(),
    },
    "missing values": {
        "DecisionTreeClassifier": _some(**LEAVES),
        "DecisionTreeRegressor": _some(**LEAVES),
        "RandomForestClassifier": _rounds(4, **LEAVES),
        "HistGradientBoostingClassifier": HIST,
        "HistGradientBoostingRegressor": HIST,
    },
}
COUNTED = {"MultinomialNB", "ComplementNB"}  # of numbers that are not negative
POSITIVE = set(FAMILIES["generalized linear"])
MACHINES = {*FAMILIES["kernel machines"], "OneClassSVM"}  # products of rows near 10^5 cancel in libsvm's own float64


def _before(n_features: int, n_rows: int, imputed: bool) -> SearchStrategy[tuple[tuple[str, dict], ...]]:
    """None to two stages. imputed: the first of them takes NaN."""
    most = max(1, min(n_features, n_rows) - 1)
    stage: dict[str, SearchStrategy[dict]] = {
        "MaxAbsScaler": _some(),
        "Normalizer": _some(norm=_one("l1", "max")),
        "PowerTransformer": _some(standardize=_one(False)),
        "VarianceThreshold": _some(),
        "PCA": st.fixed_dictionaries({"n_components": st.integers(1, most)}, optional={"whiten": _one(True)}),
        "PolynomialFeatures": _some(interaction_only=_one(True), include_bias=_one(False)),
        "SelectKBest": st.fixed_dictionaries({"k": st.integers(1, n_features)}),
        "ColumnTransformer": _some(),
    }
    drawn = st.sampled_from(sorted(stage)).flatmap(lambda name: stage[name].map(lambda options: (name, options)))
    # a selection of so many columns, a projection and the rest fit rows of the first width only where they come first
    chain = st.one_of(st.just(()), st.tuples(drawn), st.tuples(drawn, st.just(("MaxAbsScaler", {}))))
    if not imputed:
        return chain
    fill = _one({}, {"strategy": "median"}, {"strategy": "constant", "fill_value": -1.0})
    return st.tuples(fill, chain).map(lambda pair: (("SimpleImputer", pair[0]), *pair[1]))


@st.composite
def of_family(draw: st.DrawFn, family: str, n_rows: int, n_features: int, n_inputs: int) -> Spec:
    """A Spec of one of the family's classes. n_rows, n_features: at most."""
    kind = draw(st.sampled_from(sorted(FAMILIES[family])))
    width, rows = draw(st.integers(1, min(n_features, 8))), draw(st.integers(min(24, n_rows), n_rows))
    n_classes = draw(st.integers(2, 4)) if kind in CLASSIFIERS else 0
    missing = family == "missing values" or (family == "pipelines" and draw(st.booleans()))
    before: tuple = ()
    if family == "pipelines" or (family != "missing values" and kind not in COUNTED and draw(st.integers(0, 3)) == 0):
        before = draw(_before(width, rows, missing))
    values = [name for name in TAME if kind not in MACHINES or name != "pressure"]
    backend = "auto" if family in ("networks", "pipelines") else draw(_one("table", "auto"))
    return Spec(
        kind=kind,
        options=draw(FAMILIES[family][kind]),
        scaler=None if kind in COUNTED or missing else draw(_one(None, "StandardScaler", "MinMaxScaler")),
        backend=backend,
        n_rows=rows,
        n_features=width,
        n_classes=n_classes,
        labels=draw(_one("int", "str")),
        values="counts" if kind in COUNTED else draw(_one(*values)),
        target="positive" if kind in POSITIVE else "smooth",
        n_inputs=n_inputs,
        seed=draw(st.integers(0, 9999)),
        before=before,
        missing=missing,
    )


def missing_kinds() -> set[str]:
    """Names above that no lowering has."""
    return {kind for kinds in FAMILIES.values() for kind in kinds} - set(KINDS)
