"""The page of the benchmark says what was measured, whoever wins."""

import json
import re
from dataclasses import replace
from pathlib import Path

import families
import pytest
from benchmark_report import measurements, render
from reference_models import CASES, FOREST
from results import PEERS, RUNTIMES, Agreement, Cost, Fuzz, Host, Instructions, Predicted, Results, Row
from sensing import Accuracy, Figure, Sensing

DOCS = Path(__file__).parents[2] / "docs"
RAW, PAGE, FUZZ = DOCS / "benchmarks.json", DOCS / "benchmarks.md", DOCS / "fuzz.json"
SENSING, FAMILIES = DOCS / "sensing.json", DOCS / "families.json"
SECTIONS = (
    *("Asked and measured", "One label, one import", "Agreement with scikit-learn", "Heap predicted and measured"),
    *("Where a peer is better", "Host"),
)
ALL_EQUAL = Agreement(540, 540, 0, None)


def row(model: str, tool: str) -> Row:
    """Ours is better than the peers' in all but the import."""
    ours = tool == "edgewise"
    factor = 1 if ours else 3
    held = 9000 * factor
    us, import_us = (15.0 * factor, 18.0 * factor), 9000 if ours else 8999
    cost = Cost(*us, 100 * factor, 100 * (not ours), held, held, import_us, 12000 * factor, None)
    return Row(
        model=model,
        tool=tool,
        mpy_bytes=8000 * factor,
        py_bytes=9000 * factor,
        cost=cost,
        insns=Instructions(1000.0 * factor, 1200.0 * factor),
        need_py_m3=30000 * factor,
        agreement=dict.fromkeys(RUNTIMES, ALL_EQUAL),
        predicted=Predicted(9900, 12500, 20000) if ours else None,
    )


@pytest.fixture
def results() -> Results:
    rows = tuple(row(case.title, tool) for case in CASES for tool in ("edgewise", *PEERS))
    unsupported = (("some model", "some tool"), ("another", "some tool"))
    host = Host(1000, 1000, 4.0, 800.0, 200, 3.0, 1.0)
    return Results({"MicroPython": "9.8.7"}, dict.fromkeys(RUNTIMES, 187000), rows, unsupported, host)


def with_forest(results: Results, tool: str = "edgewise", **changes) -> Results:
    rows = (replace(row, **changes) if (row.model, row.tool) == (FOREST.title, tool) else row for row in results.rows)
    return replace(results, rows=tuple(rows))


def section(page: str, title: str) -> str:
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


def missed(results: Results) -> list[str]:
    return [line for line in section(render(results, None), "Asked and measured").splitlines() if "**no**" in line]


def line_of(page: str, title: str, tool: str) -> str:
    (line,) = (line for line in section(page, title).splitlines() if line.startswith(f"| {FOREST.title} | {tool} |"))
    return line


def test_every_section_and_version_is_there(results):
    page = render(results, None)
    assert tuple(re.findall(r"^## (.*)$", page, re.MULTILINE)) == SECTIONS
    assert "MicroPython 9.8.7" in page
    assert "Cortex-M3 187000 B" in page
    assert "some tool does not support: some model; another." in page


def test_every_row_of_a_table_has_as_many_cells_as_its_head(results):
    bare = with_forest(results, cost=None, insns=None, need_py_m3=None, agreement=dict.fromkeys(RUNTIMES))
    for found in (render(results, None), measurements(bare)):
        for table in re.findall(r"(?:^\|.*\n)+", found, re.MULTILINE):
            assert len({line.count("|") for line in table.splitlines()}) == 1


def test_goals_that_are_reached(results):
    assert missed(results) == []


@pytest.mark.parametrize(
    ("part", "change", "named"),
    [
        ("cost", {"us_array": 20.5}, "on the Pico"),
        ("cost", {"held_bytes": 9 * 1024 + 1}, "held"),
        ("cost", {"held_alone": 9 * 1024 + 1}, "held"),
        ("cost", {"bytes_array": 1}, "allocated"),
        ("cost", {"bytes_array": None}, "allocated"),
        ("insns", {"array": 3501.0}, "on the Cortex-M3"),
        ("predicted", {"held": 10351}, "predicted"),
        ("predicted", {"held": 7649}, "predicted"),
    ],
)
def test_a_goal_of_the_forest_that_is_missed_says_so(results, part, change, named):
    forest = results.row(FOREST.title, "edgewise")
    lines = missed(with_forest(results, **{part: replace(getattr(forest, part), **change)}))
    assert any(named in line for line in lines)


@pytest.mark.parametrize("port", RUNTIMES)
@pytest.mark.parametrize(
    ("found", "words"),
    [(Agreement(540, 538, 1, None), "1 wrong"), (None, "1 does not fit"), (Agreement(540, 539, 1, None), None)],
)
def test_a_row_that_differs_on_any_runtime_is_a_goal_missed(results, port, found, words):
    """The forest has to be equal; of all models a row may be open."""
    forest = results.row(FOREST.title, "edgewise")
    lines = missed(with_forest(results, agreement=forest.agreement | {port: found}))
    assert all(RUNTIMES[port] in line for line in lines)
    assert [line.startswith(f"| {FOREST.title}") for line in lines] == ([True] if words is None else [True, False])
    assert words is None or words in lines[1]


def test_heap_that_is_held_alone_counts_too(results):
    forest = results.row(FOREST.title, "edgewise")
    (line,) = missed(with_forest(results, cost=replace(forest.cost, held_alone=8550)))
    assert "alone" in line
    assert "+15.8%" in line


