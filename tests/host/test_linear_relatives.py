"""Everything that ends in coef_ and intercept_, alone and inside other estimators: exact answers, and what is refused."""

import warnings
from itertools import product

import numpy as np
import pytest
from lowered import answers, rows_around
from models import deployed, run_source
from sklearn import linear_model as linear_models
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Perceptron,
    PoissonRegressor,
    RANSACRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDOneClassSVM,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise import Target, exact, transpile
from edgewise.errors import UnsupportedModelError
from edgewise.ir import Linear
from edgewise.lower import lower
from edgewise.lower.linear import ESTIMATORS
from edgewise.verify import verify

X, SPECIES = load_iris(return_X_y=True)
NAMED = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
SIDES = np.stack([SPECIES == 0, SPECIES > 1, SPECIES < 2], axis=1).astype(int)
MIXED = np.stack([NAMED, np.where(X[:, 0] > 5.8, "long", "short")], axis=1)
TARGETS = {
    "one": X[:, 3],
    "several": X[:, 2:],
    "classes": NAMED,
    "two": SPECIES > 1,
    "indicators": SIDES,
    "mixed": MIXED,
    "none": None,
}
INPUTS = X[:, :2]  # so that classes and values are no one's copy of a feature
ROWS = rows_around(INPUTS)


def fitted(estimator, target: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence, of deprecation
        return estimator.fit(INPUTS, TARGETS[target])


def same(estimator, target: str) -> None:
    model = lower(fitted(estimator, target))
    expected, found = estimator.predict(ROWS), answers(model, ROWS)
    if is_classifier(estimator) or target == "none":
        assert found.tolist() == expected.tolist()
        assert len(np.unique(expected, axis=0)) > 1
    else:
        np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-12, atol=1e-12)


def targets(kind: type) -> tuple[str, ...]:
    if is_classifier(kind()):
        return "classes", "two"
    if kind.__name__.startswith(("MultiTask", "CCA", "PLSCanonical")):
        return ("several",)
    return ("none",) if kind is SGDOneClassSVM else ("one",)


EACH = [(kind, target) for kind in ESTIMATORS for target in targets(kind)]


@pytest.mark.parametrize(("kind", "target"), EACH, ids=lambda value: getattr(value, "__name__", value))
def test_exact_answers_are_those_of_scikit_learn(kind: type, target: str):
    seeded = {"random_state": 0} if "random_state" in kind().get_params() else {}
    strength = {"alpha": 0.01} if "alpha" in kind().get_params() and target != "none" else {}
    estimator = fitted(kind(**seeded, **strength), target)
    model = lower(estimator)
    expected, found = estimator.predict(ROWS), answers(model, ROWS)
    assert isinstance(model.core, Linear)
    if model.classes is not None:
        assert found.tolist() == expected.tolist()
    else:
        np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-12, atol=1e-12)


VARIANTS = {
    "several targets": (LinearRegression(), "several"),
    "several, no intercept": (Ridge(fit_intercept=False), "several"),
    "no intercept": (LogisticRegression(fit_intercept=False), "classes"),
    "lasso path": (linear_models.LassoLars(0.001), "several"),
    "one latent target": (PLSRegression(2), "one"),
    "indicators": (RidgeClassifier(), "indicators"),
    "identity link": (TweedieRegressor(power=0), "one"),
    "log link": (TweedieRegressor(power=1.5, alpha=0), "one"),
    "log link by hand": (TweedieRegressor(power=0, link="log", alpha=0), "one"),
    "one against rest": (OneVsRestClassifier(LogisticRegression()), "classes"),
    "one against the other": (OneVsRestClassifier(LinearSVC(random_state=0)), "two"),
    "labels at will": (OneVsRestClassifier(LogisticRegression()), "indicators"),
    "labels of several outputs": (MultiOutputClassifier(LogisticRegression()), "mixed"),
    "several regressions": (MultiOutputRegressor(Ridge()), "several"),
    "logarithm": (TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp), "one"),
    "scaled target": (TransformedTargetRegressor(Ridge(), transformer=StandardScaler()), "one"),
    "scaled targets": (TransformedTargetRegressor(Ridge(), transformer=StandardScaler(with_mean=False)), "several"),
    "bare target": (TransformedTargetRegressor(), "one"),
    "robust": (RANSACRegressor(random_state=0), "one"),
    "search": (
        GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1]}),
        "classes",
    ),
    "search in a pipeline": (make_pipeline(MinMaxScaler(), GridSearchCV(Ridge(), {"alpha": [0.1, 1]})), "one"),
    "self-training": (SelfTrainingClassifier(LogisticRegression()), "two"),
}


@pytest.mark.parametrize("case", VARIANTS)
def test_variants_answer_as_scikit_learn(case: str):
    same(*VARIANTS[case])


def test_a_frozen_model_is_the_model_inside():
    inside = fitted(LogisticRegression(), "classes")
    assert lower(FrozenEstimator(inside)).core.coef.tolist() == inside.coef_.tolist()  # type: ignore[union-attr]


def test_the_score_of_a_one_class_machine_is_its_score_samples():
    estimator = fitted(SGDOneClassSVM(random_state=0), "none")
    model = lower(estimator)
    np.testing.assert_allclose(exact.scores(model, ROWS)[:, 0], estimator.score_samples(ROWS), atol=1e-12)
    assert (model.threshold, model.classes) == (estimator.offset_[0], (-1, 1))


