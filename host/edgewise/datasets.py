"""Features and a target from a file, from the data that come with Edgewise, or from a simulated thermistor."""

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

from edgewise import tables
from edgewise.errors import DatasetError
from edgewise.tables import Table

Task = Literal["classification", "regression", "none"]  # none: there is no target
TASKS = ("classification", "regression")

MAX_INFERRED_CLASSES = 20
MAX_EXACT_INT = 2**53 - 1  # beyond it two whole numbers may share a float64
MAX_SEED = 2**32 - 1  # of numpy.random.RandomState
MAX_DRAWS = 100  # of groups, until both sides of a split hold every class
WHOLE_NUMBER = re.compile(r"\s*[+-]?(0|[1-9][0-9]*)(\.0*)?\s*")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of features, each with a target.

    X: float64, shape (n_rows, n_features), every value finite as a float32.
    y: shape (n_rows,); labels (int, bool or str) for classification, float64 for regression, zeros for the task none.
    units: one text a feature, or empty where they are unknown.
    groups: shape (n_rows,), str; rows of one group (a person, a day) belong on one side of a split. None: no groups.
    group: name of their column. path: the file that was read, None for simulated rows; sha256: its hash. options: what the
    command line calls the arguments of `load` that led here. warnings: what was assumed while reading, one line each.
    stage: how the features come from samples, where a sidecar tells (see `stages`).
    """

    X: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target: str
    task: Task
    units: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    group: str | None = None
    path: Path | None = None
    sha256: str | None = None
    options: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    stage: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        n_rows = len(self.y)
        if self.X.shape != (n_rows, len(self.feature_names)):
            raise DatasetError(f"{self.name}: X has shape {self.X.shape}, y and the names {n_rows, len(self.feature_names)}")
        if self.groups is not None and len(self.groups) != n_rows:
            raise DatasetError(f"{self.name}: {len(self.groups)} groups for {n_rows} rows")
        if not self.feature_names:
            raise DatasetError(f"{self.name}: no feature is left beside target {self.target!r}; drop fewer columns")
        if n_rows < 2:
            raise DatasetError(f"{self.name}: holds {n_rows} row; training and testing need at least 2")
        if len(values := np.unique(self.y)) == 1 and self.task != "none":
            raise DatasetError(
                f"{self.name}: target {self.target!r} is {values[0].item()!r} in all {n_rows} rows; "
                "nothing can be learned, add rows of another value"
            )
        if self.task == "classification" and len(values) == n_rows > 2:
            raise DatasetError(
                f"{self.name}: target {self.target!r} holds {n_rows} classes in {n_rows} rows, none of them twice; "
                "name another target or add rows"
            )

    @property
    def name(self) -> str:
        """How errors name these rows."""
        return str(self.path or "dataset")


def load(
    path: str | Path,
    target: str | None,
    group: str | None = None,
    drop: Iterable[str] = (),
    *,
    header: bool = True,
    task: Task | None = None,
) -> Dataset:
    """Read a csv, tsv or txt file (comma, tab or semicolon; also .gz) or an npy file; all columns left are features.

    target, group, drop: column names; columns of a file without names are c0, c1, ... (or just "0", "1", ...). target None:
    there is none, and the task is "none".
    Beside FILE.csv, FILE.csv.json (the sidecar of `edgewise features`) may give columns a role: these are no features, and
    the group is by default the person, where there are two, else the recording.
    header: False for a text file whose first row holds values.
    task: overrides the rule for the kind of target. The rule: a target with text in it, True/False, or whole numbers of
    which there are at most 20 distinct and at least one repeats, holds classes; any other target holds numbers.
    Whole numbers become int labels, True/False (in upper or lower case) bool; text stays as it is, and so do digits
    that would not come back from an int (007, 1e3, 2**53 and more).

    Raises DatasetError, one line that names the file, row, column and remedy.
    """
    if task not in (None, *TASKS):
        raise DatasetError(f"unknown task {task!r}; choose from {', '.join(TASKS)}")
    table = tables.read(Path(path), header)
    stage = _stage(table.path)
    roles = {name: role for name, role in (stage["roles"] if stage else {}).items() if name in table.names}
    target_index = None if target is None else table.index(target)
    drop = list(drop)
    group = _default_group(table, roles, {target or "", *drop}) if group is None else group
    group_index = None if group is None else table.index(group)
    dropped = {table.index(name) for name in drop}
    for what, index in (("target", target_index), ("group", group_index)):
        if index is not None and index in dropped:
            raise DatasetError(f"{path}: column {table.names[index]!r} is the {what} and cannot be dropped; choose one")
    if group_index is not None and group_index == target_index:
        raise DatasetError(f"{path}: column {target!r} cannot be both target and group; name another group")
    no_features = {target_index, group_index, *dropped, *map(table.index, roles)}
    features = [i for i in range(len(table.names)) if i not in no_features]
    columns = [table.numbers(i, f"--drop {_word(table.names[i])} or clean the row") for i in features]
    found_task: Task
    if target_index is None:
        y, found_task = np.zeros(len(table.rows)), "none"
    else:
        y, found_task = _target(table, target_index, task)
    names = tuple(table.names[i] for i in features)
    stage, doubts = _usable(stage, names, table.path)
    return Dataset(
        X=np.column_stack(columns) if columns else np.empty((len(y), 0)),
        y=y,
        feature_names=names,
        target="" if target_index is None else table.names[target_index],
        task=found_task,
        groups=None if group_index is None else _texts(table, group_index),
        group=None if group_index is None else table.names[group_index],
        path=table.path,
        sha256=hashlib.sha256(table.path.read_bytes()).hexdigest(),
        options=_options(target, group, drop, header, task),
        warnings=(*table.warnings, *doubts),
        stage=stage,
    )


def _options(target: str | None, group: str | None, drop: list[str], header: bool, task: str | None) -> tuple[str, ...]:
    named = {"--target": target, "--group": group, "--drop": ",".join(drop), "--task": task}
    pairs = ((name, value) for name, value in named.items() if value)
    return (*(word for pair in pairs for word in pair), *(() if header else ("--no-header",)))


def _stage(path: Path) -> dict[str, Any] | None:
    """The sidecar, where `edgewise features` wrote one. Raises DatasetError where it is not of this file."""
    if not path.with_name(path.name + ".json").exists():
        return None
    from edgewise.stages import read_sidecar  # it computes features too, with code for the board: few tables need it

    return read_sidecar(path)


def _default_group(table: Table, roles: dict[str, str | None], taken: set[str]) -> str | None:
    """The column of persons, where it tells two apart, else that of recordings."""
    columns = {role: name for name, role in roles.items() if role is not None and name not in taken}
    for role in ("person", "recording"):
        if role in columns and len(set(map(str, table.columns[table.index(columns[role])]))) > 1:
            return columns[role]
    return None


def _usable(stage: dict[str, Any] | None, names: tuple[str, ...], path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The stage, if it computes these features, and what to warn of."""
    others = [] if stage is None else [name for name in names if name not in stage["features"]]
    if not others:
        return stage, []
    return None, [f"{path.name}.json does not tell how {_word(others[0])} is computed: deploy --app cannot compute it on a board"]


