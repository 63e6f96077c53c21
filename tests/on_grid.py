"""What the kernels for nearest neighbors find, computed with numpy from the packed model: the plain reference of their tests."""

from math import isqrt

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from edgewise.backends.packed_neighbors import FAR, FRACTION_BITS, SPARE_CANDIDATES, PackedNeighbors
from edgewise.lower import lower
from edgewise.passes import BoardModel, BoardNeighbors, for_board


def on_grid(packed: PackedNeighbors, row: np.ndarray) -> tuple[np.ndarray, int, bool] | None:
    """(steps of each feature, sum of the squares that were rounded off in 2^-16, was anything lost?) of a float32 row, shape
    (n_features,); None where a number is out of reach."""
    zero, field = packed.axes.words[:, 0].astype("<i4").astype(np.int64), packed.axes.words[:, 1].astype(np.int64)
    exact = row.astype(np.float64) * 2.0 ** ((field >> 16 & 0xFF) - 128)
    if (np.abs(exact) >= FAR).any():
        return None
    whole = np.trunc(exact).astype(np.int64)
    moved = whole - zero
    bits = field >> 24
    if ((moved < -(1 << bits)) | (moved >= 1 << bits)).any():
        return None
    product = moved * (field & 0xFFFF)
    fine = product >> packed.axes.shift
    step = fine + (1 << FRACTION_BITS - 1) >> FRACTION_BITS
    rest = fine - (step << FRACTION_BITS)
    lost = bool((exact != whole).any() or (product & (1 << packed.axes.shift) - 1).any() or rest.any())
    return step, int((rest**2).sum()), lost


def found(core: BoardNeighbors, packed: PackedNeighbors, row: np.ndarray) -> tuple[int, list[int], list[int]]:
    """(answer of the kernel's _found, numbers that it leaves in the work area, for -1 also their squared distances in steps)"""
    place = on_grid(packed, row)
    if place is None:
        return 0, [], []
    step, rounded, lost = place
    square = ((step - packed.grid.step.astype(np.int64)) ** 2).sum(axis=1)
    nearest = np.argsort(square, kind="stable")[: core.k]
    if packed.grid.lossless and not lost:
        return -1, nearest.tolist(), square[nearest].tolist()
    kth = int(square[nearest[-1]])
    error = 2 * _root(rounded + 1 if lost else 0) + packed.margin
    enlarged, bits = kth, 7
    while enlarged and enlarged < 1 << 26:
        enlarged, bits = enlarged << 2, bits + 1
    bound = min(FAR, kth + (_root(enlarged) * error >> bits) + (error**2 >> 16) + 3)
    listed = np.flatnonzero(square < bound).tolist()
    if len(listed) > min(len(square), core.k + SPARE_CANDIDATES):
        return 0, [], []
    return len(listed), listed, []


def _root(square: int) -> int:
    return isqrt(square - 1) + 1 if square else 1


def _whole(rng: np.random.Generator, n: int, n_features: int) -> np.ndarray:
    return rng.integers(0, 17, (n, n_features)) * (rng.random((n, n_features)) < 0.6)


def _blobs(rng: np.random.Generator, n: int, n_features: int) -> np.ndarray:
    return rng.normal(rng.integers(0, 4, (n, 1)), 1, (n, n_features))


# name: (rows like those the model is fitted on, a scaler, how many prototypes and features, k)
KINDS = {
    "whole": (_whole, None, (61, 16), 5),
    "one": (_whole, None, (1, 1), 1),
    "line": (_whole, None, (7, 1), 3),
    "signed": (lambda rng, n, m: rng.integers(-128, 128, (n, m)), None, (40, 5), 4),
    "halves": (lambda rng, n, m: rng.integers(-20, 20, (n, m)) / 2, None, (40, 3), 3),
    "coarse": (lambda rng, n, m: rng.integers(-2, 3, (n, m)) * 65536, None, (30, 3), 3),
    "wide": (lambda rng, n, m: rng.integers(0, 4096, (n, m)), None, (50, 3), 5),
    "offset": (lambda rng, n, m: 30000 + rng.integers(0, 4, (n, m)), None, (50, 4), 5),
    "same": (lambda rng, n, m: np.full((n, m), 2.5), None, (50, 4), 5),
    "decimals": (lambda rng, n, m: rng.integers(1, 80, (n, m)) / 10, None, (60, 4), 5),
    "smooth line": (_blobs, None, (200, 1), 5),
    "smooth": (_blobs, None, (60, 8), 5),
    "many": (_blobs, None, (40, 70), 5),
    "scaled": (lambda rng, n, m: _blobs(rng, n, m) * 10.0 ** np.arange(-m // 2, m // 2) + 7, StandardScaler(), (60, 6), 5),
    "tiny": (lambda rng, n, m: 1e-5 * _blobs(rng, n, m), None, (60, 3), 5),
    "pressure": (lambda rng, n, m: 101325 + 40 * rng.normal(size=(n, m)), StandardScaler(), (60, 2), 5),
}


def estimator_of(kind: str, seed: int = 0) -> tuple[BaseEstimator, np.ndarray]:
    """(a classifier, the rows that it was fitted on)"""
    make, scaler, (n, n_features), k = KINDS[kind]
    rng = np.random.default_rng(seed)
    X = make(rng, n, n_features).astype(np.float64)
    y = (X.sum(axis=1) > np.median(X.sum(axis=1))) + (rng.random(n) < 0.1)
    model = KNeighborsClassifier(k)
    return (make_pipeline(scaler, model) if scaler else model).fit(X, y), X


def board_of(estimator: BaseEstimator, X: np.ndarray) -> BoardModel:
    return for_board(lower(estimator), X)


def rows_for(kind: str, X: np.ndarray, n: int, seed: int = 1) -> np.ndarray:
    """n float32 rows each: of the data, midway between two, all over and beyond, and of any bits."""
    rng = np.random.default_rng(seed)
    make, _, (_, n_features), _ = KINDS[kind]
    own = np.concatenate([X, make(rng, n, n_features)])[-n:]
    between = (X[rng.integers(0, len(X), n)] + X[rng.integers(0, len(X), n)]) / 2
    spread = np.ptp(X, axis=0) + np.abs(X).max() * 1e-6
    beyond = X.mean(axis=0) + spread * rng.normal(0, 1, (n, n_features)) * 4.0 ** rng.integers(-2, 3, (n, 1))
    bits = rng.integers(0, 256, (n, 4 * n_features), dtype=np.uint8).view("<f4")
    shown = np.where(np.isfinite(bits) & (np.abs(bits) < 1e15), bits, np.float32(0))
    return np.concatenate([own, between, beyond, shown]).astype("<f4")
