"""Boards that QEMU emulates: MicroPython's qemu port on a Cortex-M3 and on a RISC-V, with single-precision floats.

The port has no clock, no filesystem (its firmware is built with FAT, see `debian_build`; the disk is memory beyond the
heap), no bytes on stdin, and nothing interrupts a program that runs.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import FirmwareError, PortError
from edgewise.targets.emulator import EmulatedBoard, Emulator
from edgewise.targets.target import Packed, Target, board_full

PATIENCE_S = (0.5, 1.0, 2.0, 4.0)
DISK_BLOCKS = 8192  # of 512 bytes
PIECE = 2048  # bytes of a file in one program


@dataclass(frozen=True)
class Machine:
    """package: Debian's; disk: an address in memory that the firmware leaves alone."""

    what: str
    program: str
    package: str
    options: tuple[str, ...]
    disk: int


MACHINES = {
    "cortex-m3": Machine(
        "the emulated Cortex-M3", "qemu-system-arm", "qemu-system-arm", ("-machine", "mps2-an385"), disk=0x21000000
    ),
    "riscv": Machine(
        "the emulated RISC-V", "qemu-system-riscv32", "qemu-system-misc", ("-machine", "virt", "-bios", "none"), disk=0x80800000
    ),
}
COMMON = ("-nographic", "-monitor", "null", "-semihosting", "-serial", "pty")


class QemuBoard(EmulatedBoard):
    """A board started for this connection and ended by `close`; its process sleeps between two calls.

    machine: a key of MACHINES. With `icount` one instruction takes one nanosecond of the machine's own time, so that its
    timers count instructions. Raises FirmwareError without QEMU, PortError when it does not start.
    """

    feeders = ()

    def __init__(self, machine: str, firmware: Path, icount: bool = False):
        self._machine = MACHINES[machine]
        self._awake = 0
        if shutil.which(self._machine.program) is None:
            install = f"apt-get install {self._machine.package}"
            raise FirmwareError(f"{self._machine.what} needs {self._machine.program}; run: {install}")
        keep = [sys.executable, "-P", str(Path(__file__).with_name("_keep.py"))]
        options = [*self._machine.options, *COMMON, "-kernel", str(firmware)] + ["-icount", "shift=0"] * icount
        emulator = Emulator(self._machine.what, [*keep, self._machine.program, *options], r"/dev/pts/\d+")
        super().__init__(emulator, PATIENCE_S)
        self.name = self._machine.what

    def put(self, path: str, data: bytes, on_progress: Callable[[int, int], None] | None = None) -> None:
        for start in range(0, len(data) or 1, PIECE):
            piece = data[start : start + PIECE]
            free = self.call("append", Packed(piece), path, start, len(data))
            if free is not None:
                raise board_full(path, len(data), free, self.name)
            if on_progress:
                on_progress(start + len(piece), len(data))

    def _fed(self, function: str, batch: bytes, arguments: tuple[object, ...]) -> str:
        return Target._fed(self, function, batch, arguments)  # stdin holds text here

    def _enter_raw_repl(self, reset: bool) -> None:
        with self._running():
            super()._enter_raw_repl(reset)
            if reset:
                self.call("disk", self._machine.disk, DISK_BLOCKS)

    def _lost(self, reason: str, remedy: str = "") -> PortError:
        error = super()._lost(reason, remedy)
        self._emulator.close()  # nothing brings it back; the next call fails at once
        return error

    @contextmanager
    def _conversation(self) -> Iterator[None]:
        with self._running(), super()._conversation():
            yield

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Lets the process go on until the outermost block ends."""
        self._awake += 1
        self._emulator.tell(b"c" if self._awake == 1 else b"")
        try:
            yield
        finally:
            self._awake -= 1
            self._emulator.tell(b"s" if self._awake == 0 else b"")
