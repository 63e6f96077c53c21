"""The kernel exp(-gamma * distance) of a row and one vector."""

from math import exp

from edgewise.backends.kernels.common import _N_INPUTS, _view
from edgewise.backends.kernels.distance_euclidean import _distance

_SHAPE = b"\x00\x00\x00\xbf\x00\x00\x50\x43"  # -gamma, and the distance from which on the kernel is nothing in single precision

_slope, _far = _view("f", _SHAPE)[0], _view("f", _SHAPE)[1]


def _similar(x, number):
    distance = _distance(x, number * _N_INPUTS, _far)
    return 0 if distance is None else exp(_slope * distance)
