"""What the page is made of: a training folder with its artifact, and a measurement if there is one."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgewise import artifact, training
from edgewise.artifact import MANIFEST, Artifact
from edgewise.errors import ModelFileError
from edgewise.evaluation import Results, on_board
from edgewise.training import SavedModel

MEASURED = {  # of bench: name -> how it is called
    "us_per_call": "microseconds of a prediction, row in a list",
    "us_per_call_array": "microseconds of a prediction, row in an array('f')",
    "bytes_per_call": "bytes allocated by a prediction, row in a list",
    "heap_held_bytes": "bytes of heap held after the import",
    "import_us": "microseconds of the import",
    "mpy_bytes": "bytes of the .mpy",
    "py_bytes": "bytes of the .py",
}


@dataclass(frozen=True)
class Model:
    """All that the page is made of. predicted: of X_test, as the board holds it. labels: all classes, or None."""

    artifact: Artifact
    saved: SavedModel
    results: Results
    X: np.ndarray
    y: np.ndarray
    predicted: np.ndarray
    labels: tuple | None
    backend: str
    bench: dict[str, Any] | None


def load(folder: Path, bench: Path, asked: bool) -> Model:
    saved = training.load(folder)
    if saved.results is not None and saved.y_test is None:
        raise ModelFileError(
            f"{folder} was trained without labels, and a report needs them; an anomaly has some with --normal LABEL"
        )
    if saved.results is None or saved.y_test is None or saved.X_test is None:
        raise ModelFileError(f"{folder} was trained by an earlier version, which kept no targets; run edgewise train again")
    loaded = artifact.load(folder)
    if loaded.n_features != saved.X_test.shape[1]:
        raise ModelFileError(f"{folder} holds a module of another training; run edgewise transpile {folder} again")
    X = on_board(saved.X_test)
    predicted = saved.estimator.predict(X)  # type: ignore[attr-defined]
    labels = None
    if loaded.classes is not None:
        labels = tuple(np.unique(np.concatenate([saved.y_train, saved.y_test])).tolist())
    backend = str(json.loads((folder / MANIFEST).read_bytes())["backend"])
    measured = _measured(bench, loaded) if asked or bench.is_file() else None
    return Model(loaded, saved, saved.results, X, saved.y_test, predicted, labels, backend, measured)


def _measured(path: Path, loaded: Artifact) -> dict[str, Any]:
    """A measurement of this very module. Raises ModelFileError."""
    remedy = f"run edgewise bench ... --json > {path}"
    try:
        content = json.loads(path.read_bytes())
        numbers = [content[name] for name in MEASURED]
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror}; {remedy}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ModelFileError(f"{path} is no result of edgewise bench; {remedy}") from None
    if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers):
        raise ModelFileError(f"{path} holds values that are no numbers; {remedy}")
    if content["py_bytes"] != len(loaded.files[f"{loaded.name}.py"]):
        raise ModelFileError(f"{path} is of another module ({content['py_bytes']} bytes of source); {remedy}")
    return content
