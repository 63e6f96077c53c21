"""Rows of every sort for a kernel whose work area is larger than it has to be: what is beside it stays as it is."""

import gc
from array import array

import packed

GUARD, GUARDS = 0x5AA5C33C, 8


def beside(n):
    """n: words of the work area that are in use. Gives how many rows were refused."""
    N = packed.N_FEATURES
    tables, start = bytes(packed._data), packed._work[0]
    for i in range(n, n + GUARDS):
        packed._work[i] = GUARD
    zeros = array("f", bytes(4 * N))
    nan, inf = [float("nan")] * N, [0.0] * (N - 1) + [-float("inf")]
    refused = 0
    for row in (
        zeros,
        list(zeros),
        array("d", zeros),
        zeros[1:],
        array("f", bytes(4 * N + 4)),
        [],
        None,
        "x" * N,
        {},
        [None] * N,
    ):
        refused += attempt(row)
    for row in (nan, inf):
        refused += attempt(row) + attempt(array("f", row))
    noise = 1
    for _ in range(4000 // N + 1 if N > 100 else 40):
        words = array("H", bytes(4 * N))
        for i in range(2 * N):
            noise = noise * 75 % 65537
            words[i] = noise & 0xFFFF
        row = array("f", bytes(words))
        refused += attempt(row) + attempt(list(row))
        row = words = None
        gc.collect()
    assert all(packed._work[i] == GUARD for i in range(n, n + GUARDS))
    assert (bytes(packed._data), packed._work[0]) == (tables, start)
    assert packed.self_test() >= 1
    return refused


def attempt(row):
    try:
        packed.predict(row)
    except (ValueError, TypeError):
        return 1
    return 0
