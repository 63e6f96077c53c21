"""Linear models in fixed point: sums that never leave their 32 bits, answers within their bound, tables that hold it all."""

from dataclasses import replace

import numpy as np
import pytest
from fixed_models import composed, linear, rows
from models import CASES, fitted, rows_around, run_source, scalers

from edgewise import bounds, fixed, reference
from edgewise.backends import packed_linear
from edgewise.errors import UnsupportedModelError
from edgewise.fixed import EVERY_ROW, GROUP, HEADROOM, BoardFixed, fix
from edgewise.float32 import MAX, TINY
from edgewise.golden import golden
from edgewise.lower import lower
from edgewise.passes import BoardLinear, BoardModel, for_board

LINEAR = [case for case in CASES if not any(word in case for word in ("Tree", "Forest", "Neighbors"))]
SEEDS = range(40)


def int32(values: np.ndarray) -> np.ndarray:
    return (values + 2**31) % 2**32 - 2**31


def board_sums(core: BoardFixed, q: np.ndarray) -> np.ndarray:
    """coef @ q + intercept by 32-bit words that overflow, as kernels compute it; q: int64 (n_features,)."""
    a, b = core.low_of_row, core.low_of_coef
    high_q, high_w = q + (1 << a - 1) >> a, core.coef >> b
    low, high = core.intercept & (1 << a + b) - 1, core.intercept >> a + b
    group = GROUP if core.each_group else len(q)
    for start in range(0, len(q), group):
        part = slice(start, start + group)
        low = int32(low + int32(core.coef[:, part] * q[part]).sum(axis=1))
        above = int32((high_w[:, part] * high_q[part]).sum(axis=1))
        rest = int32(low - (above << a + b))
        high, low = int32(high + above + (rest >> a + b)), rest & (1 << a + b) - 1
    return (high << a + b) + low


@pytest.mark.parametrize("seed", SEEDS)
def test_overflowing_words_give_exact_sums(seed: int):
    core = fix(linear(seed))
    used = core.places != EVERY_ROW
    rng = np.random.default_rng(seed)
    low, high = -core.limit, core.limit - 1
    tried = [np.where(core.coef[k] < 0, *ends) for k in range(len(core.coef)) for ends in ((low, high), (high, low))]
    tried += [low, high, *(np.where(rng.random(len(low)) < 0.5, low, high) for _ in range(20))]
    tried += [*rng.integers(low, high + 1, (200, len(low)))]
    for q in tried:
        exact = (core.coef * np.where(used, q, 0)).sum(axis=1) + core.intercept
        np.testing.assert_array_equal(board_sums(core, q), exact)
        np.testing.assert_array_equal(core.sums(q[None].astype(float))[0], exact)


def test_the_scale_is_the_finest():
    """One binary place more, and some sum would leave its bits: what the search may not miss."""
    for seed in SEEDS:
        given = linear(seed)
        core = fix(given)
        coef, center, largest = given.coef.astype(float), given.center.astype(float), given.largest_offset
        assert fixed._fixed(given, coef, center, largest, coef.any(axis=0), core.scale + 1) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_lie_within_the_bound(seed: int):
    given = linear(seed)
    core = fix(given)
    X = rows(core, 500, seed)
    model = BoardModel(core, X.shape[1], ("a", "b"), "", True)
    exact = (X.astype(float) - given.center) @ given.coef.T.astype(float) + given.intercept
    inside = core.units(X)[1]
    assert inside.any()
    assert not inside.all()
    assert (np.abs(reference.scores(model, X) - exact) <= reference._fixed_error(core, X)).all()
    trained = (given.center + given.largest_offset * np.random.default_rng(seed).uniform(-1, 1, X.shape)).astype(np.float32)
    trained = np.clip(trained, np.float32(given.center - given.largest_offset), np.float32(given.center + given.largest_offset))
    assert core.units(trained)[1].all()
    exact = (trained.astype(float) - given.center) @ given.coef.T.astype(float) + given.intercept
    stated = bounds.fixed_bound(core, core.largest_offset)
    assert (np.abs(reference.scores(model, trained) - exact) <= stated * (1 + 1e-5)).all()


def test_the_bound_is_no_larger_than_it_must_be():
    """The largest error found comes near enough to it to show a bound that was never meant for this model."""
    shares = []
    for seed in SEEDS:
        given = linear(seed)
        core = fix(given)
        X = rows(core, 2000, seed)
        X = X[core.units(X)[1]]
        exact = (X.astype(float) - given.center) @ given.coef.T.astype(float) + given.intercept
        scores = np.ldexp(core.sums(core.units(X)[0]), -core.scale)
        shares.append((np.abs(scores - exact) / reference._fixed_error(core, X)).max())
    assert max(shares) > 0.5


