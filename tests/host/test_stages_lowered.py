"""Transformers in front of a model: what is read from them is what they do, and folding changes no answer."""

import warnings

import numpy as np
import pandas
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, SelectPercentile, VarianceThreshold
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

from edgewise import exact, transpile
from edgewise.algebra import simplified
from edgewise.errors import UnsupportedModelError
from edgewise.folding import fold, needed
from edgewise.ir import Affine, Columns, Model, Network, Polynomial, Scaling, Trees, apply
from edgewise.lower import lower, stages
from edgewise.passes import for_board
from edgewise.rounding import Bounded

X, SPECIES = load_iris(return_X_y=True)
HOLES = X.astype(np.float32).astype(np.float64)
HOLES[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
PLACES = [0, 2]
BRANCHES = [
    ("scaled", StandardScaler(), [3, 1]),
    ("main", PCA(1), slice(0, 3)),
    ("gone", "drop", [0]),
    ("kept", "passthrough", [False, False, True, False]),
    ("called", MinMaxScaler(), lambda X: [0]),
]
TRANSFORMERS = {
    "standard": StandardScaler(),
    "mean": StandardScaler(with_std=False),
    "minmax": MinMaxScaler((-1, 2)),
    "clip": MinMaxScaler(clip=True),
    "robust": RobustScaler(unit_variance=True),
    "maxabs": MaxAbsScaler(),
    "l1": Normalizer("l1"),
    "l2": Normalizer(),
    "max": Normalizer("max"),
    "yeo": PowerTransformer(),
    "yeo-plain": PowerTransformer(standardize=False),
    "box": PowerTransformer("box-cox"),
    "best": SelectKBest(k=2),
    "percent": SelectPercentile(percentile=50),
    "variance": VarianceThreshold(0.5),
    "from-model": SelectFromModel(LogisticRegression(max_iter=1000)),
    "rfe": RFE(LogisticRegression(max_iter=1000), n_features_to_select=3),
    "pca": PCA(3),
    "white": PCA(2, whiten=True),
    "incremental": IncrementalPCA(2),
    "svd": TruncatedSVD(2, random_state=0),
    "poly": PolynomialFeatures(3),
    "products": PolynomialFeatures((2, 3), interaction_only=True, include_bias=False),
    "identity": FunctionTransformer(),
    "columns": ColumnTransformer(BRANCHES, remainder="passthrough"),
    "weights": ColumnTransformer(BRANCHES, transformer_weights={"main": 3.0, "kept": 0.5}),
    "union": FeatureUnion([("pca", PCA(2)), ("row", "passthrough"), ("gone", "drop")], transformer_weights={"pca": 2.0}),
    "nested": make_pipeline(StandardScaler(), Pipeline([("none", None), ("poly", PolynomialFeatures(2)), ("pca", PCA(4))])),
    "chain": make_pipeline(StandardScaler(), PCA(3), MinMaxScaler(), PCA(2), RobustScaler()),
    "all": make_pipeline(PowerTransformer(), SelectKBest(k=3), FeatureUnion([("a", PCA(2)), ("b", Normalizer())])),
}
IMPUTERS = {
    "mean": SimpleImputer(),
    "median": SimpleImputer(strategy="median"),
    "often": SimpleImputer(strategy="most_frequent"),
    "constant": SimpleImputer(strategy="constant", fill_value=-1.5),
}
# Behind each of them what can be folded differs.
MODELS = {
    "tree": DecisionTreeClassifier(random_state=0, max_depth=4),
    "forest": RandomForestClassifier(5, max_depth=4, random_state=0),
    "logistic": LogisticRegression(max_iter=3000),
    "linear": LinearRegression(),
}


def bumpy(n: int = 300) -> np.ndarray:
    """Positive float32 rows around the data and beyond, as float64."""
    rng = np.random.default_rng(1)
    rows = X[rng.integers(0, len(X), n)] * rng.lognormal(0, 0.3, (n, 4))
    return rows.astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_stages_are_the_transform(name: str):
    transformer = TRANSFORMERS[name].fit(X, SPECIES)
    rows = bumpy()
    wanted = transformer.transform(rows)
    found = apply(stages.lower(transformer), rows)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * np.abs(wanted).max())
    if name in ELEMENTWISE:
        assert np.array_equal(found, wanted), "the very operations of scikit-learn, as trees are folded by them"


