"""The buffer that kernels read a row from, and the plain way into it."""

from array import array

from edgewise.backends.kernels.common import N_FEATURES, _checked

_buffer = array("f", bytes(4 * N_FEATURES))


def _fill(x):
    """The row into the buffer, whatever sequence it is. Raises ValueError."""
    x = _checked(x)
    for i in range(N_FEATURES):
        _buffer[i] = x[i]
