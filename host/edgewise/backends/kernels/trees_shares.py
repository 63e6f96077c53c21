"""Probabilities of trees that vote with the shares of their leaves."""

from edgewise.backends.kernels.trees_classifier import _FULL, _votes
from edgewise.backends.kernels.walk_direct import _ROOTS


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    total = _FULL * len(_ROOTS)
    return [votes / total for votes in _votes(x)]
