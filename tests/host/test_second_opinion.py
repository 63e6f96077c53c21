"""scikit-learn, its arrays walked in plain Python, m2cgen's export, numpy's reference and the generated module say the same.

The rows include every threshold and the float32 below and above it. A scaler in front is scikit-learn's own here, so that what
`passes` folds into thresholds is held to it too.
"""

from typing import Any

import numpy as np
import oracle
import pytest
from models import CASES, FEW, backends, edge_rows, fitted, hard_rows, program_of, run_source, scalers
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import pairwise_distances
from sklearn.tree import DecisionTreeClassifier

from edgewise import float32, reference, transpile
from edgewise.board_trees import FULL_VOTES
from edgewise.bounds import fixed_bound, linear_bound
from edgewise.fixed import BoardFixed
from edgewise.passes import BoardLinear, BoardTrees
from edgewise.verify import compare

TREES = [case for case in CASES if "Tree" in case or "Forest" in case]
NEIGHBORS = [case for case in CASES if case.startswith("KNeighbors")]
LINEAR = [case for case in CASES if case not in TREES + NEIGHBORS]
ROUNDING = 2.0**-40  # what the order of a sum leaves between two evaluations in float64, relative to the largest score
SINGLE = 2.0**-20  # the same for the few operations of a tree's value in float32
VOTE = 0.5 / FULL_VOTES  # largest rounding of a class fraction
TOLERANCE = 2e-5  # of the shares and means of neighbors, as in tests/e2e


def parts(case: str, scaler: str = "raw") -> tuple[Any, np.ndarray, np.ndarray]:
    """(estimator without its scaler, hard rows as the estimator sees them, the same as a board does)."""
    estimator: Any = fitted(case, scaler).estimator
    rows = hard_rows(case, scaler).astype(np.float64)
    return (estimator, rows, rows) if scaler == "raw" else (estimator[-1], estimator[:-1].transform(rows), rows)


def decision(estimator, X: np.ndarray) -> np.ndarray:
    """scikit-learn's own scores, in the shape of the oracle's."""
    for method in ("decision_function", "predict_proba", "predict"):
        if hasattr(estimator, method):
            return np.asarray(getattr(estimator, method)(X), dtype=np.float64).reshape(len(X), -1)
    raise AssertionError(estimator)


@pytest.mark.parametrize(("case", "scaler"), [(case, scaler) for case in TREES for scaler in scalers(case)])
def test_a_plain_walk_is_scikit_learn_to_the_last_bit_and_the_module_decides_alike(case: str, scaler: str):
    estimator, seen, rows = parts(case, scaler)
    scores = oracle.trees(estimator, seen)
    np.testing.assert_array_equal(scores, decision(estimator, seen))
    answers = oracle.answers(estimator, scores)
    assert answers == estimator.predict(seen).tolist()

    program = program_of(case, scaler)
    core = program.model.core
    assert isinstance(core, BoardTrees)
    module = run_source(program.source)
    found = [module.predict(row) for row in rows.tolist()]
    if program.model.classes is None:
        limit = SINGLE * np.abs(scores).max()
        np.testing.assert_allclose(found, answers, rtol=0, atol=limit)
        np.testing.assert_allclose(reference.predict(program.model, rows), answers, rtol=0, atol=limit)
        return
    shares = np.array([module.predict_proba(row) for row in rows.tolist()])
    np.testing.assert_allclose(shares, scores, rtol=0, atol=1.001 * VOTE)
    np.testing.assert_allclose(reference.scores(program.model, rows), scores, rtol=0, atol=1.001 * VOTE)
    best = np.sort(scores, axis=1)
    open_ = (best[:, -1] - best[:, -2] < 2 * VOTE) & (len(core.roots) > 1)
    assert [(a, b) for a, b, tie in zip(found, answers, open_, strict=True) if a != b and not tie] == []


@pytest.mark.parametrize("case", TREES + LINEAR)
def test_the_export_of_m2cgen_is_scikit_learn(case: str):
    """It keeps the thresholds in float64 where there are doubles: not one row differs."""
    estimator, rows, _ = parts(case)
    scores, expected = oracle.exported(estimator, rows), decision(estimator, rows)
    np.testing.assert_allclose(scores, expected, rtol=0, atol=ROUNDING * np.abs(expected).max())
    if hasattr(estimator, "classes_"):
        assert oracle.answers(estimator, scores) == estimator.predict(rows).tolist()


