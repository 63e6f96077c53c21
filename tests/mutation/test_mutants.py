"""What a damaged module answers wrongly, edgewise and its tests notice: mutants drawn by a seed; all of them are the script's."""

import ast
from dataclasses import replace

import pytest
from judging import LONGEST, Module, Rows, Subject, Verdict, judged, subject, verdicts, wrong_answer
from mutants import Change, changes, compiled, parse, tables_of
from mutation_report import SUBJECTS, in_table, missed, share, table, unseen_by_rows

SAMPLE, SEED = 100, 0  # mutants a model


@pytest.mark.parametrize(("case", "backend"), SUBJECTS)
def test_every_mutant_that_answers_wrongly_is_noticed(case: str, backend: str, record_property):
    of = subject(case, backend)
    found = verdicts(of, SAMPLE, SEED)
    record_property("mutants", share(found))
    print(f"{SAMPLE} mutants drawn by seed {SEED}\n{table(of.name, found)}\n{share(found)}")
    assert missed(found) == []
    assert unseen_by_rows(found) == []
    assert [verdict for verdict in found if in_table(verdict) and "self_test" not in verdict.noticed] == []
    assert sum(verdict.effect == "wrong" for verdict in found) >= 10


def chosen(source_of: Subject, group: str, text: str = "") -> list[Verdict]:
    tree = parse(source_of.program.source)
    some = [change for change in changes(tree) if change.group == group and text in change.text]
    assert some
    return [judged(source_of, change, compiled(tree, change)) for change in some]


def test_every_table_that_predicts_is_changed_entry_by_entry():
    of = subject("RandomForestClassifier-int", "table")
    core = of.program.model.core
    groups = [change.group for change in changes(parse(of.program.source))]
    for group in ("_FEATURE", "_THRESHOLD", "_LEFT", "_RIGHT"):
        assert len(core.feature) <= groups.count(group) <= 2 * len(core.feature)
    assert groups.count("children swapped") == len(core.feature)
    assert {"_ROW_START", "_ROW_CLASS", "_ROW_VOTES", "compare <=", "constant", "tuple", "operator Add"} <= set(groups)
    pooled = {change.group for change in changes(parse(subject("RandomForestRegressor-steps", "table").program.source))}
    assert {"_POOL", "_THRESHOLD", "_LEAF_STEPS", "_LINE"} <= pooled
    assert not [group for group in groups if "GOLDEN" in group]


def test_a_change_is_taken_back():
    source = subject("DecisionTreeClassifier-text", "table").program.source
    tree = parse(source)
    before = ast.dump(tree)
    for change in changes(tree):
        assert compiled(tree, change) != compiled(tree), change.text
        assert ast.dump(tree) == before


@pytest.mark.parametrize(("case", "backend"), SUBJECTS)
def test_the_module_itself_is_found_unchanged(case: str, backend: str):
    of = subject(case, backend)
    verdict = judged(of, Change("none", "", ()), compiled(parse(of.program.source)))
    assert (verdict.effect, verdict.noticed) == ("none", frozenset())


def test_thresholds_rounded_the_wrong_way_are_seen_by_the_rows_alone():
    of = subject("DecisionTreeRegressor-width", "table")
    core = of.program.model.core
    found = chosen(of, "_THRESHOLD")
    assert len(found) == 2 * len(core.threshold)
    assert all(verdict.effect == "wrong" and "verify" in verdict.noticed for verdict in found)


def test_one_row_is_too_little_evidence():
    """The judge does not take the evidence's word: with one row for evidence the same mutants are missed."""
    whole = subject("RandomForestRegressor-width", "table")
    first = whole.evidence
    poor = replace(whole, evidence=Rows(first.golden.take(slice(1)), first.packed[:1], first.answers[:1], (), None))
    found = chosen(poor, "_THRESHOLD")
    assert len(unseen_by_rows(found)) > 0.9 * len(found)


def test_a_loop_that_does_not_end_is_cut():
    of = subject("DecisionTreeClassifier-text", "table")
    tree = parse(of.program.source)
    left, _ = tables_of(tree)["_LEFT"]
    to_itself = Change("_LEFT", "_LEFT[0]: 0", ((left, "value", b"\0" + left.value[1:]),))
    module = Module(compiled(tree, to_itself))
    assert "Endless" in str(wrong_answer(of.program, of.evidence, module))
    assert module.n_steps == LONGEST + 1


def test_a_value_within_the_stated_bound_is_no_mistake():
    of = subject("RandomForestRegressor-width", "table")
    effects = [verdict.effect for verdict in chosen(of, "_LEAF_STEPS")]
    assert effects == ["within"] * len(effects)
