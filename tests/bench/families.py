"""A model of each family on real data: what it costs on a board, and what single precision or whole numbers do to its accuracy.

`python tests/bench/bench.py --families` measures it alone, writes docs/families.json, and renders the page again.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from exports import edgewise_module
from measuring import Machines, agreement_of, cost_of, instructions_of, unless_too_large
from reference_models import DATA
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.metrics import accuracy_score, adjusted_rand_score, r2_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, OneClassSVM

from edgewise import transpile
from edgewise.anomaly import MaxZScore
from edgewise.artifact import of_program
from edgewise.deploy import FOLDER
from edgewise.reference import predict

AGREEING_ON = ("unix", "cortex-m3", "riscv")  # all test rows; on the Pico, where a row takes a second to send, the timed ones
TIMED_ROWS = 4


@dataclass(frozen=True)
class FamilyCase:
    family: str
    title: str
    data: str
    estimator: BaseEstimator
    options: Mapping = field(default_factory=dict)  # of transpile


MLP = MLPClassifier((16,), max_iter=1000, random_state=0)
SCALED_MLP = make_pipeline(StandardScaler(), MLP)
HIST = HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=15, random_state=0)
FAMILIES = (
    FamilyCase("neural networks", "MLP 64-16-10, 8 bits", "digits", SCALED_MLP, {"bits": 8}),
    FamilyCase("neural networks", "MLP 64-16-10, 8 bits, lean", "digits", SCALED_MLP, {"bits": 8, "lean": True}),
    FamilyCase("neural networks", "MLP 64-16-10, 16 bits", "digits", SCALED_MLP, {"bits": 16}),
    FamilyCase("neural networks", "MLP 64-16-10, floats", "digits", SCALED_MLP, {"backend": "table"}),
    FamilyCase(
        "neural networks",
        "MLP regression 10-16-1, 16 bits",
        "diabetes",
        make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(16,), max_iter=3000, random_state=0)),
        {"bits": 16},
    ),
    FamilyCase("boosting", "HistGradientBoosting, 10 x 15 leaves", "digits", HIST),
    FamilyCase("boosting", "the same, having learned NaN", "digits with holes", HIST),
    FamilyCase("boosting", "GradientBoosting, 10 rounds", "iris", GradientBoostingClassifier(n_estimators=10, random_state=0)),
    FamilyCase("boosting", "GradientBoosting, 30 rounds", "diabetes", GradientBoostingRegressor(n_estimators=30, random_state=0)),
    FamilyCase(
        "boosting",
        "HistGradientBoosting regression",
        "diabetes",
        HistGradientBoostingRegressor(max_iter=20, max_leaf_nodes=8, random_state=0),
    ),
    FamilyCase("boosting", "AdaBoost, 20 stumps", "breast cancer", AdaBoostClassifier(n_estimators=20, random_state=0)),
    FamilyCase("naive Bayes", "GaussianNB", "wine", GaussianNB()),
    FamilyCase("discriminants", "LDA", "digits", LinearDiscriminantAnalysis()),
    FamilyCase("discriminants", "QDA", "wine", QuadraticDiscriminantAnalysis()),
    FamilyCase("centroids", "NearestCentroid", "digits", NearestCentroid()),
    FamilyCase("clusters", "KMeans, 10 clusters", "digits", KMeans(10, n_init=3, random_state=0)),
    FamilyCase("kernel machines", "SVC, rbf", "iris", make_pipeline(StandardScaler(), SVC())),
    FamilyCase("kernel machines", "SVC, rbf", "digits", SVC()),
    FamilyCase("kernel machines", "SVC, poly of degree 3", "wine", make_pipeline(StandardScaler(), SVC(kernel="poly"))),
    FamilyCase(
        "anomalies", "IsolationForest, 30 trees", "wine", IsolationForest(n_estimators=30, max_samples=64, random_state=0)
    ),
    FamilyCase("anomalies", "EllipticEnvelope", "iris", EllipticEnvelope(random_state=0)),
    FamilyCase("anomalies", "OneClassSVM", "iris", OneClassSVM(nu=0.1)),
    FamilyCase("anomalies", "MaxZScore", "wine", MaxZScore()),
    FamilyCase("generalized linear", "PoissonRegressor", "diabetes", make_pipeline(StandardScaler(), PoissonRegressor())),
    FamilyCase(
        "pipelines",
        "polynomials of degree 2, logistic regression",
        "iris",
        make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), LogisticRegression(max_iter=1000)),
    ),
    FamilyCase("pipelines", "PCA to 8, kNN", "digits", make_pipeline(PCA(8, random_state=0), KNeighborsClassifier(3))),
    FamilyCase(
        "pipelines", "SelectKBest to 5, linear", "diabetes", make_pipeline(StandardScaler(), SelectKBest(k=5), LinearRegression())
    ),
)


ASKED = ("MLP 64-16-10, 8 bits", "MLP 64-16-10, 8 bits, lean", "MLP 64-16-10, 16 bits", "HistGradientBoosting, 10 x 15 leaves")


@dataclass(frozen=True)
class Measured:
    """us, insns: of a predict of an array('f'), on the emulated Pico and of a Cortex-M3; None where the module does not fit.

    held: of the heap after the import, bytes; allocated: by a predict. mpy_bytes: of the file for the Pico. before, after:
    accuracy (R2 of values, adjusted Rand index of clusters, share of normal rows of anomalies) of scikit-learn and of the board's
    arithmetic, of n_rows test rows; equal, open: rows of theirs, on AGREEING_ON, that answer as scikit-learn does, or as rounding
    leaves open.
    """

    family: str
    title: str
    data: str
    us: float | None
    insns: float | None
    held: int | None
    allocated: int | None
    mpy_bytes: int
    before: float
    after: float
    n_rows: int
    equal: tuple[int, ...]
    open: tuple[int, ...]


def measure(case: FamilyCase, machines: Machines, number: int) -> Measured:
    X_train, X_test, y_train, y_test = DATA[case.data]()
    estimator = clone(case.estimator).fit(X_train, y_train)
    program = transpile(estimator, f"family_{number}", X=X_train, **case.options)
    artifact = of_program(program, X_test)
    module = edgewise_module(artifact)
    path = f"{FOLDER}/{module.name}.mpy"
    for port, target in machines.items():
        target.put(path, module.mpy_for(port))
    assert artifact.evidence is not None
    timed = artifact.evidence.X[:TIMED_ROWS]
    cost = unless_too_large(lambda: cost_of(machines["emulator"], module, timed, py=False))
    insns = unless_too_large(lambda: instructions_of(machines["cortex-m3"], module, timed))
    found = [unless_too_large(lambda port=port: agreement_of(artifact, module, machines[port])) for port in AGREEING_ON]
    agreeing = [agreement for agreement in found if agreement is not None]
    answers = predict(program.model, artifact.evidence.X)
    if program.model.classes is not None:
        answers = np.array(program.model.classes)[answers]
    before, after = (
        _score(case, y_test, some) for some in (estimator.predict(X_test.astype(np.float32).astype(np.float64)), answers)
    )
    for target in machines.values():
        target.remove(path)
    return Measured(
        case.family,
        case.title,
        case.data,
        cost and cost.us_array,
        insns and insns.array,
        cost and cost.held_bytes,
        cost and cost.bytes_array,
        len(module.mpy_for("emulator")),
        before,
        after,
        len(X_test),
        tuple(agreement.n_equal for agreement in agreeing),
        tuple(agreement.n_explained for agreement in agreeing),
    )


def _score(case: FamilyCase, y_test: np.ndarray, answers: np.ndarray) -> float:
    if case.family == "clusters":
        return float(adjusted_rand_score(y_test, answers))
    if case.family == "anomalies":
        return float((answers == 1).mean())
    return float((r2_score if case.data == "diabetes" else accuracy_score)(y_test, answers))


def run(machines: Machines) -> tuple[Measured, ...]:
    rows = []
    for number, case in enumerate(FAMILIES):
        start = time.perf_counter()
        rows.append(measure(case, machines, number))
        print(f"{case.title}, {case.data}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return tuple(rows)


def goals(rows: Sequence[Measured]) -> Iterator[tuple[str, str, str]]:
    """(asked, measured, met)"""
    eight, lean, sixteen, boosted = (next(row for row in rows if row.title == title) for title in ASKED)
    for row, title, least in ((eight, ASKED[0], 0.995), (sixteen, ASKED[2], 1.0), (boosted, ASKED[3], 1.0)):
        share = min(row.equal) / row.n_rows
        yield f"{title}, digits: classes as scikit-learn's, at least {least:.1%}", f"{share:.1%}", _met(share >= least)
    for row, what, value, most in (
        (eight, "instructions of a label on the Cortex-M3", eight.insns, 30_000),
        (eight, "bytes allocated by a label", eight.allocated, 0),
        (eight, "bytes held", eight.held, 4096),
        (lean, "bytes held", lean.held, 4096),
    ):
        fine = value is not None and value <= most
        yield f"{row.title}, digits: {what}, at most {most:,}", "does not fit" if value is None else f"{value:,.0f}", _met(fine)


def _met(fine: bool) -> str:
    return "yes" if fine else "**no**"


def save(rows: tuple[Measured, ...], path: Path) -> None:
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="ascii")


def load(path: Path) -> tuple[Measured, ...]:
    """None measured yet where there is no such file."""
    if not path.exists():
        return ()
    rows = json.loads(path.read_text("ascii"))
    return tuple(Measured(**row | {"equal": tuple(row["equal"]), "open": tuple(row["open"])}) for row in rows)
