"""Windows with hop, of what a sampler took: the last `length` samples, every `hop` samples, in order and without a gap."""

from array import array

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr16


class Windows:
    """`window`: array('h') of length * n_axes counts, sample by sample, which the next call of `next` changes.

    count: windows so far; gaps: how often samples were missing, so that a window began anew; tick: ticks_us of its last sample.
    """

    def __init__(self, sampler, length, hop, on_samples=None, most=32):
        """on_samples: called as on_samples(ticks, n, counts, start) for samples that come, `most` at a time: their ticks_us, and
        their counts from window[start] on. Raises ValueError.
        """
        if length < 1 or hop < 1:
            raise ValueError("a window of %r samples, hop %r: both have to be 1 or more" % (length, hop))
        self._sampler, self.length, self.hop = sampler, length, hop
        self._n_axes = sampler.n_axes
        try:
            self.window = array("h", bytes(2 * length * self._n_axes))
        except MemoryError:
            raise ValueError("a window of %d samples needs more memory than there is: choose a shorter one" % length) from None
        self._ticks = array("i", bytes(4 * most))
        self._most = most
        self._on_samples = on_samples
        self._have = 0  # samples in the window
        self._skip = 0  # samples that are in no window: the hop is longer
        self._full = False
        self.count = 0
        self.gaps = 0
        self.tick = 0

    def next(self):
        """Takes what the sampler has, until a window is full: True, and then it stands in `window`. Allocates nothing."""
        sampler, axes, length = self._sampler, self._n_axes, self.length
        if self._full:
            self._full = False
            self._move()
        sampler.poll()
        while True:
            n = min(sampler.available(), self._most, length, self._skip or length - self._have)
            if not n:
                return False
            n = sampler.unbroken(n)
            if n < 0:
                n = -n
                if self._have:
                    self.gaps += 1
                self._have = self._skip = 0
            start = 0 if self._skip else self._have * axes
            self.tick = sampler.read_into(self.window, start, n, self._ticks)
            if self._on_samples:
                self._on_samples(self._ticks, n, self.window, start)
            if self._skip:
                self._skip -= n
                continue
            self._have += n
            if self._have == length:
                self._full = True
                self.count += 1
                return True

    def _move(self):
        hop, length = self.hop, self.length
        if hop < length:
            copy(self.window, self.window, hop * self._n_axes, (length - hop) * self._n_axes)
            self._have = length - hop
        else:
            self._have = 0
            self._skip = hop - length


@micropython.viper
def copy(target: ptr16, source: ptr16, start: int, n: int):
    """n numbers from source[start:] to target[0:]; both may be one array."""
    i = 0
    while i < n:
        target[i] = source[start + i]
        i += 1
