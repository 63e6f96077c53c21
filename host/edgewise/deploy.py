"""Copies an artifact to a board: what changed, and nothing that the board would not take."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from edgewise import mpy
from edgewise.artifact import Artifact
from edgewise.errors import DeviceError, FitError
from edgewise.targets import Target

FOLDER = "/lib"  # where mip installs too; on sys.path of every port


@dataclass(frozen=True)
class Deployment:
    """copied and kept: paths on the board; removed: stale files of ours that would have hidden the new one."""

    copied: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]


def deploy(
    artifact: Artifact, target: Target, source: bool = False, on_progress: Callable[[int, int], None] | None = None
) -> Deployment:
    """Puts NAME.mpy (or NAME.py with `source`) into /lib of the board, unless it lies there already.

    A NAME.py beside a NAME.mpy would be imported in its place, and either one at the root before both: what an earlier
    deployment left is removed, a file of anyone else's is refused. Raises FitError, DeviceError or PortError, one line.
    """
    suffix, stale = ("py", "mpy") if source else ("mpy", "py")
    name = f"{artifact.name}.{suffix}"
    content = artifact.files[name]
    path = f"{FOLDER}/{name}"
    others = [f"{FOLDER}/{artifact.name}.{stale}", f"/{artifact.name}.py", f"/{artifact.name}.mpy"]
    found = target.hashes([path, *others])
    unchanged = found[path] == hashlib.sha256(content).hexdigest()
    if not unchanged and not source:
        _check_mpy(name, content, target)
    hidden_by = [other for other in others if found[other] is not None]
    for other in hidden_by:
        _check_ours(artifact, other, target)
    if not unchanged:
        target.put(path, content, on_progress)
    for other in hidden_by:
        target.remove(other)
    done, kept = ((), (path,)) if unchanged else ((path,), ())
    return Deployment(done, kept, tuple(hidden_by))


def _check_mpy(name: str, content: bytes, target: Target) -> None:
    """Refuses bytecode that the board's MicroPython does not read."""
    header, board = mpy.header(content), target.info()
    if header.version != board.mpy_version:
        raise FitError(
            f"{name} is of .mpy version {header.version}, {target.name} takes version {board.mpy_version}: "
            "flash a MicroPython of 1.23 or later, or deploy --source"
        )
    if header.arch is not None and header.arch != board.mpy_arch:
        raise FitError(f"{name} holds {header.arch} code, {target.name} runs {board.mpy_arch}: deploy --source")


def _check_ours(artifact: Artifact, path: str, target: Target) -> None:
    """Refuses to remove what Edgewise did not write."""
    content = target.get(path)
    own = content in artifact.files.values() or content.startswith(f"# {artifact.name}: ".encode())
    if not (own or (path.endswith(".mpy") and f"{artifact.name}.py".encode() in content[:64])):
        raise DeviceError(f"{path} on {target.name} would be imported in place of the model: rename it, or transpile --name")
