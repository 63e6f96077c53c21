"""Naive Bayes, discriminants, mixtures, centroids and clusters: exact answers, forms on a board, and what is refused."""

import warnings
from functools import cache

import numpy as np
import pytest
from lowered import answers, rows_around
from models import deployed
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, KMeans, MeanShift, MiniBatchKMeans
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import NearestCentroid

from edgewise import Target, exact, transpile
from edgewise.errors import UnsupportedModelError
from edgewise.ir import Linear, Trees
from edgewise.lower import lower
from edgewise.verify import verify

X, SPECIES = load_iris(return_X_y=True)
NAMED = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
UNEVEN = np.arange(30, 130)  # so that the classes' shares differ
WHOLE = np.rint(X)
BITS = np.greater(X, np.median(X, axis=0)).astype(float)


def whole_rows(X: np.ndarray) -> np.ndarray:
    """Numbers among those of the training, and halfway to the next."""
    rng = np.random.default_rng(0)
    return rng.integers(0, X.max(axis=0) + 1, (300, X.shape[1])) + rng.choice([0.0, 0.5, 0.999], (300, X.shape[1]))


CASES = {
    "gaussian": (GaussianNB(), X, NAMED),
    "gaussian, two": (GaussianNB(priors=[0.3, 0.7]), X, SPECIES > 1),
    "gaussian, narrow": (GaussianNB(var_smoothing=1e-12), X + np.array([0, 1000, 0, 0]), NAMED),
    "multinomial": (MultinomialNB(), WHOLE, NAMED),
    "multinomial, two": (MultinomialNB(fit_prior=False), WHOLE, SPECIES > 0),
    "complement": (ComplementNB(), WHOLE, NAMED),
    "complement, norm": (ComplementNB(norm=True), WHOLE, NAMED),
    "bernoulli": (BernoulliNB(binarize=1.5), X, NAMED),
    "bernoulli, at a number": (BernoulliNB(binarize=4.0), WHOLE, SPECIES > 1),
    "bernoulli, bits": (BernoulliNB(binarize=None), BITS, SPECIES > 0),
    "categorical": (CategoricalNB(), WHOLE, NAMED),
    "categorical, more": (CategoricalNB(min_categories=12), WHOLE, SPECIES > 1),
    "lda": (LinearDiscriminantAnalysis(), X, NAMED),
    "lda, two": (LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"), X, SPECIES > 1),
    "lda, eigen": (LinearDiscriminantAnalysis(solver="eigen", priors=[0.2, 0.3, 0.5]), X, NAMED),
    "qda": (QuadraticDiscriminantAnalysis(), X, NAMED),
    "qda, two": (QuadraticDiscriminantAnalysis(reg_param=0.1), X, SPECIES > 1),
    "centroid": (NearestCentroid(), X, NAMED),
    "centroid, shrunken": (NearestCentroid(shrink_threshold=0.5), X, SPECIES > 1),
    "centroid, manhattan": (NearestCentroid(metric="manhattan"), X, NAMED),
    "centroid, priors": (NearestCentroid(priors="empirical"), X[UNEVEN], NAMED[UNEVEN]),
    "centroid, priors, shrunken": (NearestCentroid(priors=[0.1, 0.3, 0.6], shrink_threshold=0.2), X, NAMED),
    "kmeans": (KMeans(5, random_state=0), X, None),
    "kmeans, batches": (MiniBatchKMeans(4, random_state=0), X, None),
    "kmeans, far away": (KMeans(3, random_state=0), X + 1e5, None),
    "bisecting": (BisectingKMeans(6, random_state=0), X, None),
    "bisecting, two": (BisectingKMeans(2, random_state=0), X, None),
    "mean shift": (MeanShift(bandwidth=1.0), X, None),
    "affinity": (AffinityPropagation(random_state=0), X, None),
    "birch": (Birch(threshold=0.7, n_clusters=3), X, None),
    "birch, all": (Birch(n_clusters=None), X, None),
}
CASES |= {
    f"mixture, {kind}": (GaussianMixture(3, covariance_type=kind, random_state=0), X, None) for kind in ("full", "tied", "diag")
}
CASES |= {"mixture, spherical": (GaussianMixture(4, covariance_type="spherical", random_state=0), X, None)}
for kind in ("full", "tied", "diag", "spherical"):
    CASES[f"bayesian, {kind}"] = (BayesianGaussianMixture(n_components=5, covariance_type=kind, random_state=0), X, None)
WHOLE_ONLY = ("categorical", "categorical, more")


@cache
def fitted(case: str):
    """(estimator, rows of the training, rows to try)."""
    estimator, X, y = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence
        estimator.fit(X, y)
    return estimator, X, whole_rows(X) if case in WHOLE_ONLY else rows_around(X)


@pytest.mark.parametrize("case", CASES)
def test_exact_answers_are_those_of_scikit_learn(case: str):
    estimator, _, rows = fitted(case)
    found, expected = answers(lower(estimator), rows), estimator.predict(rows)
    assert len(np.unique(expected)) > 1
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("case", [case for case in CASES if hasattr(CASES[case][0], "predict_proba")])
def test_scores_become_the_probabilities(case: str):
    estimator, _, rows = fitted(case)
    model = lower(estimator)
    if not model.has_proba:
        assert case.startswith("centroid")
        return
    scores = exact.scores(model, rows)
    if model.link == "sigmoid":
        scores = np.hstack([np.zeros_like(scores), scores])
    else:
        assert model.link == "softmax"
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), estimator.predict_proba(rows), atol=1e-9)


