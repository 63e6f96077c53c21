"""Linear scores from a packed matrix of coefficients."""

from edgewise.backends.kernels.checked import _checked
from edgewise.backends.kernels.common import _view

_CENTERED = True
_CENTER = b"\x00\x00\x00\x00\x00\x00\x00\x00"
_COEF = b"\x00\x00\x80\x3f\x00\x00\x00\xbf"
_INTERCEPT = b"\x00\x00\x00\x00"
_N_SCORES = 1

_center = _view("f", _CENTER)
_coef = _view("f", _COEF)
_intercept = _view("f", _INTERCEPT)


def _scores(x):
    x = _checked(x)
    if _CENTERED:
        # Exact where row and center are near each other; a large, nearly constant feature keeps all its digits.
        x = [value - _center[i] for i, value in enumerate(x)]
    coef = _coef
    scores = []
    k = 0
    for i in range(_N_SCORES):
        score = _intercept[i]
        for value in x:
            score += value * coef[k]
            k += 1
        scores.append(score)
    return scores
