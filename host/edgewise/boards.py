"""What a board can hold: boards/ID/board.json, or a user's own file of that form -> Board."""

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.errors import BoardError

FLOAT_BITS = {"single": 32, "double": 64}
NUMBERS = ("clock_hz", "heap_free_bytes", "fs_bytes")  # each {"value", "basis", "source"}
TEXTS = ("id", "name", "vendor", "url", "mcu", "micropython", "mpy_arch", "float")
KEYS = (*TEXTS, "emitters", "emulated", *NUMBERS)
OPTIONAL = ("vendor", "url", "micropython")  # of a user's own file; board.schema.json asks more of the shipped ones

# What `mpy-cross -march` takes, and the decorators of the `micropython` module
MPY_ARCHS = (
    *("x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)
EMITTERS = ("native", "viper", "asm_thumb", "asm_xtensa", "asm_rv32")


@dataclass(frozen=True)
class Board:
    """One board's limits; where each number comes from stands beside it in board.json.

    `heap_free_bytes` is gc.mem_free() after boot and gc.collect(), the least over firmware releases that is known;
    `fs_bytes` the empty filesystem; `clock_hz` machine.freq() after boot. Raises BoardError on impossible values.
    """

    id: str
    name: str
    mcu: str
    mpy_arch: str  # of EMITTERS' machine code in a .mpy
    float_bits: int  # 32 or 64
    clock_hz: int
    heap_free_bytes: int
    fs_bytes: int
    emitters: tuple[str, ...]  # empty: bytecode only
    emulated: bool  # rp2040py runs it

    def __post_init__(self) -> None:
        for key in ("id", "name", "mcu"):
            value = getattr(self, key)
            _require(isinstance(value, str) and value.isprintable() and value != "", key, value, "one line of text")
        _require(self.mpy_arch in MPY_ARCHS, "mpy_arch", self.mpy_arch, f"one of {', '.join(MPY_ARCHS)}")
        _require(self.float_bits in FLOAT_BITS.values(), "float_bits", self.float_bits, "32 or 64")
        for key in NUMBERS:
            value = getattr(self, key)
            _require(type(value) is int and value > 0, key, value, "a whole number above 0")
        known_emitters = isinstance(self.emitters, tuple) and all(e in EMITTERS for e in self.emitters)
        _require(known_emitters, "emitters", self.emitters, f"a list of any of {', '.join(EMITTERS)}")
        _require(type(self.emulated) is bool, "emulated", self.emulated, "true or false")

    @classmethod
    def load(cls, board: str) -> "Board":
        """The board of this id, or of this path when it ends with .json. Raises BoardError."""
        if board.endswith(".json"):
            return _read(Path(board))
        folder = _folder()
        ids = _ids(folder)
        if board not in ids:
            near = difflib.get_close_matches(board.upper(), ids, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise BoardError(f"no board {board!r}: {hint}known are {', '.join(ids)}, or the path of a board.json")
        return _read(folder / board / "board.json")


def known() -> list[Board]:
    """The boards that come with Edgewise, by id."""
    return [Board.load(board) for board in _ids(_folder())]


def _folder() -> Path:
    """`edgewise/_boards` in an installed wheel, `boards` beside an editable checkout's `host`."""
    here = Path(__file__).resolve().parent
    return next((p for p in (here / "_boards", here.parents[1] / "boards") if p.is_dir()), here / "_boards")


def _ids(folder: Path) -> list[str]:
    ids = sorted(path.parent.name for path in folder.glob("*/board.json"))
    if not ids:
        raise BoardError(f"no boards in {str(folder)!r}: install edgewise again")
    return ids


def _read(path: Path) -> Board:
    try:
        return _board(json.loads(path.read_bytes()))
    except OSError as error:
        raise BoardError(f"board file {str(path)!r}: {error.strerror}; give the path of a board.json") from None
    except (ValueError, RecursionError) as error:  # not JSON, or not Unicode
        raise BoardError(f"board file {str(path)!r} is not JSON: {error}; start from a copy of a known one") from None
    except BoardError as error:
        raise BoardError(f"board file {str(path)!r}: {error}") from None


def _board(facts: Any) -> Board:
    _require(isinstance(facts, dict), "the file", facts, "a JSON object")
    unknown = [key for key in facts if key not in KEYS]
    missing = [key for key in KEYS if key not in facts and key not in OPTIONAL]
    _require(not unknown, "the keys", unknown, f"none but {', '.join(KEYS)}")
    _require(not missing, "the keys", missing, "there: they are missing")
    _require(facts["float"] in tuple(FLOAT_BITS), "float", facts["float"], f"one of {', '.join(FLOAT_BITS)}")
    _require(isinstance(facts["emitters"], list), "emitters", facts["emitters"], "a list")
    fields = {key: facts[key] for key in ("id", "name", "mcu", "mpy_arch", "emulated")}
    for key in NUMBERS:
        sourced = isinstance(facts[key], dict) and facts[key].get("source") and "value" in facts[key]
        _require(sourced, key, facts[key], '{"value": ..., "source": "where it comes from"}')
        fields[key] = facts[key]["value"]
    return Board(**fields, float_bits=FLOAT_BITS[facts["float"]], emitters=tuple(facts["emitters"]))


def _require(holds: object, key: str, value: object, wanted: str) -> None:
    if not holds:
        raise BoardError(f"{key} is {value!r:.80}, and must be {wanted}")
