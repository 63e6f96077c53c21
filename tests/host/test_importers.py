"""Files that others wrote become recordings: what they hold, what is said of them, and that nothing else comes out."""

import io
import json
import os
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import EdgewiseError, RecordingError
from edgewise.importers import import_file, import_files
from edgewise.readings import READERS, Options
from edgewise.recordings import load_all, segments

cbor2 = pytest.importorskip("cbor2", reason="the extra importers is not installed")

EXTRA = Path(os.environ.get("EDGEWISE_EXTRA_DATA", Path(__file__).parents[3] / "shared" / "data")) / "har_exercise_1"
COUNTS = np.array([[0, -32768, 32767], [1, 2, 3], [-4, 5, -6]], np.int16)
AT_100_HZ = Options(rate_hz=100)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def wav(counts: np.ndarray, width: int = 2, rate_hz: int = 16_000) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((counts.shape[1], width, rate_hz, 0, "NONE", ""))
        octets = np.ascontiguousarray(counts, "<i4").view(np.uint8).reshape(*counts.shape, 4)
        file.writeframes((octets[..., :1] + 128 if width == 1 else octets[..., :width]).astype(np.uint8).tobytes())
    return stream.getvalue()


def acquisition(**changes) -> dict:
    sensors = [{"name": f"acc{axis}", "units": "m/s2"} for axis in "XYZ"]
    values = [[-9.81, 0.03, 1.21], [-9.83, 0.04, 1.27], [-9.12, 0.03, 1.23]]
    payload = {"device_name": "ac:87", "device_type": "X", "interval_ms": 10, "sensors": sensors, "values": values}
    return {"protected": {"ver": "v1", "alg": "none", "iat": 1564128599}, "signature": "00", "payload": payload | changes}


