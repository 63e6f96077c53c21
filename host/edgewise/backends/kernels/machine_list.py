"""Scores of a kernel machine as floats: of whole sums, or of a row that is beyond the grid (see backends/packed_machine.py)."""

from math import exp

from edgewise.backends.kernels.common import _N_INPUTS, _view
from edgewise.backends.kernels.distance_grid import _distance
from edgewise.backends.kernels.machine_packed import _summed
from edgewise.backends.kernels.packed_data import _data, _work
from edgewise.backends.kernels.rows import _buffer

_SUMS = 13  # words of the work area
_N_SCORES = 1
_N_GROUPS = 1
_INTERCEPTS = 28  # bytes of the tables
_DUALS = 40
_GROUPS = 48
_MOVED = True
_CENTER = b"\x00\x00\x00\x00\x00\x00\x00\x00"
_FACTOR = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"
_SHAPE = (
    b"\x00\x00\x80\xbf\x00\x00\xd0\x42\x00\x00\x80\x3f\x00\x00\x80\x3f"  # -gamma, where a kernel is nothing, units: dual, sum
)

_center, _factor, _shape = _view("f", _CENTER), _view("f", _FACTOR), _view("f", _SHAPE)
_halves, _intercepts = _view("H", _data), _view("I", _data)


def _scores(x):
    unit = _shape[3]
    if _summed(x):
        sums = [_work[_SUMS + i] for i in range(_N_SCORES)]
        return [(word - (word >> 31 << 32)) * unit for word in sums]
    x = _buffer
    if _MOVED:
        x = [(value - _center[i]) * _factor[i] for i, value in enumerate(x)]
    scores = [0.0] * _N_SCORES
    slope, far, dual_unit = _shape[0], _shape[1], _shape[2]
    number, dual, group = 0, _DUALS >> 1, _GROUPS >> 1
    for _ in range(_N_GROUPS):
        n = _halves[group + 1]
        for _ in range(4 * _halves[group]):
            distance = _distance(x, number * _N_INPUTS, far)
            if distance is not None:
                similar = exp(slope * distance) * dual_unit
                for i in range(n):
                    word = _halves[dual + i]
                    scores[(_halves[group + 2 + i] >> 2) - _SUMS] += similar * (word - (word >> 15 << 16))
            number += 1
            dual += n
        group += 2 + n
    for i in range(_N_SCORES):
        word = _intercepts[(_INTERCEPTS >> 2) + i]
        scores[i] += (word - (word >> 31 << 32)) * unit
    return scores
