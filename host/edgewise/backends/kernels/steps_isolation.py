"""Score of an isolation forest: its sum of steps is the mean depth at which a row is alone, in units of that expected."""

from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.trees_regressor import _answer

_LINE = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"  # offset and scale

_offset, _scale = _view("f", _LINE)[0], _view("f", _LINE)[1]


def _scores(x):
    return [-(2.0 ** -(_offset + _scale * _answer(x)))]
