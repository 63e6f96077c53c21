"""Where code runs: a board on a serial port, an emulated board, or the host's own MicroPython."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial

from edgewise import boards, firmware
from edgewise.errors import PortError
from edgewise.targets.emulated_pico import EmulatedPico
from edgewise.targets.emulator import EmulatedBoard
from edgewise.targets.qemu import MACHINES, QemuBoard
from edgewise.targets.serial import SerialBoard
from edgewise.targets.target import BoardInfo, Target
from edgewise.targets.unix import UnixPort

__all__ = ["TARGETS", "BoardInfo", "EmulatedBoard", "EmulatedPico", "QemuBoard", "SerialBoard", "Target", "UnixPort", "connect"]


def _emulator(progress: firmware.Progress | None) -> Target:
    board = EmulatedPico(firmware.rp2_firmware(progress=progress).path)
    board.name = "the emulated Pico"  # nobody else can use its address
    return board


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
    if start := TARGETS.get(port):
        return start(progress)
    if port.upper() in {board.id for board in boards.known()}:
        others = ", ".join(("auto", *TARGETS))
        raise PortError(f"{port} is a board; --port takes {others}, a device such as /dev/ttyACM0, or socket://HOST:PORT")
    near = get_close_matches(port.lower(), ("auto", *TARGETS), n=1, cutoff=0.7)  # COM3 is 0.62 near to cortex-m3
    if near and port != "auto":
        raise PortError(f"{port}: no such port; did you mean {near[0]}?")
    return SerialBoard(port)
