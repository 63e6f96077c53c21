"""The artifact's folder: whole or not at all, and believed only as far as its hashes go."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from command import snapshot
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from edgewise import artifact, transpile
from edgewise.errors import ModelFileError
from edgewise.golden import Golden
from edgewise.mpy import NATIVE
from edgewise.program import Program

IRIS = load_iris()
MODULES = ["tree.mpy", "tree.py", *(f"tree.{arch}.mpy" for arch in NATIVE)]
FILES = sorted(["evidence.npz", "manifest.json", "package.json", "splits.npz", *MODULES])


def tree(depth: int = 3, name: str = "tree") -> Program:
    model = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(IRIS.data, IRIS.target_names[IRIS.target])
    return transpile(model, name, IRIS.data, IRIS.feature_names)


def line(name: str) -> Program:
    return transpile(LinearRegression().fit(IRIS.data[:, 1:], IRIS.data[:, 0]), name, IRIS.data[:, 1:])


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    return tree().save(tmp_path_factory.mktemp("artifact") / "tree", IRIS.data[::5])


@pytest.fixture
def folder(original, tmp_path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(original, tmp_path / "tree"))


def refusal(folder: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        artifact.load(folder)
    text = str(caught.value)
    assert text.splitlines() == [text]
    assert "run edgewise transpile" in text
    return text


def resign(folder: Path, **changes: object) -> None:
    """Changes the manifest, and makes its hashes right again: what only someone who means it would do."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["sha256"]}
    path.write_text(json.dumps({**manifest, **changes}))


def test_what_is_saved_is_loaded(folder):
    program = tree()
    loaded = artifact.load(folder)
    native = {f"tree.{arch}.mpy": mpy for arch, mpy in program.native.items()}
    assert loaded.files == {"tree.py": program.source.encode(), "tree.mpy": program.mpy} | native
    assert (loaded.name, loaded.n_features, loaded.board) == ("tree", 4, "RPI_PICO")
    assert loaded.classes == ("setosa", "versicolor", "virginica")
    made = artifact.of_program(program, IRIS.data[::5])
    assert (loaded.footprint, loaded.smaller) == (made.footprint, made.smaller)
    assert np.array_equal(loaded.evidence.X, IRIS.data[::5].astype(np.float32))
    assert loaded.feature_names == tuple(IRIS.feature_names)
    for name, array in vars(made.splits).items():
        assert np.array_equal(getattr(loaded.splits, name), array)
    assert sorted(snapshot(folder)) == FILES


def test_a_regression(tmp_path):
    loaded = artifact.load(line("line").save(tmp_path / "line"))
    assert loaded.classes is None
    assert len(loaded.evidence) == 150  # the rows that transpile was given


def test_without_rows_there_is_no_evidence(tmp_path):
    program = transpile(DecisionTreeClassifier().fit([[0.0], [1.0]], [False, True]), "bare")
    loaded = artifact.load(program.save(tmp_path / "bare"))
    assert loaded.evidence is None
    assert loaded.classes == (False, True)
    assert [type(label) for label in loaded.classes] == [bool, bool]
    assert set(snapshot(tmp_path / "bare")) == {name.replace("tree", "bare") for name in FILES} - {"evidence.npz"}


def test_the_same_model_gives_the_same_bytes(folder, tmp_path):
    assert snapshot(tree().save(tmp_path / "again", IRIS.data[::5])) == snapshot(folder)


def test_package_json_is_what_mip_reads(folder):
    package = json.loads((folder / "package.json").read_bytes())
    assert package["urls"] == [["tree.mpy", "tree.mpy"]]
    assert package["deps"] == []


def test_an_earlier_artifact_is_replaced(folder):
    line("line").save(folder)
    assert set(snapshot(folder)) == {name.replace("tree", "line") for name in FILES} - {"splits.npz"}
    assert artifact.load(folder).name == "line"


