"""MicroPython's unix port on this machine, with a temporary folder as its filesystem."""

import errno
import math
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path, PurePosixPath
from typing import IO

from edgewise.errors import DeviceError, PortError
from edgewise.targets.target import STOP_TIMEOUT_S, Target, board_full, device_error

HEAP_BYTES = 2 * 192 * 1024
START_TIMEOUT_S = 10.0


class UnixPort(Target):
    """One `micropython` process; `micropython` is the interpreter's path.

    `heap_bytes` is twice what a Pico leaves to programs, since the words of this port are twice as wide; its floats
    are doubles. An absolute path starts at the temporary folder, as it does at a board's filesystem.
    """

    name = "the unix port"
    _stdin: IO[bytes]
    _stdout: IO[bytes]

    def __init__(self, micropython: Path, heap_bytes: int = HEAP_BYTES):
        self._command = [str(micropython), "-X", f"heapsize={heap_bytes}"]
        self._root = Path(tempfile.mkdtemp(prefix="edgewise-unix-"))
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def exec(self, source: str, timeout_s: float | None = None, on_output: Callable[[bytes], None] | None = None) -> str:
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        program = source.encode()
        try:
            self._stdin.write(b"%d\n" % len(program) + program)
            self._stdin.flush()
            output = self._until_eot(deadline, on_output)
            traceback = self._until_eot(deadline)
        except BaseException as error:
            raise self._started_again(error) from error
        if traceback:
            raise device_error(traceback.decode(errors="replace"))
        return output.decode(errors="replace")

    def stream(self, source: str, on_bytes: Callable[[bytes], bool | None]) -> None:
        program = source.encode()
        deadline, stopped, end = math.inf, False, -1
        try:
            self._stdin.write(b"%d\n" % len(program) + program)
            self._stdin.flush()
            while end < 0:
                if time.monotonic() > deadline:
                    raise TimeoutError("no answer in time")
                if select.select([self._stdout], [], [], 0.1)[0]:
                    self._unread = os.read(self._stdout.fileno(), 65536)
                    if not self._unread:
                        raise EOFError
                end = self._unread.find(b"\x04")
                piece, self._unread = (self._unread, b"") if end < 0 else (self._unread[:end], self._unread[end + 1 :])
                if on_bytes(piece) and not stopped and end < 0:
                    stopped, deadline = True, time.monotonic() + STOP_TIMEOUT_S
                    self._process.send_signal(signal.SIGINT)  # type: ignore[union-attr]
            traceback = self._until_eot(deadline)
        except BaseException as error:
            raise self._started_again(error) from error
        if traceback:
            raise device_error(traceback.decode(errors="replace"))

    def put(self, path: str, data: bytes, on_progress: Callable[[int, int], None] | None = None) -> None:
        target = self._root / self._where(path)
        partial = target.with_name(target.name + ".part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            os.replace(partial, target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            if error.errno == errno.ENOSPC:
                raise board_full(path, len(data), shutil.disk_usage(self._root).free, self.name) from error
            raise DeviceError(f"put {path} on {self.name}: {error.strerror}") from error
        if on_progress:
            on_progress(len(data), len(data))

    def soft_reset(self) -> None:
        self._end()
        self._start()

    def close(self) -> None:
        self._end()
        shutil.rmtree(self._root, ignore_errors=True)

    def _started_again(self, error: BaseException) -> BaseException:
        """Starts another process, as this one is out of step; what to raise then."""
        fate = self._end()
        self._start()
        if isinstance(error, TimeoutError):
            return DeviceError(f"the program on {self.name} took too long and was ended")
        if isinstance(error, EOFError | BrokenPipeError):
            return DeviceError(f"the program ended {self.name} ({fate}); it was started again")
        return error

    def _where(self, path: str) -> str:
        where = PurePosixPath(path.lstrip("/"))
        if ".." in where.parts:
            raise DeviceError(f"{path} leads out of the folder of {self.name}: leave out the '..'")
        return str(where)

    def _start(self) -> None:
        self._unread = b""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe that nobody reads could fill up
        with as_file(files(__package__) / "device" / "repl.py") as repl:
            command = [*self._command, str(repl)]
            try:
                self._process = subprocess.Popen(
                    command, cwd=self._root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
                )
                assert self._process.stdin is not None
                assert self._process.stdout is not None
                self._stdin, self._stdout = self._process.stdin, self._process.stdout
                greeting = self._until_eot(time.monotonic() + START_TIMEOUT_S)
            except (OSError, EOFError) as error:  # TimeoutError is an OSError
                raise PortError(f"unix: {command[0]} is no MicroPython that starts ({str(error) or self._end()})") from error
        if greeting != b"micropython":
            raise PortError(f"unix: {command[0]} is no MicroPython: it says {greeting[:40]!r}")

    def _until_eot(self, deadline: float, on_output: Callable[[bytes], None] | None = None) -> bytes:
        output = bytearray()
        while True:
            line, end, self._unread = self._next_line(deadline)
            output += line
            if on_output and line:
                on_output(line)
            if end:
                return bytes(output)

    def _next_line(self, deadline: float) -> tuple[bytes, bool, bytes]:
        """A line, or what is before the next \\x04; whether it was that; and what was read beyond."""
        text = self._unread
        while not (found := re.search(rb"[\n\x04]", text)):
            seconds = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
            if not select.select([self._stdout], [], [], seconds)[0]:
                raise TimeoutError("no answer in time")
            piece = os.read(self._stdout.fileno(), 65536)
            if not piece:
                raise EOFError
            text += piece
        end = found[0] == b"\x04"
        return text[: found.start() if end else found.end()], end, text[found.end() :]

    def _end(self) -> str:
        """Kill the process, if there is one; say how it ended and its last words."""
        if not self._process:
            return "not started"
        try:
            with suppress(BrokenPipeError):
                self._process.stdin.close()  # type: ignore[union-attr]
            self._process.wait(0.5)  # at the end of its stdin repl.py ends by itself, unless a program keeps it
        except subprocess.TimeoutExpired:
            self._process.kill()
        with self._process, self._stderr:  # waits, and closes the pipes
            self._stderr.seek(0)
            words = self._stderr.read().decode(errors="replace").strip().splitlines()
        status, self._process = self._process.returncode, None
        return f"exit status {status}" + (f": {words[-1]}" if words else "")
