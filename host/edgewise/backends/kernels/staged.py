"""predict of raw rows: the stages first, then the model."""

from edgewise.backends.kernels.stage_steps import _inputs
from edgewise.backends.kernels.trees_classifier import predict

_predict = predict


def predict(x):
    """Class label, or value, of a row of N_FEATURES numbers."""
    return _predict(_inputs(x))
