"""Recording from a played board: whatever ends it, what came before is kept and the error says where."""

import errno
from pathlib import Path

import pytest
from played_board import Board, Played

from edgewise import sensors
from edgewise.errors import DeviceError, PortError, RecordingError, SensorError
from edgewise.journal import Journal
from edgewise.record import record
from edgewise.recordings import load

CONFIG = sensors.config("mpu6050", 100)
DONE = {"samples": 4, "missed": 0, "late": 0, "shortest_us": 9990, "longest_us": 10010}


def begun(board: Board) -> tuple[bytes, bytes]:
    return board.hello(), board.samples([0, 10000], range(4))


def test_a_recording(tmp_path: Path):
    board = Board()
    target = Played(*begun(board), board.samples([20000, 30000], range(4, 8)), board.end(**DONE))
    progress: list[tuple[int, int]] = []
    done = record(target, CONFIG, "squat", 0.04, tmp_path, "p1", lambda *numbers: progress.append(numbers))
    kept = load(tmp_path / "squat_01.npz")
    assert kept.samples.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert kept.times_us.tolist() == [0, 10000, 20000, 30000]
    assert (kept.meta.promised, kept.meta.person, kept.meta.board, kept.meta.label) == (4, "p1", "e6", "squat")
    assert (done.rate_hz, done.jitter_us, done.warnings) == (100, 0, ())
    assert progress == [(2, 4), (4, 4)]
    assert "recorder.run({'sensor': 'mpu6050'" in target.program
    assert "/lib/edgewise_rt/sampler.mpy" in target.files
    assert "/lib/drivers/mpu6050.mpy" in target.files
    assert [path.name for path in tmp_path.iterdir()] == ["squat_01.npz"]


def test_lost_frames_are_counted_and_not_filled_in(tmp_path: Path):
    board = Board()
    hello, first = board.hello(), board.samples([0, 10000], range(4))
    board.samples([20000], [0, 0])  # never arrives
    damaged = bytearray(board.samples([30000], [0, 0]))
    damaged[8] ^= 0x20
    last = board.samples([40000], [8, 9])
    done = record(Played(hello, first, bytes(damaged), last, board.end(**DONE | {"missed": 3})), CONFIG, "a", 0.05, tmp_path)
    kept = load(done.path)
    assert kept.times_us.tolist() == [0, 10000, 40000]
    assert (kept.meta.lost_frames, kept.meta.missed, done.damaged_frames) == (2, 3, 1)
    assert [words.partition(": ")[2] for words in done.warnings] == [
        "3 samples missed: lower the rate",
        "2 frames lost on the way: lower the rate, or use another cable",
    ]


@pytest.mark.parametrize("error", [PortError("COM1: the board is gone"), DeviceError("COM1 restarted")])
def test_a_pulled_cable_leaves_what_came(tmp_path: Path, error: Exception):
    with pytest.raises(type(error), match=r"COM1.*; .*a_01.npz keeps 2 of 1000 samples") as caught:
        record(Played(*begun(Board()), error), CONFIG, "a", 10, tmp_path)
    assert "\n" not in str(caught.value)
    kept = load(tmp_path / "a_01.npz")
    assert kept.samples.tolist() == [[0, 1], [2, 3]]
    assert kept.short


def test_ctrl_c_leaves_what_came(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        record(Played(*begun(Board()), KeyboardInterrupt()), CONFIG, "a", 10, tmp_path)
    assert len(load(tmp_path / "a_01.npz")) == 2


def test_the_sensor_stops(tmp_path: Path):
    board = Board()
    with pytest.raises(SensorError, match=r"the played board: the sensor stopped answering; .*keeps 2 of 1000"):
        record(Played(*begun(board), board.end("the sensor stopped answering")), CONFIG, "a", 10, tmp_path)
    assert len(load(tmp_path / "a_01.npz")) == 2


def test_nothing_came(tmp_path: Path):
    board = Board()
    for pieces in ((board.end("no answer"),), (board.hello(), board.end("interrupted")), (board.hello(), PortError("gone"))):
        with pytest.raises((SensorError, PortError)):
            record(Played(*pieces), CONFIG, "a", 10, tmp_path)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("once", [True, False])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: bool):
    board = Board()
    write, calls = Journal._write, []

    def full(journal: Journal, content: bytes) -> None:
        calls.append(content)
        if len(calls) == 3 or (not once and len(calls) > 3):  # header, samples, and these
            raise journal._full(OSError(errno.ENOSPC, "No space left on device"))
        write(journal, content)

    monkeypatch.setattr(Journal, "_write", full)
    with pytest.raises(RecordingError, match=r"No space left on device.*keeps 2 of 1000 samples") as caught:
        record(Played(*begun(board), board.samples([20000], [1, 2])), CONFIG, "a", 10, tmp_path)
    assert "\n" not in str(caught.value)
    (left,) = tmp_path.iterdir()
    assert left.name == ("a_01.npz" if once else "a_01.npz.part")
    assert load(left).samples.tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize("label", ["a/b", "", " ", "a\nb", ".hidden", "x" * 100])
def test_a_label_that_is_no_file_name(tmp_path: Path, label: str):
    target = Played()
    with pytest.raises(RecordingError):
        record(target, CONFIG, label, 10, tmp_path)
    assert target.files == {}


def test_no_sample(tmp_path: Path):
    with pytest.raises(SensorError, match=r"0.001 s at 100 Hz hold no sample"):
        record(Played(), CONFIG, "a", 0.001, tmp_path)


def test_a_config_of_another_driver(tmp_path: Path):
    with pytest.raises(SensorError, match=r"has the driver mpu6050.MPU6050, not os.system"):
        record(Played(), CONFIG | {"module": "os", "class": "system"}, "a", 1, tmp_path)
