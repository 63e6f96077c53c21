"""Random linear models in fixed point, rows that try their limits, and the module of one outside of `transpile`."""

from dataclasses import replace

import numpy as np

from edgewise.backends import packed_linear
from edgewise.backends.module import compose
from edgewise.fixed import EVERY_ROW, BoardFixed
from edgewise.passes import BoardLinear, BoardModel


def linear(seed: int) -> BoardLinear:
    """A random one: 1 to 70 features whose sizes lie far apart, some of them centered, some without a coefficient."""
    rng = np.random.default_rng(seed)
    n_features, n_scores, spread = int(rng.integers(1, 71)), int(rng.integers(1, 8)), rng.uniform(0, 3)
    largest = np.exp(rng.normal(0, spread, n_features))
    center = rng.normal(0, 1, n_features) * largest * 10 ** rng.uniform(-2, 2) * (rng.random(n_features) < 0.5)
    coef = rng.normal(0, 1, (n_scores, n_features)) * np.exp(rng.normal(0, spread, n_features))
    coef[:, rng.random(n_features) < 0.1] = 0
    coef[0, 0] = 1.0
    intercept = rng.normal(0, 1, n_scores) * np.abs(coef).max() * largest.max()
    return BoardLinear(*(values.astype(np.float32) for values in (center, coef, intercept)), "softmax", largest)


def rows(core: BoardFixed, n: int, seed: int = 0) -> np.ndarray:
    """float32 rows within the limits, as far out as these reach, and up to n times as far."""
    rng = np.random.default_rng(seed)
    reach = np.where(core.places == EVERY_ROW, 1.0, np.ldexp(core.limit.astype(float), -core.places))
    part = rng.uniform(-1, 1, (n, len(reach))) * rng.choice([0.01, 0.25, 1.0, 1.001, 3.0], (n, 1))
    return (core.middle * (core.places != EVERY_ROW) + part * reach).astype(np.float32)


def composed(model: BoardModel, kernel: str, compiled: bool = False) -> str:
    """Source of the module of a model whose core is a BoardFixed, without golden rows."""
    emission = packed_linear.emit(model, model.core, kernel)
    names = {"N_FEATURES": model.n_features, "FEATURES": (), "FINGERPRINT": "", "BACKEND": "plain"}
    return compose("# fixed", replace(emission, constants={**emission.constants, **names}), compiled)
