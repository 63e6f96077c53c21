"""Runs the command line inside the test's own process, and tells what it left."""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgewise import cli


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What --json printed: stdout is that and nothing else."""
        return json.loads(self.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))

    @property
    def error(self) -> str:
        """The one line of a refusal."""
        assert self.code == 1, self
        assert self.stderr.endswith("\n"), self
        lines = self.stderr.splitlines()
        assert lines[-1].startswith("error: "), self
        assert not any("Traceback" in line or line.startswith("error: ") for line in lines[:-1]), self
        return lines[-1]


class Edgewise:
    """`edgewise("check", folder, "--board", "RPI_PICO")`; numbers and paths become text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Outcome:
        self._monkeypatch.setattr(sys, "argv", ["edgewise", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = self._capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    def ok(self, *arguments: object) -> Outcome:
        outcome = self(*arguments)
        assert outcome.code == 0, outcome
        return outcome


def snapshot(folder: Path) -> dict[str, str]:
    """Every file and folder below, with the sha256 of the files: equal before and after means that nothing was written."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def sensor_csv(folder: Path, name: str = "rows.csv", n: int = 60, labels: tuple[str, ...] = ("up", "down", "flat")) -> Path:
    """n rows of two readings, a person and a label that the first reading tells; no random numbers."""
    rows = ["a,b,person,y"]
    for i in range(n):
        a, b = (i * 37 % 100) / 4, (i * 61 % 50) / 8
        rows.append(f"{a},{b},p{i % 5},{labels[int(a) * len(labels) // 25]}")
    path = folder / name
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
