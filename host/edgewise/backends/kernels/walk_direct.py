"""Walk over node tables with one float32 threshold a node; reading it allocates a float (16 bytes on a 32-bit board)."""

from edgewise.backends.kernels.common import _view

_N_NODES = 1
_CODE = "H"
_FEATURE_CODE = "B"
_FEATURE = b"\x00"
_THRESHOLD = b"\x00\x00\x00\x3f"
_LEFT = b"\x01\x00"
_RIGHT = b"\x02\x00"
_ROOTS = (0,)

_feature = _view(_FEATURE_CODE, _FEATURE)
_threshold = _view("f", _THRESHOLD)
_left = _view(_CODE, _LEFT)
_right = _view(_CODE, _RIGHT)


def _leaves(x):
    """Number of the leaf that row x reaches in each tree, as a list. References from _N_NODES on are leaves."""
    f, t, left, right, n = _feature, _threshold, _left, _right, _N_NODES
    leaves = []
    for node in _ROOTS:
        while node < n:
            node = left[node] if x[f[node]] <= t[node] else right[node]
        leaves.append(node - n)
    return leaves