def given_file(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def one(path: Path, options: Options = AT_100_HZ):
    (recording,), notes = import_file(path, options)
    return recording, notes


def test_npy_of_int16_keeps_its_counts(tmp_path):
    path = given_file(tmp_path, "2024-12-01T162620_squat.npy", npy(COUNTS))
    recording, notes = one(
        path, Options(rate_hz=100, scales=(2 / 32767,), units=("g",), axes=("acc_x", "acc_y", "acc_z"), person="p")
    )
    assert np.array_equal(recording.samples, COUNTS)
    assert recording.times_us.tolist() == [0, 10_000, 20_000]
    meta = recording.meta
    assert (meta.label, meta.person, meta.started, meta.promised) == ("squat", "p", "2024-12-01T162620", 3)
    assert (meta.axes, meta.units, meta.rate_hz) == (("acc_x", "acc_y", "acc_z"), ("g",) * 3, 100)
    assert meta.scales == (float(np.float32(2 / 32767)),) * 3
    assert notes == []


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "i1", "u2", "i8", "f4", "f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_other_numbers(tmp_path, dtype, order):
    values = np.array([[1, 2, 3], [4, 5, 6]], dtype, order=order)
    recording, _ = one(given_file(tmp_path, "a_1.npy", npy(values)))
    assert recording.samples.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert recording.meta.scales == (1, 1, 1)


def test_npy_of_one_axis(tmp_path):
    assert one(given_file(tmp_path, "a_1.npy", npy(np.arange(4))))[0].samples.tolist() == [[0], [1], [2], [3]]


def test_a_cut_npy_says_what_it_holds(tmp_path):
    content = npy(np.arange(3000, dtype=np.int16).reshape(1000, 3))
    path = given_file(tmp_path, "2024-12-01T162620_squat.npy", content[: 128 + 6 * 700 + 5])
    recording, notes = one(path)
    assert (len(recording), recording.meta.promised, recording.short) == (700, 1000, True)
    assert np.array_equal(recording.samples, np.arange(2100).reshape(700, 3))
    assert notes == [f"{path}: is cut short, it holds 700 of 1000 samples"]


def test_many_files_some_of_them_cut(tmp_path):
    content = npy(np.arange(3000, dtype=np.int16).reshape(1000, 3))
    names = [
        "2024-12-01T16_squat.npy",
        "2024-12-01T162621_squat.npy",
        "2024-12-01T162622_lunge.npy",
        "2024-12-01T162623_lunge.npy",
    ]
    sizes = [0, len(content), len(content), 128 + 600]
    paths = [given_file(tmp_path, name, content[:size]) for name, size in zip(names, sizes, strict=True)]
    told = [f"{paths[0]}: is empty, it holds 0 rows; record it again, skipped", f"{paths[3]}: holds 100 of 1000 samples, "]
    saved, problems, notes = import_files(paths, tmp_path / "out", AT_100_HZ)
    assert [recording.name for recording in saved] == ["squat_01", "lunge_01"]
    assert [str(problem) for problem in problems] == [told[0], told[1] + "skipped"]
    assert notes == []
    saved, problems, _ = import_files(paths, tmp_path / "all", AT_100_HZ, keep_short=True)
    assert [recording.name for recording in saved] == ["squat_01", "lunge_01", "lunge_02"]
    assert [str(problem) for problem in problems] == [told[0], told[1] + "kept"]
    found, problems = load_all(tmp_path / "all")
    assert [len(recording) for recording in found] == [1000, 1000]
    assert [problem.reason for problem in problems] == ["holds 100 of 1000 samples"]


@pytest.mark.skipif(not EXTRA.is_dir(), reason=f"no {EXTRA} (EDGEWISE_EXTRA_DATA names the folder that holds it)")
def test_a_folder_that_a_board_wrote(tmp_path):
    """134 files, of which 14 are cut short, one of these to nothing."""
    paths = sorted((EXTRA / "raw").glob("*.npy"))
    saved, problems, notes = import_files(paths, tmp_path / "out", Options(rate_hz=100, scales=(2 / 32767,), units=("g",)))
    assert (len(saved), len(problems), notes) == (120, 14, [])
    assert sum("is empty" in problem.reason for problem in problems) == 1
    assert sum(" of 1000 samples" in problem.reason for problem in problems) == 13
    cut = {problem.path for problem in problems}
    for path, recording in zip([path for path in paths if path not in cut], saved, strict=True):
        assert np.array_equal(recording.samples, np.load(path))
        assert recording.meta.label == path.stem.split("_")[1]


def test_floats_share_a_scale_for_each_unit(tmp_path):
    text = "acc_x,acc_y,gyro_z,pressure\n1.5,-0.25,900,101325.5\n-3.9,0.5,-7.5,101326.5\n"
    recording, notes = one(given_file(tmp_path, "a_1.csv", text))
    scales, offsets = recording.meta.scales, recording.meta.offsets
    assert scales == (2**-13, 2**-13, 2**-5, 2**-15)  # 4, 1024 and 1 to each side: 0.5 would be 32768 counts
    assert offsets == (0, 0, 0, 101326)
    expected = [[1.5, -0.25, 900, 101325.5], [-3.9, 0.5, -7.5, 101326.5]]
    assert np.abs(recording.values() - expected).max(axis=0) == pytest.approx([0, 0, 0, 0], abs=2**-14)
    assert np.array_equal(recording.samples, np.round((np.array(expected) - offsets) / scales))
    assert notes == []
    units = Options(rate_hz=1, units=("g", "g", "g", "Pa"))
    assert one(tmp_path / "a_1.csv", units)[0].meta.scales == (2**-5, 2**-5, 2**-5, 2**-15)


@given(st.lists(st.floats(-1e8, 1e8, width=32), min_size=1, max_size=20), st.sampled_from([1.0, 1e-6, 1e3]))
@settings(deadline=None)
def test_a_scale_fits_and_wastes_at_most_a_bit(tmp_path_factory, numbers, factor):
    values = np.array(numbers)[:, np.newaxis] * factor + 0.5 * factor
    path = given_file(tmp_path_factory.mktemp("floats"), "a_1.npy", npy(values))
    try:
        (recording,), notes = import_file(path, AT_100_HZ)
    except RecordingError as error:
        assert "out of the range of sensors" in str(error)  # noqa: PT017 - not all raise
        return
    scale, offset = recording.meta.scales[0], recording.meta.offsets[0]
    assert notes == []
    assert np.abs(recording.values() - values).max() <= scale * 0.5001 + abs(offset) * 2**-24
    if scale > 2**-29 and scale != 1:
        assert np.abs(recording.samples.astype(int)).max() >= 16383


def test_files_of_one_import_share_their_scale(tmp_path):
    paths = [given_file(tmp_path, f"a_{i}.csv", f"x\n{value}\n0.1\n") for i, value in enumerate((0.3, 7.9))]
    saved, _, _ = import_files(paths, tmp_path / "out", AT_100_HZ)
    assert [recording.meta.scales for recording in saved] == [(2**-12,)] * 2


def test_a_given_scale_is_of_counts_where_all_files_hold_whole_numbers(tmp_path):
    still, moving = (given_file(tmp_path, f"a_{i}.csv", f"x,y\n{value},6\n") for i, value in enumerate((2, 0.5)))
    options = Options(rate_hz=10, scales=(0.25, 2))
    assert one(still, options)[0].samples.tolist() == [[2, 6]]
    saved, _, _ = import_files([still, moving], tmp_path / "out", options)
    assert [recording.samples.tolist() for recording in saved] == [[[8, 3]], [[2, 3]]]
    assert [recording.meta.scales for recording in saved] == [(0.25, 2)] * 2


def test_a_file_without_samples(tmp_path):
    with pytest.raises(RecordingError, match="holds no sample"):
        import_file(given_file(tmp_path, "a.1.json", json.dumps(acquisition(values=[]))))
    with pytest.raises(RecordingError, match="holds no sample"):
        import_file(given_file(tmp_path, "a_1.npy", npy(np.empty((0, 3)))), AT_100_HZ)


def test_what_a_given_scale_clips_is_counted(tmp_path):
    path = given_file(tmp_path, "a_1.csv", "x,y\n0.5,1\n40,0\n-40,40\n")
    recording, notes = one(path, Options(rate_hz=10, scales=(0.001,)))
    assert recording.samples.tolist() == [[500, 1000], [32767, 0], [-32768, 32767]]
    assert notes == [f"{path}: 2 of 3 samples are clipped to 16 bits; give larger scales"]


@pytest.mark.parametrize(
    ("header", "step", "rate_hz"), [("time_s", 0.02, 50), ("time_ms", 20, 50), ("Time", 0.02, 50), ("timestamp", 16, 62.5)]
)
def test_times_of_a_csv(tmp_path, header, step, rate_hz):
    rows = "".join(f"{7 + i * step},{i},{-i}\n" for i in (0, 1, 2, 3, 7, 8))
    recording, _ = one(given_file(tmp_path, "a_1.csv", f"{header},x,y\n{rows}"), Options())
    assert recording.meta.rate_hz == rate_hz
    assert recording.meta.axes == ("x", "y")
    assert recording.times_us.tolist() == [round(i * 1e6 / rate_hz) for i in (0, 1, 2, 3, 7, 8)]
    assert segments(recording) == [(0, 4), (4, 6)]


def test_a_csv_whose_label_changes(tmp_path):
    text = "time_s,x,label\n0,1,squat\n0.1,2,squat\n0.2,3,lunge\n0.3,4,squat\n"
    path = given_file(tmp_path, "day.csv", text)
    saved, _, _ = import_files([path], tmp_path / "out")
    assert [(r.name, r.samples.ravel().tolist(), r.times_us[0]) for r in saved] == [
        ("squat_01", [1, 2], 0),
        ("lunge_01", [3], 0),
        ("squat_02", [4], 0),
    ]
    assert all(recording.meta.rate_hz == 10 for recording in saved)


def test_columns_that_are_named(tmp_path):
    path = given_file(tmp_path, "a_1.csv", "when;x;what;note\n0;1;squat;fine\n2;3;squat;bad\n")
    recording, _ = one(path, Options(axes=("x",), time_column="when", label_column="what"))
    assert (recording.samples.tolist(), recording.meta.label, recording.meta.rate_hz) == ([[1], [3]], "squat", 0.5)
    with pytest.raises(EdgewiseError, match=r"column 'note': 'fine' is not a number; name the axes to take"):
        import_file(path, Options(time_column="when", label_column="what"))


@pytest.mark.parametrize("encode", [json.dumps, cbor2.dumps], ids=["json", "cbor"])
def test_data_acquisition_format(tmp_path, encode):
    suffix = "json" if encode is json.dumps else "cbor"
    recording, notes = one(given_file(tmp_path, f"idle.1a2b.{suffix}", encode(acquisition())), Options())
    meta = recording.meta
    assert (meta.label, meta.board, meta.rate_hz, meta.units) == ("idle", "ac:87", 100, ("m/s2",) * 3)
    assert (meta.axes, meta.started) == (("accX", "accY", "accZ"), "2019-07-26T08:09:59+00:00")
    assert meta.scales == (2**-11,) * 3
    assert np.abs(recording.values() - acquisition()["payload"]["values"]).max() <= 2**-12
    assert notes == []


def test_one_sensor_may_be_flat(tmp_path):
    content = json.dumps(acquisition(interval_ms=0.0625, sensors=[{"name": "audio", "units": "N/A"}], values=[-10, 2, -9]))
    recording, _ = one(given_file(tmp_path, "noise.1.json", content), Options())
    assert (recording.samples.tolist(), recording.meta.rate_hz, recording.meta.units) == ([[-10], [2], [-9]], 16_000, ("",))
    assert recording.times_us.tolist() == [0, 62, 125]


@pytest.mark.parametrize(
    "changes",
    [
        {"interval_ms": 0},
        {"interval_ms": "10"},
        {"interval_ms": None},
        {"interval_ms": 1e300},
        {"sensors": []},
        {"sensors": ["accX"]},
        {"sensors": [{"name": "x"}]},
        {"sensors": [{"name": "x"}] * 3},
        {"values": None},
        {"values": [[1, 2, 3], [4, 5]]},
        {"values": [["1", "2", "3"]]},
        {"values": [[True, False, True]]},
        {"values": [[1, 2, None]]},
        {"values": [[10**400, 1, 2]]},
        {"values": [1, 2, 3]},
        {"values": "Ref-BINARY-i16 (1 bytes) 00"},
        {"values": [[float("nan"), 1, 2]]},
    ],
)
def test_an_acquisition_that_is_none(tmp_path, changes):
    path = given_file(tmp_path, "a.1.json", json.dumps(acquisition(**changes)))
    with pytest.raises(RecordingError) as caught:
        import_file(path, Options())
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_wav(tmp_path, width, n_channels):
    top = np.array([[0, 1, -1, 127, -128]] * n_channels).T
    recording, _ = one(given_file(tmp_path, "clap_01.wav", wav(top << 8 * (width - 1), width)), Options())
    assert np.array_equal(recording.samples, top * 256)
    assert recording.meta.axes == (("mic",) if n_channels == 1 else ("mic_1", "mic_2"))
    assert (recording.meta.label, recording.meta.rate_hz, recording.meta.scales[0]) == ("clap", 16_000, 2**-15)


def test_a_cut_wav_says_what_it_holds(tmp_path):
    content = wav(np.arange(100)[:, np.newaxis])
    recording, notes = one(given_file(tmp_path, "clap_01.wav", content[:-51]), Options())
    assert recording.samples.ravel().tolist() == list(range(74))
    assert notes[0].endswith("is cut short, it holds 74 of 100 samples")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a_1.csv", "x\n1\n2\n", "nothing says how many samples a second"),
        ("a_1.csv", "time_s,x\n0,1\n2,1\n1,1\n", r"row 4, column 'time_s': time goes back"),
        ("a_1.csv", "time_s,x\n0,1\n0,1\n", "nothing says how many"),
        ("a_1.csv", "time_s,x\nnoon,1\n", "'noon' is not a number; write seconds"),
        ("a_1.csv", "time_s\n0\n1\n", "no column is left for an axis"),
        ("a_1.csv", "x,y\n1,2\n3\n", "row 3"),
        ("a_1.csv", "x\nnan\n", "not a finite float32"),
        ("a_1.npy", b"\x93NUMPY", "is no npy file"),
        ("a_1.npy", npy(np.array([["a"]])), "holds <U1 of shape"),
        ("a_1.npy", npy(np.zeros((2, 2, 2))), r"holds float64 of shape \(2, 2, 2\)"),
        ("a_1.npy", npy(np.array([[np.nan, 1.0]])), "sample 0 of x is nan"),
        ("a_1.npy", npy(np.asfortranarray(np.zeros((10, 2))))[:-8], "stored axis by axis"),
        ("a.json", "{", "is no JSON, or cut short"),
        pytest.param("a.json", "[" * 100_000, "is no JSON, or cut short", id="deep"),
        ("a.json", "[]", "is not in Edge Impulse's data acquisition format"),
        ("a.cbor", cbor2.dumps(acquisition())[:-3], "is no CBOR, or cut short"),
        ("a.wav", b"RIFF", "is no wav"),
        ("a.mp3", b"1", "files that end in '.mp3' are not read; choose from .csv"),
        ("a.npy", b"", "is empty, it holds 0 rows"),
    ],
)
def test_files_that_are_none(tmp_path, name, content, message):
    path = given_file(tmp_path, name, content)
    with pytest.raises(EdgewiseError, match=message) as caught:
        import_file(path, Options())
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(rate_hz=10, axes=("a",)), "1 axes are named, it has 3"),
        (Options(rate_hz=10, units=("g", "g")), "2 units for 3 axes"),
        (Options(rate_hz=10, scales=(1, 2)), "2 scales for 3 axes"),
        (Options(rate_hz=10, scales=(0,)), "the scale has to be above 0"),
        (Options(rate_hz=-1), "rate -1.0 Hz"),
        (Options(rate_hz=10, axes=("a", "a", "b")), "two have one name"),
        (Options(rate_hz=10, label="a\nb"), "printable"),
    ],
)
def test_options_that_cannot_be(tmp_path, options, message):
    path = given_file(tmp_path, "a_1.npy", npy(COUNTS))
    with pytest.raises(RecordingError, match=message) as caught:
        import_file(path, options)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("value", [1e300, 1e-30])
