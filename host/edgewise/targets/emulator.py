"""A board emulated by a process of its own on this machine."""

import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from edgewise.errors import PortError
from edgewise.targets.serial import SerialBoard

START_TIMEOUT_S = 30.0  # 0.3 s on an idle machine


class Emulator:
    """The process `command`, which emulates `what` and names its serial port in its output, as `port` matches it.

    Nobody but this machine reaches it. The process has to end when its stdin does, so that it lives no longer than this
    one; its memory and flash go with it. PortError when it does not start.
    """

    def __init__(self, what: str, command: Sequence[str], port: str):
        self.what = what
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - fate() reads it after the end
        self._process = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log)
        try:
            self.address = self._wait_for_address(port)
        except BaseException:
            self.close()
            raise

    def _wait_for_address(self, port: str) -> str:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            if found := re.search(port, self._output()):
                return found[0]
            if ended:
                raise PortError(f"{self.what} did not start: {self.fate()}")
            time.sleep(0.02)
        raise PortError(f"{self.what} did not start in {START_TIMEOUT_S:.0f} s: {self.fate()}")

    def fate(self) -> str:
        """What became of the process, and its last line of output."""
        try:
            state = f"it ended with exit status {self._process.wait(0.5)}"  # its port closes a moment before
        except subprocess.TimeoutExpired:
            state = "it still runs"
        lines = self._output().strip().splitlines()
        return f"{state}; its last output was: {lines[-1] if lines else 'nothing'}"

    def tell(self, word: bytes) -> None:
        """Write to the process's stdin; nothing happens where it has ended."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            if not self._process.stdin.closed:
                self._process.stdin.write(word)

    def wait(self) -> None:
        """Return when the process ends."""
        self._process.wait()

    def _output(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def close(self) -> None:
        """End the process; closing twice is harmless."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class EmulatedBoard(SerialBoard):
    """The board of an emulator that was started for this connection and is ended by `close`; `address` is its port."""

    def __init__(self, emulator: Emulator, patience_s: Sequence[float]):
        self._emulator = emulator
        self.address = emulator.address
        try:
            super().__init__(emulator.address, patience_s)
        except BaseException:
            emulator.close()
            raise

    def close(self) -> None:
        super().close()
        self._emulator.close()

    def _lost(self, reason: str, remedy: str = "") -> PortError:
        heard = bytes(self._serial.heard or self._last_words)[-40:]
        words = f", and of the board: {heard!r}" if heard else ""
        return PortError(
            f"{self._emulator.what} at {self.address} is lost: {self._emulator.fate()}{words}; start it again ({reason})"
        )
