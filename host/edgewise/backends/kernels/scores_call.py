"""Linear scores from a generated sum each."""

from edgewise.backends.kernels.checked import _checked


def _sums(x):
    return [x[0] + x[1]]


def _scores(x):
    return _sums(_checked(x))
