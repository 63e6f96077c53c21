"""A recording played as a sensor, sample by sample, again and again: for boards and classes without one.

The file, as `edgewise.sensors.replay_file` makes it: one line of JSON (axes, units, scales, offsets, rate_hz), then int16, low
byte first.
"""

import json
from array import array

from drivers.common import counts_from_little


class Replay:
    """What the file's sensor was, with each reading the next sample. `bus`: the file's bytes; or None, and `path` names it."""

    interrupt_safe = True

    def __init__(self, bus, address=None, rate_hz=None, path="/replay.bin"):
        data = bus
        if data is None:
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except OSError as error:
                raise OSError(error.args[0], "replay: %s cannot be read; copy a recording there" % path)  # noqa: B904 - boards warn of "from"
        end = data.find(b"\n") + 1
        try:
            head = json.loads(data[:end])
            self.axes = tuple(head["axes"])
            self.units = tuple(head["units"])
            self.scales = tuple(head["scales"])
            self.offsets = tuple(head["offsets"])
            own_rate_hz = head["rate_hz"]
        except (ValueError, KeyError, TypeError):
            raise ValueError("replay: %s is no recording for this driver; make it with edgewise" % path)  # noqa: B904 - boards warn of "from"
        n = len(self.axes)
        count = (len(data) - end) // 2
        if not n or count < n or count % n or (len(data) - end) % 2:
            raise ValueError("replay: %s holds %d bytes of samples of %d axes; copy it again" % (path, len(data) - end, n))
        if rate_hz is not None and rate_hz != own_rate_hz:
            raise ValueError("replay: rate_hz is %r, but the recording has %r; ask for that" % (rate_hz, own_rate_hz))
        self._counts = array("h", bytes(2 * count))
        counts_from_little(memoryview(data)[end:], self._counts, 0, count)
        self._n = n
        self._at = 0

    def read_into(self, samples, start):
        """The next sample's counts into samples[start : start + n_axes]. Allocates nothing; may be called in an interrupt."""
        at = self._at
        for i in range(self._n):
            samples[start + i] = self._counts[at + i]
        at += self._n
        self._at = at if at < len(self._counts) else 0
