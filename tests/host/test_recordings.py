"""Recordings: what a cut, a full disk or a damaged file leaves, and names and gaps."""

import os
import resource
import signal
import subprocess
import sys
import zipfile
from array import array
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise import journal
from edgewise.errors import RecordingError
from edgewise.recordings import Journal, Meta, Recording, check_label, load, load_all, next_path, segments

META = Meta("squat", ("x", "y", "z"), ("g",) * 3, (2 / 32767,) * 3, (0, 0, 1.5), 100, {"sensor": "mpu6050"}, promised=30)
SAMPLES = np.arange(90, dtype=np.int16).reshape(30, 3) - 45
TIMES = np.arange(30) * 10_000


def recording(**changes) -> Recording:
    return replace(Recording(SAMPLES, TIMES, META, "squat_01"), **changes)


def same(a: Recording, b: Recording) -> bool:
    return (
        np.array_equal(a.samples, b.samples) and np.array_equal(a.times_us, b.times_us) and (a.meta, a.name) == (b.meta, b.name)
    )


def test_comes_back_from_its_file(tmp_path):
    saved = recording().save(tmp_path / "new" / "squat_01.npz")
    found = load(tmp_path / "new" / "squat_01.npz")
    assert same(found, saved)
    assert same(found, recording())
    assert found.meta.scales == (float(np.float32(2 / 32767)),) * 3
    assert found.seconds == pytest.approx(0.3)
    assert np.array_equal(found.values()[:, 2], SAMPLES[:, 2] * np.float64(np.float32(2 / 32767)) + 1.5)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["squat_01.npz"]


def test_equal_recordings_are_equal_files():
    assert recording().to_bytes() == recording(samples=np.array(SAMPLES)).to_bytes()
    assert recording().to_bytes() != recording(times_us=TIMES * 2).to_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": SAMPLES.astype(np.int32)}, r"^samples are int32 of shape \(30, 3\); int16 of shape \(30, 3\) is needed$"),
        ({"samples": SAMPLES[:, :2]}, r"^samples are int16 of shape \(30, 2\)"),
        ({"times_us": TIMES[:-1]}, r"^times are int64 of shape \(29,\)"),
        ({"times_us": TIMES.astype(float)}, "^times are float64"),
        ({"times_us": TIMES + 1}, "^times begin at 1 us"),
        ({"times_us": np.append(TIMES[:-1], 0)}, "^time goes back behind sample 28"),
    ],
)
def test_samples_and_times_have_to_agree(changes, message):
    with pytest.raises(RecordingError, match=message):
        recording(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": ()}, "without axes"),
        ({"axes": ("x", "y", "x")}, "two have one name"),
        ({"axes": ("x", "y", "\n")}, "printable name"),
        ({"units": ("g",)}, "1 units for 3 axes x, y, z"),
        ({"units": ("g", "g", "\n")}, "not printable"),
        ({"scales": (1, 0, 1)}, "axis y: scale 0.0"),
        ({"scales": (1, 1e99, 1)}, "axis y: scale inf"),
        ({"offsets": (float("nan"), 0, 0)}, "axis x: scale .* offset nan"),
        ({"rate_hz": 0}, "rate 0.0 Hz"),
        ({"rate_hz": float("nan")}, "rate nan Hz"),
        ({"label": ""}, "give printable text, or None"),
        ({"person": 7}, "give printable text, or None"),
        ({"sensor": "mpu6050"}, "is no configuration"),
        ({"missed": -1}, "missed is -1"),
        ({"missed": None}, "missed is None"),
        ({"promised": True}, "promised is True"),
    ],
)
def test_meta_is_checked_where_it_is_made(changes, message):
    with pytest.raises(RecordingError, match=message) as caught:
        replace(META, **changes)
    assert "\n" not in str(caught.value)


def grown(path: Path, chunks: int = 3) -> Journal:
    """A journal of SAMPLES in so many pieces; its clock began at 7 s."""
    growing = Journal(path, META)
    for part in np.array_split(np.arange(30), chunks):
        growing.append(array("h", SAMPLES[part].ravel().tolist()), array("q", (TIMES[part] + 7_000_000).tolist()))
    return growing


