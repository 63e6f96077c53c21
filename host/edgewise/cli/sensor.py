"""Commands from a sensor to features, and to live labels: sensors, record, import, features, monitor."""

import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise import recordings, sensors
from edgewise.cli.live import Screen
from edgewise.cli.terminal import Json, Port, bar, open_port, print_json, say, show_table, warn
from edgewise.errors import DatasetError, RecordingError

if TYPE_CHECKING:
    from edgewise.record import Recorded

SensorId = Annotated[str, typer.Option("--sensor", help="See edgewise sensors.")]
Pins = Annotated[str, typer.Option(help="Where the wires go, as sda=4,scl=5; the usual ones by default.")]
Options = Annotated[list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="Of the sensor, as range_g=4.")]
Rate = Annotated[float | None, typer.Option("--rate", help="Samples a second; 100 by default, or the nearest it can.")]
Address = Annotated[str | None, typer.Option(help="On the I2C bus, as 0x69.")]
Recordings = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of recordings; new files are added.")]
KeepShort = Annotated[bool, typer.Option("--keep-short", help="Use what a recording that is cut short holds.")]
Person = Annotated[str | None, typer.Option(help="Who moves, so that a split can keep people apart.")]


def sensors_command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them, in full.")] = None, as_json: Json = False
) -> None:
    """The sensors with a driver; of one, its wiring and options."""
    known = sensors.known() if name is None else [sensors.Sensor.load(name)]
    if as_json:
        print_json([asdict(sensor) for sensor in known])
    elif name is None:
        rows = [
            {"sensor": s.name, "what": s.title, "bus": s.bus, "Hz": "{:g} to {:g}".format(*s.rates_hz), "axes": ", ".join(s.axes)}
            for s in known
        ]
        show_table("Sensors (edgewise sensors NAME: how it is wired)", rows)
    else:
        (one,) = known
        show_table(one.title, [dict(zip(("its pin", "Pico", "ESP32"), row, strict=False)) for row in one.wiring])
        options = {f"--option {option}": _values(choice) for option, choice in one.options.items()}
        axes = [f"{axis} ({unit})" for axis, unit in zip(one.axes, one.units, strict=True)]
        show_table(one.name, {"axes": axes, "rate": "{:g} to {:g} Hz".format(*one.rates_hz), **options, "source": one.source})


def record_command(
    port: Port,
    sensor: SensorId,
    label: Annotated[str, typer.Option(help="What is recorded: the class, as squat.")],
    output: Recordings,
    rate: Rate = None,
    seconds: Annotated[float, typer.Option(help="Of each recording.")] = 10.0,
    repeat: Annotated[int, typer.Option(min=1, help="How many recordings.")] = 1,
    pause: Annotated[float, typer.Option(min=0, help="Seconds to get ready before each.")] = 3.0,
    person: Person = None,
    option: Options = None,
    pins: Pins = "",
    address: Address = None,
    as_json: Json = False,
) -> None:
    """Record a sensor on a board, labeled, into DIR/LABEL_NN.npz.

    What was recorded stays, whatever happens after.
    """
    from edgewise.record import n_samples, prepare, record

    recordings.check_label(label)
    config = sensor_config(sensor, rate, option, pins, address)
    n_samples(config, seconds)
    done: list[Recorded] = []
    with open_port(port) as target:
        with bar("copying the recorder", "bytes") as on_progress:
            prepare(target, config, on_progress)
        for number in range(1, repeat + 1):
            if pause:
                say(f"{label}, {number} of {repeat}: get ready, {pause:g} s")
                time.sleep(pause)
            try:
                with bar(f"recording {label}, {number} of {repeat}", "samples") as on_progress:
                    done.append(record(target, config, label, seconds, output, person, on_progress, prepared=True))
            except KeyboardInterrupt:
                say(f"stopped; {output} keeps what came, as a recording that is cut short")
                raise typer.Exit(130) from None
            warn(done[-1].warnings)
            if done[-1].reason:
                break
    if as_json:
        print_json([asdict(recorded) | {"path": str(recorded.path)} for recorded in done])
        return
    rows = [
        {"file": r.path.name, "samples": r.n_samples, "Hz": r.rate_hz, "missed": r.missed, "lost frames": r.lost_frames}
        | {"us between samples": f"{r.shortest_us} to {r.longest_us}"}
        for r in done
    ]
    show_table(f"Recorded into {output}", rows)


