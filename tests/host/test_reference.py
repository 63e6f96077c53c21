"""numpy's run of the board's arithmetic agrees with scikit-learn, and what it allows besides is not more than it must."""

from itertools import combinations

import numpy as np
import pytest
from models import CASES, fitted, hard_rows, program_of, scalers
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

from edgewise import reference, transpile
from edgewise.golden import Golden
from edgewise.verify import compare


def answers_of(program, X: np.ndarray) -> list:
    predicted = reference.predict(program.model, X)
    classes = program.model.classes
    return [classes[i] for i in predicted] if classes is not None else list(predicted.astype(np.float32))


@pytest.mark.parametrize(("case", "scaler"), [(case, scaler) for case in CASES for scaler in scalers(case)])
def test_no_unexplained_difference_from_scikit_learn(case: str, scaler: str):
    program, rows = program_of(case, scaler), hard_rows(case, scaler)
    verification = compare(program.model.classes, program.golden(rows), answers_of(program, rows))
    assert verification.n_rows == len(rows)
    assert verification.passed, verification.first_difference
    if program.model.classes is not None:
        assert verification.n_explained <= 0.05 * len(rows)


@pytest.mark.parametrize("case", [case for case in CASES if "Classifier" in case or "SVC" in case or "Logistic" in case])
def test_most_rows_have_one_right_answer(case: str):
    rows = hard_rows(case) + np.random.default_rng(0).normal(0, 0.01, (1, fitted(case).X.shape[1])).astype(np.float32)
    evidence = program_of(case).golden(rows)
    assert evidence.classes is not None
    assert evidence.classes[np.arange(len(rows)), evidence.expected].all()
    assert (evidence.classes.sum(axis=1) == 1).mean() > 0.95


@pytest.mark.parametrize("case", [case for case in CASES if "Regress" in case and "Logistic" not in case])
def test_ranges_of_values_are_narrow(case: str):
    rows = hard_rows(case) + np.random.default_rng(0).normal(0, 0.01, (1, fitted(case).X.shape[1])).astype(np.float32)
    evidence = program_of(case).golden(rows)
    assert evidence.low is not None
    assert evidence.high is not None
    assert (evidence.low <= evidence.expected).all()
    assert (evidence.expected <= evidence.high).all()
    assert np.median(evidence.high - evidence.low) < 1e-4


@pytest.mark.parametrize("case", ["KNeighborsClassifier-text", "LogisticRegression-int", "DecisionTreeClassifier-bool"])
def test_a_wrong_class_is_an_unexplained_difference(case: str):
    program, rows = program_of(case), hard_rows(case)
    classes = program.model.classes
    assert classes is not None
    evidence = program.golden(rows)
    answers: list = [classes[i] for i in evidence.expected]
    assert compare(classes, evidence, answers).n_equal == len(rows)
    sure = int(np.flatnonzero(evidence.classes.sum(axis=1) == 1)[3])  # type: ignore[union-attr]
    answers[sure] = classes[evidence.expected[sure] - 1]
    verification = compare(classes, evidence, answers)
    assert (verification.n_unexplained, verification.passed) == (1, False)
    assert f"row {sure} [" in str(verification.first_difference)


def test_labels_of_another_type_are_other_labels():
    evidence = Golden(np.zeros((2, 1), dtype=np.float32), np.array([0, 1]), np.eye(2, dtype=bool), None, None)
    assert compare((0, 1), evidence, [0, 1]).passed
    assert compare((0, 1), evidence, [False, True]).n_unexplained == 2
    assert compare((0, 1), evidence, ["0", "1"]).n_unexplained == 2


def allowed(estimator, row: list[float]) -> Golden:
    return transpile(estimator).golden(np.array([row]))


SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0], [9.0, 9.0]])


def test_equal_distances_leave_the_neighbor_open():
    estimator = KNeighborsClassifier(1).fit(SQUARE, ["a", "b", "c", "d"])
    assert allowed(estimator, [1, 0]).classes.tolist() == [[True, True, False, False]]
    assert allowed(estimator, [0.99, 0]).classes.tolist() == [[True, False, False, False]]


def test_an_open_neighbor_that_changes_no_vote():
    estimator = KNeighborsClassifier(1).fit(SQUARE, ["a", "a", "c", "d"])
    assert allowed(estimator, [1, 0]).classes.tolist() == [[True, False, False]]


def test_equal_votes_go_to_the_first_class_only():
    estimator = KNeighborsClassifier(2).fit(SQUARE, ["b", "a", "c", "c"])
    assert allowed(estimator, [0.9, 0]).classes.tolist() == [[True, False, False]]


def test_a_row_on_a_prototype_takes_its_class_alone():
    estimator = KNeighborsClassifier(3, weights="distance").fit(SQUARE, ["a", "b", "b", "b"])
    assert allowed(estimator, [0, 0]).classes.tolist() == [[True, False]]


@pytest.mark.parametrize(("k", "low", "high"), [(1, 10, 20), (2, 15, 15)])
def test_equal_distances_leave_the_value_open(k: int, low: float, high: float):
    evidence = allowed(KNeighborsRegressor(k).fit(SQUARE, [10, 20, 40, 80]), [1, 0])
    assert evidence.low[0] == pytest.approx(low, rel=1e-5)  # type: ignore[index]
    assert evidence.high[0] == pytest.approx(high, rel=1e-5)  # type: ignore[index]


@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(8))
def test_the_classes_left_open_are_those_that_some_choice_of_neighbors_elects(k: int, seed: int):
    """On whole numbers, where distances are exact: every k nearest, by trying them all."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 4, (9, 2)), np.arange(9) % 3
    rows = rng.integers(0, 4, (20, 2))
    evidence = transpile(KNeighborsClassifier(k).fit(X, y)).golden(rows)
    assert evidence.classes is not None
    for row, open_ in zip(rows, evidence.classes, strict=True):
        squared = ((X - row) ** 2).sum(axis=1)
        elected, level = set(), set()
        for chosen in combinations(range(9), k):
            if sorted(squared[list(chosen)]) == sorted(squared)[:k]:
                votes = np.bincount(y[list(chosen)], minlength=3)
                elected.add(int(votes.argmax()))
                level |= set(np.flatnonzero(votes == votes.max()).tolist())
        assert elected <= set(np.flatnonzero(open_).tolist()) <= level


def test_a_score_near_zero_is_open():
    estimator = LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    estimator.coef_, estimator.intercept_ = np.array([[0.1]]), np.array([-1.0])
    assert allowed(estimator, [10]).classes.tolist() == [[True, True]]
    assert allowed(estimator, [10.001]).classes.tolist() == [[False, True]]


def test_a_tree_alone_leaves_nothing_open():
    X = np.zeros((3, 1))
    estimator = DecisionTreeClassifier().fit(X, [0, 1, 2])  # one leaf, a tie
    evidence = allowed(estimator, [0])
    assert (evidence.expected.tolist(), evidence.classes.tolist()) == ([0], [[True, False, False]])


@pytest.mark.parametrize(("lead", "open_"), [(1e-7, True), (1e-4, False)])
def test_probabilities_nearer_than_the_quantum_are_open(lead: float, open_: bool):
    estimator = RandomForestClassifier(2, bootstrap=False).fit(np.zeros((2, 1)), [0, 1])
    for member in estimator.estimators_:  # one leaf each
        member.tree_.value[0, 0] = [0.5 + lead, 0.5 - lead]
    assert allowed(estimator, [0]).classes.tolist() == [[True, open_]]
