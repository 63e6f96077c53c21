"""Features on every runtime: the same to the last bit as on the host, nothing allocated, and how they come to a board."""

from array import array
from pathlib import Path

import numpy as np
import pytest
from feature_windows import recorded, synthetic

from edgewise import Target
from edgewise.app import put_modules
from edgewise.errors import DeviceError
from edgewise.targets.target import Packed
from edgewise_rt.stage import Stage

DEVICE = Path(__file__).parents[1] / "bench" / "device"
PORTS = ("unix_port", "cortex_m3", "riscv", "emulated_pico")
SCALE = 2 / 32768
BATCH_BYTES = 6000
CASES = (  # sets, number of axes, offsets, length, rate
    (("motion",), 3, (0, 0, 0), 128, 100),
    (("motion",), 3, (0, 0, 0), 2, 100),
    (("motion",), 6, (0,) * 6, 40, 50),
    (("motion", "slow"), 1, (1013.25,), 37, 0.1),
    (("spectral",), 1, (0,), 64, 50),
    (("spectral",), 1, (25.5,), 300, 12.5),
    (("slow", "raw"), 2, (0, 100.25), 5, 1),
)


def host(windows: np.ndarray, sets: tuple, axes: tuple, factors: np.ndarray) -> tuple[tuple, np.ndarray]:
    n = len(axes)
    scales, offsets, rate_hz = factors[:n], factors[n : 2 * n], factors[2 * n]
    stage = Stage(sets, axes, ("u",) * n, scales.tolist(), offsets.tolist(), windows.shape[1], float(rate_hz))
    found = [bytes(stage.compute(array("h", window.tobytes()))) for window in windows]
    return stage.names, np.frombuffer(b"".join(found), "<f4").reshape(len(windows), -1)


def board(target: Target, windows: np.ndarray, sets: tuple, axes: tuple, factors: np.ndarray) -> tuple[tuple, np.ndarray]:
    names: tuple = ()
    found = b""
    step = max(1, BATCH_BYTES // windows[0].nbytes)
    for start in range(0, len(windows), step):
        arguments = (Packed(windows[start : start + step].tobytes()), sets, axes, Packed(factors.tobytes()), windows.shape[1])
        names, features = target.eval(f"features_of({', '.join(map(repr, arguments))})")
        found += features
    return names, np.frombuffer(found, "<f4").reshape(len(windows), -1)


@pytest.fixture(params=PORTS)
def target(request: pytest.FixtureRequest) -> Target:
    found = request.getfixturevalue(request.param)
    found.soft_reset()
    put_modules(found, ("stage", "motion", "spectral", "slow", "raw"))
    found.exec((DEVICE / "features_of.py").read_text("utf-8"))
    return found


@pytest.mark.parametrize(("sets", "n_axes", "offsets", "length", "rate_hz"), CASES)
def test_equal_to_the_last_bit(sets: tuple, n_axes: int, offsets: tuple, length: int, rate_hz: float, target: Target):
    axes = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")[:n_axes]
    factors = np.array([SCALE] * n_axes + list(offsets) + [rate_hz], "<f4")
    windows = synthetic(length, n_axes)
    if n_axes == 3:
        windows = np.concatenate([windows, recorded(length, 5)])
    names, features = board(target, windows, sets, axes, factors)
    expected_names, expected = host(windows, sets, axes, factors)
    assert names == expected_names
    different = np.argwhere(features.view("<u4") != expected.view("<u4"))
    assert not len(different), [(int(i), names[k], features[i, k], expected[i, k]) for i, k in different[:5]]


def test_the_longest_window(emulated_pico: Target):
    emulated_pico.soft_reset()
    put_modules(emulated_pico, ("stage", "motion", "spectral", "slow"))
    emulated_pico.exec((DEVICE / "features_of.py").read_text("utf-8"))
    windows = np.full((2, 4096, 1), -32768, np.int16)
    windows[1, ::2] = 32767
    factors = np.array([SCALE, 0, 1000], "<f4")
    arguments = (windows, ("motion", "spectral", "slow"), ("a",), factors)
    _, features = board(emulated_pico, *arguments)
    assert features.tobytes() == host(*arguments)[1].tobytes()


def test_nothing_is_allocated(emulated_pico: Target):
    emulated_pico.soft_reset()
    put_modules(emulated_pico, ("stage", "motion", "spectral", "slow"))
    emulated_pico.exec((DEVICE / "features_cost.py").read_text("utf-8"))
    (us, allocated), held = emulated_pico.eval("features_cost(('motion', 'spectral', 'slow'), 3, 64, 1)")
    assert allocated == 0
    assert us > 0
    assert held > 0
    emulated_pico.exec((DEVICE / "features_locked.py").read_text("utf-8"))
    assert emulated_pico.eval("features_locked(('motion', 'spectral', 'slow'), 3, 64)") == 3 * 9 + 7 + 3 * 10 + 3 * 4


def test_refused_on_the_board_as_on_the_host(unix_port: Target):
    unix_port.soft_reset()
    put_modules(unix_port, ("stage", "motion"))
    unix_port.exec((DEVICE / "features_of.py").read_text("utf-8"))
    factors = np.array([SCALE, 0, 100], "<f4")
    with pytest.raises(DeviceError, match="ValueError: a window of 1 samples: choose 2 to 4096"):
        board(unix_port, np.zeros((1, 1, 1), np.int16), ("motion",), ("a",), factors)
