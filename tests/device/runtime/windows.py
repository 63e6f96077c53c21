"""Windows over a sampler that is played: in order, each sample hop times, none over a gap; nothing is allocated."""

from array import array

import micropython

from edgewise_rt.window import Windows


class Played:
    """A sampler: samples 0, 1, 2, ... of two axes; `breaks` are those that a gap is before."""

    n_axes = 2

    def __init__(self, breaks=()):
        self.breaks = breaks
        self.here = 0
        self.end = 0

    def poll(self):
        pass

    def available(self):
        return self.end - self.here

    def unbroken(self, n):
        count = 0
        while count < n and not (count and self.here + count in self.breaks):
            count += 1
        return -count if self.here in self.breaks else count

    def read_into(self, samples, start, n, ticks=None):
        for i in range(n):
            samples[start + 2 * i] = self.here + i
            samples[start + 2 * i + 1] = -self.here - i
            ticks[i] = self.here + i
        self.here += n
        return self.here - 1


def firsts(length, hop, total, breaks=(), pieces=1000, most=32):
    """First sample of each window."""
    played, found, seen = Played(breaks), [], []

    def on_samples(ticks, n, window, start):
        assert n <= most
        seen.extend([window[start + 2 * i] for i in range(n)])
        assert list(ticks)[:n] == seen[len(seen) - n :]

    windows = Windows(played, length, hop, on_samples, most)
    while played.end < total:
        played.end = min(played.end + pieces, total)
        while windows.next():
            first = windows.window[0]
            assert list(windows.window) == [sign * (first + i) for i in range(length) for sign in (1, -1)]
            assert windows.tick == first + length - 1
            found.append(first)
    assert seen == list(range(played.here))
    assert windows.count == len(found)
    return found, windows.gaps


def test_hops():
    for length, hop, total in ((4, 2, 20), (4, 4, 20), (5, 1, 12), (3, 7, 30), (1, 1, 5), (8, 3, 40)):
        for pieces in (1, 2, 5, 1000):
            for most in (1, 3, 32):
                assert firsts(length, hop, total, (), pieces, most) == (list(range(0, total - length + 1, hop)), 0)


def test_no_window_over_a_gap():
    for pieces in (1, 3, 1000):
        assert firsts(4, 2, 20, (9,), pieces) == ([0, 2, 4, 9, 11, 13, 15], 1)
        assert firsts(4, 4, 20, (4,), pieces)[0] == [0, 4, 8, 12, 16]
        assert firsts(3, 6, 20, (5, 8), pieces)[0] == [0, 5, 8, 14]


def test_refused():
    for length, hop in ((0, 1), (4, 0)):
        try:
            Windows(Played(), length, hop)
        except ValueError as error:
            assert "1 or more" in str(error)  # noqa: PT017
        else:
            raise AssertionError((length, hop))


def test_nothing_is_allocated():
    class Silent(Played):
        def read_into(self, samples, start, n, ticks=None):
            self.here += n
            return 1

        def unbroken(self, n):
            return n

    played = Silent()
    windows = Windows(played, 64, 32)
    played.end = 1000
    micropython.heap_lock()
    try:
        count = 0
        while windows.next():
            count += 1
    finally:
        micropython.heap_unlock()
    assert count == 1 + (1000 - 64) // 32


def test_what_is_kept():
    assert isinstance(Windows(Played(), 4, 2).window, type(array("h")))
