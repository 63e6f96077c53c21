"""The commands around a sensor, as far as they need no emulated Pico; tests/e2e has the way that needs one."""

import json
from pathlib import Path

import numpy as np
import pytest
from command import Edgewise, sensor_csv, snapshot

from edgewise.recording import Meta, Recording

MPU = ("--sensor", "mpu6050", "--port", "unix")


@pytest.fixture
def edgewise(monkeypatch, capsys) -> Edgewise:
    return Edgewise(monkeypatch, capsys)


def recorded(folder: Path, label: str, number: int, n: int = 120, person: str | None = None) -> Path:
    """n samples at 20 Hz that shake as fast as the label is long."""
    t = np.arange(n)
    waves = [np.sin(t * len(label) / 3 + axis + number) * 3000 for axis in range(3)]
    meta = Meta(label, ("acc_x", "acc_y", "acc_z"), ("g",) * 3, (1 / 16384,) * 3, (0.0,) * 3, 20, person=person)
    path = folder / f"{label}_{number:02}.npz"
    Recording(np.array(waves).T.astype(np.int16), t.astype(np.int64) * 50_000, meta).save(path)
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "recordings"
    for label in ("up", "down"):
        for number in range(1, 5):
            recorded(made, label, number)
    return made


def test_the_table_of_sensors_and_one_of_them(edgewise):
    listed = edgewise.ok("sensors", "--json").json
    assert {"mpu6050", "bme280", "adc", "replay"} <= {sensor["name"] for sensor in listed}
    shown = edgewise.ok("sensors").stdout
    assert all(sensor["name"] in shown for sensor in listed)
    one = edgewise.ok("sensors", "mpu6050").stdout
    assert "GP4" in one
    assert "range_g" in one
    assert "did you mean mpu6050?" in edgewise("sensors", "mpu6500").error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--label", "a/b"), "label 'a/b' has '/' in it"),
        (("--label", "up", "--rate", "9000"), "mpu6050 cannot sample at 9000.0 Hz: give a rate from 4 to 1000"),
        (("--label", "up", "--option", "range_g=3"), "option range_g of mpu6050 is '3', and must be one of 2, 4, 8, 16"),
        (("--label", "up", "--pins", "sda=x"), "pin sda of mpu6050 is 'x'"),
        (("--label", "up", "--address", "0x10"), "mpu6050 cannot be at address 16: it is at 0x68, 0x69"),
        (("--label", "up", "--seconds", "0.001"), "hold no sample: record longer"),
    ],
)
def test_what_record_refuses_before_it_begins(edgewise, tmp_path, arguments, words, unix_port):
    before = snapshot(tmp_path)
    assert words in edgewise("record", *MPU, "-o", tmp_path / "r", "--pause", 0, *arguments).error
    assert snapshot(tmp_path) == before


def test_wrong_usage_of_record_is_told(edgewise, tmp_path):
    outcome = edgewise("record", *MPU, "--label", "up", "-o", tmp_path, "--option", "range_g")
    assert outcome.code == 2
    assert "range_g is no NAME=VALUE" in outcome.stderr


@pytest.mark.usefixtures("unix_port")
def test_a_port_without_the_sensor_s_bus(edgewise, tmp_path):
    error = edgewise("record", *MPU, "--label", "up", "-o", tmp_path / "r", "--pause", 0).error
    assert "the unix port: this MicroPython has no i2c, which sensor mpu6050 is on" in error
    assert snapshot(tmp_path) == {}


def test_recordings_to_features_to_a_module_that_takes_windows(edgewise, folder, tmp_path):
    table = tmp_path / "features.csv"
    made = edgewise.ok("features", folder, "--window", 2, "--hop", 1, "-o", table, "--json").json
    assert (made["length"], made["hop"], made["windows"]) == (40, 20, {"down": 20, "up": 20})
    assert "40 samples at 20 Hz" in edgewise.ok("features", folder, "--window", 2, "-o", table).stdout
    model = tmp_path / "shaking"
    trained = edgewise.ok("train", table, "--target", "label", "--model", "forest", "-o", model, "--json").json
    assert (trained["n_groups"], trained["score"]) == (8, 1.0)  # whole recordings stay together without being asked
    shown = edgewise.ok("train", table, "--target", "label", "--model", "forest", "-o", model).stdout
    assert "with each recording on both sides" in shown
    edgewise.ok("transpile", model, "--windows")
    assert "def predict_window" in (model / "shaking.py").read_text()
    assert json.loads((model / "manifest.json").read_bytes())["stage"]["length"] == 40
    page = edgewise.ok("report", model, "--json").json["file"]
    assert "shaking" in Path(page).read_text("utf-8")


def test_an_app_needs_to_know_its_features_and_its_sensor(edgewise, folder, tmp_path):
    plain = tmp_path / "plain"
    edgewise.ok("train", sensor_csv(tmp_path), "--target", "y", "--drop", "person", "-o", plain)
    error = edgewise("deploy", plain, "--port", "unix", "--app").error
    assert "plain was not trained on what edgewise features wrote" in error
    table, model = tmp_path / "features.csv", tmp_path / "shaking"
    edgewise.ok("features", folder, "--window", 2, "-o", table)
    edgewise.ok("train", table, "--target", "label", "-o", model)
    assert "do not say their sensor: name it, as --sensor mpu6050" in edgewise("deploy", model, "--port", "unix", "--app").error


@pytest.mark.usefixtures("unix_port")
def test_monitor_without_an_app(edgewise, tmp_path):
    kept = tmp_path / "labels.csv"
    error = edgewise("monitor", "--port", "unix", "--csv", kept).error
    assert error == "error: no app is on the unix port: run edgewise deploy DIR --app first"
    assert not kept.exists()


def test_a_window_that_no_recording_holds_and_an_unknown_set(edgewise, folder, tmp_path):
    table = tmp_path / "features.csv"
    assert "no recording has a window of 60 s" in edgewise("features", folder, "--window", 60, "-o", table).error
    assert "no feature set 'motoin'; did you mean 'motion'?" in edgewise("features", folder, "--set", "motoin", "-o", table).error
    assert "holds no recording" in edgewise("features", tmp_path, "-o", table).error
    assert not table.exists()


def test_import_and_what_is_cut_short(edgewise, tmp_path):
    rows = [f"{i / 20},{np.sin(i / 3):.4f},{np.cos(i / 3):.4f}" for i in range(100)]
    (tmp_path / "swing_1.csv").write_text("\n".join(["time_s,acc_x,acc_y", *rows]) + "\n")
    np.save(tmp_path / "rest.npy", np.zeros((50, 2), np.int16))
    whole = (tmp_path / "rest.npy").read_bytes()
    (tmp_path / "rest.npy").write_bytes(whole[:-40])
    into = tmp_path / "recordings"
    files = [tmp_path / "swing_1.csv", tmp_path / "rest.npy"]
    outcome = edgewise.ok("import", *files, "--rate", 20, "-o", into, "--json")
    assert [(r["label"], r["samples"]) for r in outcome.json] == [("swing", 100)]
    assert "rest.npy: holds 40 of 50 samples, skipped" in outcome.stderr
    error = edgewise("import", tmp_path / "rest.npy", "--rate", 20, "-o", tmp_path / "none").error
    assert "none of 1 files became a recording" in error
    assert not (tmp_path / "none").exists()
