"""What was asked of Edgewise, and whether the measurements meet it: pure functions, Results -> rows of a table."""

from collections.abc import Callable, Iterator

from reference_models import ASKED, FOREST
from results import OURS, RUNTIMES, Agreement, Results, Row

PEER = "m2cgen"
KB = 1024
MOST_HELD, MOST_ALLOCATED = 14 * KB, 2 * KB  # bytes
LEAST_SPEEDUP, MOST_DEVIATION = 2.0, 0.15
MOST_TRANSPILE_S, MOST_REDEPLOY_S = 5.0, 2.0

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
    forest, peer = results.row(FOREST.title, OURS), results.row(FOREST.title, PEER)
    assert forest is not None
    assert peer is not None
    assert forest.cost is not None
    assert peer.cost is not None
    for kind, ours, theirs in (
        ("a list", forest.cost.us_list, peer.cost.us_list),
        ("an array", forest.cost.us_array, peer.cost.us_array),
    ):
        asked = f"{FOREST.title}: {LEAST_SPEEDUP:g} times as fast as {PEER}'s .mpy, {kind}"
        yield asked, f"{theirs / ours:.2f} times", _met(theirs / ours >= LEAST_SPEEDUP)
    held = max(forest.cost.held_bytes, forest.cost.held_alone)
    yield f"{FOREST.title}: at most {MOST_HELD} B held", f"{held} B", _met(held <= MOST_HELD)
    allocated = (forest.cost.bytes_list, forest.cost.bytes_array)
    fits = all(count is not None and count <= MOST_ALLOCATED for count in allocated)
    measured = f"{_bytes(allocated[0])} (list), {_bytes(allocated[1])} (array)"
    yield f"{FOREST.title}: at most {MOST_ALLOCATED} B allocated per call", measured, _met(fits)


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
    asked = f"transpile {host.trees} trees x {host.leaves} leaves: at most {MOST_TRANSPILE_S:g} s"
    yield asked, f"{host.transpile_s:.1f} s", _met(host.transpile_s <= MOST_TRANSPILE_S)
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
