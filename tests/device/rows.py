"""What predict takes and refuses, by the contract of every generated module. Runs on CPython and every MicroPython."""

from array import array

import contract

WHOLE = [5, 3, 1, 0, 2, 4][: contract.N_FEATURES]


def message(row):
    try:
        contract.predict(row)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"no ValueError for {row}")


def test_every_sequence_of_numbers():
    expected = contract.predict([float(value) for value in WHOLE])
    floats = array("f", WHOLE)
    for row in (WHOLE, tuple(WHOLE), floats, memoryview(floats), array("h", WHOLE), bytes(WHOLE), bytearray(WHOLE)):
        assert contract.predict(row) == expected, row


def test_a_bool_is_a_number():
    n = contract.N_FEATURES
    assert contract.predict(([True, False] * n)[:n]) == contract.predict(([1.0, 0.0] * n)[:n])


def test_the_row_is_left_as_it_was():
    row = list(WHOLE)
    contract.predict(row)
    assert row == WHOLE


def test_both_lengths_are_named():
    n = contract.N_FEATURES
    for row in ([], WHOLE[1:], tuple(WHOLE + [1]), array("f", WHOLE + WHOLE), b""):  # noqa: RUF005 - MicroPython has no [*x]
        assert message(row) == f"expected {n} features, got {len(row)}"


def test_what_no_board_can_compare():
    for bad in (float("nan"), float("inf"), -float("inf"), 1e39, -1e39, 10**40):
        for place in range(len(WHOLE)):
            row = list(WHOLE)
            row[place] = bad
            assert "not finite" in message(row)
            assert "not finite" in message(tuple(row))
    row = array("f", WHOLE)
    row[0] = float("nan")
    assert "not finite" in message(row)


def test_the_golden_rows():
    assert contract.self_test() >= 1


def test_a_table_whose_memory_changed():
    try:
        import uctypes
    except ImportError:  # CPython: bytes stay what they are
        return
    table = next(table for table in contract._TABLES if len(table))
    memory = uctypes.bytearray_at(uctypes.addressof(table), len(table))
    memory[-1] ^= 1
    try:
        contract.self_test()
    except ValueError as error:
        found = str(error)
    else:
        found = "nothing"
    memory[-1] ^= 1
    assert "tables are damaged" in found, found
    assert contract.self_test() >= 1


def test_names():
    assert len(contract.FEATURES) in (0, contract.N_FEATURES)
