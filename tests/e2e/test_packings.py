"""Trees in every packing of a kernel's tables, at the edges of their fields, by every kernel on every runtime."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from models import deployed, edge_rows, run_source
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from edgewise import Program, Target, transpile
from edgewise.errors import UnsupportedModelError
from edgewise.mpy import cross_compile
from edgewise.packed_trees import MOST_CLASSES, pack_trees
from edgewise.passes import BoardTrees
from edgewise.verify import compare, verify

DEVICE = Path(__file__).parents[1] / "device"
RNG = np.random.default_rng(0)
SOME = RNG.normal(size=(400, 5)).astype(np.float32).astype(np.float64)


@dataclass(frozen=True)
class Shape:
    """A model, and what its packing has to be. estimator(X, y) is fitted; expected: of packing and of constants."""

    estimator: object
    X: np.ndarray
    y: np.ndarray
    packing: str
    constants: dict[str, object]


def steps(low: int, high: int, n_features: int = 5) -> np.ndarray:
    return RNG.integers(low, high, (400, n_features)).astype(np.float64)


SHAPES = {
    "few bits": Shape(
        RandomForestClassifier(5, max_leaf_nodes=20), steps(0, 9), SOME.sum(axis=1) > 0, "key", {"_MIRRORED": False}
    ),
    "few bits, below zero": Shape(
        RandomForestClassifier(5, max_leaf_nodes=20), steps(-9, 9), SOME.sum(axis=1) > 0, "key", {"_MIRRORED": True}
    ),
    "words": Shape(DecisionTreeRegressor(max_leaf_nodes=40), SOME, SOME[:, 0] * 3, "wide", {"_MIRRORED": True}),
    "words above zero": Shape(RandomForestRegressor(3, max_leaf_nodes=9), abs(SOME), SOME[:, 0], "wide", {"_MIRRORED": False}),
    "a pool": Shape(
        RandomForestClassifier(6, max_leaf_nodes=60),
        steps(-3, 3) * np.pi,
        SOME.sum(axis=1).round() % 3,
        "pool",
        {"_SHORT_ENTRIES": True},
    ),
    "long entries": Shape(
        RandomForestClassifier(8, max_leaf_nodes=20), steps(0, 9), np.arange(400) % MOST_CLASSES, "key", {"_SHORT_ENTRIES": False}
    ),
    "most classes": Shape(DecisionTreeClassifier(), np.arange(400.0)[:, None], np.arange(400) % MOST_CLASSES, "key", {"_C": 8}),
    "many features": Shape(RandomForestClassifier(4), RNG.normal(size=(60, 1200)), np.arange(60) % 3, "wide", {"_F": 11}),
    "one feature, one leaf": Shape(DecisionTreeRegressor(), np.zeros((4, 1)), np.full(4, 2.5), "key", {"_F": 1}),
    "trees of a leaf": Shape(RandomForestClassifier(3, max_depth=1), steps(0, 2, 2), np.arange(400) > 398, "key", {}),
}
KERNELS = ("thumb", "viper")
pytestmark = pytest.mark.filterwarnings("ignore:The number of unique classes")


@cache
def packed(name: str, kernel: str) -> Program:
    shape = SHAPES[name]
    estimator = shape.estimator.set_params(random_state=0).fit(shape.X, shape.y)  # type: ignore[attr-defined]
    return transpile(estimator, name="packed", X=shape.X, backend=kernel)


@cache
def rows(name: str) -> np.ndarray:
    """At every threshold, and odd ones: zeros of both signs, the largest and the smallest numbers."""
    core, X = packed(name, "thumb").model.core, SHAPES[name].X
    assert isinstance(core, BoardTrees)
    odd = np.array([0.0, -0.0, 3.4e38, -3.4e38, 2.0**-126, -(2.0**-126)], dtype=np.float32)
    mixed = RNG.choice(odd, (12, X.shape[1]))
    every = np.concatenate(
        [X[:20].astype(np.float32), mixed, edge_rows(core, np.concatenate([X, RNG.choice(odd, (50, X.shape[1]))]))]
    )
    return every[:: len(every) // (20_000 // X.shape[1]) + 1]


@pytest.mark.parametrize("name", SHAPES)
def test_the_packing_is_the_one_meant(name: str):
    program = packed(name, "thumb")
    assert isinstance(program.model.core, BoardTrees)
    found = pack_trees(program.model.core, len(program.model.classes or ()))
    assert (found.packing, program.packing) == (SHAPES[name].packing,) * 2
    assert found.constants.items() >= SHAPES[name].constants.items()
    module = run_source(program.source)
    assert module.BACKEND == "plain"
    evidence = program.golden(rows(name))
    assert compare(program.model.classes, evidence, [module.predict(row) for row in evidence.X.tolist()]).passed


@pytest.mark.parametrize(
    ("port", "kernel"),
    [(port, kernel) for port in ("unix_port", "cortex_m3", "riscv") for kernel in KERNELS] + [("emulated_pico", "thumb")],
)
@pytest.mark.parametrize("name", SHAPES)
def test_every_runtime_walks_it(port: str, name: str, kernel: str, request: pytest.FixtureRequest):
    target: Target = request.getfixturevalue(port)
    compiled = kernel if (kernel == "thumb") == (port in ("cortex_m3", "emulated_pico")) or kernel == "viper" else "plain"
    some = rows(name)[:: 8 if port == "emulated_pico" else 1]
    target.soft_reset()
    with deployed(packed(name, kernel), some, target) as artifact:
        assert target.eval("__import__('packed').BACKEND") == compiled
        found = verify(artifact, target)
        assert found.passed, found.first_difference
        assert target.eval("__import__('packed').self_test()") >= 1


@pytest.mark.parametrize(("port", "kernel", "arch"), [("cortex_m3", "thumb", "armv6m"), ("riscv", "viper", "rv32imc")])
@pytest.mark.parametrize("name", SHAPES)
def test_nothing_is_written_beside_the_work_area(port: str, kernel: str, arch: str, name: str, request: pytest.FixtureRequest):
    """Whatever the row: random bytes, wrong lengths, no numbers at all."""
    target: Target = request.getfixturevalue(port)
    text = packed(name, kernel).compiled
    found = re.search(r"^_N_WORK = const\((\d+)\)$", text, re.MULTILINE)
    assert found
    n = int(found[1])
    target.soft_reset()
    target.put("packed.mpy", cross_compile("packed", text.replace(found[0], f"_N_WORK = const({n + 8})"), arch))
    try:
        text = (DEVICE / "beside.py").read_text("utf-8")
        assert int(target.exec(f"{text}\nprint(beside({n}))")) >= 11
    finally:
        target.remove("packed.mpy")
        target.soft_reset()


def test_limits_are_told():
    X = np.arange(512.0)[:, None]
    tree = DecisionTreeClassifier().fit(X, np.arange(512) // 2)
    with pytest.raises(UnsupportedModelError, match=r"256 classes are more than a kernel counts \(255\); use --backend table"):
        transpile(tree, backend="thumb")
    assert transpile(tree).backend == "table"
    values = DecisionTreeRegressor().fit(np.arange(70_000.0)[:, None], np.arange(70_000))
    with pytest.raises(
        UnsupportedModelError, match=r"69999 nodes, 70000 leaves and 1 features are more than .*; use --backend table"
    ):
        transpile(values, backend="viper")
