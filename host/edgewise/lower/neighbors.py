"""k nearest neighbors, which m2cgen does not know: assembled here from the fitted estimator."""

import numpy as np
from sklearn.base import is_classifier

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Lowered, Neighbors

METRICS = {  # (metric, p) as scikit-learn names them -> ours; p counts for minkowski only
    ("euclidean", None): "euclidean",
    ("l2", None): "euclidean",
    ("minkowski", 2): "euclidean",
    ("manhattan", None): "manhattan",
    ("cityblock", None): "manhattan",
    ("l1", None): "manhattan",
    ("minkowski", 1): "manhattan",
}


class NeighborsAssembler:
    """The shape of m2cgen's assemblers: takes the model, `assemble()` gives the intermediate form."""

    def __init__(self, model):
        self.model = model

    def assemble(self) -> Neighbors:
        model, name = self.model, type(self.model).__name__
        p = model.p if model.metric == "minkowski" else None
        metric = METRICS.get((model.metric, p)) if isinstance(model.metric, str) else None
        if metric is None or model.metric_params:
            raise UnsupportedModelError(f"{name}(metric={model.metric!r}, p={model.p}): use euclidean or manhattan")
        if model.weights not in ("uniform", "distance", None):
            raise UnsupportedModelError(f"{name} with a callable for weights: use 'uniform' or 'distance'")
        if model.outputs_2d_ if is_classifier(model) else np.ndim(model._y) != 1:
            raise UnsupportedModelError(f"{name} has more than one output; fit one model for each")
        prototypes = model._fit_X
        if not isinstance(prototypes, np.ndarray):
            raise UnsupportedModelError(f"{name} was fitted on a sparse matrix; fit it on a dense one")
        if model.n_neighbors > len(prototypes):
            raise UnsupportedModelError(
                f"{name}(n_neighbors={model.n_neighbors}) was fitted on {len(prototypes)} rows; give it more"
            )
        return Neighbors(
            prototypes=np.asarray(prototypes, dtype=np.float64),
            target=np.asarray(model._y),
            k=int(model.n_neighbors),
            metric=metric,
            weights=model.weights or "uniform",
        )


def lower(estimator) -> Lowered:
    return Lowered(NeighborsAssembler(estimator).assemble())
