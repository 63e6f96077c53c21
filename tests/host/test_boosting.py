"""Boosted, isolating, bagged and several-valued trees answer as scikit-learn does, with NaN too; the rest is refused by name."""

from dataclasses import replace

import numpy as np
import pytest
from models import run_source
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tree_ensembles import ALL, CASES, FEW, HIST, MISSING, TARGETS, fitted, hard_rows, program_of

from edgewise import board_trees, bounds, exact, reference, transpile
from edgewise.artifact import of_program
from edgewise.errors import UnsupportedModelError
from edgewise.ir import Model, Trees
from edgewise.lower import lower
from edgewise.passes import BoardTrees
from edgewise.verify import check_rows, compare

TABLE_ONLY = {"ada-value", "tree-values", "forest-values", "tree-labels", "forest-labels", "missing-forest-values"}


def answers(program, X: np.ndarray) -> list:
    module = run_source(program.source)
    assert module.self_test() > 0
    return [module.predict(row) for row in X.tolist()]


def scores_of(estimator, X: np.ndarray) -> np.ndarray:
    """scikit-learn's own, in the units of ours."""
    for name in ("decision_function", "predict_proba", "predict"):
        if hasattr(estimator, name) and not isinstance(estimator, IsolationForest):
            scores = getattr(estimator, name)(X)
            break
    else:
        scores = estimator.score_samples(X)
    scores = np.concatenate(scores, axis=1) if isinstance(scores, list) else np.asarray(scores)
    scores = scores.astype(np.float64).reshape(len(X), -1)
    if isinstance(estimator, AdaBoostClassifier):
        return scores / (len(estimator.classes_) - 1)
    if getattr(estimator, "loss", "") == "exponential":
        return 2 * scores
    return np.log(scores) if getattr(estimator, "loss", "") == "poisson" else scores


@pytest.mark.parametrize("case", ALL)
def test_exact_scores_are_scikit_learns(case: str):
    estimator, rows = fitted(case).estimator, hard_rows(case).astype(np.float64)
    found = exact.scores(lower(estimator), rows)
    expected = scores_of(estimator, rows)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


NESTED = ["hist-two", "gradient-three", "hist-poisson", "ada-value", "isolation", "forest-labels", "missing-hist-ten"]
FORMS = [(case, backend) for case in ALL for backend in ("table", "viper")] + [(case, "expression") for case in NESTED]


@pytest.mark.parametrize(("case", "backend"), FORMS)  # on CPython thumb is viper
def test_modules_answer_as_scikit_learn_does(case: str, backend: str):
    if backend == "viper" and case in TABLE_ONLY:
        with pytest.raises(UnsupportedModelError, match=r"has no kernel for .*; use --backend table"):
            program_of(case, backend)
        return
    program, rows = program_of(case, backend), hard_rows(case)
    found = compare(program.model.classes, program.golden(rows), answers(program, rows))
    assert found.passed, found.first_difference
    if program.model.classes is not None:  # the threshold of an isolation forest may be the score of a training row
        assert found.n_equal >= len(rows) - (2 if case == "isolation-columns" else 0)


@pytest.mark.parametrize("case", ALL)
def test_the_reference_is_within_its_bound_and_the_module_beside_it(case: str):
    program, rows = program_of(case, "table"), hard_rows(case)
    model = program.model
    assert isinstance(model.core, BoardTrees)
    assert model.source is not None
    found = reference.scores(model, rows)
    error = np.abs(found - exact.scores(model.source, rows.astype(np.float64)))
    if model.core.weights is None and not model.core.full:
        assert (error <= bounds.tree_value_bound(model.core)).all()
    if model.classes is None:  # this interpreter computes in double precision
        module = np.array(answers(program, rows)).reshape(len(rows), -1)
        module = np.log(module) if model.link == "exp" else module
        assert (np.abs(module - found) <= 2 * np.array(bounds.tree_value_bound(model.core))).all()


