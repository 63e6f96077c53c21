"""What a board computes decides as scikit-learn does: thresholds, votes, centers and the bounds of the rest."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from models import CASES, DATA, edge_rows, fitted, scalers
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise import board_trees, bounds, reference
from edgewise.board_trees import FULL_VOTES, SMALL_INT_BITS
from edgewise.errors import UnsupportedModelError
from edgewise.folding import fold
from edgewise.ir import Linear, Model, Scaling, Trees
from edgewise.lower import lower
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees, for_board

TREES = [case for case in CASES if "Tree" in case or "Forest" in case]
INF = np.float32(np.inf)


def board_model(estimator, X=None) -> BoardModel:
    return for_board(lower(estimator), X)


def folded_thresholds(trees: Trees, scaling: Scaling) -> np.ndarray:
    core = fold(Model(trees, 1, (0, 1), "", True, (scaling,))).core
    assert isinstance(core, Trees)
    return core.threshold.astype(np.float32)


# Thresholds


def leaf_numbers(core: BoardTrees, root: int, tree) -> np.ndarray:
    """Number of our leaf for each node of scikit-learn's tree; -1 for inner nodes."""
    numbers = np.full(tree.node_count, -1)
    pending = [(root, 0)]
    while pending:
        reference_, node = pending.pop()
        if reference_ < 0:
            numbers[node] = ~reference_
        else:
            pending.append((int(core.left[reference_]), tree.children_left[node]))
            pending.append((int(core.right[reference_]), tree.children_right[node]))
    return numbers


@pytest.mark.parametrize(("case", "scaler"), [(case, scaler) for case in TREES for scaler in scalers(case)])
def test_bare_trees_decide_on_raw_rows_as_the_pipeline_does(case: str, scaler: str):
    model = fitted(case, scaler)
    core = board_model(model.estimator).core
    assert isinstance(core, BoardTrees)
    edges = edge_rows(core, model.X)
    assert len(edges) > len(core.feature)
    rows = np.concatenate([edges, model.held_out.astype(np.float32)]).astype(np.float64)
    scaled, trees = rows, model.estimator
    if scaler != "raw":
        scaled, trees = model.estimator[0].transform(rows), model.estimator[1]
    found = reference.leaves(core, rows)
    for i, member in enumerate(getattr(trees, "estimators_", [trees])):
        expected = leaf_numbers(core, int(core.roots[i]), member.tree_)[member.apply(scaled)]
        np.testing.assert_array_equal(found[:, i], expected)


@pytest.mark.parametrize("case", TREES)
def test_every_edge_takes_both_ways(case: str):
    """The rows that the other tests rely on: at and below a threshold a row goes left, one float32 above it right."""
    model = fitted(case)
    core = board_model(model.estimator).core
    assert isinstance(core, BoardTrees)
    rows = edge_rows(core, model.X)
    for feature, threshold in zip(core.feature, core.threshold, strict=True):
        steps = {np.nextafter(threshold, -INF), threshold, np.nextafter(threshold, INF)}
        assert steps <= set(rows[:, feature])


positive = st.floats(1e-30, 1e30)
anything = st.floats(-1e30, 1e30)


@given(anything, positive, st.floats(-1e30, 1e30), st.sampled_from(["standard", "minmax", "clip"]))
def test_folded_thresholds_are_the_last_that_the_scaler_lets_pass(shift: float, factor: float, threshold: float, kind: str):
    steps = {
        "standard": (("sub", shift), ("div", factor)),
        "minmax": (("mul", factor), ("add", shift)),
        "clip": (("mul", factor), ("add", shift), ("max", 0.0), ("min", 1.0)),
    }[kind]
    scaling = Scaling(tuple((name, np.array([operand])) for name, operand in steps))
    trees = Trees(*map(np.array, ([0], [threshold], [~0], [~1], [0], [[0.0], [1.0]])))
    folded = folded_thresholds(trees, scaling)[0]

    def goes_left(x: np.float32) -> bool:
        with np.errstate(over="ignore"):
            return bool(scaling(np.array([x], dtype=np.float64)).astype(np.float32) <= trees.threshold)

    with np.errstate(over="ignore"):
        above = np.nextafter(folded, INF)
    assert not np.isfinite(folded) or goes_left(folded)
    assert not np.isfinite(above) or not goes_left(above)


