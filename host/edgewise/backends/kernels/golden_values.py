"""self_test of several regressions."""

from array import array

from edgewise.backends.kernels.answer_values import predict
from edgewise.backends.kernels.common import N_FEATURES
from edgewise.backends.kernels.intact import _intact

N_OUTPUTS = 1
_GOLDEN_CODE = "f"
_GOLDEN_ROWS = b"\x00\x00\x00\x00\x00\x00\x00\x00"
_N_GOLDEN = 1
_GOLDEN = b"\x00\x00\x00\x00\x00\x00\x00\x00"  # lowest and highest, an output


def self_test():
    """Proves that the tables are intact and predicts the golden rows; how many there are, or ValueError at what differs."""
    _intact()
    values, bounds = array(_GOLDEN_CODE, _GOLDEN_ROWS), array("f", _GOLDEN)  # for a moment
    k = 0
    for i in range(_N_GOLDEN):
        for value in predict(list(values[i * N_FEATURES : (i + 1) * N_FEATURES])):
            if not bounds[k] <= value <= bounds[k + 1]:
                raise ValueError("golden row %d gives %r, not %r to %r" % (i, value, bounds[k], bounds[k + 1]))
            k += 2
    if k != 2 * N_OUTPUTS * _N_GOLDEN:
        raise ValueError("%d values, not %d" % (k // 2, N_OUTPUTS * _N_GOLDEN))
    return _N_GOLDEN
