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
    timed(made._stage.compute, window)
    features = made._stage.compute(window)
    stage_us = min(timed(made._stage.compute, window) for _ in range(5))
    model_us = min(timed(made._model.predict, features) for _ in range(5))
    made = window = features = None
    lines = [0]

    def show(line):  # counted, not kept: what is held here would look like a leak of the app
        lines[0] += 1

    app.run(False, 1, app.CONFIG, None, show)  # what is made once: the timer, the buffer for exceptions in interrupts
    gc.collect()
    before = gc.mem_alloc()
    sampler = app.run(False, n_windows, app.CONFIG, None, show).sampler
    counts = {name: getattr(sampler, name) for name in ("missed", "late", "shortest_us", "longest_us")}
    sampler = None
    gc.collect()
    counts.update(stage_us=stage_us, model_us=model_us, lines=lines[0], heap_before=before, heap_after=gc.mem_alloc())
    print(json.dumps(counts))
