"""stage_fill as machine code: NaN has every bit of the exponent, and one of the mantissa."""

# ruff: noqa: F821 - viper's types, and names of the module that this is compiled in

_fill_any = _fill_in


@micropython.viper
def _fill_in(at: int, n: int, to: int, m: int, place: int):
    values = ptr32(_values)
    numbers = ptr32(_numbers)
    for i in range(n):
        word = values[at + i]
        if word & 0x7FFFFF and not ~(word >> 23) & 0xFF:
            word = numbers[place + i]
        values[to + i] = word


_STEPS = [_fill_in if step is _fill_any else step for step in _STEPS]
