"""The way of one row through the trees of an artifact and what each tree adds to the answer, told from the board's own tables."""

import re
from dataclasses import dataclass

import numpy as np

from edgewise.artifact import Artifact
from edgewise.errors import EdgewiseError, ModelFileError, UnsupportedModelError
from edgewise.float32 import TINY
from edgewise.ir import Label
from edgewise.tables import FLOAT32_MAX, number, shown

FEW = 3  # trees that are told in full; of more, two


@dataclass(frozen=True)
class Decision:
    """feature: its name. value, threshold: float32, in the feature's own unit. below: value <= threshold."""

    feature: str
    value: float
    below: bool
    threshold: float


@dataclass(frozen=True)
class TreePath:
    """One tree's decisions from the root on. outputs: of its leaf, a share of its votes for each class, or a value alone."""

    tree: int
    decisions: tuple[Decision, ...]
    outputs: tuple[float, ...]


@dataclass(frozen=True)
class Explanation:
    """row: float32 values, (n_features,). classes: None for a regression. paths: one a tree. outputs: their mean, in the
    arithmetic of a single-precision board. answer: the first class with the largest output, or the value."""

    name: str
    row: tuple[float, ...]
    classes: tuple[Label, ...] | None
    paths: tuple[TreePath, ...]
    outputs: tuple[float, ...]
    answer: Label


def explain(artifact: Artifact, row: np.ndarray | None = None) -> Explanation:
    """row: finite float32, shape (n_features,); the first row of the artifact's evidence by default.

    Raises UnsupportedModelError for a model without trees, ModelFileError where the artifact keeps no rows.
    """
    trees = artifact.splits
    if trees is None:
        told = "those of single trees and forests, not of boosting, behind stages or of several outputs"
        raise UnsupportedModelError(f"{artifact.name} has no trees that explain tells: {told}")
    if row is None:
        if artifact.evidence is None or not len(artifact.evidence):
            raise ModelFileError(f"{artifact.name} keeps no rows; pass {artifact.n_features} numbers with --row")
        row = artifact.evidence.X[0]
    names = _names(artifact)
    n_trees, paths, total = len(trees.roots), [], np.zeros(trees.votes.shape[1], dtype=np.int64)
    for tree in range(n_trees):
        splits, leaf = trees.walk(row, tree)
        decisions = (Decision(names[split.feature], float(row[split.feature]), split.below, split.threshold) for split in splits)
        votes = trees.votes[leaf]
        outputs = votes / trees.full if trees.full else trees.offset + trees.scale * n_trees * votes
        paths.append(TreePath(tree, tuple(decisions), tuple(outputs.tolist())))
        total += votes
    if artifact.classes is None:
        value = float(np.float32(trees.offset) + np.float32(trees.scale) * np.float32(total[0]))
        return Explanation(artifact.name, tuple(row.tolist()), None, tuple(paths), (value,), value)
    shares = tuple((total / (trees.full * n_trees)).tolist())
    answer = artifact.classes[int(total.argmax())]
    return Explanation(artifact.name, tuple(row.tolist()), artifact.classes, tuple(paths), shares, answer)


def choose(explanation: Explanation, tree: int | None = None) -> tuple[TreePath, ...]:
    """Paths worth showing: that of `tree`; else all, if they are few; else that of the tree most for the answer (or with the
    largest value) and that of the tree least for it, the shortest of equals. Raises EdgewiseError for a tree that is not there.
    """
    paths = explanation.paths
    if tree is not None:
        if not 0 <= tree < len(paths):
            raise EdgewiseError(f"--tree {tree} is not there; {explanation.name} has the trees 0 to {len(paths) - 1}")
        return (paths[tree],)
    if len(paths) <= FEW:
        return paths
    answer = explanation.outputs.index(max(explanation.outputs))
    most = min(paths, key=lambda path: (-path.outputs[answer], len(path.decisions)))
    least = min(paths, key=lambda path: (path.outputs[answer], len(path.decisions)))
    return (most,) if most is least else (most, least)


def parse_row(artifact: Artifact, text: str) -> np.ndarray:
    """Numbers separated by commas or spaces -> float32, shape (n_features,), as the board takes them. Raises EdgewiseError."""
    cells = re.split(r"\s*,\s*|\s+", text.strip()) if text.strip() else []
    if len(cells) != artifact.n_features:
        remedy = "separate them by commas or spaces, and write decimal points"
        raise EdgewiseError(f"--row holds {len(cells)} numbers, {artifact.name} takes {artifact.n_features}; {remedy}")
    values = []
    for i, (cell, name) in enumerate(zip(cells, _names(artifact), strict=True)):
        place = f"--row, number {i + 1} of {len(cells)}, for {shown(name)}"
        value = number(cell)
        if value is None:
            raise EdgewiseError(f"{place}: {shown(cell)} is not a number; write one such as -1.5 or 2e3")
        if not abs(value) <= FLOAT32_MAX:
            raise EdgewiseError(f"{place}: {shown(cell)} is not a finite float32 number; give one between -3.4e38 and 3.4e38")
        values.append(value)
    row = np.array(values, dtype=np.float32)
    return np.where(np.abs(row) < TINY, np.float32(0), row)  # as `golden` does


def short(value: float) -> str:
    """A float32 with as few digits as tell it from every other."""
    return str(np.float32(value))


def _names(artifact: Artifact) -> tuple[str, ...]:
    return artifact.feature_names or tuple(f"x[{i}]" for i in range(artifact.n_features))
