"""What is said to be supported is what `lower` takes, and of everything else it is said why not."""

from pathlib import Path

import pytest
from coverage_table import FILES, compact, names, with_table
from sklearn.utils import all_estimators

from edgewise.coverage import KINDS, LIMITS, Row, coverage
from edgewise.errors import UnsupportedModelError
from edgewise.lower import LOWERINGS, lower
from edgewise.lower.stages import TRANSFORMERS
from edgewise.lower.unsupported import CLASSES, MODULES, NOT_YET
from edgewise.lower.wrappers import WRAPPERS

ROWS = coverage()
KNOWN = dict(all_estimators())
ROOT = Path(__file__).resolve().parents[2]


def test_every_estimator_of_scikit_learn_is_listed_once():
    listed = [row.name for row in ROWS if row.name in KNOWN]
    assert sorted(listed) == sorted(KNOWN)
    assert len(ROWS) == len({(row.module, row.name) for row in ROWS})
    assert [row for row in ROWS if not row.supported and row.name not in KNOWN] == []  # others are listed as they are supported


def test_support_is_read_from_the_tables_of_lower(monkeypatch):
    assert {row.name for row in ROWS if row.supported} >= {kind.__name__ for kind in (*LOWERINGS, *TRANSFORMERS, *WRAPPERS)}
    monkeypatch.delitem(LOWERINGS, KNOWN["KMeans"])
    row = next(row for row in coverage() if row.name == "KMeans")
    assert (row.supported, row.note) == (False, MODULES["cluster"])


def test_every_refusal_has_its_reason_and_a_way_out():
    for row in ROWS:
        assert row.kind in KINDS.values()
        assert row.supported or row.note not in ("", NOT_YET), (
            f"say in coverage.py why {row.name} of {row.module} is not supported"
        )


def test_no_reason_is_left_over():
    """Of a class that is supported by now, or that scikit-learn has no more."""
    refused = {row.name for row in ROWS if not row.supported}
    assert set(CLASSES) <= refused
    assert set(MODULES) <= {row.module for row in ROWS if not row.supported and row.name not in CLASSES}
    assert set(LIMITS) <= {row.name for row in ROWS if row.supported}


def test_a_reason_names_what_is_supported():
    supported = {row.name for row in ROWS if row.supported}
    for reason in (*CLASSES.values(), *MODULES.values()):
        named = {word for word in reason.replace("(", " ").replace(",", " ").split() if word in KNOWN}
        assert named <= supported, reason


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in KNOWN and not row.supported], ids=lambda row: row.name)
def test_what_is_said_to_be_unsupported_is_refused_in_the_same_words(row: Row):
    """By its class, before anything of it is looked at."""
    with pytest.raises(UnsupportedModelError) as error:
        lower(KNOWN[row.name].__new__(KNOWN[row.name]))
    assert str(error.value) == f"{row.name} is not supported as the model: {row.note} (edgewise models lists all)"


@pytest.mark.parametrize("name", FILES)
def test_the_tables_of_the_documentation_are_up_to_date(name: str):
    text = (ROOT / name).read_text("utf-8")
    assert with_table(text, FILES[name](ROWS)) == text, "run python tests/coverage_table.py"


def test_the_compact_table_loses_nobody():
    table = compact(ROWS)
    for row in ROWS:
        stem = row.name.removesuffix("Regressor")
        assert f" {row.name}" in table or f" {stem}Classifier/-Regressor" in table
    three = [Row(name, "module", "kind", True, "") for name in ("ARegressor", "AClassifier", "BRegressor")]
    assert names(three) == "AClassifier/-Regressor, BRegressor"
