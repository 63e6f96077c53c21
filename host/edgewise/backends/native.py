"""Kernels that MicroPython compiles to machine code: `viper` for every architecture, `thumb` assembled for Cortex-M."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edgewise.backends import packed_linear, packed_neighbors
from edgewise.backends.module import Emission
from edgewise.backends.packing import pack_floats
from edgewise.errors import UnsupportedModelError
from edgewise.fixed import BoardFixed, fix
from edgewise.packed_trees import pack_trees
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees

COMPILED = {
    "thumb": ("rows_thumb", "rows_native", "trees_thumb", "answer_thumb"),
    "viper": ("rows_viper", "rows_native", "trees_viper", "answer_viper"),
}


def prepared(model: BoardModel) -> BoardModel:
    """The model as a kernel computes it: linear ones in fixed point. Raises UnsupportedModelError."""
    return replace(model, core=fix(model.core)) if isinstance(model.core, BoardLinear) else model


def emit(model: BoardModel, kernel: str) -> Emission:
    """model: prepared. kernel: "thumb" or "viper". Raises UnsupportedModelError where there is none for the model."""
    emitter = EMITTERS.get(type(model.core))
    if emitter is None:
        raise UnsupportedModelError(f"the {kernel} back end has no kernel for {model.description}; use --backend table")
    return emitter(model, model.core, kernel)


def supports(model: BoardModel, kernel: str) -> bool:
    """Is there a kernel for the model?"""
    try:
        emit(prepared(model), kernel)
    except UnsupportedModelError:
        return False
    return True


def _trees(model: BoardModel, core: BoardTrees, kernel: str) -> Emission:
    n_classes = len(model.classes or ())
    packed = pack_trees(core, n_classes)
    n_keys = model.n_features if packed.constants["_MIRRORED"] else 0
    constants = packed.constants | {"_DATA": packed.data, "_N_WORK": 1 + n_classes + n_keys}
    if kernel == "viper":
        constants["_N_FEATURES"] = model.n_features
    if n_classes:
        constants |= {"CLASSES": model.classes, "_ALL_VOTES": core.full * len(core.roots)}
        shared: tuple[str, ...] = ("classes", "label", "votes")
    else:
        constants["_LINE"] = pack_floats([core.offset, core.scale])
        shared = ("steps",)
    kernels = ("common", "rows", "packed_data", *shared)
    return Emission(kernels, constants, compiled=COMPILED[kernel], plain=("trees_packed",), packing=packed.packing)


EMITTERS: dict[type, Callable[[BoardModel, Any, str], Emission]] = {
    BoardTrees: _trees,
    BoardFixed: packed_linear.emit,
    BoardNeighbors: packed_neighbors.emit,
}
