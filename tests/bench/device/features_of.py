"""Features of many windows, as the board computes them."""

# mypy: ignore-errors


def features_of(packed, sets, axes, factors, length):
    """(names of the features, bytes of the float32 features of each window, one after another).

    packed: windows of int16 counts; factors: float32 scales, offsets and the rate, as their bytes.
    """
    from array import array

    from edgewise_rt.stage import Stage

    n = len(axes)
    factors = array("f", factors)
    stage = Stage(sets, axes, ("u",) * n, factors[:n], factors[n : 2 * n], length, factors[2 * n])
    counts = array("h", packed)
    size = length * n
    found = b""
    for start in range(0, len(counts), size):
        found += bytes(stage.compute(counts[start : start + size]))
    return stage.names, found
