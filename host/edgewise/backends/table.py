"""Packed tables and a plain loop: the default, small and without allocation where it can be."""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.backends.module import Emission
from edgewise.backends.packing import code_for, pack, pack_floats
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees

PROBA_KERNELS = {"sigmoid": "proba_sigmoid", "softmax": "proba_softmax", "ovr": "proba_ovr", "huber": "proba_huber"}
PROBA_NEEDS = {
    "proba_sigmoid": ("sigmoid",),
    "proba_softmax": (),
    "proba_ovr": ("normalized", "sigmoid"),
    "proba_huber": ("normalized",),
}
# A pooled threshold takes 4 bytes as a constant, 4 as a tuple's item and 16 as a float; a direct one takes 4 a node.
POOLED_BYTES = 24


def emit(model: BoardModel) -> Emission:
    return EMITTERS[type(model.core)](model, model.core)


def _trees(model: BoardModel, core: BoardTrees) -> Emission:
    leaf_numbers, kernel, constants = leaf_payload(model, core)
    n_nodes = len(core.feature)

    def references(child: np.ndarray) -> np.ndarray:
        return np.where(child >= 0, child, n_nodes + leaf_numbers[~child])

    left, right, roots = references(core.left), references(core.right), references(core.roots)
    code = code_for(np.concatenate([left, right]))
    constants |= {
        "_N_NODES": n_nodes,
        "_CODE": code,
        "_FEATURE_CODE": code_for(core.feature),
        "_FEATURE": pack(code_for(core.feature), core.feature),
        "_LEFT": pack(code, left),
        "_RIGHT": pack(code, right),
        "_ROOTS": tuple(int(root) for root in roots),
    }
    walk, thresholds = _thresholds(core.threshold)
    return Emission(("common", "checked", walk, kernel), constants | thresholds)


def _thresholds(threshold: np.ndarray) -> tuple[str, dict[str, object]]:
    pool, index = np.unique(threshold, return_inverse=True)
    code = code_for(index)
    if len(pool) * POOLED_BYTES + len(index) * np.dtype(np.uint8 if code == "B" else np.uint16).itemsize < 4 * len(index):
        return "walk_pool", {"_POOL_CODE": code, "_POOL": pack_floats(pool), "_THRESHOLD": pack(code, index)}
    return "walk_direct", {"_THRESHOLD": pack_floats(threshold)}


def leaf_payload(model: BoardModel, core: BoardTrees) -> tuple[np.ndarray, str, dict[str, object]]:
    """(number of each leaf, kernel, its constants). Equal leaves share a number; a pure leaf's number is its class."""
    if model.classes is None:
        values, numbers = np.unique(core.votes[:, 0], return_inverse=True)
        line = pack_floats([core.offset, core.scale])
        return numbers, "trees_regressor", {"_LEAF_STEPS": pack("I", values), "_LINE": line}
    n_classes = len(model.classes)
    pure = core.votes.max(axis=1) == core.full
    rows, row_numbers = np.unique(core.votes[~pure], axis=0, return_inverse=True)
    numbers = core.votes.argmax(axis=1)
    numbers[~pure] = n_classes + row_numbers.ravel()
    present = rows > 0
    start = np.concatenate([[0], present.sum(axis=1).cumsum()])
    code = code_for(start)
    constants = {
        "CLASSES": model.classes,
        "_FULL": core.full,
        "_ROW_CODE": code,
        "_ROW_START": pack(code, start),
        "_CLASS_CODE": code_for([n_classes - 1]),
        "_ROW_CLASS": pack(code_for([n_classes - 1]), present.nonzero()[1]),
        "_ROW_VOTES": pack("H", rows[present]),
    }
    return numbers, "trees_classifier", constants


def linear_kernels(model: BoardModel, core: BoardLinear) -> tuple[str, ...]:
    """What follows the scores, whichever back end computes them."""
    if model.classes is None:
        return ("linear_regressor",)
    if not model.has_proba or core.link == "none":
        return ("linear_classifier",)
    proba = PROBA_KERNELS[core.link]
    return (*PROBA_NEEDS[proba], "linear_classifier", proba)


def linear_constants(model: BoardModel) -> dict[str, object]:
    return {} if model.classes is None else {"CLASSES": model.classes}


def _linear(model: BoardModel, core: BoardLinear) -> Emission:
    constants: dict[str, object] = {
        "_CENTERED": bool(core.center.any()),
        "_CENTER": pack_floats(core.center) if core.center.any() else b"",
        "_COEF": pack_floats(core.coef),
        "_INTERCEPT": pack_floats(core.intercept),
        "_N_SCORES": len(core.intercept),
    }
    kernels = ("common", "checked", "scores_table", *linear_kernels(model, core))
    return Emission(kernels, constants | linear_constants(model))


def _neighbors(model: BoardModel, core: BoardNeighbors) -> Emission:
    moved = bool(core.center.any() or (core.factor != 1).any())
    constants: dict[str, object] = {
        "_K": core.k,
        "_N_PROTOTYPES": len(core.prototypes),
        "_MOVED": moved,
        "_CENTER": pack_floats(core.center) if moved else b"",
        "_FACTOR": pack_floats(core.factor) if moved else b"",
        "_PROTOTYPES": pack_floats(core.prototypes),
    }
    if core.weights == "distance":
        constants["_SQUARED"] = core.metric == "euclidean"
    if model.classes is None:
        constants["_TARGET"] = pack_floats(core.target)
    else:
        code = code_for(core.target)
        constants |= {"CLASSES": model.classes, "_TARGET_CODE": code, "_TARGET": pack(code, core.target)}
    kind = "regressor" if model.classes is None else "classifier"
    kernels = ("common", "checked", f"distance_{core.metric}", "nearest", f"weights_{core.weights}", f"neighbors_{kind}")
    return Emission(kernels, constants)


EMITTERS: dict[type, Callable[[BoardModel, Any], Emission]] = {
    BoardTrees: _trees,
    BoardLinear: _linear,
    BoardNeighbors: _neighbors,
}
