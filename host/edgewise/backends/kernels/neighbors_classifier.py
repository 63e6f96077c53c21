"""Vote of the nearest prototypes."""

from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.nearest import _nearest
from edgewise.backends.kernels.weights_uniform import _weights

CLASSES = ("no", "yes")
_TARGET_CODE = "B"
_TARGET = b"\x00\x01"

_target = _view(_TARGET_CODE, _TARGET)


def _votes(x):
    distances, numbers = _nearest(x)
    votes = [0] * len(CLASSES)
    for weight, number in zip(_weights(distances), numbers):  # noqa: B905 - MicroPython's zip has no strict
        votes[_target[number]] += weight
    return votes


def predict(x):
    """Class label of a row of N_FEATURES numbers."""
    votes = _votes(x)
    return CLASSES[votes.index(max(votes))]


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    votes = _votes(x)
    total = sum(votes)
    return [vote / total for vote in votes]
