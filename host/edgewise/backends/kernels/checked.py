"""The check of a row."""

from array import array

from edgewise.backends.kernels.common import _DOUBLE, _INF, _N_INPUTS


def _checked(x):
    """The row as a list or tuple of finite float32. Allocates nothing when it is one already, on a single-precision board."""
    if len(x) != _N_INPUTS:
        raise ValueError("expected %d features, got %d" % (_N_INPUTS, len(x)))
    if _DOUBLE:
        x = array("f", list(x))  # of bytes it would take the bits
    if not isinstance(x, (list, tuple)):
        x = list(x)
    low, high = -_INF, _INF
    for value in x:
        if not low < value < high:
            raise ValueError("a feature is not finite (or beyond single precision): %r" % value)
    return x
