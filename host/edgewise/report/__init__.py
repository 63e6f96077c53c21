"""report: one page that tells what a model is worth, where it errs and what it takes on a board. Offline: it loads nothing."""

from collections.abc import Callable
from pathlib import Path

from edgewise.artifact import write_all
from edgewise.errors import ModelFileError
from edgewise.report import board, inside, worth
from edgewise.report.markup import Html, page
from edgewise.report.model import Model, load
from edgewise.training import PAGE, is_page

TEMPLATE = Path(__file__).resolve().parent / "page.html"
BENCH = "bench.json"
# (id, heading, what makes the content: empty, and the section is left out)
SECTIONS: tuple[tuple[str, str, Callable[[Model], Html]], ...] = (
    ("summary", "Summary", worth.summary),
    ("warnings", "Warnings", worth.doubts),
    ("scores", "What the score is worth", worth.scores),
    ("mistakes", "Where it errs", worth.mistakes),
    ("curve", "Learning curve", worth.curve),
    ("loss", "How the network learned", worth.loss),
    ("importance", "Feature importance", inside.importance),
    ("tree", "The tree", inside.tree),
    ("errors", "How some errors came about", inside.errors),
    ("memory", "On a board", board.memory),
    ("reproduce", "To reproduce", board.reproduce),
)


def write(folder: str | Path, output: str | Path | None = None, bench: str | Path | None = None) -> Path:
    """Writes the page of a folder that was trained and transpiled; returns its path, FOLDER/report.html by default.

    bench: what `edgewise bench --json` printed; FOLDER/bench.json by default, if it is there. Raises ModelFileError, and
    EdgewiseError without matplotlib.
    """
    folder = Path(folder)
    path = folder / PAGE if output is None else Path(output)
    if path.is_dir():
        raise ModelFileError(f"{path} is a folder; name a file for the report, such as {path / PAGE}")
    model = load(folder, Path(bench) if bench is not None else folder / BENCH, bench is not None)
    parts = ((name, heading, part(model)) for name, heading, part in SECTIONS)
    sections = [section for section in parts if section[2]]
    content = page(TEMPLATE.read_text("utf-8"), f"{model.artifact.name}: what it is worth", sections)
    write_all(path.parent, {path.name: content}, {path.name} if is_page(path) else set())
    return path
