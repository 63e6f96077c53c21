"""What a module costs: its import, and a call that returns a label."""

# mypy: ignore-errors
# ruff: noqa: F821 - load and way_to are of way.py, sent before this


def cost(name, way, packed, n_features, repeat):
    """(import us, heap held in bytes, [(us, bytes allocated) a call, for a list, for an array('f')]).

    way: of way_to. packed: rows of float32 in base64. Times are means over `repeat` rounds of all rows, collections included and
    the empty loop taken off; bytes are the mean of the first four rows, None where those do not fit in the heap without a
    collection. Held is what the module and, if it has one, its object take.
    """
    import gc
    import time
    from array import array
    from binascii import a2b_base64

    values = array("f", a2b_base64(packed))
    arrays = [values[i : i + n_features] for i in range(0, len(values), n_features)]
    lists = [list(row) for row in arrays]
    gc.collect()
    before = gc.mem_alloc()
    start = time.ticks_us()
    loaded = load(name, way)
    import_us = time.ticks_diff(time.ticks_us(), start)
    gc.collect()
    held = gc.mem_alloc() - before
    function = way_to(loaded, way)

    def empty(row):
        pass

    def timed(function, rows, repeat):
        gc.collect()
        start = time.ticks_us()
        for _ in range(repeat):
            for row in rows:
                function(row)
        return time.ticks_diff(time.ticks_us(), start)

    def allocated(function, rows):
        before = gc.mem_alloc()
        for row in rows:
            function(row)
        return gc.mem_alloc() - before

    calls = []
    for rows in (lists, arrays):
        us = timed(function, rows, repeat) - timed(empty, rows, repeat)
        few = rows[:4]
        gc.collect()
        gc.disable()  # a collection in the middle would hide what a call allocates
        try:
            taken = (allocated(function, few) - allocated(empty, few)) // len(few)
        except MemoryError:
            taken = None
        finally:
            gc.enable()
        calls.append((us / (repeat * len(rows)), taken))
    return import_us, held, calls
