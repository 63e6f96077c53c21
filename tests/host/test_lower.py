"""The intermediate form equals what scikit-learn learned, read a second and a third way."""

from collections.abc import Callable

import numpy as np
import pytest
from m2cgen import ast
from m2cgen.assemblers import get_assembler_cls
from models import CASES, CLASSIFIERS, DATA, REGRESSORS, SCALERS, fitted
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise.ir import Linear, Neighbors, Scaling, Trees
from edgewise.lower import LOWERINGS, lower

TREES = [case for case in CASES if "Tree" in case or "Forest" in case]
NEIGHBORS = [case for case in CASES if case.startswith("KNeighbors")]
LINEAR = [case for case in CASES if case not in TREES + NEIGHBORS]


def test_the_cases_are_kinds_that_are_supported():
    """Every one of those is tried in test_every_estimator.py."""
    assert {type(model) for model in (*CLASSIFIERS.values(), *REGRESSORS.values())} <= set(LOWERINGS)


# Trees


@pytest.mark.parametrize("case", TREES)
def test_nodes_and_leaves_are_those_of_the_fitted_trees(case: str):
    estimator = fitted(case).estimator
    trees = lower(estimator).core
    assert isinstance(trees, Trees)
    members = getattr(estimator, "estimators_", [estimator])
    seen = 0
    for root, member in zip(trees.roots, members, strict=True):
        pending = [(int(root), 0)]
        while pending:
            reference, node = pending.pop()
            seen += 1
            tree = member.tree_
            if tree.children_left[node] == -1:
                assert reference < 0
                assert trees.value[~reference].tolist() == tree.value[node, 0].tolist()
            else:
                assert trees.feature[reference] == tree.feature[node]
                assert trees.threshold[reference] == tree.threshold[node]  # to the last bit
                pending += [
                    (int(trees.left[reference]), int(tree.children_left[node])),
                    (int(trees.right[reference]), int(tree.children_right[node])),
                ]
    assert seen == len(trees.feature) + len(trees.value)


def leaf_values(trees: Trees, row: np.ndarray) -> np.ndarray:
    """Value of the leaf that the row reaches in each tree: (n_trees, n_outputs)."""
    values = []
    for reference in trees.roots:
        while reference >= 0:
            left = row[trees.feature[reference]] <= trees.threshold[reference]
            reference = trees.left[reference] if left else trees.right[reference]
        values.append(trees.value[~reference])
    return np.array(values)


def m2cgen_value(expression: ast.Expr, row: np.ndarray):
    """What an expression of m2cgen's syntax tree is at a row; only the kinds that trees and sums have."""
    operations: dict[ast.BinNumOpType, Callable] = {
        ast.BinNumOpType.ADD: np.add,
        ast.BinNumOpType.MUL: np.multiply,
        ast.BinNumOpType.DIV: np.divide,
        ast.BinNumOpType.SUB: np.subtract,
    }

    def value(part: ast.Expr):
        return m2cgen_value(part, row)

    match expression:
        case ast.NumVal():
            return expression.value
        case ast.FeatureRef():
            return row[expression.index]
        case ast.VectorVal():
            return np.array([value(part) for part in expression.exprs])
        case ast.IfExpr():
            assert expression.test.op is ast.CompOpType.LTE
            left = value(expression.test.left) <= value(expression.test.right)
            return value(expression.body if left else expression.orelse)
        case ast.BinNumExpr() | ast.BinVectorExpr() | ast.BinVectorNumExpr():
            return operations[expression.op](value(expression.left), value(expression.right))
    raise AssertionError(f"unexpected {expression}")


@pytest.mark.parametrize("case", TREES)
def test_trees_answer_as_the_syntax_tree_of_m2cgen(case: str):
    model = fitted(case)
    trees = lower(model.estimator).core
    assert isinstance(trees, Trees)
    expression = get_assembler_cls(model.estimator)(model.estimator).assemble()
    rows = [*model.held_out[:20]]
    for feature, threshold in zip(trees.feature, trees.threshold, strict=True):
        for value in (np.nextafter(threshold, -np.inf), threshold, np.nextafter(threshold, np.inf)):
            row = model.held_out[len(rows) % len(model.held_out)].copy()
            row[feature] = value
            rows.append(row)
    for row in rows:
        expected = np.ravel(m2cgen_value(expression, row))
        np.testing.assert_allclose(leaf_values(trees, row).mean(axis=0), expected, rtol=1e-14, atol=0)


def test_a_tree_without_a_split_is_a_leaf():
    X, y = DATA["width"]
    trees = lower(DecisionTreeRegressor().fit(X, 0 * y + 3)).core
    assert (trees.roots.tolist(), trees.value.tolist(), len(trees.feature)) == ([-1], [[3.0]], 0)


def test_a_tree_deeper_than_the_recursion_limit():
    X = np.arange(3000.0)[:, None]
    estimator = DecisionTreeClassifier(splitter="best", max_features=1).fit(X, np.arange(3000) % 2)
    assert estimator.get_depth() > 1000
    assert len(lower(estimator).core.feature) == 2999


