"""Figures of the report, as svg. The same content gives the same bytes; no state of pyplot is read or changed."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgewise.errors import EdgewiseError
from edgewise.evaluation import LossCurve, Results
from edgewise.reference import leaves
from edgewise.show import printable
from edgewise.splits import Splits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCENT, PALE, SOFT, WARM = "#1f5f99", "#c9d8e6", "#5a6775", "#d9822b"
# Light tones of Paul Tol's qualitative schemes (light and pale), apart for the color-blind too; of more classes they repeat.
TONES = ("#99ddff", "#ffaabb", "#eedd88", "#bbcc33", "#cceeff", "#ee8866", "#ccddaa", "#44bb99", "#dddddd", "#77aadd")
STYLE: dict[str, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": "#1b2733",
    "svg.fonttype": "none",  # the browser has letters that matplotlib's font lacks
    "text.parse_math": False,  # a name may hold a $
}
MAX_POINTS = 2000
MAX_LETTERS = 34
SHOWN_FEATURES = 15


def svg(draw: Any, *content: Any) -> bytes:
    """What `draw`, one of the functions below, makes of the content. Raises EdgewiseError where matplotlib is missing."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EdgewiseError(f"a figure needs matplotlib ({error}); pip install 'edgewise[report]'") from None
    # The salt makes the ids inside the svg: without one they are drawn at random.
    style: Any = {**STYLE, "svg.hashsalt": draw.__name__}
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()  # whatever the user's matplotlibrc says
        mpl.rcParams.update(style)
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # the browser draws the text
        figure, file = Figure(figsize=(6, 2.8), layout="constrained"), io.BytesIO()
        draw(figure, *content)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return file.getvalue()


def short(name: Any) -> str:
    line = printable(str(name))
    return line if len(line) <= MAX_LETTERS else line[: MAX_LETTERS - 1] + "…"


