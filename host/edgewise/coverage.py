"""Which of scikit-learn's estimators can be transpiled, as the tables of `lower` have it, and of the others why not."""

from dataclasses import dataclass

from sklearn.base import ClassifierMixin, ClusterMixin, DensityMixin, OutlierMixin, RegressorMixin, TransformerMixin
from sklearn.utils import all_estimators

from edgewise.lower import LOWERINGS, foreign
from edgewise.lower.stages import TRANSFORMERS
from edgewise.lower.unsupported import module_of, why_not
from edgewise.lower.wrappers import WRAPPERS

# The first that a class is, for some are two
KINDS = {
    ClassifierMixin: "classifier",
    RegressorMixin: "regressor",
    OutlierMixin: "anomaly detector",
    ClusterMixin: "clusterer",
    DensityMixin: "density",
    TransformerMixin: "transformer",
    object: "other",
}

# What to know of some that are supported
LIMITS = {
    "MultiOutputClassifier": "of linear models",
    "MultiOutputRegressor": "of linear models",
    "OneVsRestClassifier": "of linear models",
    "TransformedTargetRegressor": "of a linear model; target scaled, or its logarithm",
    **{kind.__name__: "as the model inside" for kind in WRAPPERS},
}


@dataclass(frozen=True)
class Row:
    """One estimator. module: of scikit-learn, or in full that of ours or another package. kind: a value of KINDS.

    note: why it is not supported, in words that name another way; of some that are, how far.
    """

    name: str
    module: str
    kind: str
    supported: bool
    note: str


def coverage() -> list[Row]:
    """Every estimator of sklearn.utils.all_estimators(), and those of others that `lower` takes, by module and name."""
    supported = {*LOWERINGS, *TRANSFORMERS, *WRAPPERS}
    listed = {kind for _, kind in all_estimators()}
    rows = [_row(kind, kind in supported) for kind in listed | supported]
    for path in foreign.LOWERINGS:
        name = path.rpartition(".")[2]
        rows.append(Row(name, path.partition(".")[0], "classifier" if name.endswith("Classifier") else "regressor", True, ""))
    return sorted(rows, key=lambda row: (row.module, row.name))


def _row(cls: type, supported: bool) -> Row:
    kind = next(kind for mixin, kind in KINDS.items() if issubclass(cls, mixin))
    note = LIMITS.get(cls.__name__, "") if supported else why_not(cls)
    return Row(cls.__name__, module_of(cls), kind, supported, note)
