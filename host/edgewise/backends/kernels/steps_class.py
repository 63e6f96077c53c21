"""One sum of whole steps decides between two classes: the second is above a limit."""

from edgewise.backends.kernels.trees_regressor import _answer

CLASSES = ("no", "yes")
_LIMIT = 0


def predict(x):
    """Class label of a row of N_FEATURES numbers."""
    return CLASSES[_answer(x) > _LIMIT]
