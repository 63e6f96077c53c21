"""What the scores are worth, and where the model errs."""

import math
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, mean_absolute_error, precision_recall_fscore_support, root_mean_squared_error

from edgewise import fit, plots
from edgewise.evaluation import WHY_RANDOM_FLATTERS, Results, final
from edgewise.report.markup import Html, image, join, table, tag
from edgewise.report.model import Model

MAX_CLASSES = 30  # of a confusion matrix; of more, the most frequent confusions are told


def summary(model: Model) -> Html:
    results, size = model.results, model.artifact.footprint
    board = fit.check(model.artifact, model.artifact.board)
    tiles = [(f"{results.metric}, held out", _score(results.score), _held_out(model))]
    if results.cross is not None:
        spread = (
            "" if math.isnan(results.cross.spread) else f"± {results.cross.spread:.4f} over {len(results.cross.scores)} folds"
        )
        tiles.append(("cross-validation", _score(results.cross.mean), spread))
    tiles.append(("always the same answer", _score(results.baseline_score), "takes no model"))
    tiles.append(("flash", f"{size.mpy_bytes / 1024:.1f} KiB", "the .mpy file"))
    tiles.append(("heap", f"{size.heap_held_bytes / 1024:.1f} KiB", "held after the import, predicted"))
    tiles.append((board.where, "fits" if board.fits else "does not fit", "by prediction"))
    cells = (tag("div", tag("dt", name), tag("dd", value, tag("small", note))) for name, value, note in tiles)
    kind = type(final(model.saved.estimator)).__name__
    features = model.artifact.n_features
    intro = f"A {kind} that tells {_job(model)} from {features} feature{'s' * (features != 1)} on a microcontroller."
    return join([tag("p", intro), tag("dl", *cells, class_="tiles")])


def _job(model: Model) -> str:
    target = model.results.recipe["target"]
    return target if model.labels is None else f"{len(model.labels)} classes of {target} apart"


def _held_out(model: Model) -> str:
    results, n_rows = model.results, f"{len(model.y):,} rows"
    return n_rows if results.group is None else f"{results.n_test_groups} of {results.n_groups} {results.group}s, {n_rows}"


def doubts(model: Model) -> Html:
    notes = [*model.results.warnings, *model.results.notes]
    return tag("ul", *(tag("li", note) for note in notes), class_="warnings") if notes else Html()


def scores(model: Model) -> Html:
    results = model.results
    rows: list[tuple[str, Any, str]] = []
    group = results.group
    if results.random_score is not None:
        rows.append(("a random split would claim", results.random_score, f"rows of one {group} on both sides"))
    held = f"{f'whole {group}s' if group else 'rows'} that the model has not seen: {_held_out(model)}"
    rows.append(("held out", results.score, held))
    if results.full_score is not None:
        rows.append(("with all training rows", results.full_score, f"this model keeps {results.n_prototypes} prototypes"))
    if (cross := results.cross) is not None:
        spread = "" if math.isnan(cross.spread) else f", standard deviation {cross.spread:.4f}"
        rows.append(("cross-validation, mean", cross.mean, f"{cross.method}{spread}{_extremes(results)}"))
    if (rule := results.one_rule) is not None:
        rows.append(("one rule", rule.score, str(rule)))
    same = "the most frequent class" if model.labels is not None else "the mean"
    rows.append(("always the same answer", results.baseline_score, f"{same} of the training rows"))
    parts = [image(plots.svg(plots.scores, results), f"Bars: {'; '.join(f'{name} {_score(value)}' for name, value, _ in rows)}")]
    if results.random_score is not None and results.random_score > results.score:
        why = WHY_RANDOM_FLATTERS.format(group=group)
        parts.append(tag("p", f"A random split would claim {results.random_score - results.score:.4f} more: {why}."))
    cells = [(name, _share(value), how) for name, value, how in rows]
    parts.append(table("Scores of the same model, asked in different ways", ("", results.metric, "how"), cells))
    return join(parts)


def _extremes(results: Results) -> str:
    cross = results.cross
    pairs = sorted((s, n) for s, n in zip(cross.scores, cross.names, strict=True) if math.isfinite(s)) if cross else []
    return f"; from {pairs[0][0]:.4f} ({pairs[0][1]}) to {pairs[-1][0]:.4f} ({pairs[-1][1]})" if len(pairs) > 1 else ""


