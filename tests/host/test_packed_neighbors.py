"""Neighbors as the kernels have them: what is packed, and that no prototype is ruled out that may be among the nearest."""

from dataclasses import replace

import numpy as np
import pytest
from on_grid import KINDS, board_of, estimator_of, found, on_grid, rows_for
from sklearn.neighbors import KNeighborsClassifier

from edgewise import reference
from edgewise.backends.packed_neighbors import FAR, HEADER, TOGETHER, pack_neighbors
from edgewise.errors import UnsupportedModelError
from edgewise.passes import BoardNeighbors

LOSSLESS = {"whole": 1, "one": 1, "line": 1, "signed": 1, "halves": 1, "coarse": 2, "wide": 2, "offset": 1, "same": 1}
ROUND = {"decimals": 10}
PAIRED = {"whole", "one", "line", "halves", "offset", "same"}


def core_of(kind: str, seed: int = 0) -> tuple[BoardNeighbors, np.ndarray]:
    estimator, X = estimator_of(kind, seed)
    core = board_of(estimator, X).core
    assert isinstance(core, BoardNeighbors)
    return core, X


@pytest.mark.parametrize("kind", KINDS)
def test_the_grid(kind: str):
    core, _ = core_of(kind)
    grid = pack_neighbors(core).grid
    back = grid.origin + grid.step / grid.scale
    assert grid.lossless == (kind in LOSSLESS)
    assert grid.step.min() >= 0
    if grid.lossless:
        np.testing.assert_array_equal(back, core.prototypes)
        assert grid.step.itemsize == LOSSLESS[kind]
    else:
        assert grid.step.itemsize == 1
        assert np.abs(back - core.prototypes).max() * grid.scale < (0.01 if kind in ROUND else 0.501)
    assert grid.scale == ROUND.get(kind, grid.scale)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables(kind: str):
    core, _ = core_of(kind)
    packed = pack_neighbors(core)
    n, n_features = core.prototypes.shape
    squares_at, grid_at, four_bytes = np.frombuffer(packed.data, "<u4", HEADER).tolist()
    words = np.frombuffer(packed.data, "<u4", 2 * n_features, 4 * HEADER)
    assert words.tobytes() == packed.axes.words.tobytes()
    in_fours = np.frombuffer(packed.data, packed.grid.step.dtype, -1, grid_at).reshape(-1, n_features, TOGETHER)
    assert four_bytes == in_fours[0].nbytes
    assert grid_at == packed.grid_at
    step = in_fours.transpose(0, 2, 1).reshape(-1, n_features)
    np.testing.assert_array_equal(step[:n], packed.grid.step)
    squares = np.frombuffer(packed.data, "<u4", -1, squares_at)[: (grid_at - squares_at) // 4]
    np.testing.assert_array_equal(squares[:n], (step[:n].astype(int) ** 2).sum(axis=1))
    assert len(squares) % TOGETHER == 0
    assert (squares[n:] == FAR).all()
    assert packed.axes.paired == (kind in PAIRED)
    if packed.axes.paired:
        assert packed.axes.reach * int(step.astype(int).sum(axis=1).max()) < 1 << 15
    assert not step[n:].any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_none_of_the_nearest_is_ruled_out(kind: str, seed: int):
    core, X = core_of(kind, seed)
    packed = pack_neighbors(core)
    rows = rows_for(kind, X, 40, seed)
    in_float32 = reference._distances(core, rows)
    scaled = (rows.astype(np.float64) - core.center) * core.factor
    for row, single, moved in zip(rows, in_float32, scaled, strict=True):
        answer, numbers, squares = found(core, packed, row)
        double = ((moved - core.prototypes) ** 2).sum(axis=1)
        if answer < 0:
            np.testing.assert_array_equal(np.argsort(double, kind="stable")[: core.k], numbers)
            np.testing.assert_array_equal(double[numbers] * packed.grid.scale**2, squares)
        elif answer:
            for distance in (single, double):
                assert set(np.argsort(distance, kind="stable")[: core.k]) <= set(numbers), row


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_comes_to_lie_on_the_grid(kind: str):
    core, X = core_of(kind)
    packed = pack_neighbors(core)
    taken = 0
    for row in rows_for(kind, X, 40):
        place = on_grid(packed, row)
        if place is None:
            continue
        taken += 1
        step, rounded, lost = place
        exact = ((row.astype(np.float64) - core.center) * core.factor.astype(np.float64) - packed.grid.origin) * packed.grid.scale
        assert np.abs(step).max() <= packed.axes.reach
        limit = np.sqrt(rounded) / 256 + np.sqrt((packed.axes.error**2).sum())
        assert np.sqrt(((exact - step) ** 2).sum()) <= limit
        if not lost:
            np.testing.assert_array_equal(exact, step)
    assert taken >= 40  # those of the data


@pytest.mark.parametrize("kind", KINDS)
def test_distances_on_the_grid_are_as_near_as_the_margin_says(kind: str):
    core, X = core_of(kind)
    packed = pack_neighbors(core)
    for row in rows_for(kind, X, 40):
        place = on_grid(packed, row)
        if place is None:
            continue
        step, rounded, _ = place
        here = np.sqrt(((step - packed.grid.step.astype(int)) ** 2).sum(axis=1))
        single = np.sqrt(reference._distances(core, row[None])[0].astype(np.float64)) * packed.grid.scale
        exact = (row.astype(np.float64) - core.center) * core.factor.astype(np.float64) - core.prototypes
        double = np.sqrt((exact**2).sum(axis=1)) * packed.grid.scale
        for distance in (single, double):
            assert np.abs(distance - here).max() <= packed.margin / 512 + np.sqrt(rounded) / 256


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"same"}))
def test_few_are_left(kind: str):
    core, X = core_of(kind)
    packed = pack_neighbors(core)
    answers = np.array([found(core, packed, row)[0] for row in rows_for(kind, X, 40)[:40]])
    if kind in LOSSLESS:
        assert (answers == -1).all()
    else:
        assert (answers >= core.k).all()
        assert answers.mean() < core.k + 5, answers


