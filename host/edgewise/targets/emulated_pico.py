"""A Raspberry Pi Pico emulated by rp2040py, in a process of its own."""

import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from edgewise.errors import FirmwareError, PortError
from edgewise.targets.serial import SerialBoard

START_TIMEOUT_S = 30.0  # 0.3 s on an idle machine
BOOT_PATIENCE_S = (0.5, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # it boots in 0.6 s, and is deaf until then


class Emulator:
    """The process: an emulated Pico that runs `firmware` (.uf2) and serves its USB serial port at `address`.

    One connection at a time, from this machine only. Its flash lasts as long as the process, and the process no longer
    than this one. Raises FirmwareError without rp2040py, PortError when it does not start.
    """

    def __init__(self, firmware: Path):
        if importlib.util.find_spec("rp2040py") is None:
            raise FirmwareError("the emulated Pico needs rp2040py; run: pip install 'edgewise[emulator]'")
        # a script, not -m: importing edgewise would bring scikit-learn along; -P, or this folder would hide pyserial
        script = Path(__file__).with_name("_rp2040py_mend.py")
        command = [sys.executable, "-P", str(script), "micropython", "--image", str(firmware), "--tcp-port", "0"]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - fate() reads it after the end
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log)
        try:
            self.address = self._wait_for_address()
        except BaseException:
            self.close()
            raise

    def _wait_for_address(self) -> str:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            if found := re.search(r"socket://127\.0\.0\.1:\d+", self._output()):
                return found[0]
            if ended:
                raise PortError(f"the emulated Pico did not start: {self.fate()}")
            time.sleep(0.02)
        raise PortError(f"the emulated Pico did not start in {START_TIMEOUT_S:.0f} s: {self.fate()}")

    def fate(self) -> str:
        """What became of the process, and its last line of output."""
        try:
            state = f"it ended with exit status {self._process.wait(0.5)}"  # its socket closes a moment before
        except subprocess.TimeoutExpired:
            state = "it still runs"
        lines = self._output().strip().splitlines()
        return f"{state}; its last output was: {lines[-1] if lines else 'nothing'}"

    def wait(self) -> None:
        """Return when the process ends."""
        self._process.wait()

    def _output(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def close(self) -> None:
        """End the process; closing twice is harmless."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class EmulatedPico(SerialBoard):
    """An emulated Pico started for this connection and ended by `close`; `address` is its socket:// port."""

    def __init__(self, firmware: Path):
        self._emulator = Emulator(firmware)
        self.address = self._emulator.address
        try:
            super().__init__(self.address, BOOT_PATIENCE_S)
        except BaseException:
            self._emulator.close()
            raise

    def close(self) -> None:
        super().close()
        self._emulator.close()

    def _lost(self, reason: str) -> PortError:
        return PortError(f"the emulated Pico at {self.name} is lost: {self._emulator.fate()}; start it again ({reason})")
