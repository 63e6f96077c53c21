"""An anomaly where the score is below THRESHOLD, which may be set at run time."""

from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.score import score

CLASSES = (-1, 1)
_LEAST_SCORE = b"\x00\x00\x00\x00"

THRESHOLD = _view("f", _LEAST_SCORE)[0]


def predict(x):
    """-1 for an anomaly, 1 for what is normal: a row of N_FEATURES numbers."""
    return CLASSES[score(x) >= THRESHOLD]
