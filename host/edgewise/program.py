"""transpile: a fitted estimator -> Program, one MicroPython module with all that is known about it."""

import hashlib
import keyword
import os
import textwrap
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import repeat
from pathlib import Path

import numpy as np

from edgewise import bounds
from edgewise.algebra import takes_missing
from edgewise.backends import EMITTER, architectures, emit
from edgewise.backends.module import Emission, Name, compose
from edgewise.backends.packed_machine import GridMachine
from edgewise.backends.packing import code_for, pack, pack_floats, pack_rows
from edgewise.boards import Board
from edgewise.decisions import counts, several
from edgewise.errors import UnsupportedModelError
from edgewise.fixed import BoardFixed
from edgewise.golden import Golden, golden, probes
from edgewise.lower import lower
from edgewise.machines import BoardMachine
from edgewise.mpy import RUNS, cross_compile
from edgewise.network import MAX_CHANGED, BoardNetwork, FloatNetwork
from edgewise.passes import BoardLinear, BoardModel, BoardNeighbors, BoardTrees, for_board
from edgewise.runtime_text import needed

# Modules of MicroPython that a program of the same name would hide, or be hidden by.
# fmt: off
RESERVED = frozenset({
    "array", "asyncio", "binascii", "boot", "builtins", "collections", "deflate", "errno", "esp32", "framebuf", "gc",
    "hashlib", "heapq", "io", "json", "machine", "main", "math", "micropython", "mip", "network", "neopixel", "os",
    "platform", "random", "re", "rp2", "select", "socket", "ssl", "struct", "sys", "time", "uctypes",
    "vfs",
})
# fmt: on
NO_FINGERPRINT = "00000000"
PLAIN = "plain"  # BACKEND of a module until its kernel is compiled
KEPT_ROWS = 200  # evidence for verify where no test rows are given
PRIME = 4177969
POWERS = np.array([pow(257, k, PRIME) for k in reversed(range(4096))])  # bytes by these stay far below 2**63


@dataclass(frozen=True)
class Program:
    """A transpiled model.

    source: the MicroPython text. mpy: the same as bytecode, for any architecture. native: by architecture, with machine code in
    place of what those two compile where they are imported; empty without kernels. compiled: the text of the one for `arch`, the
    board's own architecture. packing: of a kernel's tables.
    """

    name: str
    source: str
    mpy: bytes
    native: Mapping[str, bytes]
    compiled: str
    arch: str
    packing: str
    model: BoardModel
    estimator: object
    feature_names: tuple[str, ...]
    backend: str
    board: str
    facts: tuple[str, ...]
    rows: np.ndarray | None  # some of the rows that transpile was given
    stage: Mapping | None = None  # how the features come from samples, as the sidecar of features.csv has it
    windowed: bool = False  # the module holds the stage

    def golden(self, X: np.ndarray) -> Golden:
        """Evidence for `verify`: rows, shape (n_rows, n_features), with scikit-learn's answers."""
        return golden(self.model, self.estimator, X)

    def save(self, folder: str | Path, X_test: np.ndarray | None = None) -> Path:
        """Writes the artifact (see `artifact`), with evidence for `verify` where rows are given. Returns the folder."""
        from edgewise.artifact import save  # it describes programs; importing it here keeps the arrows one way

        return save(self, Path(folder), X_test)


