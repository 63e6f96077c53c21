"""Detectors of anomalies: the rule of the largest |z|, the ellipse, and a threshold that is set at run time."""

import numpy as np
import pytest
from models import rows_around, run_source
from sklearn.base import clone
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_iris
from sklearn.svm import OneClassSVM

from edgewise import exact, transpile
from edgewise.anomaly import MaxZScore
from edgewise.lower import lower

X = load_iris().data
FLAT = np.column_stack([X, X[:, 0] + X[:, 1], np.full(150, 7.0)])  # of a plane, and a feature that never changes
DETECTORS = {
    "one class": OneClassSVM(nu=0.1, gamma=0.3),
    "one class linear": OneClassSVM(nu=0.1, kernel="linear"),
    "ellipse": EllipticEnvelope(random_state=0),
    "ellipse centered": EllipticEnvelope(assume_centered=True, contamination=0.3, random_state=0),
    "z": MaxZScore(2.0),
}


@pytest.mark.parametrize("name", DETECTORS)
def test_scores_and_classes_are_scikit_learns(name: str):
    data = X - X.mean(axis=0) if "centered" in name else X
    detector = clone(DETECTORS[name]).fit(data)
    rows = rows_around(data, 200).astype(np.float64)
    model = lower(detector)
    assert (model.classes, model.decision) == ((-1, 1), "threshold")
    scores = exact.scores(model, rows)[:, 0]
    np.testing.assert_allclose(scores, detector.score_samples(rows), rtol=1e-9, atol=1e-9)
    predicted = detector.predict(rows)
    np.testing.assert_array_equal(np.where(scores >= model.threshold, 1, -1), predicted)
    assert set(predicted.tolist()) == {-1, 1}


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("backend", ["table", "auto"])
def test_the_threshold_is_set_at_run_time(name: str, backend: str):
    detector = clone(DETECTORS[name]).fit(X)
    rows = rows_around(X, 60)
    program = transpile(detector, X=X, backend=backend)
    module = run_source(program.source)
    expected = detector.score_samples(rows.astype(np.float64))
    scores = np.array([module.score(row) for row in rows.tolist()])
    assert np.abs(scores - expected).max() < 2e-3 * np.abs(expected).max()
    assert module.CLASSES == (-1, 1)
    assert pytest.approx(detector.offset_) == module.THRESHOLD
    test = program.golden(rows)
    for row, allowed in zip(rows.tolist(), test.classes, strict=True):  # type: ignore[arg-type]
        assert allowed[module.CLASSES.index(module.predict(row))]
    limit = float(np.median(scores))
    namespace = module.predict.__globals__
    namespace["THRESHOLD"] = limit
    answers = [module.predict(row) for row in rows.tolist()]
    assert answers == np.where(scores >= limit, 1, -1).tolist()
    assert answers.count(1) >= 60
    namespace["THRESHOLD"] = float(np.ravel(detector.offset_)[0])
    assert module.self_test() == 2


def test_max_z_score():
    rule = MaxZScore().fit(FLAT)
    assert rule.scale_[-1] == 0  # tells nothing
    rows = FLAT[:5].copy()
    rows[0, 0] = rule.mean_[0] + 4 * rule.scale_[0]
    rows[1, -1] = 1000.0
    assert rule.score_samples(rows)[0] == pytest.approx(-4)
    assert rule.predict(rows).tolist() == [-1, 1, 1, 1, 1]
    np.testing.assert_array_equal(rule.predict(rows) == 1, rule.decision_function(rows) >= 0)
    np.testing.assert_array_equal(rule.fit_predict(FLAT), rule.predict(FLAT))
    assert rule.set_params(threshold=1.0).fit(FLAT).offset_ == -1
    np.testing.assert_allclose(exact.scores(lower(rule), FLAT)[:, 0], rule.score_samples(FLAT), rtol=1e-12)


def test_an_ellipse_of_a_plane():
    """Its precision matrix is flat, too."""
    with pytest.warns(UserWarning, match="not full rank"):
        detector = EllipticEnvelope(random_state=0).fit(FLAT[:, :5])
    rows = rows_around(FLAT[:, :5], 50).astype(np.float64)
    expected = detector.score_samples(rows)
    np.testing.assert_allclose(exact.scores(lower(detector), rows)[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rule_without_a_threshold(threshold: float):
    with pytest.raises(ValueError, match="give standard deviations, such as"):
        MaxZScore(threshold).fit(X)


def test_a_rule_without_a_change():
    with pytest.raises(ValueError, match="no feature of the 4 rows changes"):
        MaxZScore().fit(np.full((4, 2), 0.1))


def test_rows_of_another_width():
    rule = MaxZScore().fit(X)
    with pytest.raises(ValueError, match="expecting 4 features"):
        rule.predict(X[:, :3])
    with pytest.raises(ValueError, match="NaN"):
        rule.predict(np.full((1, 4), np.nan))
