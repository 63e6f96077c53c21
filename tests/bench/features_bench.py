"""What features cost on a target: `python tests/bench/features_bench.py emulator`."""

import json
import sys
from pathlib import Path

from edgewise.app import put_modules
from edgewise.targets import Target, connect

HERE = Path(__file__).parent

REPEAT = 9
SETS = (  # sets, axes, samples: whole windows
    (("motion",), 3, 128),
    (("motion",), 1, 128),
    (("spectral",), 1, 256),
    (("spectral",), 3, 128),
    (("slow",), 1, 128),
    (("raw",), 3, 16),
    (("motion", "spectral"), 3, 128),
    (("motion",), 6, 128),
    (("motion",), 6, 200),
    (("motion", "spectral"), 6, 200),
)
PARTS = (
    "motion_cost(3, 128, {})",
    "motion_cost(6, 128, {})",
    "kernel_cost(64, {})",
    "kernel_cost(256, {})",
    "kernel_cost(512, {})",
)


def measure(target: Target) -> list[dict]:
    """{"what", "us", "bytes_allocated"}, of whole windows also "bytes_held" by imports and object: medians.

    Times count from a call of Stage.compute to its return; of parts, from a call of a kernel. The heap is a fresh one for each.
    """
    rows = []
    source = (HERE / "device" / "features_cost.py").read_text("utf-8")
    put_modules(target, ("stage", "motion", "spectral", "slow", "raw"))
    for sets, n_axes, length in SETS:
        target.soft_reset()
        target.exec(source)
        (us, allocated), held = target.eval(f"features_cost({sets!r}, {n_axes}, {length}, {REPEAT})")
        what = f"{' + '.join(sets)}: {n_axes} axes, {length} samples"
        rows.append({"what": what, "us": us, "bytes_allocated": allocated, "bytes_held": held})
    for part in PARTS:
        target.soft_reset()
        target.exec(source)
        for name, (us, allocated) in target.eval(part.format(REPEAT)):
            rows.append({"what": f"{name}, {part.partition(', {')[0]})", "us": us, "bytes_allocated": allocated})
    return rows


if __name__ == "__main__":
    with connect(sys.argv[1]) as board:
        for row in measure(board):
            print(json.dumps(row))
