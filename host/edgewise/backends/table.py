"""Packed tables and a plain loop: the default, small and without allocation where it can be."""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise import machines
from edgewise.backends.module import Emission
from edgewise.backends.packing import code_for, pack, pack_floats
from edgewise.board_trees import FULL_VOTES
from edgewise.machines import BoardMachine
from edgewise.network import FloatNetwork
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees

PROBA_KERNELS = {"sigmoid": "proba_sigmoid", "softmax": "proba_softmax", "ovr": "proba_ovr", "huber": "proba_huber"}
PROBA_NEEDS = {
    "proba_sigmoid": ("sigmoid",),
    "proba_softmax": (),
    "proba_ovr": ("normalized", "sigmoid"),
    "proba_huber": ("normalized",),
}
# What makes an answer of the list that _scores(x) gives, by decision (see ir.DECISIONS) and by the link of a value
ANSWERS = {
    ("largest", ""): "linear_classifier",
    ("value", ""): "linear_regressor",
    ("value", "exp"): "answer_exp",
    ("values", ""): "answer_values",
    ("labels", ""): "answer_labels",
    ("pairs", ""): "answer_pairs",
    ("threshold", ""): "answer_threshold",
}
# A pooled threshold takes 4 bytes as a constant, 4 as a tuple's item and 16 as a float; a direct one takes 4 a node.
POOLED_BYTES = 24


def emit(model: BoardModel) -> Emission:
    return EMITTERS[type(model.core)](model, model.core)


def _trees(model: BoardModel, core: BoardTrees) -> Emission:
    leaf_numbers, kernels, constants = leaf_payload(model, core)
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
    return Emission(("common", "checked", walk, *kernels), constants | thresholds)


def _thresholds(threshold: np.ndarray) -> tuple[str, dict[str, object]]:
    pool, index = np.unique(threshold, return_inverse=True)
    code = code_for(index)
    if len(pool) * POOLED_BYTES + len(index) * np.dtype(np.uint8 if code == "B" else np.uint16).itemsize < 4 * len(index):
        return "walk_pool", {"_POOL_CODE": code, "_POOL": pack_floats(pool), "_THRESHOLD": pack(code, index)}
    return "walk_direct", {"_THRESHOLD": pack_floats(threshold)}


def leaf_payload(model: BoardModel, core: BoardTrees) -> tuple[np.ndarray, tuple[str, ...], dict[str, object]]:
    """(number of each leaf, kernels, their constants). Equal leaves share a number; a pure leaf's number is its class."""
    line: dict[str, object] = {"_LINE": pack_floats([core.offset, core.scale])} if np.isscalar(core.scale) else {}
    if model.decision in ("values", "labels"):
        rows, numbers = np.unique(core.votes, axis=0, return_inverse=True)
        n_scores = rows.shape[1]
        lines = pack_floats(np.stack([np.broadcast_to(part, n_scores) for part in (core.offset, core.scale)], axis=1))
        steps = {"_N_SCORES": n_scores, "_STEPS_CODE": code_for(rows), "_LEAF_STEPS": pack(code_for(rows), rows), "_LINES": lines}
        return numbers.ravel(), ("trees_several", *answer_kernels(model)), steps | answer_constants(model)
    if not core.n_counted:
        values, numbers = np.unique(core.votes[:, 0], return_inverse=True)
        steps = {"_LEAF_STEPS": pack("I", values)}
        if core.weights is not None:
            weights = {"_WEIGHTS": pack("I", core.weights), "_ALL_WEIGHTS": int(core.weights.sum())}
            return numbers, ("trees_median", *answer_kernels(model)), steps | line | weights
        kernels, more = sum_kernels(model, core)
        return numbers, ("trees_regressor", *kernels), steps | more
    n_classes = core.votes.shape[1]
    pure = core.votes.max(axis=1) == core.full
    rows, row_numbers = np.unique(core.votes[~pure], axis=0, return_inverse=True)
    numbers = core.votes.argmax(axis=1)
    numbers[~pure] = n_classes + row_numbers.ravel()
    present = rows > 0
    start = np.concatenate([[0], present.sum(axis=1).cumsum()])
    code, votes_code = code_for(start), code_for([FULL_VOTES, rows.max(initial=0)])
    constants: dict[str, object] = {
        "CLASSES": model.classes,
        "_FULL": core.full,
        "_ROW_CODE": code,
        "_ROW_START": pack(code, start),
        "_CLASS_CODE": code_for([n_classes - 1]),
        "_ROW_CLASS": pack(code_for([n_classes - 1]), present.nonzero()[1]),
        "_VOTES_CODE": votes_code,
        "_ROW_VOTES": pack(votes_code, rows[present]),
    }
    if core.full:
        return numbers, ("trees_classifier", *["trees_shares"] * model.has_proba), constants
    kernels = proba_kernels(model)
    return numbers, ("trees_classifier", *(("trees_scores", *kernels) if kernels else ())), constants | (line if kernels else {})