@pytest.mark.parametrize("case", [case for case in CASES if not case.endswith(("labels", "value", "values"))])
@pytest.mark.parametrize("backend", ["table", "viper"])
def test_probabilities_and_scores(case: str, backend: str):
    estimator, rows = fitted(case).estimator, hard_rows(case)[:40]
    module = run_source(program_of(case, backend).source)
    if isinstance(estimator, IsolationForest):
        found = np.array([module.score(row) for row in rows.tolist()])
        expected = estimator.score_samples(rows.astype(np.float64))
    elif hasattr(estimator, "predict_proba"):
        found = np.array([module.predict_proba(row) for row in rows.tolist()])
        expected = estimator.predict_proba(rows.astype(np.float64))
    else:
        assert not hasattr(module, "predict_proba")
        return
    np.testing.assert_allclose(found, expected, atol=1e-5 if case.startswith("bagging") else 1e-7)


def test_a_threshold_moved_at_run_time():
    model = fitted("isolation")
    module = run_source(program_of("isolation", "viper").source)
    rows = model.X[:50].astype(np.float32)
    scores = model.estimator.score_samples(rows.astype(np.float64))
    assert np.float32(model.estimator.offset_) == module.THRESHOLD
    threshold = module.predict.__globals__["THRESHOLD"] = float(np.median(scores))
    found = [module.predict(row) for row in rows.tolist()]
    sure = np.abs(scores - threshold) > 1e-6
    assert (np.array(found)[sure] == np.where(scores >= threshold, 1, -1)[sure]).all()
    assert set(found) == {-1, 1}


# Votes


@pytest.mark.parametrize("case", ALL)
def test_sums_of_votes_are_small_ints(case: str):
    core = program_of(case, "table").model.core
    assert isinstance(core, BoardTrees)
    assert core.votes.min() >= 0
    largest = np.zeros(core.votes.shape[1], dtype=np.int64)
    for leaves in leaves_by_tree(core):
        largest += core.votes[leaves].max(axis=0)
    if core.weights is None:
        assert largest.max() < 2**30
        assert core.full or core.by_sums is False or largest.max() > 2**29 or core.n_counted > 0
    else:
        assert core.votes.max() < 2**30 > core.weights.sum()


def leaves_by_tree(core: BoardTrees) -> list[np.ndarray]:
    found = []
    for root in core.roots:
        pending, leaves = [int(root)], []
        while pending:
            node = pending.pop()
            if node < 0:
                leaves.append(~node)
            else:
                pending += [int(core.left[node]), int(core.right[node])]
        found.append(np.array(leaves))
    return found


def of_values(values: list, base: list, n_classes: int | None) -> BoardTrees:
    """Stumps on one feature at 0, 1, ..., whose leaves have these values: a (left, right) each."""
    value = np.array(values, dtype=np.float64).reshape(2 * len(values), -1)
    n = len(values)
    trees = Trees(
        feature=np.zeros(n, np.int32),
        threshold=np.arange(n, dtype=np.float64),
        left=~(2 * np.arange(n)),
        right=~(2 * np.arange(n) + 1),
        roots=np.arange(n),
        value=value,
        combine="sum",
        base=np.array(base, dtype=np.float64),
    )
    classes = None if n_classes is None else tuple(range(n_classes))
    decision = "value" if classes is None else "largest"
    return board_trees.for_board(Model(trees, 1, classes, "", False, decision=decision))


@pytest.mark.parametrize(
    ("values", "base"),
    [
        ([(-0.25, 0.5), (0.125, -1.0)], [0.0]),
        ([(-0.25, 0.5), (0.125, -1.0)], [0.125]),
        ([(1.0, 1.0)], [-3.0]),  # never above zero
        ([(1.0, 1.0)], [3.0]),  # always
        ([(0.0, 0.0)], [0.0]),  # at zero
        ([(1e-30, -1e-30)], [1e30]),
        ([(1e-30, -1e-30)], [0.0]),
        ([(-1e30, 1e30)] * 99, [1e-30]),
    ],
)
def test_one_sum_decides_as_the_sign_of_the_score(values: list, base: list):
    core = of_values(values, base, 2)
    rows = np.arange(-0.5, len(values), 0.5)[:, None]
    totals = core.votes[reference.leaves(core, rows)].sum(axis=1)[:, 0]
    expected = [base[0] + sum(pair[int(x > i)] for i, pair in enumerate(values)) for x in rows[:, 0]]
    assert ((totals > core.limit) == (np.array(expected) > 0)).all()
    assert ((core.offset + core.scale * totals > 0) == (totals > core.limit)).all()
    assert -1 <= core.limit < 2**30


