"""stage_columns as machine code: numbers move as words."""

# ruff: noqa: F821 - viper's types, and names of the module that this is compiled in

_WIDE_PLACES = const(False)

_columns_any = _columns


@micropython.viper
def _columns(at: int, n: int, to: int, m: int, place: int):
    values = ptr32(_values)
    if _WIDE_PLACES:
        places = ptr16(_places)
    else:
        places = ptr8(_places)
    for i in range(m):
        values[to + i] = values[at + places[place + i]]


_STEPS = [_columns if step is _columns_any else step for step in _STEPS]
