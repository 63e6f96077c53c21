"""Probabilities of a binary logistic model."""

from edgewise.backends.kernels.scores_table import _scores
from edgewise.backends.kernels.sigmoid import _sigmoid


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    score = _scores(x)[0]
    return [_sigmoid(-score), _sigmoid(score)]
