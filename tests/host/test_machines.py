"""Kernel machines: what is read from scikit-learn, the bound on a board's floats, and the module on CPython."""

from copy import copy
from dataclasses import replace

import numpy as np
import pytest
from models import rows_around, run_source
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris, make_blobs
from sklearn.kernel_ridge import KernelRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from edgewise import exact, machines, reference, transpile
from edgewise.backends import packed_machine
from edgewise.backends.packed_machine import GridMachine
from edgewise.decisions import CLASSES, pair_winners
from edgewise.errors import UnsupportedModelError
from edgewise.ir import KernelMachine, Linear
from edgewise.lower import lower
from edgewise.passes import for_board
from edgewise.rounding import Bounded

X, SPECIES = load_iris(return_X_y=True)
BLOBS, BLOB = make_blobs(120, 5, centers=6, cluster_std=4.0, random_state=0)  # six classes that overlap
CLASSIFIERS: dict[str, BaseEstimator] = {
    "rbf": SVC(),
    "two classes": SVC(),
    "auto": SVC(gamma="auto", C=10.0, class_weight="balanced"),
    "six classes": SVC(C=5.0),
    "narrow": SVC(gamma=1e6),  # a row is like itself alone
    "wide": SVC(gamma=1e-9, C=1e6),
    **{f"poly {degree}": SVC(kernel="poly", degree=degree, coef0=1.5, gamma=0.1) for degree in (2, 3, 4, 5)},
    "poly two classes": SVC(kernel="poly"),
    "sigmoid": SVC(kernel="sigmoid", gamma=0.01, coef0=-0.5),
    "linear": SVC(kernel="linear"),
    "linear six classes": SVC(kernel="linear"),
    "linear two classes": SVC(kernel="linear"),
    "nu": NuSVC(nu=0.3),
    "probability": SVC(decision_function_shape="ovo"),
}
REGRESSORS: dict[str, BaseEstimator] = {
    "svr": SVR(),
    "svr poly": SVR(kernel="poly", degree=2, coef0=1.0, gamma=0.1),
    "svr linear": SVR(kernel="linear"),
    "nu": NuSVR(nu=0.3, kernel="sigmoid", gamma=0.01),
    "ridge": KernelRidge(),
    "ridge rbf": KernelRidge(alpha=0.1, kernel="rbf"),
    "ridge laplacian": KernelRidge(alpha=0.1, kernel="laplacian", gamma=0.5),
    "ridge poly": KernelRidge(alpha=0.1, kernel="polynomial", degree=2, gamma=0.1),
}


def classes_of(name: str) -> tuple[np.ndarray, np.ndarray]:
    if "six" in name:
        return BLOBS, BLOB
    return (X[50:], SPECIES[50:] == 2) if "two" in name else (X, np.array(["setosa", "versicolor", "virginica"])[SPECIES])


def rows_of(data: np.ndarray) -> np.ndarray:
    far = np.outer([1e3, -1e4, 1e7], np.ones(data.shape[1])) + data[:3]  # of which the exponential is zero
    return np.concatenate([data, rows_around(data, 150), far]).astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes_are_those_of_predict(name: str):
    data, target = classes_of(name)
    estimator = CLASSIFIERS[name].fit(data, target)
    model, rows = lower(estimator), rows_of(data)
    scores = exact.scores(model, rows)
    index = CLASSES[model.decision].indices(scores, len(model.classes or ()), model.threshold)
    expected = estimator.predict(rows).tolist()
    assert [model.classes[i] for i in index] == expected  # type: ignore[index]
    assert isinstance(model.core, Linear if "linear" in name else KernelMachine)
    assert not model.has_proba
    pairwise = copy(estimator).set_params(decision_function_shape="ovo")
    cancelled = 0 if "linear" in name else 1e-15 * np.abs(model.core.dual).sum()  # type: ignore[union-attr]
    np.testing.assert_allclose(np.squeeze(scores), pairwise.decision_function(rows), rtol=1e-9, atol=1e-9 + cancelled)


def test_ties_of_votes_go_to_the_first():
    estimator = CLASSIFIERS["six classes"].fit(BLOBS, BLOB)
    rows = rows_around(BLOBS, 4000).astype(np.float64)
    model = lower(estimator)
    scores = exact.scores(model, rows)
    votes = np.zeros((len(rows), 6), dtype=int)
    pairs = [(i, j) for i in range(6) for j in range(i + 1, 6)]
    for k, (i, j) in enumerate(pairs):
        votes[np.arange(len(rows)), np.where(scores[:, k] > 0, i, j)] += 1
    tied = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1)
    assert (tied >= 3).sum() > 10, "no row to try it on"
    rows = rows[tied >= 3]
    np.testing.assert_array_equal(pair_winners(exact.scores(model, rows), 6), estimator.predict(rows))
    program = transpile(estimator, X=BLOBS, backend="table")
    module, test = run_source(program.source), program.golden(rows)
    assert test.classes is not None
    answers = [module.predict(row) for row in test.X.tolist()]
    assert all(test.classes[i, answer] for i, answer in enumerate(answers))
    assert (np.array(answers) == test.expected).all()


