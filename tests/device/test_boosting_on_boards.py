"""Boosted, isolating and several-valued trees on MicroPython: every kernel, with NaN, and values to the last bit of float32."""

from dataclasses import replace

import numpy as np
import pytest
from models import deployed
from tree_ensembles import fitted, hard_rows, program_of

from edgewise import Target, reference, verify

KERNELS = ["hist-two", "hist-ten", "gradient-value", "hist-poisson", "isolation", "missing-hist-ten"]
TABLES = ["hist-ten", "ada-value", "forest-values", "forest-labels", "missing-forest-values"]
# the kernel that each takes, and tables in turn
FORMS = [("cortex_m3", case, "thumb") for case in KERNELS] + [("cortex_m3", case, "table") for case in TABLES]
FORMS += [("riscv", case, "viper") for case in KERNELS] + [("riscv", "isolation", "table")]
FORMS += [("unix_port", case, "viper") for case in KERNELS] + [("unix_port", case, "table") for case in TABLES]
PICO = [("hist-ten", "thumb"), ("missing-hist-ten", "thumb"), ("isolation", "thumb"), ("ada-value", "table")]
MOST = 150  # rows


def some(rows: np.ndarray, most: int) -> np.ndarray:
    return rows[:: len(rows) // most + 1]


def holds(case: str, backend: str, rows: np.ndarray, target: Target) -> None:
    program = program_of(case, backend)
    target.soft_reset()
    with deployed(program, rows, target) as artifact:
        found = verify(artifact, target)
        assert target.eval(f"__import__({program.name!r}).self_test()") > 0
    assert found.n_rows == len(rows)
    assert found.passed, found.first_difference
    if program.model.classes is not None:
        assert found.n_explained <= (2 if case.startswith("isolation") else 0)


@pytest.mark.parametrize(("port", "case", "backend"), FORMS)
def test_answers(port: str, case: str, backend: str, request: pytest.FixtureRequest):
    holds(case, backend, some(hard_rows(case), MOST), request.getfixturevalue(port))


@pytest.mark.parametrize(("case", "backend"), PICO)
def test_answers_of_the_pico(case: str, backend: str, emulated_pico: Target):
    holds(case, backend, some(hard_rows(case), 30), emulated_pico)


@pytest.mark.parametrize("case", ["gradient-value", "ada-value", "forest-values"])
@pytest.mark.parametrize("port", ["cortex_m3", "riscv"])
def test_values_are_the_references_to_the_last_bit(case: str, port: str, request: pytest.FixtureRequest):
    target = request.getfixturevalue(port)
    program, rows = program_of(case, "table"), some(hard_rows(case), MOST)
    expected = reference.predict(program.model, rows)
    target.soft_reset()
    with deployed(program, rows, target) as artifact:
        assert artifact.evidence is not None
        evidence = replace(artifact.evidence, expected=expected, low=expected, high=expected)
        assert verify(replace(artifact, evidence=evidence), target).n_equal == len(rows)


@pytest.mark.parametrize(("case", "backend"), [("gradient-exponential", "table"), ("hist-ten", "viper"), ("ada-three", "table")])
@pytest.mark.parametrize("port", ["unix_port", "cortex_m3"])
def test_probabilities(case: str, backend: str, port: str, request: pytest.FixtureRequest):
    target, program = request.getfixturevalue(port), program_of(case, backend)
    rows = fitted(case).X[::20].astype(np.float32).astype(np.float64)
    target.soft_reset()
    with deployed(program, rows, target):
        found = target.eval(f"[__import__({program.name!r}).predict_proba(row) for row in {rows.tolist()}]")
    np.testing.assert_allclose(found, program.estimator.predict_proba(rows), atol=2e-6)  # type: ignore[attr-defined]


@pytest.mark.parametrize("port", ["unix_port", "riscv"])
def test_a_threshold_is_set_on_the_board(port: str, request: pytest.FixtureRequest):
    target, program = request.getfixturevalue(port), program_of("isolation", "viper")
    rows = fitted("isolation").X[:10].astype(np.float32).astype(np.float64)
    scores = program.estimator.score_samples(rows)  # type: ignore[attr-defined]
    threshold = float(np.sort(scores)[4:6].mean())
    target.soft_reset()
    with deployed(program, rows, target):
        found = target.eval(f"[__import__({program.name!r}).score(row) for row in {rows.tolist()}]")
        np.testing.assert_allclose(found, scores, atol=1e-6)
        target.exec(f"import {program.name}\n{program.name}.THRESHOLD = {threshold!r}")
        found = target.eval(f"[__import__({program.name!r}).predict(row) for row in {rows.tolist()}]")
    assert found == np.where(scores >= threshold, 1, -1).tolist()


@pytest.mark.parametrize(("port", "backend"), [("cortex_m3", "thumb"), ("riscv", "viper"), ("unix_port", "table")])
def test_rows_with_nan_where_none_was_learned_and_with_infinity(port: str, backend: str, request: pytest.FixtureRequest):
    target = request.getfixturevalue(port)
    for case, bad in (("hist-ten", "nan"), ("missing-hist-ten", "inf")):
        program = program_of(case, backend)
        target.soft_reset()
        with deployed(program, fitted(case).X[:2], target):
            asked = f"{program.name}.predict([float({bad!r})] * 5)"
            said = target.exec(f"import {program.name}\ntry:\n {asked}\nexcept ValueError as error:\n print(error)")
        assert said.startswith("a feature is not finite")
