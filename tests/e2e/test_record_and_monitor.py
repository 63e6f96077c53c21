"""From an emulated accelerometer to labels: recorded, deployed and monitored, with nothing lost on the way."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from edgewise import artifact, sensors, transpile
from edgewise.app import CONFIG, MAIN, deploy_app
from edgewise.errors import DeviceError, SensorError
from edgewise.firmware import rp2_firmware
from edgewise.monitor import End, Event, Hello, Label, Samples, monitor
from edgewise.record import record
from edgewise.recordings import load
from edgewise.targets import EmulatedPico
from edgewise_rt.stage import Stage

LENGTH, HOP, RATE_HZ = 32, 16, 100.0


def motion() -> np.ndarray:
    """Two seconds of rest, two of shaking; in g, at 100 Hz."""
    t = np.arange(200) / 100
    rest = np.tile([0.0, 0.0, 1.0], (200, 1))
    return np.concatenate([rest, rest + np.sin(2 * np.pi * 5 * t)[:, None] * [0.4, 0.2, 0.1]])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("played") / "motion.csv"
    rows = "\n".join(",".join(f"{value:.5f}" for value in row) for row in motion())
    path.write_text(f"acc_x,acc_y,acc_z\n{rows}\n")
    return path


@pytest.fixture(scope="module")
def pico(played: Path) -> Iterator[EmulatedPico]:
    with EmulatedPico(rp2_firmware().path, sensors=[f"mpu6050={played}"]) as board:
        yield board


@pytest.fixture(scope="module")
def config() -> dict:
    return sensors.config("mpu6050", RATE_HZ)


def host_stage(hello: Hello | dict) -> Stage:
    facts = hello if isinstance(hello, dict) else vars(hello)
    columns = (facts[name] for name in ("axes", "units", "scales", "offsets"))
    return Stage(("motion",), *columns, LENGTH, RATE_HZ)


def test_what_is_recorded_is_what_was_played(pico: EmulatedPico, config: dict, tmp_path: Path):
    pico.tell("rewind")
    done = record(pico, config, "shake", 4.0, tmp_path, person="p1")
    kept = load(done.path)
    assert (done.n_samples, done.missed, done.lost_frames, done.damaged_frames, done.warnings) == (400, 0, 0, 0, ())
    assert abs(done.rate_hz - RATE_HZ) < 0.1
    assert done.jitter_us < 100
    assert kept.meta.sensor == config
    assert (kept.meta.label, kept.meta.person, kept.meta.axes) == ("shake", "p1", ("acc_x", "acc_y", "acc_z"))
    assert kept.meta.board
    np.testing.assert_array_equal(kept.meta.scales, np.float32(2 / 32768))
    errors = [np.abs(kept.values() - np.roll(motion(), -shift, axis=0)).max() for shift in range(400)]
    assert min(errors) < 1e-4  # one and the same sequence, from wherever the driver woke the sensor


def test_a_thousand_samples_a_second(pico: EmulatedPico, config: dict, tmp_path: Path):
    done = record(pico, config | {"rate_hz": 1000}, "fast", 1.0, tmp_path)
    assert (done.n_samples, done.missed, done.lost_frames) == (1000, 0, 0)
    assert abs(done.rate_hz - 1000) < 1


def test_stopped_by_the_user_what_came_is_kept(pico: EmulatedPico, config: dict, tmp_path: Path):
    done = record(pico, config, "short", 60.0, tmp_path, on_samples=lambda samples: True)
    assert done.reason == "interrupted"
    assert 0 < done.n_samples < 600
    assert load(done.path).short
    assert pico.eval("1 + 1") == 2


def test_unplugged_in_the_middle(pico: EmulatedPico, config: dict, tmp_path: Path):
    def unplug(samples: Samples) -> None:
        pico.tell("unplug mpu6050")

    try:
        with pytest.raises(SensorError, match=r"stopped answering .*gone_01.npz keeps \d+ of 6000 samples") as caught:
            record(pico, config, "gone", 60.0, tmp_path, on_samples=unplug)
        assert "\n" not in str(caught.value)
        assert load(tmp_path / "gone_01.npz").short
        with pytest.raises(SensorError, match="does not answer"):
            record(pico, config, "gone", 1.0, tmp_path)
    finally:
        pico.tell("plug mpu6050")
    assert len(list(tmp_path.iterdir())) == 1


def test_labels_of_the_board_are_those_of_the_host(pico: EmulatedPico, config: dict, played: Path):
    scales, offsets = (2 / 32768,) * 3, (0.0,) * 3
    facts = {"axes": ("acc_x", "acc_y", "acc_z"), "units": ("g",) * 3, "scales": scales, "offsets": offsets}
    stage = host_stage(facts)
    counts = np.rint(motion() * 16384).astype(np.int16)
    starts = range(0, 400 - LENGTH, 4)
    X = np.array([list(stage.compute(array_of(counts[s : s + LENGTH]))) for s in starts], np.float32)
    y = ["shake" if s + LENGTH / 2 > 200 else "rest" for s in starts]
    takes = [name for name in stage.names if name.endswith("_std") or name.endswith("_jerk")]
    columns = [stage.names.index(name) for name in takes]
    program = transpile(DecisionTreeClassifier(random_state=0).fit(X[:, columns], y), "shaken", X[:, columns], tuple(takes))
    made = artifact.of_program(program)
    sidecar = facts | {"sets": ["motion"], "rate_hz": RATE_HZ, "length": LENGTH, "hop": HOP, "features": list(stage.names)}

    pico.put(MAIN, b"print('mine')\n")
    with pytest.raises(DeviceError, match="not of edgewise"):
        deploy_app(made, sidecar, config, pico)
    first = deploy_app(made, sidecar, config, pico, force=True)
    assert {MAIN, CONFIG, "/lib/drivers/mpu6050.mpy", "/lib/edgewise_rt/motion.mpy"} <= {*first.copied, *first.kept}
    again = deploy_app(made, sidecar, config, pico)
    assert again.copied == ()

    events: list[Event] = []

    def tell(event: Event) -> bool:
        events.append(event)
        return sum(isinstance(event, Label) for event in events) >= 30

    pico.soft_reset()
    reader = monitor(pico, tell)
    assert (reader.lost, reader.damaged) == (0, 0)
    hello, end = events[0], events[-1]
    assert isinstance(hello, Hello)
    assert isinstance(end, End)
    assert (end.reason, end.missed, end.late) == ("interrupted", 0, 0)
    assert hello.classes == ("rest", "shake")
    seen = np.concatenate([event.counts for event in events if isinstance(event, Samples)])
    labels = [event for event in events if isinstance(event, Label)]
    for event in labels:
        window = seen[event.window * HOP : event.window * HOP + LENGTH]
        row = np.array([stage_value(hello, window)[columns]], np.float32)
        assert program.estimator.predict(row)[0] == event.label
        assert abs(sum(event.proba) - 1) < 1e-6
        assert event.time_s == pytest.approx((event.window * HOP + LENGTH - 1) / RATE_HZ, abs=0.002)
    assert {event.label for event in labels} == {"rest", "shake"}


def stage_value(hello: Hello, window: np.ndarray) -> np.ndarray:
    return np.array(list(host_stage(hello).compute(array_of(window))), np.float32)


def array_of(counts: np.ndarray):
    from array import array

    return array("h", np.ascontiguousarray(counts, np.int16).tobytes())
