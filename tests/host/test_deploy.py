"""What deploy copies, keeps, removes and refuses, on MicroPython's unix port."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from edgewise import Program, firmware, transpile
from edgewise.artifact import Artifact, of_program
from edgewise.deploy import MARKS, Deployment, deploy
from edgewise.errors import DeviceError, FitError
from edgewise.mpy import NATIVE
from edgewise.targets import UnixPort

IRIS = load_iris()


def iris(depth: int, backend: str = "auto") -> Program:
    model = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(IRIS.data, IRIS.target)
    return transpile(model, "iris", IRIS.data, backend=backend)


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return of_program(iris(3))


@pytest.fixture
def target(unix_port: UnixPort) -> Iterator[UnixPort]:
    """The unix port, without files of this name before and after."""
    clean(unix_port)
    unix_port.soft_reset()
    yield unix_port
    clean(unix_port)


PATHS = [f"{folder}iris.{suffix}" for folder in ("/", "/lib/") for suffix in ("py", "mpy")]


def clean(target: UnixPort) -> None:
    for path in files(target):
        target.remove(path)


def files(target: UnixPort) -> list[str]:
    return [path for path, digest in target.hashes(PATHS).items() if digest is not None]


def imported(target: UnixPort) -> str:
    target.soft_reset()
    return target.eval("__import__('iris').__file__")


def test_only_what_changed_is_copied(target, artifact, monkeypatch):
    seen: list[tuple[int, int]] = []
    assert deploy(artifact, target, on_progress=lambda *done: seen.append(done)) == Deployment(("/lib/iris.mpy",), (), ())
    assert seen[-1] == (len(artifact.files["iris.x64.mpy"]),) * 2
    with monkeypatch.context() as patch:
        patch.setattr(target, "put", None)  # would raise TypeError
        assert deploy(artifact, target) == Deployment((), ("/lib/iris.mpy",), ())
    changed = of_program(iris(2))
    assert deploy(changed, target) == Deployment(("/lib/iris.mpy",), (), ())
    assert target.get("/lib/iris.mpy") == changed.files["iris.x64.mpy"]
    assert target.eval("__import__('iris').self_test()") == 3


def test_source_then_mpy_again(target, artifact):
    deploy(artifact, target)
    assert deploy(artifact, target, source=True) == Deployment(("/lib/iris.py",), (), ("/lib/iris.mpy",))
    assert imported(target) == "lib/iris.py"
    assert deploy(artifact, target) == Deployment(("/lib/iris.mpy",), (), ("/lib/iris.py",))
    assert imported(target) == "lib/iris.mpy"


@pytest.mark.parametrize("path", ["/iris.py", "/iris.mpy", "/lib/iris.py"])
@pytest.mark.parametrize("first", [False, True], ids=["fresh", "unchanged"])
def test_a_stale_file_of_ours_is_removed(target, artifact, path, first):
    """Whichever model of this name an earlier deployment, or mpremote cp, left: it would be imported in place of the new one."""
    if first:
        deploy(artifact, target)
    older = of_program(iris(1))
    target.put(path, older.files[path.rpartition("/")[2]])
    assert deploy(artifact, target).removed == (path,)
    assert files(target) == ["/lib/iris.mpy"]
    assert imported(target) == "lib/iris.mpy"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("content", [b"print('mine')", b"# iris: my notes\nN_FEATURES = 2\n", b"M\x06\x00\x1firis.py mine", b""])
@pytest.mark.parametrize("source", [False, True], ids=["mpy", "py"])
def test_a_file_of_others_is_left_alone(target, artifact, path, content, source):
    target.put(path, content)
    with pytest.raises(DeviceError, match=f"{path} on the unix port is not of edgewise and was left alone: rename it") as error:
        deploy(artifact, target, source)
    assert len(str(error.value).splitlines()) == 1
    assert files(target) == [path]
    assert target.get(path) == content


@pytest.mark.parametrize("folder", ["/iris", "/lib/iris"])
def test_a_folder_that_would_be_imported_instead(target, artifact, folder):
    target.put(f"{folder}/readme.txt", b"mine")
    try:
        with pytest.raises(DeviceError, match=f"the folder {folder} on the unix port would be imported in place of iris.mpy"):
            deploy(artifact, target)
        assert files(target) == []
    finally:
        target.remove(f"{folder}/readme.txt")
        target.exec(f"import os; os.rmdir({folder[1:]!r})")


def test_our_marks_are_in_every_form_and_found_across_pieces(target, artifact):
    assert len(artifact.files) == 2 + len(NATIVE)
    for content in artifact.files.values():
        assert all(mark in content for mark in MARKS)
    for before in range(480, 530, 7):
        target.put("/iris.py", b"x" * before + b"self_test" + b"y" * 600)
        assert target.holds("/iris.py", (b"self_test",))
        assert not target.holds("/iris.py", (b"self_test", b"N_FEATURES"))


def test_a_board_with_other_bytecode(target, artifact, monkeypatch):
    info = target.info()
    monkeypatch.setattr(target, "info", lambda: replace(info, mpy_version=5))
    says = (
        r"iris.mpy is of .mpy version 6, the unix port takes version 5: flash a MicroPython of 1.23 or later, or deploy --source"
    )
    with pytest.raises(FitError, match=says):
        deploy(artifact, target)
    assert files(target) == []
    deploy(artifact, target, source=True)
    assert files(target) == ["/lib/iris.py"]


def test_machine_code_for_another_board(target, monkeypatch):
    artifact = of_program(iris(3, "table"))
    content = bytearray(artifact.files["iris.mpy"])
    content[2] |= 4 << 2  # armv6m
    native = replace(artifact, files=artifact.files | {"iris.mpy": bytes(content)})
    info = target.info()
    with pytest.raises(FitError, match=r"iris.mpy holds armv6m code, the unix port runs x64: deploy --source"):
        deploy(native, target)
    assert files(target) == []
    monkeypatch.setattr(target, "info", lambda: replace(info, mpy_arch="armv6m"))
    assert deploy(native, target).copied == ("/lib/iris.mpy",)


def test_a_board_with_too_little_memory(target, artifact, monkeypatch):
    info = target.info()
    monkeypatch.setattr(target, "info", lambda: replace(info, heap_free=4000))
    with pytest.raises(FitError, match=r"importing iris.mpy needs about \d+ bytes of heap, and the unix port has 3000 .*--force"):
        deploy(artifact, target)
    assert files(target) == []
    assert deploy(artifact, target, force=True).copied == ("/lib/iris.mpy",)


def test_source_is_refused_where_the_board_cannot_compile_it(target, artifact, monkeypatch):
    info = target.info()
    needed = artifact.footprint.heap_import_mpy_bytes
    monkeypatch.setattr(target, "info", lambda: replace(info, heap_free=int(needed / 0.75) + 9))
    with pytest.raises(FitError, match=r"importing iris\.py needs about .*: iris\.mpy would fit, deploy without --source"):
        deploy(artifact, target, source=True)
    assert deploy(artifact, target).copied == ("/lib/iris.mpy",)


def test_a_full_board(target, artifact, monkeypatch):
    info = target.info()
    monkeypatch.setattr(target, "info", lambda: replace(info, fs_free=9000))
    with pytest.raises(
        FitError, match=r"iris.mpy takes \d+ bytes of the filesystem, and the unix port has 808 for it: remove files"
    ):
        deploy(artifact, target)
    assert files(target) == []


def test_what_is_there_already_needs_no_room(target, artifact, monkeypatch):
    deploy(artifact, target)
    info = target.info()
    monkeypatch.setattr(target, "info", lambda: replace(info, fs_free=0, heap_free=0))
    assert deploy(artifact, target).kept == ("/lib/iris.mpy",)


def test_a_copy_that_fails_removes_nothing(target, artifact, monkeypatch):
    deploy(artifact, target, source=True)

    def full(*_):
        raise DeviceError("full")

    monkeypatch.setattr(target, "put", full)
    with pytest.raises(DeviceError, match="full"):
        deploy(artifact, target)
    assert files(target) == ["/lib/iris.py"]


def test_the_verbs_deploy_to_what_starts_empty(tmp_path, unix_port):
    import edgewise

    program = iris(2)
    folder = program.save(tmp_path / "iris")
    assert edgewise.deploy(program, "unix").copied == ("/lib/iris.mpy",)
    assert edgewise.verify(program, "unix").passed
    assert edgewise.verify(folder, "unix").n_rows == 150
    assert edgewise.verify(program, "unix", IRIS.data[:9]).n_rows == 9
    assert edgewise.bench(str(folder), "unix").mpy_bytes == len(program.native["x64"])
    assert edgewise.check(folder, "RPI_PICO").fits
    with pytest.raises(edgewise.EdgewiseError, match="X_test needs a Program"):
        edgewise.verify(folder, "unix", IRIS.data)
    unix_port.soft_reset()
    with pytest.raises(DeviceError, match="deploy it first"):  # a target of one's own is left as it is
        edgewise.verify(program, unix_port)
    assert firmware.unix_micropython().exists()
