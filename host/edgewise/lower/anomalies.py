"""Detectors of anomalies by a distance from what is normal; the score is scikit-learn's, below a threshold that of anomalies."""

import numpy as np

from edgewise.ir import INLIER, Affine, Columns, LargestAbs, Linear, Lowered, Scaling, SumSquares


def envelope(estimator) -> Lowered:
    """EllipticEnvelope: minus the squared Mahalanobis distance, (x - m)^T P (x - m).

    P = V diag(w) V^T, so that this is the sum of the squares of sqrt(w) V^T (x - m).
    """
    weight, axes = np.linalg.eigh(estimator.get_precision())
    kept = weight > weight.max() * len(weight) * np.finfo(np.float64).eps  # P of a flat cloud is flat, too
    matrix = np.sqrt(weight[kept])[:, None] * axes[:, kept].T
    return _negative((Affine(matrix, estimator.location_), SumSquares((len(matrix),))), float(estimator.offset_))


def z_score(estimator) -> Lowered:
    """MaxZScore: minus the largest |z|."""
    (used,) = np.nonzero(estimator.scale_)
    moves = Scaling((("sub", estimator.mean_[used]), ("div", estimator.scale_[used])))
    columns = () if len(used) == estimator.n_features_in_ else (Columns(used),)
    return _negative((*columns, moves, LargestAbs()), float(estimator.offset_))


def _negative(stages, threshold: float) -> Lowered:
    minus = Linear(np.array([[-1.0]]), np.zeros(1))
    return Lowered(minus, stages=stages, decision="threshold", threshold=threshold, classes=INLIER)
