"""Recordings to windows to features.csv: what is left out, what does not go together, and what comes back."""

import json
from array import array
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise import datasets, stages
from edgewise.errors import DatasetError, EdgewiseError, RecordingError
from edgewise.recordings import Meta, Recording
from edgewise_rt.stage import Stage

META = Meta("squat", ("acc_x", "acc_y", "acc_z"), ("g",) * 3, (1 / 4096,) * 3, (0,) * 3, 50, {"sensor": "mpu6050"}, person="p01")


def recording(name: str = "squat_01", n: int = 100, seed: int = 0, gaps=(), **changes) -> Recording:
    """Noise; a gap of one sample behind each of `gaps`."""
    samples = np.random.default_rng(seed).normal(0, 3000, (n, len(changes.get("axes", META.axes)))).astype(np.int16)
    steps = np.full(n, 20_000)
    steps[0] = 0
    steps[[gap + 1 for gap in gaps]] = 40_000
    return Recording(samples, np.cumsum(steps), replace(META, **changes), name)


def test_a_row_is_what_the_board_computes():
    a, b = recording(), recording("lunge_01", 70, 1, label="lunge", person="p02")
    done = []
    table = stages.build([a, b], ["motion"], 0.6, 0.4, progress=lambda *at: done.append(at))
    stage = Stage(("motion",), META.axes, META.units, META.scales, META.offsets, 30, 50)
    expected = [
        list(stage.compute(array("h", r.samples[start : start + 30].ravel().tolist())))
        for r, starts in ((a, (0, 20, 40, 60)), (b, (0, 20, 40)))
        for start in starts
    ]
    assert table.X.dtype == np.float32
    assert np.array_equal(table.X, np.array(expected, np.float32))
    assert table.labels == ("squat",) * 4 + ("lunge",) * 3
    assert table.recordings == ("squat_01",) * 4 + ("lunge_01",) * 3
    assert table.persons == ("p01",) * 4 + ("p02",) * 3
    assert table.start_s.tolist() == [0, 0.4, 0.8, 1.2, 0, 0.4, 0.8]
    assert (table.stage["length"], table.stage["hop"], table.stage["rate_hz"]) == (30, 20, 50)
    assert table.features == stage.names
    assert table.notes == ()
    assert done == [(0, 7), (4, 7), (7, 7)]


def test_windows_never_span_a_gap():
    table = stages.build([recording(gaps=(44, 60))], ["motion"], 0.6, 0.4)
    # of samples 0 to 44 and 61 to 99; 45 to 60 are too few
    assert table.start_s.tolist() == [0, pytest.approx(61 * 0.02 + 0.04)]
    assert table.notes == ("squat_01: 2 gaps, which no window spans: 2 windows; without a gap they would be 4",)


@given(st.lists(st.integers(0, 98), max_size=8, unique=True), st.integers(2, 40), st.integers(1, 30))
def test_no_window_spans_a_gap_wherever_it_is(gaps, length, hop):
    whole = recording(gaps=gaps)
    starts = list(stages.starts_in(whole, length, hop))
    assert all((np.diff(whole.times_us[start : start + length]) == 20_000).all() for start in starts)
    assert all(start + length <= 100 for start in starts)
    if not gaps:
        assert starts == list(range(0, 101 - length, hop))


def test_short_recordings_are_told():
    table = stages.build([recording(), recording("squat_02", 20)], ["motion"], 0.6, 0.4)
    assert len(table.X) == 4
    assert table.notes == ("squat_02: holds 20 samples, less than a window of 30; left out",)


def test_a_rate_that_the_times_deny_is_told():
    slow = recording()
    slow = replace(slow, times_us=slow.times_us * 11 // 10)
    assert stages.build([slow], ["motion"], 0.6, 0.4).notes == ("squat_01: its times say 45.45 Hz, not 50 Hz",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"rate_hz": 100},
            r"^squat_01 has rate_hz 50\.0, squat_02 100\.0; put them into folders of their own, or import them in one call$",
        ),
        ({"axes": ("acc_x", "acc_y", "gyro_z")}, "^squat_01 has axes acc_x, acc_y, acc_z, squat_02 acc_x, acc_y, gyro_z;"),
        ({"scales": (1 / 2048,) * 3}, "has scales"),
        ({"offsets": (0, 0, 1)}, "has offsets"),
        ({"units": ("g", "g", "m/s2")}, "has units"),
        ({"sensor": {"sensor": "adxl345"}}, "squat_01 is from sensor mpu6050, squat_02 from adxl345;"),
        ({"sensor": {"sensor": "mpu6050", "options": {"range_g": 4}}}, "from mpu6050 range_g=4;"),
        ({"sensor": None}, "from unknown;"),
        ({"label": None}, "squat_02 has no label"),
    ],
)
def test_what_does_not_go_together_names_the_two(changes, message):
    with pytest.raises(RecordingError, match=message) as caught:
        stages.build([recording(), recording("squat_02", **changes)], ["motion"], 0.6, 0.4)
    assert "\n" not in str(caught.value)


def test_pins_and_addresses_make_no_difference():
    other = recording("squat_02", sensor={"sensor": "mpu6050", "pins": {"sda": 21}, "address": 105, "options": {}})
    assert len(stages.build([recording(), other], ["motion"], 0.6, 0.4).X) == 8


