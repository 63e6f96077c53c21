"""From a row to the answer of the assembler kernel for linear models, which takes all that it needs in one list."""

# ruff: noqa: F821 - of the module that this is compiled in

_N_CLASSES = const(2)  # 0 for a regression
_LISTED = const(False)  # the scores are for another answer

_work[0] = addressof(_data)
_slot = [None, _buffer, _work]
if _N_CLASSES:
    _slot.append(CLASSES)
else:
    _slot.append(None)
_slot.append(_slot)  # what the kernel gives back when it does not take the row
_slot.append(_score)


def _other(x):
    if not _taken(x):
        _fill(x)
    _slot[0] = _buffer
    answer = _walk(_slot)
    if answer is _slot:
        return _beyond()
    if _N_CLASSES:
        return answer
    return _score[0]


@micropython.viper
def _answer(x):
    slot = _slot
    slot[0] = x
    answer = _walk(slot)
    if answer is slot:
        return _other(x)
    if _N_CLASSES:
        return answer
    return _score[0]


if not _raw:
    raise NotImplementedError("objects of another layout")
if not _LISTED:
    predict = _answer
BACKEND = "thumb"
