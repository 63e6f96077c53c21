"""The buffer that kernels read a row from, and the plain way into it."""

from array import array

from edgewise.backends.kernels.common import _INF, _N_INPUTS

_buffer = array("f", bytes(4 * _N_INPUTS))


def _fill(x):
    """The row into the buffer, whatever sequence of numbers it is. Raises ValueError."""
    if len(x) != _N_INPUTS:
        raise ValueError("expected %d features, got %d" % (_N_INPUTS, len(x)))
    for i, value in enumerate(x):
        _buffer[i] = value
        if not -_INF < _buffer[i] < _INF:
            raise ValueError("a feature is not finite (or beyond single precision): %r" % value)
