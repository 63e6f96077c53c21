"""A deployed app: runtime, driver, model and configuration, which together are what the board's main.py runs."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from edgewise import runtime
from edgewise.artifact import Artifact
from edgewise.decisions import several
from edgewise.deploy import Deployment, deploy
from edgewise.errors import DeviceError, FitError, SensorError
from edgewise.runtime_text import needed
from edgewise.sensors import Sensor
from edgewise.targets import Target

CONFIG, MAIN = "/edgewise.json", "/main.py"
MARK = b"edgewise deploy --app"  # in a main.py of ours
SAMPLING = ("sampler", "frames", "sensors", "recorder")  # modules of the runtime that reading a sensor takes
RUNNING = (*SAMPLING, "window", "app")
STAGE_KEYS = ("sets", "axes", "units", "length", "hop")

Progress = Callable[[int, int], None]


def put_modules(target: Target, names: Iterable[str], on_progress: Progress | None = None) -> Deployment:
    """Puts modules of the runtime and drivers (sampler, drivers/mpu6050) to /lib, those alone that differ from those there."""
    return put_changed(target, runtime.module_files(names, target.info().mpy_arch), on_progress)


def put_changed(target: Target, files: Mapping[str, bytes], on_progress: Progress | None = None) -> Deployment:
    """on_progress: bytes done and in all, over all files that are copied."""
    have = target.hashes(list(files))
    changed = {path: content for path, content in files.items() if have[path] != hashlib.sha256(content).hexdigest()}
    total, before = sum(map(len, changed.values())), 0

    def tell(done: int, _size: int) -> None:
        if on_progress:
            on_progress(before + done, total)

    for path, content in changed.items():
        target.put(path, content, tell)
        before += len(content)
    return Deployment(tuple(changed), tuple(path for path in files if path not in changed), ())


def driver_modules(config: Mapping[str, Any]) -> list[str]:
    """The driver of a sensor's configuration and what it imports, as `runtime` names them. Raises SensorError."""
    sensor = Sensor.load(config["sensor"])
    if config["module"] != sensor.module or config["class"] != sensor.class_name:
        found = f"{config['module']}.{config['class']}"
        raise SensorError(
            f"sensor {sensor.name} has the driver {sensor.module}.{sensor.class_name}, not {found}; make the config again"
        )
    return list(sensor.modules)


def deploy_app(
    artifact: Artifact,
    stage: Mapping[str, Any],
    config: Mapping[str, Any],
    target: Target,
    force: bool = False,
    on_progress: Progress | None = None,
) -> Deployment:
    """Model, stage and sensor as the board's main.py; copies what changed, main.py last.

    stage: sets, axes, units, scales, offsets, rate_hz, length, hop and features, as the sidecar of features.csv has them. config:
    of the sensor. force: replaces a main.py of somebody else, and copies a model that seems too large. The app starts with the
    board; see `Target.restart`. Raises FitError, SensorError, DeviceError or PortError, one line.
    """
    content = json.dumps(app_config(artifact, stage, config)).encode("ascii")
    names = [*RUNNING, *needed(stage["sets"]), *driver_modules(config)]
    if target.exists(MAIN) and not force and not target.holds(MAIN, (MARK,)):
        raise DeviceError(f"{MAIN} on {target.name} is not of edgewise and was left alone: rename it, or use --force")
    files = runtime.module_files(names, target.info().mpy_arch)
    model = deploy(artifact, target, force=force)
    around = put_changed(target, files, on_progress)
    wiring = put_changed(target, {CONFIG: content, MAIN: (runtime.firmware_folder() / "main.py").read_bytes()})
    parts = (model, around, wiring)
    return Deployment(*(tuple(path for part in parts for path in getattr(part, name)) for name in ("copied", "kept", "removed")))


def check_app(target: Target) -> None:
    """Opens the app's sensor there and holds it to the model. Raises SensorError: all is copied, but it would not run."""
    reason = target.eval("__import__('edgewise_rt.app', None, None, ('probe',)).probe()")
    if reason:
        raise SensorError(f"all is on {target.name}, but it does not run: {reason}")


def app_config(artifact: Artifact, stage: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """What /edgewise.json holds, see edgewise_rt.app.App. Raises FitError where the model takes what the stage does not give."""
    kept = artifact.evidence
    if several(artifact.classes) or (kept is not None and kept.expected.ndim > 1):
        raise FitError(f"model {artifact.name} gives several answers, an app shows one: fit one model for each")
    names = list(stage["features"])
    takes = list(artifact.feature_names)
    if not takes and artifact.n_features == len(names):
        takes = names
    unknown = [name for name in takes if name not in names]
    if unknown or len(takes) != artifact.n_features:
        what = f"{unknown[0]!r}" if unknown else f"{artifact.n_features} features without names"
        given = ", ".join(names[:3])
        raise FitError(
            f"model {artifact.name} takes {what}, its stage gives {given}, ...: train on the features.csv of this stage"
        )
    if config["rate_hz"] != stage["rate_hz"]:
        wants = f"{stage['rate_hz']:g}"
        raise FitError(f"the sensor is to give {config['rate_hz']} Hz, the model takes {wants}: give --rate {wants}")
    return {
        "sensor": dict(config),
        "stage": {key: stage[key] for key in STAGE_KEYS}
        | {"rate_hz": f32_text([stage["rate_hz"]]), "scales": f32_text(stage["scales"]), "offsets": f32_text(stage["offsets"])},
        "model": artifact.name,
        "features": None if takes == names else [names.index(name) for name in takes],
    }


def f32_text(numbers: Iterable[float]) -> str:
    """Bits of float32, low byte first, in hexadecimal: a board does not read decimal text exactly."""
    return np.array(list(numbers), "<f4").tobytes().hex()
