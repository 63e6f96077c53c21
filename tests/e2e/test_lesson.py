"""docs/teach.md as a student pastes it: block after block in one session, on the unix port in place of the emulated Pico."""

import contextlib
import io
import re
from pathlib import Path

import pytest

LESSON = (Path(__file__).resolve().parents[2] / "docs" / "teach.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", LESSON, flags=re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.usefixtures("unix_port")
def test_each_block_prints_what_stands_below_it(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("agg")
    monkeypatch.chdir(tmp_path)
    session: dict = {}
    printed = None
    shown = 0
    for language, text in BLOCKS:
        if language == "python":
            assert printed in (None, ""), f"the lesson does not show {printed!r}"
            with contextlib.redirect_stdout(io.StringIO()) as stdout:
                exec(text.replace('"emulator"', '"unix"'), session)
            printed = stdout.getvalue()
        else:
            assert NUMBER.sub("#", printed) == NUMBER.sub("#", text)
            told, found = (list(map(float, NUMBER.findall(lines))) for lines in (text, printed))
            assert found == pytest.approx(told, rel=0.05, abs=0.011)  # the last digits are the processor's
            shown, printed = shown + 1, None
    assert shown == 10
    assert (tmp_path / "error.png").stat().st_size > 1000
    assert session["proof"].n_rows == 540
