"""MicroPython for the emulated Pico and for this machine: found in the cache, fetched, or built."""

import ast
import os
import shutil
import struct
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from edgewise import debian_build
from edgewise.debian_build import VERSION, Progress
from edgewise.errors import FirmwareError

BOARD = "RPI_PICO"  # the one board that the emulator knows
UNIX_MINIMUM = (1, 22)  # the oldest interpreter on PATH that runs what we generate
PROBE_TIMEOUT_S = 5.0
PROBE_AGAIN_S = 24 * 3600.0

UF2_BLOCK = 512
UF2_START, UF2_START_2, UF2_END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
UF2_FAMILY_PRESENT, RP2040_FAMILY = 0x2000, int(debian_build.RP2040_FAMILY, 16)


@dataclass(frozen=True)
class Firmware:
    """A .uf2 of MicroPython; `origin` is one of official, cached official, built, cached build."""

    path: Path
    version: str
    origin: str


def rp2_firmware(board_id: str = BOARD, progress: Progress | None = None) -> Firmware:
    """The rp2 firmware for a Pico: the official one where rp2040py can fetch it, else built from Debian's sources.

    Without a network for the download the next try is a day later. Raises FirmwareError.
    """
    if board_id != BOARD:
        raise FirmwareError(f"{board_id}: there is firmware to run on this machine for {BOARD} only")
    if official := _official(progress):
        return official
    path = _cache() / f"rp2-{BOARD}-{VERSION}" / "firmware.uf2"
    if path.exists():
        return Firmware(path, VERSION, "cached build")
    if not debian_build.available():
        raise FirmwareError(
            f"the official {BOARD} firmware could not be downloaded, and this is no Debian machine to build it on; "
            "install 'edgewise[emulator]', check the network, and try again"
        )
    debian_build.build("rp2", path, progress)
    return Firmware(path, VERSION, "built")


def unix_micropython(progress: Progress | None = None) -> Path:
    """MicroPython for this machine: $EDGEWISE_MICROPYTHON, else built from Debian's sources, else the one on PATH."""
    if chosen := os.environ.get("EDGEWISE_MICROPYTHON"):
        if not os.access(chosen, os.X_OK) or os.path.isdir(chosen):
            raise FirmwareError(f"EDGEWISE_MICROPYTHON={chosen}: no executable is there; correct it or unset it")
        return Path(chosen)
    path = _cache() / f"unix-{VERSION}" / "micropython"
    if path.exists():
        return path
    on_path = shutil.which("micropython")
    if on_path and _version(on_path) < UNIX_MINIMUM:
        on_path = None
    if debian_build.available():
        try:
            debian_build.build("unix", path, progress)
            return path
        except FirmwareError:
            if not on_path:
                raise
    if on_path:
        return Path(on_path)
    raise FirmwareError(
        f"no MicroPython {'.'.join(map(str, UNIX_MINIMUM))} or later is on PATH; install micropython with your package "
        "manager, or set EDGEWISE_MICROPYTHON to the executable"
    )


def qemu_firmware(machine: str, progress: Progress | None = None) -> Path:
    """MicroPython for QEMU's "cortex-m3" or "riscv", an .elf, built from Debian's sources. Raises FirmwareError."""
    path = _cache() / f"{machine}-{VERSION}" / "firmware.elf"
    if not path.exists():
        if not debian_build.available():
            raise FirmwareError(f"{machine}: its MicroPython is built with Debian's packages, and this is no Debian machine")
        debian_build.build(machine, path, progress)
    return path


def check_uf2(path: Path) -> None:
    """FirmwareError unless `path` is a whole .uf2 for the RP2040 (format: github.com/microsoft/uf2)."""
    image = path.read_bytes()
    count = len(image) // UF2_BLOCK
    for number in range(count):
        head = struct.unpack_from("<8I", image, number * UF2_BLOCK)
        (end,) = struct.unpack_from("<I", image, (number + 1) * UF2_BLOCK - 4)
        if (head[0], head[1], end) != (UF2_START, UF2_START_2, UF2_END):
            raise FirmwareError(f"{path} is no UF2 file: block {number} has other magic numbers")
        if not head[2] & UF2_FAMILY_PRESENT or head[7] != RP2040_FAMILY:
            raise FirmwareError(f"{path} is not for the RP2040: block {number} has the family {head[7]:#010x}")
        if (head[5], head[6]) != (number, count):
            raise FirmwareError(f"{path} is not whole: block {number} of {count} says {head[5]} of {head[6]}")
    if count == 0 or len(image) % UF2_BLOCK:
        raise FirmwareError(f"{path} is no whole UF2 file: {len(image)} bytes are not blocks of {UF2_BLOCK}")


def _official(progress: Progress | None) -> Firmware | None:
    """rp2040py's download of the official firmware; None where rp2040py or the network is missing."""
    try:
        from rp2040py.utils.firmware_retrieve import MICROPYTHON, retrieve
    except ImportError:
        return None
    kept = _cache() / f"rp2-{BOARD}-{VERSION}-official" / "firmware.uf2"
    if kept.exists():
        return Firmware(kept, VERSION, "cached official")
    offline = _cache() / "official-firmware-unreachable"
    if offline.exists() and time.time() - offline.stat().st_mtime < PROBE_AGAIN_S:
        return None
    if progress:
        progress(f"Looking for the official {BOARD} firmware", None)
    assert MICROPYTHON.boards is not None
    url = MICROPYTHON.boards["pico"].fw[VERSION]
    try:
        # rp2040py waits 30 s for each address; the same road (proxies included) with less patience first
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PROBE_TIMEOUT_S).close()
        downloaded = retrieve(MICROPYTHON, url)
    except OSError:
        downloaded = None
    if downloaded is None:
        offline.touch()
        return None
    try:
        check_uf2(downloaded)
    except FirmwareError as error:
        downloaded.unlink()  # rp2040py keeps what an interrupted download left
        raise FirmwareError(f"the download was damaged and has been removed, try again: {error}") from error
    kept.parent.mkdir(exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    shutil.copyfile(downloaded, partial)
    os.replace(partial, kept)
    return Firmware(kept, VERSION, "official")


def _version(micropython: str) -> tuple[int, ...]:
    """The version of an interpreter on PATH, () if it does not tell."""
    command = [micropython, "-c", "import sys; print(tuple(sys.implementation.version[:3]))"]
    answer = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=10)
    return ast.literal_eval(answer.stdout) if answer.returncode == 0 else ()


def _cache() -> Path:
    folder = Path(platformdirs.user_cache_dir("edgewise"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FirmwareError(f"{folder}: {error.strerror}; set XDG_CACHE_HOME to a folder that can be written") from error
    return folder
