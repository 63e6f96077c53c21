"""Rows to predict: like the training rows, and where a model decides: at thresholds, at borders between classes, midway."""

import numpy as np
from fuzz.specs import BOOSTED, NEIGHBORS, TREES, Case, Spec
from models import edge_rows
from sklearn.pipeline import Pipeline

from edgewise.float32 import MAX, from_key, to_key
from edgewise.passes import BoardTrees
from edgewise.program import Program

EDGE_NUMBERS = 20_000  # of the training rows that look for edges; `edge_rows` copies them once a level of each tree


def input_rows(spec: Spec, case: Case, program: Program) -> np.ndarray:
    """`spec.n_inputs` float32 rows that the estimator takes; half of them hard ones, where the kind has such."""
    rng = np.random.default_rng(spec.seed + 1)
    hard = _taken(spec, case, _hard(spec, case, program, rng))
    plain = _taken(spec, case, np.concatenate([case.others, case.X, *_moved(spec, case, rng)]).astype(np.float32))
    n_hard = min(len(hard), spec.n_inputs // 2)
    n_plain = spec.n_inputs - n_hard
    rows = [rng.permutation(hard)[:n_hard], rng.permutation(plain)[:n_plain]]
    short = n_plain - len(rows[1])
    return np.concatenate([*rows, rng.choice(rows[1], max(short, 0))])


def _moved(spec: Spec, case: Case, rng: np.random.Generator) -> list[np.ndarray]:
    """Training rows pushed a little, and beyond their range; for trees any finite float32."""
    X, spread = case.X, case.X.std(axis=0)
    moved = [X + rng.normal(0, scale, X.shape) * spread for scale in (1e-6, 0.1, 3)]
    if spec.kind in TREES | BOOSTED and not spec.before:
        moved += [from_key(rng.integers(to_key(np.float32(-MAX)), to_key(np.float32(MAX)), X.shape)), np.sign(X) * MAX, -0.0 * X]
    return moved


def _taken(spec: Spec, case: Case, rows: np.ndarray) -> np.ndarray:
    """Those that are finite in float32, raw and scaled: the others scikit-learn's trees refuse."""
    # +-MAX stand for NaN in the rows of trees that take it
    fine = (np.abs(rows) < MAX) | np.isnan(rows) if spec.missing else np.isfinite(rows)
    rows = rows[fine.all(axis=1)]
    if not (isinstance(case.estimator, Pipeline) and spec.kind in TREES | BOOSTED and len(rows)):
        return rows
    with np.errstate(over="ignore"):
        scaled = case.estimator[:-1].transform(rows.astype(np.float64)).astype(np.float32)
    return rows[np.isfinite(scaled).all(axis=1)]


def _hard(spec: Spec, case: Case, program: Program, rng: np.random.Generator) -> np.ndarray:
    core = program.model.core
    if isinstance(core, BoardTrees) and program.model.n_inputs == spec.n_features and not program.model.stages:
        return edge_rows(core, case.X[: EDGE_NUMBERS // spec.n_features])
    pool = np.concatenate([case.X, case.others])
    a, b = (rng.choice(pool, spec.n_inputs).astype(np.float32) for _ in "ab")
    found = [(a / 2 + b / 2)] if spec.kind in NEIGHBORS else []
    if program.model.classes is not None and not spec.missing:
        found += _borders(case.estimator, a, b)
    return np.concatenate(found) if found else a[:0]


def _borders(estimator, a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    """Pairs of float32 rows, as near to each other as they go, between which the answer changes."""
    first, last = estimator.predict(a.astype(np.float64)), estimator.predict(b.astype(np.float64))
    a, b, first = a[first != last], b[first != last], first[first != last]
    if not len(a):
        return []
    for _ in range(30):
        middle = a / 2 + b / 2
        stays = (estimator.predict(middle.astype(np.float64)) == first)[:, None]
        a, b = np.where(stays, middle, a), np.where(stays, b, middle)
    return [a, b]
