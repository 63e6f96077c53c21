"""Neural networks: scikit-learn's weights, turned so that a layer is weights @ inputs + bias."""

import numpy as np
from sklearn.base import is_classifier

from edgewise.errors import UnsupportedModelError
from edgewise.ir import Lowered, Network
from edgewise.network import collapsed

LINKS = {"softmax": "softmax", "logistic": "sigmoid", "identity": "none", "exp": "exp"}  # by the activation of the last layer


def lower(estimator) -> Lowered:
    """MLPClassifier or MLPRegressor. A network without a bend is one linear model."""
    if getattr(getattr(estimator, "_label_binarizer", None), "y_type_", "").startswith("multilabel"):
        raise UnsupportedModelError(f"{type(estimator).__name__} has several labels a row; fit one model for each")
    layers = tuple(
        (np.asarray(weights, dtype=np.float64).T.copy(), np.asarray(bias, dtype=np.float64))
        for weights, bias in zip(estimator.coefs_, estimator.intercepts_, strict=True)
    )
    if not all(np.isfinite(part).all() for layer in layers for part in layer):
        raise UnsupportedModelError(
            f"{type(estimator).__name__} has weights that are not finite; fit it with a lower learning_rate_init"
        )
    link = LINKS[estimator.out_activation_]
    several = not is_classifier(estimator) and len(layers[-1][1]) > 1
    if several and link == "exp":
        raise UnsupportedModelError(f"{type(estimator).__name__}(loss='poisson') has several targets; fit one model for each")
    core = Network(layers, estimator.activation)
    return Lowered(collapsed(core) or core, link=link, decision="values" if several else None)
