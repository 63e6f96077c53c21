"""Runs runtime/labeling.py on the unix port, where the main loop samples, and on the emulated Pico, where a timer does."""

from pathlib import Path

import numpy as np
import pytest
from test_sampler import RUN

from edgewise import Target
from edgewise.app import put_modules
from edgewise.sensors import replay_file

HERE = Path(__file__).parent / "runtime"
MODULES = (
    "app",
    "recorder",
    "sampler",
    "frames",
    "sensors",
    "window",
    "stage",
    "raw",
    "motion",
    "integers",
    "drivers/replay",
    "drivers/common",
)


@pytest.mark.parametrize("fixture", ["unix_port", "emulated_pico"])
def test_app(fixture: str, request: pytest.FixtureRequest):
    target: Target = request.getfixturevalue(fixture)
    target.soft_reset()
    put_modules(target, MODULES)
    played = replay_file(np.arange(1000, dtype=np.int16)[:, None], ["x"], ["g"], [0.5], [0.0], 20)
    target.put("replay.bin", played)
    target.put("stand_in.py", (HERE / "stand_in.py").read_bytes())
    try:
        done = target.exec((HERE / "labeling.py").read_text("utf-8") + RUN, timeout_s=300).split()
    finally:
        for path in ("replay.bin", "stand_in.py", "app.json", "bad.json"):
            if target.exists(path):
                target.remove(path)
        target.soft_reset()
    assert done == ["test_frames", "test_lines", "test_no_configuration", "test_refused"]
