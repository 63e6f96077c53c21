"""Boards that QEMU emulates: MicroPython's qemu port on a Cortex-M3 and on a RISC-V, with single-precision floats.

The port has no clock, no filesystem (its firmware is built with FAT, see `debian_build`; the disk is memory beyond the
heap), no bytes on stdin, and nothing interrupts a program that runs.
Its serial line takes 18 kB/s, as QEMU hands over one byte at a time; so whatever is longer than a line is put into the machine's
memory, which is a file that this process has mapped, and the line carries its address.
"""

import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import DeviceError, FirmwareError, PortError
from edgewise.targets.emulator import EmulatedBoard, Emulator
from edgewise.targets.target import FILE_TIMEOUT_S, board_full, print_call

PATIENCE_S = (0.5, 1.0, 2.0, 4.0)
DISK_BLOCKS = 8192  # of 512 bytes
PIECE = 4096  # bytes of a file in one program
LINE = 200  # characters of a program that go through the serial line as they are
LARGEST = 0x100000  # bytes of a program, and of what it is given
MEGABYTES = 16  # of memory in the file


@dataclass(frozen=True)
class Machine:
    """package: Debian's; ram: where the memory that is a file begins; disk: an address in it that the firmware leaves alone, with
    as much behind the disk for what is mailed."""

    what: str
    program: str
    package: str
    options: tuple[str, ...]
    ram: int
    disk: int


MACHINES = {
    "cortex-m3": Machine(
        "the emulated Cortex-M3",
        "qemu-system-arm",
        "qemu-system-arm",
        ("-machine", "mps2-an385,memory-backend=ram"),
        ram=0x21000000,
        disk=0x21000000,
    ),
    "riscv": Machine(
        "the emulated RISC-V",
        "qemu-system-riscv32",
        "qemu-system-misc",
        ("-machine", "virt,memory-backend=ram", "-bios", "none"),
        ram=0x80000000,
        disk=0x80800000,
    ),
}
COMMON = ("-nographic", "-monitor", "null", "-semihosting", "-serial", "pty")


@dataclass(frozen=True)
class _Mailed:
    """Bytes in the machine's memory; the repr is the expression that copies them into its heap."""

    address: int
    size: int

    def __repr__(self) -> str:
        return f"__import__('uctypes').bytes_at({self.address}, {self.size})"


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
        with tempfile.NamedTemporaryFile() as memory:  # gone from the folder once both have it
            try:
                os.posix_fallocate(memory.fileno(), 0, MEGABYTES << 20)  # what a full disk lacks later ends the process
            except OSError as error:
                raise PortError(f"{self._machine.what} needs {MEGABYTES} MB in {tempfile.gettempdir()} ({error})") from error
            self._memory = mmap.mmap(memory.fileno(), 0)
            backend = f"memory-backend-file,id=ram,size={MEGABYTES}M,share=on,mem-path={memory.name.replace(',', ',,')}"
            options = ["-m", f"{MEGABYTES}M", "-object", backend, *self._machine.options, *COMMON, "-kernel", str(firmware)]
            command = [*keep, self._machine.program, *options] + ["-icount", "shift=0"] * icount
            emulator = Emulator(self._machine.what, command, r"/dev/pts/\d+")
        super().__init__(emulator, PATIENCE_S)
        self.name = self._machine.what

    def put(self, path: str, data: bytes, on_progress: Callable[[int, int], None] | None = None) -> None:
        for start in range(0, len(data) or 1, PIECE):
            piece = data[start : start + PIECE]
            free = self.call("append", self._mailed(piece, 1), path, start, len(data))
            if free is not None:
                raise board_full(path, len(data), free, self.name)
            if on_progress:
                on_progress(start + len(piece), len(data))

    def _fed(self, function: str, batch: bytes, arguments: tuple[object, ...]) -> str:
        return self.exec(print_call(function, self._mailed(batch, 1), *arguments), FILE_TIMEOUT_S)

    def _send(self, source: str) -> None:
        if len(source) > LINE:
            source = f"exec({self._mailed(source.encode(), 0)})"
        super()._send(source)

    def _mailed(self, data: bytes, place: int) -> _Mailed:
        """place: 0 for a program, 1 for what it is given."""
        if len(data) > LARGEST:
            raise DeviceError(f"{len(data)} bytes at once are more than {self.name} takes ({LARGEST}); send them in pieces")
        address = self._machine.disk + DISK_BLOCKS * 512 + place * LARGEST
        start = address - self._machine.ram
        self._memory[start : start + len(data)] = data
        return _Mailed(address, len(data))

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
