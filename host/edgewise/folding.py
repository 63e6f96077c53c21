"""Stages that the core can take over, so that a board has less to do, and inputs that nobody reads.

Trees take every stage that moves or raises single numbers, to the last bit; linear cores, networks and nearest neighbors take
affine ones, and what is left is merged, in algebra that float64 follows to some 1e-15.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from edgewise import float32
from edgewise.algebra import Stages, affine_end, fills, recentered, restricted, simplified, width
from edgewise.ir import (
    Affine,
    Columns,
    Core,
    KernelMachine,
    Linear,
    Model,
    Neighbors,
    Network,
    Parallel,
    Polynomial,
    Scaling,
    Stage,
    Trees,
)

RISING = ("sub", "add", "min", "max", "fill", "yeo_johnson", "box_cox")  # operations; and "mul" and "div" by positive numbers


def fold(model: Model) -> Model:
    """The same answers with as few stages and inputs as can be."""
    n = model.n_features
    core, stages = _absorbed(model.core, model.stages, n)
    if stages:
        core, stages = _absorbed(core, simplified(stages, n), n)
        core, stages = _pruned(core, stages, n)
        core, stages = _absorbed(core, simplified(stages, n), n)
    return replace(model, core=core, stages=recentered(stages))


def needed(model: Model) -> np.ndarray:
    """Places of the features that a folded model reads, in order."""
    used = _used(model.core)
    if used is None:
        used = np.arange(width(model.stages, model.n_features))
    return restricted(model.stages, model.n_features, used)[1]


def _absorbed(core: Core, stages: Stages, n_in: int) -> tuple[Any, Stages]:
    if type(core) in FOLDS:
        while stages and (folded := FOLDS[type(core)](core, stages, n_in)) is not None:
            core, stages = folded
    return core, stages


def _trees(core: Trees, stages: Stages, n_in: int) -> tuple[Trees, Stages] | None:
    """Thresholds in front of the stages that decide as those behind them do.

    Such a stage is monotone in each feature, so that the largest number that arrives at or below the threshold, found by
    bisection over the very operations that scikit-learn does, is the threshold: a float32 of raw rows, else a float64. NaN goes
    where the number goes that is filled in for it.
    """
    n_tail = 0
    while n_tail < len(stages) and _rises(stages[-1 - n_tail]):
        n_tail += 1
    if not n_tail:
        return None
    rest, tail = stages[:-n_tail], stages[-n_tail:]
    source = _sources(tail, core.feature)
    moved = replace(core, feature=source)
    if all(isinstance(stage, Columns) for stage in tail):
        return moved, rest

    def arrives_left(candidates: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            values = _values(tail, core.feature, candidates.astype(np.float64))
            return (values.astype(np.float32) if core.single else values) <= core.threshold

    missing_left = core.missing_left
    if missing_left is not None or fills(tail):
        arrived = _values(tail, core.feature, np.full(len(source), np.nan))
        known = np.zeros(len(source), dtype=bool) if missing_left is None else missing_left
        missing_left = np.where(np.isnan(arrived), known, arrives_left(np.full(len(source), np.nan)))
    if rest:
        threshold = _largest_accepted(arrives_left, len(source))
        return replace(moved, threshold=threshold, missing_left=missing_left, single=False), rest
    threshold = float32.largest_accepted(arrives_left, len(source)).astype(np.float64)
    return replace(moved, threshold=threshold, missing_left=missing_left), rest


def _rises(stage: Stage) -> bool:
    """Whether each output follows one input, and rises with it."""
    if isinstance(stage, Parallel):
        return all(map(_rises, (inner for branch in stage.branches for inner in branch)))
    if isinstance(stage, Scaling):
        return all(name in RISING or (name in ("mul", "div") and (operand > 0).all()) for name, operand in stage.steps)
    return isinstance(stage, Columns)


def _of_branches(stage: Parallel, feature: np.ndarray):
    """(branch, which of the outputs are its own, their places in it), of branches that rise and are not empty."""
    start = 0
    for branch in stage.branches:
        n = _n_outputs(branch[-1])
        yield branch, (feature >= start) & (feature < start + n), feature - start
        start += n


def _n_outputs(stage: Any) -> int:
    """Of a stage that rises."""
    if isinstance(stage, Parallel):
        return sum(_n_outputs(branch[-1]) for branch in stage.branches)
    return len(stage.source if isinstance(stage, Columns) else stage.steps[0][1])


def _sources(stages: Stages, feature: np.ndarray) -> np.ndarray:
    """The inputs that these outputs of rising stages follow."""
    for stage in reversed(stages):
        if isinstance(stage, Columns):
            feature = stage.source[feature]
        elif isinstance(stage, Parallel):
            source = feature.copy()
            for branch, own, place in _of_branches(stage, feature):
                source[own] = _sources(branch, place[own])
            feature = source
    return feature


def _values(stages: Stages, feature: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """These outputs of rising stages, where what each follows is `inputs`."""
    if not stages:
        return inputs
    *before, stage = stages
    inputs = _values(tuple(before), _sources((stage,), feature), inputs)
    if isinstance(stage, Scaling):
        return stage(inputs, feature)
    if isinstance(stage, Parallel):
        inputs = inputs.copy()
        for branch, own, place in _of_branches(stage, feature):
            inputs[own] = _values(branch, place[own], inputs[own])
    return inputs


def _largest_accepted(accepts: Callable[[np.ndarray], np.ndarray], n: int) -> np.ndarray:
    """As float32.largest_accepted, of float64: bisection over their bit patterns, negative ones mirrored."""
    top = np.float64(np.inf).view(np.int64)

    def number(keys: np.ndarray) -> np.ndarray:
        return np.copysign(np.abs(keys).view(np.float64), keys)

    low, high = np.full(n, -top), np.full(n, top)  # infinities: the first is accepted, the other is not
    while True:
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        inside = middle > low
        if not inside.any():
            return number(low)
        accepted = accepts(number(middle))
        low, high = np.where(inside & accepted, middle, low), np.where(inside & ~accepted, middle, high)


def _behind(coef: np.ndarray, center: np.ndarray | None, stages: Stages, n_in: int):
    """(coef, constant, center, stages): what coef says of these stages, said of fewer; or None where it takes over nothing.

    coef: (n_scores, n_inputs). center: an input that is to be expected, or None.
    """
    *before, stage = stages
    rest: Stages = ()
    constant = np.zeros(len(coef))
    if isinstance(stage, Columns):
        matrix = np.zeros((len(coef), width(tuple(before), n_in)))
        np.add.at(matrix.T, stage.source, coef.T)
        moved = np.zeros(matrix.shape[1])
        moved[stage.source] = 0.0 if center is None else center
        coef, center = matrix, moved
    elif isinstance(stage, Affine):
        coef = coef @ stage.matrix
        constant, center = -coef @ stage.center, stage.center
    elif isinstance(stage, Scaling) and (end := affine_end(stage)) is not None:
        start, (factor, offset) = end
        rest = () if start is None else (start,)
        constant = coef @ offset
        coef, center = coef * factor, ((0.0 if center is None else center) - offset) / np.where(factor == 0, 1.0, factor)
    elif isinstance(stage, Parallel):
        return _behind_branches(coef, center, tuple(before), stage, width(tuple(before), n_in))
    elif isinstance(stage, Polynomial) and coef[:, one := ~stage.powers.any(axis=1)].any():
        rest = (stage,)
        constant = coef[:, one].sum(axis=1)
        coef = np.where(one, 0.0, coef)
    else:
        return None
    return coef, constant, center, (*before, *rest)


def _behind_branches(coef: np.ndarray, center: np.ndarray | None, before: Stages, stage: Parallel, n_in: int):
    """As `_behind`: what each branch ends with. Branches of which nothing is left are one, of the whole row."""
    parts, branches, start = [], [], 0
    row, row_center, constant = np.zeros((len(coef), n_in)), np.zeros(n_in), np.zeros(len(coef))
    taken = False
    for branch in stage.branches:
        n = width(branch, n_in)
        own, own_center = coef[:, start : start + n], None if center is None else center[start : start + n]
        start += n
        if len(branch) == 1 and isinstance(branch[0], Columns) and np.array_equal(branch[0].source, np.arange(n_in)):
            branch = ()  # the whole row already
        while branch and (folded := _behind(own, own_center, branch, n_in)) is not None:
            own, more, own_center, branch = folded
            constant = constant + more
            taken = True
        if branch:
            parts.append((own, np.zeros(own.shape[1]) if own_center is None else own_center))
            branches.append(branch)
        else:
            row = row + own
            row_center = np.where(row_center == 0, 0.0 if own_center is None else own_center, row_center)
    if branches and not taken:
        return None
    if not branches:
        return row, constant, row_center, before
    if row.any():
        parts.append((row, row_center))
        branches.append((Columns(np.arange(n_in)),))
    coef, center = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    return coef, constant, center, (*before, Parallel(tuple(branches)))


def _linear(core: Linear, stages: Stages, n_in: int) -> tuple[Linear, Stages] | None:
    folded = _behind(core.coef, core.center, stages, n_in)
    if folded is None:
        return None
    coef, constant, center, stages = folded
    return Linear(coef, core.intercept + constant, center), stages


def _network(core: Network, stages: Stages, n_in: int) -> tuple[Network, Stages] | None:
    (weights, bias), *layers = core.layers
    folded = _behind(weights, None, stages, n_in)
    if folded is None:
        return None
    weights, constant, _, stages = folded
    return replace(core, layers=((weights, bias + constant), *layers)), stages


def _neighbors(core: Neighbors | KernelMachine, stages: Stages, n_in: int) -> tuple[Any, Stages] | None:
    """A factor and an offset of each feature; also of branches that end so."""
    *before, stage = stages
    if isinstance(stage, Parallel):
        last = [branch[-1] if len(branch) > 1 else None for branch in stage.branches]
        ends = [affine_end(scaling) if isinstance(scaling, Scaling) else None for scaling in last]
        if not any(ends):
            return None
        branches, lines = [], []
        for branch, end in zip(stage.branches, ends, strict=True):
            n = width(branch, width(tuple(before), n_in))
            start, line = end or (branch[-1], (np.ones(n), np.zeros(n)))
            branches.append(branch[:-1] if start is None else (*branch[:-1], start))
            lines.append(line)
        factor, offset = (np.concatenate(part) for part in zip(*lines, strict=True))
        rest: Stages = (Parallel(tuple(branches)),)
    elif isinstance(stage, Scaling) and (one := affine_end(stage)) is not None:
        kept, (factor, offset) = one
        rest = () if kept is None else (kept,)
    else:
        return None
    if not factor.all():
        return None
    if core.factor is not None:
        factor, offset = core.factor * factor, core.factor * offset + core.offset
    return replace(core, factor=factor, offset=offset), (*before, *rest)


FOLDS: dict[type, Callable[[Any, Stages, int], Any]] = {
    Trees: _trees,
    Linear: _linear,
    Network: _network,
    Neighbors: _neighbors,
    KernelMachine: _neighbors,
}


def _used(core: Core) -> np.ndarray | None:
    """Inputs on which the scores depend, in order; None: all of them."""
    if isinstance(core, Trees):
        return np.unique(core.feature)
    if isinstance(core, Linear):
        return np.flatnonzero(core.coef.any(axis=0))
    if isinstance(core, Network):
        return np.flatnonzero(core.layers[0][0].any(axis=0))
    return None


def _without_unused(core: Core, used: np.ndarray) -> Any:
    if isinstance(core, Trees):
        return replace(core, feature=np.searchsorted(used, core.feature).astype(core.feature.dtype))
    if isinstance(core, Linear):
        return Linear(core.coef[:, used], core.intercept, None if core.center is None else core.center[used])
    assert isinstance(core, Network)
    (weights, bias), *layers = core.layers
    return replace(core, layers=((weights[:, used], bias), *layers))


def _pruned(core: Core, stages: Stages, n_in: int) -> tuple[Any, Stages]:
    """Without the work for inputs that the core does not read."""
    used = _used(core)
    if used is None or not stages:
        used = np.arange(width(stages, n_in))
    else:
        used = used if len(used) else np.zeros(1, dtype=np.int64)  # a model that reads nothing keeps one input
        core = _without_unused(core, used)
    stages, source = restricted(stages, n_in, used)
    return core, stages if len(source) == n_in else (Columns(source), *stages)
