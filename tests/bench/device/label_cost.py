"""The deployed app for so many windows; prints one line of JSON: us of features and of a label, and the heap before and after."""

import gc
import json
import time

from edgewise_rt import app


def timed(function, *arguments):
    start = time.ticks_us()
    function(*arguments)
    return time.ticks_diff(time.ticks_us(), start)


def measure(n_windows):
    made = app.App(app.load())
    window = made.windows.window
    noise = 1
    for i in range(len(window)):  # a window at rest would take half the time
        noise = noise * 75 % 65537
        window[i] = (i % 120 - 60) * 100 + (noise >> 4)
    timed(made._stage.compute, window)
    features = made._stage.compute(window)
    stage_us = min(timed(made._stage.compute, window) for _ in range(5))
    model_us = min(timed(made._model.predict, features) for _ in range(5))
    made = window = features = None
    heap = [0, 0, 0]  # labels so far; bytes at the second of them, and at the last

    def show(line):  # counted, not kept: what is held here would look like a leak of the app
        heap[0] += 1
        if heap[0] in (2, n_windows):
            gc.collect()
            heap[1 if heap[0] == 2 else 2] = gc.mem_alloc()

    sampler = app.run(False, n_windows, app.CONFIG, None, show).sampler
    found = {name: getattr(sampler, name) for name in ("missed", "late", "longest_us")}
    found.update(stage_us=stage_us, model_us=model_us, lines=heap[0], heap_before=heap[1], heap_after=heap[2])
    print(json.dumps(found))
