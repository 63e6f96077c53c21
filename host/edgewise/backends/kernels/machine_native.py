"""From a row to the whole sums of a kernel machine, in machine code (see backends/packed_machine.py)."""

# ruff: noqa: F821 - const, and what stands in the files before

_LOSSLESS = const(True)


@micropython.viper
def _summed(x) -> int:
    # as in machine_packed
    if not (_raw and _taken(x)):
        _fill(x)
    lost = int(_on_grid(_buffer, _data, _work))
    if lost < 0:
        return 0
    if _LOSSLESS:
        if lost:
            return 0
    _sum(_data, _work, 0)
    return 1