def mistakes(model: Model) -> Html:
    if model.labels is None:
        left = model.predicted - model.y
        facts = [
            ("root of the mean squared error", float(root_mean_squared_error(model.y, model.predicted))),
            ("mean absolute error", float(mean_absolute_error(model.y, model.predicted))),
            ("mean error (bias)", float(left.mean())),
            ("largest error", float(np.abs(left).max())),
        ]
        target = model.results.recipe["target"]
        alt = f"Predicted against true {target} of the held-out rows, and the residuals; the table below has their size"
        drawn = image(plots.svg(plots.residuals, model.y, model.predicted, target), alt)
        return join([drawn, table(f"Errors on the held-out rows, in units of {target}", ("", "value"), facts)])
    counts = confusion_matrix(model.y, model.predicted, labels=list(model.labels))
    return join([_matrix(counts, model.labels), _by_class(model), _by_group(model)])


def _matrix(counts: np.ndarray, labels: tuple) -> Html:
    if len(labels) > MAX_CLASSES:
        wrong = [(int(n), labels[i], labels[j]) for (i, j), n in np.ndenumerate(counts) if i != j and n]
        rows = [(true, said, n) for n, true, said in sorted(wrong, key=lambda item: -item[0])[:MAX_CLASSES]]
        return table("The most frequent confusions on the held-out rows", ("true", "predicted", "rows"), rows)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = []
    for i, label in enumerate(labels):
        cells = []
        for j, n in enumerate(counts[i]):
            style = f"background: rgb(31 95 153 / {share[i, j] * 0.75:.2f})" if n else None
            about = f"{label}, predicted {labels[j]}: {n} rows"
            shown = Html(n) if n else tag("span", "·", class_="soft")
            cells.append(tag("td", shown, style=style, title=about, class_="right" if i == j else None))
        rows.append((label, *cells))
    caption = "Confusion matrix: rows are the true class, columns what the model predicts; framed is right, dark is frequent"
    return table(caption, ("true \\ predicted", *labels), rows, class_="matrix")


def _by_class(model: Model) -> Html:
    numbers = precision_recall_fscore_support(model.y, model.predicted, labels=list(model.labels or ()), zero_division=np.nan)
    rows = []
    for label, precision, recall, f1, support in zip(model.labels or (), *numbers, strict=True):
        rows.append((label, *(_share(value) for value in (precision, recall, f1 if support else math.nan)), int(support)))
    caption = "By class: precision is how often the answer is right when it is given, recall how many of the class are found"
    return table(caption, ("class", "precision", "recall", "F1", "held-out rows"), rows)


def _by_group(model: Model) -> Html:
    groups = model.saved.groups_test
    if groups is None or len(names := np.unique(groups)) > MAX_CLASSES:
        return Html()
    right = model.predicted == model.y
    rows = [(name.item(), _share(right[groups == name].mean()), int((groups == name).sum())) for name in names]
    group = model.results.group
    return table(f"By {group}: accuracy on each that was held out", (group, "accuracy", "rows"), rows)


def curve(model: Model) -> Html:
    curve = model.results.curve
    if curve is None or len(curve.sizes) < 2:
        return Html()
    steps = ", ".join(f"{score:.4f} with {size:,}" for size, score in zip(curve.sizes, curve.scores, strict=True))
    unit = f"{model.results.group}s" if curve.unit == "groups" else "rows"
    gain = curve.scores[-1] - curve.scores[-2]
    told = f"The last step, from {curve.sizes[-2]:,} to {curve.sizes[-1]:,} {unit}, brought {gain:+.4f}. "
    advice = f"Where the line still rises, more {unit} will help more than another model."
    return join([image(plots.svg(plots.curve, model.results), f"Learning curve, {unit}: {steps}"), tag("p", told + advice)])


def loss(model: Model) -> Html:
    curve, pruned = model.results.loss, model.results.pruned
    if curve is None:
        return Html()
    told = f"Mean loss of the training rows, from {curve.losses[0]:.4g} to {curve.losses[-1]:.4g} in {len(curve.losses)} epochs."
    parts = [image(plots.svg(plots.loss, curve), told), tag("p", told)]
    if pruned is not None:
        share = f"{pruned.n_zero:,} of {pruned.n_weights:,} weights are zero"
        parts.append(tag("p", f"Pruned: {share}. {model.results.metric} was {_score(pruned.full_score)} before."))
    return join(parts)


def _score(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def _share(value: float) -> Html:
    shown = "-" if math.isnan(value) else f"{value:.4f}"
    return tag("td", shown, class_="number")
