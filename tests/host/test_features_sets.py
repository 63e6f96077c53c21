"""The feature sets held to numpy in double precision, and their last step to IEEE 754."""

import itertools
from array import array
from collections.abc import Callable
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from feature_windows import recorded, synthetic
from hypothesis import example, given
from hypothesis import strategies as st

from edgewise.errors import BoardError
from edgewise.mpy import header
from edgewise.runtime import module_files, modules
from edgewise_rt import integers
from edgewise_rt.motion import Motion
from edgewise_rt.spectral import _QUARTER, Spectral, levels, lines, load
from edgewise_rt.stage import SETS, Stage

SCALE = float(np.float32(9.80665 / 16384))
RATE_HZ = 50.0


def staged(sets: tuple, windows: np.ndarray, scale: float = SCALE, offset: float = 0.0, rate_hz: float = RATE_HZ) -> dict:
    """Features by name, each of shape (n,), of windows (n, length, n_axes)."""
    n_axes = windows.shape[2]
    axes = ("acc_x", "acc_y", "acc_z", "level")[:n_axes] if n_axes > 2 else ("level", "light")[:n_axes]
    stage = Stage(sets, axes, ("g",) * n_axes, (scale,) * n_axes, (offset,) * n_axes, windows.shape[1], rate_hz)
    found = np.array([list(stage.compute(array("h", window.tobytes()))) for window in windows])
    assert len(stage.names) == len(stage.units) == found.shape[1]
    assert len(set(stage.names)) == len(stage.names)
    return dict(zip(stage.names, found.T, strict=True))


def of_axis(x: np.ndarray) -> dict[str, np.ndarray]:
    """What numpy says of motion; x: (n, length) in units."""
    return {
        "mean": x.mean(axis=1),
        "std": x.std(axis=1),
        "min": x.min(axis=1),
        "max": x.max(axis=1),
        "range": np.ptp(x, axis=1),
        "rms": np.sqrt((x**2).mean(axis=1)),
        "zero_crossings": ((x[:, 1:] < 0) != (x[:, :-1] < 0)).sum(axis=1),
        "energy": (x**2).mean(axis=1),
        "jerk": np.abs(np.diff(x, axis=1)).mean(axis=1) * RATE_HZ,
    }


def windows_of(length: int, n_axes: int) -> np.ndarray:
    windows = synthetic(length, n_axes, seed=length)
    return np.concatenate([windows, recorded(length, 20)]) if n_axes == 3 else windows


@pytest.mark.parametrize(("length", "n_axes"), [(2, 1), (3, 3), (128, 3), (200, 4), (4096, 1)])
def test_motion(length: int, n_axes: int):
    windows = windows_of(length, n_axes)
    found = staged(("motion",), windows)
    x = windows.astype(float) * SCALE
    for axis, name in enumerate(("acc_x", "acc_y", "acc_z", "level")[:n_axes] if n_axes > 2 else ("level",)):
        for kind, expected in of_axis(x[:, :, axis]).items():
            np.testing.assert_allclose(found[f"{name}_{kind}"], expected, rtol=4e-7, atol=1e-6 * SCALE, err_msg=f"{name}_{kind}")
    if n_axes > 2:
        magnitude = np.sqrt((x[:, :, :3] ** 2).sum(axis=2))
        largest = np.abs(windows[:, :, :3].astype(int)).max(axis=(1, 2))
        step = SCALE * 2.0 ** np.clip(np.ceil(np.log2(np.maximum(1, largest) / 18918)), -8, 1)
        for kind, expected in list(of_axis(magnitude).items())[:4]:
            bound = 1.5 * step  # each of its samples is rounded, and the axes before it
            assert (np.abs(found[f"acc_magnitude_{kind}"] - expected) <= bound + 4e-7 * expected).all(), kind
        for a, b in itertools.combinations(range(3), 2):
            dx, dy = (windows[:, :, k] - windows[:, :, k].mean(axis=1, keepdims=True) for k in (a, b))
            moves = (dx != 0).any(axis=1) & (dy != 0).any(axis=1)
            with np.errstate(invalid="ignore"):
                expected = (dx * dy).sum(axis=1) / np.sqrt((dx**2).sum(axis=1) * (dy**2).sum(axis=1))
            np.testing.assert_allclose(
                found[f"acc_correlation_{'xyz'[a]}{'xyz'[b]}"], np.where(moves, expected, 0), rtol=1e-6, atol=1e-6
            )


