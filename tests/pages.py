"""Folders for the report: trained and transpiled, with names and labels that are markup to a careless page."""

from pathlib import Path

import numpy as np

from edgewise import training
from edgewise.datasets import Dataset
from edgewise.program import transpile

SCRIPT = "<script>document.title='taken'</script>"
LABELS = (SCRIPT, 'a$b_{ & "c"', "it's\n\0\x1b[31m", "température 温度 &amp; <b>")
NAMES = ('"><img src=x onerror=alert(1)>', "plain_mean", "$\\frac{1}{2$")


def awkward(task: str = "classification", groups: bool = True) -> Dataset:
    """Four classes, or a value, that the first two features nearly tell; groups with names as awkward."""
    rng = np.random.default_rng(0)
    n = 160
    kind = np.arange(n) % 4
    X = np.stack([kind % 2 + rng.normal(0, 0.35, n), kind // 2 + rng.normal(0, 0.35, n), rng.normal(size=n)], axis=1)
    y = np.array(LABELS)[kind] if task == "classification" else X[:, 0] * 3 + X[:, 1] + rng.normal(0, 0.1, n)
    people = np.array([f"<i>p{i // 20}</i>" for i in range(n)]) if groups else None
    return Dataset(X, y, NAMES, "<u>what</u>", task, groups=people, group="<s>who</s>" if groups else None)


def folder(path: Path, model: str = "forest", dataset: Dataset | None = None, **options) -> Path:
    """Trained and transpiled in one folder."""
    trained = training.train(dataset or awkward(), model, **options)
    training.save(trained, path)
    program = transpile(trained.estimator, "model_under_report", trained.X_train, trained.feature_names, facts=trained.facts)
    program.save(path, trained.X_test)
    return path
