"""What the property tests did, counted: one Tally a test, one table a runtime at the end of the run."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COLUMNS = ("models", "predictions", "equal", "explained", "refused", "unfitted")
PROPERTY = "fuzz"


@dataclass
class Tally:
    """explained: predictions that rounding leaves open. refused: models that the product or the runtime refuses in words.
    unfitted: drawn models that scikit-learn does not fit; neither counts as a model."""

    runtime: str
    kind: str
    counts: Counter = field(default_factory=Counter)

    def record(self) -> tuple[str, dict[str, Any]]:
        """For record_property."""
        return PROPERTY, {"runtime": self.runtime, "kind": self.kind, **self.counts}


def records(reports: Iterable) -> list[dict[str, Any]]:
    """What the tests recorded; a test's report of its teardown repeats it."""
    calls = [report for report in reports if getattr(report, "when", "") == "call"]
    return [value for report in calls for name, value in report.user_properties if name == PROPERTY]


def totals(found: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """The sum of each column, by runtime."""
    runtimes = dict.fromkeys(record["runtime"] for record in found)
    return {
        runtime: {column: sum(row.get(column, 0) for row in found if row["runtime"] == runtime) for column in COLUMNS}
        for runtime in runtimes
    }


def lines(reports: Iterable) -> list[str]:
    """The tables as text, from pytest's reports of finished tests; empty when none was a property test."""
    found, text = records(reports), []
    for runtime, total in totals(found).items():
        rows = [*(record for record in found if record["runtime"] == runtime), {"kind": "all"} | total]
        text.append(f"{runtime:24}" + "".join(f"{column:>13}" for column in COLUMNS))
        text += [f"  {row['kind']:22}" + "".join(f"{row.get(column, 0):13}" for column in COLUMNS) for row in rows]
    return text


def save(path: Path, reports: Iterable, seed: int) -> None:
    """The totals as JSON, for docs/benchmarks.md."""
    runtimes = [
        {"runtime": runtime}
        | {column: total[column] for column in ("models", "predictions", "equal", "explained", "refused")}
        | {"unexplained": total["predictions"] - total["equal"] - total["explained"]}
        for runtime, total in totals(records(reports)).items()
    ]
    path.write_text(json.dumps({"seed": seed, "runtimes": runtimes}, indent=1) + "\n", encoding="ascii")


def summary(terminalreporter) -> None:
    """Writes the tables after pytest's own summary, and the report where EDGEWISE_FUZZ_REPORT asks for it and all is well."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    if found := lines(reports):
        terminalreporter.section("property tests")
        for line in found:
            terminalreporter.write_line(line)
        path = os.environ.get("EDGEWISE_FUZZ_REPORT")
        if path and not {"failed", "error"} & terminalreporter.stats.keys():
            save(Path(path), reports, int(os.environ.get("EDGEWISE_FUZZ_SEED", "0")))