@pytest.mark.parametrize("name", IMPUTERS)
def test_imputers(name: str):
    imputer = IMPUTERS[name].fit(HOLES)
    assert np.array_equal(apply(stages.lower(imputer), HOLES), imputer.transform(HOLES))


def test_a_column_without_numbers_is_dropped_as_scikit_learn_does():
    holes = HOLES.copy()
    holes[:, 1] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dropping, keeping = SimpleImputer().fit(holes), SimpleImputer(keep_empty_features=True).fit(holes)
        for imputer in (dropping, keeping):
            assert np.array_equal(apply(stages.lower(imputer), HOLES), imputer.transform(HOLES))


@pytest.mark.parametrize(
    ("name", "model"),
    [(name, ("tree", "logistic", "linear")[i % 3]) for i, name in enumerate(TRANSFORMERS)] + [("chain", "tree")],
)
def test_folding_changes_no_score(name: str, model: str):
    estimator = make_pipeline(TRANSFORMERS[name], MODELS[model]).fit(X, SPECIES)
    whole = lower(estimator)
    folded = fold(whole)
    rows = np.concatenate([X.astype(np.float32).astype(np.float64), bumpy()])
    before, after = exact.scores(whole, rows), exact.scores(folded, rows)
    if model == "tree" and not folded.stages:
        assert np.array_equal(before, after)
    np.testing.assert_allclose(after, before, rtol=1e-11, atol=1e-11 * np.abs(before).max())
    if whole.classes is None:
        np.testing.assert_allclose(before[:, 0], estimator.predict(rows), rtol=1e-9)
    else:
        labels = np.array(whole.classes)[before.argmax(axis=1)]
        assert np.array_equal(labels, estimator.predict(rows))


SCALERS = ["standard", "mean", "minmax", "clip", "robust", "maxabs"]
ELEMENTWISE = [*SCALERS, "yeo", "yeo-plain", "box", "best", "variance", "identity"]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_trees_take_every_stage_of_single_numbers(name: str):
    """To the last bit: rows at each threshold, one float32 below and one above."""
    estimator = make_pipeline(TRANSFORMERS[name], MODELS["tree"]).fit(X, SPECIES)
    whole = lower(estimator)
    folded = fold(whole)
    assert folded.stages == ()
    assert isinstance(folded.core, Trees)
    rows = []
    for feature, threshold in zip(folded.core.feature, folded.core.threshold.astype(np.float32), strict=True):
        for value in (np.nextafter(threshold, np.float32(-np.inf)), threshold, np.nextafter(threshold, np.float32(np.inf))):
            rows.append(X[::15].astype(np.float32))
            rows[-1][:, feature] = value
    edges = np.concatenate(rows).astype(np.float64)
    assert np.array_equal(exact.scores(folded, edges), exact.scores(whole, edges))
    assert np.array_equal(np.array(whole.classes)[exact.scores(folded, edges).argmax(axis=1)], estimator.predict(edges))


def test_trees_take_branches_of_single_numbers_and_chains():
    clipped = make_pipeline(RobustScaler(), MinMaxScaler(clip=True))
    both = FeatureUnion([("row", "passthrough"), ("robust", RobustScaler())])
    columns = ColumnTransformer([("a", PowerTransformer(), [3, 1]), ("b", clipped, [0, 2]), ("c", both, [1, 2])])
    estimator = make_pipeline(StandardScaler(), columns, MaxAbsScaler(), MODELS["forest"]).fit(X, SPECIES)
    whole = lower(estimator)
    folded = fold(whole)
    assert folded.stages == ()
    rows = bumpy(2000)
    assert np.array_equal(exact.scores(folded, rows), exact.scores(whole, rows))


def test_what_is_filled_in_says_where_a_missing_number_goes():
    estimator = make_pipeline(SimpleImputer(), StandardScaler(), MODELS["forest"]).fit(HOLES, SPECIES)
    whole = lower(estimator)
    folded = fold(whole)
    assert folded.stages == ()
    assert folded.core.missing_left.any()
    assert not folded.core.missing_left.all()
    assert np.array_equal(exact.scores(folded, HOLES), exact.scores(whole, HOLES))
    assert np.array_equal(exact.scores(folded, HOLES).argmax(axis=1), estimator.predict(HOLES))


