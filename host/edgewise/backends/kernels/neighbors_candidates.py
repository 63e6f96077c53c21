"""The k nearest of the prototypes that the kernel could not rule out; among equal distances the earlier prototype stays."""

from edgewise.backends.kernels.common import _INF, _N_INPUTS, _view
from edgewise.backends.kernels.distance_euclidean import _distance
from edgewise.backends.kernels.neighbors_packed import _found
from edgewise.backends.kernels.packed_data import _work
from edgewise.backends.kernels.rows import _buffer

_K = 1
_N_PROTOTYPES = 2
# words of the work area: of each neighbor its distance and its number; then the numbers of prototypes that may be neighbors
_NEAREST = 1
_LISTED = 3
_MOVED = True
_CENTER = b"\x00\x00\x00\x00\x00\x00\x00\x00"
_FACTOR = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"

_center = _view("f", _CENTER)
_factor = _view("f", _FACTOR)


def _nearest(x):
    """(distances, prototype numbers) of the k nearest, nearest first. The unit of the distances may be a step of the grid."""
    n_found = _found(x)
    if n_found < 0:
        places = range(_NEAREST, _LISTED, 2)
        return [_work[place] for place in places], [_work[place + 1] for place in places]
    x = _buffer
    if _MOVED:
        x = [(value - _center[i]) * _factor[i] for i, value in enumerate(x)]
    distances, numbers = [_INF] * _K, [0] * _K
    for i in range(n_found or _N_PROTOTYPES):
        number = _work[_LISTED + i] if n_found else i
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
