"""The score that a threshold is held against."""

from edgewise.backends.kernels.scores_table import _scores


def score(x):
    """How normal a row of N_FEATURES numbers is: the lower, the stranger."""
    return _scores(x)[0]
