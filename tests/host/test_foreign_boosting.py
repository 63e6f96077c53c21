"""XGBoost and LightGBM, read from what their boosters write, answer as those packages do."""

import subprocess
import sys

import m2cgen
import numpy as np
import pytest
from models import run_source
from tree_ensembles import N_FEATURES, TARGETS, _rows, rows_for

from edgewise import exact, transpile
from edgewise.errors import UnsupportedModelError
from edgewise.lower import foreign, lower
from edgewise.verify import compare

lightgbm = pytest.importorskip("lightgbm", reason="needs edgewise[boosting]")
xgboost = pytest.importorskip("xgboost", reason="needs edgewise[boosting]")
pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")

XGB = {"n_estimators": 4, "max_depth": 3, "random_state": 0, "n_jobs": 1}
LGBM = {"n_estimators": 4, "num_leaves": 6, "verbose": -1, "random_state": 0, "n_jobs": 1}
BAGGED = {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
CASES = {
    "xgboost-two": (xgboost.XGBClassifier, XGB, "two"),
    "xgboost-ten": (xgboost.XGBClassifier, XGB, "ten"),
    "xgboost-base": (xgboost.XGBClassifier, {**XGB, "base_score": 0.2}, "two"),
    "xgboost-dart": (xgboost.XGBClassifier, {**XGB, "booster": "dart", "rate_drop": 0.5}, "ten"),
    "xgboost-exact": (xgboost.XGBClassifier, {**XGB, "tree_method": "exact"}, "ten"),
    "xgboost-subsample": (xgboost.XGBRegressor, {**XGB, "subsample": 0.5}, "value"),
    "xgboost-value": (xgboost.XGBRegressor, XGB, "value"),
    "xgboost-count": (xgboost.XGBRegressor, {**XGB, "objective": "count:poisson"}, "count"),
    "xgboost-gamma": (xgboost.XGBRegressor, {**XGB, "objective": "reg:gamma"}, "count"),
    "xgboost-forest": (xgboost.XGBRFClassifier, XGB, "ten"),
    "xgboost-forest-value": (xgboost.XGBRFRegressor, XGB, "value"),
    "lightgbm-two": (lightgbm.LGBMClassifier, LGBM, "two"),
    "lightgbm-three": (lightgbm.LGBMClassifier, LGBM, "three"),
    "lightgbm-ten": (lightgbm.LGBMClassifier, LGBM, "ten"),
    "lightgbm-ova": (lightgbm.LGBMClassifier, {**LGBM, "objective": "multiclassova", "sigmoid": 2.0}, "ten"),
    "lightgbm-forest": (lightgbm.LGBMClassifier, {**LGBM, **BAGGED}, "ten"),
    "lightgbm-dart": (lightgbm.LGBMRegressor, {**LGBM, "boosting_type": "dart"}, "value"),
    "lightgbm-value": (lightgbm.LGBMRegressor, LGBM, "value"),
    "lightgbm-count": (lightgbm.LGBMRegressor, {**LGBM, "objective": "poisson"}, "count"),
}


def fit(case: str, missing: bool):
    kind, options, target = CASES[case]
    X, y = _rows(missing), TARGETS[target]
    return kind(**options).fit(X, y + 0 if y.dtype == bool else y), X


def margins(estimator, X: np.ndarray) -> np.ndarray:
    """The sums of leaves, in the units of ours."""
    if not case_is_xgboost(estimator):
        scores = estimator.predict(X, raw_score=True)
        scores = scores * estimator.get_params().get("sigmoid", 1.0)
        if estimator.boosting_type == "rf":  # its raw scores are sums, its answers are made of means
            scores = scores / estimator.n_estimators
    else:
        scores = estimator.predict(X, output_margin=True)
    return np.asarray(scores, dtype=np.float64).reshape(len(X), -1)


def case_is_xgboost(estimator) -> bool:
    return type(estimator).__module__.startswith("xgboost")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("missing", [False, True])
def test_scores_and_answers(case: str, missing: bool):
    estimator, X = fit(case, missing)
    program = transpile(estimator, "edgewise_case", X=X, backend="viper")
    rows = rows_for(program, X)
    found = exact.scores(lower(estimator), rows.astype(np.float64))
    # XGBoost adds up in single precision
    precision = 1e-6 if case_is_xgboost(estimator) else 1e-12
    np.testing.assert_allclose(found, margins(estimator, rows), rtol=precision, atol=precision)
    module = run_source(program.source)
    answers = [module.predict(row) for row in rows.tolist()]
    verification = compare(program.model.classes, program.golden(rows), answers)
    assert verification.passed, verification.first_difference
    if program.model.classes is not None:
        assert verification.n_equal >= len(rows) - 1
        assert hasattr(module, "predict_proba") == (case != "lightgbm-ova")
        if case == "lightgbm-ova":
            return
        proba = [module.predict_proba(row) for row in rows[:20].tolist()]
        np.testing.assert_allclose(proba, estimator.predict_proba(rows[:20]), atol=1e-6)


@pytest.mark.parametrize("case", ["xgboost-two", "xgboost-ten", "lightgbm-two", "lightgbm-ten"])
def test_missing_values_that_were_learned_are_taken(case: str):
    estimator, X = fit(case, True)
    assert lower(estimator).core.missing_left.any()
    estimator, X = fit(case, False)
    assert not lower(estimator).core.learned_missing
    module = run_source(transpile(estimator, X=X, backend="table").source)
    with pytest.raises(ValueError, match="a feature is not finite"):
        module.predict([float("nan")] * N_FEATURES)


@pytest.mark.parametrize("package", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("target", ["two", "ten"])
@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_early_stopping_counts(package: str, target: str):
    X, y = _rows(False), TARGETS[target].astype(int)
    held = {"eval_set": [(X[120:], y[120:])]}
    if package == "xgboost":
        estimator = xgboost.XGBClassifier(n_estimators=60, learning_rate=1.0, early_stopping_rounds=2, n_jobs=1)
        estimator.fit(X[:120], y[:120], verbose=False, **held)
        grown = len(estimator.get_booster().get_dump())
    else:
        estimator = lightgbm.LGBMClassifier(n_estimators=60, learning_rate=1.0, verbose=-1, n_jobs=1)
        estimator.fit(X[:120], y[:120], callbacks=[lightgbm.early_stopping(2, verbose=False)], **held)
        grown = estimator.booster_.num_trees()
    core = lower(estimator).core
    rounds = (estimator.best_iteration + 1) if package == "xgboost" else estimator.best_iteration_
    assert len(core.roots) == rounds * (1 if target == "two" else 10)
    assert len(core.roots) <= grown
    found = exact.scores(lower(estimator), X.astype(np.float32).astype(np.float64))
    np.testing.assert_allclose(found, margins(estimator, X.astype(np.float32)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [xgboost.XGBRegressor, lightgbm.LGBMRegressor])
def test_trees_of_one_leaf(kind):
    X, y = np.ones((60, 2)), np.full(60, 21.5)
    estimator = kind(n_estimators=2, n_jobs=1).fit(X, y)
    module = run_source(transpile(estimator, X=X).source)
    assert module.predict([1.0, 2.0]) == pytest.approx(21.5)


@pytest.mark.parametrize("case", ["lightgbm-two", "lightgbm-ten", "lightgbm-value", "xgboost-base"])
def test_m2cgen_reads_the_same(case: str):
    """A second opinion, where m2cgen 0.10 still reads those packages."""
    estimator, X = fit(case, False)
    names: dict = {}
    exec(m2cgen.export_to_python(estimator), names)
    rows = X.astype(np.float32).astype(np.float64)[:50]
    theirs = np.array([names["score"](row) for row in rows.tolist()])
    ours = transpile(estimator, X=X, backend="table")
    module = run_source(ours.source)
    if ours.model.classes is None:
        found = np.array([module.predict(row) for row in rows.tolist()])
    else:
        found = np.array([module.predict_proba(row) for row in rows.tolist()])
    np.testing.assert_allclose(found, theirs, atol=1e-6)


def test_estimators_are_known_by_their_whole_name():
    class XGBClassifier:
        pass

    assert foreign.lowering(XGBClassifier) is None
    assert foreign.lowering(xgboost.XGBClassifier) is foreign.xgboost
    assert {name.partition(".")[0] for name in foreign.LOWERINGS} == {"xgboost", "lightgbm"}


def test_lowering_others_imports_neither():
    code = "import sys, edgewise; print([name for name in ('xgboost', 'lightgbm') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda X, y: xgboost.XGBRegressor(objective="reg:logistic", **XGB).fit(X, y > 20),
            r"^XGBRegressor\(objective='reg:logistic'\): use one of reg:squarederror, ",
        ),
        (
            lambda X, y: xgboost.XGBRegressor(booster="gblinear", n_estimators=2).fit(X, y),
            r"^XGBRegressor\(booster='gblinear'\): use booster='gbtree', or a linear model of scikit-learn$",
        ),
        (lambda X, y: xgboost.XGBRegressor(**XGB).fit(X, np.stack([y, y], axis=1)), "^XGBRegressor has 2 outputs; fit one model"),
        (
            lambda X, y: lightgbm.LGBMRegressor(reg_sqrt=True, **LGBM).fit(X, y),
            r"^LGBMRegressor\(objective='regression sqrt'\): use one of regression, ",
        ),
        (
            lambda X, y: lightgbm.LGBMRegressor(linear_tree=True, **LGBM).fit(X, y),
            r"\(linear_tree=True\): use linear_tree=False$",
        ),
        (
            lambda X, y: lightgbm.LGBMRegressor(zero_as_missing=True, **LGBM).fit(X, y),
            r"\(zero_as_missing=True\): use zero_as_missing=False$",
        ),
        (
            lambda X, y: lightgbm.LGBMRegressor(min_data_per_group=1, **LGBM).fit(
                np.abs(X), np.abs(X[:, 3]) % 2, categorical_feature=[3]
            ),
            "^LGBMRegressor splits on categories: encode those columns as numbers$",
        ),
        (
            lambda X, y: xgboost.XGBRegressor(
                enable_categorical=True, feature_types=["q", "q", "q", "c", "q"], max_cat_to_onehot=1, **XGB
            ).fit(np.abs(np.where(np.arange(5) == 3, np.rint(X) % 8, X)), y),
            r"^XGBRegressor\(enable_categorical=True\): encode those columns as numbers$",
        ),
        (lambda X, y: xgboost.XGBRegressor(), "^XGBRegressor is not fitted"),
        (lambda X, y: lightgbm.LGBMClassifier(), "^LGBMClassifier is not fitted"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_refusals_name_the_option_and_what_to_use_instead(make, message: str):
    X = _rows(False)
    X[:, 3] = np.rint(X[:, 3])
    with pytest.raises(UnsupportedModelError, match=message):
        lower(make(X, TARGETS["value"]))
