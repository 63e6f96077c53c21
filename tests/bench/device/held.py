"""Heap that a module holds once it is imported."""

# mypy: ignore-errors


def held(name):
    """Bytes. For a fresh heap: names that any program used before are interned, and cost the module nothing."""
    import gc

    gc.collect()
    before = gc.mem_alloc()
    __import__(name)
    gc.collect()
    return gc.mem_alloc() - before
