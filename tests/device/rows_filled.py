"""The plain way of a row into the buffer, everywhere."""

from array import array

import filled

N = filled.N_FEATURES
NUMBERS = [0.5, -0.0, 3, -(1 << 24), True, 1e38, 0.0, 65535][:N]


def message(row):
    try:
        filled._fill(row)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"no ValueError for {row}")


def test_every_sequence_of_numbers():
    for row in (NUMBERS, tuple(NUMBERS), array("f", NUMBERS), memoryview(array("f", NUMBERS))):
        filled._buffer[0] = 7
        filled._fill(row)
        assert bytes(filled._buffer) == bytes(array("f", NUMBERS)), row
    for row in (array("h", range(N)), bytes(range(N)), bytearray(range(N)), range(N)):
        filled._fill(row)
        assert list(filled._buffer) == list(range(N)), row


def test_what_no_board_can_hold():
    for bad in (float("nan"), float("inf"), -float("inf"), 1e39, -1e39, 10**40):
        for place in range(N):
            row = [1.0] * N
            row[place] = bad
            assert "not finite" in message(row)
            assert "not finite" in message(tuple(row))
    for n in (0, N - 1, N + 1, 2 * N):
        assert message([1.0] * n) == f"expected {N} features, got {n}"
