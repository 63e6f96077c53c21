"""Commands for a board, real or emulated: check, deploy, verify, bench."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from edgewise import artifact, boards, fit, show
from edgewise.app import check_app, deploy_app
from edgewise.bench import bench
from edgewise.boards import Board
from edgewise.cli.sensor import Address, Options, Pins, sensor_config
from edgewise.cli.terminal import (
    BoardId,
    Folder,
    Json,
    Port,
    bar,
    copy,
    deployed,
    emulated,
    open_port,
    print_json,
    progress,
    prove,
    say,
    show_table,
    spinner,
)
from edgewise.errors import FitError, PortError
from edgewise.targets import TARGETS
from edgewise.verify import require_passed


def boards_command(as_json: Json = False) -> None:
    """The known boards and their limits."""
    if as_json:
        print_json([asdict(board) for board in boards.known()])
        return
    rows = [
        {"id": b.id, "mcu": b.mcu, ".mpy": b.mpy_arch, "float": b.float_bits, "MHz": b.clock_hz // 10**6}
        | {"heap": b.heap_free_bytes, "files": b.fs_bytes, "emulated": b.emulated}
        for b in boards.known()
    ]
    show_table("Boards (heap and files: free bytes)", rows)


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
        print_json(asdict(result) | {"fits": result.fits})
    else:
        show_table("Check", rows)
    if not result.fits:
        raise FitError("; ".join(result.problems))


def deploy_command(
    folder: Folder,
    port: Port,
    app: Annotated[bool, typer.Option("--app", help="With sampler, features and sensor, as the board's main.py.")] = False,
    source: Annotated[bool, typer.Option("--source", help="Copy the .py, not the .mpy.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Copy although the model seems too large.")] = False,
    sensor: Annotated[str | None, typer.Option(help="Of the app; that of the recordings by default.")] = None,
    option: Options = None,
    pins: Pins = "",
    address: Address = None,
    as_json: Json = False,
) -> None:
    """Copy the module to a board; only what changed."""
    loaded = _transpiled(folder)
    config = _sensor_of(loaded, sensor, option, pins, address) if app else None
    with open_port(port) as target:
        if config is None:
            result = copy(loaded, target, source, force)
        else:
            with bar(f"copying {loaded.name} and its app", "bytes") as on_progress:
                result = deploy_app(loaded, loaded.stage or {}, config, target, force, on_progress)
            if port not in TARGETS:
                with spinner("starting the app"):
                    check_app(target)
                target.restart()
        name = target.name
    note = f"{name} has ended with this command; edgewise emulate keeps a board up" if port in TARGETS else ""
    print_json(asdict(result)) if as_json else show_table("Deployed", show.labeled(result) | {"note": note})


def _sensor_of(
    loaded: artifact.Artifact, sensor: str | None, option: list[str] | None, pins: str, address: str | None
) -> dict[str, Any]:
    """The sensor of the recordings, or the one that the user names instead, at the rate of the model."""
    if loaded.stage is None:
        raise FitError(f"{loaded.name} was not trained on what edgewise features wrote, so its features are not known to a board")
    kept = loaded.stage["sensor"]
    if sensor is None and kept is None:
        raise FitError(f"the recordings of {loaded.name} do not say their sensor: name it, as --sensor mpu6050")
    if sensor is None and not (option or pins or address):
        return kept
    options = [*(f"{name}={value}" for name, value in ((kept or {}).get("options") or {}).items()), *(option or ())]
    same = sensor is None or (kept or {}).get("sensor") == sensor
    return sensor_config(sensor or kept["sensor"], loaded.stage["rate_hz"], options if same else option, pins, address)


def _transpiled(folder: Path) -> artifact.Artifact:
    """The artifact there; made first where there is a trained model alone."""
    if artifact.is_trained_only(folder):
        from edgewise.cli.model import make

        say(f"{folder} was trained, and is transpiled now")
        make(folder, folder)
    return artifact.load(folder)


def verify_command(
    folder: Folder,
    port: Port,
    rows: Annotated[int | None, typer.Option(min=1, help="How many of the held-out rows; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Hold the board's predictions to scikit-learn's. Exit code 1 on any unexplained difference."""
    loaded = artifact.load(folder)
    with deployed(loaded, port) as target:
        result = prove(loaded, target, rows)
    if as_json:
        print_json(asdict(result) | {"passed": result.passed})
    else:
        outcome = "passed" if result.passed else f"failed: {result.n_unexplained} of {result.n_rows} rows differ"
        show_table("Verified" + emulated(port), {"result": outcome, **show.labeled(result)})
    require_passed(result)


def bench_command(folder: Folder, port: Port, as_json: Json = False) -> None:
    """Measure time and memory of the deployed model."""
    loaded = artifact.load(folder)
    with deployed(loaded, port) as target, spinner("measuring"):
        result = bench(loaded, target)
        where = target.name
    if as_json:
        print_json(asdict(result) | {"where": where, "emulated": bool(emulated(port))})
    else:
        show_table("Measured" + emulated(port), show.labeled(result))


def emulate_command(
    board: BoardId = "RPI_PICO",
    sensor: Annotated[list[str] | None, typer.Option(metavar="NAME=FILE", help="mpu6050, bh1750, sht31: plays files.")] = None,
    adc: Annotated[list[str] | None, typer.Option(metavar="INPUT=FILE", help="Plays volts into an input: 0=light.csv.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Let emulated time jump ahead while the board sleeps.")] = False,
    as_json: Json = False,
) -> None:
    """Keep an emulated board up until Ctrl-C, with its sensors.

    Prints its socket:// address, which every --port and mpremote connect take.
    """
    from edgewise.firmware import rp2_firmware
    from edgewise.targets import SerialBoard
    from edgewise.targets.emulated_pico import BOOT_PATIENCE_S, pico_emulator

    Board.load(board)
    with progress() as on_progress:
        image = rp2_firmware(board, on_progress)
    try:
        with pico_emulator(image.path, sensor or (), adc or (), fast) as emulator:
            SerialBoard(emulator.address, BOOT_PATIENCE_S).close()  # booted: mpremote does not ask a second time
            say(f"{board} runs MicroPython {image.version} ({image.origin}); Ctrl-C stops it")
            print_json({"address": emulator.address}) if as_json else print(emulator.address, flush=True)
            emulator.wait()
            raise PortError(f"the emulated {board} ended by itself: {emulator.fate()}; start it again")
    except KeyboardInterrupt:
        say("stopped")


def firmware_command(board: BoardId = "RPI_PICO", as_json: Json = False) -> None:
    """Fetch or build MicroPython for a board.

    Prints the path of the firmware. BOARD may be `unix`, the interpreter of this machine, or `cortex-m3` or `riscv`,
    the boards of QEMU.
    """
    from edgewise.firmware import qemu_firmware, rp2_firmware, unix_micropython
    from edgewise.targets.qemu import MACHINES

    with progress() as on_progress:
        if board == "unix":
            facts = {"path": str(unix_micropython(on_progress))}
        elif board in MACHINES:
            facts = {"path": str(qemu_firmware(board, on_progress))}
        else:
            Board.load(board)
            image = rp2_firmware(board, on_progress)
            facts = {"path": str(image.path), "version": image.version, "origin": image.origin}
            say(f"MicroPython {image.version} for {board}: {image.origin}")
    print_json(facts) if as_json else print(facts["path"])
