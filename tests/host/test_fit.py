"""check: what it predicts holds on the (emulated) board, and the remedies that it names are true: applied, they do fit."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise import check, transpile
from edgewise.artifact import Artifact, of_program
from edgewise.boards import Board
from edgewise.errors import BoardError
from edgewise.fit import FILE_OVERHEAD_BYTES, HEAP_RESERVE, check_limits

DIGITS = load_digits()
NOISE = np.random.default_rng(0).normal(size=(600, 12))
TARGETS = {
    "noise": (NOISE, np.arange(600) % 3),
    "noise values": (NOISE, np.arange(600) * 37 % 101 / 7.0),
    "digits": (DIGITS.data[:500], DIGITS.target[:500]),
    "digits values": (DIGITS.data[:500], DIGITS.target[:500] * 1.5),
}
LARGE = {
    "deep tree": (DecisionTreeClassifier(random_state=0), "noise"),
    "deep regression tree": (DecisionTreeRegressor(random_state=0), "noise values"),
    "tree of many leaves": (DecisionTreeClassifier(max_leaf_nodes=150, random_state=0), "noise"),
    "regression tree of many leaves": (DecisionTreeRegressor(max_leaf_nodes=150, random_state=0), "noise values"),
    "deep forest": (RandomForestClassifier(20, random_state=0), "noise"),
    "forest of many leaves": (RandomForestClassifier(20, max_leaf_nodes=60, random_state=0), "noise"),
    "forest of pure leaves": (ExtraTreesClassifier(10, random_state=0), "digits"),
    "regression forest": (RandomForestRegressor(10, random_state=0), "noise values"),
    "neighbors": (KNeighborsClassifier(3), "digits"),
    "neighbors of values": (make_pipeline(StandardScaler(), KNeighborsRegressor(3)), "digits values"),
    "wide linear model": (make_pipeline(StandardScaler(), LogisticRegression(max_iter=50, tol=0.1)), "digits"),
    "wide regression": (LinearRegression(), "digits values"),
}


def made(estimator, X, y, backend: str = "auto") -> Artifact:
    return of_program(transpile(clone(estimator).fit(X, y), "large", X, backend=backend), X[:3])


@cache
def large(name: str) -> Artifact:
    estimator, data = LARGE[name]
    return made(estimator, *TARGETS[data])


def apply(remedy: str, estimator, X, y, backend: str = "auto") -> Artifact:
    """What a user does who takes the remedy at its word."""
    if found := re.search(r"dropping features until (\d+) are left would fit", remedy):
        return made(estimator, X[:, -int(found[1]) :], y, backend)
    if found := re.search(r"train --train-rows (\d+)\) would fit", remedy):
        rows = np.linspace(0, len(X) - 1, int(found[1])).astype(int)
        return made(estimator, X[rows], y[rows], backend)
    found = re.search(r"(\w+)=(\d+) would fit", remedy)
    assert found, remedy
    return made(clone(estimator).set_params(**{found[1]: int(found[2])}), X, y, backend)


@pytest.mark.parametrize("share", [0.8, 0.5, 0.3])
@pytest.mark.parametrize("name", LARGE)
def test_the_remedy_is_true(name, share):
    estimator, data = LARGE[name]
    artifact = large(name)
    smallest = min((size.heap_import_mpy_bytes for _, size in artifact.smaller), default=0)
    needed = artifact.footprint.heap_import_mpy_bytes
    heap = int((smallest + share * (needed - smallest)) / (1 - HEAP_RESERVE)) + 1
    found = check_limits(artifact, heap, 10**6, "a small board")
    assert not found.fits
    (problem,) = found.problems
    assert problem.startswith(f"importing large.mpy needs about {needed} bytes of heap, and a small board has ")
    assert problem.splitlines() == [problem]
    after = check_limits(apply(problem, estimator, *TARGETS[data]), heap, 10**6, "a small board")
    assert after.fits, (problem, after.problems)
    # and it gives no more away than it must: the remedy uses a good part of what the board has
    assert after.footprint.heap_import_mpy_bytes > 0.4 * heap * (1 - HEAP_RESERVE)


def test_the_remedy_for_an_expression_is_true():
    X, y = TARGETS["noise"]
    program = transpile(DecisionTreeClassifier(random_state=0).fit(X, y), "large", X, backend="expression")
    artifact = of_program(program)
    table = made(DecisionTreeClassifier(random_state=0), X, y, "table")
    assert table.footprint.heap_import_mpy_bytes < artifact.footprint.heap_import_mpy_bytes
    heap = int(artifact.footprint.heap_import_mpy_bytes / (1 - HEAP_RESERVE)) - 9
    (problem,) = check_limits(artifact, heap, None, "x").problems
    assert problem.endswith(": transpile --backend table would fit")
    assert check_limits(table, heap, None, "x").fits
    heap = int(table.footprint.heap_import_mpy_bytes / (1 - HEAP_RESERVE)) - 9
    (problem,) = check_limits(artifact, heap, None, "x").problems
    assert "transpile --backend table and max_depth=" in problem
    assert check_limits(apply(problem, DecisionTreeClassifier(random_state=0), X, y, "table"), heap, None, "x").fits


@pytest.mark.parametrize("name", ["deep tree", "neighbors"])
def test_the_remedy_for_a_small_filesystem_is_true(name):
    estimator, data = LARGE[name]
    artifact = large(name)
    fs = FILE_OVERHEAD_BYTES + artifact.footprint.mpy_bytes * 5 // 6
    (problem,) = check_limits(artifact, 10**6, fs, "a board").problems
    assert problem.startswith(f"large.mpy takes {artifact.footprint.mpy_bytes} bytes of the filesystem, and a board has ")
    assert check_limits(apply(problem, estimator, *TARGETS[data]), 10**6, fs, "a board").fits


def tree() -> Artifact:
    return made(DecisionTreeClassifier(max_depth=4), *TARGETS["noise"])


def test_the_limits_are_sharp():
    artifact = tree()
    size = artifact.footprint
    heap = next(h for h in range(size.heap_import_mpy_bytes, 10**6) if int(h * (1 - HEAP_RESERVE)) >= size.heap_import_mpy_bytes)
    fs = size.mpy_bytes + FILE_OVERHEAD_BYTES
    assert check_limits(artifact, heap, fs, "x").fits
    assert len(check_limits(artifact, heap - 1, fs, "x").problems) == 1
    assert len(check_limits(artifact, heap, fs - 1, "x").problems) == 1
    assert len(check_limits(artifact, 0, 0, "x").problems) == 2
    assert check_limits(artifact, heap, None, "x").fits  # a board without a filesystem, as far as files go


def test_nothing_smaller_would_fit():
    (problem,) = check_limits(tree(), 100, None, "x").problems
    assert problem.endswith("choose a smaller kind of model, such as tree")


def test_what_fits_in_one_form_only_is_a_note():
    artifact = tree()
    size = artifact.footprint
    between = int((size.heap_import_mpy_bytes + size.heap_import_py_bytes) / 2 / (1 - HEAP_RESERVE))
    found = check_limits(artifact, between, 10**6, "x")
    assert found.fits
    assert len(found.notes) == 1
    assert f"large.py would need about {size.heap_import_py_bytes} bytes" in found.notes[0]
    (problem,) = check_limits(artifact, between, 10**6, "x", source=True).problems
    assert problem.endswith("large.mpy would fit, deploy without --source")
    assert check_limits(artifact, 10**6, 10**6, "x", source=True).notes == ()


def test_by_board():
    artifact = tree()
    board = Board.load("ESP32_GENERIC")
    found = check(artifact, "ESP32_GENERIC")
    assert found == check(artifact, board)
    assert (found.where, found.heap_free_bytes, found.fs_free_bytes) == (board.id, board.heap_free_bytes, board.fs_bytes)
    huge = replace(artifact, footprint=replace(artifact.footprint, heap_import_mpy_bytes=150_000))
    assert check(huge, "RPI_PICO").fits
    assert not check(huge, board).fits
    with pytest.raises(BoardError, match="no board 'PICO'"):
        check(artifact, "PICO")
