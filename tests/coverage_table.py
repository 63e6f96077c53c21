"""The tables of what can be transpiled, in README.md and docs/models.md: `python tests/coverage_table.py` writes them anew."""

import re
from collections.abc import Iterable
from pathlib import Path

from edgewise.coverage import KINDS, Row, coverage

ROOT = Path(__file__).resolve().parents[1]
FILES = {"README.md": lambda rows: compact(rows), "docs/models.md": lambda rows: whole(rows)}
BEGIN, END = "<!-- coverage: python tests/coverage_table.py -->\n", "<!-- end of coverage -->\n"
# scikit-learn's modules by what they are about; those of which nothing transpiles share the last row
FAMILIES = {
    "trees": ("tree",),
    "forests, boosting, isolation": ("ensemble", "xgboost", "lightgbm"),
    "linear": ("linear_model", "cross_decomposition"),
    "neural networks": ("neural_network", "edgewise.teach"),
    "support vectors, kernels": ("svm", "kernel_ridge"),
    "Bayes, discriminants": ("naive_bayes", "discriminant_analysis"),
    "neighbors, centroids": ("neighbors",),
    "clusters, mixtures": ("cluster", "mixture"),
    "anomalies": ("covariance", "edgewise.anomaly"),
    "several outputs or classes": ("multioutput", "multiclass"),
    "around a model": ("model_selection", "compose", "frozen", "pipeline", "semi_supervised", "calibration"),
    "scaling, filling, polynomials": ("preprocessing", "impute"),
    "choosing and joining features": ("feature_selection", "decomposition"),
}
OTHERS = "others"


def family(row: Row) -> str:
    return next((name for name, modules in FAMILIES.items() if row.module in modules), OTHERS)


def names(rows: Iterable[Row]) -> str:
    """In a list; a pair such as RidgeClassifier and RidgeRegressor is named once."""
    left = sorted(row.name for row in rows)
    listed = []
    for name in left:
        stem = name.removesuffix("Regressor")
        if stem == name or f"{stem}Classifier" not in left:
            stem = name.removesuffix("Classifier")
            both = stem != name and f"{stem}Regressor" in left
            listed.append(f"{name}/-Regressor" if both else name)
    return ", ".join(listed)


def compact(rows: list[Row]) -> str:
    lines = ["| family | transpiled | of | not |", "|---|---|---|---|"]
    for name in (*FAMILIES, OTHERS):
        own = [row for row in rows if family(row) == name]
        supported = [row for row in own if row.supported]
        lines.append(f"| {name} | {names(supported)} | {len(supported)}/{len(own)} | {names(set(own) - set(supported))} |")
    lines.append(f"| all | | {sum(row.supported for row in rows)}/{len(rows)} | |")
    return "\n".join(lines) + "\n"


def whole(rows: list[Row]) -> str:
    lines = []
    for kind in KINDS.values():
        own = [row for row in rows if row.kind == kind]
        lines += [f"## {kind[0].upper()}{kind[1:]}: {sum(row.supported for row in own)} of {len(own)}", ""]
        lines += ["| estimator | module | transpiled | note |", "|---|---|---|---|"]
        lines += [f"| {row.name} | {row.module} | {'yes' if row.supported else 'no'} | {row.note} |" for row in own]
        lines.append("")
    return "\n".join(lines)


def with_table(text: str, table: str) -> str:
    """The text with the table between its marks."""
    found = re.findall(f"{re.escape(BEGIN)}.*?{re.escape(END)}", text, flags=re.DOTALL)
    assert len(found) == 1, f"one pair of marks, not {len(found)}"
    return text.replace(found[0], BEGIN + table + END)


if __name__ == "__main__":
    for name, table in FILES.items():
        path = ROOT / name
        path.write_text(with_table(path.read_text("utf-8"), table(coverage())), "utf-8")
