"""Time and memory of the way from an interrupt to a frame; prints one line of JSON. All times in us, an empty loop taken off."""

import gc
import json
import time
from array import array

import micropython

from edgewise_rt.recorder import Link
from edgewise_rt.sampler import Sampler

N = 500


class Still:
    """A sensor of three axes without a bus."""

    axes = ("x", "y", "z")
    interrupt_safe = True

    def read_into(self, samples, start):
        pass


def per_call(function, a=None, b=0, c=None, d=None):
    start = time.ticks_us()
    if c is not None:
        for _ in range(N):
            function(a, b, c, d)
    elif a is None:
        for _ in range(N):
            function(a, b)
    else:
        for _ in range(N):
            function(a)
    us = time.ticks_diff(time.ticks_us(), start)
    start = time.ticks_us()
    for _ in range(N):
        pass
    return (us - time.ticks_diff(time.ticks_us(), start)) / N


def timed(function, *arguments):
    start = time.ticks_us()
    function(*arguments)
    return time.ticks_diff(time.ticks_us(), start)


def cost():
    sensor = Still()
    sampler = Sampler(sensor, 1000, 4000, "poll")  # nothing runs by itself: the calls are those of the timer
    sampler.start()
    # The least of five: in the first part of a second after a program's start calls took 187 to 392 us, then 60
    driver = min(per_call(sensor.read_into) for _ in range(5))
    interrupt = min(per_call(sampler.sample, sampler) for _ in range(5)) - driver
    micropython.heap_lock()  # an allocation would raise MemoryError
    try:
        sampler.sample()
    finally:
        micropython.heap_unlock()
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(N):
        sampler.sample()
    allocated = gc.mem_alloc() - before
    link = Link(sampler, lambda buffer, n: n)
    n = link.samples_in
    ticks, counts = array("i", [0x01234567] * n), array("h", [-1234] * (3 * n))
    take = per_call(sampler.read_into, counts, 0, 1, ticks)
    frame = timed(link.samples, ticks, n, counts)
    print(
        json.dumps({"interrupt_us": interrupt, "allocated": allocated, "take_us": take, "frame_us": frame, "samples_in_frame": n})
    )


cost()
