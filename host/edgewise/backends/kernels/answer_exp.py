"""The value is the exponential of the one score: models of counts and costs with a logarithmic link."""

from math import exp

from edgewise.backends.kernels.scores_table import _scores


def predict(x):
    """Value of a row of N_FEATURES numbers; ValueError where it is beyond single precision."""
    score = _scores(x)[0]
    if score > 88.7:
        raise ValueError("the value is beyond single precision: exp(%r)" % score)
    return exp(score)
