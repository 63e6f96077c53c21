"""The whole way on real data, in one go."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from edgewise import artifact, fit
from edgewise.bench import bench
from edgewise.cli.model import score_facts, scores
from edgewise.cli.terminal import Json, Port, copy, emulated, open_port, print_json, prove, say, show_table, spinner
from edgewise.errors import FitError
from edgewise.recording import Recording
from edgewise.verify import require_passed

LIVE_WINDOW_S = 4.0
LIVE_LABELS = ("ABD", "PEN", "ROW")  # of one person, 12 s each


def demo_command(
    port: Port = "emulator",
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write.")] = Path("build/exercise"),
    as_json: Json = False,
) -> None:
    """The whole way on real data, in one go.

    Trains a forest, transpiles, checks, deploys, verifies and measures it; then, on an emulated board, the live path.
    """
    from edgewise import datasets, training
    from edgewise.program import transpile

    data = datasets.load(datasets.shipped("shoulder_exercises"), "exercise", "person", ["recording"])
    artifact.claim(output)
    say(f"1/8 train: a forest to tell 7 exercises apart; {len(data.y)} windows of watch data, 2 of 10 people held out")
    with spinner("training"):
        trained = training.train(data, "forest", test_size=0.2, groups="person")
    training.save(trained, output)
    say("2/8 transpile")
    with spinner("transpiling"):
        program = transpile(
            trained.estimator, "exercise", trained.X_train, trained.feature_names, "RPI_PICO", facts=trained.facts
        )
        program.save(output, trained.X_test)
    loaded = artifact.load(output)
    windows: list[dict[str, Any]] = []
    say("3/8 check")
    checked = fit.check(loaded, "RPI_PICO")
    if not checked.fits:
        raise FitError("; ".join(checked.problems))
    with ThreadPoolExecutor(1) as pool, open_port(port) as target:
        # beside the rest: most of both is waiting for an emulated board
        live = pool.submit(_live, output.with_name(output.name + "_live")) if port == "emulator" else None
        board = target.info()
        say(f"4/8 deploy to {board.machine}, MicroPython {board.version}, {board.float_bits}-bit floats" + emulated(port))
        copy(loaded, target)
        say(f"5/8 verify on the {len(loaded.evidence or ())} rows of people it was not trained on")
        proof = prove(loaded, target)
        say("6/8 measure")
        with spinner("measuring"):
            measured = bench(loaded, target)
        if live is not None:
            say("7/8 features of recordings, by the code that runs on the board, and a model of them")
            say("8/8 live: sampler, features and model on a second board, and somebody moves whom the model does not know")
            with spinner("listening"):
                windows = live.result()
    if as_json:
        facts = {**score_facts(trained), **asdict(proof), **asdict(measured), "live": windows, "folder": str(output)}
        print_json(facts)
    else:
        explained = f", {proof.n_explained} explained" if proof.n_explained else ""
        summary = {
            **scores(trained),
            "rows equal on the board": f"{proof.n_equal}/{proof.n_rows}{explained}",
            "us per prediction" + emulated(port): round(measured.us_per_call),
            "bytes allocated a call": measured.bytes_per_call,
            "heap held, bytes": measured.heap_held_bytes,
            "flash, bytes": measured.mpy_bytes,
            "folder": output,
        }
        show_table("Exercise recognition on the board", summary)
        if windows:
            show_table("Live, from an emulated MPU-6050 that plays somebody the model does not know", windows)
    require_passed(proof)


def _live(output: Path) -> list[dict[str, Any]]:
    """From recordings to labels while the sensor plays; of each window what was played and what the board said."""
    from edgewise import datasets, recordings, stages, training
    from edgewise.app import deploy_app
    from edgewise.firmware import rp2_firmware
    from edgewise.monitor import Label, monitor
    from edgewise.program import transpile
    from edgewise.targets import EmulatedPico

    folder = datasets.shipped("shoulder_recordings")
    found, _ = recordings.load_all(folder)
    artifact.claim(output)
    features = output.with_suffix(".csv")
    stages.save(stages.build(found, ("motion",), LIVE_WINDOW_S, LIVE_WINDOW_S / 2), features)
    trained = training.train(datasets.load(features, "label", "person"), "linear", test_size=0.2, folds=0)
    training.save(trained, output)
    program = transpile(
        trained.estimator, "motion_live", trained.X_train, trained.feature_names, facts=trained.facts, stage=trained.stage
    )
    program.save(output, trained.X_test)
    assert trained.groups_test is not None
    stranger = min(trained.groups_test)
    played = [r for r in found if r.meta.person == stranger and r.meta.label in LIVE_LABELS]
    said: list[Label] = []

    def take(event: Any) -> bool:
        said.extend([event] if isinstance(event, Label) else [])
        return bool(said) and said[-1].time_s > sum(r.seconds for r in played) - LIVE_WINDOW_S / 2

    loaded = artifact.load(output)
    files = ",".join(str(folder / f"{r.name}.npz") for r in played)
    with EmulatedPico(rp2_firmware().path, [f"mpu6050={files}"], fast=True) as board:
        deploy_app(loaded, loaded.stage or {}, played[0].meta.sensor or {}, board)
        monitor(board, take)
    return [
        {"s": round(label.time_s, 1), "moves": _played(played, label.time_s), "the board says": label.label}
        | {"probability": round(max(label.proba), 2)}
        for label in said
    ]


def _played(recordings: Sequence[Recording], end_s: float) -> str:
    """Labels of the recordings, one after another, that the window up to end_s saw."""
    labels, begin_s = [], 0.0
    for recording in recordings:
        if begin_s < end_s and begin_s + recording.seconds > end_s - LIVE_WINDOW_S:
            labels.append(str(recording.meta.label))
        begin_s += recording.seconds
    return ", then ".join(labels)
