"""The README's own commands, run as they stand but for the port: one emulated Pico takes the place of the board."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial import serial_for_url

from edgewise import firmware, recordings
from edgewise.datasets import shipped
from edgewise.errors import FirmwareError
from edgewise.targets import SerialBoard
from edgewise.targets.emulated_pico import pico_emulator

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)
BIN = Path(sys.executable).parent


def block(language: str, beginning: str) -> str:
    found = [text for kind, text in BLOCKS if kind == language and beginning in text]
    assert len(found) == 1, f"README has {len(found)} blocks of {language or 'no language'} with {beginning!r}"
    return found[0]


def commands(text: str) -> list[list[str]]:
    return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pytest.importorskip("rp2040py", reason="the emulator is not installed: pip install 'edgewise[emulator]'")
    try:
        image = firmware.rp2_firmware().path
    except FirmwareError as error:
        pytest.skip(str(error))
    emulator = pico_emulator(image, [f"mpu6050={shipped('shoulder_recordings') / 'PEN_05.npz'}"], fast=True)
    yield emulator.address
    emulator.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


def run(words: list[str], folder: Path) -> str:
    done = subprocess.run([str(BIN / words[0]), *words[1:]], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_first_two_commands_are_make_targets():
    words = commands(block("sh", "make demo"))
    assert words == [["make", "demo"], ["make", "test"]]
    targets = (ROOT / "Makefile").read_text("utf-8")
    assert all(re.search(rf"^{target}:", targets, flags=re.MULTILINE) for _, target in words)
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_from_data_to_board_with_plain_tools_and_repl(address: str, folder: Path):
    for words in commands(block("sh", "edgewise verify")):
        words = [address if word == "auto" else word for word in words]
        if words[1] == "verify":
            words += ["--rows", "30"]
        run(words, folder)
    for words in commands(block("sh", "mpremote cp")):
        if words[1:] != ["repl"]:
            run(["mpremote", "connect", address, *words[1:]], folder)
    transcript = re.findall(r"^>>> (.*)\n((?:(?!>>> ).+\n)*)", block("", ">>> import"), flags=re.MULTILINE)
    assert len(transcript) > 4
    with SerialBoard(address) as board:
        for statement, printed in transcript:
            # what the REPL does with a line
            source = f"_r = ({statement})\nif _r is not None: print(repr(_r))" if printed else statement
            assert board.exec(source).strip() == printed.strip(), statement


def test_from_a_sensor_to_a_label(address: str, folder: Path):
    said = {}
    for words in commands(block("sh", "edgewise record")):
        said[words[1]] = run([address if word == "auto" else word for word in words], folder)
    assert "mpu6050" in said["sensors"]
    made = [recordings.load(folder / "recordings" / name) for name in ("ABD_01.npz", "ABD_02.npz")]
    assert [(len(r), r.meta.missed, r.meta.lost_frames, r.short) for r in made] == [(500, 0, 0, False)] * 2
    assert "/main.py" in said["deploy"]
    labels = re.findall(r"^ *[\d.]+ s  (\w+)  [01]\.\d\d$", said["monitor"], flags=re.MULTILINE)
    assert len(labels) > 3
    assert labels.count("PEN") > len(labels) / 2  # what the sensor plays, of a person the model may know
    assert "<html" in (folder / "build" / "motion" / "report.html").read_text("utf-8")[:200]
    # monitor has let it go: the board goes on by itself, for whoever opens its port
    with serial_for_url(address, timeout=30) as port:
        line = port.read_until(b"\r\n")
        line = port.read_until(b"\r\n")
    assert re.fullmatch(rb"\w+ [01]\.\d\d\r\n", line), line


def test_python_verbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("rp2040py", reason="the emulator is not installed: pip install 'edgewise[emulator]'")
    monkeypatch.chdir(tmp_path)
    exec(block("python", "edgewise.transpile"), {})
    printed = capsys.readouterr().out
    assert "def predict(x)" in printed
    assert "n_equal=75" in printed
