"""The sampler in a ring of few samples, driven by hand: what is taken, missed, late; nothing is allocated."""

import time
from array import array

import micropython

from edgewise_rt import sampler
from edgewise_rt.sampler import GAP, Sampler

PERIOD = 10000


class Counter:
    """A sensor of two axes that counts its readings; the clock is set by hand."""

    axes = ("a", "b")
    interrupt_safe = True
    chip_rate_hz = 100
    fifo_overflowed = False

    def __init__(self):
        self.n = 0
        self.fails = False
        self.filled = 0

    def read_into(self, samples, start):
        if self.fails:
            raise OSError(5)
        samples[start] = self.n
        samples[start + 1] = -self.n
        self.n += 1

    def fifo_start(self):
        self.filled = 0

    def fifo_read_into(self, samples, start, n_max):
        if self.filled < 0:
            self.fifo_overflowed = True
            self.filled = 0
            return 0
        n = min(self.filled, n_max)
        for i in range(n):
            self.read_into(samples, start + 2 * i)
        self.filled -= n
        return n


class Clock:
    """Stands in for time.ticks_us."""

    def __init__(self, now=0):
        self.now = now

    def __call__(self):
        return self.now


def made(capacity, start=0, by="poll"):
    sensor, clock = Counter(), Clock(start)
    s = Sampler(sensor, 100, capacity, by)
    s._now = clock
    s.start()
    return s, sensor, clock


def at(s, clock, *ticks):
    for tick in ticks:
        clock.now = tick & (GAP - 1)
        s.sample()


def taken(s, n):
    samples, ticks = array("h", [99] * (2 * n + 1)), array("i", [0] * n)
    last = s.read_into(samples, 0, n, ticks)
    assert samples[2 * n] == 99
    assert last == ticks[n - 1] & (GAP - 1)
    assert all(samples[2 * i] == -samples[2 * i + 1] for i in range(n))
    return [samples[2 * i] for i in range(n)], list(ticks)


def test_in_order_and_round_the_ring():
    s, _, clock = made(5)
    tick, expected = 0, 0
    for n in (1, 3, 5, 2, 4, 5, 5, 1) * 4:
        for _ in range(n):
            at(s, clock, tick)
            tick += PERIOD
        assert s.available() == n
        values, ticks = taken(s, n)
        assert values == list(range(expected, expected + n))
        assert ticks == [tick - (n - i) * PERIOD for i in range(n)]
        expected += n
    assert (s.missed, s.late, s.shortest_us, s.longest_us) == (0, 0, PERIOD, PERIOD)


def test_a_full_ring_keeps_what_it_has():
    s, _, clock = made(3)
    at(s, clock, *range(0, 7 * PERIOD, PERIOD))
    assert (s.available(), s.missed) == (3, 4)
    assert taken(s, 3)[0] == [0, 1, 2]
    at(s, clock, 7 * PERIOD, 8 * PERIOD)
    values, ticks = taken(s, 2)
    assert values == [3, 4]
    assert ticks == [7 * PERIOD | GAP, 8 * PERIOD]
    assert s.missed == 4


def test_late_is_not_missed():
    s, _, clock = made(20)
    at(s, clock, 0, 10000, 20000, 47000, 47100, 50000, 60000)
    assert (s.missed, s.late, s.shortest_us, s.longest_us) == (0, 1, 100, 27000)


def test_calls_that_never_came_are_missed():
    s, _, clock = made(20)
    at(s, clock, 0, 10000, 40000, 50000, 60000)
    assert (s.missed, s.late) == (2, 1)
    assert [bool(tick & GAP) for tick in taken(s, 5)[1]] == [False, False, False, True, False]


def test_a_sensor_slower_than_its_rate():
    s, _, clock = made(200)
    at(s, clock, *range(0, 100 * 14000, 14000))
    assert abs(s.missed - 39) <= 2


def test_each_call_late():
    s, _, clock = made(200)
    at(s, clock, *range(0, 100 * 17000, 17000))
    assert 60 <= s.missed <= 69
    assert s.late == 99


def test_a_clock_a_little_off_is_no_loss():
    for step in (9900, 10100):
        s, _, clock = made(2000)
        at(s, clock, *range(0, 1000 * step, step))
        assert (s.missed, s.late) == (0, 0)


def test_more_than_can_wait_is_missed():
    s, _, clock = made(50)
    at(s, clock, 0, 10000, 210000, *range(210100, 210800, 100), 220000, 230000, 240000)
    assert 11 <= s.missed <= 12


