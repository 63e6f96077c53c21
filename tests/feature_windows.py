"""Windows of samples that feature sets are tested with."""

import os
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
EXTRA = Path(os.environ.get("EDGEWISE_EXTRA_DATA", ROOT.parent / "shared" / "data")) / "har_exercise_1"
AXES = ("acc_x", "acc_y", "acc_z", "level")


def synthetic(length: int, n_axes: int, seed: int = 0) -> np.ndarray:
    """int16, shape (n, length, n_axes): constant, zero, extreme, square, sine, noise of all sizes, a step, a ramp."""
    rng = np.random.default_rng(seed)
    i = np.arange(length)[:, None]
    shape = (length, n_axes)
    axis = np.arange(n_axes)
    found = [
        np.zeros(shape),
        np.full(shape, -32768),
        np.full(shape, 32767),
        np.where((i + axis) % 2, 32767, -32768) + 0 * axis,
        np.where(i % 16 < 8, -32768, 32767 - axis),
        np.where(i < length - 1, 0, -32768) + 0 * axis,
        np.where(i < length // 2, -1, 0) + 0 * axis,
        i * 7 - 100 * axis,
        np.round(12000 * np.sin(2 * np.pi * i * 8 / length + axis)),
        np.round(32767 * np.sin(2 * np.pi * i * 3.4 / length - axis)),
        np.full(shape, 16384) + rng.integers(0, 2, shape),
        *(rng.normal(size / 3, size, shape).round() for size in (0.6, 3, 40, 700, 9000, 60000)),
        *(rng.integers(-limit, limit, shape) for limit in (2, 512, 32768)),
    ]
    return np.clip(np.array(found), -32768, 32767).astype(np.int16)


def recorded(length: int, most: int | None = None) -> np.ndarray:
    """int16, shape (n, length, 3): windows of recorded motion that follow one another, from end to end where there are more than
    `most`; none where the data are not on this machine. Files that are cut short are read as far as they go."""
    found = []
    for path in sorted(EXTRA.glob("raw/*.npy")):
        body = path.read_bytes()[80:]  # behind the header, which promises more than some files hold
        samples = np.frombuffer(body[: len(body) // 6 * 6], "<i2").reshape(-1, 3)
        n = len(samples) // length
        found += list(samples[: n * length].reshape(n, length, 3))
    if most is not None and len(found) > most:
        found = [found[i] for i in np.linspace(0, len(found) - 1, most).astype(int)]
    return np.array(found, dtype=np.int16).reshape(-1, length, 3)
