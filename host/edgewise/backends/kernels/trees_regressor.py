"""Sum of trees whose leaves are whole steps above an offset."""

from edgewise.backends.kernels.checked import _checked
from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.walk_direct import _leaves

_LEAF_STEPS = b"\x00\x00\x00\x00\x01\x00\x00\x00"

_leaf_steps = _view("I", _LEAF_STEPS)


def _answer(x):
    total = 0
    for leaf in _leaves(_checked(x)):
        total += _leaf_steps[leaf]
    return total
