"""Commands that need no board: train, transpile, explain."""

import keyword
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise import artifact
from edgewise.cli.terminal import Folder, Json, Output, losses, out, print_json, show_table, spinner, warn
from edgewise.errors import EdgewiseError
from edgewise.explain import TreePath, choose, explain, parse_row, short
from edgewise.network import MAX_CHANGED

if TYPE_CHECKING:  # scikit-learn takes a second to import: only the commands that need it do
    from edgewise.program import Program
    from edgewise.training import Training


LEARNED = ("classes", "numbers")  # of a pair in estimators.MODELS


def models_command(
    supported: Annotated[bool, typer.Option("--supported", help="Only estimators that can be transpiled.")] = False,
    kind: Annotated[str | None, typer.Option(help="Only those of a kind: classifier, regressor, clusterer, ...")] = None,
    as_json: Json = False,
) -> None:
    """What can be transpiled, and the names for train --model."""
    from edgewise.coverage import KINDS, coverage
    from edgewise.estimators import ANOMALIES, CLUSTERS, MODELS

    if kind is not None and kind not in KINDS.values():
        raise EdgewiseError(f"no estimator is of kind {kind!r}; choose from {', '.join(KINDS.values())}")
    answers = {name: " or ".join(kind for kind, make in zip(LEARNED, pair, strict=True) if make) for name, pair in MODELS.items()}
    answers |= dict.fromkeys(ANOMALIES, "normal or not") | dict.fromkeys(CLUSTERS, "cluster")
    names = [{"model": name, "answers": answer} for name, answer in answers.items()]
    rows = [row for row in coverage() if (row.supported or not supported) and kind in (None, row.kind)]
    if as_json:
        print_json({"names": names, "estimators": [asdict(row) for row in rows]})
        return
    show_table("Names for train --model", names)
    for each in KINDS.values():
        own = [row for row in rows if row.kind == each]
        if own:
            shown = [{each: row.name, "transpiles": f"{'yes' if row.supported else 'no'} {row.note}".strip()} for row in own]
            show_table(f"{sum(row.supported for row in own)} of {len(own)} transpile", shown)


def train_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="csv, tsv, txt (also .gz) or npy file, or shoulder_exercises, ...")
    ],
    output: Output,
    target: Annotated[str | None, typer.Option(help="Column to predict; anomalies and clusters need none.")] = None,
    model: Annotated[str, typer.Option(help="See edgewise models.")] = "tree",
    group: Annotated[str | None, typer.Option(help="Column whose rows stay on one side of the split (a person, a day).")] = None,
    test_size: Annotated[float, typer.Option(help="Share of rows or groups to test.")] = 0.3,
    seed: Annotated[int, typer.Option(help="Of the split and the estimator.")] = 0,
    drop: Annotated[str, typer.Option(help="Columns to leave out, separated by commas.")] = "",
    no_header: Annotated[bool, typer.Option("--no-header", help="The first row holds values; columns are c0, c1, ...")] = False,
    train_rows: Annotated[int | None, typer.Option(min=1, help="Fit on so many of the training rows only.")] = None,
    prototypes: Annotated[int | None, typer.Option(help="Condense the training rows of knn to so many at most.")] = None,
    task: Annotated[str | None, typer.Option(help="classification or regression, where the target leaves it open.")] = None,
    folds: Annotated[int | None, typer.Option(min=0, help="Of cross-validation; 0: none, and no learning curve.")] = None,
    hidden: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Units of a hidden layer of mlp; repeat it for more.")
    ] = None,
    activation: Annotated[str | None, typer.Option(help="Of mlp: relu, tanh, logistic or identity.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Of mlp, at most.")] = None,
    prune: Annotated[float | None, typer.Option(help="Set this share of the weights of mlp to zero.")] = None,
    normal: Annotated[str | None, typer.Option(help="Label of the rows that anomalies are told from.")] = None,
    clusters: Annotated[int | None, typer.Option(help="Of kmeans.")] = None,
    as_json: Json = False,
) -> None:
    """Train a model on a table of sensor readings."""
    from edgewise import datasets, plots, training
    from edgewise.epochs import NetworkOptions
    from edgewise.unsupervised import Options, is_unsupervised

    if target is None and not is_unsupervised(model):
        raise typer.BadParameter(f"{model} learns from labels or numbers: name their column", param_hint="--target")
    artifact.claim(output)
    network = NetworkOptions(None if not hidden else tuple(hidden), activation, epochs, prune)
    path = file if file.exists() or file.suffix or len(file.parts) > 1 else datasets.shipped(str(file))
    columns = [name for name in drop.split(",") if name]
    dataset = datasets.load(path, target, group, columns, header=not no_header, task=task)  # type: ignore[arg-type]
    with losses("training") as on_epoch:
        smaller, alone = (train_rows, prototypes, folds, network), Options(normal, clusters)
        trained = training.train(dataset, model, test_size, seed, group or "", *smaller, on_epoch, alone)
    chart, warnings = None, trained.warnings
    try:
        chart = None if trained.loss is None else plots.svg(plots.loss, trained.loss)
    except EdgewiseError as error:  # without matplotlib the model is as good
        warnings += (f"no error chart: {error}",)
    training.save(trained, output, chart)
    warn(warnings)
    if as_json:
        print_json(score_facts(trained) | {"warnings": warnings, "folder": str(output)})
    else:
        rows = {"held out": _held_out(trained), **scores(trained)}
        rows |= {"error chart": None if chart is None else str(output / training.CHART), "notes": trained.notes}
        rows["folder"] = str(output)
        show_table(f"Trained {model} on {len(trained.X_train)} rows", rows)


