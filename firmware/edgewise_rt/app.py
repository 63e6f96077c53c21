"""From the sensor to labels, again and again: what main.py runs, and `edgewise monitor` with frames."""

import gc
import json
import time
from array import array
from binascii import unhexlify

from edgewise_rt.recorder import Link, pause_of, reason_of, ring_size
from edgewise_rt.sampler import Sampler
from edgewise_rt.sensors import open_sensor
from edgewise_rt.stage import Stage
from edgewise_rt.window import Windows, copy

CONFIG = "/edgewise.json"
HOT_HZ = 16  # looks at the ring a second, at least


class App:
    """sensor, stage and model of a configuration, ready to run; `next` is a step.

    config: sensor; stage: sets, axes, units, rate_hz, scales and offsets (each in hexadecimal bits of float32), length, hop;
    model; features: places of the model's features among those of the stage, or None for all. Raises ValueError or OSError.
    """

    def __init__(self, config, stream=False, write=None):
        stage = dict(config["stage"])
        length, hop = stage["length"], stage.pop("hop")
        for key in ("scales", "offsets", "rate_hz"):
            stage[key] = array("f", unhexlify(stage[key]))
        stage["rate_hz"] = rate_hz = stage["rate_hz"][0]
        self.sensor = open_sensor(config["sensor"])
        _check(self.sensor, stage)
        try:
            self._model = __import__(config["model"])
        except ImportError:
            raise ValueError("no model %s on this board: deploy it again" % config["model"]) from None
        self.classes = getattr(self._model, "CLASSES", None)
        self._proba = getattr(self._model, "predict_proba", None)
        self._stage = Stage(**stage)
        self._places = config["features"]
        n = len(self._stage.names) if self._places is None else len(self._places)
        if n != self._model.N_FEATURES or (self._places and max(self._places) >= len(self._stage.names)):
            raise ValueError("model %s takes %d features, %s gives %d: deploy both again" % (
                config["model"], self._model.N_FEATURES, CONFIG, n))  # fmt: skip
        self._row = None if self._places is None else array("f", [0] * n)
        self.sampler = Sampler(self.sensor, rate_hz, max(ring_size(rate_hz), 2 * hop if hop < 1000 else 0))
        self.link = Link(self.sampler, write) if stream else None
        on_samples, most = (self._send_samples, self.link.samples_in) if stream else (None, 32)
        self.windows = Windows(self.sampler, length, hop, on_samples, most)
        self._enough = most if stream else max(1, min(32, int(rate_hz) // HOT_HZ))
        self._head = array("i", [0, 0, 0])
        self._numbers = array("f", [0] * (len(self.classes) if self._proba else 1))
        self._counts = array("h", bytes(2 * most * self.sampler.n_axes)) if stream else None
        self.pause_ms = pause_of(self.sampler)

    def next(self):
        """Whether a window was full; then label, and probabilities (array('f'), of classifiers), are those of it."""
        sampler = self.sampler
        sampler.poll()
        if sampler.running and sampler.available() < self._enough:
            return False
        if not self.windows.next():
            return False
        row = features = self._stage.compute(self.windows.window)
        if self._places is not None:
            row = self._row
            for i, place in enumerate(self._places):
                row[i] = features[place]
        self.label = self._model.predict(row)
        numbers = self._numbers
        if self._proba:
            for i, p in enumerate(self._proba(row)):
                numbers[i] = p
        elif self.classes is None:
            numbers[0] = self.label
        if self.link:
            head = self._head
            head[0] = self.windows.count - 1
            head[1] = self.windows.tick
            head[2] = -1 if self.classes is None else self.classes.index(self.label)
            self.link.label(head, numbers)
        return True

    @property
    def proba(self):
        """Of the label; None where the model gives none."""
        return self._numbers[self.classes.index(self.label)] if self._proba else None

    def _send_samples(self, ticks, n, window, start):
        # The window's part goes through a buffer of its own: a slice of it would be a new object
        copy(self._counts, window, start, n * self.sampler.n_axes)
        self.link.samples(ticks, n, self._counts)


def run(stream=False, n_windows=None, path=CONFIG, write=None, show=print):
    """Labels until Ctrl-C, or for n_windows: a line each by `show`, or, with stream, frames for `edgewise monitor`.

    Returns the App.

    Raises ValueError or OSError, one line: no configuration, parts that do not fit each other, no answer of the sensor.
    """
    config = load(path)
    app = App(config, stream, write)
    sampler, windows = app.sampler, app.windows
    said = 0
    reason = ""
    gc.collect()
    try:
        if stream:
            app.link.hello(config["sensor"], app.sensor, classes=app.classes, length=app.windows.length, hop=app.windows.hop)
        sampler.start()
        while n_windows is None or windows.count < n_windows:
            if app.next():
                if not stream:
                    show("%s %.2f" % (app.label, app.proba) if app.proba is not None else app.label)
            elif not sampler.running and not sampler.available():
                reason = "the sensor stopped answering (error %d)" % sampler.error
                break
            else:
                time.sleep_ms(app.pause_ms)
            if stream:
                app.link.status()
            elif sampler.missed != said:
                show("missed %d samples" % (sampler.missed - said))
                said = sampler.missed
    except KeyboardInterrupt:
        reason = "interrupted"
    finally:
        sampler.stop()
    if stream:
        app.link.end(reason, windows.count)
    elif reason and reason != "interrupted":
        raise OSError(sampler.error, reason)
    return app


def probe(path=CONFIG):
    """Why the app cannot run, in one line, or ""."""
    try:
        App(load(path))
    except (OSError, ValueError) as error:
        return reason_of(error)
    return ""


def load(path=CONFIG):
    try:
        with open(path) as file:
            config = json.load(file)
    except OSError as error:
        raise OSError(error.args[0], "%s is missing: run edgewise deploy --app" % path) from None
    except ValueError:
        config = None
    if not isinstance(config, dict) or not all(key in config for key in ("sensor", "stage", "model", "features")):
        raise ValueError("%s is damaged: run edgewise deploy --app again" % path)  # "{" is JSON enough for MicroPython
    return config


def _check(sensor, stage):
    """Does the sensor give what the stage was made for? ValueError."""
    for key in ("axes", "units"):
        has, wants = tuple(getattr(sensor, key)), tuple(stage[key])
        if has != wants:
            raise ValueError("the sensor's %s are %s, the model's %s: set its options as when recording" % (
                key, " ".join(has), " ".join(wants)))  # fmt: skip
    for key in ("scales", "offsets"):
        for i, wants in enumerate(stage[key]):
            has = getattr(sensor, key)[i]
            if abs(has - wants) > 1e-6 * abs(wants):
                raise ValueError("the sensor has %s %g, the model %g: set its options as when recording" % (key[:-1], has, wants))
