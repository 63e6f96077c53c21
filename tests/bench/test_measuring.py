"""The measurements can tell right from wrong, and large from too large."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import measuring
import numpy as np
import pytest
import results
from exports import PEERS, Module, edgewise_artifact, edgewise_module, m2cgen
from measuring import least_heap, unless_too_large
from models import run_source
from reference_models import CASES, fit

from edgewise import firmware
from edgewise.deploy import FOLDER
from edgewise.errors import DeviceError
from edgewise.mpy import cross_compile
from edgewise.targets import QemuBoard

WAYS = {"iris_tree": "argmax", "cancer_logistic": "sign", "diabetes_linear": "value", "iris_knn": None}


def case_of(name: str):
    return next(case for case in CASES if case.name == name)


def agreement_of(module: Module, artifact, target):
    path = f"{FOLDER}/{module.name}.mpy"
    target.put(path, module.mpy)
    try:
        return unless_too_large(lambda: measuring.agreement_of(artifact, module, target))
    finally:
        target.remove(path)


def device(name: str):
    """A device program, on this interpreter."""
    spec = importlib.util.spec_from_file_location(name, Path(measuring.DEVICE) / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_knows_every_peer():
    assert tuple(PEERS) == results.PEERS


@pytest.mark.parametrize(("name", "way"), WAYS.items())
def test_a_peers_label_is_scikit_learns(name, way):
    fitted = fit(case_of(name))
    peer = m2cgen(fitted)
    if way is None:
        assert peer is None
        return
    assert peer.way == way
    function = device("way").way_to(run_source(peer.py.decode()), way)
    expected = fitted.estimator.predict(fitted.X_test)
    places = [function(row) for row in fitted.X_test.tolist()]
    assert np.allclose(places if way == "value" else fitted.estimator.classes_[places], expected)


@pytest.mark.parametrize("name", ["iris_tree", "digits_tree"])  # rows of floats, rows of bytes
def test_a_module_that_is_right_and_one_that_is_not(name, unix_port):
    artifact = edgewise_artifact(fit(case_of(name)))
    right = edgewise_module(artifact)
    n_rows = len(artifact.evidence)
    assert agreement_of(right, artifact, unix_port).n_equal == n_rows
    source = "def score(row):\n    return [0, 1, 0]\n"
    always_1 = Module("a tool", "always_1", source.encode(), cross_compile("always_1", source), "argmax")
    found = agreement_of(always_1, artifact, unix_port)
    assert (found.n_rows, found.n_equal) == (n_rows, int((artifact.evidence.expected == 1).sum()))
    assert found.n_explained == 0


def test_a_module_that_is_an_object(unix_port):
    artifact = edgewise_artifact(fit(case_of("iris_tree")))
    source = "class RandomForestClassifier:\n    def predict(self, x):\n        return 2\n"
    always_2 = Module("a tool", "always_2", source.encode(), cross_compile("always_2", source), "object")
    assert agreement_of(always_2, artifact, unix_port).n_equal == int((artifact.evidence.expected == 2).sum())


def test_a_module_that_is_too_large_is_none_and_one_that_fails_is_an_error(unix_port):
    artifact = edgewise_artifact(fit(case_of("iris_tree")))
    for source, raises in (("bytearray(10**8)\n", False), ("raise ValueError\n", True)):
        module = replace(edgewise_module(artifact), name="unfit", mpy=cross_compile("unfit", source))
        if raises:
            with pytest.raises(DeviceError, match="ValueError"):
                agreement_of(module, artifact, unix_port)
        else:
            assert agreement_of(module, artifact, unix_port) is None


def test_instructions_repeat_and_grow_with_the_work(cortex_m3):
    """On a board of its own, as the timer of the shared one follows the host; that is asked for in case there is no QEMU."""
    artifact = edgewise_artifact(fit(case_of("iris_tree")))
    source = "def score(row):\n    for _ in range({}):\n        pass\n    return [0, 1, 0]\n"
    counted = []
    with QemuBoard("cortex-m3", firmware.qemu_firmware("cortex-m3"), icount=True) as cortex:
        for times in (10, 10, 1010):
            module = Module("a tool", "worker", b"", cross_compile("worker", source.format(times)), "argmax")
            cortex.put(f"{FOLDER}/worker.mpy", module.mpy)
            counted.append(measuring.instructions_of(cortex, module, artifact.evidence.X[:8]).list)
    few, again, many = counted
    assert abs(again - few) <= 0.02 * few
    assert 50 < (many - few) / 1000 < 500  # instructions of one turn of the loop


@pytest.mark.parametrize("need", [300, 4000, 123456])
@pytest.mark.parametrize("guess", [500, 4000, 200000])
def test_the_least_heap_is_found_from_any_guess(monkeypatch, need, guess, unix_port):
    monkeypatch.setattr(measuring, "call", lambda target, function, name, free: free >= need)
    monkeypatch.setattr(unix_port, "soft_reset", lambda: None)
    found = least_heap(unix_port, "any", guess)
    assert need <= found <= need + max(measuring.STEP, measuring.PRECISION * need) + 1


def test_a_module_that_never_imports_ends_the_search(monkeypatch, unix_port):
    monkeypatch.setattr(measuring, "call", lambda *_: False)
    monkeypatch.setattr(unix_port, "soft_reset", lambda: None)
    with pytest.raises(DeviceError, match="does not import"):
        least_heap(unix_port, "any", 4000)
