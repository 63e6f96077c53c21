"""Stages that are chosen from, merged and prepared for float32, in algebra that float64 follows to some 1e-15."""

from dataclasses import replace

import numpy as np

from edgewise.ir import Affine, Columns, Model, Parallel, Polynomial, Scaling, Stage, SumSquares, Trees

Stages = tuple[Stage, ...]
SMALL_OFFSET = 4.0  # beside scaled numbers of about 1: up to it adding costs no more digits than they have


def width(stages: Stages, n_in: int) -> int:
    """How many numbers stages make of n_in."""
    row = np.ones((1, n_in))
    for stage in stages:
        row = stage(row)
    return row.shape[1]


def fills(stages: Stages) -> bool:
    """Whether some of them put numbers in the place of NaN."""
    for stage in stages:
        if isinstance(stage, Parallel) and any(map(fills, stage.branches)):
            return True
        if isinstance(stage, Scaling) and any(name == "fill" for name, _ in stage.steps):
            return True
    return False


def settled(model: Model, X: np.ndarray | None) -> Model:
    """Without ways for NaN that it did not learn, unless the training rows hold NaN: they would cost the board a stage."""
    core = model.core
    if not isinstance(core, Trees) or core.learned_missing or (X is not None and np.isnan(X).any()):
        return model
    return replace(model, core=replace(core, missing_left=None))


def takes_missing(model: Model) -> bool:
    """Whether its rows may hold NaN."""
    return fills(model.stages) or (isinstance(model.core, Trees) and model.core.missing_left is not None)


def affine_end(stage: Scaling) -> tuple[Scaling | None, tuple[np.ndarray, np.ndarray]] | None:
    """(what is before, (factor, offset) of the affine steps that it ends with), or None where there are none."""
    steps = stage.steps
    n = len(steps)
    while n and steps[n - 1][0] in Scaling.AFFINE:
        n -= 1
    if n == len(steps):
        return None
    return (Scaling(steps[:n]) if n else None), Scaling(steps[n:]).affine


def restricted(stages: Stages, n_in: int, used: np.ndarray) -> tuple[Stages, np.ndarray]:
    """(stages, source): of those inputs that are needed for the outputs `used`, in order, to these outputs alone."""
    if not stages:
        return (), used
    *before, stage = stages
    own, source = _restricted(stage, width(tuple(before), n_in), used)
    kept, source = restricted(tuple(before), n_in, source)
    return (*kept, *own), source


def _restricted(stage: Stage, n_in: int, used: np.ndarray) -> tuple[Stages, np.ndarray]:
    if isinstance(stage, Columns):
        source = np.unique(stage.source[used])
        return (Columns(np.searchsorted(source, stage.source[used])),), source
    if isinstance(stage, Scaling):
        return (Scaling(tuple((name, operand[used]) for name, operand in stage.steps)),), used
    if isinstance(stage, Affine):
        matrix = stage.matrix[used]
        source = _any(matrix)
        return (Affine(matrix[:, source], stage.center[source]),), source
    if isinstance(stage, Polynomial):
        powers = stage.powers[used]
        source = _any(powers)
        return (Polynomial(powers[:, source]),), source
    if isinstance(stage, SumSquares):
        group = np.repeat(np.arange(len(stage.sizes)), stage.sizes)
        return (SumSquares(tuple(np.asarray(stage.sizes)[used].tolist())),), np.flatnonzero(np.isin(group, used))
    if isinstance(stage, Parallel):
        parts, start = [], 0
        for branch in stage.branches:
            n = width(branch, n_in)
            own = used[(used >= start) & (used < start + n)] - start
            start += n
            if len(own):
                parts.append(restricted(branch, n_in, own))
        source = np.unique(np.concatenate([source for _, source in parts]))
        branches = [(Columns(np.searchsorted(source, own)), *branch) for branch, own in parts]
        return (Parallel(tuple(branches)),), source
    n_out = width((stage,), n_in)  # all of it is needed for any of its outputs, such as of a norm
    return (stage,) if len(used) == n_out else (stage, Columns(used)), np.arange(n_in)


def _any(matrix: np.ndarray) -> np.ndarray:
    """Columns in which there is something; the first where there is nothing at all."""
    columns = np.flatnonzero(matrix.any(axis=0))
    return columns if len(columns) else np.zeros(1, dtype=np.int64)


def simplified(stages: Stages, n_in: int) -> Stages:
    """The same, with neighbors merged, columns chosen first and branches of single numbers as one."""
    done: Stages = ()
    pending = list(stages)
    while pending:
        stage = pending.pop(0)
        if isinstance(stage, Parallel):
            replaced = _simplified_branches(stage, width(done, n_in))
            if not isinstance(replaced[0], Parallel):
                pending = [*replaced, *pending]
                continue
            stage = replaced[0]
        if isinstance(stage, Columns) and np.array_equal(stage.source, np.arange(width(done, n_in))):
            continue
        merged = _merged(done[-1], stage) if done else None
        if merged is None:
            done = (*done, stage)
        else:
            done, pending = done[:-1], [*merged, *pending]
    return done