@pytest.mark.parametrize("name", REGRESSORS)
def test_values_are_those_of_predict(name: str):
    estimator = REGRESSORS[name].fit(X[:, :3], X[:, 3])
    rows = rows_of(X[:, :3])
    expected = estimator.predict(rows)
    np.testing.assert_allclose(exact.scores(lower(estimator), rows)[:, 0], expected, rtol=1e-9, atol=1e-9)


def test_one_class():
    estimator = OneClassSVM(nu=0.1, gamma=0.3).fit(X)
    model, rows = lower(estimator), rows_of(X)
    scores = exact.scores(model, rows)
    np.testing.assert_allclose(scores[:, 0], estimator.score_samples(rows), rtol=1e-9, atol=1e-9)
    assert model.threshold == estimator.offset_[0]
    expected = np.where(CLASSES["threshold"].indices(scores, 2, model.threshold), 1, -1)
    np.testing.assert_array_equal(expected, estimator.predict(rows))
    assert set(expected.tolist()) == {-1, 1}


@pytest.mark.parametrize("name", [*(f"class {name}" for name in CLASSIFIERS), *(f"value {name}" for name in REGRESSORS)])
def test_the_bound_covers_a_board_in_floats(name: str):
    kind, _, name = name.partition(" ")
    if kind == "class":
        data, target = classes_of(name)
        model = lower(CLASSIFIERS[name].fit(data, target))
    else:
        data = X[:, :3]
        model = lower(REGRESSORS[name].fit(data, X[:, 3]))
    if not isinstance(model.core, KernelMachine):
        return  # a linear model's bound is tested elsewhere
    board = for_board(model, data)
    rows = np.concatenate([data, rows_around(data, 200)]).astype(np.float32)
    true = exact.scores(model, rows)
    off = np.abs(reference.scores(board, rows) - true)
    bound = machines.errors(board.core, Bounded(rows))  # type: ignore[arg-type]
    assert (off <= bound).all()
    assert np.isfinite(bound).all()
    if name not in ("narrow",):
        assert off.max() > bound.max() / 1e5, "a bound that is never near says nothing"


def test_a_scaler_in_front_and_large_numbers():
    pressure = np.stack([101325 + 40 * X[:, 0], X[:, 1], 1e-3 * X[:, 2]], axis=1)
    estimator = make_pipeline(StandardScaler(), SVC()).fit(pressure, SPECIES)
    program = transpile(estimator, X=pressure, backend="table")
    test, module = program.golden(pressure), run_source(program.source)
    assert test.classes is not None
    assert test.classes.sum(axis=1).max() == 1  # single precision leaves nothing open
    assert [module.predict(row) for row in test.X.tolist()] == estimator.predict(test.X.astype(np.float64)).tolist()


def test_large_numbers_are_centered():
    far = X + 1000.0
    core = lower(SVC().fit(far, SPECIES)).core
    assert machines.for_board(core).center.any()  # type: ignore[arg-type]
    assert not machines.for_board(lower(SVC().fit(np.round(X), SPECIES)).core).center.any()  # type: ignore[arg-type]


def test_groups_leave_nothing_out():
    model = lower(CLASSIFIERS["six classes"].fit(BLOBS, BLOB))
    core = machines.for_board(model.core)  # type: ignore[arg-type]
    assert len(core.groups) == 6
    assert len(core.coefficients) == 5 * len(core.vectors) < core.dual.size
    whole = replace(core, groups=((len(core.vectors), tuple(range(15))),))
    np.testing.assert_array_equal(whole.coefficients.reshape(-1, 15), core.dual.T)
    assert machines._groups(core.dual[:, ::-1])[0][0] == len(core.vectors)  # not class by class: all to all


def test_a_row_too_far_for_single_precision():
    program = transpile(CLASSIFIERS["poly 5"].fit(X, SPECIES), X=X, backend="table")
    rows = np.full((1, 4), 1e30)
    assert program.golden(rows).classes.all()  # type: ignore[union-attr]


