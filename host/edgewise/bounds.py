"""How far a board's float32 result can lie from exact arithmetic. UNIT is the rounding error of one operation (2^-24).

The bounds are first-order sums of rounding errors (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1);
each is enlarged by SLACK for the higher orders, for subnormals and for scikit-learn's own float64 errors.
"""

import numpy as np

from edgewise.float32 import TINY, UNIT

SLACK = 1.01


def linear_bound(core, offset: np.ndarray) -> np.ndarray:
    """Largest |error| of each score, shape (..., n_scores), where |row - center| is at most `offset`, (..., n_features).

    A term rounds its difference, its coefficient and its product (3 units); n sums and the intercept follow. A center, a
    difference, a coefficient or a product below TINY may be lost.
    """
    n, coef = core.coef.shape[1], np.abs(core.coef.astype(np.float64))
    terms = offset @ coef.T
    lost = TINY * (n + offset.sum(axis=-1, keepdims=True) + 2 * coef.sum(axis=1))
    return SLACK * UNIT * ((n + 4) * terms + (n + 2) * np.abs(core.intercept.astype(np.float64))) + lost


def fixed_bound(core, offset: np.ndarray) -> np.ndarray:
    """Largest |error| of the scores of `fixed.BoardFixed`, shape (..., n_scores), of rows within its limits.

    offset: |row - middle|, (..., n_features). Half a unit of the row times the coefficient, half a unit of the coefficient times
    the row, half of one of the sum; what float32 left of scikit-learn's coefficient; and the sum as a float32, of which a board
    without compiled kernels rounds both halves and their sum.
    """
    slopes, base = np.abs(core.slopes), np.abs(core.base)
    units = 0.5 * (
        slopes @ np.ldexp(1.0, -core.places) + np.ldexp(1.0, -core.scale) * (offset @ np.ldexp(1.0, core.places) + 1)[..., None]
    )
    terms = offset @ slopes.T
    return SLACK * (units + UNIT * (5 * terms + 5 * base)) + TINY * (1 + offset.sum(axis=-1, keepdims=True))


SMALL_INTS = 2.0**30  # sums of votes stay below


def tree_value_bound(core):
    """Largest |error| of a sum of trees' steps: half a step a tree, then offset + scale * total in float32 (5 roundings), which
    does not matter where whole sums decide.

    A float, or of several outputs an array of them, (n_outputs,). Of an isolation forest's score, which lies between -1 and 0 as
    the threshold does: 2^-sum, rounded by at most 4 units, compared with a rounded threshold.
    """
    n_trees = 1 if core.combine == "median" else len(core.roots)
    spread = core.scale * np.minimum(n_trees * core.votes.max(axis=0, initial=0).astype(np.float64), SMALL_INTS)
    rounding = 0.0 if core.by_sums else UNIT * (2 * np.abs(core.offset) + 5 * spread)
    bound = np.atleast_1d(SLACK * (0.5 * core.scale * n_trees + rounding) + TINY)
    if core.combine == "isolation":
        bound = 2**bound - 1 + 5 * UNIT
    return bound if len(bound) > 1 else float(bound[0])


def class_quantum(core) -> float:
    """Two classes whose mean probabilities are nearer than this may change places: a vote rounds by at most a half."""
    return 1.0 / core.full


def distance_bound(core, row: np.ndarray, prototypes: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Largest |error| of the (squared, if euclidean) distances, shape (n_rows, n_prototypes).

    row: (n_rows, n_features), already centered and scaled in float64, and known to within `inputs` of the same shape; prototypes:
    (n_prototypes, n_features).
    """
    n = row.shape[1]
    plain = not core.center.any() and (core.factor == 1).all()
    result = np.zeros((len(row), len(prototypes)))
    own = np.zeros((len(row), len(prototypes)))
    factors = np.abs(core.factor.astype(np.float64))
    for x, p, factor, before in zip(
        row.T, prototypes.T, factors, inputs.T, strict=True
    ):  # a feature at a time keeps memory small
        difference = np.abs(x[:, None] - p)
        moved = 0.0 if plain else 3 * np.abs(x[:, None]) + np.abs(p)
        error = (
            before[:, None] + UNIT * (difference + moved) + TINY * (3 + 2 * factor)
        )  # five numbers that may be lost, two of them scaled
        euclidean = core.metric == "euclidean"
        result += 2 * difference * error + error**2 if euclidean else error
        result += UNIT * (n + 1) * (difference**2 if euclidean else difference)
        own += x[:, None] ** 2 + p**2
    # scikit-learn itself expands |x - p|^2 into |x|^2 - 2xp + |p|^2, in float64
    return SLACK * result + 2.0**-52 * (n + 4) * own + n * TINY
