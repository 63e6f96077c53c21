"""Rows on their way into the buffer, on every runtime: the plain way, and the quick one of each kernel that does it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from cpython import CPython
from test_kernels import RUN, own_constants

from edgewise import Target
from edgewise.backends.module import Emission, compose
from edgewise.mpy import cross_compile

HERE = Path(__file__).parent
ARCHITECTURES = {"unix_port": "x64", "cortex_m3": "armv7m", "riscv": "rv32imc", "emulated_pico": "armv6m"}


@pytest.fixture
def cpython(tmp_path: Path) -> Iterator[CPython]:
    with CPython(tmp_path) as target:
        yield target


def module(n_features: int, *kernels: str, takes_nan: bool = False) -> str:
    """takes_nan: only what is read for the stages in front may be NaN, and this module has none."""
    plain = ("common", "rows")
    constants = own_constants(plain) | {"N_FEATURES": n_features, "_N_INPUTS": n_features}
    constants |= {"_TAKES_NAN": takes_nan} if kernels else {}
    return compose("# rows", Emission(plain, constants, compiled=kernels), compiled=True)


def run(program: str, target: Target, path: str, content: bytes) -> None:
    """Runs every test_* function of a file of this folder beside a module; its AssertionError comes back as a DeviceError."""
    text = (HERE / f"{program}.py").read_text("utf-8")
    tests = sorted(node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_")
    target.soft_reset()
    target.put(path, content)
    try:
        assert target.exec(text + RUN, timeout_s=300).split() == tests
    finally:
        target.remove(path)
        target.soft_reset()


@pytest.mark.parametrize("n_features", [1, 8])
@pytest.mark.parametrize("port", ["cpython", *ARCHITECTURES])
def test_plain(port: str, n_features: int, request: pytest.FixtureRequest):
    source = module(n_features)
    if port == "cpython":
        run("rows_filled", request.getfixturevalue(port), "filled.py", source.encode())
    else:
        run("rows_filled", request.getfixturevalue(port), "filled.mpy", cross_compile("filled", source))


@pytest.mark.parametrize(("n_features", "takes_nan"), [(1, True), (37, False)])
@pytest.mark.parametrize(
    ("port", "kernel"),
    [(port, "rows_viper") for port in ("cortex_m3", "riscv", "emulated_pico")]
    + [(port, "rows_thumb") for port in ("cortex_m3", "emulated_pico")],
)
def test_quick(port: str, kernel: str, n_features: int, takes_nan: bool, request: pytest.FixtureRequest):
    native = cross_compile("native", module(n_features, "rows_native", kernel, takes_nan=takes_nan), ARCHITECTURES[port])
    run("rows_native", request.getfixturevalue(port), "native.mpy", native)


def test_objects_of_another_layout_are_left_alone(unix_port: Target):
    unix_port.soft_reset()
    unix_port.put("native.mpy", cross_compile("native", module(5, "rows_native", "rows_viper"), "x64"))
    try:
        assert unix_port.eval("__import__('native')._raw") is False
    finally:
        unix_port.remove("native.mpy")
        unix_port.soft_reset()