def import_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="csv, npy, wav, or Edge Impulse's json and cbor.")],
    output: Recordings,
    rate: Annotated[float | None, typer.Option(help="Samples a second, where the file does not say.")] = None,
    label: Annotated[str | None, typer.Option(help="Of all of them, where the files do not say.")] = None,
    person: Person = None,
    axes: Annotated[str, typer.Option(help="Columns to take, or names for them, with commas between.")] = "",
    units: Annotated[str, typer.Option(help="One for all axes, or one each, with commas between.")] = "",
    scale: Annotated[str, typer.Option(help="What a count means in that unit: one, or one each, with commas.")] = "",
    keep_short: Annotated[bool, typer.Option("--keep-short", help="Keep what a file that is cut short holds.")] = False,
    as_json: Json = False,
) -> None:
    """Turn files of other tools into recordings."""
    from edgewise.importers import import_files
    from edgewise.readings import Options as Reading

    try:
        scales = tuple(map(float, _listed(scale)))
    except ValueError:
        raise typer.BadParameter(f"{scale} are no numbers; write 0.001, or 0.001,0.002", param_hint="--scale") from None
    options = Reading(label, person, rate, _listed(axes), _listed(units), scales)
    saved, problems, notes = import_files(files, output, options, keep_short)
    warn((*map(str, problems), *notes))
    if not saved:
        raise RecordingError(f"none of {len(files)} files became a recording in {output}; see the lines above")
    if as_json:
        print_json([{"name": r.name, "label": r.meta.label, "samples": len(r), "seconds": r.seconds} for r in saved])
    else:
        counts = Counter(str(r.meta.label) for r in saved)
        rows = {"recordings": len(saved), **counts, "seconds": sum(r.seconds for r in saved), "skipped": len(problems)}
        show_table(f"Imported into {output}", rows)


def features_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Recordings, or shoulder_recordings, which come along.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="csv to write.")] = Path("features.csv"),
    window: Annotated[float, typer.Option(help="Seconds of a window.")] = 4.0,
    hop: Annotated[float | None, typer.Option(help="Seconds to the next; half a window by default.")] = None,
    sets: Annotated[str, typer.Option("--set", help="motion, spectral, slow, raw; several with commas between.")] = "motion",
    keep_short: KeepShort = False,
    as_json: Json = False,
) -> None:
    """Compute features of recordings, as the board does."""
    from edgewise import stages

    where = folder if folder.exists() or len(folder.parts) > 1 else _shipped(folder)
    found, problems = recordings.load_all(where, keep_short)
    warn(tuple(map(str, problems)))
    if not found:
        raise RecordingError(f"{where}: none of its {len(problems)} recordings is whole; --keep-short takes what they hold")
    with bar("computing", "windows") as on_progress:
        table = stages.build(found, _listed(sets), window, window / 2 if hop is None else hop, on_progress)
    warn(table.notes)
    stages.save(table, output)
    counts = Counter(table.labels)
    if as_json:
        print_json(table.stage | {"windows": counts, "notes": table.notes, "file": str(output)})
        return
    rows = {
        "recordings": len(found),
        "windows": f"{len(table.X)} of {table.stage['length']} samples at {table.stage['rate_hz']:g} Hz",
        "features": f"{len(table.features)}: {', '.join(table.features[:3])}, ...",
        "windows of a label": ", ".join(f"{label} {count}" for label, count in counts.items()),
        "people": len(set(table.persons)) if table.persons else None,
        "file": str(output),
    }
    show_table(f"Features from {where.name}", rows)


def monitor_command(
    port: Port,
    seconds: Annotated[float | None, typer.Option(min=0, help="Of the board's clock; else until Ctrl-C.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the labels there.")] = None,
    as_json: Json = False,
) -> None:
    """Show live labels and the raw trace of a deployed app."""
    from edgewise.monitor import monitor

    with open_port(port) as target, Screen(as_json, csv) as screen:
        say("starting the app")
        try:
            monitor(target, screen.take, seconds)
        except KeyboardInterrupt:
            say("stopped; the app goes on without monitor")
    if not screen.n_labels:
        say("no window was full: monitor for longer")


def _shipped(folder: Path) -> Path:
    from edgewise import datasets

    try:
        return datasets.shipped(str(folder))
    except DatasetError as error:
        raise RecordingError(f"there is no folder {folder} here, and {error}") from None


def _values(option: sensors.Option) -> str:
    """What an option takes, its default first."""
    match option:
        case sensors.Choice():
            return ", ".join(map(str, option.values))
        case sensors.Number():
            return f"{option.default}; {option.lowest} to {option.highest}"
        case sensors.Text():
            return option.text


def sensor_config(sensor: str, rate: float | None, options: list[str] | None, pins: str, address: str | None) -> dict[str, Any]:
    """What the options say of a sensor."""
    pairs = dict(_pair(option, "--option") for option in options or ())
    wires = dict(_pair(pin, "--pins") for pin in _listed(pins))
    try:
        number = None if address is None else int(address, 0)
    except ValueError:
        raise typer.BadParameter(f"{address} is no number; write it as 0x69", param_hint="--address") from None
    return sensors.config(sensor, rate, wires, number, pairs)  # type: ignore[arg-type]


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text} is no NAME=VALUE", param_hint=option)
    return name.strip(), value.strip()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
