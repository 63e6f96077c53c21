"""The same contract on every target, and one line of PortError for everything that can be wrong with a port."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import TARGETS

from edgewise import firmware
from edgewise.errors import DeviceError, FirmwareError, PortError
from edgewise.targets import EmulatedPico, QemuBoard, SerialBoard, Target, UnixPort, connect, qemu
from edgewise.targets.emulated_pico import pico_emulator
from edgewise.targets.serial import _pieces

AWKWARD = {
    "empty": b"",
    "all_values": bytes(range(256)),
    "interrupts": b"\x03" * 300,
    "escapes": b"\xdb\xdc\xdb\xdd\xdb" * 100,
    "long": bytes(range(250)) * 20,
}


@pytest.fixture(params=["unix_port", "cortex_m3", "riscv", "emulated_pico"])
def target(request: pytest.FixtureRequest) -> Target:
    port = request.getfixturevalue(request.param)
    port.soft_reset()
    return port


def test_names_persist_until_a_soft_reset(target: Target):
    target.exec("x = 20")
    target.exec("x += 1")
    assert target.eval("x * 2") == 42
    target.soft_reset()
    with pytest.raises(DeviceError, match="NameError"):
        target.eval("x")


def test_exec_returns_what_was_printed(target: Target):
    lines: list[bytes] = []
    output = target.exec("for i in range(2):\n print(i, 'µ\"')\nprint('end', end='')", on_output=lines.append)
    assert output == '0 µ"\n1 µ"\nend'
    assert [line.decode().rstrip() for line in lines] == ['0 µ"', '1 µ"', "end"]


def test_errors_carry_the_last_line_and_the_traceback(target: Target):
    with pytest.raises(DeviceError) as caught:
        target.exec("def f():\n    raise ValueError('7 is too many')\nf()")
    assert str(caught.value) == "ValueError: 7 is too many"
    assert "line 2, in f" in caught.value.traceback
    assert target.eval("1 + 1") == 2  # the connection is in step


def test_eval_of_an_object_is_an_error(target: Target):
    with pytest.raises(DeviceError, match="not plain data: <object>"):
        target.eval("object()")


@pytest.mark.parametrize("interrupted", ["unix_port", "emulated_pico"])
def test_a_program_that_takes_too_long_is_stopped(interrupted: str, request: pytest.FixtureRequest):
    target = request.getfixturevalue(interrupted)
    with pytest.raises(DeviceError, match="took too long"):
        target.exec("while True: pass", timeout_s=0.5)
    assert target.exec("print('on')") == "on\n"


def test_an_error_in_on_output_leaves_the_connection_in_step(target: Target):
    def fail(_line: bytes):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        target.exec("for i in range(100): print(i)", on_output=fail)
    assert target.eval("3") == 3


def test_sys_exit_leaves_the_target_usable(target: Target):
    try:
        target.exec("import sys\nsys.exit(3)")
    except DeviceError as error:
        assert "SystemExit" in str(error)  # noqa: PT017 - a board resets itself and says nothing
    assert target.eval("2") == 2


@pytest.mark.parametrize("name", AWKWARD)
def test_files_come_back_as_they_went(target: Target, name: str):
    content = AWKWARD[name]
    path = f"folder/{name}/file.bin"
    progress: list[tuple[int, int]] = []
    assert not target.exists(path)
    assert target.hashes([path]) == {path: None}
    target.put(path, b"older and longer" * 9)
    target.put(path, content, lambda done, total: progress.append((done, total)))
    assert target.get(path) == content
    assert target.exists(path)
    assert target.hashes([path, "none"]) == {path: hashlib.sha256(content).hexdigest(), "none": None}
    assert not target.exists(path + ".part")
    assert progress == sorted(progress)
    assert not content or progress[-1] == (len(content), len(content))
    target.remove(path)
    assert not target.exists(path)


def test_absolute_paths_start_at_the_filesystem(target: Target):
    target.put("/absolute.txt", b"1")
    assert target.get("absolute.txt") == b"1"
    target.remove("/absolute.txt")


def test_a_module_that_was_put_can_be_imported(target: Target):
    target.put("lib/edgewise_put_test.py", b"ANSWER = 42\n")
    assert target.eval("__import__('edgewise_put_test').ANSWER") == 42
    target.remove("lib/edgewise_put_test.py")


def test_file_names_are_data(target: Target):
    path = "it's {odd} %s µ.txt" if isinstance(target, QemuBoard) else 'it\'s "odd"\\ µ.txt'  # FAT has no quotes
    target.put(path, b"x")
    assert target.hashes([path])[path] == hashlib.sha256(b"x").hexdigest()
    target.remove(path)


@pytest.mark.parametrize("action", ["get", "remove"])
def test_a_missing_file_is_named(target: Target, action: str):
    with pytest.raises(DeviceError, match=r"nowhere.py on .*ENOENT"):
        getattr(target, action)("nowhere.py")


def test_helpers_leave_no_names(target: Target):
    before = target.eval("sorted(dir())")
    target.put("names.bin", b"12")
    target.get("names.bin")
    target.hashes(["names.bin"])
    target.info()
    target.remove("names.bin")
    assert target.eval("sorted(dir())") == before


def test_info_of_the_unix_port(unix_port: UnixPort):
    info = unix_port.info()
    assert info.float_bits == 64
    assert (info.mpy_version, info.mpy_sub) == (6, 3)
    assert 300_000 < info.heap_free < 2 * 192 * 1024


@pytest.mark.parametrize(("port", "arch"), [("cortex_m3", "armv7em"), ("riscv", "rv32imc")])
def test_info_of_the_boards_of_qemu(port: str, arch: str, request: pytest.FixtureRequest):
    target = request.getfixturevalue(port)
    target.soft_reset()
    info = target.info()
    assert (info.mpy_version, info.mpy_sub, info.mpy_arch, info.float_bits) == (6, 3, arch, 32)
    assert 180_000 < info.heap_free < 190 * 1024
    assert info.fs_free is not None
    assert info.fs_free > 3 * 1024 * 1024


def test_info_of_the_emulated_pico(emulated_pico: EmulatedPico):
    emulated_pico.soft_reset()
    info = emulated_pico.info()
    assert "RP2040" in info.machine
    assert (info.mpy_version, info.mpy_sub, info.mpy_arch, info.float_bits) == (6, 3, "armv6m", 32)
    assert 220_000 < info.heap_free < 264 * 1024
    assert info.fs_free is not None
    assert 1_000_000 < info.fs_free < 2 * 1024 * 1024


RAM_DISK = """
import os
class RAM:
    def __init__(self): self.data = bytearray(16 * 512)
    def readblocks(self, n, buf, off=0): buf[:] = self.data[n * 512 + off : n * 512 + off + len(buf)]
    def writeblocks(self, n, buf, off=0): self.data[n * 512 + off : n * 512 + off + len(buf)] = buf
    def ioctl(self, op, arg): return {4: 16, 5: 512, 6: 0}.get(op)
