"""Features of a window with a locked heap."""

# mypy: ignore-errors
# ruff: noqa: F821 - samples and stage_of are of features_cost.py, sent before this


def features_locked(sets, n_axes, length):
    """How many features: MemoryError if computing them takes anything from the heap."""
    import micropython

    stage, window = stage_of(sets, n_axes, length), samples(n_axes, length)
    micropython.heap_lock()
    try:
        features = stage.compute(window)
    finally:
        micropython.heap_unlock()
    return len(features)
