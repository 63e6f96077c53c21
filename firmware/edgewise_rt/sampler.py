"""A sensor read at a steady rate into a ring: by an interrupt, from the sensor's own FIFO, or from the main loop."""

import time
from array import array

try:
    import micropython
    from micropython import const
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16, ptr32

    const = micropython.const

# Places in the state, which kernels and the interrupt share. Each side writes only its own counter, both modulo twice the
# capacity, so that neither needs to lock the other out.
_WRITTEN = const(0)
_TAKEN = const(1)
_CAPACITY = const(2)
_AXES = const(3)
_PERIOD = const(4)  # us
_LAST = const(5)  # tick of the last call
_STARTED = const(6)  # is there a last call?
_BEHIND = const(7)  # us that the calls are behind the clock, plus _ZERO: 64-bit viper knows no negative numbers in memory
_MARK = const(8)  # are samples missing before the next one?
_MISSED = const(9)
_LATE = const(10)
_SHORTEST = const(11)
_LONGEST = const(12)
_COUNT = const(13)  # of the samples to take, an argument
_ZERO = const(0x20000000)

_WRAP = const(0x3FFFFFFF)  # ticks_us of a 32-bit port
GAP = const(0x40000000)  # this bit of a tick: samples are missing before its sample
_BURST = const(64)  # samples that the FIFO is asked for at a time

LOWEST_HZ, HIGHEST_HZ = 0.002, 10000  # a period is less than half of what ticks_us can count


