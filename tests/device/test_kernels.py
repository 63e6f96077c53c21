"""Runs the files of this folder on CPython, the unix port and three emulated boards: one source of tests for all.

Each is plain Python with asserts in functions test_*; the modules that it imports are put beside it first. tiny_* are kernel
files as they stand, with the constants that they hold.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from cpython import CPython
from models import program_of
from sklearn.tree import DecisionTreeClassifier

from edgewise import Target, transpile
from edgewise.backends.module import KERNELS, Emission, Name, _constant, compose
from edgewise.backends.packing import pack_floats
from edgewise.mpy import cross_compile

HERE = Path(__file__).parent
LINEAR = ("common", "checked", "scores_table", "normalized", "sigmoid", "linear_classifier")
ON_A_LINE = {
    "N_FEATURES": 1,
    "_N_INPUTS": 1,
    "FEATURES": ("x",),
    "_K": 3,
    "_N_PROTOTYPES": 6,
    "_MOVED": False,
    "_PROTOTYPES": pack_floats([0, 2, 2, 5, 3, 8]),
    "_TARGET": bytes([0, 1, 0, 1, 1, 0]),
}
TINY: dict[str, tuple[tuple[str, ...], dict[str, object]]] = {
    "tiny_common": (("common", "checked"), {}),
    "tiny_tree": (("common", "checked", "walk_direct", "trees_classifier", "trees_shares", "golden_class", "intact"), {}),
    "tiny_pool": (("common", "checked", "walk_pool", "trees_regressor", "steps", "golden_value", "intact"), {}),
    "tiny_sigmoid": ((*LINEAR, "proba_sigmoid"), {}),
    "tiny_softmax": ((*LINEAR, "proba_softmax"), {}),
    "tiny_ovr": ((*LINEAR, "proba_ovr"), {}),
    "tiny_huber": ((*LINEAR, "proba_huber"), {}),
    "tiny_near": (("common", "checked", "distance_euclidean", "nearest", "weights_distance", "neighbors_classifier"), ON_A_LINE),
    "tiny_nearest": (("common", "checked", "distance_manhattan", "nearest", "weights_uniform", "neighbors_regressor"), {}),
}
CONTRACTS = (
    ("DecisionTreeClassifier-text", "table"),
    ("RandomForestRegressor-width", "expression"),
    ("LogisticRegression-int", "table"),
    ("LinearRegression-width", "expression"),
    ("KNeighborsClassifier-bool", "table"),
)
RUN = """
for name in sorted(name for name in globals() if name.startswith("test_")):
    globals()[name]()
    print(name)
"""


def own_constants(kernels: tuple[str, ...]) -> dict[str, object]:
    """The constants that kernel files hold as they stand."""
    found: dict[str, object] = {}
    for kernel in kernels:
        for statement in ast.parse((KERNELS / f"{kernel}.py").read_text("utf-8")).body:
            if name := _constant(statement):
                assert isinstance(statement, ast.Assign)
                try:
                    found[name] = ast.literal_eval(statement.value)
                except ValueError:  # a tuple of functions
                    found[name] = tuple(Name(ast.unparse(item)) for item in statement.value.elts)  # type: ignore[attr-defined]
    return found


def tiny(name: str) -> str:
    kernels, constants = TINY[name]
    return compose(f"# {name}", Emission(kernels, own_constants(kernels) | constants))


def pooled() -> str:
    """A classifier whose nodes share three thresholds, with pure and mixed leaves."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (200, 6)).astype(float)
    source = transpile(
        DecisionTreeClassifier(max_leaf_nodes=60).fit(X, (X.sum(axis=1) + rng.normal(0, 2, 200)) > 9), X=X, backend="table"
    ).source
    assert "_POOL = " in source
    assert source.count("_ROW_VOTES = b''") == 0
    return source


@pytest.fixture(scope="module")
def cpython(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CPython]:
    with CPython(tmp_path_factory.mktemp("cpython")) as target:
        yield target


@pytest.fixture(params=["cpython", "unix_port", "cortex_m3", "riscv", "emulated_pico"])
def target(request: pytest.FixtureRequest) -> Target:
    port = request.getfixturevalue(request.param)
    port.soft_reset()
    return port


def run(test: str, modules: dict[str, str], target: Target) -> None:
    """Runs every test_* function of a file of this folder; its AssertionError comes back as a DeviceError."""
    text = (HERE / f"{test}.py").read_text("utf-8")
    files = {}
    for name, source in modules.items():
        suffix = "py" if target.name == "CPython" else "mpy"
        files[f"{name}.{suffix}"] = source.encode() if suffix == "py" else cross_compile(name, source)
    try:
        for path, content in files.items():
            target.put(path, content)
        done = target.exec(text + RUN, timeout_s=300).split()
    finally:
        for path in files:
            if target.exists(path):
                target.remove(path)
        target.soft_reset()
    tests = sorted(node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_")
    assert done == tests
    assert tests


@pytest.mark.parametrize("test", ["views", "trees", "probabilities", "neighbors"])
def test_kernels(test: str, target: Target):
    tree = ast.parse((HERE / f"{test}.py").read_text("utf-8"))
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imports |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    run(test, {name: tiny(name) for name in sorted(imports & set(TINY))}, target)


@pytest.mark.parametrize(("case", "backend"), CONTRACTS)
def test_rows(case: str, backend: str, target: Target):
    run("rows", {"contract": program_of(case, backend=backend).source}, target)


def test_allocation(target: Target):
    run("allocation", {"pooled": pooled()}, target)


def test_every_file_here_is_run():
    others = {path.stem for path in HERE.glob("test_*.py")}
    others |= {"rows_filled", "rows_native", "linear_native", "neighbors_native", "network_native", "beside"}  # of other tests
    assert {path.stem for path in HERE.glob("*.py")} - others == {
        "views", "trees", "probabilities", "neighbors", "rows", "allocation"
    }  # fmt: skip


def plain_kernels() -> list[str]:
    """All but those for MicroPython's compiler and its assembler."""
    texts = {path.name.removesuffix(".py"): path.read_text("utf-8") for path in KERNELS.iterdir() if path.name.endswith(".py")}
    other = ("const(", "@micropython", "bytes_at", "_copied(")
    return sorted(name for name, text in texts.items() if not any(word in text for word in other))


@pytest.mark.parametrize("kernel", plain_kernels())
def test_kernel_files_run_as_they_stand(kernel: str):
    module = import_module(f"edgewise.backends.kernels.{kernel}")
    if {"_work", "_answer", "_buffer"} & vars(module).keys():
        return  # of a packed table, which is made for a model
    if hasattr(module, "self_test"):
        assert module.self_test() == 1
    elif hasattr(module, "predict"):
        module.predict([0, 1])
    elif hasattr(module, "predict_proba") and kernel != "proba_ovr":
        assert sum(module.predict_proba([0, 1])) == pytest.approx(1)
