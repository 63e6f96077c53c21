"""Trees of `ir` -> what a board computes: whole-number leaves whose sums are small ints, and columns in the place of NaN."""

from dataclasses import dataclass, replace

import numpy as np

from edgewise import float32
from edgewise.ir import Columns, Model, Scaling, Stage, Trees

# Votes of a pure leaf. 55440 = 2^4 * 3^2 * 5 * 7 * 11 is the number below 2^16 with most divisors: the class fractions of every
# leaf of 1 to 12 training rows (and of 14, 15, 16, 18, 20, ...) are whole votes, so that their ties stay ties.
FULL_VOTES = 55440
SMALL_INT_BITS = 30  # a MicroPython small int on a 32-bit board, without its sign: larger numbers are allocated
LARGEST = 2**SMALL_INT_BITS - 1
ENTRY_BITS = 31  # of a leaf's entry in a kernel's tables, which holds a class and votes
LEAF = "a leaf's value"
BELOW_MAX = np.nextafter(np.float32(float32.MAX), np.float32(0))


@dataclass(frozen=True)
class BoardTrees:
    """Trees of `ir` with float32 thresholds and whole-number leaves.

    votes: (n_leaves, n_outputs), at least 0. Averaged classes: fractions in units of 1/full. All others have full == 0, and a
    score is offset + scale * (sum of the votes over the trees), with the same two for all classes; of several values offset and
    scale are arrays, (n_outputs,). combine: as in ir.Trees. weights: of "median", whole numbers, (n_trees,). by_sums: whether a
    class is decided by whole sums, as votes of averaged classes are.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    roots: np.ndarray
    votes: np.ndarray
    full: int
    offset: float
    scale: float
    combine: str = "mean"
    weights: np.ndarray | None = None
    by_sums: bool = False

    @property
    def n_counted(self) -> int:
        """Classes whose votes are counted; 0 where there is one sum."""
        return self.votes.shape[1] if self.full or self.votes.shape[1] > 1 else 0

    @property
    def limit(self) -> int:
        """Of one score: the largest sum at which it is not above zero, -1 if there is none."""
        if not self.scale:
            return -1 if self.offset > 0 else LARGEST
        limit = int(np.clip(np.floor(-self.offset / self.scale), -1, LARGEST))
        while limit >= 0 and self.offset + self.scale * limit > 0:
            limit -= 1
        while limit < LARGEST and self.offset + self.scale * (limit + 1) <= 0:
            limit += 1
        return limit


def for_board(model: Model) -> BoardTrees:
    """Raises UnsupportedModelError."""
    trees: Trees = model.core  # type: ignore[assignment]
    votes, full, offset, scale, weights = VOTES[trees.combine](trees, model)
    threshold = float32.normal_below(float32.round_down(trees.threshold))  # the RP2040 has no others
    # above every threshold there is room for a number that goes right
    threshold = np.minimum(threshold, BELOW_MAX if _fills(model.stages) else np.float32(float32.MAX))
    tables = (trees.feature, threshold, trees.left, trees.right, trees.roots, votes)
    return BoardTrees(*tables, full, offset, scale, trees.combine, weights, by_sums=model.decision == "largest")


def _fills(stages: tuple[Stage, ...]) -> bool:
    return bool(stages) and isinstance(stages[-1], Scaling) and stages[-1].steps[-1][0] == "fill"


def with_columns_for_missing(model: Model) -> Model:
    """The same answers by trees that know no NaN: in a column for the nodes that send it left it becomes the least number, in one
    for those that send it right the largest, which is above every threshold."""
    trees = model.core
    if not isinstance(trees, Trees) or trees.missing_left is None:
        return model
    column = 2 * trees.feature.astype(np.int64) + trees.missing_left
    used, place = np.unique(column, return_inverse=True)
    core = replace(trees, feature=place.astype(np.int32), missing_left=None)
    stages, source = model.stages, used // 2
    if stages and isinstance(last := stages[-1], Columns):
        stages, source = stages[:-1], last.source[source]
    fill = Scaling((("fill", np.where(used % 2 == 1, -float32.MAX, float32.MAX)),))
    return replace(model, core=core, stages=(*stages, Columns(source), fill))


def _averaged(trees: Trees, model: Model) -> tuple:
    """(votes, full, offset, scale, weights), see BoardTrees; every sum over the trees is a small int."""
    n_trees = len(trees.roots)
    if model.classes is not None:
        full = min(FULL_VOTES, LARGEST // n_trees)
        counts = [len(labels) for labels in model.classes] if model.decision == "labels" else [trees.value.shape[1]]
        ends = np.cumsum(counts)
        parts = [class_votes(trees.value[:, end - n : end], full) for n, end in zip(counts, ends, strict=True)]
        return np.concatenate(parts, axis=1), full, 0.0, 1.0, None
    float32.single(trees.value, LEAF)
    low, high = trees.value.min(axis=0), trees.value.max(axis=0)
    step = (high - low) / (LARGEST // n_trees)
    votes = np.rint((trees.value - low) / np.where(step > 0, step, 1.0)).astype(np.int64)
    if model.decision == "values":
        return votes, 0, low, step / n_trees, None
    return votes, 0, float(low[0]), float(step[0]) / n_trees, None


def class_votes(value: np.ndarray, full: int) -> np.ndarray:
    """Nearest whole votes; but only a pure leaf has all of them, and the class that won the leaf wins it still."""
    votes = np.rint(value * full).astype(np.int64)
    mixed = value.max(axis=1) < 1
    votes[mixed] = np.minimum(votes[mixed], full - 2)
    winner = value.argmax(axis=1)
    leaf = np.flatnonzero(votes.argmax(axis=1) != winner)
    votes[leaf, winner[leaf]] = votes[leaf].max(axis=1) + 1
    return votes


def _summed(trees: Trees, model: Model) -> tuple:
    """As `_averaged`. The least that a tree gives a class goes from its leaves into the class's offset; what offsets differ by
    goes into the leaves of the tree that tells most about the class, so that the largest sum has the largest score."""
    value, n_outputs = trees.value, trees.value.shape[1]
    tree = tree_of_leaf(trees)
    low, high = np.full((len(trees.roots), n_outputs), np.inf), np.full((len(trees.roots), n_outputs), -np.inf)
    np.minimum.at(low, tree, value)
    np.maximum.at(high, tree, value)
    assert trees.base is not None
    offset = trees.base + low.sum(axis=0)
    head_start = offset - offset.min()
    above = value - low[tree]
    favorite = (high - low).argmax(axis=0)
    above += np.where(tree[:, None] == favorite, head_start, 0.0)
    largest = ((high - low).sum(axis=0) + head_start).max()
    most = LARGEST - len(trees.roots)  # every tree may round up
    entry = 2 ** (ENTRY_BITS - max(1, (n_outputs - 1).bit_length())) - 1
    step = float(max(largest / most, above.max(initial=0.0) / entry))
    if step > 0:
        step = 2.0 ** np.ceil(np.log2(step))  # so that sums of round numbers, which may be equal or zero, are exact
    float32.single(np.array([offset.min(), largest]), LEAF)
    return np.rint(above / (step or 1.0)).astype(np.int64), 0, float(offset.min()), step, None


def _median(trees: Trees, model: Model) -> tuple:
    """As `_averaged`, a tree at a time; weights in units that add up to a small int."""
    float32.single(trees.value, LEAF)
    low, high = float(trees.value.min()), float(trees.value.max())
    step = (high - low) / LARGEST
    assert trees.weights is not None
    weights = np.rint(trees.weights / trees.weights.sum() * (LARGEST - len(trees.weights))).astype(np.int64)
    return np.rint((trees.value - low) / (step or 1.0)).astype(np.int64), 0, low, step, weights


VOTES = {"mean": _averaged, "sum": _summed, "isolation": _summed, "median": _median}


def tree_of_leaf(trees: Trees) -> np.ndarray:
    """Place of the tree of each leaf: int, (n_leaves,)."""
    tree = np.zeros(len(trees.value), np.int64)
    level, owner = trees.roots, np.arange(len(trees.roots))
    while len(level):
        leaf = level < 0
        tree[~level[leaf]] = owner[leaf]
        inside, owner = level[~leaf], owner[~leaf]
        level, owner = np.concatenate([trees.left[inside], trees.right[inside]]), np.concatenate([owner, owner])
    return tree