def test_a_clipped_feature_that_cannot_reach_the_threshold():
    scaling = Scaling((("mul", np.ones(1)), ("min", np.ones(1))))
    trees = Trees(*map(np.array, ([0, 0], [2.0, 1.0], [1, ~0], [~2, ~1], [0], [[0.0], [1.0], [2.0]])))
    assert folded_thresholds(trees, scaling).tolist() == [np.finfo(np.float32).max] * 2
    above = Scaling((("max", np.full(1, 5.0)),))
    assert folded_thresholds(trees, above).tolist() == [-np.inf] * 2


# Votes


def test_class_fractions_of_small_leaves_are_whole_votes():
    for n_rows in (*range(1, 13), 14, 15, 16, 18, 20):
        fractions = np.array([[k / n_rows, 1 - k / n_rows] for k in range(n_rows + 1)])
        votes = board_trees.class_votes(fractions, FULL_VOTES)
        assert [Fraction(int(vote), FULL_VOTES) for vote in votes[:, 0]] == [Fraction(k, n_rows) for k in range(n_rows + 1)]


@example([0.5 - 1e-9, 0.5 + 1e-9])
@example([1 / 3, 1 / 3 - 1e-7, 1 / 3 + 1e-7])
@example([1e-9, 1])
@given(st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda parts: sum(parts) > 0))
def test_votes_keep_the_winner_and_pure_leaves(parts: list[float]):
    fractions = np.array([parts]) / sum(parts)
    votes = board_trees.class_votes(fractions, FULL_VOTES)[0]
    assert votes.argmax() == fractions[0].argmax()
    assert (votes.max() == FULL_VOTES) == (fractions.max() == 1)
    assert np.abs(votes / FULL_VOTES - fractions[0]).max() <= 2 / FULL_VOTES


@pytest.mark.parametrize("n_trees", [1, 10, 1000, 100_000])
@pytest.mark.parametrize("classification", [True, False])
def test_no_sum_of_votes_leaves_the_small_ints(n_trees: int, classification: bool):
    leaves = n_trees + 1
    value = np.tile([[0.25, 0.75]], (leaves, 1)) if classification else np.linspace(-3, 5, leaves)[:, None]
    trees = Trees(
        feature=np.array([0]),
        threshold=np.array([0.0]),
        left=np.array([~0]),
        right=np.array([~1]),
        roots=np.array([0, *(~np.arange(2, leaves))]),
        value=value,
    )
    votes, full, *_ = board_trees.VOTES["mean"](trees, Model(trees, 1, (0, 1) if classification else None, "", True))
    assert votes.min() >= 0
    assert int(votes.max()) * n_trees < 2**SMALL_INT_BITS
    assert full * n_trees < 2**SMALL_INT_BITS


@pytest.mark.parametrize("case", [case for case in TREES if "Regressor" in case])
def test_values_of_trees_lie_within_their_bound(case: str):
    model = fitted(case)
    board = board_model(model.estimator)
    rows = edge_rows(board.core, model.X).astype(np.float64)
    error = np.abs(reference.predict(board, rows) - model.estimator.predict(rows)).max()
    bound = bounds.tree_value_bound(board.core)
    assert error <= bound
    assert bound < 1e-5 * np.abs(DATA["width"][1]).max()


def test_a_constant_regression():
    X, y = DATA["width"]
    board = board_model(DecisionTreeRegressor().fit(X, 0 * y + 21.5))
    assert reference.predict(board, X[:2]).tolist() == [21.5, 21.5]


