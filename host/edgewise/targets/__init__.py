"""Where code runs: a board on a serial port, an emulated Pico, or the host's own MicroPython."""

from collections.abc import Callable

from edgewise import firmware
from edgewise.targets.emulated_pico import EmulatedPico, Emulator
from edgewise.targets.serial import SerialBoard
from edgewise.targets.target import BoardInfo, Target
from edgewise.targets.unix import UnixPort

__all__ = ["BoardInfo", "EmulatedPico", "Emulator", "SerialBoard", "Target", "UnixPort", "connect"]


def _emulator(progress: firmware.Progress | None) -> Target:
    return EmulatedPico(firmware.rp2_firmware(progress=progress).path)


def _unix(progress: firmware.Progress | None) -> Target:
    return UnixPort(firmware.unix_micropython(progress))


TARGETS: dict[str, Callable[[firmware.Progress | None], Target]] = {"emulator": _emulator, "unix": _unix}


def connect(port: str, progress: firmware.Progress | None = None) -> Target:
    """The target at `port`: "emulator", "unix", or whatever mpremote connects to (auto, /dev/ttyACM0, socket://...).

    `progress` is told of a firmware that has to be fetched or built first. Raises PortError and FirmwareError.
    """
    start = TARGETS.get(port)
    return start(progress) if start else SerialBoard(port)