def transpile_command(
    source: Annotated[Path, typer.Argument(metavar="DIR|MODEL.skops", help="Folder of train, or a saved estimator.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder to write; DIR itself by default.")
    ] = None,
    backend: Annotated[str, typer.Option(help="auto, thumb, viper, table, or expression (to read).")] = "auto",
    board: Annotated[str, typer.Option(help="See edgewise boards.")] = "RPI_PICO",
    name: Annotated[str | None, typer.Option(help="Name of the module; that of the output folder by default.")] = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Read a pickle or joblib file, which may run any code.")
    ] = False,
    windows: Annotated[bool, typer.Option("--windows", help="Hold the feature stage too: raw window in, label out.")] = False,
    bits: Annotated[int | None, typer.Option(help="Of a network or rbf machine, 8 or 16; by default the fewest that do.")] = None,
    max_changed: Annotated[
        float, typer.Option(help="Share of the training rows whose class those bits may change.", metavar="SHARE")
    ] = MAX_CHANGED,
    lean: Annotated[bool, typer.Option("--lean", help="Without predict_proba and self_test: 1 to 2 KB less.")] = False,
    as_json: Json = False,
) -> None:
    """Turn a trained model into one MicroPython module."""
    if output is None and not source.is_dir():
        raise typer.BadParameter("a file needs -o DIR", param_hint="--output")
    folder = output or source
    program = make(source, folder, backend, board, name, trust_pickle, windows, bits, max_changed, lean)
    loaded = artifact.load(folder)
    if as_json:
        print_json({"name": program.name, "facts": program.facts, **asdict(loaded.footprint), "folder": str(folder)})
        return
    rows = {"module": program.name, **_sizes(loaded), "facts": program.facts, "folder": str(folder)}
    show_table("Transpiled", rows)


def make(
    source: Path,
    folder: Path,
    backend: str = "auto",
    board: str = "RPI_PICO",
    name: str | None = None,
    trust_pickle: bool = False,
    windows: bool = False,
    bits: int | None = None,
    max_changed: float = MAX_CHANGED,
    lean: bool = False,
) -> "Program":
    """Transpiles what was trained or saved at `source` into an artifact at `folder`."""
    from edgewise import training
    from edgewise.program import transpile

    saved = training.load(source, trust_pickle)
    artifact.claim(folder)
    with spinner("transpiling"):
        program = transpile(
            saved.estimator,
            name or _module_name(folder),
            saved.X_train,
            saved.feature_names,
            board,
            backend,
            saved.facts,
            saved.stage,
            windows,
            bits,
            max_changed,
            lean,
        )
        program.save(folder, saved.X_test)
    return program


def report_command(
    folder: Folder,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="DIR/report.html by default.")] = None,
    bench: Annotated[Path | None, typer.Option(metavar="FILE", help="What edgewise bench --json printed, for the times.")] = None,
    as_json: Json = False,
) -> None:
    """Write one html page that tells what a model is worth."""
    from edgewise import report

    with spinner("writing the report"):
        path = report.write(folder, output, bench)
    print_json({"file": str(path)}) if as_json else show_table("Report", {"file": str(path)})