def _word(name: str) -> str:
    """A column's name as one types it; in quotes, and escaped, where it is no plain word."""
    return name if name.isidentifier() else repr(name)


def _texts(table: Table, column: int) -> np.ndarray:
    """Column as str, shape (n_rows,); no cell may be empty."""
    cells = [str(cell) for cell in table.columns[column]]
    for row, cell in enumerate(cells):
        if not cell.strip():
            raise DatasetError(f"{table.place(column, row)}: the cell is empty; fill it in or delete the row")
    return np.array(cells)


def _target(table: Table, column: int, task: Task | None) -> tuple[np.ndarray, Task]:
    """The target in its own type, and its task: `task`, or by the rule that `load` states."""
    cells = table.columns[column]
    if task == "regression":
        return table.numbers(column), task
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind == "b":
            return cells, "classification"
        literal, labels = True, cells
    else:
        labels = _texts(table, column)
        if {cell.lower() for cell in cells} <= {"true", "false"}:
            return np.array([cell.lower() == "true" for cell in cells]), "classification"
        n_text = [tables.number(cell) for cell in cells].count(None)
        # Among mostly numbers, more different ones than classes are likely to be, a text is a slip: `numbers` names it.
        slips = task is None and n_text * 2 < len(cells) and len(set(cells)) > MAX_INFERRED_CLASSES
        if n_text and not slips:
            return labels, "classification"
        literal = all(WHOLE_NUMBER.fullmatch(cell) for cell in cells)
    values = table.numbers(column, "correct it or delete the row")
    whole = values == np.round(values)
    distinct = len(np.unique(values))
    if task is None and not (whole.all() and distinct <= MAX_INFERRED_CLASSES and distinct < len(values)):
        return values, "regression"
    if not whole.all():
        row = int(np.argmin(whole))
        raise DatasetError(f"{table.place(column, row)}: {float(values[row])!r} is no class; use the task regression")
    exact = literal and np.abs(values).max() <= MAX_EXACT_INT
    return values.astype(np.int64) if exact else labels, "classification"


