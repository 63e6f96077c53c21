"""The way that a row takes through one tree of a module's packed tables, by the tables and the arithmetic of the board."""

# mypy: ignore-errors


def path(name, row, tree, fields):
    """[(feature, threshold, at most?), ...] for a row of packed float32; None where the module has no tables of nodes.

    fields: of a kernel's nodes, the bits of feature, threshold and reference; whether thresholds are words; whether pooled.
    """
    from array import array
    from struct import pack, unpack, unpack_from

    module = __import__(name)
    row = array("f", row)
    steps = []
    if hasattr(module, "_left"):
        node = module._ROOTS[tree]
        while node < module._N_NODES and len(steps) <= module._N_NODES:  # a damaged table may lead in a circle
            feature = module._feature[node]
            threshold = module._threshold[node]
            if hasattr(module, "_pool"):
                threshold = module._pool[threshold]
            below = row[feature] <= threshold
            steps.append((feature, threshold, below))
            node = module._left[node] if below else module._right[node]
        return steps
    if not hasattr(module, "_data"):
        return None

    def word(at):
        return unpack_from("<I", module._data, at)[0]

    f, t, r, wide, pooled = fields
    node = word(20 + 4 * tree)
    while True:
        w = word(node)
        node += 8 if wide else 4
        key = w & (1 << t) - 1
        key = word(node - 4) if wide else word(word(16) + 4 * key) if pooled else key << 32 - t
        bits = (1 << 31) + (1 << 32) - key if key >> 31 else key
        feature, threshold = w >> 32 - f, unpack("<f", pack("<I", bits))[0]
        below = row[feature] <= threshold
        steps.append((feature, threshold, below))
        left, right = w >> t + r & 1, w >> t + r + 1 & 1
        if left if below else right:
            return steps
        if not (left or below):
            node += (8 if wide else 4) * (w >> t & (1 << r) - 1)
