"""Probabilities of scores however large: none overflows, all add up to one. Runs on CPython and every MicroPython."""

import tiny_huber
import tiny_ovr
import tiny_sigmoid
import tiny_softmax

SCORES = (-3e38, -1e4, -100, -88, -1, -1e-6, 0, 1e-6, 1, 88, 100, 1e4, 3e38)
MODULES = (tiny_sigmoid, tiny_softmax, tiny_ovr, tiny_huber)
for module in MODULES:
    module._scores = list  # the row is its own scores


def near(a, b):
    return abs(a - b) < 1e-6


def test_the_logistic_function():
    values = [tiny_sigmoid._sigmoid(score) for score in SCORES]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] == 1
    assert tiny_sigmoid._sigmoid(0) == 0.5
    assert near(tiny_sigmoid._sigmoid(1), 0.7310586)
    assert near(tiny_sigmoid._sigmoid(-1), 0.2689414)


def test_two_classes():
    for score in SCORES:
        no, yes = tiny_sigmoid.predict_proba([score])
        assert near(no + yes, 1)
        assert (yes > no) == (score > 0) or near(yes, no)


def test_many_classes():
    for module in MODULES[1:]:
        for first in SCORES:
            shares = module.predict_proba([first, 0.5, -2, 0])
            assert near(sum(shares), 1), (module, first, shares)
            assert 0 <= min(shares) <= max(shares) <= 1
    assert tiny_softmax.predict_proba([3e38, -3e38]) == [1, 0]
    assert near(tiny_softmax.predict_proba([1, 0])[0], 0.7310586)


def test_no_class_at_all():
    assert tiny_ovr.predict_proba([-3e38] * 4) == [0.25] * 4
    assert tiny_huber.predict_proba([-1, -2]) == [0.5, 0.5]


def test_clipped_scores():
    assert tiny_huber.predict_proba([5]) == [0, 1]
    assert tiny_huber.predict_proba([-0.5]) == [0.75, 0.25]
    assert tiny_huber.predict_proba([0, 1]) == [1 / 3, 2 / 3] or near(tiny_huber.predict_proba([0, 1])[0], 1 / 3)