def test_a_file_of_the_user_stays(folder):
    (folder / "notes.txt").write_text("mine")
    (folder / "line.py").write_text("mine too")
    before = snapshot(folder)
    with pytest.raises(ModelFileError, match=r"line\.py was not written by edgewise; rename it"):
        line("line").save(folder)
    assert snapshot(folder) == before
    tree(2).save(folder)
    assert (folder / "notes.txt").read_text() == "mine"


def test_folders_above_are_made(tmp_path):
    assert artifact.load(tree().save(tmp_path / "a" / "b" / "c")).name == "tree"


def test_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert artifact.load(tree().save("tree")).name == "tree"
    assert sorted(snapshot(tmp_path)) == ["tree", *(f"tree/{name}" for name in FILES)]


def test_what_a_killed_run_left_does_not_block_the_folder(tmp_path):
    (tmp_path / "tree" / ".edgewise-x1").mkdir(parents=True)
    (tmp_path / "tree" / ".edgewise-x1" / "tree.py").write_text("half")
    tree().save(tmp_path / "tree")


# All or nothing


class Stop(BaseException):
    """Such as KeyboardInterrupt."""


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Stop()], ids=["disk full", "interrupt"])
@pytest.mark.parametrize("nth", range(5))
@pytest.mark.parametrize("name", ["tree", "other"])
def test_an_interrupted_save_leaves_the_old_artifact(folder, monkeypatch, nth, name, error):
    before = snapshot(folder)
    calls, replace = [], os.replace

    def fail(source, target):
        calls.append(target)
        if len(calls) == nth + 1:
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises((ModelFileError, Stop)):
        tree(2, name).save(folder)
    assert len(calls) == nth + 1
    assert snapshot(folder) == before
    assert artifact.load(folder).name == "tree"


def test_an_interrupt_while_removing_what_is_stale(folder, monkeypatch):
    before = snapshot(folder)
    unlink, calls = Path.unlink, []

    def fail(path, missing_ok=False):
        calls.append(path)
        if len(calls) == 2:
            raise Stop
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(Stop):
        tree(2, "other").save(folder)
    assert snapshot(folder) == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError(30, "Read-only file system"), Stop()])
def test_nothing_is_left_of_a_first_save_that_fails(tmp_path, monkeypatch, error):
    def fail(_path, _content):
        raise error

    program = tree()
    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises((ModelFileError, Stop)) as caught:
        program.save(tmp_path / "a" / "b")
    if isinstance(error, OSError):
        assert str(caught.value) == f"{tmp_path / 'a' / 'b'} cannot be written ({error.strerror}); name another output folder"
    assert snapshot(tmp_path) == {}


def test_the_manifest_is_written_last(folder, monkeypatch):
    """A kill that nothing can undo then leaves files that the old manifest does not take for its own."""
    names, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: (names.append(Path(target).name), replace(source, target)))
    tree(2).save(folder)
    assert names[-1] == "manifest.json"


# What was changed since


@pytest.mark.parametrize("name", [name for name in FILES if name != "manifest.json"])
@pytest.mark.parametrize("damage", ["changed", "cut", "gone", "a folder"])
def test_changed_files(folder, name, damage):
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(content[:-1] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
    assert f"{path} is missing or was changed since it was made" in refusal(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "{}", '{"format": 2}', '{"format": 1}', '{"format": 1, "sha256": []}', "[" * 100_000, "\xff"]
)
def test_a_manifest_that_is_none(folder, text):
    (folder / "manifest.json").write_text(text, encoding="latin-1")
    assert "manifest.json" in refusal(folder)


def test_a_manifest_cut_anywhere(folder):
    path = folder / "manifest.json"
    whole = path.read_bytes()
    for length in range(0, len(whole) - 2, 97):
        path.write_bytes(whole[:length])
        refusal(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "..", ".", "", "a\\b", "C:x", "x\0y"])
