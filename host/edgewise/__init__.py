"""Edgewise: scikit-learn models as exact MicroPython modules, checked, deployed, and proven on the board.

The verbs take a Program (from `transpile`), an Artifact, or an artifact's folder; a port is what mpremote takes
("auto", "/dev/ttyACM0", "COM3", "socket://..."), "emulator", "unix", or a connected Target.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from edgewise import artifact as _artifact
from edgewise import bench as _bench
from edgewise import deploy as _deploy
from edgewise import fit as _fit
from edgewise import verify as _verify
from edgewise.artifact import Artifact
from edgewise.bench import Measurement
from edgewise.boards import Board
from edgewise.deploy import Deployment
from edgewise.errors import EdgewiseError
from edgewise.fit import Fit
from edgewise.targets import TARGETS, Target, connect
from edgewise.verify import Verification

if TYPE_CHECKING:
    from edgewise.program import Program, transpile
    from edgewise.training import train

__all__ = ["Board", "EdgewiseError", "Program", "bench", "check", "connect", "deploy", "train", "transpile", "verify"]

Source: TypeAlias = "Program | Artifact | str | Path"

# These need scikit-learn, which takes a second to import: whoever deploys or verifies an artifact does without.
LAZY = {
    "Program": "edgewise.program",
    "transpile": "edgewise.program",
    "train": "edgewise.training",
    "MaxZScore": "edgewise.anomaly",
}


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return getattr(import_module(LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def check(source: Source, board: Board | str) -> Fit:
    """Does it fit the board? See `Fit.problems`; nothing is raised for a model that is too large."""
    return _fit.check(_as_artifact(source), board)


def deploy(source: Source, port: str | Target) -> Deployment:
    """Copies what changed into /lib of the board. Raises FitError, PortError or DeviceError."""
    with _connected(port) as target:
        return _deploy.deploy(_as_artifact(source), target)


def verify(source: Source, port: str | Target, X_test: np.ndarray | None = None) -> Verification:
    """Holds the board's answers to scikit-learn's on X_test, shape (n_rows, n_features) (a Program), or on the kept rows.

    Raises EdgewiseError for X_test beside an artifact, whose estimator is not at hand, and for rows that a board cannot hold.
    """
    if X_test is not None:
        if isinstance(source, Artifact | str | Path):
            raise EdgewiseError("X_test needs a Program, which knows the estimator; pass what transpile returned")
        _verify.check_rows(source, X_test)
    artifact = _as_artifact(source, X_test)
    with _connected(port, artifact) as target:
        return _verify.verify(artifact, target)


def bench(source: Source, port: str | Target) -> Measurement:
    """Time and memory of the deployed model, measured on the board."""
    artifact = _as_artifact(source)
    with _connected(port, artifact) as target:
        return _bench.bench(artifact, target)


def _as_artifact(source: Source, X: np.ndarray | None = None) -> Artifact:
    if isinstance(source, str | Path):
        return _artifact.load(source)
    return source if isinstance(source, Artifact) else _artifact.of_program(source, X)


@contextmanager
def _connected(port: str | Target, needed: Artifact | None = None) -> Iterator[Target]:
    """needed: what has to be there; a target that is started for this call is empty, and gets it."""
    if isinstance(port, Target):
        yield port  # whoever opened it closes it
    else:
        with connect(port) as target:
            if needed and port in TARGETS:
                _deploy.deploy(needed, target)
            yield target
