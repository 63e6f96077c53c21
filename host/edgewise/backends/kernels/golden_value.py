"""self_test of a regression."""

from array import array

from edgewise.backends.kernels.common import N_FEATURES
from edgewise.backends.kernels.intact import _intact
from edgewise.backends.kernels.steps import predict

_GOLDEN_CODE = "f"
_GOLDEN_ROWS = b"\x00\x00\x00\x00\x00\x00\x00\x00"
_N_GOLDEN = 1
_GOLDEN = b"\x00\x00\x80\x3f\x00\x00\x80\x3f"  # lowest and highest value allowed, a pair a row


def self_test():
    """Proves that the tables are intact and predicts the golden rows; how many there are, or ValueError at what differs."""
    _intact()
    values, bounds = array(_GOLDEN_CODE, _GOLDEN_ROWS), array("f", _GOLDEN)  # for a moment
    for i in range(_N_GOLDEN):
        value = predict(list(values[i * N_FEATURES : (i + 1) * N_FEATURES]))
        if not bounds[2 * i] <= value <= bounds[2 * i + 1]:
            raise ValueError("golden row %d gives %r, not %r to %r" % (i, value, bounds[2 * i], bounds[2 * i + 1]))
    return _N_GOLDEN
