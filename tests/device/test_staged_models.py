"""Pipelines of which stages are left, on every runtime: its answers are those that scikit-learn's leave open."""

import binascii
from ast import literal_eval
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from cpython import CPython
from models import deployed, run_source
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, PolynomialFeatures, PowerTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise import Target, transpile, verify

X, SPECIES = load_iris(return_X_y=True)
X = X.astype(np.float32).astype(np.float64)
HOLES = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
SIDE = np.array(["no", "yes"])[(X[:, 1] > 3).astype(int)]
YEO_JOHNSON, BOX_COX = ("yeo", PowerTransformer(), [3, 0]), ("box", PowerTransformer("box-cox"), [1])
POWERS = ColumnTransformer([YEO_JOHNSON, BOX_COX], remainder="passthrough")
CUBES = make_pipeline(StandardScaler(), PolynomialFeatures(3))
PRODUCTS = ColumnTransformer([("products", CUBES, [2, 0]), ("row", MinMaxScaler(), [3])])
BRANCHES = FeatureUnion([("pca", PCA(2, whiten=True)), ("share", Normalizer("l1")), ("clip", MinMaxScaler(clip=True))])
WIDER = FeatureUnion([("row", "passthrough"), ("pca", PCA(2))])  # the core reads more than the row has
LOGISTIC = {"max_iter": 3000}
FEW = {"max_depth": 4, "random_state": 0}
ALL = ("table", "expression", "viper", "thumb")
# (pipeline, target, back ends, share of rows that may have two right answers)
MODELS = {
    "products-logistic": (make_pipeline(PRODUCTS, LogisticRegression(**LOGISTIC)), SPECIES, ALL, 0.05),
    "norm-linear": (make_pipeline(Normalizer(), LinearRegression()), X[:, 0], ("table", "thumb"), 0),
    "max-logistic": (
        make_pipeline(StandardScaler(), Normalizer("max"), LogisticRegression(**LOGISTIC)), SIDE, ("table", "viper"), 0.05
    ),
    "pca-neighbors": (make_pipeline(PCA(2), KNeighborsClassifier(3)), SPECIES, ("table", "viper", "thumb"), 0.1),
    "pca-products": (
        make_pipeline(PCA(2), MinMaxScaler(), PolynomialFeatures(2), LinearRegression()), X[:, 0], ("table", "viper"), 0
    ),
    "wider-neighbors": (make_pipeline(WIDER, KNeighborsClassifier(3)), SPECIES, ("table", "viper", "thumb"), 0.1),
    "wider-machine": (make_pipeline(StandardScaler(), WIDER, SVC()), SPECIES, ("table",), 0.1),
    "scaled-machine": (make_pipeline(StandardScaler(), SVC()), SPECIES, ("table", "viper", "thumb"), 0.1),
    "branches-neighbors": (make_pipeline(BRANCHES, KNeighborsRegressor(2)), X[:, 0] * 3, ("table",), 0),
    "pca-forest": (make_pipeline(StandardScaler(), PCA(3), RandomForestClassifier(5, **FEW)), SPECIES, ALL, 0.1),
    "powers-tree": (make_pipeline(POWERS, PCA(2), DecisionTreeRegressor(**FEW)), X[:, 3], ("table", "thumb"), 0),
    "powers-logistic": (make_pipeline(POWERS, LogisticRegression(**LOGISTIC)), SPECIES, ("table",), 0.05),
    "filled-neighbors": (
        make_pipeline(SimpleImputer(), MinMaxScaler(), KNeighborsClassifier()), SPECIES, ("table", "viper"), 0.2
    ),
    "filled-scaled": (
        make_pipeline(StandardScaler(), SimpleImputer(strategy="constant", fill_value=2.0), PCA(2), KNeighborsClassifier(3)),
        *(SPECIES, ("table", "viper", "thumb"), 0.2),
    ),
    "filled-linear": (make_pipeline(SimpleImputer(), PCA(2), LinearRegression()), X[:, 0], ("table", "thumb"), 0),
    "filled-tree": (make_pipeline(SimpleImputer(), DecisionTreeClassifier(**FEW)), SPECIES, ALL, 0),
}  # fmt: skip
# An emulated board takes seconds for each: those kernels that the others have not, and single precision once for every stage.
CASES = [
    (target, name, backend)
    for name, (_, _, backends, _) in MODELS.items()
    for backend in backends
    for target, own in {
        "cpython": ALL,
        "unix_port": ALL,
        "cortex_m3": ("table", "thumb"),
        "riscv": ("viper",),
        "emulated_pico": ("thumb",) if "thumb" in backends else ("table",),
    }.items()
    if backend in own
]


