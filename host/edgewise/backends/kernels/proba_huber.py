"""Probabilities of SGDClassifier(loss="modified_huber"): clipped scores (Zhang 2002, appendix B)."""

from edgewise.backends.kernels.normalized import _normalized
from edgewise.backends.kernels.scores_table import _scores


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    shares = [(min(1, max(-1, score)) + 1) / 2 for score in _scores(x)]
    return _normalized(shares) if len(shares) > 1 else [1 - shares[0], shares[0]]
