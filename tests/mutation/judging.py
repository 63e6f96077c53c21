"""Runs a mutant and says what it changes and who notices."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import CodeType
from typing import Any

import numpy as np
from models import edge_rows, fitted, hard_rows, program_of, rows_around
from mutants import LOOP_GUARD, Change, changes, compiled, parse

from edgewise import Program
from edgewise.golden import Golden
from edgewise.passes import BoardTrees
from edgewise.verify import compare

LONGEST = 20_000  # turns of while loops in one prediction; these models take below 1000
TOLERANCE = 2e-5  # of probabilities, as in tests/e2e
N_RANDOM = 600  # rows of each kind in the independent set
ROWS_AT_A_THRESHOLD = 24


class Endless(Exception):
    """A loop that does not end."""


class Module:
    """A compiled module and its answers."""

    def __init__(self, code: CodeType):
        self.names: dict[str, Any] = {"__name__": "edgewise_case", LOOP_GUARD: self._step}
        self.n_steps = 0
        exec(code, self.names)

    def _step(self) -> None:
        self.n_steps += 1
        if self.n_steps > LONGEST:
            raise Endless

    def call(self, function: str, *arguments) -> Any:
        self.n_steps = 0
        return self.names[function](*arguments)


@dataclass(frozen=True)
class Rows:
    """float32 rows, what may be answered there, and what the unchanged module does answer.

    shares: scikit-learn's probabilities, (n_rows, n_classes), NaN where the unchanged module has others, as it takes another of
    neighbors at equal distances; None for a model without.
    """

    golden: Golden
    packed: tuple[array, ...]
    answers: tuple
    probabilities: tuple
    shares: np.ndarray | None


@dataclass(frozen=True)
class Subject:
    """A model in one form. evidence: the tests' hard rows. others: an independent set, by which a mutant is judged."""

    name: str
    program: Program
    evidence: Rows
    others: Rows


@dataclass(frozen=True)
class Verdict:
    """effect: "none", "within" (other answers, all within the bounds that edgewise states) or "wrong".

    in_predict: whether an answer of predict is wrong, not only a probability or a refusal. noticed: names of DETECTORS.
    example: a row at which it shows.
    """

    change: Change
    effect: str
    in_predict: bool
    noticed: frozenset[str]
    example: str


@cache
def subject(case: str, backend: str) -> Subject:
    program = program_of(case, backend=backend)
    module = Module(compiled(parse(program.source)))
    sets = (hard_rows(case, backend=backend), independent_rows(program, fitted(case).X))
    return Subject(f"{case}:{backend}", program, *(_rows(program, module, X) for X in sets))


def independent_rows(program: Program, X: np.ndarray) -> np.ndarray:
    """Training rows, others near them and all over their range, and each threshold in many rows; not those of the tests."""
    rng = np.random.default_rng(1)
    around = rows_around(X, N_RANDOM, seed=1)
    parts = [X.astype(np.float32), around]
    core = program.model.core
    if isinstance(core, BoardTrees):
        parts.append(edge_rows(core, around))
        for feature, threshold in sorted(set(zip(core.feature.tolist(), core.threshold.tolist(), strict=True))):
            at = np.float32(threshold)
            for value in (np.nextafter(at, np.float32(-np.inf)), at, np.nextafter(at, np.float32(np.inf))):
                rows = around[rng.integers(0, len(around), ROWS_AT_A_THRESHOLD)]
                rows[:, feature] = value
                parts.append(rows)
    return np.concatenate(parts)


def _rows(program: Program, module: Module, X: np.ndarray) -> Rows:
    golden = program.golden(X)
    packed = tuple(array("f", row) for row in golden.X.tolist())
    answers = tuple(module.call("predict", row) for row in packed)
    if "predict_proba" not in module.names:
        return Rows(golden, packed, answers, (), None)
    found = tuple(module.call("predict_proba", row) for row in packed)
    shares = program.estimator.predict_proba(golden.X.astype(np.float64))  # type: ignore[attr-defined]
    open_ = np.abs(np.array(found) - shares).max(axis=1) > TOLERANCE
    return Rows(golden, packed, answers, found, np.where(open_[:, None], np.nan, shares))


