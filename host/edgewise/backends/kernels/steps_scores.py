"""One score of boosted trees: a sum of whole steps above an offset."""

from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.trees_regressor import _answer

_LINE = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"  # offset and scale

_offset, _scale = _view("f", _LINE)[0], _view("f", _LINE)[1]


def _scores(x):
    return [_offset + _scale * _answer(x)]
