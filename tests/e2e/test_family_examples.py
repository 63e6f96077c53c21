"""The blocks of docs/families.md, pasted."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "families.md").read_text("utf-8")
SECTIONS = {
    title: re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    for title, text in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.DOTALL | re.MULTILINE)
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("title", SECTIONS)
def test_example(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    (block,) = SECTIONS[title]
    monkeypatch.chdir(tmp_path)
    exec(compile(block, title, "exec"), {})
    printed = capsys.readouterr().out
    verifications = re.findall(r"n_rows=(\d+).*?n_unexplained=(\d+)", printed)
    assert verifications, printed
    assert all(int(rows) and not int(unexplained) for rows, unexplained in verifications), printed