# Linear models and neighbors where features are large beside their spread


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("with_rows", [False, True])
def test_pressures_keep_their_digits_in_a_linear_model(scaled: bool, with_rows: bool):
    X, y = DATA["depth"]
    estimator = make_pipeline(*[StandardScaler()] * scaled, LinearRegression()).fit(X, y)
    board = board_model(estimator if scaled else estimator[-1], X if with_rows else None)
    rows = X.astype(np.float32).astype(np.float64)
    error = np.abs(reference.predict(board, rows) - estimator.predict(rows)).max()
    if scaled or with_rows:
        assert error < 1e-6  # m of water, over a range of one meter
        assert board.core.center[0] == pytest.approx(101325, rel=1e-3)
    else:
        assert error > 1e-5  # what is lost where nobody says where the rows lie


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_pressures_keep_their_digits_in_distances(scaled: bool, metric: str):
    X, y = DATA["side"]
    estimator = make_pipeline(*[StandardScaler()] * scaled, KNeighborsClassifier(metric=metric)).fit(X[::2], y[::2])
    board = board_model(estimator if scaled else estimator[-1], X)
    rows = X[1::2].astype(np.float32).astype(np.float64)
    assert isinstance(board.core, BoardNeighbors)
    distance = np.sort(reference._distances(board.core, rows).astype(np.float64), axis=1)[:, :5]
    expected = estimator[-1].kneighbors(estimator[:-1].transform(rows) if scaled else rows)[0]
    np.testing.assert_allclose(distance, expected**2 if metric == "euclidean" else expected, rtol=2e-4)
    assert np.array(board.classes)[reference.predict(board, rows)].tolist() == estimator.predict(rows).tolist()


def test_rows_near_zero_are_not_centered():
    X, y = DATA["width"]
    core = board_model(LinearRegression().fit(X, y), X).core
    assert isinstance(core, BoardLinear)
    assert not core.center.any()


def test_prototypes_that_float32_holds_are_taken_as_they_are():
    X, y = DATA["int"]
    X = X.astype(np.float32)
    core = board_model(KNeighborsClassifier().fit(X, y)).core
    assert isinstance(core, BoardNeighbors)
    assert not core.center.any()
    assert core.prototypes.tobytes() == X.tobytes()


@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e6, 1e6)), min_size=1, max_size=8),
    st.floats(-1e6, 1e6),
    st.floats(-1e4, 1e4),
)
def test_linear_bound_holds_for_every_rounding(terms: list[tuple[float, float]], intercept: float, center: float):
    coef, row = np.array(terms).T
    linear = Linear(coef[None, :], np.array([intercept]))
    scaling = Scaling((("sub", np.full(len(coef), center)),))
    core = for_board(Model(linear, len(coef), None, "", False, (scaling,), "value")).core
    assert isinstance(core, BoardLinear)
    row32 = row.astype(np.float32)
    terms_exact = (Fraction(c) * (Fraction(float(x)) - Fraction(center)) for c, x in zip(coef, row32, strict=True))
    exact = Fraction(intercept) + sum(terms_exact, Fraction(0))
    answer = reference._linear_scores(core, row32[None, :])[0, 0]
    bound = bounds.linear_bound(core, np.abs(row32.astype(np.float64) - core.center))[0]
    # the center itself is rounded, which moves the intercept by what float64 loses
    slack = 1e-14 * float(np.abs(coef).sum() * (abs(center) + 1) + abs(intercept) + 1)
    assert abs(answer - float(exact)) <= bound + slack


# Refusals


@pytest.mark.parametrize(
    ("model", "feature", "target", "what"),
    [
        (LinearRegression(), 1e-42, 1, "a coefficient"),
        (LinearRegression(), 1, 1e39, "a (coefficient|intercept)"),
        (DecisionTreeRegressor(), 1, 1e39, "a leaf's value"),
        (KNeighborsRegressor(), 1, 1e39, "a target"),
        (KNeighborsRegressor(), 1e39, 1, "a (prototype|center)"),
        (make_pipeline(StandardScaler(), KNeighborsRegressor()), 1e-42, 1, "a scale"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_numbers_beyond_single_precision(model, feature: float, target: float, what: str):
    X, y = DATA["width"]
    with pytest.raises(UnsupportedModelError, match=f"^{what} is beyond single precision"):
        board_model(model.fit(X * feature, y * target))


def test_the_same_in_front_of_trees():
    X, y = DATA["int"]
    board_model(make_pipeline(MinMaxScaler(clip=True), DecisionTreeClassifier()).fit(X, y))
