"""docs/benchmarks.md from what was measured: pure functions, Results -> Markdown."""

from collections.abc import Iterable, Iterator, Sequence

import families as of_families
from families import Measured
from goals import MOST_DEVIATION, goals, wrong
from results import OURS, PEERS, RUNTIMES, Agreement, Fuzz, Results, Row
from sensing import Accuracy, Figure, Sensing

INTRODUCTION = f"""\
# Benchmarks

Written by `make bench` (`python tests/bench/bench.py`) from what it measured; do not edit. Times and memory are those of an
emulated Raspberry Pi Pico at 125 MHz, **without the wait states of its flash**: a real Pico may be slower. Instructions are
those of an emulated Cortex-M3. Neither depends on what else the host does. The seconds under "Host" are wall-clock time of one
machine, medians of five tries but for the first deployment.

{" and ".join(PEERS)} are measured in the same run by the same code on the boards: the modules that they write for the same
fitted estimator, compiled by the same mpy-cross with -O3. {PEERS[0]}'s have scores only; the label is the place of the largest
(of a linear model of two classes: whether its one score is above 0). {PEERS[1]} fits its estimator itself, and it is checked that
the same trees grow; its label is what the object's `predict` returns; {OURS}'s what `predict` returns.
Test rows are 30 % of each data set (`random_state=0`), of the shoulder exercises all rows of 30 % of the people.
"""

COST_NOTE = """\
Microseconds on the Pico and instructions on the Cortex-M3 for one label, from a row that is a list and one that is an
`array('f')`: means over 16 calls that begin with a collected heap, less a call of an empty Python function. Garbage collection
counts where those calls fill the heap; where they do not, that favors the tool that allocates more. Bytes are what one label
allocates ("too many": more than the heap has). Held: heap after the import. Least heap: free heap, in one piece, with which the
import works, to 2 %, of the .mpy on the Pico, of the .py on the Cortex-M3.
"""

AGREEMENT_NOTE = """\
Rows that answer as scikit-learn does (a value: to the last bit of float32) / rows. Open: other rows where single precision
leaves the answer open; **wrong**: neither. Error: the largest, of a regression's values, relative to the largest value. The unix
port has floats of double precision, the others of single precision. QEMU's boards have no clock, which everywhereml's modules
import: they get one there that stands still. In these modules a feature goes left below its threshold, where scikit-learn means
at most, and a tree's vote counts as much as its class had rows at the tree's root; hence the rows that they get wrong.
"""

HEAP_NOTE = f"""\
What `edgewise check` says without a board, beside the emulated Pico, in bytes. Held is measured twice: after the program that
measures time, whose names are interned by then, and alone, where nothing ran before; they differ by up to some 350 bytes. Asked:
within {MOST_DEVIATION:.0%}; and what an import needs must not be predicted too low.
"""

SENSING_NOTE = """\
Measured by `python tests/bench/bench.py --sensing`, on the emulated Pico where nothing else is said. The interrupt path is what
a sample costs beside the bus and the driver. The app samples, computes windows of 128 samples and predicts with a forest of 10
trees; its two late samples are due to the measurement, which collects garbage twice. Equality compares the bits of every feature
with those of the host.
"""

ACCURACY_NOTE = """\
Accuracy on people (shoulder exercises, all 140 recordings) or recordings (har_exercise_1, which does not come along) that were
left out, one after the other; windows of 4 s every 2 s. Asked: 0.88 and 0.93, each by one model that fits a Pico. `har` has the
labels of the recorder's button, `har, reviewed` those of a review. No setting was tuned inside a fold. Which features the sets
hold was decided with these people in view, mostly with the first half of them (every other one): of new people expect the second
number of the halves. Bytes and heap are those of the module, predicted.
"""
ACCURACY_HEAD = ("data", "features", "model", "accuracy", "halves", "worst", "of", ".mpy bytes", "heap bytes", "fits a Pico")

FAMILIES_NOTE = """\
One model of each family (`python tests/bench/bench.py --families`). Microseconds, heap held and bytes allocated on the emulated
Pico, instructions on the Cortex-M3, of a `predict` of an `array('f')`; flash: the .mpy for the Pico. Before and after: accuracy
of scikit-learn and of the board's arithmetic on the test rows (diabetes: R2; clusters: adjusted Rand index; anomalies: share of
rows judged normal). Equal: rows that answer as scikit-learn does (of values: to the last bit of float32), on the unix port, the
Cortex-M3 and RISC-V; the others lie within what rounding or the asked width leaves open, unless they are called wrong.
"""
FAMILIES_HEAD = ("family", "model", "data", "us", "M3 insns", "heap held", "allocated", "flash", "before", "after", "equal")

NO_FIT, TOO_MANY = "does not fit", "too many"


