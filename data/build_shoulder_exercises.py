"""Rebuild shoulder_exercises.csv: 4 s windows of smartwatch motion (seglearn's watch data) as 42 simple features.

A window is 200 samples of one recording (50 Hz), the next begins 100 samples later, and a rest shorter than a window is
left out. README.md beside this file defines the columns and their units.

The arithmetic is Python's own: `math.fsum` rounds once, so no order of summation, vector width or numpy version shows,
and 6 significant digits identify a float32.
"""

import csv
import io
import math
import pickle
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

import rebuild

WHEEL = "seglearn==1.2.5"
SHA256 = "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd"
MEMBER = "seglearn/data/watch_dataset.npy"

WINDOW = 200  # samples: 4 s at 50 Hz
HOP = 100  # samples: half a window
AXES = {"ax": "acc_x", "ay": "acc_y", "az": "acc_z", "wx": "gyro_x", "wy": "gyro_y", "wz": "gyro_z"}
FEATURES = ("mean", "std", "min", "max", "range", "zero_crossings", "energy")


def _latin1(text: str, codec: str) -> bytes:
    if codec != "latin1":
        raise pickle.UnpicklingError(f"codec {codec!r} is not needed for arrays")
    return text.encode("latin1")


ALLOWED = {
    # Asked of an array, for numpy has moved this function from one version to the next.
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
}


class ArrayUnpickler(pickle.Unpickler):
    """Unpickles containers, numbers, text and numpy arrays; any name in the pickle that is not ALLOWED is refused."""

    def find_class(self, module: str, name: str) -> object:
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not needed for arrays") from None


def read_watch(npy: bytes) -> dict:
    """The dict in seglearn's watch_dataset.npy (an object array without dimensions).

    X: list of 140 arrays (n_samples, 6), one a recording; y: index of the exercise; subject: person; X_labels and
    y_labels: names of the axes and the exercises.
    """
    stream = io.BytesIO(npy)
    np.lib.format.read_magic(stream)
    np.lib.format.read_array_header_1_0(stream)
    return ArrayUnpickler(stream).load().item()


def axis_features(samples: list[float]) -> Iterator[float]:
    """The FEATURES of one axis of one window, in that order."""
    n = len(samples)
    mean = math.fsum(samples) / n
    yield mean
    yield math.sqrt(math.fsum((x - mean) * (x - mean) for x in samples) / n)
    yield min(samples)
    yield max(samples)
    yield max(samples) - min(samples)
    yield sum((a < 0) != (b < 0) for a, b in pairwise(samples))
    yield math.fsum(x * x for x in samples) / n


def build() -> bytes:
    """The csv in UTF-8: a header, then one row a window, recordings in the order of the source."""
    watch = read_watch(rebuild.wheel_member(WHEEL, SHA256, MEMBER))
    names = [f"{AXES[axis]}_{feature}" for axis in watch["X_labels"] for feature in FEATURES]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "exercise", "person", "recording"])
    for recording, (samples, exercise, person) in enumerate(zip(watch["X"], watch["y"], watch["subject"], strict=True)):
        axes = samples.T.tolist()
        for start in range(0, len(samples) - WINDOW + 1, HOP):
            values = [v for axis in axes for v in axis_features(axis[start : start + WINDOW])]
            # Adding 0.0 turns a negative zero into a plain one.
            row = [format(v + 0.0, ".6g") for v in values]
            writer.writerow([*row, watch["y_labels"][exercise], f"p{person:02}", f"r{recording:03}"])
    return text.getvalue().encode()


if __name__ == "__main__":
    rebuild.main("shoulder_exercises.csv", build)
