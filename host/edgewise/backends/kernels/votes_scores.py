"""Scores of boosted trees, one a class, from the sums that an answer leaves in the work area."""

from edgewise.backends.kernels.classes import CLASSES
from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.label import predict
from edgewise.backends.kernels.packed_data import _work

_LINE = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"  # offset and scale

_offset, _scale = _view("f", _LINE)[0], _view("f", _LINE)[1]


def _scores(x):
    predict(x)
    scores = [0.0] * len(CLASSES)
    for k in range(len(CLASSES)):
        scores[k] = _offset + _scale * _work[k + 1]
    return scores
