"""Time and memory of a module's import and of its predict."""

# mypy: ignore-errors


def measure(name, packed, n_features, repeat):
    """(import us, heap held in bytes, [(us, bytes allocated) a call, for a list, for an array], fingerprint).

    Calls go over the rows in turn, `repeat` times over; the time of an empty loop of the same shape is taken off.
    """
    import gc
    import sys
    import time
    from array import array
    from binascii import a2b_base64

    values = array("f", a2b_base64(packed))
    arrays = [values[i : i + n_features] for i in range(0, len(values), n_features)]
    lists = [list(row) for row in arrays]
    sys.modules.pop(name, None)
    gc.collect()
    before = gc.mem_alloc()
    start = time.ticks_us()
    module = __import__(name)
    import_us = time.ticks_diff(time.ticks_us(), start)
    gc.collect()
    held = gc.mem_alloc() - before
    if hasattr(module, "self_test"):  # not with transpile --lean
        module.self_test()

    def timed(function, rows):
        gc.collect()
        allocated = gc.mem_alloc()
        start = time.ticks_us()
        for _ in range(repeat):
            for row in rows:
                function(row)
        us = time.ticks_diff(time.ticks_us(), start)
        return us, gc.mem_alloc() - allocated

    def empty(row):
        pass

    calls = []
    n = repeat * len(lists)
    for rows in (lists, arrays):
        gc.disable()  # a collection in the middle would hide what a call allocates
        try:
            idle, own = timed(empty, rows[:1])
            _, allocated = timed(module.predict, rows[:1])
        finally:
            gc.enable()
        idle, _ = timed(empty, rows)
        us, _ = timed(module.predict, rows)
        calls.append(((us - idle) / n, (allocated - own) // repeat))
    return import_us, held, calls, getattr(module, "FINGERPRINT", None)