def render(results: Results, fuzz: Fuzz | None, sensing: Sensing | None = None, families: Sequence[Measured] = ()) -> str:
    return "\n".join(
        (
            INTRODUCTION,
            "Versions: " + ", ".join(f"{tool} {version}" for tool, version in results.versions.items()) + ".\n",
            "## Asked and measured\n",
            table(("asked", "measured", "met"), (*goals(results), *(of_families.goals(families) if families else ()))),
            *_equality(fuzz),
            *_families(families),
            *_sensing(sensing),
            measurements(results),
            "## Heap predicted and measured\n",
            HEAP_NOTE,
            table(HEAP_HEAD, _heaps(results)),
            "## Where a peer is better\n",
            table(("model", "peer", "better with the peer"), _losses(results)),
            "## Host\n",
            table(("what", "seconds"), _host(results)),
        )
    )


def _families(rows: Sequence[Measured]) -> Iterator[str]:
    """A model of each."""
    if not rows:
        return
    yield "## Families\n"
    yield FAMILIES_NOTE
    yield table(FAMILIES_HEAD, map(_family, rows))


def _family(row: Measured) -> Sequence[str]:
    costs = [NO_FIT if cost is None else f"{cost:,.0f}" for cost in (row.us, row.insns, row.held)]
    costs.append(f"{row.allocated:,}" if row.allocated is not None else NO_FIT if row.us is None else TOO_MANY)
    wrong = [row.n_rows - equal - open_ for equal, open_ in zip(row.equal, row.open, strict=True)]
    equal = ", ".join(dict.fromkeys(f"{equal}/{row.n_rows}" for equal in row.equal))
    told = f"{equal}{f', **{max(wrong)} wrong**' if any(wrong) else ''}"
    return row.family, row.title, row.data, *costs, f"{row.mpy_bytes:,}", f"{row.before:.4f}", f"{row.after:.4f}", told


def _sensing(sensing: Sensing | None) -> Iterator[str]:
    """From a sensor to a label."""
    if sensing is None:
        return
    yield "## From a sensor to a label\n"
    yield SENSING_NOTE
    yield table(("what", "measured", "asked", "met"), map(_figure, sensing.figures))
    yield ACCURACY_NOTE
    yield table(ACCURACY_HEAD, map(_accuracy, sensing.accuracies))


def _figure(figure: Figure) -> Sequence[str]:
    asked = "" if figure.asked is None else f"at {'least' if figure.least else 'most'} {figure.asked:g}"
    met = {None: "", True: "yes", False: "**no**"}[figure.met]
    return figure.what, f"{figure.value:,.6g} {figure.unit}".rstrip(), asked, met


def _accuracy(row: Accuracy) -> Sequence[str]:
    if row.skipped:
        return row.data, row.sets, row.model, f"not measured: {row.skipped}", "", "", "", "", "", ""
    sizes = (f"{row.mpy_bytes:,}", f"{row.heap_bytes:,}", "yes" if row.fits else "no")
    groups = f"{row.n_groups} groups, {row.n_windows:,} windows"
    halves = ", ".join(f"{half:.3f}" for half in row.halves)
    return row.data, row.sets, row.model, f"{row.accuracy:.3f}", halves, f"{row.worst_group:.3f}", groups, *sizes


def measurements(results: Results) -> str:
    """What is measured of each model: costs and agreement."""
    return "\n".join(
        (
            "## One label, one import\n",
            COST_NOTE,
            "Free heap: " + ", ".join(f"{RUNTIMES[port]} {free} B" for port, free in results.heap_free.items()) + ".\n",
            table(COST_HEAD, _costs(results)),
            _unsupported(results),
            "## Agreement with scikit-learn\n",
            AGREEMENT_NOTE,
            table(("model", "tool", *RUNTIMES.values(), "error"), _agreements(results)),
        )
    )


def _equality(fuzz: Fuzz | None) -> Iterator[str]:
    if fuzz:
        yield "## Equality\n"
        yield (
            "Random models of every kind on random and on aimed inputs, held to scikit-learn row by row (`make fuzz`), seed\n"
            f"{fuzz.seed}. Explained: predictions that differ where rounding leaves the answer open; unexplained: others that\n"
            "differ. Refused: models that Edgewise or the runtime declines in words; they are not among the models.\n"
        )
        head = ("runtime", "models", "predictions", "equal", "explained", "unexplained", "refused")
        yield table(head, ([str(getattr(row, name)) for name in head] for row in fuzz.runtimes))


COST_HEAD = (
    *("model", "tool", "us, list", "us, array", "insns, list", "array", "B per call, list", "array", "B held"),
    *("least heap .mpy", ".py, M3", "import ms", ".mpy B", ".py B"),
)