def scores(figure: "Figure", results: Results) -> None:
    """Bars of what is claimed, what holds and what takes no model; dots for the folds."""
    group = short(results.group or "")
    cross, rule = results.cross, results.one_rule
    bars: list[tuple[str, float | None, str]] = [
        ("a random split\nwould claim", results.random_score, WARM),
        (f"held out, by {group}" if results.group else "held-out rows", results.score, ACCENT),
        ("cross-validation,\nmean and folds", None if cross is None else cross.mean, ACCENT),
        ("one rule", None if rule is None else rule.score, PALE),
        ("always the same\nanswer", results.baseline_score, PALE),
    ]
    shown = [(name, value, color) for name, value, color in bars if value is not None and np.isfinite(value)]
    figure.set_figheight(0.6 + 0.5 * len(shown))
    axes = figure.subplots()
    axes.barh([name for name, _, _ in shown], [value for _, value, _ in shown], color=[color for *_, color in shown], height=0.6)
    low = min([0.0, *(value for _, value, _ in shown)])
    for i, (name, value, _) in enumerate(shown):
        if cross is not None and name.startswith("cross"):
            folds = [score for score in cross.scores if np.isfinite(score)]
            axes.plot(folds, [i] * len(folds), "o", color="white", markeredgecolor="#1b2733", markersize=5, alpha=0.8)
            low = min([low, *folds])
        axes.annotate(f"{value:.4f}", (1, i), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center")
    axes.set_xlim(max(low, -1.0), 1.0)
    axes.invert_yaxis()
    axes.set_xlabel(results.metric)
    axes.tick_params(left=False)


def curve(figure: "Figure", results: Results) -> None:
    """Score over training size."""
    assert results.curve is not None
    axes = figure.subplots()
    axes.plot(results.curve.sizes, results.curve.scores, "o-", color=ACCENT, label="this model")
    if np.isfinite(results.baseline_score) and results.metric == "accuracy":
        axes.axhline(results.baseline_score, color=SOFT, linestyle=":", label="always the same answer")
        axes.legend(frameon=False, loc="best")
    axes.set_xticks(results.curve.sizes, [f"{size:,}" for size in results.curve.sizes])
    unit = results.group if results.curve.unit == "groups" else None
    axes.set_xlabel(f"{short(unit)}s to learn from" if unit else f"{results.curve.unit} to learn from")
    axes.set_ylabel(f"{results.metric}, held out")
    axes.grid(axis="y", color="#e6eaee")


def loss(figure: "Figure", curve: LossCurve) -> None:
    """The error chart of a network: loss over epochs."""
    axes = figure.subplots()
    axes.plot(range(1, len(curve.losses) + 1), curve.losses, color=ACCENT)
    if curve.pruned_after is not None:
        axes.axvline(curve.pruned_after + 0.5, color=WARM, linestyle=":")
        axes.annotate(
            "pruned",
            (curve.pruned_after + 0.5, 1),
            (-4, -2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right",
            va="top",
            color=WARM,
        )
    axes.set_ylim(bottom=0)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss, training rows")
    axes.grid(axis="y", color="#e6eaee")


def importance(figure: "Figure", names: Sequence[str], values: np.ndarray, what: str) -> None:
    """The largest first. values: (n_features,)."""
    order = np.argsort(-values, kind="stable")[:SHOWN_FEATURES]
    figure.set_figheight(0.8 + 0.27 * len(order))
    axes = figure.subplots()
    axes.barh(range(len(order)), values[order], color=ACCENT, height=0.65)
    axes.set_yticks(range(len(order)), [short(names[i]) for i in order])
    axes.invert_yaxis()
    axes.set_xlabel(what)
    axes.tick_params(left=False)


def residuals(figure: "Figure", y: np.ndarray, predicted: np.ndarray, target: str) -> None:
    """Predicted against true, and what is left over; of many rows some from end to end. y, predicted: (n_rows,)."""
    rows = np.linspace(0, len(y) - 1, min(len(y), MAX_POINTS)).astype(int)
    y, predicted = y[rows], predicted[rows]
    figure.set_figheight(3.4)
    left, right = figure.subplots(1, 2)
    both = np.concatenate([y, predicted])
    left.plot([both.min(), both.max()], [both.min(), both.max()], color=SOFT, linewidth=1)
    left.scatter(y, predicted, s=9, color=ACCENT, alpha=0.5, linewidths=0)
    left.set_xlabel(f"{short(target)}, true")
    left.set_ylabel("predicted")
    right.axhline(0, color=SOFT, linewidth=1)
    right.scatter(predicted, predicted - y, s=9, color=ACCENT, alpha=0.5, linewidths=0)
    right.set_xlabel("predicted")
    right.set_ylabel("predicted - true")


LETTER_IN, ROW_IN, GAP_IN = 0.085, 0.6, 0.5  # width of a letter at 9 points, height of a leaf, and between two levels


def tree(figure: "Figure", trees: Splits, names: Sequence[str], classes: Sequence[Any] | None, X: np.ndarray, depth: int) -> None:
    """The first tree from left to right, as deep as `depth` splits: its tables are the board's own. X: float32 rows,
    (n_rows, n_features), whose share makes a branch thick."""
    outputs = trees.votes / trees.full if trees.full else trees.offset + trees.scale * len(trees.roots) * trees.votes
    leaf_of = leaves(replace(trees, roots=trees.roots[:1]), X)[:, 0]
    boxes: list[tuple[int, float, str, str, float]] = []  # (level, place, text, color, share of the rows)
    branches: list[tuple[int, int, str]] = []  # (box, box, answer)
    n_leaves = 0

    def box(node: int, level: int, here: np.ndarray) -> int:
        nonlocal n_leaves
        share = float(here.mean()) if len(here) else 0.0
        if node < 0 or level == depth:
            place, n_leaves = float(n_leaves), n_leaves + 1
            inner = f"{_more(_n_splits(trees, node))}: " if node >= 0 else ""
            output = outputs[~node] if node < 0 else outputs[leaf_of[here]].mean(axis=0) if here.any() else None
            text, color = _told(output, classes, inner)
            boxes.append((level, place, text, color, share))
            return len(boxes) - 1
        below = X[:, trees.feature[node]] <= trees.threshold[node]
        yes = box(int(trees.left[node]), level + 1, here & below)
        no = box(int(trees.right[node]), level + 1, here & ~below)
        text = f"{short(names[trees.feature[node]])}\n≤ {trees.threshold[node]:.5g}"
        boxes.append((level, (boxes[yes][1] + boxes[no][1]) / 2, text, "#eef2f6", share))
        branches.extend([(len(boxes) - 1, yes, "yes"), (len(boxes) - 1, no, "no")])
        return len(boxes) - 1

    box(int(trees.roots[0]), 0, np.ones(len(X), dtype=bool))
    levels = range(max(level for level, *_ in boxes) + 1)
    widths = [max(_width(text) for at, _, text, *_ in boxes if at == level) for level in levels]
    starts = np.cumsum([0.1] + [width + GAP_IN for width in widths])
    size = (float(starts[-1] - GAP_IN + 0.1), ROW_IN * n_leaves + 0.1)
    figure.set_size_inches(*size)
    figure.set_layout_engine("none")
    axes: Axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, size[0]), ylim=(n_leaves - 0.4, -0.6))
    axes.axis("off")
    for parent, child, answer in branches:
        (level, place, text, *_), (to, other, _, _, share) = boxes[parent], boxes[child]
        left, right = starts[level] + _width(text), starts[to]
        middle = (left + right) / 2  # the line begins behind the box
        path = ([starts[level] + 0.2, middle, middle, right], [place, place, other, other])
        axes.plot(*path, color="#9fb3c6", linewidth=0.8 + 6 * share, solid_joinstyle="round", zorder=1)
        axes.text(right - 0.05, other - 0.1, answer, fontsize=8, color=SOFT, ha="right", va="bottom", zorder=3)
    for level, place, text, color, _ in boxes:
        style = {"boxstyle": "round,pad=0.3", "facecolor": color, "edgecolor": "#9fb3c6"}
        axes.text(starts[level] + 0.06, place, text, fontsize=9, va="center", ha="left", bbox=style, zorder=2, linespacing=1.2)


def _width(text: str) -> float:
    return LETTER_IN * max(map(len, text.split("\n"))) + 0.12


def _told(output: np.ndarray | None, classes: Sequence[Any] | None, inner: str) -> tuple[str, str]:
    """(text, color) of a leaf, or after `inner` of the leaves beyond; output: their mean, None where no row comes."""
    if output is None:
        return inner.rstrip(": "), "white"
    if classes is None:
        return (f"{inner}\nmean {output[0]:.5g}" if inner else f"{output[0]:.5g}"), "white" if inner else TONES[0]
    best = int(output.argmax())
    return f"{inner}\n{short(classes[best])} {output[best]:.0%}".lstrip("\n"), TONES[best % len(TONES)]


def _more(n: int) -> str:
    return f"{n} more split{'s' * (n != 1)}"


def _n_splits(trees: Splits, node: int) -> int:
    count, pending = 0, [node]
    while pending:
        if (here := pending.pop()) >= 0:
            count += 1
            pending += [int(trees.left[here]), int(trees.right[here])]
    return count