class Sampler:
    """Samples of `sensor` and their ticks, in a ring of `capacity` samples that never overwrites what was not taken.

    by: how the sensor is read, a key of STARTS.
      "timer"  in the interrupt of a machine.Timer: a hard one where the port has it, else between two bytecodes of the main
               program (rp2 and esp32 of 1.25), so that a kernel or a collection of garbage delays it. What is late is
               counted, not lost: up to eight calls wait. Ports whose timers count ms (stm32, samd, mimxrt) round the period.
      "fifo"   the sensor samples and keeps; `poll` fetches. The times are then of the sensor's clock, which is some per cent
               off: the first by the board's, the others in equal steps.
      "poll"   in `poll`, when it is due: for sensors that take long, and ports without timers.
    None: "timer" where sensor and port can. `hard`: is the interrupt a hard one?
    """

    def __init__(self, sensor, rate_hz, capacity, by=None):
        """Raises ValueError for a rate or a way that sensor and port cannot do."""
        if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
            raise ValueError("a rate of %r Hz: choose %r to %r" % (rate_hz, LOWEST_HZ, HIGHEST_HZ))
        if capacity < 1:
            raise ValueError("a ring of %r samples: it has to hold at least one" % capacity)
        if by is None:
            by = "timer" if getattr(sensor, "interrupt_safe", False) and _has_timer() else "poll"
        if by not in STARTS:
            raise ValueError("sampling by %r: choose one of %s" % (by, ", ".join(sorted(STARTS))))
        if by == "fifo":
            chip_hz = getattr(sensor, "chip_rate_hz", 0)
            if not hasattr(sensor, "fifo_start"):
                raise ValueError("this sensor has no FIFO: sample by the timer")
            if not 0.99 * rate_hz <= chip_hz <= 1.01 * rate_hz:
                raise ValueError(
                    "the sensor's FIFO runs at %g Hz, not %g: ask for that, or sample by the timer" % (chip_hz, rate_hz)
                )
            rate_hz = chip_hz
        self.by, self.rate_hz, self.n_axes = by, rate_hz, len(sensor.axes)
        self.hard = False
        self.error = None  # errno of the reading that stopped the sampling
        self.running = False
        self._sensor, self._read = sensor, sensor.read_into
        self._samples = array("h", bytes(2 * capacity * self.n_axes))
        self._ticks = array("i", bytes(4 * capacity))
        self._state = array("i", bytes(4 * 14))
        self._state[_CAPACITY] = capacity
        self._state[_AXES] = self.n_axes
        self._state[_PERIOD] = int(1000000 / rate_hz)
        self._now = time.ticks_us
        self._timer = None

    def start(self):
        """Empties the ring, forgets the counts and begins; once more is harmless. OSError where the sensor does not answer."""
        if self.running:
            return
        for place in (_WRITTEN, _TAKEN, _STARTED, _MARK, _MISSED, _LATE, _SHORTEST, _LONGEST):
            self._state[place] = 0
        self._state[_BEHIND] = _ZERO
        self.error = None
        self.running = True
        try:
            STARTS[self.by](self)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """No more samples; those in the ring stay. Harmless where nothing runs."""
        self.running = False
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None

    def sample(self, _=None):
        """One reading into the ring; what the interrupt calls. Allocates nothing."""
        if not self.running:  # stopped by an error; the timer goes on until the next poll
            return
        start = claim(self._state, self._ticks, self._now())
        if start >= 0:
            try:
                self._read(self._samples, start)
            except OSError as error:
                unclaim(self._state)
                self.error = error.errno or 5
                self.running = False

    def poll(self):
        """To be called often from the main loop: samples, where neither the timer does, and stops the timer after an error."""
        if not self.running:
            self.stop()
        elif self.by == "poll":
            late = time.ticks_diff(self._now(), self._due)
            if late >= 0:
                period = self._state[_PERIOD]
                self._due = time.ticks_add(self._due, period * (1 + late // period))
                self.sample()
        elif self.by == "fifo":
            self._fetch()

    def available(self):
        """Samples that can be taken."""
        return waiting(self._state)

    def unbroken(self, n):
        """Of the first n samples, how many follow one another without a gap; negative where there is a gap before the first."""
        return unbroken(self._state, self._ticks, n)

    def read_into(self, samples, start, n, ticks=None):
        """Takes n samples: counts into array('h') samples[start:], ticks_us into array('i') ticks[0:n], with GAP in those of
        samples that others are missing before. n is at most available(). Allocates nothing. Returns the tick of the last one.
        """
        state = self._state
        state[_COUNT] = n
        take(state, self._samples, samples, start)
        if ticks is None:
            return take_ticks(state, self._ticks, state, 0)
        return take_ticks(state, self._ticks, ticks, 1)

    @property
    def missed(self):
        """Samples that are not in the ring: it was full, or the interrupt did not come."""
        return self._state[_MISSED]

    @property
    def late(self):
        """Samples that came more than 1.5 periods after the one before."""
        return self._state[_LATE]

    @property
    def shortest_us(self):
        """Least time between two samples; 0 before there are two."""
        return self._state[_SHORTEST]

    @property
    def longest_us(self):
        return self._state[_LONGEST]

    def _start_timer(self):
        from machine import Timer

        if hasattr(micropython, "alloc_emergency_exception_buf"):
            micropython.alloc_emergency_exception_buf(100)
        try:
            self._timer = Timer(-1)
        except ValueError:  # only hardware timers there
            self._timer = Timer(0)
        callback = self.sample  # bound here: binding allocates
        try:
            self._timer.init(freq=self.rate_hz, callback=callback, hard=True)
            self.hard = True
        except TypeError:
            self._timer.init(freq=self.rate_hz, callback=callback)

    def _start_poll(self):
        self._due = self._now()

    def _start_fifo(self):
        self._sensor.fifo_start()
        self._next = self._now()

    def _fetch(self):
        """What the FIFO holds, as far as it goes into the ring."""
        state, period = self._state, self._state[_PERIOD]
        free = room(state)
        while free:
            try:
                count = self._sensor.fifo_read_into(
                    self._samples, state[_WRITTEN] % state[_CAPACITY] * self.n_axes, min(free, _BURST)
                )
            except OSError as error:
                self.error = error.errno or 5
                self.stop()
                return
            if self._sensor.fifo_overflowed:
                self._sensor.fifo_overflowed = False
                # It was emptied: how many samples that took is told by the clock alone; claim finds and counts them
                lost = time.ticks_diff(self._now(), self._next) // period
                self._next = time.ticks_add(self._next, lost * period)
                return
            for _ in range(count):
                self._next = time.ticks_add(self._next, period)
                claim(state, self._ticks, self._next)
            if count < min(free, _BURST):
                return
            free = room(state)


STARTS = {"timer": Sampler._start_timer, "fifo": Sampler._start_fifo, "poll": Sampler._start_poll}


def _has_timer():
    try:
        from machine import Timer  # noqa: F401
    except ImportError:
        return False
    return True


@micropython.viper
def claim(state: ptr32, ticks: ptr32, now: int) -> int:
    """Where the counts of a sample taken now belong in the ring, and its tick noted there; -1 where the ring is full.

    Calls that never come are found by the clock: where the time gone is 3/4 of a period or more above that of all calls though
    this one came at a regular distance from the last, whole periods of it are lost. (Calls that were only late follow each other
    closely.) Beyond the eight calls that MicroPython keeps waiting they are lost at once. A 64th of a period a call is taken for
    the clock's error.
    """
    now &= _WRAP
    period = int(state[_PERIOD])
    if state[_STARTED]:
        step = (now - int(state[_LAST])) & _WRAP
        half = period >> 1
        behind = int(state[_BEHIND]) + step - period
        lost = 0
        if step > period + half:
            state[_LATE] = int(state[_LATE]) + 1
            lost = (behind - _ZERO) // period - 8
        elif step >= half:
            behind -= period >> 6
            if behind < _ZERO:
                behind = _ZERO
            elif behind - _ZERO >= half + (half >> 1):
                lost = (behind - _ZERO + (half >> 1)) // period
        if lost > 0:
            state[_MISSED] = int(state[_MISSED]) + lost
            state[_MARK] = 1
            behind -= lost * period
        if behind > _WRAP:
            behind = _WRAP
        state[_BEHIND] = behind
        if step > int(state[_LONGEST]):
            state[_LONGEST] = step
        if step < int(state[_SHORTEST]) or state[_SHORTEST] == 0:
            state[_SHORTEST] = step
    state[_STARTED] = 1
    state[_LAST] = now
    capacity = int(state[_CAPACITY])
    written = int(state[_WRITTEN])
    filled = written - int(state[_TAKEN])
    if filled < 0:
        filled += 2 * capacity
    if filled >= capacity:
        state[_MISSED] = int(state[_MISSED]) + 1
        state[_MARK] = 1
        return -1
    place = written
    if place >= capacity:
        place -= capacity
    ticks[place] = now | int(state[_MARK]) << 30
    state[_MARK] = 0
    written += 1
    if written == 2 * capacity:
        written = 0
    state[_WRITTEN] = written
    return place * int(state[_AXES])


@micropython.viper
def unclaim(state: ptr32):
    """The sample claimed last could not be read."""
    written = int(state[_WRITTEN])
    if written == 0:
        written = 2 * int(state[_CAPACITY])
    state[_WRITTEN] = written - 1


@micropython.viper
def waiting(state: ptr32) -> int:
    """Samples in the ring."""
    filled = int(state[_WRITTEN]) - int(state[_TAKEN])
    if filled < 0:
        filled += 2 * int(state[_CAPACITY])
    return filled


@micropython.viper
def room(state: ptr32) -> int:
    """Free places that follow the last sample without a turn of the ring."""
    capacity = int(state[_CAPACITY])
    written = int(state[_WRITTEN])
    filled = written - int(state[_TAKEN])
    if filled < 0:
        filled += 2 * capacity
    free = capacity - filled
    if written >= capacity:
        written -= capacity
    if free > capacity - written:
        free = capacity - written
    return free


@micropython.viper
def unbroken(state: ptr32, ticks: ptr32, n: int) -> int:
    """As Sampler.unbroken."""
    capacity = int(state[_CAPACITY])
    place = int(state[_TAKEN])
    count = 0
    sign = 1
    while count < n:
        if place >= capacity:
            place -= capacity
        if int(ticks[place]) >> 30 & 1:
            if count:
                break
            sign = -1
        place += 1
        count += 1
    return count * sign


@micropython.viper
def take(state: ptr32, ring: ptr16, samples: ptr16, start: int):
    """Copies the counts of state[_COUNT] samples to samples[start:]."""
    axes = int(state[_AXES])
    capacity = int(state[_CAPACITY])
    at = int(state[_TAKEN])
    if at >= capacity:
        at -= capacity
    end = capacity * axes
    at *= axes
    left = int(state[_COUNT]) * axes
    while left:
        samples[start] = ring[at]
        start += 1
        at += 1
        if at == end:
            at = 0
        left -= 1


@micropython.viper
def take_ticks(state: ptr32, ring: ptr32, ticks: ptr32, wanted: int) -> int:
    """Copies the ticks of state[_COUNT] samples if wanted, and frees their places; the tick of the last, without mark."""
    capacity = int(state[_CAPACITY])
    taken = int(state[_TAKEN])
    n = int(state[_COUNT])
    tick = 0
    i = 0
    while i < n:
        place = taken
        if place >= capacity:
            place -= capacity
        tick = int(ring[place])
        if wanted:
            ticks[i] = tick
        taken += 1
        if taken == 2 * capacity:
            taken = 0
        i += 1
    state[_TAKEN] = taken
    return tick & _WRAP
