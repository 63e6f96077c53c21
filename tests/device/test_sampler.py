"""Runs sampling.py, windows.py and framing.py of runtime/ wherever MicroPython runs."""

import ast
from pathlib import Path

import pytest

from edgewise import Target
from edgewise.app import put_modules

HERE = Path(__file__).parent / "runtime"
RUN = """
for name in sorted(name for name in globals() if name.startswith("test_")):
    globals()[name]()
    print(name)
"""
# file: (modules, targets); the sampler needs a clock, which QEMU's builds lack
TESTS = {
    "sampling": (("sampler",), ("unix_port", "emulated_pico")),
    "windows": (("window",), ("unix_port", "cortex_m3", "riscv", "emulated_pico")),
    "framing": (("frames",), ("unix_port", "cortex_m3", "riscv", "emulated_pico")),
}


@pytest.mark.parametrize(("file", "fixture"), [(file, target) for file, (_, targets) in TESTS.items() for target in targets])
def test_on_a_board(file: str, fixture: str, request: pytest.FixtureRequest):
    target: Target = request.getfixturevalue(fixture)
    target.soft_reset()
    put_modules(target, TESTS[file][0])
    text = (HERE / f"{file}.py").read_text("utf-8")
    try:
        done = target.exec(text + RUN, timeout_s=300).split()
    finally:
        target.soft_reset()
    tests = sorted(node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_")
    assert done == tests
    assert tests
