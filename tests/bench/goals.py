"""What was asked of Edgewise, and whether the measurements meet it: pure functions, Results -> rows of a table."""

import math
from collections.abc import Callable, Iterator

from reference_models import ASKED, FOREST
from results import OURS, RUNTIMES, Agreement, Results, Row

PEER = "m2cgen"
MOST_TRANSPILE_S, MOST_TRANSPILE_MB, MOST_REDEPLOY_S = 5.0, 1000.0, 2.0
LEAST_TREES, MOST_DEVIATION = 200, 0.15


def _instructions(row: Row) -> float | None:
    return row.insns and row.insns.array


# model, what is at most so many, of which unit; rows are arrays
AT_MOST: tuple[tuple[str, str, Callable[[Row], float | None], float, str], ...] = (
    ("forest, digits", "a label on the Pico", lambda row: row.cost and row.cost.us_array, 20, "us"),
    ("forest, digits", "held", lambda row: row.cost and max(row.cost.held_bytes, row.cost.held_alone), 9 * 1024, "B"),
    ("forest, digits", "a label on the Cortex-M3", _instructions, 3_500, "instructions"),
    ("tree, digits", "a label on the Cortex-M3", _instructions, 1_800, "instructions"),
    ("logistic regression, digits", "a label on the Cortex-M3", _instructions, 12_000, "instructions"),
    ("linear regression, diabetes", "a value on the Cortex-M3", _instructions, 1_300, "instructions"),
    ("kNN k=5, digits, 200 points", "a label on the Cortex-M3", _instructions, 60_000, "instructions"),
)
REGRESSIONS = ("linear regression, diabetes",)

Goal = tuple[str, str, str]  # asked, measured, met
HELD: dict[str, Callable[[Row], int | None]] = {
    "after another program": lambda row: row.cost and row.cost.held_bytes,
    "alone": lambda row: row.cost and row.cost.held_alone,
}


def goals(results: Results) -> Iterator[Goal]:
    yield from _costs(results)
    yield from _equality(results)
    yield from _host(results)
    yield from _predictions(results)


def _costs(results: Results) -> Iterator[Goal]:
    for model, what, measure, most, unit in AT_MOST:
        row = results.row(model, OURS)
        assert row is not None
        measured = measure(row)
        told = "does not fit" if measured is None else f"{measured:,.0f} {unit}"
        yield f"{model}: {what}, at most {most:,} {unit}", told, _met(measured is not None and measured <= most)
    taken = {
        row.model: row.cost and row.cost.bytes_array for row in results.rows if row.tool == OURS and row.model not in REGRESSIONS
    }
    worst = max(taken, key=lambda model: math.inf if taken[model] is None else taken[model])  # type: ignore[arg-type,return-value]
    asked = f"bytes allocated by a label from an array, {len(taken)} classifiers: 0"
    yield asked, f"{_bytes(taken[worst])} at most" + (f" ({worst})" if taken[worst] else ""), _met(taken[worst] == 0)


def _equality(results: Results) -> Iterator[Goal]:
    forest = results.row(FOREST.title, OURS)
    assert forest is not None
    for port, title in RUNTIMES.items():
        found = forest.agreement[port]
        share = f"{found.n_equal}/{found.n_rows}" if found else "does not fit"
        yield (
            f"{FOREST.title}: all rows as scikit-learn, {title}",
            share,
            _met(found is not None and found.n_equal == found.n_rows),
        )
    for port, title in RUNTIMES.items():
        ours = [row.agreement[port] for row in results.rows if row.tool == OURS]
        fitting = [agreement for agreement in ours if agreement is not None]
        n_rows, n_open, n_wrong = (sum(map(count, fitting)) for count in (lambda a: a.n_rows, lambda a: a.n_explained, wrong))
        unfit = len(ours) - len(fitting)
        measured = f"{n_rows} rows of {len(fitting)} models, {n_open} open, {n_wrong} wrong" + (
            f"; {unfit} does not fit" * bool(unfit)
        )
        yield f"every model: all rows as scikit-learn, or open, {title}", measured, _met(not unfit and not n_wrong)


def wrong(agreement: Agreement) -> int:
    """Rows that neither answer as scikit-learn does nor may differ."""
    return agreement.n_rows - agreement.n_equal - agreement.n_explained


def _host(results: Results) -> Iterator[Goal]:
    host = results.host
    assert host is not None
    asked = f"transpile {host.trees} trees x {host.leaves} leaves: at most {MOST_TRANSPILE_S:g} s and {MOST_TRANSPILE_MB:,.0f} MB"
    met = host.transpile_s <= MOST_TRANSPILE_S and host.transpile_mb <= MOST_TRANSPILE_MB
    yield asked, f"{host.transpile_s:.1f} s, {host.transpile_mb:.0f} MB", _met(met)
    asked = f"trees of 100 leaves (digits) that predict in the Cortex-M3's {results.heap_free['cortex-m3']:,} B: {LEAST_TREES}"
    yield asked, f"{host.largest_forest}", _met(host.largest_forest >= LEAST_TREES)
    asked = f"deploy again, unchanged: at most {MOST_REDEPLOY_S:g} s"
    yield asked, f"{host.redeploy_s:.1f} s", _met(host.redeploy_s <= MOST_REDEPLOY_S)


def _predictions(results: Results) -> Iterator[Goal]:
    rows = [row for row in (results.row(model, OURS) for model in ASKED) if row is not None]
    for when, measured_of in HELD.items():
        deviations = {row.model: row.predicted.held / measured_of(row) - 1 for row in rows}  # type: ignore
        worst = max(deviations, key=lambda model: abs(deviations[model]))
        within = sum(abs(deviation) <= MOST_DEVIATION for deviation in deviations.values())
        asked = f"heap held, {when}: predicted within {MOST_DEVIATION:.0%} for {len(ASKED)} models"
        yield asked, f"{within} models; the worst is {deviations[worst]:+.1%} ({worst})", _met(within == len(ASKED))


def _bytes(count: int | None) -> str:
    return "too many" if count is None else f"{count} B"


def _met(met: bool) -> str:
    return "yes" if met else "**no**"
