"""Probabilities of a multinomial model."""

from math import exp

from edgewise.backends.kernels.scores_table import _scores


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    scores = _scores(x)
    largest, total = max(scores), 0
    for k, score in enumerate(scores):
        scores[k] = exp(score - largest)
        total += scores[k]
    for k, power in enumerate(scores):
        scores[k] = power / total
    return scores
