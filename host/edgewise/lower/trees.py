"""Trees and forests, read from scikit-learn's own arrays, all trees at once.

m2cgen's assembler makes an object of every node and leaf: 1000 trees of 1000 leaves take it half a minute, this a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier

from edgewise.ir import Lowered, Trees


@dataclass(frozen=True)
class Member:
    """One tree, an entry of each array for every node and leaf, the root first.

    left, right: places of the children, below zero at leaves. value: (n, n_outputs), which counts at leaves only. missing_left:
    where NaN goes. saw_missing: whether the rows that it was grown on held NaN, as far as it tells.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    missing_left: np.ndarray
    saw_missing: bool


def lower(estimator) -> Lowered:
    """A fitted tree, or a forest, which averages the outputs of its trees; of one output or several."""
    trees = [member.tree_ for member in getattr(estimator, "estimators_", [estimator])]
    several = estimator.n_outputs_ > 1
    if not is_classifier(estimator):
        core = joined([member(tree, tree.value[:, :, 0]) for tree in trees], takes_missing(estimator))
        return Lowered(core, decision="values" if several else "value")
    if not several:
        return Lowered(joined([member(tree, tree.value[:, 0]) for tree in trees], takes_missing(estimator)))
    # an output's classes follow each other; where it has fewer than the others, the array is padded
    counts = estimator.n_classes_
    columns = np.concatenate([np.arange(n) + i * max(counts) for i, n in enumerate(counts)])
    members = [member(tree, tree.value.reshape(tree.node_count, -1)[:, columns]) for tree in trees]
    return Lowered(joined(members, takes_missing(estimator)), decision="labels")


def takes_missing(estimator) -> bool:
    """Whether its predict takes rows with NaN."""
    return bool(estimator.__sklearn_tags__().input_tags.allow_nan)


def member(tree, value: np.ndarray, features: np.ndarray | None = None) -> Member:
    """Of a `tree_`. features: the columns that it was grown on, (n_columns,); None: all of them, in their order."""
    feature, left, right = tree.feature, tree.children_left, tree.children_right
    missing_left = tree.missing_go_to_left.astype(bool)
    return Member(
        feature=feature if features is None else np.where(left >= 0, features[feature], 0),
        threshold=tree.threshold,
        left=left,
        right=right,
        value=value,
        missing_left=missing_left,
        saw_missing=saw_missing(left, right, tree.n_node_samples, missing_left),
    )


def saw_missing(left: np.ndarray, right: np.ndarray, count: np.ndarray, missing_left: np.ndarray) -> bool:
    """Where it learned nothing about NaN, scikit-learn sends them to the child with more rows, in every node."""
    inner = left >= 0
    return bool((missing_left[inner] != (count[left[inner]] > count[right[inner]])).any())


def joined(
    members: Sequence[Member],
    allow_missing: bool = False,
    combine: str = "mean",
    base: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    single: bool = True,
) -> Trees:
    """Nodes and leaves come out in preorder. allow_missing: whether the estimator takes NaN at all."""
    sizes = np.array([len(member.left) for member in members])
    starts = np.cumsum(sizes) - sizes
    shift = np.repeat(starts, sizes)

    def whole(name: str) -> np.ndarray:
        return np.concatenate([getattr(member, name) for member in members])

    left, right = whole("left").astype(np.int64), whole("right").astype(np.int64)
    inner = left >= 0
    left, right = np.where(inner, left + shift, -1), np.where(inner, right + shift, -1)
    reference = _in_preorder(left, right, starts)
    nodes = np.flatnonzero(inner)[np.argsort(reference[inner])]
    leaves = np.flatnonzero(~inner)[np.argsort(~reference[~inner])]
    return Trees(
        feature=whole("feature")[nodes].astype(np.int32),
        threshold=whole("threshold")[nodes].astype(np.float64),
        left=reference[left[nodes]],
        right=reference[right[nodes]],
        roots=reference[starts],
        value=whole("value")[leaves].astype(np.float64),
        combine=combine,
        base=base,
        weights=weights,
        missing_left=whole("missing_left")[nodes].astype(bool) if allow_missing else None,
        learned_missing=any(member.saw_missing for member in members),
        single=single,
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