def test_a_scaling_behind_others_moves_float64_thresholds():
    estimator = make_pipeline(PCA(2), StandardScaler(), MODELS["tree"]).fit(X, SPECIES)
    whole = lower(estimator)
    folded = fold(whole)
    assert [type(stage) for stage in folded.stages if not isinstance(stage, Scaling)] == [Affine]
    assert not folded.core.single
    rows = bumpy(3000)
    assert np.array_equal(exact.scores(folded, rows), exact.scores(whole, rows))


@pytest.mark.parametrize("name", ["standard", "minmax", "pca", "white", "svd", "best", "columns", "nested"])
def test_linear_cores_and_networks_take_what_is_affine(name: str):
    for model in (LogisticRegression(max_iter=3000), MLPClassifier((5,), max_iter=30, random_state=0)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it need not converge
            estimator = make_pipeline(TRANSFORMERS[name], model).fit(X, SPECIES)
        core = model if isinstance(model, MLPClassifier) else None
        whole = lower(estimator) if core is None else with_network(stages.lower(estimator[:-1]), estimator[-1])
        folded = fold(whole)
        assert [type(stage) for stage in folded.stages] in ([], [Columns, Polynomial], [Scaling, Polynomial], [Polynomial])
        rows = bumpy()
        before = exact.scores(whole, rows)
        np.testing.assert_allclose(exact.scores(folded, rows), before, rtol=1e-11, atol=1e-11 * np.abs(before).max())


def with_network(before, mlp: MLPClassifier) -> Model:
    layers = tuple((weights.T, bias) for weights, bias in zip(mlp.coefs_, mlp.intercepts_, strict=True))
    return Model(Network(layers, mlp.activation), 4, (0, 1, 2), "", True, before)


def test_neighbors_take_what_scales_each_number():
    columns = ColumnTransformer([("a", make_pipeline(PCA(2), StandardScaler()), [0, 1, 2]), ("b", MinMaxScaler(), [3])])
    whole = lower(make_pipeline(columns, RobustScaler(), KNeighborsClassifier()).fit(X, SPECIES))
    folded = fold(whole)
    assert not [stage for stage in folded.stages if isinstance(stage, Scaling)]
    rows = bumpy()
    inputs = folded.core.factor * apply(folded.stages, rows) + folded.core.offset
    np.testing.assert_allclose(inputs, apply(whole.stages, rows), rtol=1e-11, atol=1e-12)


def test_a_constant_that_a_polynomial_adds_goes_into_the_intercept():
    estimator = make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=3000)).fit(X, SPECIES)
    (polynomial,) = fold(lower(estimator)).stages
    assert len(polynomial.powers) == 14
    assert polynomial.powers.any(axis=1).all()


# What nobody reads


def test_features_that_no_split_asks_for_are_not_needed():
    estimator = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=2, random_state=0)).fit(X, SPECIES)
    assert needed(fold(lower(estimator))).tolist() == [3]
    assert for_board(lower(estimator), X).needs == (3,)
    assert for_board(lower(estimator), X).n_inputs == 4


def test_terms_and_components_without_weight_are_not_computed():
    polynomial = make_pipeline(StandardScaler(), PolynomialFeatures(3), Lasso(0.1)).fit(X, SPECIES)
    folded = fold(lower(polynomial))
    n_terms = np.count_nonzero(polynomial[-1].coef_)
    assert 0 < n_terms < 10
    assert exact.scores(folded, bumpy()) == pytest.approx(exact.scores(lower(polynomial), bumpy()), rel=1e-12)
    assert folded.core.coef.shape == (1, n_terms)
    assert len(needed(folded)) < 4

    components = make_pipeline(PCA(4), DecisionTreeClassifier(max_depth=1)).fit(X, SPECIES)
    affine = fold(lower(components)).stages[0]
    assert affine.matrix.shape == (1, 4)


def test_a_branch_that_nobody_reads_goes():
    union = FeatureUnion([("squares", PolynomialFeatures((2, 2), include_bias=False)), ("row", Normalizer()), ("pca", PCA(1))])
    estimator = make_pipeline(union, LinearRegression()).fit(X, SPECIES)
    estimator[-1].coef_[:] = 0
    estimator[-1].coef_[3] = 1.0  # feature 0 times feature 3
    estimator[-1].coef_[-1] = 2.0
    folded = fold(lower(estimator))
    assert exact.scores(folded, X) == pytest.approx(exact.scores(lower(estimator), X))
    (parallel,) = folded.stages
    assert [len(branch) for branch in parallel.branches] == [2, 1]  # Columns and products; the row, of which the PCA is a sum

    estimator[-1].coef_[-1] = 0.0
    only = fold(lower(estimator))
    assert needed(only).tolist() == [0, 3]
    assert [type(stage) for stage in only.stages] == [Columns, Polynomial]
    assert only.core.coef.tolist() == [[1.0]]


