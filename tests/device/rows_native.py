"""Which rows the quick way takes, and that it writes nothing but the buffer and allocates nothing."""

from array import array
from collections import deque, namedtuple

import micropython
import native
import uctypes

N = native.N_FEATURES
PLACES = {0, N // 2, N - 1}
EDGES = b"\xff\xff\x7f\x7f\xff\xff\x7f\xff" + b"".join(
    word + sign
    for word in (b"\x00\x00\x00", b"\x01\x00\x00", b"\xff\xff\x7f", b"\x00\x00\x80", b"\xcd\xcc\x4c")
    for sign in (b"\x00", b"\x80", b"\x01", b"\x3f", b"\xbf", b"\x7e", b"\xfe")
)  # the largest, zeros, subnormals, the smallest normal ones, and some between
BEYOND = b"\x00\x00\x80\x7f\x00\x00\x80\xff\x00\x00\xc0\x7f\x01\x00\x80\x7f\xff\xff\xff\xff"  # infinities and three NaNs
INTS = [sign * value for k in range(25) for value in (1 << k, (1 << k) - 1) for sign in (1, -1) if value < 1 << 24]
LEAST = {"b": -128, "B": 0, "h": -32768, "H": 0}

around = bytearray(32 + 4 * N)
native._words[7] = uctypes.bytearray_at(uctypes.addressof(around) + 16, 4 * N)  # the kernel's buffer now lies in the middle
blank = bytes(0xA5 ^ i & 255 for i in range(len(around)))


def taken(row):
    """What _copied says of a row, which must neither allocate, nor write beyond the buffer, nor keep the row."""
    around[:] = blank
    micropython.heap_lock()
    try:
        native._words[0] = row
        answer = native._copied(native._words)
    finally:
        micropython.heap_unlock()
    assert answer is True or answer is False
    assert around[:16] == blank[:16], row
    assert around[-16:] == blank[-16:], row
    assert native._words[0] == 0
    return answer


def check_taken(row):
    assert taken(row), row
    expected = array("f", bytes(4 * N))
    for i in range(N):
        expected[i] = row[i]
    assert around[16:-16] == bytes(expected), row


def check_refused(row):
    assert not taken(row), row


def rows_of(values):
    """Rows of N, so that each value is in one."""
    values = list(values)
    while len(values) % N:
        values.append(values[0])
    return [values[i : i + N] for i in range(0, len(values), N)]


def filled(code, start=0, n=N):
    """An array of n different numbers that its code holds."""
    return array(code, [(start + 7 * i) % 100 for i in range(n)])


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


def test_this_runtime_is_understood():
    assert native._raw is True


def test_floats():
    for row in rows_of(array("f", EDGES)):
        for same in (row, tuple(row), array("f", row), memoryview(array("f", row))):
            check_taken(same)


def test_ints():
    for row in rows_of(INTS):
        check_taken(row)
        check_taken(tuple(row))
    mixed = [0.5, 3, -2.25, -7, 0.0, 0]
    for row in rows_of(mixed):
        check_taken(row)


def test_ints_that_may_not_be_float32():
    powers = [1 << k for k in (24, 25, 29, 30, 31, 32, 64)]
    for value in powers + [power + 1 for power in powers] + [power - 1 for power in powers[1:]] + [10**40]:
        for place in PLACES:
            for number in (value, -value):
                row = [1.0] * N
                row[place] = number
                check_refused(row)
                check_refused(tuple(row))


def test_what_is_no_number():
    plain = (True, False, None, "1", "", "predict", b"1", 1j)
    for thing in plain + ([1.0], (1.0,), [], {}, float, len, native, object(), array("f", [1])):  # noqa: RUF005
        for place in PLACES:
            row = [1.0] * N
            row[place] = thing
            check_refused(row)
            check_refused(tuple(row))


def test_lengths():
    for n in (0, 1, N - 1, N, N + 1, 2 * N, 256 + N):
        check = check_taken if n == N else check_refused
        row = [float(i) for i in range(n)]
        check(row)
        check(tuple(row))
        for code in "fhHbB":
            check(filled(code, n=n))
            check(memoryview(filled(code, n=n)))
            check(memoryview(filled(code, n=n + 3))[2 : 2 + n])


def test_whole_ranges_of_arrays():
    for code in "bBhH":
        least = LEAST[code]
        values = list(range(least, least + 256))
        if code in "hH":
            values += [least + 65535 - i for i in range(20)] + [sign * (1 << k) for k in range(15) for sign in (1, -1)]
        for row in rows_of(value for value in values if value >= least):
            check_taken(array(code, row))


def test_other_rows():
    for code in "iIlLqQdOP":
        check_refused(filled(code))
        check_refused(memoryview(filled(code)))

    class List(list):
        pass

    class Tuple(tuple):
        pass

    numbers = [float(i) for i in range(N)]
    point = namedtuple("point", ["x%d" % i for i in range(N)])  # noqa: UP031 - MicroPython has no f-string with a width of digits
    likewise = (List(numbers), Tuple(numbers), point(*numbers), deque(numbers, N), iter(numbers), (i for i in numbers), range(N))
    collected = ("1" * N, b"1" * N, bytearray(N), memoryview(bytearray(N)), set(numbers), dict.fromkeys(range(N), 1.0))
    others = (None, True, N, -N, 0, 1 << 29, 1 << 40, 0.5, "x", "", "predict", len, list, native, native._copied, object())
    for rows in (likewise, collected, others):
        for row in rows:
            check_refused(row)


def test_slices():
    for code in "fhHbB":
        whole = memoryview(filled(code, n=N + 9))
        for start in range(9):
            check_taken(whole[start : start + N])
            check_taken(whole[1:][start : start + N])
    check_taken(memoryview(bytes(range(200)))[101 : 101 + N])


def test_room_to_grow_is_no_offset():
    for code in "fhb":
        grown = filled(code, n=0)
        for i in range(N):
            grown.append(i)
            if i < N - 1:
                check_refused(grown)
        check_taken(grown)
    grown = []
    for i in range(N):
        grown.append(float(i))
    check_taken(grown)
    grown.pop()
    check_refused(grown)


def test_what_is_not_finite():
    for value in array("f", BEYOND):
        for place in PLACES:
            row = filled("f", n=N)
            row[place] = value
            for same in (row, memoryview(row), list(row), tuple(row)):
                check_refused(same)


def test_any_bytes():
    for _ in range(30):
        row = array("f", noise(4 * N))
        bits = bytes(row)
        finite = all(bits[i + 3] & 127 != 127 or bits[i + 2] < 128 for i in range(0, 4 * N, 4))
        check = check_taken if finite else check_refused
        check(row)
        check(list(row))
        for code, size in (("h", 2), ("b", 1)):
            row = array(code, noise(size * N))
            check_taken(row)
            check_taken(list(row))
