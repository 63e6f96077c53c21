"""Random linear models in fixed point, rows that try their limits, and the module of one outside of `transpile`."""

from dataclasses import replace

import numpy as np

from edgewise.backends import native
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
    return BoardLinear(*(values.astype(np.float32) for values in (center, coef, intercept)), largest)


def rows(core: BoardFixed, n: int, seed: int = 0) -> np.ndarray:
    """float32 rows: n up to three times as far out as the limits, those at the limits that make each score largest and smallest,
    and n with zeros and numbers next to zero among theirs."""
    rng = np.random.default_rng(seed)
    used = core.places != EVERY_ROW
    unit = np.ldexp(1.0, -core.places)
    reach = np.where(used, core.limit * unit, 1.0)
    middle = np.where(used, core.middle, 0.0)
    part = rng.uniform(-1, 1, (n, len(reach))) * rng.choice([0.01, 0.25, 1.0, 1.001, 3.0], (n, 1))
    signs = np.concatenate([np.sign(core.coef), np.ones((1, len(reach)))])
    inwards = np.where(used, 1.0 - 2.0**-20, 1.0)
    corners = middle + np.concatenate([signs, -signs]) * reach * inwards
    zeros = np.where(
        rng.random(part.shape) < 0.5, middle + 0.2 * part * reach, rng.choice([0.0, -0.0, 1e-30, -3e-38], part.shape)
    )
    return np.concatenate([middle + part * reach, corners, zeros]).astype(np.float32)


def composed(model: BoardModel, kernel: str, compiled: bool = False) -> str:
    """Source of the module of a model whose core is a BoardFixed, without golden rows."""
    emission = native.emit(model, kernel)
    names = {"N_FEATURES": model.n_features, "_N_INPUTS": model.n_inputs, "FEATURES": (), "FINGERPRINT": "", "BACKEND": "plain"}
    return compose("# fixed", replace(emission, constants={**emission.constants, **names}), compiled)
