"""The weighted median of trees: of their values in order, the first up to which the weights come to half of all."""

from edgewise.backends.kernels.checked import _checked
from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.walk_direct import _leaves

_LEAF_STEPS = b"\x00\x00\x00\x00\x01\x00\x00\x00"
_LINE = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"  # offset and scale
_WEIGHTS = b"\x01\x00\x00\x00"
_ALL_WEIGHTS = 1

_leaf_steps, _weights = _view("I", _LEAF_STEPS), _view("I", _WEIGHTS)
_offset, _scale = _view("f", _LINE)[0], _view("f", _LINE)[1]


def _scores(x):
    steps = sorted([(_leaf_steps[leaf], _weights[tree]) for tree, leaf in enumerate(_leaves(_checked(x)))])
    rest = _ALL_WEIGHTS  # what the weights are to come to, less those behind
    for step, weight in steps:
        rest -= weight
        if rest <= _ALL_WEIGHTS - rest:
            return [_offset + _scale * step]
