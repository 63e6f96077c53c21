"""A model's trees, kept with the artifact: the way that a row takes through them, to tell it or to hold against the board's."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile
from zlib import error as DeflateError

import numpy as np

from edgewise.errors import ModelFileError
from edgewise.passes import BoardModel, BoardTrees

TABLES = {"feature": "i", "threshold": "f", "left": "i", "right": "i", "roots": "i", "votes": "iu"}  # name -> kinds of dtype
NUMBERS = {"full": int, "offset": float, "scale": float}


@dataclass(frozen=True)
class Split:
    """One decision of a row: its feature (an index) was at most the threshold, or not."""

    feature: int
    threshold: float
    below: bool


@dataclass(frozen=True)
class Splits(BoardTrees):
    """The tables of `passes.BoardTrees`, with a file to rest in."""

    @staticmethod
    def of(model: BoardModel) -> "Splits | None":
        """None but for trees on the raw row that are averaged, with one output."""
        core = model.core
        if not isinstance(core, BoardTrees) or core.combine != "mean" or model.stages or model.decision in ("values", "labels"):
            return None
        return Splits(**vars(core) | {"by_sums": False})

    def path(self, row: np.ndarray, tree: int) -> list[Split]:
        """The decisions of a float32 row, shape (n_features,), from the tree's root on."""
        return self.walk(row, tree)[0]

    def walk(self, row: np.ndarray, tree: int) -> tuple[list[Split], int]:
        """(path, leaf): the decisions, and the row of `votes` that they lead to."""
        path: list[Split] = []
        node = int(self.roots[tree])
        while node >= 0:
            if len(path) > len(self.feature):
                raise ModelFileError(f"tree {tree} of the artifact leads in a circle; run edgewise transpile again")
            feature, threshold = int(self.feature[node]), self.threshold[node]
            path.append(Split(feature, float(threshold), bool(row[feature] <= threshold)))
            node = int((self.left if path[-1].below else self.right)[node])
        return path, ~node

    def is_of(self, n_features: int, n_classes: int | None) -> bool:
        """Could these be the trees of such a model? Types, shapes and references as `passes` makes them; None: a regression."""
        tables = [getattr(self, name) for name in TABLES]
        typed = all(table.dtype.kind in kinds for table, kinds in zip(tables, TABLES.values(), strict=True))
        if not typed or [table.ndim for table in tables] != [1, 1, 1, 1, 1, 2]:
            return False
        if [type(getattr(self, name)) for name in NUMBERS] != list(NUMBERS.values()):
            return False
        n_nodes, (n_leaves, n_outputs) = len(self.feature), self.votes.shape
        references = np.concatenate([self.left, self.right, self.roots])
        return (
            n_nodes == len(self.threshold) == len(self.left) == len(self.right)
            and len(self.roots) > 0
            and bool(((self.feature >= 0) & (self.feature < n_features)).all())
            and bool(((references >= -n_leaves) & (references < n_nodes)).all())
            and n_outputs == (n_classes or 1)
            and (self.full > 0) == (n_classes is not None)
        )

    def save(self, file: Path | BinaryIO) -> None:
        votes = self.votes.astype(np.min_scalar_type(self.votes.max()))  # a forest of 1000 trees has millions
        np.savez_compressed(file, **{name: getattr(self, name) for name in (*TABLES, *NUMBERS)} | {"votes": votes})

    @staticmethod
    def load(path: Path) -> "Splits":
        try:
            with np.load(path, allow_pickle=False) as parts:
                tables = {name: parts[name] for name in TABLES}
                return Splits(**tables, **{name: parts[name].item() for name in NUMBERS})
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, BadZipFile, DeflateError) as error:
            raise ModelFileError(f"{path} cannot be read ({error}); run edgewise transpile again") from None
