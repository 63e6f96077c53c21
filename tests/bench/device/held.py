"""Heap that a module holds once it is imported."""

# mypy: ignore-errors


def held(name, way):
    """Bytes, as in `cost`. For a fresh heap: names that any program used before are interned, and cost the module nothing."""
    import gc

    gc.collect()
    before = gc.mem_alloc()
    module = __import__(name)
    if way == "object":
        module = module.RandomForestClassifier()
    gc.collect()
    return gc.mem_alloc() - before