def judged(subject: Subject, change: Change, code: CodeType) -> Verdict:
    try:
        module = Module(code)
    except Exception as error:
        return Verdict(change, "wrong", True, frozenset({"verify", "self_test"}), f"at import: {error!r}")
    noticed = frozenset(name for name, notices in DETECTORS.items() if notices(subject, module))
    if "verify" in noticed:
        return Verdict(change, "wrong", True, noticed, "")
    predicted = wrong_answer(subject.program, subject.others, module)
    other = wrong_probability(subject.others, module) or ("a row that is refused" if "refusals" in noticed else None)
    if wrong := predicted or other or (noticed & {"probabilities"} and "a probability at a hard row"):
        return Verdict(change, "wrong", predicted is not None, noticed, str(wrong))
    same = all(_same(rows, module) for rows in (subject.evidence, subject.others))
    return Verdict(change, "none" if same else "within", False, noticed, "")


def wrong_answer(program: Program, rows: Rows, module: Module) -> str | None:
    """The first answer of predict beyond what the evidence allows, in words; an exception is one."""
    answers = []
    for row in rows.packed:
        try:
            answers.append(module.call("predict", row))
        except Exception as error:
            return f"{row.tolist()}: {error!r}"
    try:
        return compare(program.model.classes, rows.golden, answers).first_difference
    except (TypeError, ValueError, OverflowError) as error:  # no numbers
        return repr(error)


def wrong_probability(rows: Rows, module: Module) -> str | None:
    """The first row whose probabilities are not within TOLERANCE of scikit-learn's, in words."""
    if rows.shares is None:
        return None
    for row, shares in zip(rows.packed, rows.shares.tolist(), strict=True):
        try:
            found = module.call("predict_proba", row)
            fine = all(abs(a - b) <= TOLERANCE or b != b for a, b in zip(found, shares, strict=True))
        except Exception as error:
            return f"{row.tolist()}: {error!r}"
        if not fine:
            return f"{row.tolist()}: probabilities {found}, scikit-learn's {shares}"
    return None


def _same(rows: Rows, module: Module) -> bool:
    if any(module.call("predict", row) != answer for row, answer in zip(rows.packed, rows.answers, strict=True)):
        return False
    if rows.shares is None:
        return True
    return all(module.call("predict_proba", row) == share for row, share in zip(rows.packed, rows.probabilities, strict=True))


def _self_test_fails(subject: Subject, module: Module) -> bool:
    try:
        module.call("self_test")
    except Exception:
        return True
    return False


def _takes_what_it_should_refuse(subject: Subject, module: Module) -> bool:
    """NaN, infinity at each place, and a wrong length, as in tests/device/rows.py."""
    row = subject.evidence.packed[0].tolist()
    bad = [[*row[:i], value, *row[i + 1 :]] for i in range(len(row)) for value in (np.nan, np.inf, -np.inf, 1e39)]
    for refused in (*bad, row[1:], [*row, 0.0]):
        try:
            module.call("predict", refused)
        except ValueError:
            continue
        except Exception:
            return True
        return True
    return False


DETECTORS: dict[str, Callable[[Subject, Module], bool]] = {
    "verify": lambda subject, module: wrong_answer(subject.program, subject.evidence, module) is not None,
    "self_test": _self_test_fails,
    "probabilities": lambda subject, module: wrong_probability(subject.evidence, module) is not None,
    "refusals": _takes_what_it_should_refuse,
}


def verdicts(of: Subject, sample: int | None = None, seed: int = 0) -> list[Verdict]:
    """Of every mutant, or of so many drawn by the seed."""
    tree = parse(of.program.source)
    chosen = changes(tree)
    if sample is not None and sample < len(chosen):
        chosen = [chosen[i] for i in sorted(np.random.default_rng(seed).choice(len(chosen), sample, replace=False))]
    return [judged(of, change, compiled(tree, change)) for change in chosen]
