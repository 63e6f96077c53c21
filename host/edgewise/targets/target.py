"""One interface to every place where MicroPython runs: a board, an emulated board, the host's own interpreter."""

import ast
import binascii
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

from edgewise.errors import DeviceError, PortError
from edgewise.mpy import ARCHITECTURES

STOP_TIMEOUT_S = 20.0  # from Ctrl-C to a program's end; an emulated Pico may have a kilobyte to send first
FILE_TIMEOUT_S = 120.0  # an emulated Pico hashes about 45 kB/s, a board more; its whole flash is below this


@dataclass(frozen=True)
class BoardInfo:
    """What a running MicroPython says of itself; sizes in bytes, `fs_free` None where there is no filesystem."""

    machine: str
    version: str
    mpy_version: int
    mpy_sub: int
    mpy_arch: str | None
    float_bits: int
    heap_free: int
    fs_free: int | None


class Packed(bytes):
    """Bytes whose repr is an expression of base64: a third as many characters as that of random bytes."""

    def __repr__(self) -> str:
        return f"__import__('binascii').a2b_base64({binascii.b2a_base64(self, newline=False)!r})"


class Target(ABC):
    """A MicroPython that runs code and keeps files; close it, or use it in a `with`.

    Names that one exec defines stay for the next, until `soft_reset`. A relative path starts at the filesystem's root.
    Every method raises PortError when the target is gone and DeviceError when the code that it ran raised.
    """

    name: str  # what error messages call it
    feeders: tuple[str, ...] = ()  # device functions that `_fed` calls there

    @abstractmethod
    def exec(self, source: str, timeout_s: float | None = None, on_output: Callable[[bytes], None] | None = None) -> str:
        """Run `source`; return what it printed, with \\n line ends.

        `on_output` gets each line as it arrives, as the target sent it. After `timeout_s` seconds the program is
        interrupted and DeviceError raised; None waits for as long as the target is there.
        """

    def stream(self, source: str, on_bytes: Callable[[bytes], bool | None]) -> None:
        """Run `source`; `on_bytes` gets what it writes as it stands, in pieces as they come, and b"" a few times a second else.

        Where it answers True the program is interrupted (KeyboardInterrupt), and has STOP_TIMEOUT_S to end.
        """
        raise PortError(f"{self.name} sends no bytes as they come: use a board on a serial port")

    @abstractmethod
    def put(self, path: str, data: bytes, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Write a file and the folders above it; a cut leaves the old file, never half of the new one.

        `on_progress` gets the bytes done and the bytes in all. A full filesystem is a DeviceError with both numbers.
        """

    @abstractmethod
    def soft_reset(self) -> None:
        """Start the interpreter afresh: empty heap, no names, files kept. boot.py runs, main.py does not."""

    def restart(self) -> None:
        """Let the target go, started afresh and with main.py running where there is one that it runs by itself."""
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let the target go; closing twice is harmless."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.close()

    def eval(self, expression: str, timeout_s: float | None = FILE_TIMEOUT_S) -> Any:
        """The value of an expression that is plain data: numbers, strings, bytes, None and containers of them."""
        text = self.exec(f"print(repr({expression}))", timeout_s).strip()
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError) as error:
            raise DeviceError(f"{expression} on {self.name} is not plain data: {text}") from error

    def get(self, path: str) -> bytes:
        """A file's bytes."""
        *lines, _none = self.run("get", self._where(path)).splitlines()
        return b"".join(map(binascii.a2b_base64, lines))

    def remove(self, path: str) -> None:
        """Delete a file; DeviceError if it is not there."""
        self.call("remove", self._where(path))

    def exists(self, path: str) -> bool:
        """Is there a file or folder at `path`?"""
        return self.call("exists", self._where(path))

    def hashes(self, paths: list[str]) -> dict[str, str | None]:
        """The sha256 of each file in hexadecimal, None where there is no such file; one round trip for all."""
        found = self.call("hashes", *(self._where(path) for path in paths))
        return dict(zip(paths, found, strict=True))

    def holds(self, path: str, marks: tuple[bytes, ...]) -> bool:
        """Are all of these bytes, at most 64 each, in a file?"""
        return self.call("holds", self._where(path), *marks)

    def info(self) -> BoardInfo:
        """What runs there and what is free; `heap_free` is taken after a collection."""
        machine, version, mpy, float_bits, heap_free, fs_free = self.call("info")
        # sys.implementation._mpy: bits 0-7 the version, 8-9 the sub-version, from 10 on the architecture, then flags
        arch = mpy >> 10 & 0xF
        arch_name = ARCHITECTURES[arch] if arch < len(ARCHITECTURES) else f"unknown ({arch})"
        return BoardInfo(machine, version, mpy & 0xFF, mpy >> 8 & 3, arch_name, float_bits, heap_free, fs_free)

    def _where(self, path: str) -> str:
        """The path that code on the target opens."""
        return path

    def call(self, function: str, *arguments: object) -> Any:
        """What the function that `device/FUNCTION.py` defines returns; arguments and result are plain data."""
        return ast.literal_eval(self.run(function, *arguments).strip())

    def feed(self, function: str, batches: Iterable[bytes], *arguments: object) -> Generator[Any]:
        """What the function returns for each of `batches` as its first argument; a batch is less than the heap's half.

        Close the iterator: the function's name stays at the target until then.
        """
        names = (function, *self.feeders)
        self.exec("\n".join(map(device_source, names)))
        try:
            for batch in batches:
                yield ast.literal_eval(self._fed(function, batch, arguments).strip())
        except PortError:  # nobody is there to clean up
            raise
        except BaseException:
            self.exec(f"del {', '.join(names)}")
            raise
        self.exec(f"del {', '.join(names)}")

    def _fed(self, function: str, batch: bytes, arguments: tuple[object, ...]) -> str:
        return self.exec(print_call(function, Packed(batch), *arguments), FILE_TIMEOUT_S)

    def run(self, function: str, *arguments: object) -> str:
        """What the function that `device/FUNCTION.py` defines prints, and the repr of its result as the last line."""
        try:
            return self.exec(device_call(function, *arguments), timeout_s=FILE_TIMEOUT_S)
        except DeviceError as error:
            what = " ".join((function, *(str(argument)[:60] for argument in arguments)))
            raise DeviceError(f"{what} on {self.name}: {error}", error.traceback) from error


def device_call(function: str, *arguments: object) -> str:
    """A program that prints repr(FUNCTION(*arguments)), as `device/FUNCTION.py` defines it, and leaves no name."""
    return f"{device_source(function)}\ntry:\n {print_call(function, *arguments)}\nfinally:\n del {function}\n"


def print_call(function: str, *arguments: object) -> str:
    return f"print(repr({function}({', '.join(map(repr, arguments))})))"


def device_source(function: str) -> str:
    """`device/FUNCTION.py` without comments and docstrings: every byte takes 0.2 ms to an emulated Pico."""
    tree = ast.parse((files(__package__) / "device" / f"{function}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.unparse(tree).replace("    ", " ")


def device_error(traceback: str) -> DeviceError:
    """A traceback from the target; its last line, as 'ValueError: ...', is the message."""
    lines = traceback.strip().splitlines()
    return DeviceError(lines[-1].strip() if lines else "the program ended without a message", traceback)


def board_full(path: str, needed: int, free: int, where: str) -> DeviceError:
    """The one message for a full filesystem; sizes in bytes."""
    return DeviceError(
        f"{path} needs {needed} bytes but {free} are free on {where}: remove files there or make the model smaller"
    )
