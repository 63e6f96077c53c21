"""The app on a replayed recording and a model that says what it was given; and what it refuses."""

import json
from array import array
from binascii import hexlify

from edgewise_rt import app, frames

SENSOR = {"sensor": "replay", "module": "replay", "class": "Replay", "bus": "replay", "pins": {}, "address": None}


def bits(*numbers):
    return str(hexlify(array("f", numbers)), "ascii")


def config(**changes):
    stage = {"sets": ["raw"], "axes": ["x"], "units": ["g"], "scales": bits(0.5), "offsets": bits(0)}
    stage.update(rate_hz=bits(20), length=4, hop=2)
    stage.update(changes.pop("stage", {}))
    made = {
        "sensor": dict(SENSOR, rate_hz=20, options={"path": "replay.bin"}),
        "stage": stage,
        "model": "stand_in",
        "features": [3, 0],
    }
    made.update(changes)
    return made


def written(content):
    with open("app.json", "w") as file:
        json.dump(content, file)
    return "app.json"


def test_lines():
    lines = []
    done = app.run(False, 5, written(config()), None, lines.append)
    # samples 0, 1, 2, ... halves; windows begin at 0, 2, 4, ...: the model sees the last and the first
    assert lines == ["odd 0.75", "even 0.75"] * 2 + ["odd 0.75"], lines
    assert (done.sampler.missed, done.windows.gaps) == (0, 0)


def test_frames():
    sent, decoder = [], frames.Decoder()
    app.run(True, 4, written(config()), lambda buffer, n: sent.append(bytes(memoryview(buffer)[:n])), None)
    found = []
    for piece in sent:
        found += decoder.feed(piece)
    kinds = [kind for kind, _ in found]
    assert kinds[0] == frames.HELLO
    assert kinds[-1] == frames.END
    assert kinds.count(frames.LABEL) == 4
    hello = json.loads(found[0][1])
    assert (hello["classes"], hello["length"], hello["hop"], hello["scales"]) == (["odd", "even"], 4, 2, bits(0.5)), hello
    values = [
        value for kind, payload in found if kind == frames.SAMPLES for value in array("h", payload[4 * (len(payload) // 6) :])
    ]
    assert values[:10] == list(range(10)), values
    heads = [array("i", payload[:12]) for kind, payload in found if kind == frames.LABEL]
    assert [head[0] for head in heads] == [0, 1, 2, 3]
    assert [head[2] for head in heads] == [0, 1, 0, 1], heads
    assert json.loads(found[-1][1])["reason"] == ""


def test_refused():
    for changes, words in (
        ({"stage": {"axes": ["y"]}}, "axes are x, the model's y"),
        ({"stage": {"units": ["m/s2"]}}, "units are g"),
        ({"stage": {"scales": bits(0.25)}}, "scale 0.5, the model 0.25"),
        ({"stage": {"sets": ["magic"]}}, "magic"),
        ({"model": "no_such"}, "no model no_such"),
        ({"features": None}, "takes 2 features"),
        ({"features": [0, 9]}, "takes 2 features"),
        ({"sensor": dict(SENSOR, rate_hz=20, bus="can", options={})}, "bus 'can'"),
        ({"sensor": dict(SENSOR, rate_hz=20, module="nothing", options={})}, "no driver nothing"),
    ):
        try:
            app.App(config(**changes))
        except ValueError as error:
            assert words in str(error), error  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017
        else:
            raise AssertionError(words)


def test_no_configuration():
    for path, content, kind, words in (("none.json", None, OSError, "is missing"), ("bad.json", "{", ValueError, "is damaged")):
        if content:
            with open(path, "w") as file:
                file.write(content)
        try:
            app.run(False, 1, path)
        except kind as error:
            assert words in str(error.args[-1]), error  # noqa: PT017
        else:
            raise AssertionError(path)
