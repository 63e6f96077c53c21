"""The product of a row and one vector."""

from edgewise.backends.kernels.common import _N_INPUTS, _view

_VECTORS = b"\x00\x00\x80\x3f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x3f"
_OFFSET = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"  # of each vector

_vectors, _offset = _view("f", _VECTORS), _view("f", _OFFSET)


def _product(x, number):
    vectors = _vectors
    total = 0.0
    at = number * _N_INPUTS
    for value in x:
        total += value * vectors[at]
        at += 1
    return total + _offset[number]  # last: beside a large one every sum before would be rounded as coarsely
