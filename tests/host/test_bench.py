"""What bench measures on the emulated Pico, and that the heap that check predicts is what it measures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from edgewise import transpile
from edgewise.artifact import Artifact, of_program
from edgewise.bench import bench
from edgewise.deploy import deploy
from edgewise.errors import DeviceError
from edgewise.targets import EmulatedPico, Target

IRIS = load_iris()
TEXT = IRIS.target_names[IRIS.target]
SMALL = {
    "tree": (DecisionTreeClassifier(max_depth=4, random_state=0), TEXT),
    "logistic": (LogisticRegression(max_iter=300), TEXT),
    "forest": (RandomForestRegressor(4, max_leaf_nodes=30, random_state=0), IRIS.target * 1.5),
}


def made(kind: str, name: str) -> Artifact:
    estimator, y = SMALL[kind]
    return of_program(transpile(clone(estimator).fit(IRIS.data, y), name, IRIS.data), IRIS.data[::60])


@contextmanager
def deployed(artifact: Artifact, target: Target) -> Iterator[Artifact]:
    deploy(artifact, target)
    try:
        yield artifact
    finally:
        target.remove(f"/lib/{artifact.name}.mpy")


@pytest.mark.parametrize("kind", SMALL)
def test_the_predicted_heap_is_what_the_pico_measures(emulated_pico: EmulatedPico, kind: str):
    with deployed(made(kind, f"bench_{kind}"), emulated_pico) as artifact:
        found = bench(artifact, emulated_pico, repeat=1)
    predicted = artifact.footprint
    assert abs(predicted.heap_held_bytes - found.heap_held_bytes) <= 0.15 * found.heap_held_bytes
    assert predicted.heap_import_mpy_bytes >= found.heap_held_bytes
    assert (found.mpy_bytes, found.py_bytes) == (predicted.mpy_bytes, predicted.py_bytes)
    # some microseconds: not the empty loop, not seconds
    assert 1 < found.us_per_call < 100_000
    assert 1 < found.us_per_call_array < 100_000
    assert 0 <= found.bytes_per_call < 20_000
    assert 1_000 < found.import_us < 1_000_000


def test_bench_on_the_unix_port(unix_port):
    with deployed(made("tree", "bench_unix"), unix_port) as artifact:
        found = bench(artifact, unix_port)
        assert found.heap_held_bytes > 0
        again = bench(replace(artifact, evidence=None), unix_port).heap_held_bytes
        assert again == pytest.approx(found.heap_held_bytes, rel=0.2)  # this port takes stray words for references
        many = replace(artifact, evidence=artifact.evidence.take(np.zeros(100, dtype=int)))
        assert bench(many, unix_port).bytes_per_call == pytest.approx(found.bytes_per_call, abs=64)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (None, "bench_bad on the unix port: ImportError: no module named 'bench_bad'; deploy it first"),
        (
            "def self_test(): raise ValueError('golden row 0')",
            "raised ValueError: golden row 0 while it was measured; deploy it again",
        ),
        ("X = 1", "has no attribute|no attribute 'self_test'"),
    ],
)
def test_a_module_that_cannot_be_measured(unix_port, source, says):
    artifact = made("tree", "bench_bad")
    if source is not None:
        unix_port.put("/lib/bench_bad.py", source.encode())
    try:
        with pytest.raises(DeviceError, match=says) as error:
            bench(artifact, unix_port)
        assert len(str(error.value).splitlines()) == 1
    finally:
        if source is not None:
            unix_port.remove("/lib/bench_bad.py")