@pytest.mark.parametrize(
    ("name", "value"), [("transpile_s", 5.01), ("transpile_mb", 1001.0), ("redeploy_s", 2.01), ("largest_forest", 199)]
)
def test_a_goal_of_the_host_that_is_missed_says_so(results, name, value):
    assert len(missed(replace(results, host=replace(results.host, **{name: value})))) == 1


def test_agreement_tells_equal_open_and_wrong_of_each_runtime(results):
    found = dict(zip(RUNTIMES, (ALL_EQUAL, Agreement(540, 530, 10, None), Agreement(540, 520, 5, None), None), strict=True))
    line = line_of(measurements(with_forest(results, agreement=found)), "Agreement with scikit-learn", "edgewise")
    assert line.endswith("| 540/540 | 530/540, 10 open | 520/540, 5 open, **15 wrong** | does not fit |  |")


def test_the_largest_error_of_a_regression_is_shown(results):
    found = dict(zip(RUNTIMES, (Agreement(9, 9, 0, error) for error in (1e-9, 3e-7, 2e-7, 0.0)), strict=True))
    line = line_of(measurements(with_forest(results, agreement=found)), "Agreement with scikit-learn", "edgewise")
    assert line.endswith("| 3.0e-07 |")


@pytest.mark.parametrize("peer", PEERS)
def test_a_win_of_a_peer_is_shown(results, peer):
    title = "Where a peer is better"
    losses = section(render(results, None), title)
    assert losses.count("import us (8999 to 9000)") == len(CASES) * len(PEERS)
    assert "B held" not in losses
    forest = results.row(FOREST.title, "edgewise")
    worse = with_forest(
        results,
        cost=replace(forest.cost, held_bytes=27001, bytes_list=None),
        insns=None,
        agreement=forest.agreement | {"riscv": Agreement(540, 539, 1, None)},
    )
    line = line_of(render(worse, None), title, peer)
    for win in ("B held (27000 to 27001)", "B per call, list (300 to too many)", "insns, list (3000 to too many)"):
        assert win in line
    assert "rows that differ, RISC-V (0 to 1)" in line


def test_what_does_not_fit_is_said_and_no_win(results):
    page = render(with_forest(results, "m2cgen", need_py_m3=None, insns=None), None)
    costs = line_of(page, "One label, one import", "m2cgen").split(" | ")
    assert costs.count("does not fit") == 3
    assert "insns" not in line_of(page, "Where a peer is better", "m2cgen")


def test_the_attack_is_shown_where_one_was_kept(results, tmp_path):
    path = tmp_path / "fuzz.json"
    assert Fuzz.load(path) is None
    counts = {"models": 31, "predictions": 500, "equal": 490, "explained": 7, "unexplained": 3, "refused": 2}
    path.write_text(json.dumps({"seed": 42, "runtimes": [{"runtime": "the unix port", **counts}]}))
    text = section(render(results, Fuzz.load(path)), "Equality")
    assert "| the unix port | 31 | 500 | 490 | 7 | 3 | 2 |" in text
    assert "seed\n42." in text


def test_from_a_sensor_to_a_label(results, tmp_path):
    figures = (Figure("an FFT", 1056.25, "us", 2000.0), Figure("missed", 3, "samples", 0), Figure("heap", 12345.0, "bytes"))
    accuracies = (
        Accuracy("shoulder", "motion", "linear", "", 0.8766, (0.9, 0.85), 0.7012, 2229, 10, 68, 0.88, True, 9000, 12000),
        Accuracy("har", "motion", "forest", "no data here"),
    )
    path = tmp_path / "sensing.json"
    assert Sensing.load(path) is None
    Sensing(figures, accuracies).save(path)
    assert Sensing.load(path) == Sensing(figures, accuracies)
    lines = section(render(results, None, Sensing.load(path)), "From a sensor to a label").splitlines()
    assert "| an FFT | 1,056.25 us | at most 2000 | yes |" in lines
    assert "| missed | 3 samples | at most 0 | **no** |" in lines
    assert "| heap | 12,345 bytes |  |  |" in lines
    assert (
        "| shoulder | motion | linear | 0.877 | 0.900, 0.850 | 0.701 | 10 groups, 2,229 windows | 9,000 | 12,000 | yes |" in lines
    )
    assert any(line.startswith("| har | motion | forest | not measured: no data here |") for line in lines)
    assert "From a sensor" not in render(results, None)


def test_results_survive_the_way_through_json(results, tmp_path):
    path = tmp_path / "raw.json"
    for found in (results, replace(with_forest(results, cost=None, insns=None, agreement=dict.fromkeys(RUNTIMES)), host=None)):
        found.save(path)
        assert Results.load(path) == found


def test_the_page_in_docs_is_what_the_results_beside_it_say():
    page = PAGE.read_text(encoding="utf-8")
    parts = (Results.load(RAW), Fuzz.load(FUZZ), Sensing.load(SENSING), families.load(FAMILIES))
    assert page == render(*parts), "run python tests/bench/bench.py --render"


def test_goals_of_families():
    rows = families.load(FAMILIES)
    worse = [replace(row, equal=(row.n_rows - 3,), held=4096) if row.title == families.ASKED[0] else row for row in rows]
    met = [row[2] for row in families.goals(worse)]
    assert met == ["**no**"] + 6 * ["yes"]
    assert len({row.family for row in rows}) >= 10


def test_docs_name_no_folder_of_a_machine():
    for text in (PAGE.read_text(encoding="utf-8"), RAW.read_text()):
        assert not re.search(r"/(home|root|tmp|work|Users)/", text)


def test_docs_hold_every_model_by_every_tool():
    results = Results.load(RAW)
    for tool in ("edgewise", *PEERS):
        refused = {model for model, by in results.unsupported if by == tool}
        measured = [row.model for row in results.rows if row.tool == tool]
        assert measured == [case.title for case in CASES if case.title not in refused]
