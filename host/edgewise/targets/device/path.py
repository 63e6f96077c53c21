"""The way that a row takes through one tree of a module's packed tables, by the tables and the arithmetic of the board."""

# mypy: ignore-errors


def path(name, row, tree):
    """[(feature, threshold, at most?), ...] for a row of packed float32; None where the module has no tables of nodes."""
    from array import array

    module = __import__(name)
    if not hasattr(module, "_left"):
        return None
    row = array("f", row)
    node = module._ROOTS[tree]
    steps = []
    while node < module._N_NODES and len(steps) <= module._N_NODES:  # a damaged table may lead in a circle
        feature = module._feature[node]
        threshold = module._threshold[node]
        if hasattr(module, "_pool"):
            threshold = module._pool[threshold]
        below = row[feature] <= threshold
        steps.append((feature, threshold, below))
        node = module._left[node] if below else module._right[node]
    return steps
