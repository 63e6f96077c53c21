"""Models that answer with the nearest of a few centers: by Euclidean distances, |x|^2 - 2 (c.x - |c|^2 / 2), a linear model."""

import numpy as np

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Affine, Linear, Lowered, Neighbors, Trees


def nearest_centroid(estimator) -> Lowered:
    """With priors that differ, distances are in units of the classes' spread, and each class has the logarithm of its prior.

    With equal ones `predict` looks at bare distances, so that probabilities, which do not, could contradict it: there are none.
    """
    centroids, prior = np.asarray(estimator.centroids_, dtype=np.float64), estimator.class_prior_
    uniform = bool(np.isclose(prior, 1 / len(prior)).all())
    if estimator.metric == "manhattan":
        if not uniform:
            raise UnsupportedModelError("NearestCentroid(metric='manhattan', priors=...): use priors='uniform'")
        return Lowered(Neighbors(centroids, np.arange(len(centroids)), k=1, metric="manhattan", weights="uniform"))
    if estimator.metric != "euclidean":
        raise UnsupportedModelError(f"NearestCentroid(metric={estimator.metric!r}): use 'euclidean' or 'manhattan'")
    if uniform:
        return Lowered(_nearest(centroids), has_proba=False)
    spread = np.where(estimator.within_class_std_dev_ == 0, 1.0, estimator.within_class_std_dev_)
    return Lowered(_nearest(centroids, 2 / spread**2, 2 * np.log(prior)), link="softmax")


def clusters(estimator) -> Lowered:
    centers = _centers(estimator)
    if not len(centers):
        raise UnsupportedModelError(f"{type(estimator).__name__} found no clusters (it did not converge); use KMeans")
    return Lowered(_nearest(centers), classes=tuple(range(len(centers))))


def _centers(estimator) -> np.ndarray:
    name, centers = type(estimator).__name__, getattr(estimator, "cluster_centers_", None)
    if centers is None:
        raise UnsupportedModelError(f"{name}(affinity='precomputed'): use affinity='euclidean'")
    if centers.dtype != np.float64:
        raise UnsupportedModelError(f"{name} was fitted on {centers.dtype} rows, and predicts no others; fit it on float64")
    return centers


def birch(estimator) -> Lowered:
    """The label of the nearest of the subclusters, of which several may have the same."""
    classes, target = np.unique(estimator.subcluster_labels_, return_inverse=True)
    centers = np.asarray(estimator.subcluster_centers_, dtype=np.float64)
    core = Neighbors(centers, target, k=1, metric="euclidean", weights="uniform")
    return Lowered(core, classes=tuple(classes.tolist()))


def bisecting(estimator) -> Lowered:
    """A tree of questions: which of two centers is nearer? That is on which side of a plane the row lies; the first wins ties.

    An output of the stage for each question, of a row's place along the line from the left center to the right one.
    """
    mean = getattr(estimator, "_X_mean", 0.0)
    lines: list[np.ndarray] = []
    thresholds: list[float] = []
    children: list[list[int]] = []
    labels: list[int] = []
    middle = _centers(estimator).mean(axis=0)

    def grow(cluster) -> int:
        if cluster.left is None:
            labels.append(cluster.label)
            return ~(len(labels) - 1)
        left, right = (np.asarray(side.center + mean, dtype=np.float64) - middle for side in (cluster.left, cluster.right))
        node = len(lines)
        lines.append(right - left)
        thresholds.append(0.5 * float((right - left) @ (right + left)))
        children.append([])
        children[node] += [grow(cluster.left), grow(cluster.right)]
        return node

    root = grow(estimator._bisecting_tree)
    left, right = np.array(children, dtype=np.int32).reshape(-1, 2).T
    trees = Trees(
        feature=np.arange(len(lines), dtype=np.int32),
        threshold=np.array(thresholds, dtype=np.float64),
        left=left,
        right=right,
        roots=np.array([root], dtype=np.int32),
        value=np.eye(len(labels))[labels],
        single=False,
    )
    stages = (Affine(np.array(lines), middle),) if lines else ()
    return Lowered(trees, stages=stages, classes=tuple(range(len(labels))))


def _nearest(centers: np.ndarray, weights: np.ndarray | float = 1.0, bonus: np.ndarray | float = 0.0) -> Linear:
    """Scores that order as -sum(weights * (row - center)^2) / 2 + bonus; centers: (n, n_features).

    What they share is left out, with the middle of the centers as the origin: then |c|^2 is as small as it can be.
    """
    middle = centers.mean(axis=0)
    coef = (centers - middle) * weights
    return Linear(coef, bonus - 0.5 * (coef * (centers + middle)).sum(axis=1), middle)