def test_a_row_at_a_question_is_answered_as_scikit_learn_does():
    """A number above binarize is a yes, one at it is none; a category goes up to the next whole number."""
    bits = BernoulliNB(binarize=0.1).fit(X > 1, SPECIES)
    limits = np.nextafter(0.1, [0.0, 0.1, 1.0])
    rows = np.array(np.meshgrid(*[limits] * 4)).reshape(4, -1).T
    assert answers(lower(bits), rows).tolist() == bits.predict(rows).tolist()
    numbers = CategoricalNB().fit(WHOLE, SPECIES)
    edges = np.array([3.0, np.nextafter(4.0, 0), 4.0, 0.0])
    rows = np.array(np.meshgrid(edges, edges, edges, [0.0, 1.0, np.nextafter(2.0, 0), 2.0])).reshape(4, -1).T
    assert answers(lower(numbers), rows).tolist() == numbers.predict(rows).tolist()
    core = lower(numbers).core
    assert isinstance(core, Trees)
    assert len(core.roots) == 4  # a tree a feature, balanced
    assert len(core.feature) == sum(numbers.n_categories_) - 4


@pytest.mark.parametrize(
    "estimator", [KMeans(1), GaussianMixture(), BayesianGaussianMixture(), BisectingKMeans(1), MeanShift(bandwidth=99)]
)
def test_one_cluster_is_always_the_answer(estimator):
    model = lower(estimator.fit(X))
    assert model.classes == (0,)
    assert set(answers(model, rows_around(X))) == {0}


def test_the_middle_of_the_centers_keeps_the_digits():
    """Centers near 1e5 that lie 1 apart: |c|^2 / 2 would be 5e9, of which float32 keeps 512."""
    core = lower(fitted("kmeans, far away")[0]).core
    assert isinstance(core, Linear)
    assert core.center is not None
    assert np.abs(core.coef @ core.center + core.intercept).max() < 20
    assert np.abs(core.center - 1e5).max() < 10


REFUSED = {
    "AffinityPropagation(affinity='precomputed'): use affinity='euclidean'": lambda: AffinityPropagation(
        affinity="precomputed", random_state=0
    ).fit(-((X[:30, None] - X[:30]) ** 2).sum(axis=2)),
    "KMeans was fitted on float32 rows, and predicts no others; fit it on float64": lambda: KMeans(3).fit(X.astype(np.float32)),
    "NearestCentroid(metric='manhattan', priors=...): use priors='uniform'": lambda: NearestCentroid(
        metric="manhattan", priors=[0.2, 0.3, 0.5]
    ).fit(X, SPECIES),
    "MultinomialNB has probabilities of 0 or 1, of infinite logarithms; use alpha=1e-3 or more": lambda: MultinomialNB(
        alpha=0
    ).fit(BITS * [1, 1, 0, 1], SPECIES),
    "CategoricalNB has probabilities of 0 or 1, of infinite logarithms; use alpha=1e-3 or more": lambda: CategoricalNB(
        alpha=0
    ).fit(WHOLE, SPECIES),
    "BernoulliNB has probabilities of 0 or 1, of infinite logarithms; fit it on 0s and 1s, or with binarize=0.5": lambda: (
        BernoulliNB(binarize=None).fit(WHOLE, SPECIES)
    ),
    "GaussianNB has probabilities of 0 or 1, of infinite logarithms; give every class a prior above 0": lambda: GaussianNB(
        priors=[0.5, 0.5, 0]
    ).fit(X, SPECIES),
    "AffinityPropagation found no clusters (it did not converge); use KMeans": lambda: AffinityPropagation(
        max_iter=1, random_state=0
    ).fit(X),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused_says_what_to_use(message: str):
    estimator = REFUSED[message]()
    with pytest.raises(UnsupportedModelError) as error:
        lower(estimator)
    assert str(error.value) == message


# On targets: every form once, some in single precision

ALIKE = {f"bayesian, {kind}" for kind in ("full", "tied", "diag")} | {"mixture, tied", "mixture, diag", "mixture, spherical"}
ON_BOARDS = ("gaussian", "categorical", "qda", "kmeans, far away", "bisecting", "birch")


def holds(case: str, rows: np.ndarray, target: Target, backend: str = "auto") -> None:
    estimator, X, _ = fitted(case)
    program = transpile(estimator, name="edgewise_case", X=X, backend=backend)
    with deployed(program, rows, target) as artifact:
        found = verify(artifact, target)
        assert target.eval("__import__('edgewise_case').self_test()") >= 2
    assert (found.n_rows, found.n_unexplained) == (len(rows), 0), found.first_difference
    assert found.n_explained <= 1


@pytest.mark.parametrize("case", [case for case in CASES if case not in ALIKE])
def test_the_unix_port_answers_as_scikit_learn(case: str, unix_port: Target):
    holds(case, fitted(case)[2], unix_port)


@pytest.mark.parametrize("case", ON_BOARDS)
@pytest.mark.parametrize("port", ["cortex_m3", "riscv"])
def test_answers_in_single_precision(case: str, port: str, request: pytest.FixtureRequest):
    holds(case, fitted(case)[2][:40], request.getfixturevalue(port))


def test_answers_of_the_pico(emulated_pico: Target):
    holds("gaussian", fitted("gaussian")[2][:4], emulated_pico)


@pytest.mark.parametrize("case", ["gaussian", "lda", "bernoulli", "qda, two", "centroid, priors"])
def test_probabilities_of_the_unix_port(case: str, unix_port: Target):
    estimator, X, rows = fitted(case)
    program = transpile(estimator, name="edgewise_case", X=X)
    with deployed(program, rows, unix_port):
        found = unix_port.eval(f"[__import__('edgewise_case').predict_proba(row) for row in {rows[:20].tolist()}]")
    np.testing.assert_allclose(found, estimator.predict_proba(rows[:20]), atol=1e-4)
