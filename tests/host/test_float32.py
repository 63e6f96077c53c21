"""Rounding, order and bisection of float32, over the whole range of bit patterns."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgewise import float32

INF = np.float32(np.inf)
TINY = float(np.nextafter(np.float32(0), INF))  # the smallest denormal
doubles = st.floats(allow_nan=False, allow_infinity=False)
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in nextafter")
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
MAX_KEY = 0x7F7FFFFF  # the bits of the largest float32


@given(doubles)
@example(0.1)
@example(-0.1)
@example(0.0)
@example(-0.0)
@example(TINY / 2)
@example(-TINY / 2)
@example(float32.MAX * 1.5)
@example(-float32.MAX * 1.5)
@example(1 + 2.0**-24)
def test_round_down_is_the_largest_float32_not_above(value: float):
    down = float32.round_down(np.array([value]))[0]
    assert down.dtype == np.float32
    assert float(down) <= value
    assert float(np.nextafter(down, INF)) > value or down == float32.MAX


@given(doubles, singles)
def test_round_down_keeps_every_decision(threshold: float, x: float):
    assert (x <= float32.round_down(np.array([threshold]))[0]) == (x <= threshold)


@given(doubles, st.sampled_from([-1, 0, 1]))
def test_round_down_keeps_the_decisions_beside_the_threshold(threshold: float, step: int):
    down = float32.round_down(np.array([threshold]))[0]
    x = np.nextafter(down, INF * step, dtype=np.float32) if step else down
    assert (x <= down) == (float(x) <= threshold)


def test_round_down_of_infinity():
    assert float32.round_down(np.array([np.inf, -np.inf])).tolist() == [np.inf, -np.inf]


@given(singles, singles)
@example(0.0, -0.0)
@example(-TINY, TINY)
@example(float32.MAX, -float32.MAX)
def test_keys_order_as_their_numbers(a: float, b: float):
    key_a, key_b = float32.to_key(np.float32([a, b])).tolist()
    assert (key_a < key_b) == (a < b)
    assert (key_a == key_b) == (a == b)


@given(singles)
@example(-0.0)
@example(TINY)
@example(float32.MAX)
def test_numbers_come_back_from_their_keys(value: float):
    back = float32.from_key(float32.to_key(np.float32(value)))
    assert back == np.float32(value)
    assert not (back == 0 and np.signbit(back))


@given(st.integers(-MAX_KEY, MAX_KEY))
def test_keys_come_back_from_their_numbers(key: int):
    assert float32.to_key(float32.from_key(np.array([key]))).tolist() == [key]


@given(st.integers(-MAX_KEY, MAX_KEY - 1))
@example(-1)
@example(0)
def test_neighboring_keys_are_neighboring_numbers(key: int):
    low, high = float32.from_key(np.array([key, key + 1]))
    assert np.nextafter(low, INF) == high


def test_keys_of_the_infinities_lie_outside():
    low, high = float32.to_key(np.array([-np.inf, np.inf], dtype=np.float32))
    assert (low, high) == (-MAX_KEY - 1, MAX_KEY + 1)


@given(st.lists(singles, min_size=1, max_size=5))
@example([0.0, -0.0, TINY, -TINY, float32.MAX, -float32.MAX])
def test_largest_accepted_finds_each_limit(limits: list[float]):
    limit = np.array(limits, dtype=np.float32)
    assert float32.largest_accepted(lambda x: x <= limit, len(limit)).tolist() == limit.tolist()


@given(singles)
def test_largest_accepted_of_an_open_limit_is_the_number_before(limit: float):
    found = float32.largest_accepted(lambda x: x < limit, 1)[0]
    assert found == (np.nextafter(np.float32(limit), -INF))


@pytest.mark.parametrize(("answer", "limit"), [(True, np.float32(float32.MAX)), (False, -INF)])
def test_largest_accepted_of_all_or_nothing(answer: bool, limit: np.float32):
    assert float32.largest_accepted(lambda x: np.full(len(x), answer), 2).tolist() == [limit, limit]


def test_largest_accepted_never_asks_for_what_is_no_finite_number():
    def accepts(x: np.ndarray) -> np.ndarray:
        assert np.isfinite(x).all()
        return np.array([True, False])

    float32.largest_accepted(accepts, 2)
