"""Scores as a list of floats, for an answer that the kernels do not give."""

from edgewise.backends.kernels.fixed_beyond import _score
from edgewise.backends.kernels.fixed_packed import _answer


def _scores(x):
    _answer(x)
    return list(_score)