def test_squares_stay_below_what_a_word_holds():
    for n_features in (1, 2, 3, 16, 63, 64, 65, 656, 657, 1000):
        for top in (1, 255, 4095, 65535):
            X = np.zeros((3, n_features))
            X[1] = top
            core = board_of(KNeighborsClassifier(1).fit(X, [0, 1, 1]), X).core
            packed = pack_neighbors(core)  # type: ignore[arg-type]
            assert n_features * (packed.axes.reach + packed.grid.most) ** 2 < FAR
            assert packed.axes.reach > packed.grid.most
            assert on_grid(packed, X[1].astype(np.float32)) is not None
            assert on_grid(packed, X[0].astype(np.float32)) is not None


@pytest.mark.parametrize(
    ("X", "word"),
    [
        (np.array([[1e30], [0.0], [2e30]]), "too far apart"),
        (np.array([[1e-30], [0.0], [2e-30]]), "too near"),
        (1e9 + np.array([[0.0], [64.0], [192.0]]) * np.pi, "too far from zero"),
        (np.random.default_rng(0).normal(size=(3, 20000)), "more than a kernel"),
    ],
)
def test_what_does_not_fit(X: np.ndarray, word: str):
    model = board_of(KNeighborsClassifier(1).fit(X, [0, 1, 0]), X)
    with pytest.raises(UnsupportedModelError, match=f"{word}.*--backend table"):
        pack_neighbors(model.core)  # type: ignore[arg-type]


def test_one_prototype_among_equals():
    core, X = core_of("same")
    packed = pack_neighbors(replace(core, k=3))
    assert found(core, packed, X[0].astype(np.float32))[1] == [0, 1, 2, 3, 4]
