"""Linear models in fixed point for the kernels: one constant of 32-bit words.

Three words a feature: 156 less its binary places (a float32's exponent is taken off that, and its mantissa, with its first bit as
bit 30, shifted right by the rest is twice the number of units), the least number of units, and how many numbers there are from
that on: the row's whole numbers count from the middle of these. Then, score by score: the low and the high part of its
intercept, and its coefficients, with zeros up to a whole group of them.
"""

import numpy as np

from edgewise.backends.module import Emission
from edgewise.backends.table import PROBA_KERNELS, answer_constants, answer_kernels, proba_kernels
from edgewise.errors import UnsupportedModelError
from edgewise.fixed import GROUP, BoardFixed
from edgewise.passes import BoardModel

EXPONENT = 156  # bias of a float32's exponent, and the 29 bits that bit 30 is to go right for one unit, twice
HEADER = 2  # words of the work area before the units: the tables' address, and whether floats are asked for
# Decision and link of what the kernels answer themselves; for others they list the scores.
DIRECT = {("value", "none"), *(("largest", link) for link in ("none", *PROBA_KERNELS))}
MOST_SCORES = 255  # counted in a byte of an instruction
COMPILED = {
    "thumb": ("rows_thumb", "rows_native", "fixed_thumb", "answer_fixed_thumb"),
    "viper": ("rows_viper", "rows_native", "fixed_viper", "answer_fixed_viper"),
}


def emit(model: BoardModel, core: BoardFixed, kernel: str) -> Emission:
    """kernel: "thumb" or "viper". Raises UnsupportedModelError."""
    n_scores, n_features = core.coef.shape
    if n_scores > MOST_SCORES:
        raise UnsupportedModelError(f"{n_scores} scores are more than a kernel counts ({MOST_SCORES}); use --backend table")
    listed = (model.decision, model.link) not in DIRECT
    n_classes = 0 if listed else len(model.classes or ())
    proba = () if listed else proba_kernels(model)
    shift = core.low_of_row + core.low_of_coef
    constants: dict[str, object] = {
        "_DATA": pack_fixed(core),
        "_N_WORK": HEADER + 2 * (n_features + -n_features % GROUP) + 2 * n_scores,
        "_N_SCORES": n_scores,
        "_N_CLASSES": n_classes,
        "_SCALE": core.scale,
        "_SHIFT": shift,
        "_LOW_OF_ROW": core.low_of_row,
        "_LOW_OF_COEF": core.low_of_coef,
        "_EACH_GROUP": core.each_group,
        "_PROBA": bool(proba),
        "_LISTED": listed,
        "_EXPONENT": 157 + shift - core.scale,
    }
    if kernel == "viper":
        constants["_N_FEATURES"] = n_features
    answer: tuple[str, ...] = ("value",)
    if listed:
        constants |= answer_constants(model)
        answer = ("fixed_list", *answer_kernels(model))
    elif n_classes:
        constants["CLASSES"] = model.classes
        answer = ("classes", "label")
    if proba:
        answer = (*answer, "fixed_scores", *proba)
    kernels = ("common", "rows", "packed_data", "fixed_beyond", *answer)
    return Emission(kernels, constants, compiled=COMPILED[kernel], plain=("fixed_packed",))


def pack_fixed(core: BoardFixed) -> bytes:
    """The words, as bytes."""
    shift = core.low_of_row + core.low_of_coef
    features = np.stack([EXPONENT - core.places, core.center - core.limit, 2 * core.limit], axis=1)
    start = np.stack([core.intercept & (1 << shift) - 1, core.intercept >> shift], axis=1)
    padding = np.zeros((len(core.coef), -core.coef.shape[1] % GROUP), np.int64)
    scores = np.concatenate([start, core.coef, padding], axis=1)
    return (np.concatenate([features.ravel(), scores.ravel()]) & 0xFFFFFFFF).astype("<u4").tobytes()