def test_limits_are_the_largest_sums_that_are_not_above_zero():
    core = of_values([(-0.25, 0.5)], [0.0], 2)
    rng = np.random.default_rng(0)
    for scale in (2.0**-30, 0.1, 1 / 3, 1e-9, 7e-7):
        for k in [*range(50), *rng.integers(0, 2**30 - 1, 200).tolist()]:
            for offset in (-(scale * k), np.nextafter(-(scale * k), 1), np.nextafter(-(scale * k), -1)):
                limit = replace(core, offset=float(offset), scale=scale).limit
                assert limit == -1 or offset + scale * limit <= 0
                assert limit == 2**30 - 1 or offset + scale * (limit + 1) > 0


@pytest.mark.parametrize("backend", ["table", "viper"])
def test_scores_of_exactly_zero_are_the_first_class(backend: str):
    X = fitted("hist-two").X
    estimator = HistGradientBoostingClassifier(**HIST).fit(X, TARGETS["two"])
    estimator._baseline_prediction = np.zeros((1, 1))
    for i, (predictor,) in enumerate(estimator._predictors):  # as many trees for each class, of leaves that add up to zero
        predictor.nodes["value"] = np.where(predictor.nodes["value"] > 0, 0.25, -0.25) * (-1) ** i
    rows = hard_rows("hist-two")
    assert (estimator.decision_function(rows.astype(np.float64)) == 0).sum() > 50
    program = transpile(estimator, X=X, backend=backend)
    module = run_source(program.source)  # whose golden rows are none, as rounding leaves zero open
    found = compare(program.model.classes, program.golden(rows), [module.predict(row) for row in rows.tolist()])
    assert found.n_equal == len(rows)


@pytest.mark.parametrize("n", [4, 5])
def test_a_median_of_equal_weights(n: int):
    X = fitted("hist-two").X
    estimator = AdaBoostRegressor(n_estimators=n, random_state=0).fit(X, TARGETS["value"])
    estimator.estimator_weights_ = np.ones(n)
    program, rows = transpile(estimator, X=X), X.astype(np.float32)
    found = np.array(answers(program, rows))
    expected = np.sort([tree.predict(rows) for tree in estimator.estimators_], axis=0)[(n - 1) // 2]  # the lower of two
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_bases_that_lie_far_apart_go_into_leaves():
    """Three classes, of which the second has no tree of its own."""
    values = [((0.5, 0, 0), (-0.5, 0, 0)), ((0, 0, 0.25), (0, 0, -0.125))]
    core = of_values(values, [-4.0, 3.0, -1.5], 3)
    rows = np.array([[-1.0], [0.5], [2.0]])
    totals = core.votes[reference.leaves(core, rows)].sum(axis=1)
    expected = np.array([[-3.5, 3, -1.25], [-4.5, 3, -1.25], [-4.5, 3, -1.625]])
    np.testing.assert_allclose(core.offset + core.scale * totals, expected, atol=1e-7)
    assert totals.max() < 2**30


def test_leaves_of_kernels_hold_their_votes():
    core = program_of("hist-ten", "viper").model.core
    assert isinstance(core, BoardTrees)
    assert core.votes.max() < 2 ** (31 - 4)  # four bits say which of ten classes
    assert core.votes.max() >= 2**16  # in entries of 32 bits


@pytest.mark.parametrize("target", ["two", "three", "value"])
@pytest.mark.parametrize("backend", ["table", "viper"])
def test_trees_of_one_leaf(target: str, backend: str):
    """Constant features leave nothing to split: every tree is a leaf."""
    X, y = np.ones((200, 2)), TARGETS[target]
    kinds = {"value": (GradientBoostingRegressor, HistGradientBoostingRegressor)}
    boosted, hist = kinds.get(target, (GradientBoostingClassifier, HistGradientBoostingClassifier))
    for estimator in (boosted(**FEW).fit(X, y), hist(**HIST).fit(X, y)):
        program = transpile(estimator, X=X, backend=backend)
        found = compare(program.model.classes, program.golden(X[:2]), answers(program, X[:2].astype(np.float32)))
        assert found.passed


def test_scalers_fold_into_thresholds_of_trees_that_do_not_round():
    X, y = fitted("hist-three").X, TARGETS["three"]
    estimator = make_pipeline(StandardScaler(), HistGradientBoostingClassifier(**HIST)).fit(X, y)
    program = transpile(estimator, X=X)
    assert not program.model.stages
    core = program.model.core
    assert isinstance(core, BoardTrees)
    rows = hard_rows("hist-three")
    edge = np.repeat(rows[:1], len(core.threshold), axis=0)
    edge[np.arange(len(edge)), core.feature] = core.threshold
    rows = np.concatenate([rows, edge, np.nextafter(edge, np.float32(np.inf))])
    assert compare(program.model.classes, program.golden(rows), answers(program, rows)).n_equal == len(rows)


# Missing values


@pytest.mark.parametrize("case", MISSING)
def test_missing_values_are_taken_and_infinity_is_not(case: str):
    program = program_of(case, "table")
    module = run_source(program.source)
    row = [float("nan")] * 5
    module.predict(row)
    row[2] = float("inf")
    with pytest.raises(ValueError, match="a feature is not finite"):
        module.predict(row)
    check_rows(program, np.full((1, 5), np.nan))


def test_where_training_rows_held_no_nan_they_are_refused():
    program = program_of("hist-three", "table")
    assert program.model.source.core.missing_left is None
    with pytest.raises(ValueError, match="a feature is not finite"):
        run_source(program.source).predict([float("nan")] * 5)


def test_training_rows_with_nan_are_taken_where_no_split_learned_of_it():
    estimator = fitted("hist-three").estimator
    rows = np.array([[np.nan] * 5, [0.0] * 5])
    module = run_source(transpile(estimator, X=rows, backend="table").source)
    assert [module.predict(row) for row in rows.tolist()] == estimator.predict(rows).tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomForestClassifier(**FEW),
        lambda: BaggingClassifier(**FEW),
        lambda: HistGradientBoostingClassifier(**HIST),
    ],
)
def test_ways_that_were_never_learned_are_told_from_others(make):
    X = fitted("hist-three").X
    assert not lower(make().fit(X, TARGETS["ten"])).core.learned_missing
    X = np.where(np.arange(200)[:, None] % 7 == np.arange(5), np.nan, X)
    assert lower(make().fit(X, TARGETS["ten"])).core.learned_missing


