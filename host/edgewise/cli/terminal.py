"""What the commands share: options, the two consoles, progress, and the port."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from edgewise import show
from edgewise.artifact import Artifact
from edgewise.deploy import Deployment, deploy
from edgewise.targets import TARGETS, Target, connect
from edgewise.verify import Verification, verify

out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

SAY_EVERY_S = 10.0  # between two lines of progress

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of train or transpile.")]
BoardId = Annotated[str, typer.Argument(metavar="BOARD", help="RPI_PICO, the one that can be emulated.")]
Port = Annotated[str, typer.Option(help="auto, /dev/ttyACM0, COM3, socket://HOST:PORT; here emulator, cortex-m3, riscv, unix.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write; new, empty, or an earlier one.")]


@contextmanager
def deployed(loaded: Artifact, port: str) -> Iterator[Target]:
    """The board at a port; where it was started for this call, and is empty, with the module."""
    with open_port(port) as target:
        if port in TARGETS:
            copy(loaded, target)
        yield target


def copy(loaded: Artifact, target: Target, source: bool = False, force: bool = False) -> Deployment:
    with bar(f"copying {loaded.name}", "bytes") as on_progress:
        return deploy(loaded, target, source, on_progress, force)


def prove(loaded: Artifact, target: Target, rows: int | None = None) -> Verification:
    with bar("verifying", "rows") as on_progress:
        return verify(loaded, target, rows, on_progress)


def emulated(port: str) -> str:
    return "" if port not in TARGETS else " (unix port)" if port == "unix" else " (emulated)"


@contextmanager
def open_port(port: str) -> Iterator[Target]:
    with progress() as on_progress:
        if port == "emulator":
            from edgewise.firmware import rp2_firmware

            image = rp2_firmware(progress=on_progress)
            say(f"emulated Pico with MicroPython {image.version} ({image.origin})")
        target = connect(port, on_progress)
    with target:
        yield target


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


@contextmanager
def progress() -> Iterator[Any]:
    """A bar for steps that call back with a text and a share (None: unknown); a line each where there is no terminal."""
    with _bars() as bars:
        task = bars.add_task("", total=None, visible=False)
        said = set()

        def on_progress(description: str, share: float | None) -> None:
            if not err.is_terminal and description not in said:
                said.add(description)
                say(description)
            bars.update(
                task,
                description=description,
                completed=(share or 0) * 100,
                total=None if share is None else 100,
                visible=True,
            )

        yield on_progress


@contextmanager
def bar(description: str, unit: str = "") -> Iterator[Any]:
    """A bar for steps that call back with what is done and what there is in all; now and then a line without a terminal."""
    with _bars() as bars:
        task = bars.add_task(description, total=None)
        said_s = time.monotonic()

        def on_progress(done: int, total: int) -> None:
            nonlocal said_s
            if not err.is_terminal and time.monotonic() - said_s >= SAY_EVERY_S:
                said_s = time.monotonic()
                say(f"{description}: {done}/{total} {unit}")
            bars.update(task, completed=done, total=total)

        yield on_progress


@contextmanager
def losses(description: str) -> Iterator[Any]:
    """Of a network that learns and calls back with the number of an epoch and its loss: a line that changes, with their curve;
    without a terminal a line for epochs 1, 2, 5, 10, 20, 50, ... and the last one. Else it spins."""
    curve: list[float] = []
    with _bars() as bars:
        task = bars.add_task(description, total=None)

        def on_epoch(epoch: int, loss: float) -> None:
            curve.append(loss)
            bars.update(task, description=f"{description}, epoch {epoch}: loss {loss:.4f} {show.sparkline(curve)}")
            if not err.is_terminal and str(epoch).rstrip("0") in ("1", "2", "5"):
                say(f"epoch {epoch}: loss {loss:.4f}")

        yield on_epoch
        if curve and not err.is_terminal and str(len(curve)).rstrip("0") not in ("1", "2", "5"):
            say(f"epoch {len(curve)}: loss {curve[-1]:.4f}")


@contextmanager
def spinner(description: str) -> Iterator[None]:
    with bar(description):
        yield


def say(text: str, style: str | None = None) -> None:
    """One line on stderr, whatever the text holds."""
    err.print(show.printable(" ".join(text.split())), style=style if err.is_terminal else None)


def warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        say(f"warning: {warning}")


def print_json(content: Any) -> None:
    """The only thing on stdout."""
    print(show.strict_json(content), flush=True)


def show_table(title: str, content: dict[str, Any] | list[dict[str, Any]]) -> None:
    out.print(show.table(title, content))
