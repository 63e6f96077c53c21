"""Walks over node tables, at the threshold and one float32 beside it. Runs on CPython and every MicroPython."""

from array import array

import tiny_pool
import tiny_tree

BELOW, ABOVE = array("f", b"\xff\xff\xff\x3e\x01\x00\x00\x3f")  # of 0.5


def complaint(module):
    try:
        module.self_test()
    except ValueError as error:
        return str(error)
    return "none"


def test_at_the_threshold():
    for module, low, high in ((tiny_tree, "no", "yes"), (tiny_pool, 1, 2)):
        answers = [module.predict([value, 9]) for value in (-9, BELOW, 0.5, ABOVE, 9)]
        assert answers == [low, low, low, high, high]


def test_shares_of_a_pure_leaf():
    assert tiny_tree.predict_proba([0, 0]) == [1, 0]
    assert tiny_tree.predict_proba([1, 0]) == [0, 1]


def test_golden_rows():
    assert (tiny_tree.self_test(), tiny_pool.self_test()) == (1, 1)


def test_tables_that_changed_by_one_bit_or_their_order():
    right = tiny_tree._TABLES
    for wrong in ((b"\x01\x03",), (b"\x02\x01",), (b"\x01\x02\x00",), (b"\x01",), (b"\x81\x02",)):
        tiny_tree._TABLES = wrong
        assert "tables are damaged" in complaint(tiny_tree)
    tiny_tree._TABLES = (b"\x01", b"\x02")
    assert complaint(tiny_tree) == "none"
    tiny_tree._TABLES = right


def test_a_golden_row_that_differs():
    for module, wrong in ((tiny_tree, b"\x01"), (tiny_pool, b"\x00\x00\x00\x40\x00\x00\x00\x40")):
        right, module._GOLDEN = module._GOLDEN, wrong
        assert "golden row 0" in complaint(module)
        module._GOLDEN = right