def rows_of(name: str) -> np.ndarray:
    """float32 rows that were learned from and rows around them, NaN in some of them where the model takes it."""
    rng = np.random.default_rng(2)
    rows = np.concatenate([X[::10], X[rng.integers(0, len(X), 25)] * rng.lognormal(0, 0.3, (25, 4))]).astype(np.float32)
    if name.startswith("filled"):
        rows[rng.random(rows.shape) < 0.2] = np.nan
    return rows


@cache
def program_of(name: str, backend: str):
    estimator, target, _, _ = MODELS[name]
    data = HOLES if name.startswith("filled") else X
    return transpile(estimator.fit(data, target), name="edgewise_staged", X=data, backend=backend)


@pytest.fixture(scope="module")
def cpython(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CPython]:
    with CPython(tmp_path_factory.mktemp("cpython")) as target:
        yield target


@pytest.mark.parametrize(("target", "name", "backend"), CASES)
def test_staged(target: str, name: str, backend: str, request: pytest.FixtureRequest):
    board: Target = request.getfixturevalue(target)
    program, rows = program_of(name, backend), rows_of(name)[:: 3 if target == "emulated_pico" else 1]
    with deployed(program, rows, board) as artifact:
        result = verify(artifact, board)
    assert result.passed, result
    golden = program.golden(rows)
    if golden.classes is not None:
        assert (golden.classes.sum(axis=1) > 1).mean() <= MODELS[name][3], "the bounds leave more open than they should"
    else:
        spread = np.ptp(golden.expected)
        assert np.median(golden.high - golden.low) <= 1e-4 * spread


ROWS = """
import edgewise_wide as m
from array import array
from binascii import a2b_base64
v = array("f", a2b_base64({rows!r}))
assert m._STEPS[0] is m._columns is not m._columns_any and m._STEPS[6] is m._fill_in is not m._fill_any
found = []
def quick(row):
    m._raw_row[0] = row
    return m._copied(m._raw_row)
for i in range(0, len(v), m.N_FEATURES):
    row = v[i : i + m.N_FEATURES]
    assert not m._raw or quick(row) and quick(list(row)) and quick(tuple(row)) and quick(memoryview(row))
    if m._raw:
        for infinite in (float("inf"), float("-inf")):
            row[0] = infinite
            assert not quick(row) and not quick(list(row))
        row[0] = v[i]
    found.append([m.predict(x) for x in (row, list(row), tuple(row), memoryview(v)[i : i + m.N_FEATURES])])
whole = [i % 5 for i in range(m.N_FEATURES)]
found.append([m.predict(x) for x in (whole, bytes(whole), array("h", whole), array("B", whole))])
for bad in ([1.0] * (m.N_FEATURES - 1), array("f", [1.0] * m.N_FEATURES + [2.0]), [float("inf")] + [1.0] * (m.N_FEATURES - 1)):
    try:
        m.predict(bad)
    except ValueError as error:
        found.append(str(error))
print(found)
"""


