"""Where no kernel can be compiled, no prototype is ruled out."""

from edgewise.backends.kernels.rows import _fill


def _found(x):
    """Takes the row into the buffer. How many prototypes may be neighbors: of the work area; 0: all; -1: the k alone."""
    _fill(x)
    return 0
