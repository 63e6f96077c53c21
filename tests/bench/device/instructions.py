"""Instructions of one label, on a Cortex-M3 whose timer counts them (QEMU's mps2-an385 with -icount shift=0)."""

# mypy: ignore-errors
# ruff: noqa: F821 - load and way_to are of way.py, sent before this


def instructions(name, way, packed, n_features, repeat):
    """[instructions a call, for a list, for an array('f')]; arguments, and what is counted, as in `cost`."""
    import gc
    from array import array
    from binascii import a2b_base64

    from machine import mem32

    CONTROL, VALUE, RELOAD = 0x40000000, 0x40000004, 0x40000008
    LARGEST = 0x3FFFFFFF  # a small int, so that reading the timer allocates nothing
    A_TICK = 40  # 25 MHz, and an instruction takes 1 ns

    values = array("f", a2b_base64(packed))
    arrays = [values[i : i + n_features] for i in range(0, len(values), n_features)]
    lists = [list(row) for row in arrays]
    function = way_to(load(name, way), way)

    def empty(row):
        pass

    def counted(function, rows):
        gc.collect()
        mem32[RELOAD] = mem32[VALUE] = LARGEST
        mem32[CONTROL] = 1  # counts down
        for _ in range(repeat):
            for row in rows:
                function(row)
        return (LARGEST - mem32[VALUE]) * A_TICK

    return [(counted(function, rows) - counted(empty, rows)) / (repeat * len(rows)) for rows in (lists, arrays)]
