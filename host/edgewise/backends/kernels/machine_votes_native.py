"""The class of whole sums, without floats: of one sum its sign, of a sum for each pair the votes."""

# ruff: noqa: F821 - const and ptr32, and what stands in the files before

_SUMS = const(13)  # words of the work area
_VOTES = const(14)
_N_SCORES = const(1)
_N_CLASSES = const(2)

_by_floats = predict


@micropython.viper
def _answer(x):
    if not int(_summed(x)):
        return _by_floats(x)
    work = ptr32(_work)
    i = 0
    if _N_SCORES == 1:
        i = work[_SUMS]
        if i:
            i = (i >> 31 & 1) ^ 1
        return CLASSES[i]
    while i < _N_CLASSES:
        work[_VOTES + i] = 0
        i += 1
    at = _SUMS
    i = 0
    while i < _N_CLASSES:
        j = i + 1
        while j < _N_CLASSES:
            k = _VOTES + j
            if work[at]:
                if not work[at] >> 31 & 1:
                    k = _VOTES + i
            work[k] = work[k] + 1
            at += 1
            j += 1
        i += 1
    j = 0
    i = 1
    while i < _N_CLASSES:
        if work[_VOTES + i] > work[_VOTES + j]:
            j = i
        i += 1
    return CLASSES[j]


predict = _answer
