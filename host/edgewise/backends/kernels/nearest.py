"""The k nearest prototypes, by insertion into a sorted list; among equal distances the earlier prototype stays."""

from edgewise.backends.kernels.checked import _checked
from edgewise.backends.kernels.common import _INF, _N_INPUTS, _view
from edgewise.backends.kernels.distance_euclidean import _distance

_K = 1
_N_PROTOTYPES = 2
_MOVED = True
_CENTER = b"\x00\x00\x00\x00\x00\x00\x00\x00"
_FACTOR = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"

_center = _view("f", _CENTER)
_factor = _view("f", _FACTOR)


def _nearest(x):
    """(distances, prototype numbers) of the k nearest, nearest first."""
    x = _checked(x)
    if _MOVED:
        x = [(value - _center[i]) * _factor[i] for i, value in enumerate(x)]
    distances, numbers = [_INF] * _K, [0] * _K
    for number in range(_N_PROTOTYPES):
        distance = _distance(x, number * _N_INPUTS, distances[_K - 1])
        if distance is not None:
            place = _K - 1
            while place and distances[place - 1] > distance:
                distances[place] = distances[place - 1]
                numbers[place] = numbers[place - 1]
                place -= 1
            distances[place] = distance
            numbers[place] = number
    if distances[_K - 1] == _INF:  # fewer than k below infinity
        raise ValueError("the row is too far from the prototypes for single precision")
    return distances, numbers
