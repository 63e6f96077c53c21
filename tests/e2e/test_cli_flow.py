"""The whole way by command line, on an emulated Pico that `edgewise emulate` keeps up, and by plain mpremote."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Edgewise, sensor_csv

from edgewise import firmware
from edgewise.errors import FirmwareError
from edgewise.targets import SerialBoard

EDGEWISE = [sys.executable, "-c", "from edgewise.cli import main; main()"]


def start(*options: str) -> subprocess.Popen[str]:
    def heed_interrupts():  # a shell that runs the tests in the background ignores them, and children inherit that
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    command = [*EDGEWISE, "emulate", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts)


def interrupt(process: subprocess.Popen[str]) -> str:
    """Ctrl-C; what was on stderr."""
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)
    assert rest == ""
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert errors.endswith("stopped\n")
    return errors


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pytest.importorskip("rp2040py", reason="the emulator is not installed: pip install 'edgewise[emulator]'")
    try:
        firmware.rp2_firmware()
    except FirmwareError as error:
        pytest.skip(str(error))
    process = start("RPI_PICO")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()  # the address is all that is on stdout, and there before the board is used
        assert re.fullmatch(r"socket://127\.0\.0\.1:\d+\n", line)
        yield line.strip()
        assert "RPI_PICO runs MicroPython" in interrupt(process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def edgewise(monkeypatch, capsys) -> Edgewise:
    return Edgewise(monkeypatch, capsys)


def mpremote(address: str, *words: object, cwd: Path | None = None) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", address, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)
    assert done.returncode == 0, done
    return done.stdout


USE = "import flow; print(flow.__file__, flow.predict([20.0, 1.0]), flow.N_FEATURES, flow.self_test())"


def test_the_flow(edgewise, address, tmp_path):
    """One test: each step stands on the one before, and a second emulator would take longer than all of them."""
    board, artifact = ["--port", address], tmp_path / "flow"
    assert mpremote(address, "exec", "print(1)") == "1\n"

    edgewise.ok("train", sensor_csv(tmp_path), "--target", "y", "--group", "person", "-o", artifact)
    edgewise.ok("transpile", artifact)
    edgewise.ok("check", artifact, "--board", "RPI_PICO")
    error = edgewise("verify", artifact, *board).error
    assert error.endswith("ImportError: no module named 'flow'; deploy it first")
    assert edgewise.ok("deploy", artifact, *board, "--json").json == {"copied": ["/lib/flow.mpy"], "kept": [], "removed": []}
    proof = edgewise.ok("verify", artifact, *board, "--json").json
    assert (proof["passed"], proof["n_equal"], proof["n_unexplained"]) == (True, proof["n_rows"], 0)
    measured = edgewise.ok("bench", artifact, *board, "--json").json
    predicted = json.loads((artifact / "manifest.json").read_bytes())["footprint"]["heap_held_bytes"]
    assert abs(predicted - measured["heap_held_bytes"]) <= 0.15 * measured["heap_held_bytes"]

    # unchanged: nothing is copied; changed: it is
    assert edgewise.ok("deploy", artifact, *board, "--json").json == {"copied": [], "kept": ["/lib/flow.mpy"], "removed": []}
    rows = sensor_csv(tmp_path, "more.csv", 90, ("up", "down"))
    edgewise.ok("train", rows, "--target", "y", "--drop", "person", "-o", artifact)
    edgewise.ok("transpile", artifact)
    assert edgewise.ok("deploy", artifact, *board, "--json").json["copied"] == ["/lib/flow.mpy"]
    assert "note" not in edgewise.ok("deploy", artifact, *board).stdout  # this board stays
    shown = edgewise.ok("verify", artifact, *board, "--rows", 5).stdout
    assert re.search(r"equal +│ 5 ", shown)

    # what is imported in place of the new module: ours goes, that of others stays
    mpremote(address, "fs", "cp", artifact / "flow.py", ":")
    mpremote(address, "fs", "cp", artifact / "flow.py", ":lib/flow.py")
    removed = edgewise.ok("deploy", artifact, *board, "--json").json["removed"]
    assert sorted(removed) == ["/flow.py", "/lib/flow.py"]
    (tmp_path / "theirs.py").write_text("print('mine')\n")
    mpremote(address, "fs", "cp", tmp_path / "theirs.py", ":flow.py")
    assert "/flow.py on " in edgewise("deploy", artifact, *board).error
    assert mpremote(address, "fs", "cat", ":flow.py") == "print('mine')\n"
    mpremote(address, "fs", "rm", ":flow.py")

    # the source, changed by hand: verify finds it and says where
    assert edgewise.ok("deploy", artifact, *board, "--source", "--json").json["removed"] == ["/lib/flow.mpy"]
    source = (artifact / "flow.py").read_text()
    swapped = source.replace("CLASSES = ('down', 'up',)", "CLASSES = ('up', 'down')")
    assert swapped != source
    with SerialBoard(address) as serial:
        serial.put("/lib/flow.py", swapped.encode())
    outcome = edgewise("verify", artifact, *board, "--json")
    assert re.search(
        r"error: \d+ of \d+ rows differ; row \d+ \[[^]]+\]: the board says '\w+', scikit-learn '\w+'$", outcome.error
    )
    assert outcome.json["passed"] is False
    assert outcome.json["n_rows"] == outcome.json["n_equal"] + outcome.json["n_explained"] + outcome.json["n_unexplained"]
    # and deploying again mends it
    assert edgewise.ok("deploy", artifact, *board, "--json").json == {
        "copied": ["/lib/flow.mpy"],
        "kept": [],
        "removed": ["/lib/flow.py"],
    }
    edgewise.ok("verify", artifact, *board)


def test_plain_tools(edgewise, address, tmp_path):
    """Nothing of Edgewise on the way to the board: mpremote copies or installs, and Python there imports."""
    artifact = tmp_path / "flow"
    edgewise.ok("train", sensor_csv(tmp_path), "--target", "y", "--drop", "person", "-o", artifact)
    edgewise.ok("transpile", artifact)
    with SerialBoard(address) as serial:
        for path in ("/lib/flow.mpy", "/lib/flow.py"):
            if serial.exists(path):
                serial.remove(path)
    mpremote(address, "fs", "cp", "flow.mpy", ":", cwd=artifact)
    assert re.fullmatch(r"flow\.mpy \w+ 2 3\n", mpremote(address, "exec", USE).replace("\r", ""))
    mpremote(address, "fs", "rm", ":flow.mpy")
    for cwd, package in ((artifact, "package.json"), (tmp_path, "flow/package.json")):
        mpremote(address, "mip", "install", package, cwd=cwd)
        assert re.fullmatch(r"/?lib/flow\.mpy \w+ 2 3\n", mpremote(address, "exec", USE).replace("\r", ""))
    # mip installs the form for every board; deploy puts that for this one, with machine code, in its place
    assert edgewise.ok("deploy", artifact, "--port", address, "--json").json["copied"] == ["/lib/flow.mpy"]
    assert re.fullmatch(r"/?lib/flow\.mpy \w+ 2 3\n", mpremote(address, "exec", USE).replace("\r", ""))


def test_a_json_address_and_a_port_that_is_taken(edgewise, address):
    process = start("--json")
    try:
        assert process.stdout is not None
        other = json.loads(process.stdout.readline())["address"]
        assert other != address
        with SerialBoard(other, (1.0, 2.0, 4.0, 8.0)) as board:
            assert board.eval("1 + 1") == 2
        interrupt(process)
    finally:
        process.kill()
        process.communicate()
