"""Trees and forests, read from scikit-learn's own arrays, all trees at once.

m2cgen's assembler makes an object of every node and leaf: 1000 trees of 1000 leaves take it half a minute, this a second.
"""

import numpy as np

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Trees


def lower(estimator) -> Trees:
    """A fitted tree, or an ensemble with `estimators_` whose outputs it averages. Nodes and leaves come out in preorder."""
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise UnsupportedModelError(f"{type(estimator).__name__} has {estimator.n_outputs_} outputs; fit one model for each")
    trees = [member.tree_ for member in getattr(estimator, "estimators_", [estimator])]
    sizes = np.array([tree.node_count for tree in trees])
    starts = np.cumsum(sizes) - sizes
    shift = np.repeat(starts, sizes)
    left, right = (np.concatenate([getattr(tree, name) for tree in trees]) for name in ("children_left", "children_right"))
    inner = left >= 0
    left, right = np.where(inner, left + shift, -1), np.where(inner, right + shift, -1)
    reference = _in_preorder(left, right, starts)
    nodes = np.flatnonzero(inner)[np.argsort(reference[inner])]
    leaves = np.flatnonzero(~inner)[np.argsort(~reference[~inner])]
    feature, threshold = (np.concatenate([getattr(tree, name) for tree in trees])[nodes] for name in ("feature", "threshold"))
    if not np.isfinite(threshold).all():  # a split between missing and known values
        raise UnsupportedModelError(f"{type(estimator).__name__} splits on missing values; fit it on rows without NaN")
    return Trees(
        feature=feature.astype(np.int32),
        threshold=threshold.astype(np.float64),
        left=reference[left[nodes]],
        right=reference[right[nodes]],
        roots=reference[starts],
        value=np.concatenate([tree.value[:, 0] for tree in trees])[leaves].astype(np.float64),
    )


def _in_preorder(left: np.ndarray, right: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Reference of each node as in ir.Trees: its place among the inner nodes in preorder, or ~ that among the leaves."""
    levels = []
    level = roots
    while len(level):
        levels.append(level)
        inside = level[left[level] >= 0]
        level = np.concatenate([left[inside], right[inside]])
    n_inner = (left >= 0).astype(np.int64)  # of the subtree at each node
    n_leaves = (left < 0).astype(np.int64)
    for level in reversed(levels):
        inside = level[left[level] >= 0]
        for count in (n_inner, n_leaves):
            count[inside] += count[left[inside]] + count[right[inside]]
    place, leaf = np.zeros_like(n_inner), np.zeros_like(n_leaves)
    for before, count in ((place, n_inner), (leaf, n_leaves)):
        before[roots] = np.cumsum(count[roots]) - count[roots]
    for level in levels:
        inside = level[left[level] >= 0]
        place[left[inside]] = place[inside] + 1
        place[right[inside]] = place[inside] + 1 + n_inner[left[inside]]
        leaf[left[inside]] = leaf[inside]
        leaf[right[inside]] = leaf[inside] + n_leaves[left[inside]]
    return np.where(left >= 0, place, ~leaf).astype(np.int32)
