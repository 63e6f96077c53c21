"""predict_proba of raw rows: the stages first, then the model."""

from edgewise.backends.kernels.proba_sigmoid import predict_proba
from edgewise.backends.kernels.stage_steps import _inputs

_predict_proba = predict_proba


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    return _predict_proba(_inputs(x))