@pytest.mark.parametrize("length", [2, 60, 4096])
def test_acc_and_gyro_together(length: int):
    windows = windows_of(length, 6)
    axes, scales = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"), (0.5,) * 3 + (0.25,) * 3
    stage = Stage(("motion",), axes, ("m/s2",) * 3 + ("dps",) * 3, scales, (0,) * 6, length, RATE_HZ)
    found = np.array([list(stage.compute(array("h", window.tobytes()))) for window in windows])
    units = dict(zip(stage.names, stage.units, strict=True))
    assert len(units) == 6 * 9 + 2 * 7 + 2 * 9
    assert units["acc_gyro_loop_xz"] == "(m/s2)*dps/s"
    x = windows * np.array(scales)
    centered = x - x.mean(axis=1, keepdims=True)
    for i, j in itertools.product(range(3), range(3)):
        name = "xyz"[i] + "xyz"[j]
        acc, gyro = centered[:, :, i], centered[:, :, 3 + j]
        moves = (acc != 0).any(axis=1) & (gyro != 0).any(axis=1)
        with np.errstate(invalid="ignore"):
            expected = (acc * gyro).sum(axis=1) / np.sqrt((acc**2).sum(axis=1) * (gyro**2).sum(axis=1))
        ours = found[:, stage.names.index(f"acc_gyro_correlation_{name}")]
        np.testing.assert_allclose(ours, np.where(moves, expected, 0), rtol=1e-6, atol=1e-6)
        loop = (np.diff(x[:, :, i], axis=1) * x[:, 1:, 3 + j]).mean(axis=1) * RATE_HZ
        np.testing.assert_allclose(found[:, stage.names.index(f"acc_gyro_loop_{name}")], loop, rtol=3e-7, atol=1e-9)


def test_a_loop_is_an_area_with_a_sign():
    t = np.arange(1000) * 2 * np.pi / 250
    windows = np.zeros((2, 1000, 6))
    windows[0, :, 0], windows[0, :, 4] = 8000 * np.cos(t), 8000 * np.sin(t)
    windows[1] = windows[0, ::-1]
    axes = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
    stage = Stage(("motion",), axes, ("g",) * 3 + ("dps",) * 3, (1,) * 6, (0,) * 6, 1000, 250)
    at = stage.names.index("acc_gyro_loop_xy")
    forth, back = (stage.compute(array("h", window.round().astype(np.int16).tobytes()))[at] for window in windows)
    assert forth == pytest.approx(-np.pi * 8000**2, rel=2e-3)  # one round a second
    assert back == pytest.approx(np.pi * 8000**2, rel=2e-3)


def test_motion_of_an_axis_with_an_offset():
    windows = windows_of(64, 1)
    found = staged(("motion",), windows, scale=1.0, offset=100000.0)
    assert [name.removeprefix("level_") for name in found] == ["mean", "std", "min", "max", "range", "jerk"]
    x = windows[:, :, 0] + 100000.0
    for kind in ("mean", "std", "min", "max", "range", "jerk"):
        np.testing.assert_allclose(found[f"level_{kind}"], of_axis(x)[kind], rtol=2e-7, atol=1e-6)


@pytest.mark.parametrize("length", [2, 60, 4096])
def test_slow(length: int):
    windows = windows_of(length, 2)
    found = staged(("slow",), windows, scale=0.5, offset=-3.0)
    x = windows * 0.5 - 3
    minutes = np.arange(length) / RATE_HZ / 60
    for axis, name in enumerate(("level", "light")):
        slopes = np.array([np.polyfit(minutes - minutes.mean(), row, 1)[0] for row in x[:, :, axis]])
        for kind, expected in (("level", x.mean(axis=1)), ("lowest", x.min(axis=1)), ("highest", x.max(axis=1))):
            np.testing.assert_allclose(found[f"{name}_{kind}"], expected[:, axis], rtol=4e-7, atol=2e-3)
        np.testing.assert_allclose(found[f"{name}_slope"], slopes, rtol=2e-6, atol=1e-9 * np.abs(slopes).max())


