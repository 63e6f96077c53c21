"""One fitted estimator as a MicroPython module, by each tool."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import platformdirs
from m2cgen import export_to_python
from reference_models import Fitted

from edgewise import transpile
from edgewise.artifact import Artifact, of_program
from edgewise.mpy import cross_compile

PEERS_FOLDER = Path(__file__).with_name("peers")
EVERYWHEREML = PEERS_FOLDER / "everywhereml.txt"
SCRIPT_SECONDS = 120
ARCHITECTURES = {"unix": "x64", "cortex-m3": "armv7m", "riscv": "rv32imc", "emulator": "armv6m"}  # by port


@dataclass(frozen=True)
class Module:
    """way: how its labels are got, see device/way.py."""

    tool: str
    name: str
    py: bytes
    mpy: bytes
    way: str
    native: Mapping[str, bytes] = field(default_factory=dict)  # by port, where its .mpy is another

    def mpy_for(self, port: str) -> bytes:
        return self.native.get(port, self.mpy)


def edgewise_artifact(fitted: Fitted) -> Artifact:
    program = transpile(fitted.estimator, fitted.case.name, X=fitted.X_train)
    return of_program(program, fitted.X_test)


def edgewise_module(artifact: Artifact) -> Module:
    py, mpy = (artifact.files[f"{artifact.name}.{suffix}"] for suffix in ("py", "mpy"))
    native = {port: artifact.files[artifact.mpy_for(arch)] for port, arch in ARCHITECTURES.items()}
    return Module("edgewise", artifact.name, py, mpy, "predict", native)


def m2cgen(fitted: Fitted) -> Module | None:
    """m2cgen's own Python as it stands; None where m2cgen refuses the model."""
    try:
        source = export_to_python(fitted.estimator)
    except NotImplementedError:
        return None
    classes = getattr(fitted.estimator, "classes_", None)
    one_score = classes is None or (len(classes) == 2 and hasattr(fitted.estimator, "coef_"))
    way = "argmax" if not one_score else "value" if classes is None else "sign"
    return _module("m2cgen", f"m2_{fitted.case.name}", source, way)


def everywhereml(fitted: Fitted) -> Module | None:
    """everywhereml's own MicroPython as it stands; None where it has none for the model."""
    estimator = fitted.estimator
    trees = [tree.tree_ for tree in getattr(estimator, "estimators_", ())]
    parts = ("children_left", "children_right", "feature", "threshold")
    request = {part: np.concatenate([getattr(tree, part) for tree in trees]) for part in parts if trees}
    request |= {"class": type(estimator).__name__, "parameters": json.dumps(estimator.get_params())}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "request.npz"
        y = np.unique(fitted.y_train, return_inverse=True)[1]
        np.savez(path, X=fitted.X_train, y=y, **request)
        command = [_everywhereml_python(), "-I", PEERS_FOLDER / "everywhereml_export.py", path]
        source = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=SCRIPT_SECONDS).stdout
    return _module("everywhereml", f"ev_{fitted.case.name}", source, "object") if source else None


def _module(tool: str, name: str, source: str, way: str) -> Module:
    """Compiled as Edgewise's own modules are."""
    return Module(tool, name, source.encode(), cross_compile(name, source), way)


PEERS: dict[str, Callable[[Fitted], Module | None]] = {"m2cgen": m2cgen, "everywhereml": everywhereml}


def everywhereml_version() -> str:
    return next(line for line in EVERYWHEREML.read_text().splitlines() if line.startswith("everywhereml==")).partition("==")[2]


@cache
def _everywhereml_python() -> Path:
    """The interpreter of an environment that holds what everywhereml.txt pins; made once for each state of that file."""
    state = hashlib.sha256(EVERYWHEREML.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = Path(platformdirs.user_cache_dir("edgewise")) / f"everywhereml-{state}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = folder / ".ready"
    if not ready.exists():
        print(f"installing everywhereml into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-deps"]
        subprocess.run([*pip, "-r", EVERYWHEREML], check=True, stdout=sys.stderr)
        ready.touch()
    return python