disk = RAM()
os.VfsLfs2.mkfs(disk)
os.mount(disk, "/ram")
"""


@pytest.mark.parametrize("over", [0, 100_000], ids=["while_writing", "before_writing"])
def test_a_full_filesystem(emulated_pico: EmulatedPico, over: int):
    emulated_pico.soft_reset()
    emulated_pico.exec(RAM_DISK)
    emulated_pico.put("/ram/model.bin", b"old")
    # littlefs keeps blocks for itself, so a file of all that it calls free fails only while it is written
    size = emulated_pico.eval("os.statvfs('/ram')[0] * os.statvfs('/ram')[3]") + over
    with pytest.raises(DeviceError, match=rf"/ram/model.bin needs {size} bytes but \d+ are free on .*smaller"):
        emulated_pico.put("/ram/model.bin", os.urandom(size))
    assert emulated_pico.eval("os.listdir('/ram')") == ["model.bin"]
    assert emulated_pico.get("/ram/model.bin") == b"old"


def test_a_full_filesystem_under_the_unix_port(unix_port: UnixPort, monkeypatch: pytest.MonkeyPatch):
    def no_space(_path: Path, _content: bytes):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(DeviceError, match=r"full\.bin needs 3 bytes but \d+ are free on the unix port"):
        unix_port.put("full.bin", b"123")


def test_the_unix_port_keeps_to_its_folder(unix_port: UnixPort):
    with pytest.raises(DeviceError, match="leads out"):
        unix_port.put("../escaped", b"")


def test_the_unix_port_survives_a_program_that_kills_it(unix_port: UnixPort):
    with pytest.raises(DeviceError, match="ended the unix port"):
        unix_port.exec("import os\nos.system('kill -9 $PPID')")
    assert unix_port.eval("1") == 1


@pytest.mark.parametrize("program", ["true", "cat", sys.executable, "/nonexistent/micropython"])
def test_what_is_no_unix_port(program: str):
    with pytest.raises(PortError, match="is no MicroPython"):
        UnixPort(Path(program))


def test_pieces_split_no_escape_and_lose_nothing():
    size = SerialBoard.piece
    for length in (*range(size - 3, size + 4), 3 * size):
        for content in (b"\xdb" * length, b"a" + b"\xdb" * length, b"\x03" * length, b"a" * length):
            pieces = list(_pieces(content, size))
            assert all(0 < len(piece) <= size for piece in pieces)
            decoded = [piece.replace(b"\xdb\xdc", b"\x03").replace(b"\xdb\xdd", b"\xdb") for piece in pieces]
            assert b"".join(decoded) == content
            assert not any(b"\x03" in piece for piece in pieces)


# Ports with something wrong


def one_line(error: pytest.ExceptionInfo[PortError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("port", "remedy"),
    [
        ("/dev/ttyNOPE", "no such port"),
        ("socket://127.0.0.1:1", "edgewise emulate RPI_PICO"),
        ("socket://127.0.0.1", "needs a host and a port number; edgewise emulate prints"),
        ("socket://localhost:", "needs a host and a port number"),
        ("socket://localhost:one", "needs a host and a port number"),
        ("socket://:5000", "needs a host and a port number"),
        ("emulatr", r"did you mean emulator\?"),
        ("Unix", r"did you mean unix\?"),
        ("cortex-m", r"did you mean cortex-m3\?"),
        ("Auto", r"did you mean auto\?"),
        ("RPI_PICO", "RPI_PICO is a board; --port takes auto, emulator, unix, cortex-m3, riscv, a device such as"),
        ("rpi_pico2", "is a board"),
        *((f"COM{n}", "no such port; (no board|there) is") for n in (3, 13, 33)),
        ("nonsense://1", "no port has such a name"),
        ("/dev/null", "cannot be opened"),
    ],
)
def test_absent_ports(port: str, remedy: str):
    with pytest.raises(PortError, match=remedy) as error:
        connect(port)
    assert one_line(error).startswith(port)


@pytest.mark.usefixtures("emulated_pico")  # skips without the emulator
def test_an_emulated_pico_of_the_command_is_named_as_such():
    with connect("emulator") as board, pytest.raises(DeviceError, match=r"^remove nowhere on the emulated Pico: "):
        board.remove("nowhere")


def test_auto_without_a_board(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [])
    with pytest.raises(PortError, match="auto: no USB serial port"):
        connect("auto")


@pytest.mark.parametrize(("errno", "remedy"), [(13, "usermod"), (11, "another program"), (16, "another program")])
def test_ports_that_the_system_refuses(monkeypatch: pytest.MonkeyPatch, errno: int, remedy: str):
    def refuse(*_arguments, **_options):
        raise OSError(errno, "refused")

    monkeypatch.setattr("serial.serial_for_url", refuse)
    with pytest.raises(PortError, match=rf"/dev/ttyACM0: .*{remedy}"):
        SerialBoard("/dev/ttyACM0")


@pytest.fixture
def impostor() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize(
    ("words", "times", "heard"),
    [(b"", 0, "answered nothing"), (b"login: ", 1, "login: "), (b"21.5 C\r\n" * 999, 10**9, "21.5 C")],
    ids=["silent", "greeting", "endless"],
)
def test_something_else_behind_the_port(impostor: socket.socket, words: bytes, times: int, heard: str):
    def talk():
        connection, _ = impostor.accept()
        with connection:
            try:
                connection.recv(1)  # opening the port discards what came before
                for _ in range(times):
                    connection.sendall(words)
                while connection.recv(100):
                    pass
            except OSError:  # the other side closed while this one talked
                pass

    threading.Thread(target=talk, daemon=True).start()
    with pytest.raises(PortError, match=heard) as error:
        SerialBoard(f"socket://127.0.0.1:{impostor.getsockname()[1]}", patience_s=(0.3, 0.3))
    assert "no MicroPython is there" in one_line(error)


def test_a_busy_port(emulated_pico: EmulatedPico):
    with pytest.raises(PortError, match="another program has it"):
        SerialBoard(emulated_pico.address)
    assert emulated_pico.eval("1") == 1  # the first connection is untouched


@pytest.mark.parametrize("port", ["cortex_m3", "riscv"])
@pytest.mark.parametrize(
    ("program", "fate"),
    [
        ("print('the last word')\nwhile True: pass", r"it still runs; .*the last word"),
        ("import machine\nmachine.reset()", r"it ended with exit status 0;"),
    ],
    ids=["hangs", "ends"],
)
def test_an_emulated_board_that_goes_silent_is_reported_with_its_last_words(
    port: str, program: str, fate: str, request: pytest.FixtureRequest
):
    target = request.getfixturevalue(port)
    with pytest.raises(PortError, match=f"is lost: {fate}") as error:
        target.exec(program, timeout_s=1)
    one_line(error)
    assert request.getfixturevalue("running")(TARGETS[port]).eval("1") == 1  # the next test gets another one


def test_a_board_of_qemu_sleeps_between_two_calls(cortex_m3: Target):
    cortex_m3.exec("1")
    children = Path(f"/proc/{cortex_m3._emulator._process.pid}/task").glob("*/children")  # type: ignore[attr-defined]
    (qemu,) = "".join(path.read_text() for path in children).split()
    for _ in range(100):
        if (Path("/proc") / qemu / "stat").read_text().split(")")[1].split()[0] == "T":
            return
        time.sleep(0.05)
    pytest.fail("it goes on")


@pytest.mark.parametrize("port", ["cortex_m3", "riscv"])
def test_programs_of_any_length_reach_the_boards_of_qemu(port: str, request: pytest.FixtureRequest):
    """Short ones by the serial line, long ones by memory; what is mailed beside them stays apart."""
    target = request.getfixturevalue(port)
    for length in (1, qemu.LINE - 1, qemu.LINE, qemu.LINE + 1, 5000):
        text = "é" * length
        assert target.eval(f"(len({text!r}), {text!r}[-1])") == (length, "é")
    data = bytes(range(256)) * 40
    target.put("/mailed.bin", data)
    assert target.get("/mailed.bin") == data
    target.remove("/mailed.bin")
    with pytest.raises(DeviceError, match=r"1048577 bytes at once are more than .* \(1048576\); send them in pieces") as error:
        target.exec("#" * (qemu.LARGEST + 1))
    one_line(error)
    assert target.eval("1 + 1") == 2


@pytest.mark.usefixtures("cortex_m3")  # skips without QEMU
def test_a_board_of_qemu_in_an_odd_folder_and_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    odd = tmp_path / "a, b=c"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    with connect("cortex-m3") as target:
        assert target.eval("sum(range(5))" + " " * qemu.LINE) == 10
        assert list(odd.iterdir()) == []

    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(PortError, match=r"the emulated Cortex-M3 needs 16 MB in .*No space left") as error:
        connect("cortex-m3")
    one_line(error)


def test_an_emulator_that_dies_midway(emulated_pico: EmulatedPico):
    with EmulatedPico(firmware.rp2_firmware().path) as second:  # beside the first one
        assert second.address != emulated_pico.address
        threading.Timer(0.5, second._emulator._process.kill).start()
        with pytest.raises(PortError, match="is lost: it ended with exit status -9; its last output was") as error:
            second.exec("while True: pass")
        one_line(error)
        with pytest.raises(PortError, match="is lost"):
            second.put("x", b"1")


@pytest.mark.usefixtures("emulated_pico")  # skips without the emulator
def test_a_firmware_that_is_none(tmp_path: Path):
    image = tmp_path / "firmware.uf2"
    image.write_bytes(b"no" * 256)
    with pytest.raises(PortError, match=r"did not start: it ended with exit status 1; .*Invalid UF2"):
        pico_emulator(image)


def test_no_emulator_installed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(FirmwareError, match=r"pip install 'edgewise\[emulator\]'"):
        pico_emulator(Path("firmware.uf2"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for the process in /proc")
@pytest.mark.usefixtures("emulated_pico")
def test_the_emulator_dies_with_its_parent():
    program = (
        "import sys, time, pathlib; from edgewise.targets.emulated_pico import pico_emulator;"
        "print(pico_emulator(pathlib.Path(sys.argv[1]))._process.pid, flush=True); time.sleep(100)"
    )
    image = str(firmware.rp2_firmware().path)
    with subprocess.Popen([sys.executable, "-c", program, image], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        status = Path("/proc") / parent.stdout.readline().strip() / "stat"
        assert status.exists()
        parent.kill()
    for _ in range(200):
        if not status.exists() or status.read_text().split(")")[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the emulator outlived its parent")
