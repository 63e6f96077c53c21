"""The stages in front of a model as kernels, their constants, and the steps that they take over one array of numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edgewise.algebra import fills, width
from edgewise.backends.module import Emission, Name, functions
from edgewise.backends.packing import code_for, pack, pack_floats
from edgewise.errors import UnsupportedModelError
from edgewise.float32 import TINY
from edgewise.ir import Affine, Columns, LargestAbs, Normalize, Parallel, Polynomial, Scaling, Stage, SumSquares
from edgewise.passes import BoardModel

NORMS = {"l1": 1, "l2": 2, "max": 0}
# Kernels of stages that only move numbers, and the machine code that takes their place
NATIVE = {"stage_columns": "stage_columns_native", "stage_fill": "stage_fill_native"}
# By the function of the model, the kernel that puts the stages in front of it
WRAPPERS = {"predict": "staged", "predict_proba": "staged_proba", "score": "staged_score"}


@dataclass
class _Steps:
    """What is written down, stage by stage. steps: function, from, how many, to, how many, where its constants begin."""

    n_values: int  # the raw row comes first
    kernels: list[str] = field(default_factory=list)
    steps: list[object] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def room(self, n: int) -> int:
        """Where the next n numbers may lie."""
        self.n_values += n
        return self.n_values - n

    def constants(self, values: Any, integers: bool = False) -> int:
        """Writes constants down; where they begin."""
        table: list = self.places if integers else self.numbers
        table += np.ravel(values).tolist()
        return len(table) - np.size(values)

    def step(self, kernels: tuple[str, ...], function: str, *numbers: int) -> None:
        self.kernels += [kernel for kernel in kernels if kernel not in self.kernels]
        self.steps += [Name(function), *numbers]

    def run(self, stages: Sequence[Stage], at: int, n: int, to: int | None = None, owned: bool = True) -> tuple[int, int]:
        """(where the results lie, how many) of n numbers at `at`, which may be overwritten if `owned`; the last go to `to`."""
        pending: list[Any] = list(stages)
        while pending:
            stage = pending.pop(0)
            if isinstance(stage, Affine):  # what is added to each of its outputs is one step with it
                offset = np.zeros(len(stage.matrix))
                if pending and isinstance(pending[0], Scaling) and pending[0].steps[0][0] == "add":
                    (_, offset), *others = pending.pop(0).steps
                    pending[:0] = [Scaling(tuple(others))] if others else []
                stage = _AffineStep(stage, offset)
            target = None if pending else to
            at, n = STEPS[type(stage)](self, stage, at, n, target, owned)
            owned = True
        return at, n


@dataclass(frozen=True)
class _AffineStep:
    affine: Affine
    offset: np.ndarray


def _columns(steps: _Steps, stage: Columns, at: int, n: int, to: int | None, owned: bool) -> tuple[int, int]:
    m = len(stage.source)
    to = steps.room(m) if to is None else to
    steps.step(("stage_columns",), "_columns", at, n, to, m, steps.constants(stage.source, integers=True))
    return to, m


def _affine(steps: _Steps, stage: _AffineStep, at: int, n: int, to: int | None, owned: bool) -> tuple[int, int]:
    m = len(stage.offset)
    to = steps.room(m) if to is None else to
    place = steps.constants(stage.affine.center)
    steps.constants(np.column_stack([stage.offset, stage.affine.matrix]))
    steps.step(("stage_affine",), "_affine", at, n, to, m, place)
    return to, m


def _normalize(steps: _Steps, stage: Normalize, at: int, n: int, to: int | None, owned: bool) -> tuple[int, int]:
    to = (at if owned else steps.room(n)) if to is None else to
    steps.step(("stage_normalize",), "_normalize", at, n, to, n, NORMS[stage.norm])
    return to, n


def _polynomial(steps: _Steps, stage: Polynomial, at: int, n: int, to: int | None, owned: bool) -> tuple[int, int]:
    m = len(stage.powers)
    to = steps.room(m) if to is None else to
    place = len(steps.places)
    for powers in stage.powers:
        steps.constants([powers.sum(), *np.repeat(np.arange(n), powers)], integers=True)
    steps.step(("stage_polynomial",), "_products", at, n, to, m, place)
    return to, m


def _squares(steps: _Steps, stage: SumSquares, at: int, n: int, to: int | None, owned: bool) -> tuple[int, int]:
    m = len(stage.sizes)
    to = steps.room(m) if to is None else to
    steps.step(("stage_squares",), "_squares", at, n, to, m, steps.constants(stage.sizes, integers=True))
    return to, m


def _largest(steps: _Steps, stage: LargestAbs, at: int, n: int, to: int | None, owned: bool) -> tuple[int, int]:
    to = steps.room(1) if to is None else to
    steps.step(("stage_largest",), "_largest", at, n, to, 1, 0)
    return to, 1


def _parallel(steps: _Steps, stage: Parallel, at: int, n: int, to: int | None, owned: bool) -> tuple[int, int]:
    sizes = [width(branch, n) for branch in stage.branches]
    to = steps.room(sum(sizes)) if to is None else to
    start = to
    for branch, size in zip(stage.branches, sizes, strict=True):
        steps.run(branch or (Columns(np.arange(n)),), at, n, start, owned=False)  # one that does nothing is copied
        start += size
    return to, sum(sizes)


def _scaling(steps: _Steps, stage: Scaling, at: int, n: int, to: int | None, owned: bool) -> tuple[int, int]:
    to = (at if owned else steps.room(n)) if to is None else to
    pending = list(stage.steps)
    while pending:
        kernel = next(kernel for kernel in ELEMENTWISE if pending[0][0] in kernel.neutral)
        operands = {}
        for name in kernel.neutral:
            if pending and pending[0][0] == name:
                operands[name] = pending.pop(0)[1]
        if kernel is CENTERED and "sub" not in operands:
            kernel = LINE
        constants = [operands.get(name, np.full(n, neutral)) for name, neutral in kernel.neutral.items()]
        if "yeo_johnson" in operands:
            constants.append(2.0 - operands["yeo_johnson"])
        steps.step(kernel.files, kernel.function, at, n, to, n, steps.constants(constants))
        at = to
    return to, n


@dataclass(frozen=True)
class _Elementwise:
    """A kernel of single numbers. neutral: the operations that it does, in its order, and operands that change nothing."""

    files: tuple[str, ...]
    function: str
    neutral: Mapping[str, float]


LINE = _Elementwise(("stage_line",), "_line", {"mul": 1.0, "add": 0.0})
CENTERED = _Elementwise(("stage_centered",), "_centered", {"sub": 0.0, **LINE.neutral})
ELEMENTWISE = (
    CENTERED,
    _Elementwise(("stage_clip",), "_clip", {"max": -np.inf, "min": np.inf}),
    _Elementwise(("stage_fill",), "_fill_in", {"fill": np.nan}),
    _Elementwise(("stage_logarithms", "stage_yeo_johnson"), "_yeo_johnson", {"yeo_johnson": 1.0}),
    _Elementwise(("stage_logarithms", "stage_box_cox"), "_box_cox", {"box_cox": 1.0}),
)
STEPS: dict[type, Callable[[_Steps, Any, int, int, int | None, bool], tuple[int, int]]] = {
    Columns: _columns,
    Scaling: _scaling,
    _AffineStep: _affine,
    Normalize: _normalize,
    Polynomial: _polynomial,
    SumSquares: _squares,
    LargestAbs: _largest,
    Parallel: _parallel,
}


def staged(emission: Emission, model: BoardModel) -> Emission:
    """With the stages in front of the functions that take a row, and the places of the features that the model needs."""
    kernels, constants = emission.kernels, dict(emission.constants)
    if model.needs is not None:
        kernels, constants["NEEDS"] = (*kernels, "needs"), model.needs
    if not model.stages:
        return replace(emission, kernels=kernels, constants=constants)
    steps = _Steps(model.n_features)
    at, n = steps.run(model.stages, 0, model.n_features)
    code = code_for(steps.places)
    constants |= {
        "_N_VALUES": steps.n_values,
        "_NUMBERS": pack_floats(_single(np.array(steps.numbers))),
        "_PLACES_CODE": code,
        "_PLACES": pack(code, steps.places),
        "_TAKES_NAN": fills(model.stages),
        "_STEPS": tuple(steps.steps),
        "_INPUTS_AT": at,
        "_INPUTS_END": at + n,
    }
    kernels = (*kernels, "stage_values", *steps.kernels, "stage_steps")
    found = functions(kernels)
    behind = tuple(wrapper for function, wrapper in WRAPPERS.items() if function in found)
    compiled = emission.compiled
    if compiled:
        compiled = (*compiled, "stage_read_native", *(NATIVE[kernel] for kernel in steps.kernels if kernel in NATIVE))
        if "stage_columns" in steps.kernels:
            constants["_WIDE_PLACES"] = code != "B"
    return replace(emission, kernels=kernels, constants=constants, compiled=compiled, behind=behind)


def _single(numbers: np.ndarray) -> np.ndarray:
    """As float32, zero where boards take it for that; raises UnsupportedModelError where a finite one is too large."""
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    if (np.isinf(single) & np.isfinite(numbers)).any():
        raise UnsupportedModelError("a number of the pipeline is beyond single precision (3.4e38); rescale the features")
    return np.where(np.abs(single) < TINY, np.float32(0), single)
