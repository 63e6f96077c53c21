"""What a lowered model answers in float64, told from its form alone."""

import numpy as np

from edgewise import exact
from edgewise.decisions import CLASSES, as_answers, counts, linked, several
from edgewise.ir import Model, Neighbors, apply


def answers(model: Model, X: np.ndarray) -> np.ndarray:
    """Labels or values, (n_rows,), of several outputs (n_rows, n_outputs). X: (n_rows, n_features)."""
    if isinstance(model.core, Neighbors):  # of these tests' models, one that is nearest
        rows = apply(model.stages, X)[:, None]
        order = 2 if model.core.metric == "euclidean" else 1
        assert model.core.k == 1
        assert model.classes is not None
        distance = (np.abs(rows - model.core.prototypes) ** order).sum(axis=2)
        return np.array(model.classes)[model.core.target[distance.argmin(axis=1)]]
    scores = exact.scores(model, X)
    if model.classes is None:
        return as_answers(model.decision, linked(model.link, scores))
    places = CLASSES[model.decision].indices(scores, counts(model.classes), model.threshold)
    if several(model.classes):
        return np.stack([np.array(own)[place] for own, place in zip(model.classes, places.T, strict=True)], axis=1)
    return np.array(model.classes)[places]


def rows_around(X: np.ndarray, n: int = 300, spread: float = 0.5) -> np.ndarray:
    """Rows of X, moved by so much of each feature's standard deviation, as float32 holds them."""
    rng = np.random.default_rng(0)
    rows = X[rng.integers(0, len(X), n)] + rng.normal(0, spread, (n, X.shape[1])) * X.std(axis=0)
    return rows.astype(np.float32).astype(np.float64)