def test_a_manifest_never_leads_out_of_its_folder(folder, name):
    secret = folder.parent / "secret"
    secret.write_text("secret")
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["sha256"][name] = hashlib.sha256(b"secret").hexdigest()
    path.write_text(json.dumps(manifest))
    assert "names files outside its folder" in refusal(folder)
    tree(2).save(folder)  # cleans up after the old manifest
    assert secret.read_text() == "secret"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../tree"},
        {"name": None},
        {"name": "other"},
        {"classes": 5},
        {"classes": ["a", "b"]},
        {"classes": None},
        {"n_features": "many"},
        {"n_features": 7},
        {"n_features": None},
        {"footprint": None},
        {"footprint": {"heap_held_bytes": 5}},
        {"footprint": {"nonsense": 5}},
        {"smaller": 3},
        {"smaller": [["max_depth=1"]]},
        {"smaller": [["max_depth=1", 5]]},
    ],
    ids=str,
)
def test_a_manifest_that_tells_something_else(folder, changes):
    resign(folder, **changes)
    refusal(folder)


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "pickled", "fields", "rows", "columns", "classes", "type"])
def test_evidence_that_is_damaged_and_signed(folder, damage):
    path = folder / "evidence.npz"
    parts = dict(np.load(path))
    if damage in ("empty", "text", "cut"):
        path.write_bytes({"empty": b"", "text": b"text", "cut": path.read_bytes()[:-50]}[damage])
    else:
        match damage:
            case "pickled":
                parts["X"] = np.array([{}], dtype=object)
            case "fields":
                del parts["classes"]
            case "rows":
                parts["expected"] = parts["expected"][:-1]
            case "columns":
                parts["X"] = parts["X"][:, :-1]
            case "classes":
                parts["expected"] = parts["expected"] + 7
            case "type":
                parts["X"] = parts["X"].astype("U8")
        np.savez(path, **parts)
    resign(folder)
    assert "evidence.npz" in refusal(folder)


def test_every_flipped_byte_of_the_evidence_is_one_line_or_harmless(folder):
    path = folder / "evidence.npz"
    whole = path.read_bytes()
    for at in range(0, len(whole), 13):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        resign(folder)
        try:
            assert isinstance(artifact.load(folder).evidence, Golden)
        except ModelFileError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - a flip may also be harmless


# Whose folder


@pytest.mark.parametrize(
    "files",
    [
        {"data.csv": "a,b"},
        {"manifest.json": "{}"},
        {"manifest.json": '{"manifest_version": 3}'},
        {"manifest.json": "not json"},
        {"training.json": '{"epochs": 3}'},
        {"package.json": "{}"},
        {".git": "x"},
        {"manifest.json/x": "a folder of this name"},
    ],
    ids=str,
)
def test_a_folder_of_others_is_not_claimed(tmp_path, files):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = snapshot(tmp_path)
    with pytest.raises(ModelFileError, match="holds something else"):
        artifact.claim(tmp_path)
    with pytest.raises(ModelFileError, match="holds something else"):
        tree().save(tmp_path)
    assert snapshot(tmp_path) == before


def test_claiming_makes_nothing(tmp_path):
    artifact.claim(tmp_path / "a" / "b")
    assert snapshot(tmp_path) == {}


def test_a_link_that_leads_nowhere(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ModelFileError, match="cannot be written"):
        tree().save(tmp_path / "link")


def test_evidence_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(artifact, "EVIDENCE_ROWS", 10)
    X = load_iris().data
    kept = artifact.load(artifact.save(tree(), tmp_path / "tree", X)).evidence
    assert len(kept) == 10
    assert (kept.X[[0, -1]] == X[[0, -1]].astype("float32")).all()


def test_evidence_in_parts_is_the_same(monkeypatch):
    X, y = load_iris(return_X_y=True)
    program = transpile(KNeighborsClassifier().fit(X, y), "near", X)
    whole = program.golden(X)
    monkeypatch.setattr("edgewise.golden.DISTANCES_AT_ONCE", 1000)
    parts = program.golden(X)
    assert (whole.expected == parts.expected).all()
    assert (whole.classes == parts.classes).all()
