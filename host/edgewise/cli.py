"""The command line: the table of commands, and the only place that prints or exits."""

import keyword
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from edgewise import artifact, boards, fit, show
from edgewise.bench import bench
from edgewise.boards import Board
from edgewise.deploy import Deployment, deploy
from edgewise.errors import EdgewiseError, FitError, PortError
from edgewise.explain import TreePath, choose, explain, parse_row, short
from edgewise.targets import TARGETS, Target, connect
from edgewise.verify import Verification, require_passed, verify

if TYPE_CHECKING:  # scikit-learn takes a second to import: only the commands that need it do
    from edgewise.training import Training

app = typer.Typer(
    help="scikit-learn models on MicroPython boards: train, transpile, check, deploy, verify.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

SAY_EVERY_S = 10.0  # between two lines of progress

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that transpile wrote.")]
BoardId = Annotated[str, typer.Argument(metavar="BOARD", help="RPI_PICO, the one that can be emulated.")]
Port = Annotated[str, typer.Option(help="auto, /dev/ttyACM0, COM3, socket://HOST:PORT; here emulator, cortex-m3, riscv, unix.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write; new, empty, or an earlier one.")]


def main() -> None:
    """Runs a command; every error that a user can mend is one line on stderr and exit code 1, wrong usage is 2."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a label that the terminal cannot show
    try:
        app(prog_name="edgewise")  # exits by itself, with 2 on wrong usage
    except EdgewiseError as error:
        _fail(str(error))
    except OSError as error:  # a full disk, a folder that may not be written
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")


def _fail(message: str) -> None:
    _say(f"error: {message}", "bold red")
    sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(ask: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False) -> None:
    if ask:
        print(f"edgewise {version('edgewise')}")
        raise typer.Exit


@app.command("boards")
def boards_command(as_json: Json = False) -> None:
    """The known boards and their limits."""
    if as_json:
        _print_json([asdict(board) for board in boards.known()])
        return
    rows = [
        {"id": b.id, "mcu": b.mcu, ".mpy": b.mpy_arch, "float": b.float_bits, "MHz": b.clock_hz // 10**6}
        | {"heap": b.heap_free_bytes, "files": b.fs_bytes, "emulated": b.emulated}
        for b in boards.known()
    ]
    _show("Boards (heap and files: free bytes)", rows)


@app.command("models")
def models_command(as_json: Json = False) -> None:
    """The names that train --model takes."""
    from edgewise.estimators import MODELS

    rows = [{"model": name, "classes": bool(pair[0]), "numbers": bool(pair[1])} for name, pair in MODELS.items()]
    _print_json(rows) if as_json else _show("Models", rows)


@app.command("train")
def train_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="csv, tsv, txt (also .gz) or npy file, or shoulder_exercises, ...")
    ],
    target: Annotated[str, typer.Option(help="Column to predict.")],
    output: Output,
    model: Annotated[str, typer.Option(help="See edgewise models.")] = "tree",
    group: Annotated[str | None, typer.Option(help="Column whose rows stay on one side of the split (a person, a day).")] = None,
    test_size: Annotated[float, typer.Option(help="Share of rows or groups to test.")] = 0.3,
    seed: Annotated[int, typer.Option(help="Of the split and the estimator.")] = 0,
    drop: Annotated[str, typer.Option(help="Columns to leave out, separated by commas.")] = "",
    no_header: Annotated[bool, typer.Option("--no-header", help="The first row holds values; columns are c0, c1, ...")] = False,
    train_rows: Annotated[int | None, typer.Option(min=1, help="Fit on so many of the training rows only.")] = None,
    prototypes: Annotated[int | None, typer.Option(help="Condense the training rows of knn to so many at most.")] = None,
    task: Annotated[str | None, typer.Option(help="classification or regression, where the target leaves it open.")] = None,
    as_json: Json = False,
) -> None:
    """Train a model on a table of sensor readings."""
    from edgewise import datasets, training

    artifact.claim(output)
    path = file if file.exists() or file.suffix or len(file.parts) > 1 else datasets.shipped(str(file))
    columns = [name for name in drop.split(",") if name]
    dataset = datasets.load(path, target, group, columns, header=not no_header, task=task)  # type: ignore[arg-type]
    with _spinner("training"):
        trained = training.train(dataset, model, test_size, seed, group or "", train_rows, prototypes)
    training.save(trained, output)
    _warn(trained.warnings)
    if as_json:
        _print_json(_score_facts(trained) | {"warnings": trained.warnings, "folder": str(output)})
    else:
        rows = {"held out": _held_out(trained), **_scores(trained), "folder": str(output)}
        _show(f"Trained {model} on {len(trained.X_train)} rows", rows)


@app.command("transpile")
def transpile_command(
    source: Annotated[Path, typer.Argument(metavar="DIR|MODEL.skops", help="Folder of train, or a saved estimator.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder to write; DIR itself by default.")
    ] = None,
    backend: Annotated[str, typer.Option(help="auto, table, or expression (nested ifs, to read).")] = "auto",
    board: Annotated[str, typer.Option(help="See edgewise boards.")] = "RPI_PICO",
    name: Annotated[str | None, typer.Option(help="Name of the module; that of the output folder by default.")] = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Read a pickle or joblib file, which may run any code.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Turn a trained model into one MicroPython module."""
    from edgewise import training
    from edgewise.program import transpile

    saved = training.load(source, trust_pickle)
    if output is None and not source.is_dir():
        raise typer.BadParameter("a file needs -o DIR", param_hint="--output")
    folder = output or source
    artifact.claim(folder)
    with _spinner("transpiling"):
        program = transpile(
            saved.estimator,
            name or _module_name(folder),
            saved.X_train,
            saved.feature_names,
            board,
            backend,
            saved.facts,
        )
        program.save(folder, saved.X_test)
    loaded = artifact.load(folder)
    if as_json:
        _print_json({"name": program.name, "facts": program.facts, **asdict(loaded.footprint), "folder": str(folder)})
        return
    rows = {"module": program.name, **_sizes(loaded), "facts": program.facts, "folder": str(folder)}
    _show("Transpiled", rows)


@app.command("check")
def check_command(
    folder: Folder, board: Annotated[str, typer.Option(help="See edgewise boards.")], as_json: Json = False
) -> None:
    """Does the model fit a board? Exit code 1 and the remedy if not."""
    result = fit.check(artifact.load(folder), Board.load(board))
    size = result.footprint
    rows = {
        "board": result.where,
        "heap held": f"{size.heap_held_bytes} bytes predicted",
        "heap to import": f"{size.heap_import_mpy_bytes} as .mpy, {size.heap_import_py_bytes} as .py, "
        f"of {result.heap_free_bytes} free",
        "files": f"{size.mpy_bytes} as .mpy, {size.py_bytes} as .py, of {result.fs_free_bytes} free",
        "fits": result.fits,
        "notes": result.notes,
    }
    if as_json:
        _print_json(asdict(result) | {"fits": result.fits})
    else:
        _show("Check", rows)
    if not result.fits:
        raise FitError("; ".join(result.problems))


@app.command("deploy")
def deploy_command(
    folder: Folder,
    port: Port,
    source: Annotated[bool, typer.Option("--source", help="Copy the .py, not the .mpy.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Copy although the model seems too large.")] = False,
    as_json: Json = False,
) -> None:
    """Copy the module to a board; only what changed."""
    loaded = artifact.load(folder)
    with _port(port) as target:
        result = _deploy(loaded, target, source, force)
        name = target.name
    note = f"{name} has ended with this command; edgewise emulate keeps a board up" if port in TARGETS else ""
    _print_json(asdict(result)) if as_json else _show("Deployed", show.labeled(result) | {"note": note})


@app.command("verify")
def verify_command(
    folder: Folder,
    port: Port,
    rows: Annotated[int | None, typer.Option(min=1, help="How many of the held-out rows; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Hold the board's predictions to scikit-learn's. Exit code 1 on any unexplained difference."""
    loaded = artifact.load(folder)
    with _deployed(loaded, port) as target:
        result = _verify(loaded, target, rows)
    if as_json:
        _print_json(asdict(result) | {"passed": result.passed})
    else:
        outcome = "passed" if result.passed else f"failed: {result.n_unexplained} of {result.n_rows} rows differ"
        _show("Verified" + _emulated(port), {"result": outcome, **show.labeled(result)})
    require_passed(result)


@app.command("bench")
def bench_command(folder: Folder, port: Port, as_json: Json = False) -> None:
    """Measure time and memory of the deployed model."""
    loaded = artifact.load(folder)
    with _deployed(loaded, port) as target, _spinner("measuring"):
        result = bench(loaded, target)
    _print_json(asdict(result)) if as_json else _show("Measured" + _emulated(port), show.labeled(result))


@app.command("explain")
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
        _print_json(asdict(told) | ({} if tree is None else {"paths": [asdict(path) for path in paths]}))
        return
    for path in paths:
        _tell(path, told.classes)
    if told.classes is not None:
        won = [path.outputs.index(max(path.outputs)) for path in told.paths]
        shares = enumerate(zip(told.classes, told.outputs, strict=True))
        _show("Votes", [{"class": repr(c), "share of votes": share, "trees won": won.count(i)} for i, (c, share) in shares])
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
    _show(f"Explained {told.name}", summary)


@app.command("emulate")
def emulate_command(board: BoardId = "RPI_PICO", as_json: Json = False) -> None:
    """Keep an emulated board up until Ctrl-C.

    Prints its socket:// address, which every --port and mpremote connect take.
    """
    from edgewise.firmware import rp2_firmware
    from edgewise.targets import SerialBoard
    from edgewise.targets.emulated_pico import BOOT_PATIENCE_S, pico_emulator

    Board.load(board)
    with _progress() as on_progress:
        image = rp2_firmware(board, on_progress)
    try:
        with pico_emulator(image.path) as emulator:
            SerialBoard(emulator.address, BOOT_PATIENCE_S).close()  # booted: mpremote does not ask a second time
            _say(f"{board} runs MicroPython {image.version} ({image.origin}); Ctrl-C stops it")
            _print_json({"address": emulator.address}) if as_json else print(emulator.address, flush=True)
            emulator.wait()
            raise PortError(f"the emulated {board} ended by itself: {emulator.fate()}; start it again")
    except KeyboardInterrupt:
        _say("stopped")


@app.command("firmware")
def firmware_command(board: BoardId = "RPI_PICO", as_json: Json = False) -> None:
    """Fetch or build MicroPython for a board.

    Prints the path of the firmware. BOARD may be `unix`, the interpreter of this machine, or `cortex-m3` or `riscv`,
    the boards of QEMU.
    """
    from edgewise.firmware import qemu_firmware, rp2_firmware, unix_micropython
    from edgewise.targets.qemu import MACHINES

    with _progress() as on_progress:
        if board == "unix":
            facts = {"path": str(unix_micropython(on_progress))}
        elif board in MACHINES:
            facts = {"path": str(qemu_firmware(board, on_progress))}
        else:
            Board.load(board)
            image = rp2_firmware(board, on_progress)
            facts = {"path": str(image.path), "version": image.version, "origin": image.origin}
            _say(f"MicroPython {image.version} for {board}: {image.origin}")
    _print_json(facts) if as_json else print(facts["path"])


@app.command("demo")
def demo_command(
    port: Port = "emulator",
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write.")] = Path("build/exercise"),
    as_json: Json = False,
) -> None:
    """The whole way on real data, in one go.

    Trains a forest, transpiles, checks, deploys, verifies and measures it.
    """
    from edgewise import datasets, training
    from edgewise.program import transpile

    data = datasets.load(datasets.shipped("shoulder_exercises"), "exercise", "person", ["recording"])
    artifact.claim(output)
    _say(f"1/6 train: a forest to tell 7 exercises apart; {len(data.y)} windows of watch data, 2 of 10 people held out")
    with _spinner("training"):
        trained = training.train(data, "forest", test_size=0.2, groups="person")
    training.save(trained, output)
    _say("2/6 transpile")
    with _spinner("transpiling"):
        program = transpile(
            trained.estimator, "exercise", trained.X_train, trained.feature_names, "RPI_PICO", facts=trained.facts
        )
        program.save(output, trained.X_test)
    loaded = artifact.load(output)
    _say("3/6 check")
    checked = fit.check(loaded, "RPI_PICO")
    if not checked.fits:
        raise FitError("; ".join(checked.problems))
    with _port(port) as target:
        board = target.info()
        _say(f"4/6 deploy to {board.machine}, MicroPython {board.version}, {board.float_bits}-bit floats" + _emulated(port))
        _deploy(loaded, target)
        _say(f"5/6 verify on the {len(loaded.evidence or ())} rows of people it was not trained on")
        proof = _verify(loaded, target)
        _say("6/6 measure")
        with _spinner("measuring"):
            measured = bench(loaded, target)
    if as_json:
        facts = {**_score_facts(trained), **asdict(proof), **asdict(measured), "folder": str(output)}
        _print_json(facts)
    else:
        explained = f", {proof.n_explained} explained" if proof.n_explained else ""
        summary = {
            **_scores(trained),
            "rows equal on the board": f"{proof.n_equal}/{proof.n_rows}{explained}",
            "us per prediction" + _emulated(port): round(measured.us_per_call),
            "bytes allocated a call": measured.bytes_per_call,
            "heap held, bytes": measured.heap_held_bytes,
            "flash, bytes": measured.mpy_bytes,
            "folder": output,
        }
        _show("Exercise recognition on the board", summary)
    require_passed(proof)


@contextmanager
def _deployed(loaded: artifact.Artifact, port: str) -> Iterator[Target]:
    """The board at a port; where it was started for this call, and is empty, with the module."""
    with _port(port) as target:
        if port in TARGETS:
            _deploy(loaded, target)
        yield target


def _deploy(loaded: artifact.Artifact, target: Target, source: bool = False, force: bool = False) -> Deployment:
    with _bar(f"copying {loaded.name}", "bytes") as on_progress:
        return deploy(loaded, target, source, on_progress, force)


def _verify(loaded: artifact.Artifact, target: Target, rows: int | None = None) -> Verification:
    with _bar("verifying", "rows") as on_progress:
        return verify(loaded, target, rows, on_progress)


def _module_name(folder: Path) -> str:
    """The folder's name as an identifier that is free on the board."""
    from edgewise.program import RESERVED

    name = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in folder.absolute().name.lower())
    return name if name.isidentifier() and not keyword.iskeyword(name) and name not in RESERVED else f"model_{name}"


def _score_facts(trained: "Training") -> dict[str, Any]:
    names = ("metric", "score", "random_score", "baseline_score", "full_score", "n_prototypes", "n_groups", "n_test_groups")
    return {name: getattr(trained, name) for name in names} | {
        "train_rows": len(trained.X_train),
        "test_rows": len(trained.X_test),
    }


def _held_out(trained: "Training") -> str:
    groups = "" if trained.n_groups is None else f"{trained.n_test_groups} of {trained.n_groups} groups, "
    return f"{groups}{len(trained.X_test)} rows"


def _scores(trained: "Training") -> dict[str, Any]:
    rows: dict[str, Any] = {f"{trained.metric} on held-out rows": round(trained.score, 4)}
    if trained.full_score is not None:
        rows |= {"with all training rows": round(trained.full_score, 4), "prototypes": trained.n_prototypes}
    if trained.random_score is not None:
        rows["a random split would claim"] = round(trained.random_score, 4)
    return rows | {"always the same answer": round(trained.baseline_score, 4)}


def _sizes(loaded: artifact.Artifact) -> dict[str, Any]:
    size = loaded.footprint
    return {"mpy bytes": size.mpy_bytes, "py bytes": size.py_bytes, "heap held, predicted": size.heap_held_bytes}


def _tell(path: TreePath, classes: tuple | None) -> None:
    title = f"Tree {path.tree}"
    steps = [
        {"feature": step.feature, "value": short(step.value), "": "<=" if step.below else ">", "threshold": short(step.threshold)}
        for step in path.decisions
    ]
    _show(title, steps or {"decisions": "none"})
    shares = [f"{c!r} {share:.6g}" for c, share in zip(classes or (), path.outputs, strict=False) if share]
    leaf = f"{path.outputs[0]:.7g}" if classes is None else ", ".join(shares)
    out.print(f"leaf: {leaf}\n")  # repr leaves no letter that is not printable


def _emulated(port: str) -> str:
    return "" if port not in TARGETS else " (unix port)" if port == "unix" else " (emulated)"


@contextmanager
def _port(port: str) -> Iterator[Target]:
    with _progress() as on_progress:
        if port == "emulator":
            from edgewise.firmware import rp2_firmware

            image = rp2_firmware(progress=on_progress)
            _say(f"emulated Pico with MicroPython {image.version} ({image.origin})")
        target = connect(port, on_progress)
    with target:
        yield target


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar for steps that call back with a text and a share (None: unknown); a line each where there is no terminal."""
    with _bars() as bars:
        task = bars.add_task("", total=None, visible=False)
        said = set()

        def on_progress(description: str, share: float | None) -> None:
            if not err.is_terminal and description not in said:
                said.add(description)
                _say(description)
            bars.update(
                task,
                description=description,
                completed=(share or 0) * 100,
                total=None if share is None else 100,
                visible=True,
            )

        yield on_progress


@contextmanager
def _bar(description: str, unit: str = "") -> Iterator[Any]:
    """A bar for steps that call back with what is done and what there is in all; now and then a line without a terminal."""
    with _bars() as bars:
        task = bars.add_task(description, total=None)
        said_s = time.monotonic()

        def on_progress(done: int, total: int) -> None:
            nonlocal said_s
            if not err.is_terminal and time.monotonic() - said_s >= SAY_EVERY_S:
                said_s = time.monotonic()
                _say(f"{description}: {done}/{total} {unit}")
            bars.update(task, completed=done, total=total)

        yield on_progress


@contextmanager
def _spinner(description: str) -> Iterator[None]:
    with _bar(description):
        yield


def _say(text: str, style: str | None = None) -> None:
    """One line on stderr, whatever the text holds."""
    err.print(show.printable(" ".join(text.split())), style=style if err.is_terminal else None)


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        _say(f"warning: {warning}")


def _print_json(content: Any) -> None:
    """The only thing on stdout."""
    print(show.strict_json(content), flush=True)


def _show(title: str, content: dict[str, Any] | list[dict[str, Any]]) -> None:
    out.print(show.table(title, content))
