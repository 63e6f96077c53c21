"""The command line: the table of commands. Nothing outside this package prints or exits."""

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from edgewise.cli import board, demo, model, sensor
from edgewise.cli.terminal import say
from edgewise.errors import EdgewiseError

COMMANDS: dict[str, Callable[..., None]] = {
    "sensors": sensor.sensors_command,
    "record": sensor.record_command,
    "import": sensor.import_command,
    "features": sensor.features_command,
    "boards": board.boards_command,
    "models": model.models_command,
    "train": model.train_command,
    "transpile": model.transpile_command,
    "check": board.check_command,
    "deploy": board.deploy_command,
    "verify": board.verify_command,
    "bench": board.bench_command,
    "explain": model.explain_command,
    "monitor": sensor.monitor_command,
    "report": model.report_command,
    "emulate": board.emulate_command,
    "firmware": board.firmware_command,
    "demo": demo.demo_command,
}

app = typer.Typer(
    help="From a sensor to a label on MicroPython boards: record, train with scikit-learn, transpile, deploy, verify.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for name, command in COMMANDS.items():
    app.command(name)(command)


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
    say(f"error: {message}", "bold red")
    sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(ask: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False) -> None:
    if ask:
        print(f"edgewise {version('edgewise')}")
        raise typer.Exit
