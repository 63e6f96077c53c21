"""What the command line shows: tables for people, strict JSON for scripts, and text that cannot disturb a terminal."""

import json
import math
from dataclasses import asdict
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

BARS = "▁▂▃▄▅▆▇█"


def table(title: str, content: dict[str, Any] | list[dict[str, Any]]) -> Table:
    """A dict as a table of two columns, without the empty ones, or a list of dicts (of the same keys) as one with a header.

    Nothing is cut off.
    """
    listed = isinstance(content, list)
    shown = Table(title=Text(title), title_justify="left", show_header=listed, box=box.SIMPLE_HEAD if listed else box.SQUARE)
    if listed:
        shown.padding = (0, 1, 0, 0)  # eight columns in 80 letters
    for key in content[0] if isinstance(content, list) else ("", ""):
        shown.add_column(key, overflow="fold")
    for row in [list(row.values()) for row in content] if isinstance(content, list) else content.items():
        cells = [text(value) for value in row]
        if listed or cells[1]:
            shown.add_row(*map(Text, cells))  # Text: a label such as [bold] is no markup
    return shown


def labeled(result: Any) -> dict[str, Any]:
    """A dataclass with its field names as words."""
    return {name.removeprefix("n_").replace("_", " "): value for name, value in asdict(result).items()}


def text(value: Any) -> str:
    """A cell; each item of a list is a line of its own."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "\n".join(map(text, value))
    return "" if value is None else printable(f"{value:.6g}" if isinstance(value, float) else str(value))


def printable(line: str) -> str:
    """Newlines, terminal codes and the like, which labels and names may hold, as Python would escape them."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def sparkline(values: list[float], width: int = 20) -> str:
    """A curve in `width` letters at most, each the mean of as many values, from 0 to the largest of them."""
    n = min(width, len(values))
    parts = [values[i * len(values) // n : (i + 1) * len(values) // n] for i in range(n)]
    means = [sum(part) / len(part) for part in parts]
    top = max(means, default=0.0)
    return "".join(BARS[round(mean / top * (len(BARS) - 1)) if 0 < mean < math.inf else 0] for mean in means)


def strict_json(content: Any) -> str:
    """One line; null for NaN and infinity, for which JSON has no word."""
    return json.dumps(_strict(content), allow_nan=False)


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