@pytest.mark.parametrize(
    ("sets", "window_s", "hop_s", "message"),
    [
        (["motion"], 4, 2, r"no recording has a window of 4 s \(200 samples\); the longest without a gap, squat_02, has 1\.8 s"),
        (["motions"], 0.6, 0.4, "no feature set 'motions'; did you mean 'motion'"),
        ([], 0.6, 0.4, "name at least one"),
        (["motion", "motion"], 0.6, 0.4, "each once"),
        (["motion"], 0.02, 0.4, "window 0.02 s is too short for 50 Hz; it has to hold 2 samples or more"),
        (["motion"], 0.6, 0.001, "hop 0.001 s is too short"),
        (["motion"], 0.6, 0, "hop 0 s is too short"),
        (["motion"], -1, 0.4, "window -1 s is too short"),
        (["motion"], float("nan"), 0.4, "window nan s"),
        (["motion"], float("inf"), 0.4, "window inf s"),
        (["motion"], 1e300, 0.4, "no recording has a window"),
        (["spectral"], 0.6, 0.4, "features spectral of 30 samples: "),
    ],
)
def test_windows_that_cannot_be(sets, window_s, hop_s, message):
    recordings = [recording(gaps=(19,)), recording("squat_02", 90)]
    with pytest.raises(RecordingError, match=message) as caught:
        stages.build(recordings, sets, window_s, hop_s)
    assert "\n" not in str(caught.value)


def test_names_have_to_differ():
    with pytest.raises(RecordingError, match="two recordings are named squat_01"):
        stages.build([recording(), recording()], ["motion"], 0.6, 0.4)
    with pytest.raises(RecordingError, match="no recording to compute"):
        stages.build([], ["motion"], 0.6, 0.4)


def test_people_are_a_column_only_if_all_are_known():
    table = stages.build([recording(), recording("squat_02", person=None)], ["motion"], 0.6, 0.4)
    assert table.persons is None
    assert table.notes == ("squat_02: the person is not known; no column of persons is written",)
    assert stages.build([recording(person=None)], ["motion"], 0.6, 0.4).notes == ()


@pytest.fixture
def table():
    parts = [recording(), recording("b", label='a "quoted", label', person="p02"), recording("c", label="=1+1", person="é")]
    return stages.build([replace(r, samples=np.roll(r.samples, i)) for i, r in enumerate(parts)], ["motion"], 0.6, 0.4)


def test_the_csv_gives_the_same_float32(table, tmp_path):
    path = stages.save(table, tmp_path / "new" / "features.csv")
    assert sorted(p.name for p in path.parent.iterdir()) == ["features.csv", "features.csv.json"]
    header = path.read_text("utf-8").partition("\n")[0].split(",")
    assert header == [*table.features, "label", "recording", "person", "start_s"]
    dataset = datasets.load(path, "label", drop=[name for name in ("recording", "person", "start_s") if name in header])
    assert dataset.feature_names == table.features
    assert np.array_equal(dataset.X.astype(np.float32), table.X)
    assert tuple(dataset.y) == table.labels
    assert stages.save(table, path).read_bytes() == path.read_bytes()  # over the old one


def test_the_sidecar_tells_how_to_compute_them_again(table, tmp_path):
    path = stages.save(table, tmp_path / "features.csv")
    sidecar = stages.read_sidecar(path)
    assert sidecar["roles"] == {"label": "label", "recording": "recording", "person": "person", "start_s": None}
    assert sidecar["sensor"] == {"sensor": "mpu6050"}
    arguments = [sidecar[name] for name in ("sets", "axes", "units", "scales", "offsets", "length", "rate_hz")]
    stage = Stage(*arguments)
    assert stage.names == tuple(sidecar["features"])
    assert stage.units == tuple(sidecar["feature_units"])
    samples = recording().samples[:30].ravel().tolist()
    assert np.array_equal(np.array(stage.compute(array("h", samples))), table.X[0])


def test_no_people_no_column(tmp_path):
    path = stages.save(stages.build([recording(person=None)], ["motion"], 0.6, 0.4), tmp_path / "f.csv")
    assert path.read_text().partition("\n")[0].endswith(",label,recording,start_s")
    assert set(stages.read_sidecar(path)["roles"]) == {"label", "recording", "start_s"}


def test_a_csv_that_was_changed_is_not_trained_on_as_if_it_were_not(table, tmp_path):
    path = stages.save(table, tmp_path / "features.csv")
    path.write_text(path.read_text("utf-8").replace("squat_01", "squat_02"), "utf-8")
    with pytest.raises(DatasetError, match=r"features\.csv was changed after features\.csv\.json was written; run edgewise feat"):
        stages.read_sidecar(path)


def test_a_table_without_sidecar(tmp_path):
    assert stages.read_sidecar(tmp_path / "plain.csv") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', pytest.param("[" * 100_000, id="deep"), "\xff"])
def test_a_sidecar_that_is_none(table, tmp_path, text):
    path = stages.save(table, tmp_path / "features.csv")
    (tmp_path / "features.csv.json").write_text(text, "latin-1")
    with pytest.raises(DatasetError, match=r"features\.csv\.json is ") as caught:
        stages.read_sidecar(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(stages.CONTENT))
def test_every_part_of_a_sidecar_is_checked(table, tmp_path, name):
    path = stages.save(table, tmp_path / "features.csv")
    beside = tmp_path / "features.csv.json"
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {name: True if name == "length" else "?"}))
    with pytest.raises(DatasetError):
        stages.read_sidecar(path)


def test_features_that_are_no_numbers_are_named():
    big = recording(scales=(1e6, 1e6, 1e6))
    big = replace(big, samples=np.full_like(big.samples, 32767), meta=replace(big.meta, scales=(3e38,) * 3))
    with pytest.raises(EdgewiseError) as caught:
        stages.build([big], ["motion"], 0.6, 0.4)
    assert "\n" not in str(caught.value)


def test_only_csv_is_written(table, tmp_path):
    with pytest.raises(RecordingError, match=r"name a file that ends in \.csv"):
        stages.save(table, tmp_path / "features.npy")
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written"):
        stages.save(table, tmp_path / "file" / "features.csv")