def transpile(
    estimator,
    name: str = "model",
    X: np.ndarray | None = None,
    feature_names: Sequence[str] | None = None,
    board: str = "RPI_PICO",
    backend: str = "auto",
    facts: Sequence[str] = (),
    stage: Mapping | None = None,
    windowed: bool = False,
    bits: int | None = None,
    max_changed: float = MAX_CHANGED,
    lean: bool = False,
) -> Program:
    """A fitted scikit-learn estimator, alone or behind a scaler in a Pipeline, as one MicroPython module.

    X: rows like those it was trained on, shape (n_rows, n_features): linear models take their center and the range of their
    bound from them, and the module its golden rows; without X both are poorer. feature_names: as many as features.
    facts: lines for the header (data, score). stage: how the features come from windows of samples (see `stages`), kept for
    `deploy --app`; windowed: the module holds that, too, and takes raw windows (`predict_window`). bits: of a neural
    network's weights, 8 or 16 (and of a kernel machine's vectors); None: the fewest that change the class of at most a share
    max_changed of X, or values by that share of their spread. lean: without predict_proba and self_test, 1 to 2 KB less.
    Raises UnsupportedModelError or BoardError, each one line.
    """
    if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name) or name in RESERVED:
        raise UnsupportedModelError(f"{name!r} cannot name a module on the board; use a new identifier such as my_model")
    known = Board.load(board)
    lowered = lower(estimator)
    X = _rows(X, lowered.n_features, takes_missing(lowered))
    names = _names(estimator, feature_names, lowered.n_features)
    model = for_board(lowered, X)
    if lean:
        model = replace(model, has_proba=False)
    model, chosen, emissions = emit(model, backend, known.emitters, names, bits, max_changed)
    test, changed = probes(model, estimator, X)
    facts = (*_describe(model), *_changed(changed, max_changed), *_unread(model, names), f"back end: {chosen}", *facts)
    header = _header(name, model, facts)
    if windowed:
        emissions = {kind: _with_stage(emission, stage, names) for kind, emission in emissions.items()}
    complete = {kind: _with_golden(emission, model, names, None if lean else test, kind) for kind, emission in emissions.items()}
    source, fingerprint = _stamped(compose(header, complete[chosen]))
    kernels = [kind for kind in complete if kind in EMITTER]
    texts = {kind: _stamped(compose(header, complete[kind], compiled=True), fingerprint)[0] for kind in kernels}
    forms = {arch: texts[kind] for arch, kind in architectures(kernels).items()}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        mpy, *native = pool.map(cross_compile, repeat(name), (source, *forms.values()), (None, *forms))
    arch = RUNS.get(known.mpy_arch, known.mpy_arch)
    return Program(
        name,
        source,
        mpy,
        dict(zip(forms, native, strict=True)),
        forms.get(arch, ""),
        arch,
        emissions[chosen].packing,
        model,
        estimator,
        names,
        chosen,
        board,
        facts,
        None if X is None else X[:KEPT_ROWS],
        stage,
        windowed,
    )


def _stamped(source: str, fingerprint: str = "") -> tuple[str, str]:
    """With the start of its own sha256, by which verify tells this module from another of the same name; and that alone."""
    fingerprint = fingerprint or hashlib.sha256(source.encode()).hexdigest()[:8]
    return source.replace(f"FINGERPRINT = {NO_FINGERPRINT!r}", f"FINGERPRINT = {fingerprint!r}", 1), fingerprint


