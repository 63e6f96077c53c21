"""Mean of trees whose leaves are whole steps above an offset."""

from edgewise.backends.kernels.checked import _checked
from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.walk_direct import _leaves

_LEAF_STEPS = b"\x00\x00\x00\x00\x01\x00\x00\x00"
_LINE = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"  # offset and scale

_leaf_steps = _view("I", _LEAF_STEPS)
_offset, _scale = _view("f", _LINE)[0], _view("f", _LINE)[1]


def predict(x):
    """Value of a row of N_FEATURES numbers."""
    total = 0
    for leaf in _leaves(_checked(x)):
        total += _leaf_steps[leaf]
    return _offset + _scale * total
