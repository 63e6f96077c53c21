"""Time and memory of a deployed model, measured where it runs."""

import binascii
from dataclasses import dataclass

import numpy as np

from edgewise.artifact import Artifact
from edgewise.errors import DeviceError
from edgewise.targets import Target
from edgewise.verify import check_fingerprint, module_error

BENCH_ROWS = 8


@dataclass(frozen=True)
class Measurement:
    """us_per_call: microseconds of one predict, the empty loop taken off; bytes_per_call: what it allocates; for a row that
    is a list, and one that is an array('f'). heap_held_bytes: after the import and a collection."""

    us_per_call: float
    us_per_call_array: float
    bytes_per_call: int
    bytes_per_call_array: int
    heap_held_bytes: int
    import_us: int
    mpy_bytes: int
    py_bytes: int


def bench(artifact: Artifact, target: Target, repeat: int = 4) -> Measurement:
    """Measures the deployed module in a fresh heap, over the first rows of the evidence (zeros without any)."""
    X = artifact.evidence.X[:BENCH_ROWS] if artifact.evidence is not None else np.zeros((1, artifact.n_features))
    target.soft_reset()
    packed = binascii.b2a_base64(np.asarray(X, dtype="<f4").tobytes(), newline=False)
    try:
        import_us, held, calls, fingerprint = target.call("measure", artifact.name, packed, artifact.n_features, repeat)
    except DeviceError as error:
        raise module_error(artifact, target, error, "while it was measured") from error
    check_fingerprint(artifact, target, fingerprint)
    (us, allocated), (us_array, allocated_array) = calls
    mpy, py = (len(artifact.files[name]) for name in (artifact.mpy_for(target.info().mpy_arch), f"{artifact.name}.py"))
    return Measurement(us, us_array, allocated, allocated_array, held, import_us, mpy, py)