def test_raw():
    windows = windows_of(10, 2)
    found = staged(("raw",), windows, scale=SCALE, offset=0.25)
    expected = (windows.astype("<f4") * np.float32(SCALE) + np.float32(0.25)).reshape(len(windows), -1)
    assert list(found)[:4] == ["level_0", "light_0", "level_1", "light_1"]
    assert np.array_equal(np.array(list(found.values())).T, expected)


def power(x: np.ndarray, points: int) -> np.ndarray:
    """(n, points // 2 + 1): averaged and scaled as in Spectral; x: (n, length)."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(points) / points)
    starts = np.linspace(0, x.shape[1] - points, -(-x.shape[1] // points)).astype(int)
    stretches = [x[:, start : start + points] for start in starts]
    centered = [stretch - stretch.mean(axis=1, keepdims=True) for stretch in stretches]
    return np.mean([np.abs(np.fft.rfft(stretch * hann)) ** 2 for stretch in centered], axis=0) * 16 / 3 / points**2


EDGES = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233)
DECIBEL = 0.002  # by which a logarithm may be off


def energies(found: dict, name: str) -> np.ndarray:
    """(n, bands), in units squared again."""
    return 10 ** (np.array([values for key, values in found.items() if key.startswith(f"{name}_energy_")]).T / 10)


@pytest.mark.parametrize(("length", "points"), [(64, 64), (65, 64), (130, 128), (400, 256), (512, 512), (700, 512), (4096, 512)])
def test_spectral(length: int, points: int):
    windows = windows_of(length, 3)
    found = staged(("spectral",), windows)
    hz = np.arange(1, points // 2) * RATE_HZ / points
    edges = [edge for edge in EDGES if edge < points // 2] + [points // 2]
    assert f"acc_x_energy_{edges[-2] * RATE_HZ / points:.2f}_{RATE_HZ / 2:.2f}_hz" in found
    for axis, name in enumerate(("acc_x", "acc_y", "acc_z")):
        lines = power(windows[:, :, axis] * SCALE, points)[:, 1:-1]
        moves = lines.sum(axis=1) > (0.01 * SCALE) ** 2
        bands = np.array([lines[:, low - 1 : high - 1].sum(axis=1) for low, high in itertools.pairwise(edges)]).T
        total = bands.sum(axis=1, keepdims=True)
        bands = np.maximum(bands, SCALE**2 / 16)
        ours = energies(found, name)
        assert ours.shape == bands.shape
        # beside 2e-3 of the band the most that was seen is 1.8e-4 of all, of small noise
        bound = (10 ** (DECIBEL / 10) - 1) * bands + 2e-3 * bands + 2e-4 * total
        assert (np.abs(ours - bands) <= bound).all()
        centroid = (lines * hz).sum(axis=1)[moves] / lines.sum(axis=1)[moves]
        np.testing.assert_allclose(found[f"{name}_centroid_hz"][moves], centroid, rtol=5e-3, atol=1e-4 * RATE_HZ)
        strongest = found[f"{name}_dominant_hz"][moves]
        place = np.round(strongest * points / RATE_HZ).astype(int) - 1
        assert np.allclose(hz[place], strongest)
        assert (lines[moves, place] >= 0.998 * lines[moves].max(axis=1)).all()
        noisy = lines.min(axis=1) > 1e-6 * lines.max(axis=1)
        geometric = np.exp(np.log(lines[noisy]).mean(axis=1)) / lines[noisy].mean(axis=1)
        assert noisy.any()
        np.testing.assert_allclose(found[f"{name}_flatness"][noisy], geometric, rtol=2e-2, atol=1e-4)
        still = (windows[:, :, axis] == windows[:, -1:, axis]).all(axis=1)
        assert still.any()
        np.testing.assert_allclose(ours[still], SCALE**2 / 16, rtol=DECIBEL / 4)
        for key, values in found.items():
            if key.startswith(name):
                assert np.isfinite(values).all()
                if "_energy_" not in key:
                    assert (values[still] == 0).all(), key
                    assert (values >= 0).all()


def test_stretches_of_any_size_are_averaged():
    """Silent, faint and loud ones in all orders: the exponents that their powers have differ by up to 30 bits."""
    rng = np.random.default_rng(3)
    noise = [rng.normal(0, size, 64).round() for size in (0, 2, 200, 10000)]
    windows = np.array([np.concatenate(order) for order in itertools.product(noise, repeat=3)]).astype(np.int16)[:, :, None]
    found = staged(("spectral",), np.concatenate([windows[:, :64], windows[:, 64:128]], axis=1)[:, :127], scale=1.0)
    lines = power(np.concatenate([windows[:, :64], windows[:, 64:128]], axis=1)[:, :127, 0].astype(float), 64)[:, 1:-1]
    bands = np.array([lines[:, low - 1 : high - 1].sum(axis=1) for low, high in itertools.pairwise((*EDGES[:7], 32))]).T
    total = bands.sum(axis=1, keepdims=True)
    np.testing.assert_array_less(np.abs(energies(found, "level") - np.maximum(bands, 1 / 16)), 3e-3 * bands + 2e-4 * total + 1e-3)


@given(st.integers(0, 2**30 - 1), st.integers(0, 2**12), st.integers(-98, 40))
@example(0, 0, -99)
@example(2**30 - 1, 0, 0)
@example(0, 1, 0)
@example(1, 0, 0)
def test_logarithms(low: int, high: int, e: int):
    work = array("i", [0] * 12 + [1000, 0, 0, 0, 0, 0, 0, -(2**19), low, high])
    work[2], work[9], work[11] = 12, e, 1
    levels(work)
    number = high << 30 | low
    if not number:
        assert work[20] == -(2**19)
        return
    exact = 4096 * (np.log2(float(number)) + e) + 1000
    assert -0.0 <= max(exact, -(2**19)) - work[20] + 1.5 <= 3.0


@pytest.mark.parametrize("amplitude", [3, 300, 32000])
def test_a_tone_on_a_line(amplitude: int):
    i = np.arange(256)
    windows = np.round(amplitude * np.sin(2 * np.pi * i * 32 / 256)).astype(np.int16)[None, :, None]
    all_found = staged(("spectral",), windows, scale=1.0)
    found = {key.removeprefix("level_"): values[0] for key, values in all_found.items()}
    assert found["dominant_hz"] == 32 * RATE_HZ / 256
    assert found["centroid_hz"] == pytest.approx(32 * RATE_HZ / 256, rel=1e-2)
    bands = energies(all_found, "level")[0]
    assert sum(bands) == pytest.approx(windows.astype(float).var(), rel=1e-3, abs=len(bands) / 16)
    assert max(bands[:3]) <= max(1e-6 * sum(bands), 0.0626)
    assert found["flatness"] < 1e-3


def test_a_range_in_other_units_shifts_all_levels():
    windows = windows_of(64, 1)
    fine, coarse = (energies(staged(("spectral",), windows, scale=scale), "level") for scale in (1.0, 0.125))
    np.testing.assert_allclose(fine / 64, coarse, rtol=1e-5)


def test_noise_is_flat():
    windows = np.random.default_rng(1).normal(0, 500, (40, 512, 1)).round().astype(np.int16)
    found = staged(("spectral",), windows, scale=1.0)
    assert found["level_flatness"].mean() == pytest.approx(0.56, abs=0.02)  # exp(-Euler's constant)
    assert energies(found, "level").sum(axis=1).mean() == pytest.approx(500**2, rel=0.05)


def test_sets_stand_one_behind_another():
    windows = windows_of(64, 3)
    alone = [staged((name,), windows) for name in SETS]
    together = staged(tuple(SETS), windows)
    assert list(together) == [name for found in alone for name in found]
    for found in alone:
        for name, values in found.items():
            assert np.array_equal(values, together[name]), name


def float32_of(q: int, e: int, d: int, constant: float) -> np.float32:
    number = np.float32(np.float64(q)) / np.float32(d or 1)
    return np.float32(np.ldexp(np.float64(number), e) * np.float64(np.float32(constant)))


@given(
    st.integers(-(2**31) + 1, 2**31 - 1) | st.integers(-300, 300),
    st.integers(-20, 20),
    st.just(0) | st.integers(2**23, 2**24 - 1),
    st.floats(2**-30, 2**20, width=32),
)
@example(2**25 + 2, 0, 0, 1.0)  # halfway, to the even one below
@example(2**25 + 6, 0, 0, 1.0)  # and above
@example(2**31 - 1, 0, 2**23, 1.0)
@example(2**23 + 3, 0, 0, 1.5)  # a product halfway, to the even one below
@example(2**23 + 1, 0, 0, 1.5)  # and above
@example(2**24 - 1, 0, 2**24 - 1, 1.0)
@example(-(2**24 - 1), 1, 0, 1.9999998807907104)
def test_numbers_are_rounded_as_ieee_754_says(q: int, e: int, d: int, constant: float):
    work = array("i", [0, 0, 0, 0, 1, q, e, d])
    features = array("f", [7, 7, 7])
    integers.to_floats(work, array("H", [1, 5, 6, 7]), array("f", [constant]), features)
    expected = float32_of(q, e, d, constant)
    assert (features[0], features[2]) == (7, 7)
    assert features[1] == expected
    assert np.signbit(features[1]) == np.signbit(np.float32(q or 1))


def test_beyond_float32_is_infinite_or_zero():
    features = array("f", [7, 7])
    for e, expected in ((200, -np.inf), (-200, 0.0)):
        integers.to_floats(array("i", [0, 0, 0, 0, 0, -5, e]), array("H", [1, 5, 6, 3]), array("f", [1]), features)
        assert features[0] == expected


@given(st.integers(0, 2**12), st.integers(0, 2**30 - 1))
def test_square_roots_are_rounded(high: int, low: int):
    square = min(high << 30 | low, 2**42)
    work = array("i", [4096, 0, 0, 0, 0, square & 2**30 - 1, square >> 30, 0, 0])
    integers.differences(work, array("H", [1, integers.ROOT, 5, 3, 3, 7, 3]))
    root, e = work[7], work[8]
    exact = 4096 * square
    if not exact:
        assert root == 0
        return
    assert 2**23 <= root <= 2**24
    left, right = Fraction(2 * root - 1) * Fraction(2) ** (e - 1), Fraction(2 * root + 1) * Fraction(2) ** (e - 1)
    assert left**2 <= exact <= right**2


@given(st.integers(1, 4096), st.integers(-(2**41), 2**41), st.integers(-(2**27), 2**27), st.integers(-(2**27), 2**27))
@example(1, 0, 2**15, 2**15)  # a negative one whose low part is 0
@example(1, 0, -(2**15), 2**15)
def test_differences_keep_30_bits(n: int, squares: int, a: int, b: int):
    work = array("i", [n, 0, 0, 0, 0, squares & 2**30 - 1, squares >> 30, a, b, 0, 0])
    integers.differences(work, array("H", [1, integers.NUMBER, 5, 7, 8, 9, 3]))
    exact = n * squares - a * b
    number, e = work[9], work[10]
    assert e >= 0
    assert abs(exact) < 2**30 << e
    if e:
        assert abs(number) >= 2**29
        assert abs(number) | 1 == abs(exact) >> e | 1
        assert abs(number) & 1 == ((abs(exact) & (1 << e + 1) - 1) != 0)  # the lowest bit stands for all below, too
    else:
        assert number == exact
    assert (number > 0) == (exact > 0)


@pytest.mark.parametrize("size", [0, 1, 50, 18918, 18919, 32768])
def test_samples_of_the_magnitude_are_rounded_to_the_nearest(size: int):
    rng = np.random.default_rng(size)
    window = rng.integers(-size, size, (400, 3), endpoint=True).clip(-32768, 32767).astype(np.int16)
    window[0] = -size
    if size >= 18918:  # the least there are, among them those that a root is just above a half of
        window[1:65] = list(itertools.product(range(4), repeat=3))
    motion = Motion(("a_x", "a_y", "a_z"), ("g",) * 3, (1,) * 3, (0,) * 3, 400, 1)
    motion.compute(array("h", window.tobytes()), array("f", [0] * len(motion.names)), 0)
    e = motion._work[motion._triples[0][1] + 8]
    assert -8 <= e <= 1
    scaled = window.astype(np.int64) * 2 ** (1 - e) + 1 >> 1
    assert not size or 2**13 < np.abs(scaled).max() <= 18918 or e == -8
    squares = (scaled**2).sum(axis=1)
    expected = [isqrt(4 * int(square)) + 1 >> 1 for square in squares]  # rounds halves up, of which a root has none
    assert motion._magnitude.tolist() == expected


@pytest.mark.parametrize("points", [64, 128, 256, 512])
def test_no_sum_in_the_transform_can_overflow(points: int):
    spectral = Spectral(("a",), ("g",), (1,), (0,), points, 1)
    for window in synthetic(points, 1):
        work = spectral._work
        work[1], work[2], work[5] = 1, 9, 0
        load(array("h", window.tobytes()), work, _QUARTER, spectral._data)
        sizes = np.abs(np.array(spectral._data) - 2**20)
        assert sizes.sum() < 2**16  # so that twice it, times 2**14, fits 32 bits
        assert sizes.sum() >= 2**13 or not np.ptp(window.astype(int))


def test_the_lowest_of_equal_lines_is_dominant():
    powers = array("i", [0] * 32)
    powers[3] = powers[9] = 2**29
    work = array("i", [0] * 40)
    work[2], work[6], work[11] = 9, 64, 7
    lines(powers, work)
    strongest, moment, e, total = work[10:14]
    assert strongest == 3
    assert moment * 2.0**e / total == 6
    assert work[17:31:2].tolist() == [0, 0, 2**29, 0, 2**29, 0, 0]  # of bands from lines 1, 2, 3, 5, 8, 13, 21
    assert not any(work[31:])


def test_modules_for_a_board():
    files = module_files(("spectral",), "armv7emsp")
    assert sorted(files) == [f"/lib/edgewise_rt/{name}.mpy" for name in ("__init__", "integers", "spectral")]
    assert header(files["/lib/edgewise_rt/spectral.mpy"]).arch == "armv6m"
    assert files == module_files(("edgewise_rt/spectral",), "armv6m") != module_files(("spectral",), "rv32imc")
    assert "host" not in modules()
    with pytest.raises(BoardError, match=r"no module edgewise_rt/wavelet for a board; there are .*motion.*spectral"):
        module_files(("wavelet",), "armv6m")
    with pytest.raises(BoardError, match=r"no module \.\./x for a board; there are edgewise_rt and drivers"):
        module_files(("../x",), "armv6m")
    with pytest.raises(BoardError, match="not for None: choose another board"):
        module_files(("motion",), None)


def stage(sets=("motion",), axes=("a",), units=("g",), scales=(1,), offsets=(0,), length=64, rate_hz=10) -> Stage:
    return Stage(sets, axes, units, scales, offsets, length, rate_hz)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: stage(sets=()), "name at least one"),
        (lambda: stage(sets=("raw", "raw")), "each once"),
        (lambda: stage(sets=("wavelet",)), "no feature set wavelet; there are motion, raw, slow, spectral"),
        (lambda: stage(units=()), "1 axes, 0 units"),
        (lambda: stage(axes=(), units=(), scales=(), offsets=()), "0 axes"),
        (lambda: stage(scales=(0,)), "scale 0.0 of axis a: it has to be from 1e-9 to 1e6"),
        (lambda: stage(scales=(float("nan"),)), "scale nan"),
        (lambda: stage(length=1), "a window of 1 samples: choose 2 to 4096"),
        (lambda: stage(length=4097), "a window of 4097 samples: choose 2 to 4096"),
        (lambda: stage(sets=("spectral",), length=63), "a window of 63 samples: choose 64 to 4096"),
        (lambda: stage(sets=("raw",), length=1025), "a window of 1025 samples: choose 1 to 1024"),
        (lambda: stage(rate_hz=0), "a rate of 0.0 Hz"),
        (lambda: stage(rate_hz=float("inf")), "a rate of inf Hz"),
        (lambda: stage().compute(array("h", [1, 2])), "a window of 2 numbers: 64 samples of 1 axes are wanted"),
    ],
)
def test_refused_in_one_line(make: Callable[[], object], text: str):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        make()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_triples_have_one_unit_and_scale():
    def names(axes=("acc_x", "acc_y", "acc_z"), scales=(1, 1, 1), offsets=(0, 0, 0), units=("g",) * 3):
        return [name for name in stage(axes=axes, scales=scales, offsets=offsets, units=units).names if "magnitude" in name]

    assert len(names()) == 4
    assert names(scales=(1, 1, 2)) == names(offsets=(0, 1, 0)) == names(units=("g", "g", "dps")) == []
    assert (
        names(axes=("acc_x", "acc_z", "acc_y")) == names(axes=("x", "y", "z")) == names(axes=("acc_x", "acc_y", "gyro_z")) == []
    )