def test_a_split_between_missing_and_known_values():
    X = np.array([[np.nan], [1.0], [np.nan], [-3e38], [3e38], [5.0]])
    y = np.isnan(X[:, 0])
    estimator = HistGradientBoostingClassifier(min_samples_leaf=1, max_iter=2, learning_rate=1.0).fit(X, y)
    assert np.isinf(lower(estimator).core.threshold).any()
    program = transpile(estimator, X=X)
    assert answers(program, X.astype(np.float32)) == y.tolist()


def test_artifacts_of_sums_and_stages_keep_no_paths():
    for case, kept in (("hist-three", False), ("missing-tree", False), ("tree-values", False), ("bagging-three", True)):
        assert (of_program(program_of(case, "table")).splits is not None) == kept


# Refusals


@pytest.mark.parametrize(
    ("make", "target", "message"),
    [
        (
            lambda: GradientBoostingRegressor(init=LinearRegression(), **FEW),
            "value",
            r"^GradientBoostingRegressor\(init=LinearRegression\): use init=None or init='zero'$",
        ),
        (
            lambda: HistGradientBoostingClassifier(categorical_features=[3], **HIST),
            "two",
            r"^HistGradientBoostingClassifier\(categorical_features=...\): encode those columns as numbers",
        ),
        (
            lambda: AdaBoostClassifier(LogisticRegression(), **FEW),
            "two",
            r"^AdaBoostClassifier\(estimator=LogisticRegression\): use DecisionTreeClassifier$",
        ),
        (
            lambda: AdaBoostRegressor(LinearRegression(), **FEW),
            "value",
            r"^AdaBoostRegressor\(estimator=LinearRegression\): use DecisionTreeRegressor$",
        ),
        (
            lambda: BaggingClassifier(KNeighborsClassifier(), **FEW),
            "two",
            r"^BaggingClassifier\(estimator=KNeighborsClassifier\): use DecisionTreeClassifier$",
        ),
        (lambda: IsolationForest(max_samples=1), "two", "^IsolationForest was fitted on one row a tree"),
    ],
)
def test_refusals_name_the_option_and_what_to_use_instead(make, target: str, message: str):
    X = np.abs(np.rint(fitted("hist-three").X))
    X[:, 4] = 0
    X[:, 3] %= 8
    with pytest.raises(UnsupportedModelError, match=message):
        lower(make().fit(X, TARGETS[target]))
