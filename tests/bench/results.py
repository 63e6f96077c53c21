"""What the benchmark measured: plain frozen data that goes to JSON and back."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Agreement:
    """Rows that answer as scikit-learn does (values: to the last bit of float32), and rows where the precision of float32 leaves
    the answer open; largest_error: of a regression's values, relative to the largest of them."""

    n_rows: int
    n_equal: int
    n_explained: int
    largest_error: float | None


@dataclass(frozen=True)
class Cost:
    """On the emulated Pico: microseconds and bytes of the heap for one label, by the kind of the row, and for the import; bytes
    None where a call allocates more than the heap has without a collection."""

    us_list: float
    us_array: float
    bytes_list: int | None
    bytes_array: int | None
    held_bytes: int
    import_us: int


@dataclass(frozen=True)
class Predicted:
    """Bytes of heap, as `edgewise check` predicts them without a board."""

    held: int
    import_mpy: int
    import_py: int


@dataclass(frozen=True)
class Row:
    """One model by one tool. held_alone: bytes of heap held where nothing ran before the import (cost: where the measuring
    program did). need: least free heap with which it imports (bytes), the .py measured for small modules only."""

    model: str
    tool: str
    cost: Cost
    held_alone: int
    need_mpy: int
    need_py: int | None
    mpy_bytes: int
    py_bytes: int
    unix: Agreement
    pico: Agreement
    predicted: Predicted | None


@dataclass(frozen=True)
class Host:
    """Seconds on the host that ran the benchmark; the deployments are of the digits forest, to the emulated Pico.
    Medians of several tries, but for the first deployment."""

    trees: int
    leaves: int
    transpile_s: float
    first_deploy_s: float
    redeploy_s: float


@dataclass(frozen=True)
class Results:
    """unsupported: (model, tool) pairs that the tool refuses. versions: tool -> version."""

    versions: dict[str, str]
    rows: tuple[Row, ...]
    unsupported: tuple[tuple[str, str], ...]
    host: Host

    def row(self, model: str, tool: str) -> Row | None:
        return next((row for row in self.rows if (row.model, row.tool) == (model, tool)), None)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="ascii")

    @staticmethod
    def load(path: Path) -> "Results":
        plain = json.loads(path.read_text(encoding="ascii"))
        return Results(
            plain["versions"],
            tuple(_row(row) for row in plain["rows"]),
            tuple(map(tuple, plain["unsupported"])),
            Host(**plain["host"]),
        )


def _row(plain: dict) -> Row:
    predicted = plain["predicted"]
    nested = {
        "cost": Cost(**plain["cost"]),
        "unix": Agreement(**plain["unix"]),
        "pico": Agreement(**plain["pico"]),
        "predicted": None if predicted is None else Predicted(**predicted),
    }
    return Row(**plain | nested)
