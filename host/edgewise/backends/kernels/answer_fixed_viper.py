"""From a row to the answer of the kernels for linear models."""

# ruff: noqa: F821 - of the module that this is compiled in

_N_CLASSES = const(2)  # 0 for a regression
_PROBA = const(False)
_LISTED = const(False)  # the scores are for another answer


@micropython.viper
def _answer(x):
    if not (_raw and _taken(x)):
        _fill(x)
    if not _units(_buffer, _data, _work):
        return _beyond()
    best = _sums(_data, _work)
    if _N_CLASSES:
        if _PROBA:
            if _work[1]:
                _floats(_work, _score)
        return CLASSES[best]
    else:
        _floats(_work, _score)
        return _score[0]


if not _LISTED:
    predict = _answer
BACKEND = "viper"
