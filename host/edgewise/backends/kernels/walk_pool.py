"""Walk over node tables where many nodes share a threshold: each names one of a tuple of floats, and nothing is allocated."""

from array import array

from edgewise.backends.kernels.common import _view

_N_NODES = 1
_CODE = "H"
_FEATURE_CODE = "B"
_POOL_CODE = "B"
_FEATURE = b"\x00"
_THRESHOLD = b"\x00"
_POOL = b"\x00\x00\x00\x3f"
_LEFT = b"\x01\x00"
_RIGHT = b"\x02\x00"
_ROOTS = (0,)

_feature = _view(_FEATURE_CODE, _FEATURE)
_threshold = _view(_POOL_CODE, _THRESHOLD)
_pool = tuple(array("f", _POOL))
_left = _view(_CODE, _LEFT)
_right = _view(_CODE, _RIGHT)


def _leaves(x):
    """Number of the leaf that row x reaches in each tree, as a list. References from _N_NODES on are leaves."""
    f, t, pool, left, right, n = _feature, _threshold, _pool, _left, _right, _N_NODES
    leaves = []
    for node in _ROOTS:
        while node < n:
            node = left[node] if x[f[node]] <= pool[t[node]] else right[node]
        leaves.append(node - n)
    return leaves
