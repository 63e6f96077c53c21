"""The splits of a model's trees, kept with the artifact: the way that a row takes through them, to hold against the board's."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile
from zlib import error as DeflateError

import numpy as np

from edgewise.errors import ModelFileError
from edgewise.passes import BoardTrees


@dataclass(frozen=True)
class Split:
    """One decision of a row: its feature (an index) was at most the threshold, or not."""

    feature: int
    threshold: float
    below: bool


@dataclass(frozen=True)
class Splits:
    """Arrays as in `passes.BoardTrees`: one item a node, children below zero are leaves; roots: one item a tree."""

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    roots: np.ndarray

    @staticmethod
    def of(trees: BoardTrees) -> "Splits":
        return Splits(trees.feature, trees.threshold, trees.left, trees.right, trees.roots)

    def path(self, row: np.ndarray, tree: int) -> list[Split]:
        """The decisions of a float32 row, shape (n_features,), from the tree's root on."""
        path: list[Split] = []
        node = int(self.roots[tree])
        while node >= 0:
            if len(path) > len(self.feature):
                raise ModelFileError(f"tree {tree} of the artifact leads in a circle; run edgewise transpile again")
            feature, threshold = int(self.feature[node]), self.threshold[node]
            path.append(Split(feature, float(threshold), bool(row[feature] <= threshold)))
            node = int((self.left if path[-1].below else self.right)[node])
        return path

    def save(self, file: Path | BinaryIO) -> None:
        np.savez_compressed(file, **vars(self))

    @staticmethod
    def load(path: Path) -> "Splits":
        try:
            with np.load(path, allow_pickle=False) as parts:
                return Splits(*(parts[name] for name in ("feature", "threshold", "left", "right", "roots")))
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, BadZipFile, DeflateError) as error:
            raise ModelFileError(f"{path} cannot be read ({error}); run edgewise transpile again") from None
