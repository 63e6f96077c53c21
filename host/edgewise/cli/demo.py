"""The whole way on real data, in one go."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edgewise import artifact, fit
from edgewise.bench import bench
from edgewise.cli.model import score_facts, scores
from edgewise.cli.terminal import Json, Port, copy, emulated, open_port, print_json, prove, say, show_table, spinner
from edgewise.errors import FitError
from edgewise.verify import require_passed


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
    say(f"1/6 train: a forest to tell 7 exercises apart; {len(data.y)} windows of watch data, 2 of 10 people held out")
    with spinner("training"):
        trained = training.train(data, "forest", test_size=0.2, groups="person")
    training.save(trained, output)
    say("2/6 transpile")
    with spinner("transpiling"):
        program = transpile(
            trained.estimator, "exercise", trained.X_train, trained.feature_names, "RPI_PICO", facts=trained.facts
        )
        program.save(output, trained.X_test)
    loaded = artifact.load(output)
    say("3/6 check")
    checked = fit.check(loaded, "RPI_PICO")
    if not checked.fits:
        raise FitError("; ".join(checked.problems))
    with open_port(port) as target:
        board = target.info()
        say(f"4/6 deploy to {board.machine}, MicroPython {board.version}, {board.float_bits}-bit floats" + emulated(port))
        copy(loaded, target)
        say(f"5/6 verify on the {len(loaded.evidence or ())} rows of people it was not trained on")
        proof = prove(loaded, target)
        say("6/6 measure")
        with spinner("measuring"):
            measured = bench(loaded, target)
    if as_json:
        facts = {**score_facts(trained), **asdict(proof), **asdict(measured), "folder": str(output)}
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
    require_passed(proof)
