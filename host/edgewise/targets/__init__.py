"""Where code runs: a board on a serial port, an emulated board, or the host's own MicroPython."""

from collections.abc import Callable
from functools import partial

from edgewise import firmware
from edgewise.targets.emulated_pico import EmulatedPico
from edgewise.targets.emulator import EmulatedBoard
from edgewise.targets.qemu import MACHINES, QemuBoard
from edgewise.targets.serial import SerialBoard
from edgewise.targets.target import BoardInfo, Target
from edgewise.targets.unix import UnixPort

__all__ = ["TARGETS", "BoardInfo", "EmulatedBoard", "EmulatedPico", "QemuBoard", "SerialBoard", "Target", "UnixPort", "connect"]


def _emulator(progress: firmware.Progress | None) -> Target:
    return EmulatedPico(firmware.rp2_firmware(progress=progress).path)


def _unix(progress: firmware.Progress | None) -> Target:
    return UnixPort(firmware.unix_micropython(progress))


def _qemu(machine: str, progress: firmware.Progress | None) -> Target:
    return QemuBoard(machine, firmware.qemu_firmware(machine, progress))


TARGETS: dict[str, Callable[[firmware.Progress | None], Target]] = {
    "emulator": _emulator,
    "unix": _unix,
    **{machine: partial(_qemu, machine) for machine in MACHINES},
}


def connect(port: str, progress: firmware.Progress | None = None) -> Target:
    """The target at `port`: a key of TARGETS, or whatever mpremote connects to (auto, /dev/ttyACM0, socket://...).

    `progress` is told of a firmware that has to be fetched or built first. Raises PortError and FirmwareError.
    """
    start = TARGETS.get(port)
    return start(progress) if start else SerialBoard(port)