def _rows(X, n_features: int, missing: bool) -> np.ndarray | None:
    """missing: whether they may hold NaN."""
    if X is None:
        return None
    try:
        X = np.asarray(X, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise UnsupportedModelError(f"X is no array of numbers ({error}); pass shape (n_rows, {n_features})") from None
    if X.ndim != 2 or X.shape[1] != n_features:
        raise UnsupportedModelError(f"X has shape {X.shape}; the model takes (n_rows, {n_features})")
    if not len(X):
        raise UnsupportedModelError("X has no rows; pass training rows, or leave it out")
    if not (np.isfinite(X.astype(np.float32)) | (missing & np.isnan(X))).all():
        what = "infinity" if missing else "NaN, infinity"
        raise UnsupportedModelError(f"X holds {what} or a number beyond single precision; clean those rows")
    return X


def _names(estimator, feature_names: Sequence[str] | None, n_features: int) -> tuple[str, ...]:
    if feature_names is None:
        feature_names = getattr(estimator, "feature_names_in_", ())
    names = tuple(str(name) for name in feature_names)
    if names and len(names) != n_features:
        raise UnsupportedModelError(f"{len(names)} feature names for {n_features} features; give one for each")
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise UnsupportedModelError(f"feature name {name!r} is not valid Unicode; rename it") from None
    return names


def _with_golden(emission: Emission, model: BoardModel, names: tuple[str, ...], test: Golden | None, backend: str) -> Emission:
    """With what every module tells of itself, and its self_test; None: without the latter, and without predict_proba."""
    constants = dict(emission.constants) | {
        "N_FEATURES": model.n_features,
        "_N_INPUTS": model.n_inputs,
        "FEATURES": names,
        "FINGERPRINT": NO_FINGERPRINT,
        "BACKEND": PLAIN if backend in EMITTER else backend,
    }
    if test is None:
        return replace(emission, constants=constants, without=("predict_proba",))
    code, rows = pack_rows(test.X)
    constants |= {"_GOLDEN_CODE": code, "_GOLDEN_ROWS": rows, "_N_GOLDEN": len(test)}
    if model.classes is None:
        # outwards, as the bounds are rounded to float32 themselves
        low = np.nextafter(test.low.astype(np.float32), np.float32(-np.inf))  # type: ignore[union-attr]
        high = np.nextafter(test.high.astype(np.float32), np.float32(np.inf))  # type: ignore[union-attr]
        constants["_GOLDEN"] = pack_floats(np.stack([low, high], axis=-1))
        if model.decision == "values":
            constants["N_OUTPUTS"] = test.expected.shape[1]
    else:
        code = code_for([np.max(counts(model.classes)) - 1])
        constants |= {"_GOLDEN_CLASS_CODE": code, "_GOLDEN": pack(code, test.expected)}
    kernel = {"value": "golden_value", "values": "golden_values", "labels": "golden_labels"}.get(model.decision, "golden_class")
    return _with_sum(replace(emission, kernels=(*emission.kernels, kernel), constants=constants))


def _with_stage(emission: Emission, stage: Mapping | None, names: tuple[str, ...]) -> Emission:
    """With the feature stage and what it needs of the runtime."""
    if stage is None:
        raise UnsupportedModelError("no feature stage is known of this model; train it on what edgewise features wrote")
    if unknown := [name for name in names if name not in stage["features"]]:
        raise UnsupportedModelError(f"feature {unknown[0]!r} is none of the stage's; train on what edgewise features wrote")
    given = list(stage["features"])
    constants = dict(emission.constants) | {
        "_COLUMNS": () if list(names) == given else tuple(map(given.index, names)),
        "AXES": tuple(stage["axes"]),
        "UNITS": tuple(stage["units"]),
        "WINDOW": stage["length"],
        "_SETS": tuple(stage["sets"]),
        "_SCALING": pack_floats([*stage["scales"], *stage["offsets"], stage["rate_hz"]]),
    }
    return replace(emission, kernels=(*emission.kernels, "windowed"), constants=constants, runtime=needed(stage["sets"]))


def _with_sum(emission: Emission) -> Emission:
    """With the sum over its tables, as kernels/intact.py computes it."""
    tables = {name: value for name, value in emission.constants.items() if isinstance(value, bytes)}
    data, total = np.frombuffer(b"".join(tables.values()), np.uint8), 1
    for start in range(0, len(data), len(POWERS)):  # of a large forest 4 MB: byte by byte takes a second
        block = data[start : start + len(POWERS)]
        total = (total * pow(257, len(block), PRIME) + int(block @ POWERS[len(POWERS) - len(block) :])) % PRIME
    sums = {"_TABLES": tuple(map(Name, tables)), "_SUM": total}
    return replace(emission, kernels=(*emission.kernels, "intact"), constants=dict(emission.constants) | sums)


def _describe(model: BoardModel) -> tuple[str, ...]:
    """What the model is, and how far it may lie from scikit-learn's answer."""
    core = model.core
    if isinstance(core, BoardTrees):
        trees = "1 tree" if len(core.roots) == 1 else f"{len(core.roots)} trees"
        size = f"{trees}, {len(core.feature)} nodes, {len(core.votes)} leaves"
        if core.full:
            bound = "classes equal scikit-learn's"
            if len(core.roots) > 1:
                bound += f", unless the best two probabilities lie within {bounds.class_quantum(core):.2g} of each other"
        else:
            largest = np.max(bounds.tree_value_bound(core))
            share = " as a share" if model.link == "exp" else ""
            bound = f"{'values' if model.classes is None else 'scores'} within {largest:.2g} of scikit-learn's{share}"
            if core.by_sums:
                bound = f"classes equal scikit-learn's, unless the best two scores lie within {2 * largest:.2g} of each other"
    elif isinstance(core, BoardLinear | BoardFixed):
        is_fixed = isinstance(core, BoardFixed)
        size = f"{core.coef.size} coefficients" + " in fixed point" * is_fixed
        bound = "the bound of the scores is unknown: no training rows were given"
        if core.largest_offset is not None:
            largest = (bounds.fixed_bound if is_fixed else bounds.linear_bound)(core, core.largest_offset).max()
            what = "values" if model.classes is None else "scores"
            bound = f"{what} within {largest:.2g} of scikit-learn's over the training range"
    elif isinstance(core, GridMachine):
        size = f"{core.n_vectors} vectors, {core.machine.kind} kernel, in whole numbers, {core.grid.most} steps a feature"
        bound = core.changed
    elif isinstance(core, BoardMachine):
        size = f"{len(core.vectors)} vectors, {core.kind} kernel"
        bound = "answers equal scikit-learn's, unless its scores lie nearer than single precision tells"
    elif isinstance(core, FloatNetwork):
        size = f"network of {'-'.join(map(str, core.sizes))}, {core.network.activation}, in floats"
        bound = "answers equal scikit-learn's, unless its scores lie nearer than single precision tells"
    elif isinstance(core, BoardNetwork):
        size = f"network of {'-'.join(map(str, core.sizes))}, {core.activation}, {core.bits} bits, the same on every board"
        what = "of the values' spread is the error" if model.classes is None else "of the training rows change their class"
        bound = f"{core.changed:.2%} {what}; numbers far beyond those rows count as the end of their range"
    else:
        assert isinstance(core, BoardNeighbors)
        size = f"{len(core.prototypes)} prototypes, k = {core.k}, {core.metric}, {core.weights} weights"
        bound = "neighbors equal scikit-learn's, unless two distances differ by less than single precision tells"
    return size, bound


def _unread(model: BoardModel, names: Sequence[str]) -> tuple[str, ...]:
    """The features that the model does not read, by name or by place."""
    if model.needs is None:
        return ()
    unread = [names[i] if names else str(i) for i in range(model.n_features) if i not in model.needs]
    return (f"features not read: {', '.join(unread)}",)


def _outputs(model: BoardModel) -> str:
    if model.classes is None:
        return ""
    if several(model.classes):
        return f", {len(model.classes)} outputs of {', '.join(map(str, counts(model.classes)))} classes"
    return f", {len(model.classes)} classes"


def _changed(share: float, most: float) -> tuple[str, ...]:
    """What single precision, or the fixed point of a kernel, costs a classifier, where that is more than is allowed."""
    return (f"{share:.2%} of the training rows change their class on a board: scale the features",) if share > most else ()


def _header(name: str, model: BoardModel, facts: Sequence[str]) -> str:
    """Comment lines; whatever they say is ASCII and cannot end its line."""
    lines = [
        f"{name}: {model.description}",
        f"{model.n_features} features{_outputs(model)}",
        *facts,
        f"made by edgewise {version('edgewise')}; change the model and run edgewise transpile again, not this file",
    ]
    return "\n".join("# " + part for line in lines for part in textwrap.wrap(ascii(line)[1:-1], 118))
