"""Scores as floats, for probabilities."""

from edgewise.backends.kernels.fixed_beyond import _score
from edgewise.backends.kernels.fixed_packed import _answer
from edgewise.backends.kernels.packed_data import _work


def _scores(x):
    _work[1] = 1  # asks a kernel for floats
    try:
        _answer(x)
    finally:
        _work[1] = 0
    return list(_score)
