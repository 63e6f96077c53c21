"""Copies an artifact to a board: what changed, and nothing that the board would not take."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from edgewise import fit, mpy
from edgewise.artifact import Artifact
from edgewise.errors import DeviceError, FitError
from edgewise.targets import BoardInfo, Target

FOLDER = "/lib"  # where mip installs too; on sys.path of every port
# What every generated module holds, be it text or bytecode, and hardly any other file does.
MARKS = (b"N_FEATURES", b"FINGERPRINT", b"BACKEND")


@dataclass(frozen=True)
class Deployment:
    """copied and kept: paths on the board; removed: stale files of ours that would have hidden the new one."""

    copied: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]


def deploy(
    artifact: Artifact,
    target: Target,
    source: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Deployment:
    """Puts the .mpy for the board's architecture (or NAME.py with `source`) into /lib, unless it lies there already.

    A NAME.py beside a NAME.mpy would be imported in its place, and either one at the root before both: what an earlier
    deployment left is removed, a file of anyone else's is refused and left alone. `force` copies a model that seems too
    large. Raises FitError, DeviceError or PortError, one line.
    """
    suffix, stale = ("py", "mpy") if source else ("mpy", "py")
    board = target.info()
    name = f"{artifact.name}.{suffix}"
    content = artifact.files[name if source else artifact.mpy_for(board.mpy_arch)]
    path = f"{FOLDER}/{name}"
    others = [f"{FOLDER}/{artifact.name}.{stale}", f"/{artifact.name}.py", f"/{artifact.name}.mpy"]
    found = target.hashes([path, *others])
    unchanged = found[path] == hashlib.sha256(content).hexdigest()
    if not unchanged:
        _check_takes(artifact, name, content, target, board, force)
    hidden_by = [other for other in others if found[other] is not None]
    for there in hidden_by if unchanged or found[path] is None else [path, *hidden_by]:
        if not target.holds(there, MARKS):
            raise DeviceError(f"{there} on {target.name} is not of edgewise and was left alone: rename it, or transpile --name")
    if not unchanged:
        target.put(path, content, on_progress)
    for other in hidden_by:
        target.remove(other)
    done, kept = ((), (path,)) if unchanged else ((path,), ())
    return Deployment(done, kept, tuple(hidden_by))


def _check_takes(artifact: Artifact, name: str, content: bytes, target: Target, board: BoardInfo, force: bool) -> None:
    """Refuses what does not fit, bytecode that the board's MicroPython does not read, and what a folder would hide."""
    problems = fit.check_limits(artifact, board.heap_free, board.fs_free, target.name, name.endswith(".py")).problems
    if problems and not force:
        raise FitError("; ".join(problems) + " (deploy --force copies it all the same)")
    if name.endswith(".mpy"):
        header = mpy.header(content)
        if header.version != board.mpy_version:
            raise FitError(
                f"{name} is of .mpy version {header.version}, {target.name} takes version {board.mpy_version}: "
                "flash a MicroPython of 1.23 or later, or deploy --source"
            )
        if header.arch not in (None, board.mpy_arch, mpy.RUNS.get(board.mpy_arch or "")):
            raise FitError(f"{name} holds {header.arch} code, {target.name} runs {board.mpy_arch}: deploy --source")
    for folder in (f"/{artifact.name}", f"{FOLDER}/{artifact.name}"):
        if target.exists(folder):
            raise DeviceError(f"the folder {folder} on {target.name} would be imported in place of {name}: rename or remove it")