def explain_command(
    folder: Folder,
    row: Annotated[str | None, typer.Option(help="Its numbers, as 1.5,2,-3; the first row of the evidence by default.")] = None,
    tree: Annotated[int | None, typer.Option(help="Show this tree, counted from 0, and no other.")] = None,
    as_json: Json = False,
) -> None:
    """Tell the way of one row through the trees."""
    loaded = artifact.load(folder)
    told = explain(loaded, None if row is None else parse_row(loaded, row))
    paths = choose(told, tree)
    if as_json:
        print_json(asdict(told) | ({} if tree is None else {"paths": [asdict(path) for path in paths]}))
        return
    for path in paths:
        _tell(path, told.classes)
    if told.classes is not None:
        won = [path.outputs.index(max(path.outputs)) for path in told.paths]
        shares = enumerate(zip(told.classes, told.outputs, strict=True))
        show_table("Votes", [{"class": repr(c), "share of votes": share, "trees won": won.count(i)} for i, (c, share) in shares])
    n_trees = len(told.paths)
    summary: dict[str, Any] = {
        "row": "the first of the evidence" if row is None else "as given",
        "answer": f"{told.answer:.7g}" if told.classes is None else repr(told.answer),
        "trees": n_trees,
    }
    if tree is None and len(paths) < n_trees:
        extremes = ("the largest value", "the smallest") if told.classes is None else ("most for the answer", "least for it")
        shown = [f"tree {path.tree}, {extreme}" for path, extreme in zip(paths, extremes, strict=False)]
        summary["shown"] = [*shown, f"--tree shows others, 0 to {n_trees - 1}"]
    show_table(f"Explained {told.name}", summary)


def _module_name(folder: Path) -> str:
    """The folder's name as an identifier that is free on the board."""
    from edgewise.program import RESERVED

    name = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in folder.absolute().name.lower())
    return name if name.isidentifier() and not keyword.iskeyword(name) and name not in RESERVED else f"model_{name}"


def score_facts(trained: "Training") -> dict[str, Any]:
    names = ("metric", "score", "random_score", "baseline_score", "full_score", "n_prototypes", "n_groups", "n_test_groups")
    return {name: getattr(trained, name) for name in names} | {
        "train_rows": len(trained.X_train),
        "test_rows": len(trained.X_test),
        "one_rule": trained.one_rule and asdict(trained.one_rule),
        "cross": trained.cross and asdict(trained.cross),
        "loss": trained.loss and asdict(trained.loss),
        "pruned": trained.pruned and asdict(trained.pruned),
        "notes": trained.notes,
    }


def _held_out(trained: "Training") -> str:
    groups = "" if trained.n_groups is None else f"{trained.n_test_groups} of {trained.n_groups} groups, "
    return f"{groups}{len(trained.X_test)} rows"


def scores(trained: "Training") -> dict[str, Any]:
    rows: dict[str, Any] = {f"{trained.metric} on held-out rows": round(trained.score, 4)}
    if trained.full_score is not None:
        rows |= {"with all training rows": round(trained.full_score, 4), "prototypes": trained.n_prototypes}
    if trained.pruned is not None:
        rows["before pruning"] = round(trained.pruned.full_score, 4)
        rows["weights that are zero"] = f"{trained.pruned.n_zero} of {trained.pruned.n_weights}"
    if trained.cross is not None:
        rows["cross-validation"] = f"{trained.cross.mean:.4f} +- {trained.cross.spread:.4f} ({trained.cross.method})"
    if trained.random_score is not None:
        rows["a random split would claim"] = f"{trained.random_score:.4f} (with each {trained.group} on both sides)"
    if not math.isnan(trained.baseline_score):
        rows["always the same answer"] = round(trained.baseline_score, 4)
    if trained.one_rule is not None:
        rows["one rule"] = f"{trained.one_rule.score:.4f} ({trained.one_rule})"
    if trained.loss is not None:
        first, last = trained.loss.losses[0], trained.loss.losses[-1]
        rows["loss"] = f"{first:.4g} to {last:.4g} in {len(trained.loss.losses)} epochs"
    return rows


def _sizes(loaded: artifact.Artifact) -> dict[str, Any]:
    size = loaded.footprint
    return {"mpy bytes": size.mpy_bytes, "py bytes": size.py_bytes, "heap held, predicted": size.heap_held_bytes}


def _tell(path: TreePath, classes: tuple | None) -> None:
    title = f"Tree {path.tree}"
    steps = [
        {"feature": step.feature, "value": short(step.value), "": "<=" if step.below else ">", "threshold": short(step.threshold)}
        for step in path.decisions
    ]
    show_table(title, steps or {"decisions": "none"})
    shares = [f"{c!r} {share:.6g}" for c, share in zip(classes or (), path.outputs, strict=False) if share]
    leaf = f"{path.outputs[0]:.7g}" if classes is None else ", ".join(shares)
    out.print(f"leaf: {leaf}\n")  # repr leaves no letter that is not printable