def test_a_model_that_reads_nothing_still_has_an_answer():
    estimator = make_pipeline(PolynomialFeatures(2), LinearRegression()).fit(X, np.full(len(X), 7.0))
    estimator[-1].coef_[:] = 0
    folded = fold(lower(estimator))
    assert exact.scores(folded, X[:2]).tolist() == [[7.0], [7.0]]


# What becomes one stage


def test_branches_of_single_numbers_become_one_scaling():
    columns = ColumnTransformer(
        [("a", make_pipeline(SimpleImputer(), StandardScaler()), [2, 0]), ("b", MinMaxScaler(clip=True), [1])]
    )
    read = stages.lower(columns.fit(X))
    merged = simplified(read, 4)
    assert [type(stage) for stage in merged] == [Columns, Scaling]
    assert [name for name, _ in merged[1].steps].count("fill") == 1
    rows = bumpy()
    rows[3, 2] = np.nan
    assert np.array_equal(apply(merged, rows), columns.transform(rows))


def test_large_numbers_keep_their_digits():
    """A pressure in Pa: float32 holds neither its mean nor 40 Pa beside it as a part of 101325."""
    rng = np.random.default_rng(0)
    rows = np.stack([101325.3 + rng.normal(0, 40, 300), rng.normal(20, 3, 300)], axis=1)
    kept = make_pipeline(StandardScaler(), Normalizer(), LinearRegression()).fit(rows, rows[:, 0])
    inputs = Bounded(rows[:50].astype(np.float32))
    result = apply(fold(lower(kept)).stages, inputs)
    assert result.error.max() < 1e-6
    naive = apply(lower(kept).stages, inputs)
    assert naive.error.max() > 1e-5


# Refusals


class Renamed(StandardScaler):
    """A subclass may transform otherwise."""


REFUSED = [
    (SimpleImputer(add_indicator=True), "SimpleImputer(add_indicator=True)"),
    (SimpleImputer(missing_values=-1), "SimpleImputer(missing_values=-1)"),
    (FunctionTransformer(np.log1p), "FunctionTransformer(func=...)"),
    (KNNImputer(), "KNNImputer is not supported in front of a model"),
    (Renamed(), "Renamed is not supported in front of a model"),
    (make_pipeline(StandardScaler(), KNNImputer()), "KNNImputer is not supported in front of a model"),
    (FeatureUnion([("a", KMeans(2))]), "KMeans is not supported in front of a model"),
]


@pytest.mark.parametrize(("transformer", "words"), REFUSED)
def test_refused(transformer, words: str):
    estimator = make_pipeline(transformer, LogisticRegression(max_iter=1000)).fit(X, SPECIES)
    with pytest.raises(UnsupportedModelError) as error:
        lower(estimator)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_not_fitted_or_without_a_model():
    with pytest.raises(UnsupportedModelError, match="StandardScaler is not fitted"):
        lower(make_pipeline(StandardScaler(), LogisticRegression()))
    with pytest.raises(UnsupportedModelError, match="not supported as the model"):
        lower(make_pipeline(StandardScaler(), "passthrough").fit(X))
    empty = make_pipeline(ColumnTransformer([("a", "drop", [0])]), "passthrough")
    with pytest.raises(UnsupportedModelError, match="keeps no feature"):
        lower(make_pipeline(empty.fit(X), LogisticRegression()))


def test_columns_by_name():
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    columns = ColumnTransformer([("scaled", StandardScaler(), ["c", "a"]), ("clipped", MinMaxScaler(), ["d"])])
    estimator = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(frame, SPECIES)
    program = transpile(estimator, X=frame)
    assert program.feature_names == ("a", "b", "c", "d")
    assert program.model.needs == (0, 2, 3)
    assert program.golden(X).expected.tolist() == estimator.predict(frame.astype(np.float32)).tolist()