def test_a_row_reaches_the_whole_headroom():
    core = fix(linear(3))
    used = core.places != EVERY_ROW
    far = core.middle + 0.999 * HEADROOM * np.where(used, core.largest_offset, 0) * used
    assert core.units(far[None].astype(np.float32))[1].all()
    beyond = np.where(used, core.middle + np.ldexp(core.limit + 2.0, -core.places), 0)
    for i in np.flatnonzero(used):
        row = np.where(used, core.middle, 0)
        row[i] = beyond[i]
        assert not core.units(row[None].astype(np.float32))[1].any()


def test_a_feature_without_a_coefficient_may_be_anything():
    core = fix(BoardLinear(*(np.array(v, np.float32) for v in ([0, 5], [[1, 0]], [0.5])), np.array([1.0, 2.0])))
    X = np.array([[0.25, value] for value in (0, 5, 1e-40, TINY, -MAX, MAX)], np.float32)
    q, inside = core.units(X)
    assert inside.all()
    assert (np.ldexp(core.sums(q), -core.scale) == 0.75).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"largest_offset": None}, "range of the features"),
        ({"coef": np.full((1, 2), 1e38, np.float32)}, "beyond fixed point"),
        ({"largest_offset": np.array([1e30, 1.0])}, "beyond fixed point"),
        ({"center": np.float32([1e6, 0]), "largest_offset": np.array([1e-6, 1e-6])}, "less precise"),
    ],
)
def test_refusals(change: dict, message: str):
    core = BoardLinear(np.zeros(2, np.float32), np.ones((1, 2), np.float32), np.ones(1, np.float32), np.array([1.0, 2.0]))
    fix(core)
    with pytest.raises(UnsupportedModelError, match=message):
        fix(replace(core, **change))


def unpacked(data: bytes, n_features: int, n_scores: int, shift: int) -> dict[str, np.ndarray]:
    """The fields that `packed_linear` describes, read by its description."""
    words = np.frombuffer(data, "<i4").astype(np.int64)
    features, scores = words[: 3 * n_features].reshape(-1, 3), words[3 * n_features :].reshape(n_scores, -1)
    assert scores.shape[1] % GROUP == 2
    assert not scores[:, 2 + n_features :].any()
    return {
        "places": 156 - features[:, 0],
        "center": features[:, 1] + features[:, 2] // 2,
        "limit": features[:, 2] // 2,
        "coef": scores[:, 2 : 2 + n_features],
        "intercept": (scores[:, 1] << shift) + scores[:, 0],
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_packing(seed: int):
    core = fix(linear(seed))
    fields = unpacked(packed_linear.pack_fixed(core), len(core.center), len(core.coef), core.low_of_row + core.low_of_coef)
    for name, field in fields.items():
        np.testing.assert_array_equal(field, getattr(core, name), err_msg=name)


def fixed_model(case: str, scaler: str) -> BoardModel:
    of_case = fitted(case, scaler)
    model = for_board(lower(of_case.estimator), of_case.X)
    return replace(model, core=fix(model.core))


@pytest.mark.parametrize("case", LINEAR)
def test_models_on_cpython(case: str):
    """The plain functions answer what the reference does, to the bit, and that is allowed; near the data and far from them."""
    for scaler in scalers(case):
        model, of_case = fixed_model(case, scaler), fitted(case, scaler)
        far = of_case.X.mean(axis=0) + np.float32([[1e3], [-1e3], [1e9], [-3e30]]) * np.ones(model.n_features)
        X = np.concatenate([rows_around(of_case.X, 200), of_case.held_out, far]).astype(np.float32)
        evidence = golden(model, of_case.estimator, X)
        module = run_source(composed(model, "viper"))
        assert module.BACKEND == "plain"
        answers = np.array([module.predict(row.tolist()) for row in evidence.X])
        expected = reference.predict(model, evidence.X)
        inside = model.core.units(evidence.X)[1]
        assert inside.any()
        assert not inside.all()
        if model.classes is None:
            np.testing.assert_array_equal(answers[inside].astype(np.float32), expected[inside].astype(np.float32))
            assert ((answers >= evidence.low) & (answers <= evidence.high)).all()
            continue
        index = np.array([model.classes.index(answer) for answer in answers.tolist()])
        np.testing.assert_array_equal(index[inside], expected[inside])
        assert evidence.classes[np.arange(len(index)), index].all()
        assert (evidence.classes[inside].sum(axis=1) > 1).mean() < 0.02
        if hasattr(module, "predict_proba"):
            found = [module.predict_proba(row.tolist()) for row in evidence.X[inside]]
            np.testing.assert_allclose(found, of_case.estimator.predict_proba(evidence.X[inside].astype(float)), atol=1e-3)


def test_ties_go_to_the_first():
    core = BoardLinear(np.zeros(2, np.float32), np.float32([[1, 2], [1, 2], [2, 1]]), np.zeros(3, np.float32), np.ones(2))
    model = BoardModel(fix(core), 2, ("a", "b", "c"), "", False)
    module = run_source(composed(model, "thumb"))
    assert [module.predict(row) for row in ([1, 1], [0, 0], [0.25, 0.5], [0.5, 0.25])] == ["a", "a", "a", "c"]