REFUSED = {
    "SVC(break_ties=True): use break_ties=False": SVC(break_ties=True),
    "SVC(kernel=a function): use one of rbf, poly, sigmoid, linear": SVC(kernel=lambda a, b: a @ b.T),
    "KernelRidge(kernel='cosine'): use one of rbf, poly": KernelRidge(kernel="cosine"),
    "KernelRidge(degree=2.5): use a whole number": KernelRidge(kernel="poly", degree=2.5),
    "NuSVC(break_ties=True)": NuSVC(nu=0.1, break_ties=True),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused_by_name(message: str):
    with pytest.raises(UnsupportedModelError) as refusal:
        lower(REFUSED[message].fit(X, SPECIES))
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


def test_a_precomputed_kernel_is_refused():
    with pytest.raises(UnsupportedModelError, match=r"SVC\(kernel='precomputed'\): use one of rbf"):
        lower(SVC(kernel="precomputed").fit(X @ X.T, SPECIES))


def test_two_classes_may_break_ties():
    estimator = SVC(break_ties=True).fit(X[50:], SPECIES[50:])
    assert lower(estimator).decision == "largest"


GRIDS = {
    "whole": np.rint(8 * BLOBS),  # on a grid of whole numbers, which rows between them are not
    "bytes": BLOBS,
}


@pytest.mark.parametrize("kind", GRIDS)
def test_whole_sums_of_the_plain_module_are_those_of_numpy(kind: str):
    data = GRIDS[kind]
    program = transpile(SVC(C=5.0).fit(data, BLOB), X=data, backend="viper")
    core, module = program.model.core, run_source(program.source)
    assert isinstance(core, GridMachine)
    assert core.grid.lossless == (kind == "whole")
    far = np.array([[1e-30] * 5, [300.0] * 5, [-1e9] * 5, [3e38] * 5, [1e-40] * 5])
    rows = np.concatenate([data, rows_around(data, 40), far]).astype(np.float32)
    steps, inside = core.on_grid(rows)
    sums = core.sums(np.where(inside[:, None], steps, 0)) & 0xFFFFFFFF
    first = packed_machine.emit(program.model, core, "viper").constants["_SUMS"]
    for row, held, expected in zip(rows.tolist(), inside, sums.tolist(), strict=True):
        assert module._summed(row) == held
        assert not held or module._work[first : first + 15].tolist() == expected
        np.testing.assert_allclose(
            module._scores(row), reference.scores(program.model, np.array([row], np.float32))[0], rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("kind", GRIDS)
def test_whole_numbers_are_near_the_exact_scores(kind: str):
    data = GRIDS[kind]
    model = lower(SVC(C=5.0).fit(data, BLOB))
    board = for_board(model, data)
    core = packed_machine.fix(board, board.core)  # type: ignore[arg-type]
    assert core.machine.rows is board.core.rows  # type: ignore[union-attr]
    off = np.abs(packed_machine.scores(core, data.astype(np.float32)) - exact.scores(model, data)).max()
    step = 0 if kind == "whole" else 0.5 / core.grid.scale * np.sqrt(5)
    slope = np.sqrt(2 * model.core.gamma / np.e)  # type: ignore[union-attr] - the steepest slope of a kernel, of its distance
    heaviest = np.abs(model.core.dual).sum(axis=1).max()  # type: ignore[union-attr]
    assert off <= heaviest * (2 * slope * step + 3e-4)
    assert len(core.square) % 4 == 0
    assert (core.on_grid(np.full((1, 5), 1e9, np.float32))[1], core.n_vectors) == (False, len(board.core.vectors))  # type: ignore[union-attr]


def test_numbers_that_cancel_stay_floats():
    estimator = SVC(gamma=1e-6, C=1e7).fit(X, SPECIES)
    board = for_board(lower(estimator), X)
    with pytest.raises(UnsupportedModelError, match=r"of the classes would change, more than 0\.5 %; use --backend table"):
        packed_machine.fix(board, board.core)  # type: ignore[arg-type]
    assert transpile(estimator, X=X).backend == "table"
    with pytest.raises(UnsupportedModelError, match="there is no kernel for SVC"):
        transpile(CLASSIFIERS["poly 2"].fit(X, SPECIES), X=X, backend="thumb")


def test_a_wider_grid_where_a_byte_changes_classes():
    board = for_board(lower(OneClassSVM(nu=0.1, gamma=0.3).fit(X)), X)
    assert packed_machine.fix(board, board.core).grid.most > 255  # type: ignore[arg-type]
    with pytest.raises(UnsupportedModelError, match="use more bits or --backend table"):
        packed_machine.fix(board, board.core, bits=8)  # type: ignore[arg-type]
