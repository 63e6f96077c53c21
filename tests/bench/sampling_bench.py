"""The way from a sensor to a label on the emulated Pico: what a sample and a label cost, what minutes leave.

python tests/bench/sampling_bench.py [SECONDS]     emulated seconds of the app at 100 Hz
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from edgewise import artifact, datasets, recordings, sensors, stages, transpile
from edgewise.app import SAMPLING, deploy_app, put_modules
from edgewise.firmware import rp2_firmware
from edgewise.recording import Recording
from edgewise.targets import EmulatedPico

HERE = Path(__file__).parent
RATE_HZ, LENGTH, HOP = 100.0, 128, 64
SECONDS = 60
GOALS = {"interrupt_us": 60.0, "allocated": 0, "label_ms": 5.0, "missed": 0, "heap_growth": 0}


def measure(seconds: int = SECONDS) -> list[dict]:
    """One row a number: what, value, unit, goal (None where there is none), and where it was measured."""
    with EmulatedPico(rp2_firmware().path) as pico:
        put_modules(pico, SAMPLING)
        cost = json.loads(pico.exec((HERE / "device" / "sampling_cost.py").read_text("utf-8"), timeout_s=600))
    per_sample = cost["interrupt_us"] + cost["take_us"] + cost["frame_us"] / cost["samples_in_frame"]
    with _app() as pico:
        windows = int((seconds * RATE_HZ - LENGTH) // HOP) + 1
        pico.exec((HERE / "device" / "label_cost.py").read_text("utf-8"))
        ran = json.loads(pico.exec(f"measure({windows})", timeout_s=60 + 60 * seconds))
    rows = (
        ("sampling interrupt, bus and driver excluded", cost["interrupt_us"], "us a sample", "interrupt_us"),
        ("allocated by 500 interrupts", cost["allocated"], "bytes", "allocated"),
        ("taken and framed", per_sample - cost["interrupt_us"], "us a sample", None),
        ("of a second at 1 kHz x 3 axes, bus and USB excluded", per_sample * 1000 / 1e6 * 100, "%", None),
        ("motion features, 128 samples x 3 axes", ran["stage_us"] / 1000, "ms", None),
        ("full window to label, 10 trees", (ran["stage_us"] + ran["model_us"]) / 1000, "ms", "label_ms"),
        (f"missed in {seconds} s at 100 Hz", ran["missed"], "samples", "missed"),
        (f"late in {seconds} s at 100 Hz", ran["late"], "samples", None),
        ("longest step", ran["longest_us"], "us", None),
        (f"heap after {ran['lines']} labels, less that after 2", ran["heap_after"] - ran["heap_before"], "bytes", "heap_growth"),
    )
    return [
        {"what": what, "value": value, "unit": unit, "goal": GOALS.get(goal or ""), "on": "emulated Pico"}
        for what, value, unit, goal in rows
    ]


@contextmanager
def _app() -> Iterator[EmulatedPico]:
    """A board with a forest over motion features of the shipped recordings' acceleration."""
    found, _ = recordings.load_all(datasets.shipped("shoulder_recordings"))
    alone = [_acceleration(recording) for recording in found]
    table = stages.build(alone, ("motion",), LENGTH / alone[0].meta.rate_hz, HOP / alone[0].meta.rate_hz)
    forest = RandomForestClassifier(10, max_leaf_nodes=100, random_state=0).fit(table.X, table.labels)
    made = artifact.of_program(transpile(forest, "forest", table.X, table.features))
    facing = table.stage | {"rate_hz": RATE_HZ}
    config = sensors.config("mpu6050", RATE_HZ, options={"range_g": 8})
    with EmulatedPico(rp2_firmware().path, sensors=["mpu6050"], fast=True) as pico:
        deploy_app(made, facing, config, pico)
        pico.soft_reset()
        yield pico


def _acceleration(recording: Recording) -> Recording:
    meta = recording.meta
    parts = {name: getattr(meta, name)[:3] for name in ("axes", "units", "scales", "offsets")}
    return replace(recording, samples=np.ascontiguousarray(recording.samples[:, :3]), meta=replace(meta, **parts))


if __name__ == "__main__":
    for row in measure(*map(int, sys.argv[1:2])):
        goal = "" if row["goal"] is None else f"   (asked: at most {row['goal']})"
        print(f"{row['what']:55} {row['value']:10.1f} {row['unit']}{goal}")