def _costs(results: Results) -> Iterator[tuple[str, ...]]:
    for row in results.rows:
        cost, insns = row.cost, row.insns
        us = (f"{cost.us_list:.0f}", f"{cost.us_array:.0f}") if cost else (NO_FIT,) * 2
        counted = (f"{insns.list:.0f}", f"{insns.array:.0f}") if insns else (NO_FIT,) * 2
        held = (
            (_count(cost.bytes_list), _count(cost.bytes_array), str(cost.held_bytes), str(cost.need_mpy))
            if cost
            else (NO_FIT,) * 4
        )
        need_py = NO_FIT if row.need_py_m3 is None else str(row.need_py_m3)
        import_ms = f"{cost.import_us / 1000:.1f}" if cost else NO_FIT
        yield (row.model, row.tool, *us, *counted, *held, need_py, import_ms, str(row.mpy_bytes), str(row.py_bytes))


def _unsupported(results: Results) -> str:
    tools = dict.fromkeys(tool for _, tool in results.unsupported)
    refused = {tool: [model for model, by in results.unsupported if by == tool] for tool in tools}
    return "\n".join(f"{tool} does not support: {'; '.join(models)}.\n" for tool, models in refused.items())


def _agreements(results: Results) -> Iterator[tuple[str, ...]]:
    for row in results.rows:
        found = [row.agreement[port] for port in RUNTIMES]
        errors = [one.largest_error for one in found if one is not None and one.largest_error is not None]
        yield row.model, row.tool, *map(_agreement, found), f"{max(errors):.1e}" if errors else ""


def _agreement(found: Agreement | None) -> str:
    if found is None:
        return NO_FIT
    share = f"{found.n_equal}/{found.n_rows}"
    open_rows = f", {found.n_explained} open" if found.n_explained else ""
    return share + open_rows + (f", **{wrong(found)} wrong**" if wrong(found) else "")


HEAP_HEAD = (
    *("model", "held, predicted", "measured", "off", "measured alone", "off"),
    *("import .mpy, predicted", "measured", "off", "import .py, predicted", "measured", "off"),
)


def _heaps(results: Results) -> Iterator[tuple[str, ...]]:
    for row in results.rows:
        if row.predicted is not None and row.cost is not None:
            yield (
                *(row.model, str(row.predicted.held)),
                *_deviation(row.predicted.held, row.cost.held_bytes),
                *_deviation(row.predicted.held, row.cost.held_alone),
                *(str(row.predicted.import_mpy), *_deviation(row.predicted.import_mpy, row.cost.need_mpy)),
                *(str(row.predicted.import_py), *_deviation(row.predicted.import_py, row.cost.need_py)),
            )


def _deviation(predicted: int, measured: int | None) -> tuple[str, str]:
    return ("", "") if measured is None else (str(measured), f"{predicted / measured - 1:+.1%}")


def _losses(results: Results) -> Iterator[tuple[str, str, str]]:
    """Every measure in which a peer takes less."""
    for ours in results.rows:
        for peer in PEERS:
            theirs = results.row(ours.model, peer)
            if ours.tool == OURS and theirs is not None:
                measured_of_both = zip(_measures(ours), _measures(theirs), strict=True)
                found = [f"{what} ({_number(b)} to {_number(a)})" for (what, a), (_, b) in measured_of_both if _less(b, a)]
                yield ours.model, peer, "; ".join(found) or "nothing"


def _less(theirs: float | None, ours: float | None) -> bool:
    """None: more than fits."""
    return theirs is not None and (ours is None or theirs < ours)


def _measures(row: Row) -> Sequence[tuple[str, float | None]]:
    cost, insns = row.cost, row.insns
    return (
        ("us, list", cost and cost.us_list),
        ("us, array", cost and cost.us_array),
        ("insns, list", insns and insns.list),
        ("insns, array", insns and insns.array),
        ("B per call, list", cost and cost.bytes_list),
        ("B per call, array", cost and cost.bytes_array),
        ("B held", cost and cost.held_bytes),
        ("B held, alone", cost and cost.held_alone),
        ("least heap .mpy", cost and cost.need_mpy),
        ("least heap .py, M3", row.need_py_m3),
        ("import us", cost and cost.import_us),
        (".mpy B", row.mpy_bytes),
        (".py B", row.py_bytes),
        *((f"rows that differ, {title}", _differing(row.agreement[port])) for port, title in RUNTIMES.items()),
    )


def _differing(found: Agreement | None) -> int | None:
    return found and found.n_rows - found.n_equal


def _host(results: Results) -> Iterator[tuple[str, str]]:
    host = results.host
    assert host is not None
    what = f"transpile a forest of {host.trees} trees x {host.leaves} leaves, 20 features ({host.transpile_mb:.0f} MB)"
    yield what, f"{host.transpile_s:.2f}"
    yield "deploy the digits forest, first", f"{host.first_deploy_s:.2f}"
    yield "deploy the digits forest, unchanged", f"{host.redeploy_s:.2f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _count(count: int | None) -> str:
    return "too many" if count is None else str(count)


def _number(value: float | None) -> str:
    return "too many" if value is None else f"{value:.0f}"
