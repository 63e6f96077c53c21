"""What the model takes on a board, and what it takes to make it again."""

import math
import shlex

from edgewise import boards, fit
from edgewise.report.markup import Html, join, table, tag
from edgewise.report.model import MEASURED, Model


def memory(model: Model) -> Html:
    rows: list[tuple] = []
    problems: list[str] = []
    for board in boards.known():
        checked = fit.check(model.artifact, board)
        budget = int(checked.heap_free_bytes * (1 - fit.HEAP_RESERVE))
        needed = checked.footprint.heap_import_mpy_bytes
        verdict = tag("span", "fits" if checked.fits else "does not fit", class_="yes" if checked.fits else "no")
        file_bytes = checked.footprint.mpy_bytes
        rows.append((board.id, _bar(needed, budget), _bar(file_bytes, board.fs_bytes - fit.FILE_OVERHEAD_BYTES), verdict))
        problems += checked.problems
    head = ("board", "heap to import, of what is free for it", "file, of the filesystem", "")
    caption = f"Predicted for {model.artifact.name}.mpy; a quarter of each board's free heap is left to your program"
    listed = tag("ul", *(tag("li", problem) for problem in problems)) if problems else Html()
    return join([table(caption, head, rows), listed, _latency(model)])


def _bar(needed: int, room: int) -> Html:
    share = needed / room if room > 0 else math.inf
    filled = tag("i", style=f"width: {min(share, 1.0) * 100:.1f}%", class_="over" if share > 1 else None)
    told = f"{needed:,} of {max(room, 0):,} bytes"
    return tag("td", tag("span", filled, class_="bar", aria_hidden="true"), told, class_="number")


def _latency(model: Model) -> Html:
    if model.bench is None:
        told = "No time was measured. What edgewise bench --json prints, kept as bench.json beside the model, is shown here."
        return tag("p", told, class_="soft")
    rows = [(called, model.bench[name]) for name, called in MEASURED.items()]
    where = str(model.bench.get("where", "where, the file does not say"))
    emulated = ", emulated" if model.bench.get("emulated") else ""
    return table(f"Measured by edgewise bench: {where}{emulated}", ("", "value"), rows)


def reproduce(model: Model) -> Html:
    recipe, name = model.results.recipe, model.artifact.name
    form = [] if model.backend not in ("table", "expression") else ["--backend", model.backend]
    steps = [shlex.join(["edgewise", "transpile", "DIR", "--board", model.artifact.board, "--name", name, *form])]
    if recipe["command"] is not None:
        steps.insert(0, f"{recipe['command']} -o DIR")
    facts = [
        ("data", recipe["data"] or "made by a program"),
        ("sha256 of the data", recipe["sha256"]),
        ("rows, target, task", f"{recipe['rows']:,}, {recipe['target']}, {recipe['task']}"),
        ("split", recipe["split"]),
        ("seed", str(recipe["seed"])),
        ("model", str(model.saved.estimator)),
        ("fingerprint of the module", model.artifact.fingerprint),
        ("versions", ", ".join(f"{tool} {version}" for tool, version in recipe["versions"].items())),
    ]
    if (stage := model.saved.stage) is not None:
        axes = ", ".join(f"{axis} ({unit})" for axis, unit in zip(stage["axes"], stage["units"], strict=True))
        windows = f"{stage['length']} samples at {stage['rate_hz']:g} Hz, a new one every {stage['hop']}"
        facts.append(("features", f"{', '.join(stage['sets'])} of {axes}; windows of {windows}"))
    code = ("sha256 of the data", "model", "fingerprint of the module")
    rows = [(fact, tag("code", value) if fact in code else value) for fact, value in facts if value]
    return join([tag("pre", join(steps, Html("\n"))), table("What it was made of", ("", ""), rows)])
