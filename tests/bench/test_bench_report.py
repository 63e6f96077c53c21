"""The page of the benchmark says what was measured, whoever wins."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from benchmark_report import render
from reference_models import CASES, FOREST
from results import Agreement, Cost, Host, Predicted, Results, Row

DOCS = Path(__file__).parents[2] / "docs"
SECTIONS = (
    *("Asked and measured", "One label, one import", "Agreement with scikit-learn", "Heap predicted and measured"),
    *("Where m2cgen is better", "Host"),
)
ALL_EQUAL = Agreement(540, 540, 0, None)


def row(model: str, tool: str) -> Row:
    """Ours is better than the peer's in all but the import."""
    ours = tool == "edgewise"
    factor = 1 if ours else 3
    cost = Cost(1000.0 * factor, 1100.0 * factor, 100 * factor, 200 * factor, 10000 * factor, 9000 if ours else 8999)
    predicted = Predicted(11000, 12500, 20000) if ours else None
    return Row(
        model, tool, cost, 10000 * factor, 12000 * factor, None, 8000 * factor, 9000 * factor, ALL_EQUAL, ALL_EQUAL, predicted
    )


@pytest.fixture
def results() -> Results:
    rows = tuple(row(case.title, tool) for case in CASES for tool in ("edgewise", "m2cgen"))
    return Results({"MicroPython": "9.8.7"}, rows, (("some model", "some tool"),), Host(100, 1000, 4.0, 3.0, 1.0))


def with_forest(results: Results, **changes) -> Results:
    rows = (replace(row, **changes) if (row.model, row.tool) == (FOREST.title, "edgewise") else row for row in results.rows)
    return replace(results, rows=tuple(rows))


def section(page: str, title: str) -> str:
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


def missed(results: Results) -> list[str]:
    return [line for line in section(render(results), "Asked and measured").splitlines() if "**no**" in line]


def test_every_section_and_version_is_there(results):
    page = render(results)
    assert tuple(re.findall(r"^## (.*)$", page, re.MULTILINE)) == SECTIONS
    assert "MicroPython 9.8.7" in page
    assert "some tool does not support some model" in page


def test_every_row_of_a_table_has_as_many_cells_as_its_head(results):
    for table in re.findall(r"(?:^\|.*\n)+", render(results), re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_goals_that_are_reached(results):
    assert missed(results) == []


@pytest.mark.parametrize(
    ("part", "change", "named"),
    [
        ("cost", {"us_list": 1501.0}, "as fast"),
        ("cost", {"us_array": 1651.0}, "as fast"),
        ("cost", {"held_bytes": 14 * 1024 + 1}, "held"),
        ("cost", {"bytes_array": 2049}, "allocated"),
        ("cost", {"bytes_list": None}, "allocated"),
        ("unix", {"n_equal": 539}, "unix port"),
        ("pico", {"n_equal": 539}, "Pico"),
        ("predicted", {"held": 11501}, "predicted"),
        ("predicted", {"held": 8499}, "predicted"),
    ],
)
def test_a_goal_of_the_forest_that_is_missed_says_so(results, part, change, named):
    forest = results.row(FOREST.title, "edgewise")
    lines = missed(with_forest(results, **{part: replace(getattr(forest, part), **change)}))
    assert any(named in line for line in lines)


def test_heap_that_is_held_alone_counts_too(results):
    (line,) = missed(with_forest(results, held_alone=9500))
    assert "alone" in line
    assert "+15.8%" in line


@pytest.mark.parametrize("change", [{"transpile_s": 5.01}, {"redeploy_s": 2.01}])
def test_a_goal_of_the_host_that_is_missed_says_so(results, change):
    assert len(missed(replace(results, host=replace(results.host, **change)))) == 1


def test_a_win_of_the_peer_is_shown(results):
    losses = section(render(results), "Where m2cgen is better")
    assert losses.count("import us (8999 to 9000)") == len(CASES)
    assert "B held" not in losses
    heavier = replace(results.row(FOREST.title, "edgewise").cost, held_bytes=30001, bytes_list=None)
    losses = section(render(with_forest(results, cost=heavier)), "Where m2cgen is better")
    assert "B held (30000 to 30001)" in losses
    assert "B per call, list (300 to too many)" in losses


def test_results_survive_the_way_through_json(results, tmp_path):
    results.save(tmp_path / "raw.json")
    assert Results.load(tmp_path / "raw.json") == results


def test_the_page_in_docs_is_what_the_results_beside_it_say():
    page = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert page == render(Results.load(DOCS / "benchmarks.json")), "run python tests/bench/bench.py --render"


def test_docs_name_no_folder_of_a_machine():
    for text in ((DOCS / "benchmarks.md").read_text(encoding="utf-8"), json.dumps((DOCS / "benchmarks.json").read_text())):
        assert not re.search(r"/(home|root|tmp|work|Users)/", text)


def test_docs_hold_every_model():
    results = Results.load(DOCS / "benchmarks.json")
    assert [row.model for row in results.rows if row.tool == "edgewise"] == [case.title for case in CASES]
