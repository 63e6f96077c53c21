"""Edgewise: scikit-learn models as exact MicroPython modules, checked, deployed, and proven on the board.

The verbs take a Program (from `transpile`), an Artifact, or an artifact's folder; a port is what mpremote takes
("auto", "/dev/ttyACM0", "COM3", "socket://..."), "emulator", "unix", or a connected Target.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
from edgewise.program import Program, transpile
from edgewise.targets import Target, connect
from edgewise.training import train
from edgewise.verify import Verification

__all__ = ["Board", "EdgewiseError", "Program", "bench", "check", "connect", "deploy", "train", "transpile", "verify"]

Source = Program | Artifact | str | Path


def check(source: Source, board: Board | str) -> Fit:
    """Does it fit the board? See `Fit.problems`; nothing is raised for a model that is too large."""
    return _fit.check(_as_artifact(source), board)


def deploy(source: Source, port: str | Target) -> Deployment:
    """Copies what changed into /lib of the board. Raises FitError, PortError or DeviceError."""
    with _connected(port) as target:
        return _deploy.deploy(_as_artifact(source), target)


def verify(source: Source, port: str | Target, X_test: np.ndarray | None = None) -> Verification:
    """Holds the board's answers to scikit-learn's on X_test, shape (n_rows, n_features) (a Program), or on the kept rows.

    Raises EdgewiseError for X_test beside an artifact, whose estimator is not at hand.
    """
    if X_test is not None and not isinstance(source, Program):
        raise EdgewiseError("X_test needs a Program, which knows the estimator; pass what transpile returned")
    with _connected(port) as target:
        return _verify.verify(_as_artifact(source, X_test), target)


def bench(source: Source, port: str | Target) -> Measurement:
    """Time and memory of the deployed model, measured on the board."""
    with _connected(port) as target:
        return _bench.bench(_as_artifact(source), target)


def _as_artifact(source: Source, X: np.ndarray | None = None) -> Artifact:
    if isinstance(source, Program):
        return _artifact.of_program(source, X)
    return source if isinstance(source, Artifact) else _artifact.load(source)


@contextmanager
def _connected(port: str | Target) -> Iterator[Target]:
    if isinstance(port, Target):
        yield port  # whoever opened it closes it
    else:
        with connect(port) as target:
            yield target
