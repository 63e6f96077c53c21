"""The strength of WiFi networks as a sensor of place: ESP32, Pico W and other boards with network.WLAN.

`bus` is a network.WLAN in station mode, active, or anything with its scan.
"""

from drivers.common import within

NOT_HEARD_DBM = -100


class RSSI:
    """dBm of each network of `networks` (names, or one text with commas between), a count each; -100 where it is not heard.

    Of several stations with one name the strongest counts.
    """

    interrupt_safe = False  # a scan takes seconds and memory

    def __init__(self, bus, address=None, rate_hz=0.2, networks=()):
        within("rssi", "rate_hz", rate_hz, 0.002, 1)
        names = networks.split(",") if isinstance(networks, str) else networks
        self._places = {name.encode(): at for at, name in enumerate(names)}
        if not self._places or len(self._places) != len(names) or b"" in self._places:
            raise ValueError("rssi: networks is %r: name at least one, each once" % (networks,))
        self._bus = bus
        self.axes = tuple("rssi_%d" % (at + 1) for at in range(len(names)))
        self.units = ("dBm",) * len(names)
        self.scales = (1.0,) * len(names)
        self.offsets = (0.0,) * len(names)

    def read_into(self, samples, start):
        """A scan's result into samples[start : start + n_axes]. Allocates, takes seconds, is not for an interrupt."""
        for at in range(len(self._places)):
            samples[start + at] = NOT_HEARD_DBM
        for station in self._bus.scan():  # (name, bssid, channel, dBm, ...)
            at = self._places.get(bytes(station[0]))
            if at is not None and station[3] > samples[start + at]:
                samples[start + at] = station[3]
