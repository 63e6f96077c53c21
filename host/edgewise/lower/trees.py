"""Trees and forests, read from the syntax tree that m2cgen's assembler builds of each tree.

m2cgen joins a forest's trees by nested additions, which recurse once a tree; they are assembled one by one here instead.
"""

import numpy as np
from m2cgen import ast
from m2cgen.assemblers import TreeModelAssembler

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Trees
from edgewise.lower.recursion import recursion_limit


def lower(estimator) -> Trees:
    """A fitted tree, or an ensemble with `estimators_` whose outputs it averages."""
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise UnsupportedModelError(f"{type(estimator).__name__} has {estimator.n_outputs_} outputs; fit one model for each")
    reader = _Reader()
    for tree in getattr(estimator, "estimators_", [estimator]):
        with recursion_limit(4 * tree.get_depth() + 1000):
            reader.read(TreeModelAssembler(tree).assemble())
    if not np.isfinite(reader.threshold).all():  # a split between missing and known values
        raise UnsupportedModelError(f"{type(estimator).__name__} splits on missing values; fit it on rows without NaN")
    return reader.trees()


class _Reader:
    """Collects nested IfExpr into flat arrays; nodes come out in preorder."""

    def __init__(self):
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.children: list[list[int]] = []  # [left, right]
        self.roots: list[int] = []
        self.value: list[list[float]] = []

    def read(self, expression: ast.Expr) -> None:
        pending: list[tuple[ast.Expr, list[int], int | None]] = [(expression, self.roots, None)]
        while pending:
            node, parent, side = pending.pop()
            if isinstance(node, ast.IfExpr):
                reference = len(self.feature)
                test = node.test
                if test.op is not ast.CompOpType.LTE:
                    raise UnsupportedModelError(f"a tree compares by {test.op.value}, where <= is expected")
                self.feature.append(test.left.index)
                self.threshold.append(test.right.value)
                children = [0, 0]
                self.children.append(children)
                pending += [(node.orelse, children, 1), (node.body, children, 0)]
            else:
                reference = ~len(self.value)
                leaves = node.exprs if isinstance(node, ast.VectorVal) else [node]
                self.value.append([leaf.value for leaf in leaves])
            if side is None:
                parent.append(reference)
            else:
                parent[side] = reference

    def trees(self) -> Trees:
        children = np.array(self.children, dtype=np.int32).reshape(-1, 2)
        return Trees(
            feature=np.array(self.feature, dtype=np.int32),
            threshold=np.array(self.threshold, dtype=np.float64),
            left=children[:, 0].copy(),
            right=children[:, 1].copy(),
            roots=np.array(self.roots, dtype=np.int32),
            value=np.array(self.value, dtype=np.float64),
        )