@pytest.mark.parametrize(
    ("port", "backend"), [("unix_port", "viper"), ("riscv", "viper"), ("cortex_m3", "viper"), ("cortex_m3", "thumb")]
)
@pytest.mark.parametrize("n_features", [40, 300])
def test_machine_code_moves_numbers_and_takes_every_kind_of_row(n_features: int, port: str, backend: str, request):
    """Trees that learned NaN: columns twice, each filled its way; beyond 256 places these are halves."""
    rng = np.random.default_rng(n_features)
    train = rng.integers(-40, 40, (300, n_features)) / 8
    y = train[:, -1] + train[:, 7] * train[:, n_features // 2] > 0
    train[rng.random(train.shape) < 0.1] = np.nan
    estimator = HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=12, random_state=0).fit(train, y)
    program = transpile(estimator, name="edgewise_wide", X=train, backend=backend)
    assert "_fill_in" in program.source
    assert ("_PLACES_CODE = 'H'" in program.source) is (n_features == 300)
    rows = np.concatenate([np.nan_to_num(train[:8], nan=0.5), train[8:16]]).astype(np.float32)
    whole = np.arange(n_features) % 5
    packed = binascii.b2a_base64(rows.astype("<f4").tobytes(), newline=False)
    target: Target = request.getfixturevalue(port)
    for form in (program.native[{"unix_port": "x64", "riscv": "rv32imc", "cortex_m3": "armv6m"}[port]], program.mpy):
        target.soft_reset()
        target.put("/edgewise_wide.mpy", form)
        *answers, length, longer, infinite = literal_eval(target.exec(ROWS.format(rows=packed)))
        expected = estimator.predict(np.vstack([rows, whole.astype(np.float32)])).tolist()
        assert answers == [[label] * 4 for label in expected]
        assert length == f"expected {n_features} features, got {n_features - 1}"
        assert longer == f"expected {n_features} features, got {n_features + 1}"
        assert infinite.startswith("a feature is not finite")
        target.remove("/edgewise_wide.mpy")
    target.soft_reset()


def test_module_says_what_it_needs():
    estimator = make_pipeline(PolynomialFeatures((2, 2), include_bias=False), LinearRegression()).fit(X, X[:, 0])
    estimator[-1].coef_ = np.zeros(10)
    estimator[-1].coef_[[1, 7]] = 1.0  # features 0 and 1, and 2 and 2
    program = transpile(estimator, X=X, feature_names=["width", "depth", "height", "unread"])
    module = run_source(program.source)
    assert module.NEEDS == (0, 1, 2)
    assert "features not read: unread" in program.source
    assert module.predict([2, 3, 4, 5]) == pytest.approx(22 + estimator[-1].intercept_, rel=1e-6)
    assert "NEEDS" not in program_of("pca-neighbors", "table").source


BAD = [([1, 2, 3], "expected 4 features, got 3"), ([1, 2, float("nan"), 4], "not finite"), ([1, 2, 3, 1e39], "not finite")]


@pytest.mark.parametrize(("row", "words"), BAD)
def test_bad_rows(row: list, words: str, unix_port: Target):
    program = program_of("pca-neighbors", "viper")
    with pytest.raises(ValueError, match=words):
        run_source(program.source).predict(row)
    with deployed(program, rows_of(""), unix_port):
        call = f"try:\n m.predict({row!r})\nexcept ValueError as error:\n print(error)"
        assert words in unix_port.exec(f"import edgewise_staged as m\nnan = float('nan')\n{call}")


def test_infinity_is_refused_where_nan_is_taken_and_box_cox_names_what_it_refuses():
    with pytest.raises(ValueError, match="not finite"):
        run_source(program_of("filled-neighbors", "table").source).predict([1, float("inf"), 1, 1])
    module = run_source(program_of("powers-logistic", "table").source)
    with pytest.raises(ValueError, match="not above zero"):
        module.predict([1, 0, 1, 1])
    assert sum(module.predict_proba([5, 3, 4, 1])) == pytest.approx(1)
