"""self_test of a classifier."""

from array import array

from edgewise.backends.kernels.common import N_FEATURES
from edgewise.backends.kernels.intact import _intact
from edgewise.backends.kernels.trees_classifier import CLASSES, predict

_GOLDEN_CODE = "f"
_GOLDEN_ROWS = b"\x00\x00\x00\x00\x00\x00\x00\x00"
_N_GOLDEN = 1
_GOLDEN_CLASS_CODE = "B"
_GOLDEN = b"\x00"


def self_test():
    """Proves that the tables are intact and predicts the golden rows; how many there are, or ValueError at what differs."""
    _intact()
    values, classes = array(_GOLDEN_CODE, _GOLDEN_ROWS), array(_GOLDEN_CLASS_CODE, _GOLDEN)  # for a moment
    for i in range(_N_GOLDEN):
        label = predict(list(values[i * N_FEATURES : (i + 1) * N_FEATURES]))
        if label != CLASSES[classes[i]]:
            raise ValueError("golden row %d gives %r, not %r" % (i, label, CLASSES[classes[i]]))
    return _N_GOLDEN
