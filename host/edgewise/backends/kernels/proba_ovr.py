"""Probabilities of one logistic model a class."""

from edgewise.backends.kernels.normalized import _normalized
from edgewise.backends.kernels.scores_table import _scores
from edgewise.backends.kernels.sigmoid import _sigmoid


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    return _normalized([_sigmoid(score) for score in _scores(x)])
