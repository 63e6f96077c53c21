"""Probabilities of a multinomial model."""

from math import exp

from edgewise.backends.kernels.scores_table import _scores


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    scores = _scores(x)
    largest = max(scores)
    powers = [exp(score - largest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]
