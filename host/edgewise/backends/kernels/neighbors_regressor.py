"""Mean of the targets of the nearest prototypes."""

from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.nearest import _nearest
from edgewise.backends.kernels.weights_uniform import _weights

_TARGET = b"\x00\x00\x00\x00\x00\x00\x80\x3f"

_target = _view("f", _TARGET)


def predict(x):
    """Value of a row of N_FEATURES numbers."""
    distances, numbers = _nearest(x)
    total = weights = 0
    for weight, number in zip(_weights(distances), numbers):  # noqa: B905 - MicroPython's zip has no strict
        total += weight * _target[number]
        weights += weight
    return total / weights