@pytest.mark.parametrize(
    "damage",
    [
        {"left": np.array([5])},
        {"right": np.array([~7])},
        {"roots": np.array([0, 0])},
        {"threshold": np.array([np.nan])},
        {"value": np.array([[np.nan], [1.0]])},
        {"feature": np.array([0, 1])},
    ],
)
def test_trees_that_do_not_hold_together(damage: dict):
    whole = {
        "feature": np.array([0]),
        "threshold": np.array([0.5]),
        "left": np.array([~0]),
        "right": np.array([~1]),
        "roots": np.array([0]),
        "value": np.array([[0.0], [1.0]]),
    }
    Trees(**whole)
    with pytest.raises(ValueError, match=r"must be|differ|outside"):
        Trees(**whole | damage)


# Linear models, neighbors and scalers


@pytest.mark.parametrize("case", LINEAR)
def test_coefficients_are_those_of_the_estimator(case: str):
    estimator = fitted(case).estimator
    linear = lower(estimator).core
    assert isinstance(linear, Linear)
    np.testing.assert_array_equal(linear.coef, np.atleast_2d(estimator.coef_))
    np.testing.assert_array_equal(linear.intercept, np.ravel(estimator.intercept_))


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
@pytest.mark.parametrize("model", [LinearRegression(fit_intercept=False), Lasso(0.1), LinearRegression()])
def test_one_target_may_be_a_column(model: BaseEstimator, shape: tuple[int, ...]):
    X, y = DATA["width"]
    estimator = clone(model).fit(X, y.reshape(shape))
    linear = lower(estimator).core
    np.testing.assert_array_equal(linear.coef, np.atleast_2d(estimator.coef_))
    assert linear.intercept.tolist() == np.ravel(estimator.intercept_).tolist()


def test_a_linear_model_wider_than_the_recursion_limit():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3000))
    estimator = LinearRegression().fit(X, X[:, 0])
    np.testing.assert_array_equal(lower(estimator).core.coef[0], estimator.coef_)


@pytest.mark.parametrize("case", NEIGHBORS)
def test_prototypes_are_the_training_rows(case: str):
    model = fitted(case)
    neighbors = lower(model.estimator).core
    assert isinstance(neighbors, Neighbors)
    np.testing.assert_array_equal(neighbors.prototypes, model.X)
    classes = lower(model.estimator).classes
    targets = neighbors.target if classes is None else np.array(classes)[neighbors.target]
    assert targets.tolist() == DATA[CASES[case][1]][1][::3].tolist()
    assert neighbors.k == model.estimator.n_neighbors
    assert neighbors.metric == ("manhattan" if "manhattan" in case else "euclidean")
    assert neighbors.weights == ("distance" if "distance" in case else "uniform")


@pytest.mark.parametrize(
    ("options", "metric"),
    [
        ({"metric": "l1"}, "manhattan"),
        ({"metric": "cityblock"}, "manhattan"),
        ({"p": 1}, "manhattan"),
        ({"metric": "l2"}, "euclidean"),
        ({"metric": "euclidean", "p": 1}, "euclidean"),
        ({"p": 2.0}, "euclidean"),
    ],
)
def test_other_names_of_the_metrics(options: dict, metric: str):
    assert lower(KNeighborsRegressor(**options).fit(*DATA["width"])).core.metric == metric


@pytest.mark.parametrize("scaler", [name for name in SCALERS if name != "raw"])
def test_scaling_equals_transform_bit_for_bit(scaler: str):
    X, y = DATA["depth"]
    pipeline = make_pipeline(clone(SCALERS[scaler]), DecisionTreeRegressor()).fit(X, y)
    rows = np.concatenate([X, 2 * X - 101000, [[3e38, -3e38], [0, -0.0], [1e-45, 5e-324]]])
    (scaling,) = lower(pipeline).stages
    assert isinstance(scaling, Scaling)
    assert scaling(rows).tobytes() == pipeline[0].transform(rows).tobytes()
    assert scaling(rows[:, 1], 1).tobytes() == pipeline[0].transform(rows)[:, 1].tobytes()


@pytest.mark.parametrize("scaler", ["standard", "spread", "shift", "minmax", "robust"])
def test_factor_and_offset_of_a_scaling(scaler: str):
    X, y = DATA["width"]
    pipeline = make_pipeline(clone(SCALERS[scaler]), LinearRegression()).fit(X, y)
    (scaling,) = lower(pipeline).stages
    assert isinstance(scaling, Scaling)
    factor, offset = scaling.affine
    np.testing.assert_allclose(factor * X + offset, pipeline[0].transform(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scaler", [StandardScaler(with_mean=False, with_std=False), None, "passthrough"])
def test_a_scaler_that_does_nothing(scaler):
    X, y = DATA["width"]
    model = lower(Pipeline([("scaler", scaler), ("model", LinearRegression())]).fit(X, y))
    assert model.stages == ()


def test_clipping_is_not_affine():
    with pytest.raises(ValueError, match="not affine"):
        _ = Scaling((("min", np.zeros(2)),)).affine


# Labels


@pytest.mark.parametrize(
    ("labels", "types"),
    [([3, -1], int), ([2**30 - 1, -(2**30)], int), (["b", "é"], str), ([True, False], bool), ([1.0, 2.0], float)],
)
def test_labels_keep_value_type_and_order(labels: list, types: type):
    X = np.array([[0.0], [1.0]])
    classes = lower(DecisionTreeClassifier().fit(X, np.array(labels))).classes
    assert classes == tuple(sorted(labels))
    assert {type(label) for label in classes} == {types}


def test_descriptions_name_no_address():
    model = DecisionTreeClassifier(random_state=np.random.RandomState(0)).fit(*DATA["int"])
    assert lower(model).description == "DecisionTreeClassifier(random_state=RandomState(MT19937))"