def _simplified_branches(stage: Parallel, n_in: int) -> Stages:
    branches: list[Stages] = []
    for branch in stage.branches:
        branch = simplified(branch, n_in) or (Columns(np.arange(n_in)),)
        branches += list(branch[0].branches) if len(branch) == 1 and isinstance(branch[0], Parallel) else [branch]
    if len(branches) == 1:
        return branches[0]
    if not all(_of_single_numbers(branch) for branch in branches):
        return (Parallel(tuple(branches)),)
    sources = [branch[0].source if isinstance(branch[0], Columns) else np.arange(n_in) for branch in branches]
    columns = (Columns(np.concatenate(sources)),)
    steps: list[tuple[str, list[np.ndarray]]] = []  # of each an operand a branch, neutral where the branch has no such step
    for i, branch in enumerate(branches):
        place = 0
        last = branch[-1]
        for name, operand in last.steps if isinstance(last, Scaling) else ():
            later = [at for at in range(place, len(steps)) if steps[at][0] == name]
            if not later:
                steps.insert(place, (name, [np.full(len(source), NEUTRAL[name]) for source in sources]))
            place = later[0] if later else place
            steps[place][1][i] = operand
            place += 1
    return (*columns, Scaling(tuple((name, np.concatenate(operands)) for name, operands in steps))) if steps else columns


# Operands that leave every number as it is
NEUTRAL = {"sub": 0.0, "div": 1.0, "mul": 1.0, "add": 0.0, "min": np.inf, "max": -np.inf, "fill": np.nan}


def _of_single_numbers(branch: Stages) -> bool:
    """Whether it is columns, a scaling with neutral operands, or one after the other."""
    kinds = [type(stage) for stage in branch]
    return kinds in ([Columns], [Scaling], [Columns, Scaling]) and all(
        name in NEUTRAL for stage in branch if isinstance(stage, Scaling) for name, _ in stage.steps
    )


def _merged(before: Stage, stage: Stage) -> Stages | None:
    """What takes the place of two neighbors, or None."""
    if isinstance(stage, Columns):
        return _then_columns(before, stage.source)
    if isinstance(before, Scaling) and isinstance(stage, Scaling):
        return (Scaling(before.steps + stage.steps),)
    if isinstance(before, Scaling) and isinstance(stage, Affine) and (end := affine_end(before)) is not None:
        start, (factor, offset) = end
        if not factor.all():
            return None
        return *(() if start is None else (start,)), Affine(stage.matrix * factor, (stage.center - offset) / factor)
    if isinstance(before, Affine) and isinstance(stage, Affine):
        return Affine(stage.matrix @ before.matrix, before.center), _plus(-stage.matrix @ stage.center)
    if isinstance(before, Affine) and isinstance(stage, Scaling) and (n := _n_affine(stage)) and stage.steps[0][0] != "add":
        factor, offset = Scaling(stage.steps[:n]).affine
        rest = (("add", offset), *stage.steps[n:]) if offset.any() else stage.steps[n:]
        return Affine(factor[:, None] * before.matrix, before.center), *((Scaling(rest),) if rest else ())
    return None


def _then_columns(before: Stage, source: np.ndarray) -> Stages | None:
    if isinstance(before, Columns):
        return (Columns(before.source[source]),)
    if isinstance(before, Affine):
        return (Affine(before.matrix[source], before.center),)
    if isinstance(before, Polynomial):
        return (Polynomial(before.powers[source]),)
    if isinstance(before, Scaling) and len(np.unique(source)) == len(source):
        return Columns(source), Scaling(tuple((name, operand[source]) for name, operand in before.steps))
    return None


def _n_affine(stage: Scaling) -> int:
    """How many affine steps it begins with."""
    return next((i for i, (name, _) in enumerate(stage.steps) if name not in Scaling.AFFINE), len(stage.steps))


def _plus(offset: np.ndarray) -> Scaling:
    return Scaling((("add", offset),))


def recentered(stages: Stages) -> Stages:
    """With centers that float32 holds, so that a large, nearly constant number loses nothing: what they lack is added in the end.

    Affine steps become "sub" of such a center, "mul" and "add", each where it does something.
    """
    done: list[Stage] = []
    for stage in stages:
        if isinstance(stage, Parallel):
            done.append(Parallel(tuple(map(recentered, stage.branches))))
        elif isinstance(stage, Affine):
            center = _single(stage.center)
            done.append(Affine(stage.matrix, center))
            if (offset := stage.matrix @ (center - stage.center)).any():
                done.append(_plus(offset))
        elif isinstance(stage, Scaling):
            before = done[-1] if done else None
            steps = stage.steps
            if isinstance(before, Scaling):
                done.pop()
                steps = before.steps + steps
            if steps := _recentered_steps(steps):
                done.append(Scaling(steps))
        else:
            done.append(stage)
    return tuple(done)


def _recentered_steps(steps: tuple[tuple[str, np.ndarray], ...]) -> tuple[tuple[str, np.ndarray], ...]:
    n = _n_affine(Scaling(steps))
    if n == len(steps) == 0:
        return ()
    if not n:
        return steps[0], *_recentered_steps(steps[1:])
    factor, offset = Scaling(steps[:n]).affine
    center = _single(np.where(factor == 0, 0.0, -offset / np.where(factor == 0, 1.0, factor)))
    if np.abs(offset).max() <= SMALL_OFFSET:
        center = np.zeros_like(center)
    lines = (("sub", center), ("mul", factor), ("add", offset + factor * center))
    kept = tuple(line for line, neutral in zip(lines, (0.0, 1.0, 0.0), strict=True) if (line[1] != neutral).any())
    return kept + _recentered_steps(steps[n:])


def _single(values: np.ndarray) -> np.ndarray:
    """The nearest float32, as float64."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(single), single, 0.0)
