"""Squared Euclidean distance to one prototype, of those that lie on a grid: see backends/packed_neighbors.py."""

from edgewise.backends.kernels.common import _N_INPUTS, _view
from edgewise.backends.kernels.packed_data import _data

_GRID = 0
_WIDE = False
_STEP = b"\x00\x00\x80\x3f"
_ORIGIN = b"\x00\x00\x00\x00\x00\x00\x00\x00"

_steps = _view("H", _data) if _WIDE else _data
_origin, _step = _view("f", _ORIGIN), _view("f", _STEP)[0]


def _distance(x, at, far):
    """From row x to the prototype whose numbers would begin at `at`; stops with None once it is not below far."""
    number = at // _N_INPUTS
    at = (_GRID >> _WIDE) + (number >> 2) * 4 * _N_INPUTS + (number & 3)
    total = 0
    for i in range(_N_INPUTS):
        value = x[i] - (_origin[i] + _steps[at] * _step)
        total += value * value
        if total >= far:
            return None
        at += 4
    return total
