"""Runs the files of drivers/ on CPython, the unix port and three emulated boards: every driver, on a fake bus."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from cpython import CPython

from edgewise import Target
from edgewise.app import put_modules
from edgewise.runtime import firmware_folder, modules
from edgewise.targets import QemuBoard

HERE = Path(__file__).parent / "drivers"
HELP = ("fakes",)
NO_CLOCK = "def sleep(seconds):\n    pass\n"  # QEMU's boards have no time
RUN = """
for name in sorted(name for name in globals() if name.startswith("test_")):
    globals()[name]()
    print(name)
"""


@pytest.fixture(scope="module")
def cpython(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CPython]:
    with CPython(tmp_path_factory.mktemp("cpython")) as target:
        yield target


@pytest.fixture
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Target:
    port = request.getfixturevalue(request.param)
    port.soft_reset()
    if request.param == "cpython":
        monkeypatch.syspath_prepend(firmware_folder())
    else:
        put_modules(port, [f"drivers/{name}" for name in modules("drivers")])
    return port


TESTS = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in HELP)
CASES = [(test, port) for test in TESTS for port in ("cpython", "unix_port", "cortex_m3", "riscv")]


@pytest.mark.parametrize(
    ("test", "target"), [*CASES, ("motion", "emulated_pico")], indirect=["target"]
)  # the Pico takes a minute
def test_drivers(test: str, target: Target):
    files = {f"{name}.py": (HERE / f"{name}.py").read_bytes() for name in HELP}
    if isinstance(target, QemuBoard):
        files["time.py"] = NO_CLOCK.encode()
    text = (HERE / f"{test}.py").read_text("utf-8")
    try:
        for path, content in files.items():
            target.put(path, content)
        done = target.exec(text + RUN, timeout_s=300).split()
    finally:
        for path in files:
            if target.exists(path):
                target.remove(path)
        target.soft_reset()
    assert done == sorted(
        node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_"
    )
    assert done
