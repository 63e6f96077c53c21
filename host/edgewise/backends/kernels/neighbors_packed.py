"""Where no kernel can be compiled, no prototype is ruled out."""

from edgewise.backends.kernels.rows import _fill


def _found(x):
    """Takes the row into the buffer. How many prototypes may be neighbors: of those in the work area; 0: of all; -1: just the k."""
    _fill(x)
    return 0