def test_numbers_out_of_all_ranges(tmp_path, value):
    path = given_file(tmp_path, "a_1.npy", npy(np.array([[value, 0]])))
    with pytest.raises(RecordingError, match=r"a_1\.npy: values of 1e.* as of axis x are out of the range of sensors"):
        import_file(path, AT_100_HZ)


def test_a_label_is_needed_for_a_name(tmp_path):
    path = given_file(tmp_path, "unnamed.npy", npy(COUNTS))
    assert one(path)[0].meta.label is None
    with pytest.raises(
        RecordingError, match=r"unnamed\.npy: nothing says its label; give --label, or name the file LABEL_01\.npy"
    ):
        import_files([path], tmp_path / "out", AT_100_HZ)
    with pytest.raises(RecordingError, match="which no file name takes"):
        import_files([path], tmp_path / "out", Options(rate_hz=100, label="a/b"))
    with pytest.raises(RecordingError, match="cannot be read"):
        import_file(tmp_path / "missing.npy")


def test_without_cbor2(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cbor2", None)
    with pytest.raises(RecordingError, match=r"pip install 'edgewise\[importers\]'"):
        import_file(given_file(tmp_path, "a.cbor", cbor2.dumps(acquisition())), Options())


SEEDS = {
    ".csv": b"time_s,x,y,label\n0,1.5,2,a\n0.1,2,3,a\n0.2,-1,2,b\n",
    ".npy": npy(np.arange(12.0).reshape(4, 3)),
    ".wav": wav(np.arange(10)[:, np.newaxis]),
    ".json": json.dumps(acquisition()).encode(),
    ".cbor": cbor2.dumps(acquisition()),
}


@given(
    suffix=st.sampled_from(sorted(READERS)),
    edits=st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=4)), max_size=4),
    cut=st.integers(0, 500),
    rate=st.sampled_from([None, 50.0]),
)
@settings(max_examples=400, deadline=None)
def test_whatever_a_file_holds_only_edgewise_errors_come_out(tmp_path_factory, suffix, edits, cut, rate):
    content = bytearray(SEEDS.get(suffix, SEEDS[".csv"]))
    for at, octets in edits:
        at %= len(content)
        content[at : at + len(octets)] = octets
    path = given_file(tmp_path_factory.mktemp("fuzz"), f"a_1{suffix}", bytes(content[: len(content) - cut % (len(content) + 1)]))
    try:
        recordings, notes = import_file(path, Options(rate_hz=rate))
    except EdgewiseError as error:
        assert "\n" not in str(error)  # noqa: PT017 - not all raise
    else:
        assert all(recording.samples.dtype == np.int16 for recording in recordings)
        assert all("\n" not in note for note in notes)


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_edgewise_error_or_a_recording(tmp_path_factory, suffix, content):
    path = given_file(tmp_path_factory.mktemp("any"), f"a_1{suffix}", content)
    try:
        import_file(path, AT_100_HZ)
    except EdgewiseError as error:
        assert "\n" not in str(error)  # noqa: PT017 - not all raise


def test_a_second_import_takes_the_scales_of_the_first_and_no_file_twice(tmp_path):
    into = tmp_path / "recordings"
    for name, size in (("shake_1.csv", 1.9), ("still_1.csv", 0.01)):
        rows = [f"{size * np.sin(i / 3)},{size * np.cos(i)}" for i in range(40)]
        (tmp_path / name).write_text("\n".join(["acc_x,acc_y", *rows]) + "\n")
    (first,), _, _ = import_files([tmp_path / "shake_1.csv"], into, Options(rate_hz=10))
    (second,), problems, _ = import_files([tmp_path / "still_1.csv", tmp_path / "shake_1.csv"], into, Options(rate_hz=10))
    assert second.meta.scales == first.meta.scales
    assert np.abs(second.values() - np.array([[0.01 * np.sin(i / 3), 0.01 * np.cos(i)] for i in range(40)])).max() < 1e-4
    assert [str(problem) for problem in problems] == [f"{tmp_path / 'shake_1.csv'}: holds the samples of shake_01, skipped"]
