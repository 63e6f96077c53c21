"""Scores of a kernel machine: sums over vectors of their kernel with the row."""

from edgewise.backends.kernels.checked import _checked
from edgewise.backends.kernels.common import _INF, _view
from edgewise.backends.kernels.machine_poly import _similar

_MOVED = True
_CENTER = b"\x00\x00\x00\x00\x00\x00\x00\x00"
_FACTOR = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"
_GROUPS = ((2, (0,)),)  # of vectors: how many, and the scores that they contribute to
_DUAL = b"\x00\x00\x80\x3f\x00\x00\x80\xbf"  # of each vector, a coefficient for each of those scores
_INTERCEPT = b"\x00\x00\x00\x00"
_N_SCORES = 1

_center = _view("f", _CENTER)
_factor = _view("f", _FACTOR)
_dual = _view("f", _DUAL)
_intercept = _view("f", _INTERCEPT)


def _scores(x):
    x = _checked(x)
    if _MOVED:
        x = [(value - _center[i]) * _factor[i] for i, value in enumerate(x)]
    dual = _dual
    scores = [0.0] * _N_SCORES
    first = k = 0
    for length, places in _GROUPS:
        for number in range(first, first + length):
            similar = _similar(x, number)
            if similar:
                for place in places:
                    scores[place] += similar * dual[k]
                    k += 1
            else:
                k += len(places)
        first += length
    for i in range(_N_SCORES):
        scores[i] = score = scores[i] + _intercept[i]  # last, or every sum would be rounded as it is
        if not -_INF < score < _INF:
            raise ValueError("the row is too far from the vectors for single precision")
    return scores