@pytest.mark.parametrize(("case", "backend"), [(case, backend) for case in TREES + LINEAR for backend in backends(case)])
def test_the_export_of_m2cgen_is_an_answer_that_the_module_may_give(case: str, backend: str):
    """The module too: neither differs from scikit-learn beyond what the evidence allows."""
    estimator, rows, _ = parts(case)
    program = program_of(case, backend=backend)
    evidence = program.golden(rows)
    module = run_source(program.source)
    for answers in (oracle.answers(estimator, oracle.exported(estimator, rows)), [module.predict(row) for row in rows.tolist()]):
        verification = compare(program.model.classes, evidence, answers)
        assert verification.passed, verification.first_difference


@pytest.mark.parametrize("case", NEIGHBORS)
def test_neighbors_by_sorting_are_answers_that_the_evidence_allows(case: str):
    """Iris holds rows at equal distances, where scikit-learn, sorting and the module may take another neighbor each."""
    estimator, rows, _ = parts(case)
    program = program_of(case)
    scores = oracle.neighbors(estimator, rows)
    verification = compare(program.model.classes, program.golden(rows), oracle.answers(estimator, scores))
    assert verification.passed, verification.first_difference
    distances = np.sort(pairwise_distances(rows, estimator._fit_X, metric=estimator.effective_metric_), axis=1)
    settled = distances[:, estimator.n_neighbors] - distances[:, estimator.n_neighbors - 1] > 1e-5
    assert settled.sum() > 100
    module = run_source(program.source)
    answer = module.predict if program.model.classes is None else module.predict_proba
    found = np.array([answer(row) for row in rows.tolist()]).reshape(len(rows), -1)
    np.testing.assert_allclose(scores[settled], decision(estimator, rows)[settled], rtol=1e-6)
    np.testing.assert_allclose(found[settled], scores[settled], atol=TOLERANCE)


@pytest.mark.parametrize(
    ("case", "backend"),
    [(case, backend) for case in LINEAR for backend in backends(case) if hasattr(fitted(case).estimator, "predict_proba")],
)
def test_probabilities_of_linear_models_on_the_hard_rows(case: str, backend: str):
    """A probability moves by no more than the scores do; where shares are made to add up to one, by twice as much. That bound is
    of the worst case: coefficients of some hundreds, as SGD's here, leave 2.4e-5."""
    estimator, rows, _ = parts(case)
    program = program_of(case, backend=backend)
    core = program.model.core
    assert isinstance(core, BoardLinear | BoardFixed)
    predict_proba = run_source(program.source).predict_proba
    shares = np.array([predict_proba(row) for row in rows.tolist()])
    if isinstance(core, BoardLinear):
        error = linear_bound(core, np.abs(rows - core.center)).max(axis=1, keepdims=True)
    else:
        error = fixed_bound(core, np.abs(rows - core.middle)).max(axis=1, keepdims=True)
    most = 1e-4 if isinstance(core, BoardLinear) else 1e-3  # fixed point may be some bits less precise
    assert (np.abs(shares - estimator.predict_proba(rows)) <= np.minimum(2 * error, most)).all()


ROUNDINGS = {"down": float32.round_down, "nearest": np.float32}


@pytest.mark.parametrize(
    "estimator", [DecisionTreeClassifier(random_state=0), RandomForestClassifier(**FEW)], ids=["tree", "forest"]
)
def test_only_rounding_down_keeps_every_decision(estimator):
    """What a board that holds thresholds in single precision does to them: rounded to the nearest, some rows change sides.

    Midpoints of neighboring float32 lie on no float32, as those of real readings rarely do.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(20, 3, (300, 4)).astype(np.float32).astype(np.float64)
    estimator.fit(X, X.sum(axis=1) + rng.normal(0, 2, 300) > 80)
    core = transpile(estimator).model.core
    assert isinstance(core, BoardTrees)
    rows = edge_rows(core, X)
    expected = estimator.predict_proba(rows)
    differ = {
        name: int((oracle.trees(estimator, rows, lambda t, r=rounded: float(r(t))) != expected).any(axis=1).sum())
        for name, rounded in ROUNDINGS.items()
    }
    assert differ["down"] == 0
    assert differ["nearest"] > 0
    assert (oracle.exported(estimator, rows) == expected).all()
