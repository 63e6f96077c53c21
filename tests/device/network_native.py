"""What a network's kernel takes and refuses, and that it writes nothing but its own memory and allocates nothing."""

from array import array

import micropython
import native

N = native.N_FEATURES
CLASSES = native.CLASSES
BEYOND = b"\x00\x00\x80\x7f\x00\x00\x80\xff\x00\x00\xc0\x7f\x01\x00\x80\x7f\xff\xff\xff\xff"  # infinities and three NaNs
WORK = len(native._work)

# The kernel's memory, in the middle of more. A kernel of assembler reads where an array's numbers begin, not where a view does.
GUARD = [0x25A5A5A5, 0x1A5A5A5A, 0x12345678, -0x12345678]
try:
    from uctypes import addressof, bytearray_at
except ImportError:
    addressof = None


def predict(row):
    """The answer, or None where the row is refused."""
    try:
        return native.predict(row)
    except ValueError:
        return None


def test_a_kernel_is_at_work():
    assert native.BACKEND in ("thumb", "viper")


def test_forms_of_a_row():
    row = array("f", [0.5 * (i % 3) for i in range(N)])
    answer = predict(row)
    assert answer in CLASSES
    for same in (list(row), tuple(row), memoryview(row), memoryview(array("f", bytes(4) + bytes(row)))[1:], array("d", row)):
        assert predict(same) == answer
    whole = array("b", [i % 5 - 2 for i in range(N)])
    assert predict(whole) == predict(list(whole)) == predict(array("f", whole))


def test_wrong_lengths():
    for n in (0, 1, N - 1, N + 1, 2 * N + 3):
        if n != N:
            for wrong in (array("f", bytes(4 * n)), [0.0] * n, (0.0,) * n):
                assert predict(wrong) is None, (n, wrong)


def test_no_finite_number():
    answer = predict(array("f", bytes(4 * N)))
    for word in range(0, len(BEYOND), 4):
        for i in {0, N // 2, N - 1}:
            row = bytearray(4 * N)
            row[4 * i : 4 * i + 4] = BEYOND[word : word + 4]
            row = array("f", row)
            for refused in (row, list(row), tuple(row)):
                assert predict(refused) is None, (word, i)
    assert predict(array("f", bytes(4 * N))) == answer


def test_no_row():
    for wrong in (None, 1, "x", b"1", object(), [None] * N, ["1"] * N):
        refused = False
        try:
            native.predict(wrong)
        except (ValueError, TypeError, AttributeError):
            refused = True
        assert refused, wrong


def test_the_row_is_left_as_it_was():
    row = array("f", [1.5 - i for i in range(N)])
    before = bytes(row)
    predict(row)
    assert bytes(row) == before


def test_nothing_else_is_written():
    around = array("i", GUARD + [0] * WORK + GUARD)
    buffer = array("f", [7.0] * 4 + [0.0] * N + [7.0] * 4)
    if addressof is None:
        return
    work = bytearray_at(addressof(around) + 16, 4 * WORK)
    row = bytearray_at(addressof(buffer) + 16, 4 * N)
    for number in (0.0, 1.0, -1e30, 3.4e38):
        for i in range(N):
            buffer[4 + i] = number
        native._network(native._data, row, work, N)
        assert list(around[:4]) == list(around[4 + WORK :]) == GUARD, number
        assert list(buffer[:4]) == list(buffer[4 + N :]) == [7.0] * 4, number


def test_allocation():
    row = array("f", bytes(4 * N))
    rows = [row]
    if native._raw:  # else a row is copied
        rows += [list(row), tuple(row)]
    else:
        return
    for row in rows:
        native.predict(row)
        micropython.heap_lock()
        try:
            native.predict(row)
        finally:
            micropython.heap_unlock()


def test_probabilities():
    proba = native.predict_proba([0.25] * N)
    assert len(proba) == len(CLASSES)
    assert abs(sum(proba) - 1) < 1e-5
    assert predict([0.25] * N) == CLASSES[proba.index(max(proba))]
