"""The nearest prototypes, their order and their weights. Runs on CPython and every MicroPython.

Prototypes on a line: 0, 2, 2, 5, 3, 8 (numbers 0 to 5), classes no, yes, no, yes, yes, no; k = 3.
"""

import tiny_near
import tiny_nearest


def test_the_nearest_come_first():
    assert tiny_near._nearest([8]) == ([0, 9, 25], [5, 3, 4])
    assert tiny_near._nearest([0]) == ([0, 4, 4], [0, 1, 2])


def test_the_earlier_of_equals_stays():
    assert tiny_near._nearest([1]) == ([1, 1, 1], [0, 1, 2])
    assert tiny_near._nearest([4]) == ([1, 1, 4], [3, 4, 1])
    assert tiny_near._nearest([5]) == ([0, 4, 9], [3, 4, 1])
    assert tiny_near._nearest([2.5]) == ([0.25, 0.25, 0.25], [1, 2, 4])


def test_votes_of_the_nearest():
    assert tiny_near.predict([1]) == "no"
    assert tiny_near.predict([4]) == "yes"


def test_weights():
    assert tiny_near._weights([1, 4, 16]) == [1, 0.5, 0.25]
    assert tiny_near._weights([0, 0, 4]) == [1, 1, 0]


def test_a_row_on_a_prototype_takes_its_class():
    assert tiny_near.predict_proba([8]) == [1, 0]
    assert tiny_near.predict_proba([2]) == [0.5, 0.5]
    assert tiny_near.predict([2]) == "no"  # the first class of two equal votes


def test_manhattan():
    assert tiny_nearest._nearest([1, 1]) == ([0], [1])
    assert tiny_nearest._nearest([0.25, 0.25]) == ([0.5], [0])
    assert tiny_nearest._nearest([0.5, 0.5]) == ([1], [0])
    assert (tiny_nearest.predict([0.25, 0.5]), tiny_nearest.predict([1, 0.5])) == (0, 1)
    assert tiny_nearest._weights([3]) == [1]


def test_a_row_whose_distances_overflow_is_refused():
    try:
        tiny_near._nearest([1e30])
    except ValueError:
        refused = True
    else:
        refused = False
    assert refused != tiny_near._DOUBLE  # doubles hold the square