def sum_kernels(model: BoardModel, core: BoardTrees) -> tuple[tuple[str, ...], dict[str, object]]:
    """What follows one sum of steps, `_answer(x)`, whichever back end computes it; and its constants."""
    line: dict[str, object] = {"_LINE": pack_floats([core.offset, core.scale])}
    if core.combine == "isolation":
        return ("steps_isolation", *answer_kernels(model)), line | answer_constants(model)
    if model.classes is None:
        return (("steps",) if model.link == "none" else ("steps_scores", *answer_kernels(model))), line
    kernels = proba_kernels(model)
    limit = {"CLASSES": model.classes, "_LIMIT": core.limit}
    return ("steps_class", *(("steps_scores", *kernels) if kernels else ())), limit | (line if kernels else {})


def proba_kernels(model: BoardModel) -> tuple[str, ...]:
    """What makes probabilities of the scores, if scikit-learn does."""
    proba = PROBA_KERNELS.get(model.link) if model.has_proba else None
    return (*PROBA_NEEDS[proba], proba) if proba else ()


def answer_kernels(model: BoardModel) -> tuple[str, ...]:
    """What follows the scores, whichever back end computes them."""
    answer = ANSWERS[model.decision, "exp" if model.link == "exp" else ""]
    if model.decision == "threshold":
        return ("score", answer)
    proba = proba_kernels(model)
    return (*proba[:-1], answer, *proba[-1:])


def answer_constants(model: BoardModel) -> dict[str, object]:
    """Of the kernels that answer."""
    constants: dict[str, object] = {} if model.classes is None else {"CLASSES": model.classes}
    return constants | {"_LEAST_SCORE": pack_floats([model.threshold])} if model.decision == "threshold" else constants


def _linear(model: BoardModel, core: BoardLinear) -> Emission:
    constants: dict[str, object] = {
        "_CENTERED": bool(core.center.any()),
        "_CENTER": pack_floats(core.center) if core.center.any() else b"",
        "_COEF": pack_floats(core.coef),
        "_INTERCEPT": pack_floats(core.intercept),
        "_N_SCORES": len(core.intercept),
    }
    kernels = ("common", "checked", "scores_table", *answer_kernels(model))
    return Emission(kernels, constants | answer_constants(model))


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


def _machine(model: BoardModel, core: BoardMachine) -> Emission:
    single = core.single()
    constants: dict[str, object] = {
        "_MOVED": core.is_moved,
        "_CENTER": pack_floats(core.center) if core.is_moved else b"",
        "_FACTOR": pack_floats(core.factor) if core.is_moved else b"",
        "_GROUPS": core.groups,
        "_DUAL": pack_floats(core.coefficients),
        "_INTERCEPT": pack_floats(core.intercept),
        "_N_SCORES": len(core.intercept),
    }
    if core.kind in machines.DISTANCES:
        constants |= {"_SHAPE": pack_floats([-single.gamma, core.far]), "_PROTOTYPES": pack_floats(core.vectors)}
        kernels: tuple[str, ...] = ("distance_euclidean" if core.kind == "rbf" else "distance_manhattan", "machine_distance")
    else:
        constants |= {"_VECTORS": pack_floats(core.vectors), "_OFFSET": pack_floats(core.offset)}
        constants |= {"_DEGREE": core.degree} if core.kind == "poly" else {}
        kernels = ("machine_product", f"machine_{core.kind}")
    kernels = ("common", "checked", *kernels, "machine_scores", *answer_kernels(model))
    return Emission(kernels, constants | answer_constants(model))


def _network(model: BoardModel, core: FloatNetwork) -> Emission:
    layers = core.network.layers
    constants: dict[str, object] = {
        "_SIZES": tuple(len(bias) for _, bias in layers),
        "_WEIGHTS": pack_floats(np.concatenate([np.column_stack([bias, weights]).ravel() for weights, bias in layers])),
    }
    kernels = ("common", "checked", f"activation_{core.network.activation}", "network_table", *answer_kernels(model))
    return Emission(kernels, constants | answer_constants(model))


EMITTERS: dict[type, Callable[[BoardModel, Any], Emission]] = {
    BoardTrees: _trees,
    BoardLinear: _linear,
    BoardNeighbors: _neighbors,
    BoardMachine: _machine,
    FloatNetwork: _network,
}
