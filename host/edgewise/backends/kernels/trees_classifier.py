"""Votes of trees in whole numbers. Leaf numbers below the number of classes are pure leaves of that class."""

from edgewise.backends.kernels.checked import _checked
from edgewise.backends.kernels.common import _view
from edgewise.backends.kernels.walk_direct import _leaves

CLASSES = ("no", "yes")
_FULL = 55440
_ROW_CODE = "B"
_ROW_START = b"\x00"
_CLASS_CODE = "B"
_ROW_CLASS = b""
_VOTES_CODE = "H"
_ROW_VOTES = b""

_row_start = _view(_ROW_CODE, _ROW_START)
_row_class = _view(_CLASS_CODE, _ROW_CLASS)
_row_votes = _view(_VOTES_CODE, _ROW_VOTES)


def _votes(x):
    n, full, start = len(CLASSES), _FULL, _row_start
    votes = [0] * n
    for leaf in _leaves(_checked(x)):
        if leaf < n:
            votes[leaf] += full
        else:
            leaf -= n
            for i in range(start[leaf], start[leaf + 1]):
                votes[_row_class[i]] += _row_votes[i]
    return votes


def predict(x):
    """Class label of a row of N_FEATURES numbers. Allocates the list of votes and a few iterators."""
    votes = _votes(x)
    return CLASSES[votes.index(max(votes))]
