"""Targets that tests share: starting an emulated board for each test would take most of the time."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers with all cores each hold one another up: 46 s for a small model

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgewise.errors import EdgewiseError, FirmwareError
from edgewise.runtime import firmware_folder
from edgewise.targets import Target, connect

# fixture: port. Names and files of earlier tests are on them: soft_reset() and own names.
TARGETS = {"emulated_pico": "emulator", "cortex_m3": "cortex-m3", "riscv": "riscv", "unix_port": "unix"}


@pytest.fixture(scope="session")
def running() -> Iterator[Callable[[str], Target]]:
    """One target for each port, started when it is first asked for and again when a test has killed it."""
    started: dict[str, Target] = {}

    def target(port: str) -> Target:
        if port in started and not _answers(started[port]):
            started.pop(port).close()
        if port not in started:
            try:
                started[port] = connect(port)
            except FirmwareError as error:
                pytest.skip(str(error))
        return started[port]

    yield target
    for port in started:
        started[port].close()


def _answers(target: Target) -> bool:
    try:
        target.exec("", timeout_s=10)
    except EdgewiseError:
        return False
    return True


@pytest.fixture
def emulated_pico(running: Callable[[str], Target]) -> Target:
    """An emulated Pico: armv6m, single-precision floats, a flash; fifteen times slower than a real one."""
    return running(TARGETS["emulated_pico"])


@pytest.fixture
def cortex_m3(running: Callable[[str], Target]) -> Target:
    """QEMU's Cortex-M3: armv7m, single-precision floats."""
    return running(TARGETS["cortex_m3"])


@pytest.fixture
def riscv(running: Callable[[str], Target]) -> Target:
    """QEMU's RISC-V: rv32imc, single-precision floats."""
    return running(TARGETS["riscv"])


@pytest.fixture
def unix_port(running: Callable[[str], Target]) -> Target:
    """MicroPython on this machine: x64, double-precision floats; soft_reset() gives a fresh interpreter."""
    return running(TARGETS["unix_port"])


@pytest.fixture
def drivers(monkeypatch: pytest.MonkeyPatch):
    """firmware/drivers as CPython's `drivers`."""
    monkeypatch.syspath_prepend(firmware_folder())
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "drivers"]:
        del sys.modules[name]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the property tests did, added up over the workers."""
    from fuzz.tally import summary

    summary(terminalreporter)


@pytest.hookimpl(tryfirst=True)  # before the plugin that reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By target and file: pieces so small that no worker has to wait for another; those on one worker share its targets."""
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        used = {*getattr(item, "fixturenames", ()), *(value for value in parameters if isinstance(value, str))}
        shared = [name for name in TARGETS if name in used]
        item.add_marker(pytest.mark.xdist_group("-".join([*shared[:1], Path(item.path).stem])))
