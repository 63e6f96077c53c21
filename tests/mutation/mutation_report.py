"""Which mutants were noticed, as a table a model."""

import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from judging import DETECTORS, Verdict, subject, verdicts
from models import backends

CASES = (
    "DecisionTreeClassifier-text",
    "DecisionTreeRegressor-width",
    "RandomForestClassifier-int",
    "RandomForestRegressor-width",
    "RandomForestRegressor-steps",
    "LogisticRegression-text",
    "LogisticRegression-bool",
    "LinearRegression-depth",
    "KNeighborsClassifier-bool",
    "KNeighborsRegressor(distance)-width",
)
SUBJECTS = tuple((case, backend) for case in CASES for backend in backends(case))
COLUMNS = ("mutants", "no effect", "within", "wrong", "of predict", *DETECTORS, "missed")


def missed(found: list[Verdict]) -> list[Verdict]:
    """Wrong, and nobody noticed."""
    return [verdict for verdict in found if verdict.effect == "wrong" and not verdict.noticed]


def unseen_by_rows(found: list[Verdict]) -> list[Verdict]:
    """A wrong answer of predict that the hard rows, alone, do not show."""
    return [verdict for verdict in found if verdict.in_predict and "verify" not in verdict.noticed]


def in_table(verdict: Verdict) -> bool:
    """A change of the packed tables, whether it changes any answer or not."""
    return verdict.change.group.startswith("_") or verdict.change.group == "children swapped"


def table(name: str, found: list[Verdict]) -> str:
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in found:
        groups[verdict.change.group].append(verdict)
    lines = [f"{name:34}" + "".join(f"{column:>14}" for column in COLUMNS)]
    for group, members in (*groups.items(), ("all", found)):
        wrong = [verdict for verdict in members if verdict.effect == "wrong"]
        effects = [sum(verdict.effect == effect for verdict in members) for effect in ("none", "within", "wrong")]
        noticed = [sum(detector in verdict.noticed for verdict in wrong) for detector in DETECTORS]
        counts = [len(members), *effects, sum(verdict.in_predict for verdict in wrong), *noticed, len(missed(members))]
        lines.append(f"  {group:32}" + "".join(f"{count:14}" for count in counts))
    for title, some in (("missed", missed(found)), ("not shown by the hard rows", unseen_by_rows(found))):
        lines += [f"  {title}: {verdict.change.text}; {verdict.example[:200]}" for verdict in some]
    return "\n".join(lines)


def share(found: list[Verdict]) -> str:
    wrong = [verdict for verdict in found if verdict.effect == "wrong"]
    predicting = [verdict for verdict in found if verdict.in_predict]
    tables = [verdict for verdict in found if in_table(verdict)]
    return (
        f"{len(found)} mutants; {len(wrong)} change some answer beyond its bound, of which {len(wrong) - len(missed(found))} "
        f"are noticed; {len(predicting)} change what predict says, of which the hard rows alone show "
        f"{len(predicting) - len(unseen_by_rows(found))}; {len(tables)} change a table, of which self_test alone "
        f"notices {sum('self_test' in verdict.noticed for verdict in tables)}"
    )


def main(names: list[str]) -> None:
    chosen = [tuple(name.rsplit(":", 1)) for name in names] or SUBJECTS
    everything: list[Verdict] = []
    for case, backend in chosen:
        start = time.perf_counter()
        found = verdicts(subject(case, backend))
        everything += found
        print(table(f"{case}:{backend}", found))
        print(f"  {time.perf_counter() - start:.0f} s\n", flush=True)
    print(share(everything))
    if missed(everything):
        sys.exit(1)
