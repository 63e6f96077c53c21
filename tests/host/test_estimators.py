"""The short names of models, and that each is one that transpile takes."""

import warnings

import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from edgewise import transpile
from edgewise.errors import UnsupportedModelError
from edgewise.estimators import ANOMALIES, CLUSTERS, MODELS, make

IRIS = load_iris()
TASKS = ("classification", "regression")


# Of models that are too simple for these flowers, or too strictly regularized
LEAST = {"lasso": -0.1, "elastic-net": -0.1, "ridge": 0.8, "centroid": 0.8, "poly-svm": 0.8}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", MODELS)
def test_each_model_fits_predicts_and_transpiles(name, task):
    if MODELS[name][task == "regression"] is None:
        kind, holds = ("regression", "classes") if task == "classification" else ("classification", "numbers")
        message = f"model '{name}' is for {kind}, and the target holds {holds}; try linear"
        with pytest.raises(UnsupportedModelError, match=message):
            make(name, task)
        return
    estimator = make(name, task, seed=1)
    assert (is_classifier(estimator), is_regressor(estimator)) == (task == "classification", task == "regression")
    y = IRIS.target if task == "classification" else IRIS.target * 1.25
    X = IRIS.data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(X, y)
    assert estimator.score(X, y) > LEAST.get(name, 0.9)
    assert "def predict(x):" in transpile(estimator, "model", X).source


@pytest.mark.parametrize("name", MODELS)
def test_the_seed_reaches_the_estimator(name):
    for task, factory in zip(TASKS, MODELS[name], strict=True):
        if factory is None:
            continue
        seeds = [value for key, value in make(name, task, seed=7).get_params().items() if key.endswith("random_state")]
        assert seeds in ([7], [], [None], [None, 7])  # some solvers draw nothing; an ensemble hands its seed on
        if name in ("tree", "forest", "extra-trees", "sgd", "svm"):
            assert seeds == [7]


def test_an_unknown_model_names_the_choices():
    with pytest.raises(UnsupportedModelError) as error:
        make("[bold]\n", "classification")
    assert str(error.value) == f"unknown model '[bold]\\n'; choose from {', '.join([*MODELS, *ANOMALIES, *CLUSTERS])}"
