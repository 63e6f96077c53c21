"""Vote of the nearest prototypes, without their distances where the class does not depend on them."""

# ruff: noqa: F821 - const and ptr32, and what stands in the files before

_N_NEAREST = const(1)
_NEAREST = const(14)  # words of the work area
_LISTED = const(16)
_N_CLASSES = const(2)
_VOTES = const(18)

_by_distance = predict


@micropython.viper
def _answer(x):
    n = int(_found(x))
    work = ptr32(_work)
    target = ptr8(_TARGET)
    at = _LISTED
    step = 1
    if n < 0:
        n = _N_NEAREST
        at = _NEAREST + 1
        step = 2
    if not n:
        return _by_distance(x)
    c = target[work[at]]
    i = 1
    while i < n and target[work[at + i * step]] == c:
        i += 1
    if i == n:
        return CLASSES[c]
    if n - _N_NEAREST:
        return _by_distance(x)
    i = 0
    while i < _N_CLASSES:
        work[_VOTES + i] = 0
        i += 1
    i = 0
    while i < _N_NEAREST:
        c = _VOTES + target[work[at]]
        work[c] = work[c] + 1
        at += step
        i += 1
    c = 0
    i = 1
    while i < _N_CLASSES:
        if work[_VOTES + i] > work[_VOTES + c]:
            c = i
        i += 1
    return CLASSES[c]


predict = _answer
