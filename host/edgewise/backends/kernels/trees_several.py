"""Sums of trees with several outputs; leaves hold a row of whole steps, one an output."""

from edgewise.backends.kernels.checked import _checked
from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.walk_direct import _leaves

_N_SCORES = 1
_STEPS_CODE = "I"
_LEAF_STEPS = b"\x00\x00\x00\x00\x01\x00\x00\x00"
_LINES = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"  # offset and scale of each output

_leaf_steps = _view(_STEPS_CODE, _LEAF_STEPS)
_lines = _view("f", _LINES)


def _scores(x):
    n = _N_SCORES
    totals = [0] * n
    for leaf in _leaves(_checked(x)):
        for i in range(n):
            totals[i] += _leaf_steps[leaf * n + i]
    return [_lines[2 * i] + _lines[2 * i + 1] * totals[i] for i in range(n)]