REFUSED = {
    "GridSearchCV is not fitted; call fit(X, y) with refit=True before transpile": lambda: fitted(
        GridSearchCV(Ridge(), {"alpha": [1, 2]}, refit=False), "one"
    ),
    "RANSACRegressor is not fitted; call fit(X, y) before transpile": RANSACRegressor,
    "OneVsRestClassifier of DecisionTreeClassifier: use a linear model inside, such as Ridge or LogisticRegression": lambda: (
        fitted(OneVsRestClassifier(DecisionTreeClassifier()), "classes")
    ),
    "OneVsRestClassifier of Ridge: use a classifier inside": lambda: fitted(OneVsRestClassifier(Ridge()), "classes"),
    "MultiOutputRegressor of DecisionTreeRegressor: use a linear model inside, such as Ridge or LogisticRegression": lambda: (
        fitted(MultiOutputRegressor(DecisionTreeRegressor()), "several")
    ),
    "MultiOutputRegressor of a generalized linear model: transpile its estimators_ one by one": lambda: fitted(
        MultiOutputRegressor(PoissonRegressor()), "several"
    ),
    "TransformedTargetRegressor of this transformation: use transformer=StandardScaler(), or func=np.log, inverse_func=np.exp": (
        lambda: fitted(TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square), "one")
    ),
    "SGDClassifier has sparse coefficients; call densify() before transpile": lambda: fitted(
        SGDClassifier(random_state=0), "two"
    ).sparsify(),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused_says_what_to_use(message: str):
    estimator = REFUSED[message]()
    with pytest.raises(UnsupportedModelError) as error:
        lower(estimator)
    assert str(error.value) == message


# On a target: of each form of answer one model, from every back end

FORMS = {
    "values": (LinearRegression(), "several"),
    "exp": (PoissonRegressor(alpha=0.01), "one"),
    "labels": (MultiOutputClassifier(LogisticRegression()), "mixed"),
    "indicators": (RidgeClassifier(), "indicators"),
    "threshold": (SGDOneClassSVM(random_state=0), "none"),
    "ovr": (OneVsRestClassifier(LogisticRegression()), "classes"),
    "pair": (Perceptron(), "two"),
}


@pytest.mark.parametrize("backend", ["table", "viper"])
@pytest.mark.parametrize("form", FORMS)
def test_forms_of_answers_on_the_unix_port(form: str, backend: str, unix_port: Target):
    estimator = fitted(*FORMS[form])
    program = transpile(estimator, name="edgewise_case", X=INPUTS, backend=backend)
    with deployed(program, ROWS, unix_port) as artifact:
        found = verify(artifact, unix_port)
        assert unix_port.eval("__import__('edgewise_case').self_test()") >= 2
        first = unix_port.eval(f"__import__('edgewise_case').predict({ROWS[0].tolist()})")
    assert (found.n_rows, found.n_unexplained) == (len(ROWS), 0), found.first_difference
    expected = estimator.predict(ROWS[:1])[0].tolist()
    if program.model.classes is not None:
        assert found.n_equal >= len(ROWS) - 1
        assert first == expected
    else:
        np.testing.assert_allclose(first, expected, rtol=1e-5)
        assert found.largest_error is not None
        assert found.largest_error < 1e-4


@pytest.mark.parametrize(
    ("form", "port"), [*product(["values", "exp", "labels"], ["cortex_m3", "riscv"]), ("labels", "emulated_pico")]
)
def test_forms_of_answers_in_single_precision(form: str, port: str, request: pytest.FixtureRequest):
    target = request.getfixturevalue(port)
    program = transpile(fitted(*FORMS[form]), name="edgewise_case", X=INPUTS)
    with deployed(program, ROWS[:20], target) as artifact:
        found = verify(artifact, target)
        assert target.eval("__import__('edgewise_case').self_test()") >= 2
    assert (found.n_rows, found.n_unexplained) == (20, 0), found.first_difference


def test_one_wrong_output_of_several_is_seen(unix_port: Target):
    """Of values and of labels, in verify and in self_test."""
    changes = {"values": "lambda value: value + 0.01", "labels": "lambda label: 'LONG' if label == 'long' else label"}
    for form, change in changes.items():
        estimator = fitted(*FORMS[form])
        program = transpile(estimator, name="edgewise_case", X=INPUTS, backend="table")
        with deployed(program, ROWS, unix_port) as artifact:
            unix_port.eval("__import__('edgewise_case').self_test()")
            wrap = "module.predict = lambda x: [own(x)[0], change(own(x)[1])]"
            unix_port.exec(f"module = __import__('edgewise_case')\nown = module.predict\nchange = {change}\n{wrap}")
            found = verify(artifact, unix_port)
        assert 0 < found.n_unexplained <= len(ROWS)
        assert found.first_difference is not None


@pytest.mark.parametrize("output", [0, 1])
@pytest.mark.parametrize("form", ["values", "labels"])
def test_the_self_test_sees_every_output(form: str, output: int):
    module = run_source(transpile(fitted(*FORMS[form]), name="edgewise_case", X=INPUTS, backend="table").source)
    own = module.predict
    assert module.self_test() >= 2

    def other(x):
        answer = own(x)
        answer[output] = answer[output] * 2 + type(answer[output])(1)  # another number, another word
        return answer

    module.self_test.__globals__["predict"] = other
    with pytest.raises(ValueError, match="golden row 0 gives"):
        module.self_test()
    module.self_test.__globals__["predict"] = lambda x: own(x)[:1]  # one is missing
    with pytest.raises(ValueError, match=r"golden row \d gives|values, not"):
        module.self_test()


def test_a_value_beyond_single_precision_is_a_value_error(unix_port: Target):
    estimator = fitted(PoissonRegressor(alpha=0), "one")
    program = transpile(estimator, name="edgewise_case", X=INPUTS)
    with deployed(program, ROWS, unix_port):
        source = "try:\n    __import__('edgewise_case').predict([1e6, 1e6])\nexcept ValueError as error:\n    print(error)"
        assert unix_port.exec(source).startswith("the value is beyond single precision: exp(")
