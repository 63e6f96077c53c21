"""Model as scikit-learn learned it -> model as a board computes it. Pure functions; the proofs of the bounds are in `bounds`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgewise import board_trees, machines, network
from edgewise.algebra import settled, width
from edgewise.board_trees import BoardTrees
from edgewise.bounds import linear_bound
from edgewise.fixed import BoardFixed
from edgewise.float32 import single
from edgewise.folding import fold, needed
from edgewise.ir import KernelMachine, Linear, Model, Neighbors, Network, Stage, Trees, apply
from edgewise.machines import BoardMachine
from edgewise.network import BoardNetwork, FloatNetwork


@dataclass(frozen=True)
class BoardLinear:
    """scores = coef @ (row - center) + intercept, all float32, summed in the order of the features.

    largest_offset: (n_features,), the largest |row - center| in the training rows; None if they were not given.
    """

    center: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    largest_offset: np.ndarray | None


@dataclass(frozen=True)
class BoardNeighbors:
    """Distances from (row - center) * factor to the prototypes, all float32. target: int class indices, or float32."""

    center: np.ndarray
    factor: np.ndarray
    prototypes: np.ndarray
    target: np.ndarray
    k: int
    metric: str
    weights: str


BoardCore = BoardTrees | BoardLinear | BoardFixed | BoardNeighbors | BoardMachine | FloatNetwork | BoardNetwork


@dataclass(frozen=True)
class BoardModel:
    """What an emitter writes down; fields as in `ir.Model`. source: the model before it was folded, for its exact answers. needs:
    places of the features that it reads; None: all of them."""

    core: BoardCore
    n_features: int
    classes: tuple | None
    description: str
    has_proba: bool
    stages: tuple[Stage, ...] = ()
    decision: str = "largest"
    link: str = "none"
    threshold: float = 0.0
    source: Model | None = None
    needs: tuple[int, ...] | None = None

    @property
    def n_inputs(self) -> int:
        """Of the core."""
        return width(self.stages, self.n_features)


def for_board(model: Model, X: np.ndarray | None = None) -> BoardModel:
    """X: training rows (n_rows, n_features), from which linear models take their center and their range; optional."""
    model = settled(model, X)
    folded = board_trees.with_columns_for_missing(fold(model))
    needs = tuple(needed(folded).tolist())
    inputs = None if X is None else apply(folded.stages, X.astype(np.float32).astype(np.float64))
    return BoardModel(
        core=PASSES[type(model.core)](folded, inputs),
        n_features=model.n_features,
        classes=model.classes,
        description=model.description,
        has_proba=model.has_proba,
        stages=folded.stages,
        decision=model.decision,
        link=model.link,
        threshold=model.threshold,
        source=model,
        needs=None if len(needs) == model.n_features else needs,
    )


def _linear(model: Model, X: np.ndarray | None) -> BoardLinear:
    linear: Linear = model.core  # type: ignore[assignment]
    coef, intercept = linear.coef, linear.intercept
    zero = np.zeros(coef.shape[1])
    if X is None:
        return _centered(coef, intercept, zero if linear.center is None else linear.center, None)
    rows = X.astype(np.float32).astype(np.float64)
    candidates = [zero, rows.mean(axis=0).astype(np.float32)]
    plain, centered = (_centered(coef, intercept, center, rows) for center in candidates)
    # Centering costs a subtraction a feature; it earns that where the features are large beside their spread.
    plain_bound, centered_bound = (linear_bound(core, np.abs(rows - core.center).max(axis=0)).max() for core in (plain, centered))
    return plain if plain_bound <= 2 * centered_bound else centered


def _centered(coef, intercept, center, rows: np.ndarray | None) -> BoardLinear:
    center = single(center, "a center")
    shifted = single(intercept + coef @ center.astype(np.float64), "an intercept")
    largest = None if rows is None else np.abs(rows - center).max(axis=0)
    return BoardLinear(center, single(coef, "a coefficient"), shifted, largest)


def _neighbors(model: Model, X: np.ndarray | None) -> BoardNeighbors:
    core: Neighbors = model.core  # type: ignore[assignment]
    prototypes, factor = core.prototypes, np.ones(core.prototypes.shape[1])
    if core.factor is not None and core.offset is not None:
        factor = core.factor
        center = single(-core.offset / factor, "a center")
        # scaled = factor * row + offset, so that factor * (row - center) is the scaled row moved by this:
        prototypes = prototypes - (core.offset + factor * center.astype(np.float64))
    elif np.array_equal(prototypes.astype(np.float32), prototypes):
        center = np.zeros(len(factor), dtype=np.float32)  # differences are rounded once as it is
    else:
        center = prototypes.mean(axis=0).astype(np.float32)
        prototypes = prototypes - center.astype(np.float64)
    target = core.target.astype(np.int64) if model.classes is not None else single(core.target, "a target")
    return BoardNeighbors(
        center, single(factor, "a scale"), single(prototypes, "a prototype"), target, core.k, core.metric, core.weights
    )


PASSES: dict[type, Callable[[Model, np.ndarray | None], BoardCore]] = {
    Trees: lambda model, X: board_trees.for_board(model),
    Linear: _linear,
    Neighbors: _neighbors,
    Network: lambda model, X: network.for_board(model.core, X),  # type: ignore[arg-type]
    KernelMachine: lambda model, X: machines.for_board(model.core, X),  # type: ignore[arg-type]
}