def split(
    dataset: Dataset, test_size: float = 0.3, seed: int = 0, *, ignore_groups: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (train, test), each ascending: `test_size` (a share, 0 to 1) of the groups or rows is for testing.

    Whole groups stay together where the dataset has groups, of up to 100 draws the first with every class on both sides
    (in training only, where fewer groups than classes are held out); `ignore_groups=True` shows what a split that mixes them
    would claim. Otherwise classes keep their shares if each has at least two rows, and rows are drawn at random if not.
    Raises DatasetError where a side would be empty or a class would be missing from training.
    """
    name, y = dataset.name, dataset.y
    groups = None if ignore_groups else dataset.groups
    if not 0 < test_size < 1:
        raise DatasetError(f"test size {test_size} is no share; choose a number between 0 and 1, such as 0.3")
    parts, noun = (len(y), "rows") if groups is None else (len(np.unique(groups)), "groups")
    if parts < 2:
        raise DatasetError(f"{name}: all rows are of group {groups[0].item()!r}; a split needs at least 2 groups")  # type: ignore[index]
    _check_seed(seed)
    n_test = math.ceil(test_size * parts)
    n_train = parts - n_test
    if not n_train:
        raise DatasetError(f"{name}: test size {test_size} leaves none of {parts} {noun} to train on; choose a smaller one")
    classes, counts = np.unique(y, return_counts=True)
    arguments = {"n_splits": 1, "test_size": n_test, "random_state": seed}
    if groups is not None:
        draws = GroupShuffleSplit(**arguments | {"n_splits": MAX_DRAWS}).split(dataset.X, y, groups)
        splits = iter([_first_whole(draws, y, n_test)] if dataset.task == "classification" else draws)
    elif dataset.task == "classification" and counts.min() >= 2:
        if min(n_train, n_test) < len(classes):
            raise DatasetError(
                f"{name}: test size {test_size} splits {parts} rows into {n_train} and {n_test}, fewer than the "
                f"{len(classes)} classes; choose one nearer 0.5 or add rows"
            )
        splits = StratifiedShuffleSplit(**arguments).split(dataset.X, y)
    else:
        splits = ShuffleSplit(**arguments).split(dataset.X)
    train, test = (np.sort(rows) for rows in next(splits))
    if dataset.task == "classification":
        for label in np.setdiff1d(classes, y[train]):
            many = "rows" if groups is None else "groups"
            remedy = "choose another seed or add rows" if groups is None else f"add {dataset.group or 'group'}s"
            raise DatasetError(
                f"{name}: class {label.item()!r} is only among the {many} drawn for testing; {remedy} of this class"
            )
    return train, test


def _first_whole(draws: Iterable[tuple[np.ndarray, np.ndarray]], y: np.ndarray, n_test: int) -> tuple[np.ndarray, np.ndarray]:
    """Of draws (train, test) the first with the most of: every class in training, every class in testing by n_test groups."""
    classes, label = np.unique(y, return_inverse=True)
    best, most = None, (False, False)
    for train, test in draws:
        learned, tested = (len(np.flatnonzero(np.bincount(label[rows]))) == len(classes) for rows in (train, test))
        merit = (learned, tested or n_test < len(classes))
        if best is None or merit > most:
            best, most = (train, test), merit
        if all(most):
            break
    assert best is not None, "at least one draw"
    return best


def _check_seed(seed: int) -> None:
    if not 0 <= seed <= MAX_SEED:
        raise DatasetError(f"seed {seed} is out of range; choose a whole number from 0 to {MAX_SEED}")


def _shipped_folder() -> Path:
    here = Path(__file__).resolve()
    installed = here.parent / "_data"
    # An editable installation has the checkout's own data folder instead.
    return installed if installed.is_dir() else here.parents[2] / "data"


def spoken(path: Path) -> str:
    """How the command line may call a data file: by its name, or the short one of a shipped file."""
    return path.name.split(".")[0] if path.resolve().parent == _shipped_folder() else path.name


def shipped(name: str) -> Path:
    """The file of this name that comes with Edgewise ("shuttle.csv.gz", or "shuttle" for short; see data/README.md), or the
    folder of recordings."""
    folder = _shipped_folder()
    files = {path.name: path for pattern in ("*.csv", "*.csv.gz", "*_recordings") for path in sorted(folder.glob(pattern))}
    short = {file.split(".")[0]: path for file, path in files.items()}
    if found := (files | short).get(name):
        return found
    raise DatasetError(f"no data {name!r} come with Edgewise; {tables.near(name, list(short))}")


# Vishay NTCLE100E3103 (data sheet 29049): 10 kohm at 25 C, B25/85 = 3977 K.
NTC_R25_OHM = 10_000.0
NTC_BETA_K = 3977.0
T25_K = 298.15
SERIES_OHM = 10_000.0
ADC_REFERENCE_MV = 3300.0


def thermistor(n: int = 1000, seed: int = 0, noise_counts: float = 2.0, bits: int = 12) -> Dataset:
    """A simulated 10 kohm NTC thermistor behind an ADC: `n` rows of (adc_counts, supply_mv) -> temperature_c.

    The thermistor lies between the ADC input and ground, 10 kohm between the input and a supply that varies by 50 mV
    around 3.3 V, while the ADC measures against a fixed 3.3 V. Temperatures are uniform from -20 to 80 degrees C.
    noise_counts: standard deviation of the ADC's noise, in counts of `bits` (12 or 16) bits.
    The same arguments give the same rows.

    R(T) = R25 exp(B (1/T - 1/T25)) is the two-constant case of J. S. Steinhart and S. R. Hart, Calibration curves for
    thermistors, Deep-Sea Research 15 (1968) 497-503.
    """
    if n < 2 or noise_counts < 0 or bits not in (12, 16):
        raise DatasetError(f"thermistor({n=}, {noise_counts=}, {bits=}): need n of 2 or more, noise of 0 or more, 12 or 16 bits")
    _check_seed(seed)
    # RandomState, not Generator: numpy promises that its stream never changes.
    random = np.random.RandomState(seed)
    temperature_c = np.round(random.uniform(-20.0, 80.0, n), 2)
    supply_mv = np.round(random.normal(ADC_REFERENCE_MV, 50.0, n))
    ohm = NTC_R25_OHM * np.exp(NTC_BETA_K * (1 / (temperature_c + 273.15) - 1 / T25_K))
    full_scale = 2**bits - 1
    counts = supply_mv / ADC_REFERENCE_MV * ohm / (ohm + SERIES_OHM) * full_scale + random.normal(0.0, noise_counts, n)
    return Dataset(
        X=np.column_stack([np.clip(np.round(counts), 0, full_scale), supply_mv]),
        y=temperature_c,
        feature_names=("adc_counts", "supply_mv"),
        target="temperature_c",
        task="regression",
        units=("counts", "mV"),
    )
