"""docs/benchmarks.md from what was measured: pure functions, Results -> Markdown."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from reference_models import ASKED, FOREST
from results import Agreement, Results, Row

OURS, PEER = "edgewise", "m2cgen"
KB = 1024
MOST_HELD, MOST_ALLOCATED = 14 * KB, 2 * KB  # bytes
LEAST_SPEEDUP, MOST_DEVIATION = 2.0, 0.15
MOST_TRANSPILE_S, MOST_REDEPLOY_S = 5.0, 2.0

INTRODUCTION = f"""\
# Benchmarks

Written by `make bench` (`python tests/bench/bench.py`) from what it measured; do not edit. Times and memory are those of an
emulated Raspberry Pi Pico at 125 MHz, **without the wait states of its flash**: a real Pico may be slower. They do not depend on
what else the host does: in two runs the times of a label were equal within 0.3 % (kNN on digits, most of it collections: 7 %),
the bytes held and allocated the same, the times of an import within 20 %. The seconds under "Host" are wall-clock time of one
machine, medians of five tries but for the first deployment.

{PEER} is measured in the same run by the same code on the board: its own Python export of the same fitted estimator, compiled
by the same mpy-cross with -O3. Its label is the place of the largest score, as its module has scores only; {OURS}'s is what
`predict` returns, from the table back end. Test rows are 30 % of each data set (`random_state=0`).
"""

COST_NOTE = """\
Microseconds per label, for a row that is a list and one that is an `array('f')`: means over 16 calls (kNN on digits: 2) that
begin with a collected heap. Garbage collection counts where those calls fill the heap; with the trees and forests of both tools
they do not, which favors the tool that allocates more. Bytes are what one label allocates ("too many": more than the heap has).
Held: heap after the import. Least heap: free heap, in one piece, with which the import works, to 2 %; the .py was tried for
three small models.
"""

HEAP_NOTE = f"""\
What `edgewise check` says without a board, beside the emulated Pico, in bytes. Held is measured twice: after the program that
measures time, whose names are interned by then, and alone, where nothing ran before; they differ by up to some 350 bytes. Asked:
within {MOST_DEVIATION:.0%}; and what an import needs must not be predicted too low.
"""
HELD: dict[str, Callable[[Row], int]] = {
    "after another program": lambda row: row.cost.held_bytes,
    "alone": lambda row: row.held_alone,
}


def render(results: Results) -> str:
    return "\n".join(
        (
            INTRODUCTION,
            "Versions: " + ", ".join(f"{tool} {version}" for tool, version in results.versions.items()) + ".\n",
            "## Asked and measured\n",
            _table(("asked", "measured", "met"), _goals(results)),
            "## One label, one import\n",
            COST_NOTE,
            _table(COST_HEAD, _costs(results)),
            _unsupported(results),
            "## Agreement with scikit-learn\n",
            "Rows that answer as scikit-learn does (a value: to the last bit of float32) / rows. Open: other rows where single "
            "precision leaves the answer open; wrong: neither. Error: largest, of a regression's values, relative to the largest "
            "value. The unix port has floats of double precision.\n",
            _table(AGREEMENT_HEAD, _agreements(results)),
            "## Heap predicted and measured\n",
            HEAP_NOTE,
            _table(HEAP_HEAD, _heaps(results)),
            f"## Where {PEER} is better\n",
            _table(("model", f"better with {PEER}"), _losses(results)),
            "## Host\n",
            _table(("what", "seconds"), _host(results)),
        )
    )


def _goals(results: Results) -> Iterator[tuple[str, ...]]:
    forest, peer = results.row(FOREST.title, OURS), results.row(FOREST.title, PEER)
    assert forest is not None
    assert peer is not None
    for kind, ours, theirs in (
        ("a list", forest.cost.us_list, peer.cost.us_list),
        ("an array", forest.cost.us_array, peer.cost.us_array),
    ):
        asked = f"{FOREST.title}: {LEAST_SPEEDUP:g} times as fast as {PEER}'s .mpy, {kind}"
        yield asked, f"{theirs / ours:.2f} times", _met(theirs / ours >= LEAST_SPEEDUP)
    held = max(forest.cost.held_bytes, forest.held_alone)
    yield f"{FOREST.title}: at most {MOST_HELD} B held", f"{held} B", _met(held <= MOST_HELD)
    allocated = (forest.cost.bytes_list, forest.cost.bytes_array)
    fits = all(count is not None and count <= MOST_ALLOCATED for count in allocated)
    measured = f"{_bytes(allocated[0])} (list), {_bytes(allocated[1])} (array)"
    yield f"{FOREST.title}: at most {MOST_ALLOCATED} B allocated per call", measured, _met(fits)
    for where, found in (("unix port", forest.unix), ("Pico", forest.pico)):
        yield f"{FOREST.title}: all rows as scikit-learn, {where}", _share(found), _met(found.n_equal == found.n_rows)
    host = results.host
    asked = f"transpile {host.trees} trees x {host.leaves} leaves: at most {MOST_TRANSPILE_S:g} s"
    yield asked, f"{host.transpile_s:.1f} s", _met(host.transpile_s <= MOST_TRANSPILE_S)
    asked = f"deploy again, unchanged: at most {MOST_REDEPLOY_S:g} s"
    yield asked, f"{host.redeploy_s:.1f} s", _met(host.redeploy_s <= MOST_REDEPLOY_S)
    rows = [row for row in (results.row(model, OURS) for model in ASKED) if row is not None]
    for when, measured_of in HELD.items():
        deviations = {row.model: _held_deviation(row, measured_of) for row in rows}
        worst = max(deviations, key=lambda model: abs(deviations[model]))
        within = sum(abs(deviation) <= MOST_DEVIATION for deviation in deviations.values())
        asked = f"heap held, {when}: predicted within {MOST_DEVIATION:.0%} for {len(ASKED)} models"
        yield asked, f"{within} models; the worst is {deviations[worst]:+.1%} ({worst})", _met(within == len(ASKED))


COST_HEAD = (
    *("model", "tool", "us, list", "us, array", "B per call, list", "array", "B held"),
    *("least heap .mpy", ".py", "import ms", ".mpy B", ".py B"),
)


def _costs(results: Results) -> Iterator[tuple[str, ...]]:
    for row in results.rows:
        cost = row.cost
        yield (
            *(row.model, row.tool, f"{cost.us_list:.0f}", f"{cost.us_array:.0f}"),
            *(_count(cost.bytes_list), _count(cost.bytes_array), str(cost.held_bytes), str(row.need_mpy)),
            *("" if row.need_py is None else str(row.need_py), f"{cost.import_us / 1000:.1f}"),
            *(str(row.mpy_bytes), str(row.py_bytes)),
        )


def _unsupported(results: Results) -> str:
    return "\n".join(f"{tool} does not support {model}.  " for model, tool in results.unsupported) + "\n"


AGREEMENT_HEAD = ("model", "tool", "unix port", "open", "wrong", "error", "Pico", "open", "wrong", "error")


def _agreements(results: Results) -> Iterator[tuple[str, ...]]:
    for row in results.rows:
        yield (row.model, row.tool, *_agreement(row.unix), *_agreement(row.pico))


def _agreement(found: Agreement) -> tuple[str, ...]:
    wrong = found.n_rows - found.n_equal - found.n_explained
    error = "" if found.largest_error is None else f"{found.largest_error:.1e}"
    return _share(found), str(found.n_explained), str(wrong), error


HEAP_HEAD = (
    *("model", "held, predicted", "measured", "off", "measured alone", "off"),
    *("import .mpy, predicted", "measured", "off", "import .py, predicted", "measured", "off"),
)


def _heaps(results: Results) -> Iterator[tuple[str, ...]]:
    for row in results.rows:
        if row.predicted is not None:
            yield (
                *(row.model, str(row.predicted.held)),
                *_deviation(row.predicted.held, row.cost.held_bytes),
                *_deviation(row.predicted.held, row.held_alone),
                *(str(row.predicted.import_mpy), *_deviation(row.predicted.import_mpy, row.need_mpy)),
                *(str(row.predicted.import_py), *_deviation(row.predicted.import_py, row.need_py)),
            )


def _deviation(predicted: int, measured: int | None) -> tuple[str, str]:
    return ("", "") if measured is None else (str(measured), f"{predicted / measured - 1:+.1%}")


def _held_deviation(row: Row, measured_of: Callable[[Row], int]) -> float:
    assert row.predicted is not None
    return row.predicted.held / measured_of(row) - 1


def _losses(results: Results) -> Iterator[tuple[str, str]]:
    """Every measure in which the peer takes less."""
    for ours in results.rows:
        theirs = results.row(ours.model, PEER)
        if ours.tool == OURS and theirs is not None:
            found = [
                f"{what} ({_number(b)} to {_number(a)})"
                for (what, a), (_, b) in zip(_measures(ours), _measures(theirs), strict=True)
                if b is not None and (a is None or b < a)
            ]
            yield ours.model, "; ".join(found) or "nothing"


def _measures(row: Row) -> Sequence[tuple[str, float | None]]:
    cost = row.cost
    return (
        ("us, list", cost.us_list),
        ("us, array", cost.us_array),
        ("B per call, list", cost.bytes_list),
        ("B per call, array", cost.bytes_array),
        ("B held", cost.held_bytes),
        ("B held, alone", row.held_alone),
        ("least heap", row.need_mpy),
        ("import us", cost.import_us),
        (".mpy B", row.mpy_bytes),
        (".py B", row.py_bytes),
        ("rows that differ, unix port", row.unix.n_rows - row.unix.n_equal),
        ("rows that differ, Pico", row.pico.n_rows - row.pico.n_equal),
    )


def _host(results: Results) -> Iterator[tuple[str, str]]:
    host = results.host
    yield f"transpile a forest of {host.trees} trees x {host.leaves} leaves, 20 features", f"{host.transpile_s:.2f}"
    yield f"deploy {FOREST.title}, first", f"{host.first_deploy_s:.2f}"
    yield f"deploy {FOREST.title}, unchanged", f"{host.redeploy_s:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _share(found: Agreement) -> str:
    return f"{found.n_equal}/{found.n_rows}"


def _count(count: int | None) -> str:
    return "too many" if count is None else str(count)


def _bytes(count: int | None) -> str:
    return "too many" if count is None else f"{count} B"


def _number(value: float | None) -> str:
    return "too many" if value is None else f"{value:.0f}"


def _met(met: bool) -> str:
    return "yes" if met else "**no**"