def test_a_journal_becomes_the_recording(tmp_path):
    with grown(tmp_path / "squat_01.npz") as growing:
        assert same(load(growing.part), recording())  # while it is open
        growing.append(array("h"), array("q"))  # nothing is no chunk
        growing.count(1, 2)
        assert load(growing.part).meta == replace(META, missed=1, lost_frames=2)
        done = growing.finish(missed=3, lost_frames=4)
    assert same(done, recording(meta=replace(META, missed=3, lost_frames=4)))
    assert same(load(tmp_path / "squat_01.npz"), done)
    assert [path.name for path in tmp_path.iterdir()] == ["squat_01.npz"]


def test_a_journal_without_samples(tmp_path):
    done = Journal(tmp_path / "squat_01.npz", META).finish()
    assert (len(done), done.samples.shape, done.seconds, segments(done)) == (0, (0, 3), 0.0, [])


def test_a_cut_at_any_byte_leaves_whole_chunks(tmp_path):
    growing = grown(tmp_path / "squat_01.npz", chunks=5)
    growing.count(1, 0)
    growing.close()
    content = growing.part.read_bytes()
    header = len(journal.MAGIC) + journal.HEAD.size + len(META.to_json())
    chunk = journal.HEAD.size + journal.SIZE.size + 6 * (3 * 2 + 8)
    cut = tmp_path / "cut.npz.part"
    for size in range(len(content)):
        cut.write_bytes(content[:size])
        if size < header:
            with pytest.raises(RecordingError, match="damaged"):
                load(cut)
        else:
            assert len(load(cut)) == min((size - header) // chunk, 5) * 6


@given(at=st.integers(0, 10_000), byte=st.integers(1, 255), zipped=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_one_line_or_a_shorter_recording(tmp_path_factory, at, byte, zipped):
    path = tmp_path_factory.mktemp("damaged") / "squat_01.npz"
    if zipped:
        content = bytearray(recording().to_bytes())
    else:
        with grown(path) as growing:
            content = bytearray(growing.part.read_bytes())
    content[at % len(content)] ^= byte
    path.write_bytes(content)
    found, problems = load_all(path.parent, keep_short=True)
    assert all(np.array_equal(r.samples, SAMPLES[: len(r)]) for r in found)
    assert all("\n" not in str(problem) for problem in problems)
    assert found or problems


@given(st.binary(max_size=200), st.booleans())
@settings(deadline=None)
def test_any_bytes_are_one_line(tmp_path_factory, content, journaled):
    path = tmp_path_factory.mktemp("any") / "x.npz"
    path.write_bytes(journal.MAGIC * journaled + content)
    with pytest.raises(RecordingError):
        load(path)


def test_nothing_in_a_file_is_unpickled(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, samples=SAMPLES, times_us=TIMES, meta=np.array([{"a": print}], dtype=object), allow_pickle=True)
    with pytest.raises(RecordingError, match="is no recording, or damaged"):
        load(path)


@pytest.mark.parametrize("text", [b"{}", b"[]", b'{"format": 2}', META.to_json().replace(b'"axes"', b'"Axes"'), b"\xff"])
def test_a_meta_of_another_kind(tmp_path, text):
    path = tmp_path / "x.npz"
    np.savez(path, samples=SAMPLES, times_us=TIMES, meta=np.array(text))
    with pytest.raises(RecordingError, match=r"x\.npz: is no recording, or damaged \("):
        load(path)


@pytest.mark.parametrize(
    ("samples", "times"),
    [
        ([[1, 2, 3]], [0]),  # int64
        (array("h", [1, 2, 3, 4]), array("q", [0])),
        (array("h", [1, 2, 3]), array("d", [0])),
        (array("h", [1, 2, 3]), array("q", [0, 1])),
        (array("h", [1, 2, 3]), 0),
        (array("h"), array("q", [0])),
        (array("h", [1, 2, 3]), array("q", [7_280_000])),  # before the last
        (array("h", range(6)), array("q", [7_300_000, 7_299_999])),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_written(tmp_path, samples, times):
    with grown(tmp_path / "squat_01.npz") as growing:
        with pytest.raises(RecordingError, match=r"squat_01\.npz\.part: "):
            growing.append(samples, times)
        assert same(growing.finish(), recording())


def test_a_closed_journal_takes_no_more(tmp_path):
    growing = grown(tmp_path / "squat_01.npz")
    growing.close()
    growing.close()
    with pytest.raises(RecordingError, match="is closed"):
        growing.append(array("h", [1, 2, 3]), array("q", [8_000_000]))


def test_nothing_is_overwritten(tmp_path):
    path = tmp_path / "squat_01.npz"
    growing = grown(path)
    with pytest.raises(RecordingError, match=r"squat_01\.npz\.part exists"):
        Journal(path, META)
    growing.finish()
    with pytest.raises(RecordingError, match=r"squat_01\.npz exists"):
        Journal(path, META)


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for write in (recording().save, lambda path: Journal(path, META)):
        with pytest.raises(RecordingError, match="cannot be written"):
            write(tmp_path / "file" / "squat_01.npz")


def test_a_killed_process_loses_nothing_that_was_appended(tmp_path):
    program = (
        "import sys; sys.path[:0] = [sys.argv[2]]\n"
        "from test_recordings import grown\n"
        "growing = grown(sys.argv[1])\n"
        "print('appended', flush=True)\n"
        "input()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "squat_01.npz"), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"appended\n"
        os.kill(process.pid, signal.SIGKILL)
    assert same(load(tmp_path / "squat_01.npz.part"), recording())


@pytest.fixture
def file_size_limit():
    """Files of this process may grow to so many bytes: a full disk that needs no disk. A write may end in the middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_keeps_what_was_written(tmp_path, file_size_limit):
    growing = grown(tmp_path / "squat_01.npz")
    size = growing.part.stat().st_size
    file_size_limit(size + 100)  # in the middle of the next chunk
    more = np.tile(SAMPLES, (10, 1)), np.arange(300) * 10_000 + 8_000_000
    with pytest.raises(RecordingError, match=r"takes no more \(File too large\); it keeps 30 samples; make room"):
        growing.append(*more)
    assert growing.part.stat().st_size == size
    file_size_limit(resource.RLIM_INFINITY)
    growing.append(*more)  # there is room again
    file_size_limit(300)
    with pytest.raises(RecordingError, match=r"squat_01\.npz cannot be written \(File too large\)"):
        growing.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["squat_01.npz.part"]
    assert len(load(growing.part)) == 330


def test_a_file_is_replaced_and_not_written_over(tmp_path):
    recording().save(tmp_path / "squat_01.npz")
    os.link(tmp_path / "squat_01.npz", tmp_path / "old.npz")
    recording(times_us=TIMES * 2).save(tmp_path / "squat_01.npz")
    assert same(replace(load(tmp_path / "old.npz"), name="squat_01"), recording())


def test_a_full_disk_leaves_the_old_file(tmp_path, file_size_limit):
    path = tmp_path / "squat_01.npz"
    recording().save(path)
    file_size_limit(300)
    with pytest.raises(RecordingError, match="cannot be written"):
        recording(times_us=TIMES * 2).save(path)
    assert same(load(path), recording())
    assert list(tmp_path.iterdir()) == [path]


def test_no_room_for_a_header_leaves_no_file(tmp_path, file_size_limit):
    file_size_limit(50)
    with pytest.raises(RecordingError, match="takes no more"):
        Journal(tmp_path / "squat_01.npz", META)
    assert list(tmp_path.iterdir()) == []


def test_the_disk_is_told_about_once_a_second(tmp_path, monkeypatch):
    now, syncs = [100.0], []
    monkeypatch.setattr(journal.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(journal.os, "fsync", lambda descriptor: syncs.append(now[0]))
    with Journal(tmp_path / "squat_01.npz", META) as growing:
        for i in range(30):
            now[0] = 100 + i / 8
            growing.append(SAMPLES[i : i + 1], TIMES[i : i + 1])
    assert syncs == [100, 101, 102, 103, 103.625]


def test_load_all_names_what_is_short(tmp_path):
    recording().save(tmp_path / "squat_01.npz")
    recording(samples=SAMPLES[:20], times_us=TIMES[:20]).save(tmp_path / "squat_02.npz")
    grown(tmp_path / "squat_03.npz").close()
    Journal(tmp_path / "squat_04.npz", replace(META, promised=None)).close()
    (tmp_path / "squat_05.npz").write_bytes(b"")
    (tmp_path / "squat_01.npz.part").write_bytes(b"stale: its npz is there")
    (tmp_path / "note.txt").write_text("none of ours")
    found, problems = load_all(tmp_path)
    assert [r.name for r in found] == ["squat_01"]
    assert [str(problem).removeprefix(f"{tmp_path}/").partition(" (")[0] for problem in problems] == [
        "squat_02.npz: holds 20 of 30 samples, skipped",
        "squat_03.npz.part: was not finished, holds 30 of 30 samples, skipped",
        "squat_04.npz.part: was not finished, holds 0 samples, skipped",
        "squat_05.npz: is no recording, or damaged",
    ]
    found, problems = load_all(tmp_path, keep_short=True)
    assert [(r.name, len(r)) for r in found] == [("squat_01", 30), ("squat_02", 20), ("squat_03", 30)]
    assert [problem.kept for problem in problems] == [True, True, False, False]
    assert str(problems[0]).endswith("squat_02.npz: holds 20 of 30 samples, kept")


def test_folders_without_recordings(tmp_path):
    with pytest.raises(RecordingError, match="holds no recording"):
        load_all(tmp_path)
    with pytest.raises(RecordingError, match="no such folder"):
        load_all(tmp_path / "missing")
    with pytest.raises(RecordingError, match="no such file"):
        load(tmp_path / "missing.npz")
    with pytest.raises(RecordingError, match="is a folder"):
        load(tmp_path)


def test_the_next_name(tmp_path):
    assert next_path(tmp_path / "none", "squat").name == "squat_01.npz"
    for name in ("squat_01.npz", "squat_09.npz.part", "squat_x.npz", "squat_50.csv", "squat_12_44.npz", "a squat_77.npz"):
        (tmp_path / name).write_bytes(b"")
    assert next_path(tmp_path, "squat").name == "squat_10.npz"
    assert next_path(tmp_path, "squat_12").name == "squat_12_45.npz"
    (tmp_path / "squat_99.npz").write_bytes(b"")
    assert next_path(tmp_path, "squat").name == "squat_100.npz"
    (tmp_path / "[s]_03.npz").write_bytes(b"")
    assert next_path(tmp_path, "[s]").name == "[s]_04.npz"


@pytest.mark.parametrize(
    "label", ["", " ", "a/b", "..", "a\\b", "a\nb", "a:b", "\0", "x" * 81, "ä" * 41, " a", "a\x7f", "\ud800"]
)
def test_labels_that_are_no_names(tmp_path, label):
    with pytest.raises(RecordingError, match=r"^label ") as caught:
        next_path(tmp_path, label)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("label", ["squat", "jumping jack", "Kniebeuge (tief)", "à gauche", "スクワット", "1.5", "x" * 80])
def test_labels_that_are(label):
    check_label(label)


def test_segments_end_at_gaps():
    steps = np.full(29, 10_000)
    assert segments(recording()) == [(0, 30)]
    steps[[4, 10]] = 15_000, 15_001
    steps[20] = 9_000
    times = np.concatenate([[0], np.cumsum(steps)])
    assert segments(recording(times_us=times)) == [(0, 11), (11, 30)]
    one = recording(samples=SAMPLES[:1], times_us=TIMES[:1])
    assert segments(one) == [(0, 1)]


def test_members_carry_no_date_of_today(tmp_path):
    recording().save(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
