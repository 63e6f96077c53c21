"""Kernels that MicroPython compiles to machine code: `viper` for every architecture, `thumb` assembled for Cortex-M."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edgewise import network
from edgewise.algebra import fills
from edgewise.backends import packed_linear, packed_machine, packed_neighbors, packed_network
from edgewise.backends.module import Emission
from edgewise.backends.packing import pack_floats
from edgewise.backends.table import proba_kernels, sum_kernels
from edgewise.errors import UnsupportedModelError
from edgewise.fixed import BoardFixed, fix
from edgewise.ir import SumSquares
from edgewise.machines import BoardMachine
from edgewise.network import MAX_CHANGED, BoardNetwork, FloatNetwork
from edgewise.packed_trees import pack_trees
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees

COMPILED = {
    "thumb": ("rows_thumb", "rows_native", "trees_thumb", "answer_thumb"),
    "viper": ("rows_viper", "rows_native", "trees_viper", "answer_viper"),
}


def prepared(model: BoardModel, bits: int | None = None, max_changed: float = MAX_CHANGED) -> BoardModel:
    """The model as a kernel computes it: linear ones in fixed point, networks in whole numbers (see `network.fitted`).

    Raises UnsupportedModelError.
    """
    if isinstance(model.core, FloatNetwork):
        core = model.core
        return replace(model, core=network.fitted(core.network, core.rows, bits, max_changed, model.classes is None))
    if isinstance(model.core, BoardMachine):
        return replace(model, core=packed_machine.fix(model, model.core, bits, max_changed))  # type: ignore[arg-type]
    if not isinstance(model.core, BoardLinear):
        return model
    if model.stages and isinstance(model.stages[-1], SumSquares):
        # near a class they are small, far from it huge: no unit fits both (GaussianNB on digits: 340 of 898 rows changed)
        raise UnsupportedModelError("sums of squares range too widely for fixed point; use --backend table")
    return replace(model, core=fix(model.core))


def emit(model: BoardModel, kernel: str) -> Emission:
    """model: prepared. kernel: "thumb" or "viper". Raises UnsupportedModelError where there is none for the model."""
    emitter = EMITTERS.get(type(model.core))
    if emitter is None:
        raise UnsupportedModelError(f"the {kernel} back end has no kernel for {model.description}; use --backend table")
    emission = emitter(model, model.core, kernel)
    return replace(emission, constants={**emission.constants, "_TAKES_NAN": fills(model.stages)})


def supports(model: BoardModel, kernel: str) -> bool:
    """Is there a kernel for the model?"""
    try:
        emit(prepared(model), kernel)
    except UnsupportedModelError:
        return False
    return True


def _trees(model: BoardModel, core: BoardTrees, kernel: str) -> Emission:
    if core.weights is not None or model.decision in ("values", "labels"):
        raise UnsupportedModelError(f"the {kernel} back end has no kernel for {model.description}; use --backend table")
    n_classes = core.n_counted
    packed = pack_trees(core, n_classes)
    n_keys = model.n_inputs if packed.constants["_MIRRORED"] else 0
    constants = packed.constants | {"_DATA": packed.data, "_N_WORK": 1 + n_classes + n_keys}
    if kernel == "viper":
        constants["_N_FEATURES"] = model.n_inputs
    if core.full:
        constants |= {"CLASSES": model.classes}
        if model.has_proba:
            constants["_ALL_VOTES"] = core.full * len(core.roots)
        shared: tuple[str, ...] = ("classes", "label", *["votes"] * model.has_proba)
    elif n_classes:
        proba = proba_kernels(model)
        constants |= {"CLASSES": model.classes} | ({"_LINE": pack_floats([core.offset, core.scale])} if proba else {})
        shared = ("classes", "label", *(("votes_scores", *proba) if proba else ()))
    else:
        shared, more = sum_kernels(model, core)
        constants |= more
    kernels = ("common", "rows", "packed_data", *shared)
    return Emission(kernels, constants, compiled=COMPILED[kernel], plain=("trees_packed",), packing=packed.packing)


EMITTERS: dict[type, Callable[[BoardModel, Any, str], Emission]] = {
    BoardTrees: _trees,
    BoardFixed: packed_linear.emit,
    BoardNeighbors: packed_neighbors.emit,
    packed_machine.GridMachine: packed_machine.emit,
    BoardNetwork: packed_network.emit,
}
