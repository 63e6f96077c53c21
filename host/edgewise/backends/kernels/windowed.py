"""From a window of raw samples to an answer, for a model whose features come from one."""

from array import array

from edgewise.backends.kernels.trees_classifier import predict
from edgewise_rt.stage import Stage

AXES = ("acc_x",)
UNITS = ("g",)
WINDOW = 200  # samples, each a count for every axis
_SETS = ("motion",)
_SCALING = b"\x00\x00\x80\x3f\x00\x00\x00\x00\x00\x00\x48\x42"  # scales, offsets, rate, as bits: a board rounds decimal numbers
_COLUMNS = ()  # places of the model's features among those of the stage; empty: all of them, in order

_n = len(AXES)
_scaling = array("f", _SCALING)
RATE_HZ = float(_scaling[2 * _n])
_STAGE = Stage(_SETS, AXES, UNITS, _scaling[:_n], _scaling[_n : 2 * _n], WINDOW, RATE_HZ)
_row = array("f", [0] * len(_COLUMNS))


def features(window):
    """The model's features of a window, array('h') of WINDOW samples of len(AXES) counts; the next call reuses their array."""
    found = _STAGE.compute(window)
    if not _COLUMNS:
        return found
    for i, column in enumerate(_COLUMNS):
        _row[i] = found[column]
    return _row


def predict_window(window):
    """The answer to a window; see `features` and `predict`."""
    return predict(features(window))
