"""A module that holds its feature stage: raw windows in, labels out, on every runtime and in every form."""

import binascii
from array import array
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cpython import CPython
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import edgewise
from edgewise.errors import UnsupportedModelError
from edgewise.program import Program
from edgewise.runtime_text import needed
from edgewise_rt.stage import Stage

AXES, UNITS, LENGTH, RATE_HZ = ("acc_x", "acc_y", "acc_z"), ("g",) * 3, 64, 50.0
SCALES, OFFSETS = (2 / 32767,) * 3, (0.0,) * 3  # no power of two: a decimal literal would arrive a unit off
SETS = ("motion",)
TARGETS = ("unix_port", "cortex_m3", "riscv", "emulated_pico")


def windows(n: int = 24) -> np.ndarray:
    """int16, shape (n, LENGTH, 3): three kinds of shaking."""
    rng, t = np.random.default_rng(0), np.arange(LENGTH) / RATE_HZ
    kinds = np.arange(n) % 3
    waves = np.sin(2 * np.pi * (1 + kinds)[:, None, None] * t[:, None] + rng.uniform(0, 6, (n, 1, 3)))
    return (waves * 3000 * (1 + kinds)[:, None, None] + rng.normal(0, 300, (n, LENGTH, 3))).astype(np.int16)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(SETS, AXES, UNITS, SCALES, OFFSETS, LENGTH, RATE_HZ)


@pytest.fixture(scope="module")
def described(stage) -> dict:
    facts = {"sets": SETS, "axes": AXES, "units": UNITS, "scales": SCALES, "offsets": OFFSETS, "length": LENGTH}
    return facts | {"hop": 32, "rate_hz": RATE_HZ, "features": stage.names}


@pytest.fixture(scope="module")
def rows(stage) -> np.ndarray:
    return np.array([list(stage.compute(array("h", window.tobytes()))) for window in windows()])


def labels(n: int) -> list[str]:
    return ["up", "down", "round"] * (n // 3)


@pytest.fixture(scope="module")
def forest(rows, described) -> Program:
    estimator = RandomForestClassifier(5, random_state=0).fit(rows, labels(len(rows)))
    return edgewise.transpile(estimator, "whole", rows, described["features"], stage=described, windowed=True)


@pytest.fixture(scope="module")
def some_features(rows, described) -> Program:
    """A model that takes a few of the stage's features, in another order."""
    columns = [7, 2, len(described["features"]) - 1]
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[:, columns], labels(len(rows)))
    names = [described["features"][column] for column in columns]
    return edgewise.transpile(estimator, "some", rows[:, columns], names, stage=described, windowed=True)


ASK = """
import binascii
from array import array
from {0} import features, predict_window
window = array("h", binascii.a2b_base64({1!r}))
label = predict_window(window)
print(repr((label, bytes(features(window)))))
"""


def ask(target, name: str, window: np.ndarray):
    return eval(target.exec(ASK.format(name, binascii.b2a_base64(window.tobytes()))))


def check(target, program: Program, rows: np.ndarray, columns: list[int]) -> None:
    expected = program.estimator.predict(rows[:, columns])
    for window, row, label in zip(windows()[:6], rows, expected, strict=False):
        answer, features = ask(target, program.name, window)
        assert np.array_equal(np.frombuffer(features, np.float32), row[columns].astype(np.float32))
        assert answer == label


def columns_of(program: Program, described: dict) -> list[int]:
    return [list(described["features"]).index(name) for name in program.feature_names]


@pytest.mark.parametrize("program", ["forest", "some_features"])
@pytest.mark.parametrize("target", TARGETS)
def test_raw_window_in_label_out(target, program, rows, described, request):
    target, program = request.getfixturevalue(target), request.getfixturevalue(program)
    target.soft_reset()
    edgewise.deploy(program, target)
    check(target, program, rows, columns_of(program, described))


@pytest.mark.parametrize("target", ["unix_port", "cortex_m3"])
def test_as_bytecode_alone(target, forest, rows, described, request):
    """What a board without a compiler for machine code imports: slower, the same to the last bit."""
    target = request.getfixturevalue(target)
    target.soft_reset()
    target.put("/lib/plainly.mpy", forest.mpy)
    check(target, replace(forest, name="plainly"), rows, columns_of(forest, described))


def test_on_cpython(forest, rows, described, tmp_path: Path):
    with CPython(tmp_path) as here:
        here.put("/whole.py", forest.source.encode())
        check(here, forest, rows, columns_of(forest, described))


def test_a_window_of_another_length(unix_port, forest):
    unix_port.soft_reset()
    edgewise.deploy(forest, unix_port)
    with pytest.raises(edgewise.EdgewiseError, match=r"a window of 189 numbers: 64 samples of 3 axes are wanted"):
        ask(unix_port, "whole", windows()[0][1:])


def test_what_the_stage_lacks(rows, described):
    estimator = RandomForestClassifier(2, random_state=0).fit(rows[:, :2], labels(len(rows)))
    with pytest.raises(UnsupportedModelError, match="feature 'b' is none of the stage's"):
        edgewise.transpile(estimator, "m", rows[:, :2], [described["features"][0], "b"], stage=described, windowed=True)
    with pytest.raises(UnsupportedModelError, match="no feature stage is known"):
        edgewise.transpile(estimator, "m", rows[:, :2], windowed=True)


def test_only_what_the_sets_need(described):
    assert set(needed(["raw"])) == {"integers", "raw", "stage"}
    assert set(needed(["motion"])) == {"integers", "motion", "stage"}
