"""From a row to the answer of a network's kernel. In bytecode, which takes less room than machine code."""

# ruff: noqa: F821 - of the module that this is compiled in

_LABELS = const(True)


def _answer(x):
    if _raw:
        _words[0] = x
    if not (_raw and _copied(_words)):
        _fill(x)
    best = _network(_data, _buffer, _work, _N_INPUTS)
    if _LABELS:
        return CLASSES[best]
    else:
        return best


if _LABELS:
    predict = _answer
