"""Samples of a sensor as frames on the serial line, from HELLO to END; `edgewise record` starts it."""

import gc
import json
import sys
import time
from array import array
from binascii import hexlify

from edgewise_rt import frames
from edgewise_rt.sampler import Sampler
from edgewise_rt.sensors import open_sensor

FRAMES_HZ = 8  # so many frames of samples a second, or one a sample
MOST_BYTES = 1024  # of a payload
RING_S = 2  # what the ring holds, while the host is busy
MOST_RING = 2048
PAUSE_MS = 10  # 1 and 2 ms keep an emulated Pico awake for a third of its time


class Link:
    """Frames of one sampler. `samples_in` says how many samples go into a frame; nothing but `hello` and `end` allocates."""

    def __init__(self, sampler, write=None):
        size = 4 + 2 * sampler.n_axes
        self._sampler = sampler
        self.most = max(1, MOST_BYTES // size)
        self.samples_in = max(1, min(int(sampler.rate_hz) // FRAMES_HZ, self.most))
        self._writer = frames.Writer(write or sys.stdout.buffer.write, MOST_BYTES)
        self._status = array("i", [0] * len(frames.STATUS_FIELDS))
        self._status_at = time.ticks_ms()

    def hello(self, config, sensor, **more):
        """What the sensor is. scales, offsets: the bits of float32, as decimal text is not read exactly in single precision."""
        about = {
            "sensor": config,
            "axes": sensor.axes,
            "units": sensor.units,
            "scales": f32_text(sensor.scales),
            "offsets": f32_text(sensor.offsets),
            "rate_hz": self._sampler.rate_hz,
            "by": self._sampler.by,
            "board": board_id(),
            "machine": getattr(sys.implementation, "_machine", sys.platform),
        }
        about.update(more)
        self.text(frames.HELLO, about)

    def samples(self, ticks, n, counts):
        self._writer.send(frames.SAMPLES, ticks, 4 * n, counts, 2 * n * self._sampler.n_axes)

    def label(self, head, numbers):
        self._writer.send(frames.LABEL, head, 12, numbers, 4 * len(numbers))

    def status(self):
        """Once a second; else nothing. Without the free heap: asking for it takes 8 ms on an emulated Pico."""
        if time.ticks_diff(time.ticks_ms(), self._status_at) >= 1000:
            self._status_at = time.ticks_add(self._status_at, 1000)
            sampler, status = self._sampler, self._status
            status[0] = sampler.missed
            status[1] = sampler.late
            status[2] = sampler.shortest_us
            status[3] = sampler.longest_us
            status[4] = sampler.available()
            self._writer.send(frames.STATUS, status, 4 * len(status))

    def end(self, reason, samples):
        sampler = self._sampler
        gc.collect()
        counts = {name: getattr(sampler, name) for name in ("missed", "late", "shortest_us", "longest_us", "hard")}
        self.text(frames.END, dict(counts, reason=reason, samples=samples, heap_free=gc.mem_free()))

    def text(self, kind, content):
        text = json.dumps(content)
        if len(text) > MOST_BYTES:
            raise ValueError(
                "a description of %d characters, at most %d can be sent: choose fewer axes" % (len(text), MOST_BYTES)
            )
        self._writer.text(kind, text)


def probe(config):
    """Why the sensor cannot be opened, in one line, or ""."""
    try:
        open_sensor(config)
    except (OSError, ValueError) as error:
        return reason_of(error)
    return ""


def run(config, n_samples, by=None, write=None):
    """Sends n_samples of the sensor that config names; what `write` is given goes to the host: (buffer, number of bytes).

    END says why it ended: "" when all were sent, "interrupted" by Ctrl-C, else what went wrong, in one line. What was sampled
    before is sent first. Without a HELLO the sensor could not be opened.
    """
    try:
        sensor = open_sensor(config)
        rate_hz = config["rate_hz"]
        sampler = Sampler(sensor, rate_hz, ring_size(rate_hz), by)
        link = Link(sampler, write)
    except (OSError, ValueError) as error:
        frames.Writer(write or sys.stdout.buffer.write, 512).text(frames.END, json.dumps({"reason": reason_of(error)[:400]}))
        return
    counts = array("h", bytes(2 * sampler.n_axes * link.samples_in))
    ticks = array("i", bytes(4 * link.samples_in))
    pause_ms = pause_of(sampler)
    left = n_samples
    reason = ""
    gc.collect()
    try:
        link.hello(config, sensor)  # before it begins: writing it takes 2 ms of an emulated Pico's time
        sampler.start()
        while left:
            sampler.poll()
            n = min(sampler.available(), link.samples_in, left)
            if n == link.samples_in or n == left or (n and not sampler.running):
                sampler.read_into(counts, 0, n, ticks)
                link.samples(ticks, n, counts)
                left -= n
                link.status()
            elif not sampler.running:
                reason = "the sensor stopped answering (error %d)" % sampler.error
                break
            else:
                link.status()
                time.sleep_ms(pause_ms)
    except KeyboardInterrupt:
        reason = "interrupted"
    except OSError as error:  # it did not even begin
        reason = reason_of(error)
    finally:
        sampler.stop()
    while left and reason:
        n = min(sampler.available(), link.samples_in, left)
        if not n:
            break
        sampler.read_into(counts, 0, n, ticks)
        link.samples(ticks, n, counts)
        left -= n
    link.end(reason, n_samples - left)


def ring_size(rate_hz):
    return max(32, min(int(RING_S * rate_hz), MOST_RING))


def pause_of(sampler):
    """ms that the main loop may sleep: a part of the period where it samples itself, so as to be in time."""
    return PAUSE_MS if sampler.by == "timer" else max(1, min(PAUSE_MS, int(250 / sampler.rate_hz)))


def reason_of(error):
    """The one line that an OSError or ValueError was raised with."""
    return str(error.args[-1]) if error.args else repr(error)


def f32_text(numbers):
    """The bytes of the float32s, low byte first, in hexadecimal."""
    return str(hexlify(array("f", numbers)), "ascii")


def board_id():
    try:
        from machine import unique_id
    except ImportError:
        return ""
    return str(hexlify(unique_id()), "ascii")
