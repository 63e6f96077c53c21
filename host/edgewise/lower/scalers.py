"""Fitted scalers -> the steps that their `transform` takes, in its order, so that folding them is exact."""

import numpy as np
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from edgewise.ir import Scaling


def _standard(scaler: StandardScaler) -> list[tuple[str, np.ndarray]]:
    return [("sub", scaler.mean_)] * scaler.with_mean + [("div", scaler.scale_)] * scaler.with_std


def _min_max(scaler: MinMaxScaler) -> list[tuple[str, np.ndarray]]:
    steps = [("mul", scaler.scale_), ("add", scaler.min_)]
    if scaler.clip:
        low, high = (np.full_like(scaler.scale_, bound) for bound in scaler.feature_range)
        steps += [("max", low), ("min", high)]
    return steps


def _robust(scaler: RobustScaler) -> list[tuple[str, np.ndarray]]:
    return [("sub", scaler.center_)] * scaler.with_centering + [("div", scaler.scale_)] * scaler.with_scaling


SCALERS = {StandardScaler: _standard, MinMaxScaler: _min_max, RobustScaler: _robust}


def lower(scaler) -> Scaling | None:
    """None where the scaler does nothing (with_mean=False, with_std=False)."""
    steps = SCALERS[type(scaler)](scaler)
    return Scaling(tuple((name, np.asarray(operand, dtype=np.float64)) for name, operand in steps)) if steps else None