def test_ticks_begin_again():
    s, _, clock = made(10, (1 << 30) - 25000)
    start = (1 << 30) - 25000
    at(s, clock, *range(start, start + 6 * PERIOD, PERIOD))
    assert (s.missed, s.late, s.shortest_us, s.longest_us) == (0, 0, PERIOD, PERIOD)
    assert taken(s, 6)[1][3] == 5000


def test_unbroken():
    s, _, clock = made(10)
    at(s, clock, 0, 10000, 40000, 50000, 60000)
    assert s.unbroken(5) == 3
    taken(s, 3)
    assert s.unbroken(2) == -2
    taken(s, 1)
    assert s.unbroken(1) == 1


def test_an_error_stops_and_stays():
    s, sensor, clock = made(10)
    at(s, clock, 0, 10000)
    sensor.fails = True
    at(s, clock, 20000, 30000)
    assert (s.error, s.running, s.available()) == (5, False, 2)
    sensor.fails = False
    at(s, clock, 40000)
    s.poll()
    assert s.available() == 2
    s.stop()
    s.stop()
    assert taken(s, 2)[0] == [0, 1]
    s.start()
    assert (s.error, s.running, s.available(), s.missed) == (None, True, 0, 0)


def test_polled():
    s, sensor, clock = made(10)
    for now in range(0, 35000, 1000):
        clock.now = now
        s.poll()
    assert (sensor.n, s.missed) == (4, 0)
    assert taken(s, 4)[1] == [0, 10000, 20000, 30000]


def test_fifo():
    s, sensor, clock = made(10, 0, "fifo")
    for now in (25000, 65000):
        sensor.filled = 3
        clock.now = now
        s.poll()
    values, ticks = taken(s, 6)
    assert values == [0, 1, 2, 3, 4, 5]
    assert ticks == [10000, 20000, 30000, 40000, 50000, 60000]
    sensor.filled = 30
    s.poll()
    assert s.available() == 10
    assert sensor.filled == 20
    assert taken(s, 10)[0] == list(range(6, 16))


def test_fifo_overflowed():
    s, sensor, clock = made(20, 0, "fifo")
    sensor.filled, clock.now = 5, 50000
    s.poll()
    sensor.filled, clock.now = -1, 250000
    s.poll()
    assert not sensor.fifo_overflowed
    sensor.filled, clock.now = 4, 290000
    s.poll()
    assert s.missed == 20
    assert taken(s, 9)[1][-1] == 290000


def test_refused():
    sensor = Counter()
    for arguments, words in (
        ((sensor, 0, 10), "0 Hz"),
        ((sensor, 100, 0), "ring of 0"),
        ((sensor, 100, 10, "magic"), "'magic'"),
        ((sensor, 50, 10, "fifo"), "100 Hz, not 50"),
    ):
        try:
            Sampler(*arguments)
        except ValueError as error:
            assert words in str(error), error  # noqa: PT017
        else:
            raise AssertionError(arguments)


def test_nothing_is_allocated():
    s, _, clock = made(10)
    samples, ticks = array("h", [0] * 20), array("i", [0] * 10)
    at(s, clock, 0, 10000)
    clock.now = 20000
    micropython.heap_lock()
    try:
        s.sample()
        clock.now = 30000
        s.poll()
        n = s.unbroken(s.available())
        s.read_into(samples, 0, n, ticks)
        missed = s.missed
    finally:
        micropython.heap_unlock()
    assert (n, missed) == (4, 0)


def test_nothing_is_allocated_by_an_error():
    s, sensor, clock = made(10)
    at(s, clock, 0)
    sensor.read_into = None  # the bound one is kept
    error = OSError(19)

    def fail(samples, start):
        raise error

    s._read = fail
    clock.now = 10000
    micropython.heap_lock()
    try:
        s.sample()
    finally:
        micropython.heap_unlock()
    assert s.error == 19


def test_the_timer():
    if not sampler._has_timer():
        return
    s = Sampler(Counter(), 200, 100)
    assert s.by == "timer"
    s.start()
    time.sleep_ms(100)
    s.stop()
    n = s.available()
    assert 18 <= n <= 21, n
    time.sleep_ms(30)
    assert s.available() == n
    assert s.missed == 0
    assert 4500 < s.shortest_us <= s.longest_us < 5500
