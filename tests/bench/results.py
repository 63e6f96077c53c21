"""What the benchmark measured: plain frozen data that goes to JSON and back."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

RUNTIMES = {"unix": "unix port", "cortex-m3": "Cortex-M3", "riscv": "RISC-V", "emulator": "Pico"}  # port: title
OURS, PEERS = "edgewise", ("m2cgen", "everywhereml")


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
    None where a call allocates more than the heap has without a collection.

    held_alone: bytes of heap held where nothing ran before the import (held_bytes: where the measuring program did).
    need: least free heap with which it imports (bytes), the .py measured for some of our modules only."""

    us_list: float
    us_array: float
    bytes_list: int | None
    bytes_array: int | None
    held_bytes: int
    held_alone: int
    import_us: int
    need_mpy: int
    need_py: int | None


@dataclass(frozen=True)
class Instructions:
    """Of the emulated Cortex-M3, for one label, by the kind of the row."""

    list: float
    array: float


@dataclass(frozen=True)
class Predicted:
    """Bytes of heap, as `edgewise check` predicts them without a board."""

    held: int
    import_mpy: int
    import_py: int


@dataclass(frozen=True)
class Row:
    """One model by one tool. need_py_m3: least free heap (bytes) with which the .py imports, on the Cortex-M3. agreement: by
    port, a key of RUNTIMES. cost, insns, need_py_m3, an agreement: None where the module does not fit in the heap."""

    model: str
    tool: str
    mpy_bytes: int
    py_bytes: int
    cost: Cost | None
    insns: Instructions | None
    need_py_m3: int | None
    agreement: dict[str, Agreement | None]
    predicted: Predicted | None


@dataclass(frozen=True)
class Host:
    """Seconds on the host that ran the benchmark; the deployments are of the digits forest, to the emulated Pico.
    Medians of several tries, but for the first deployment. transpile_mb: largest resident memory of the process, megabytes.
    largest_forest: trees of 100 leaves, of digits, with which a forest still predicts on the Cortex-M3."""

    trees: int
    leaves: int
    transpile_s: float
    transpile_mb: float
    largest_forest: int
    first_deploy_s: float
    redeploy_s: float


@dataclass(frozen=True)
class Results:
    """unsupported: (model, tool) pairs that the tool refuses. versions: tool -> version. heap_free: bytes of an empty heap, by
    port. host: None when only a part was run."""

    versions: dict[str, str]
    heap_free: dict[str, int]
    rows: tuple[Row, ...]
    unsupported: tuple[tuple[str, str], ...]
    host: Host | None

    def row(self, model: str, tool: str) -> Row | None:
        return next((row for row in self.rows if (row.model, row.tool) == (model, tool)), None)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="ascii")

    @staticmethod
    def load(path: Path) -> "Results":
        plain = json.loads(path.read_text(encoding="ascii"))
        return Results(
            plain["versions"],
            plain["heap_free"],
            tuple(_row(row) for row in plain["rows"]),
            tuple(map(tuple, plain["unsupported"])),
            _some(Host, plain["host"]),
        )


@dataclass(frozen=True)
class Attacked:
    """What the property tests found on one runtime; counts of predictions, and models and refused of models."""

    runtime: str
    models: int
    predictions: int
    equal: int
    explained: int
    unexplained: int
    refused: int


@dataclass(frozen=True)
class Fuzz:
    """A run of the property tests: {"seed": ..., "runtimes": [...]}."""

    seed: int
    runtimes: tuple[Attacked, ...]

    @staticmethod
    def load(path: Path) -> "Fuzz | None":
        """None where no such run was kept."""
        if not path.exists():
            return None
        plain = json.loads(path.read_text(encoding="ascii"))
        return Fuzz(plain["seed"], tuple(Attacked(**row) for row in plain["runtimes"]))


def _row(plain: dict) -> Row:
    nested = {
        "cost": _some(Cost, plain["cost"]),
        "insns": _some(Instructions, plain["insns"]),
        "agreement": {port: _some(Agreement, found) for port, found in plain["agreement"].items()},
        "predicted": _some(Predicted, plain["predicted"]),
    }
    return Row(**plain | nested)


def _some(kind: type, plain: dict | None):
    return None if plain is None else kind(**plain)
