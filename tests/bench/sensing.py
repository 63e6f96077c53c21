"""From a sensor to a label: what was measured, beside what was asked; plain frozen data that goes to JSON and back.

`python tests/bench/bench.py --sensing` measures it alone, writes docs/sensing.json, and renders the page again.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgewise.targets.target import Packed

if TYPE_CHECKING:
    from edgewise.stages import FeatureTable
    from edgewise.targets import Target

HERE = Path(__file__).parent
EMULATED_S = 600  # of the app at 100 Hz
SAME_ON = ("unix", "cortex-m3", "riscv")  # every window of both data sets; the tests ask the emulated Pico, which is slow
BATCH = 4  # windows at a time: what a board has room for


@dataclass(frozen=True)
class Figure:
    """asked: a limit, None where there is none; least: it is a least, not a most."""

    what: str
    value: float
    unit: str
    asked: float | None = None
    least: bool = False

    @property
    def met(self) -> bool | None:
        if self.asked is None:
            return None
        return self.value >= self.asked if self.least else self.value <= self.asked


@dataclass(frozen=True)
class Accuracy:
    """Of one model, by leaving out whole people or recordings; skipped: why there are no numbers."""

    data: str
    sets: str
    model: str
    skipped: str = ""
    accuracy: float = 0.0
    halves: tuple[float, ...] = ()
    worst_group: float = 0.0
    n_windows: int = 0
    n_groups: int = 0
    n_features: int = 0
    goal: float = 0.0
    fits: bool = False
    mpy_bytes: int = 0
    heap_bytes: int = 0


@dataclass(frozen=True)
class Sensing:
    figures: tuple[Figure, ...]
    accuracies: tuple[Accuracy, ...]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: Path) -> "Sensing | None":
        if not path.exists():
            return None
        content = json.loads(path.read_bytes())
        figures = tuple(Figure(**figure) for figure in content["figures"])
        return Sensing(figures, tuple(Accuracy(**row | {"halves": tuple(row["halves"])}) for row in content["accuracies"]))


# of features_bench's rows: what is asked, in us
ASKED_US = {"motion: 3 axes, 128 samples": 4000.0, "transform, kernel_cost(256)": 2000.0}


def measure(seconds: int = EMULATED_S) -> Sensing:
    import accuracy_bench
    import features_bench
    import sampling_bench

    from edgewise.targets import connect

    figures: list[Figure] = []
    with connect("emulator") as pico:
        for row in features_bench.measure(pico):
            figures.append(Figure(row["what"], row["us"], "us", ASKED_US.get(row["what"])))
            _say(figures[-1])
    for row in sampling_bench.measure(seconds):
        figures.append(Figure(row["what"], row["value"], row["unit"], row["goal"]))
        _say(figures[-1])
    figures += _same()
    names = Accuracy.__dataclass_fields__
    found = [{name: value for name, value in row.items() if name in names} for row in accuracy_bench.measure()]
    return Sensing(tuple(figures), tuple(Accuracy(**row) for row in found))


def _same() -> Iterator[Figure]:
    """Features of every window of both data sets, here and on each MicroPython."""
    import accuracy_bench

    from edgewise.app import put_modules
    from edgewise.targets import connect

    program = (HERE / "device" / "features_of.py").read_text("utf-8")
    for data in ("shoulder", "har"):
        try:
            table, found = accuracy_bench.table(data), accuracy_bench.DATA[data]()
        except accuracy_bench.Missing as error:
            print(error, file=sys.stderr)
            continue
        length, rate_hz, windows = table.stage["length"], table.stage["rate_hz"], []
        begins = {(name, round(start_s * rate_hz)) for name, start_s in zip(table.recordings, table.start_s, strict=True)}
        for recording in found:
            at = sorted(begin for name, begin in begins if name == recording.name)
            windows += [recording.samples[begin : begin + length] for begin in at]
        assert len(windows) == len(table.X)
        for port in SAME_ON:
            with connect(port) as target:
                put_modules(target, ("stage", *table.stage["sets"]))
                target.soft_reset()
                target.exec(program)
                differ = sum(_differing(target, table, windows, start) for start in range(0, len(windows), BATCH))
            yield Figure(f"features that differ, {len(windows)} windows of {data}, {port}", differ, "", 0)
            _say(Figure(f"{data}, {port}, features that differ", differ, ""))


def _differing(target: "Target", table: "FeatureTable", windows: list[np.ndarray], start: int) -> int:
    """Of BATCH windows from `start`, how many features have other bits."""
    stage = table.stage
    factors = np.array([*stage["scales"], *stage["offsets"], stage["rate_hz"]], "<f4")
    counts = Packed(np.concatenate(windows[start : start + BATCH]).tobytes())
    arguments = (counts, tuple(stage["sets"]), tuple(stage["axes"]), Packed(factors.tobytes()), stage["length"])
    names, features = target.eval(f"features_of({', '.join(map(repr, arguments))})")
    assert names == table.features
    return int((np.frombuffer(features, "<u4") != table.X[start : start + BATCH].ravel().view("<u4")).sum())


def _say(figure: Figure) -> None:
    print(f"{figure.what}: {figure.value:g} {figure.unit}", file=sys.stderr)
