"""What a linear model's kernel takes and refuses, and that it writes nothing but its own memory and allocates nothing."""

import gc
from array import array
from math import ldexp

import micropython
import native
import uctypes

N = native.N_FEATURES
CLASSES = getattr(native, "CLASSES", None)
NUMBERS = (0.0, -0.0, 1e-44, 1.0, -1.5, 3.4e38, -3.4e38)
BEYOND = b"\x00\x00\x80\x7f\x00\x00\x80\xff\x00\x00\xc0\x7f\x01\x00\x80\x7f\xff\xff\xff\xff"  # infinities and three NaNs
WORK = len(native._work)
SCORES = len(native._score)

# The kernel's memory, in the middle of more.
GUARD = [0xA5A5A5A5, 0x5A5A5A5A, 0x12345678, 0x87654321]
around = array("I", GUARD + list(native._work) + GUARD)
scores = array("f", [0.0] * SCORES + [-77.0])
native._work = memoryview(around)[4 : 4 + WORK]
native._score = memoryview(scores)[:SCORES]
if native.BACKEND == "thumb":  # which reads where an array's numbers begin, not where a view does
    native._slot[2] = uctypes.bytearray_at(uctypes.addressof(around) + 16, 4 * WORK)
    native._slot[5] = scores


def predict(row):
    """The answer, or None where the row is refused."""
    try:
        answer = native.predict(row)
    except ValueError:
        answer = None
    assert list(around[:4]) == list(around[4 + WORK :]) == GUARD, row
    assert scores[SCORES] == -77.0, row
    return answer


def middle():
    """A row in the middle of the limits."""
    row = array("f", bytes(4 * N))
    for i in range(N):
        row[i] = ldexp(native._word(3 * i + 1) + (native._word(3 * i + 2) >> 1), native._word(3 * i) - 156)
    return row


def noise(n, seed=[1]):  # noqa: B006 - goes on where it stopped
    """n bytes by Marsaglia's 16-bit xorshift."""
    found = bytearray(n)
    x = seed[0]
    for i in range(n):
        x ^= x << 7 & 0xFFFF
        x ^= x >> 9
        x ^= x << 8 & 0xFFFF
        found[i] = x & 255
    seed[0] = x
    return found


def is_answer(answer):
    return answer in CLASSES if CLASSES else isinstance(answer, float)


def test_a_kernel_is_at_work():
    assert native.BACKEND in ("thumb", "viper")


def test_forms_of_a_row():
    row = middle()
    answer = predict(row)
    assert is_answer(answer)
    for same in (list(row), tuple(row), memoryview(row), memoryview(array("f", bytes(4) + bytes(row)))[1:], array("d", row)):
        assert predict(same) == answer


def test_wrong_lengths():
    for n in (0, 1, N - 1, N + 1, 2 * N + 3):
        if n != N:
            for wrong in (array("f", bytes(4 * n)), [0.0] * n, (0.0,) * n):
                assert predict(wrong) is None, (n, wrong)


def test_no_finite_number():
    answer = predict(middle())
    for word in range(0, len(BEYOND), 4):
        for i in {0, N // 2, N - 1}:
            row = bytearray(bytes(middle()))
            row[4 * i : 4 * i + 4] = BEYOND[word : word + 4]
            row = array("f", row)
            for refused in (row, list(row), tuple(row)):
                assert predict(refused) is None, (word, i)
    assert predict(middle()) == answer


def test_no_row():
    for wrong in (None, 1, "x", b"1", object(), [None] * N, ["1"] * N):
        refused = False
        try:
            native.predict(wrong)
        except (ValueError, TypeError, AttributeError):
            refused = True
        assert refused, wrong


def test_any_bits():
    for _ in range(60):
        row = array("f", noise(4 * N))
        answer = predict(row)
        finite = all(-3.5e38 < value < 3.5e38 for value in row)
        assert is_answer(answer) if finite else answer is None, row


def test_any_number_in_one_place():
    """Far beyond the limit too, where floats take over."""
    for number in NUMBERS:
        for i in {0, N // 2, N - 1}:
            row = middle()
            row[i] = number
            assert is_answer(predict(row)), (number, i)
            assert predict(row) == predict(list(row))


def test_allocation():
    row = middle()
    rows = [row]
    if native._raw:  # else a row is copied
        rows += [list(row), tuple(row)]
    elif CLASSES:
        return
    for row in rows:
        native.predict(row)
        if CLASSES:
            micropython.heap_lock()
            try:
                native.predict(row)
            finally:
                micropython.heap_unlock()
        elif native._raw:
            gc.collect()
            before = gc.mem_alloc()
            native.predict(row)
            assert gc.mem_alloc() - before <= 16  # the float


def test_probabilities():
    if hasattr(native, "predict_proba"):
        row = middle()
        proba = native.predict_proba(row)
        assert len(proba) == len(CLASSES)
        assert abs(sum(proba) - 1) < 1e-5
        assert predict(row) == CLASSES[proba.index(max(proba))]
        assert native._work[1] == 0  # floats are asked for no longer
        row[0] = 3e38
        assert len(native.predict_proba(row)) == len(CLASSES)
