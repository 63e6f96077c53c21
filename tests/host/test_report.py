"""The report: what it says is what scikit-learn says, whatever labels hold is text, and nothing is loaded from elsewhere."""

import base64
import importlib
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from command import snapshot
from pages import LABELS, NAMES, SCRIPT, awkward, folder
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from edgewise import artifact, boards, explain, fit, report, training
from edgewise.errors import EdgewiseError, ModelFileError
from edgewise.report import markup
from edgewise.show import printable

VOID = {"meta", "img"}
SVG = "{http://www.w3.org/2000/svg}"


class Page(HTMLParser):
    """The elements of a page: (name, attributes), tables as rows of cells, and the text."""

    def __init__(self, content: bytes):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self._rows: list[list[str]] = []
        self.feed(content.decode("utf-8"))
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self._rows, self._caption = [], ""
        if tag == "tr":
            self._rows.append([])
        if tag in ("td", "th"):
            self._rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data
        if "caption" in self.open:
            self._caption += data
        elif self._rows and self._rows[-1] and {"td", "th"} & set(self.open):
            self._rows[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def table(self, start: str) -> list[list[str]]:
        return next(rows for caption, rows in self.tables.items() if caption.startswith(start))


def page_of(path: Path) -> Page:
    return Page(path.read_bytes())


def pictures(page: Page) -> list[bytes]:
    starts = [str(image["src"]).partition(",") for image in page.all("img")]
    assert all(start == "data:image/svg+xml;base64" for start, _, _ in starts)
    return [base64.b64decode(data) for _, _, data in starts]


def words(svg: bytes) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Callable[..., Path]:
    """The folder of a model and task, made once."""
    done: dict[tuple[str, ...], Path] = {}

    def make(model: str = "forest", task: str = "classification", groups: bool = True) -> Path:
        key = (model, task, str(groups))
        if key not in done:
            done[key] = folder(tmp_path_factory.mktemp("m") / "m", model, awkward(task, groups))
            report.write(done[key])
        return done[key]

    return make


def predicted(path: Path) -> tuple[np.ndarray, np.ndarray]:
    saved = training.load(path)
    return saved.y_test, saved.estimator.predict(saved.X_test.astype(np.float32).astype(np.float64))


# What it says


KINDS = [
    *(("classification", model) for model in ("tree", "forest", "linear", "ridge", "svm", "knn")),
    *(("regression", model) for model in ("tree", "forest", "linear", "knn")),
]


@pytest.mark.parametrize(
    ("task", "model", "groups"),
    [*((*kind, True) for kind in KINDS), ("classification", "tree", False), ("regression", "linear", False)],
)
def test_every_kind_of_model_has_its_sections(made, task, model, groups):
    page = page_of(made(model, task, groups) / "report.html")
    wanted = ["summary", "scores", "mistakes", "curve", "importance", "errors", "memory", "reproduce"]
    if model in ("tree", "forest"):
        wanted.insert(5, "tree")
    assert [h2["id"] for h2 in page.all("h2")] == wanted
    assert [link["href"] for link in page.all("a")] == [f"#{name}" for name in wanted]
    n_pictures = 3 + (model in ("tree", "forest")) + (task == "regression")
    assert len(pictures(page)) == n_pictures
    assert all(len(str(image["alt"])) > 20 for image in page.all("img"))


def test_the_scores_stand_beside_each_other(made):
    path = made()
    results = training.load(path).results
    rows = {row[0]: row[1:] for row in page_of(path / "report.html").table("Scores of the same model")[1:]}
    assert {name: value for name, (value, _) in rows.items()} == {
        "a random split would claim": f"{results.random_score:.4f}",
        "held out": f"{results.score:.4f}",
        "cross-validation, mean": f"{results.cross.mean:.4f}",
        "one rule": f"{results.one_rule.score:.4f}",
        "always the same answer": f"{results.baseline_score:.4f}",
    }
    assert str(results.one_rule).replace("\0", "\\x00") in rows["one rule"][1]
    assert f"standard deviation {results.cross.spread:.4f}" in rows["cross-validation, mean"][1]


@pytest.mark.parametrize(("random_score", "told"), [(0.99, True), (0.01, False), (None, False)])
def test_why_a_random_split_flatters_where_it_does(tmp_path, random_score, told):
    path = folder(tmp_path / "m", "tree")
    content = json.loads((path / "training.json").read_bytes())
    (path / "training.json").write_text(json.dumps(content | {"random_score": random_score, "group": "person"}))
    page = page_of(report.write(path))
    assert ("it puts rows of the same person on both sides" in page.text) is told
    assert ("a random split would claim" in page.text) is (random_score is not None)


def test_the_confusion_matrix_and_the_classes_are_scikit_learns(made):
    path = made()
    page = page_of(path / "report.html")
    y, said = predicted(path)
    labels = sorted(LABELS)
    matrix = [[0 if cell == "·" else int(cell) for cell in row[1:]] for row in page.table("Confusion matrix")[1:]]
    assert matrix == confusion_matrix(y, said, labels=labels).tolist()
    rows = page.table("By class")[1:]
    assert [row[0] for row in rows] == [printable(label) for label in labels]
    for column, score in ((1, precision_score), (2, recall_score)):
        assert [row[column] for row in rows] == [f"{value:.4f}" for value in score(y, said, labels=labels, average=None)]
    assert [int(row[4]) for row in rows] == [(y == label).sum() for label in labels]
    groups = training.load(path).groups_test
    assert {row[0]: row[1] for row in page.table("By <s>who</s>")[1:]} == {
        name: f"{(said == y)[groups == name].mean():.4f}" for name in set(groups)
    }


def test_a_class_that_is_never_there_has_no_precision(tmp_path):
    dataset = awkward()
    dataset = replace(dataset, y=np.where(dataset.groups == "<i>p3</i>", "rare", dataset.y))
    seed = next(s for s in range(50) if "rare" not in training.train(dataset, "tree", seed=s, folds=0).y_test)
    page = page_of(report.write(folder(tmp_path / "m", "tree", dataset, seed=seed)))
    assert next(row for row in page.table("By class") if row[0] == "rare")[2:] == ["-", "-", "0"]
    assert "class 'rare' is in 1 of the" in page.text
    assert "warnings" in [h2["id"] for h2 in page.all("h2")]


def test_a_regression_tells_its_errors(made):
    path = made("forest", "regression")
    y, said = predicted(path)
    rows = dict(page_of(path / "report.html").table("Errors on the held-out rows")[1:])
    assert float(rows["root of the mean squared error"]) == pytest.approx(np.sqrt(((said - y) ** 2).mean()), rel=1e-3)
    assert float(rows["mean absolute error"]) == pytest.approx(np.abs(said - y).mean(), rel=1e-3)
    assert float(rows["largest error"]) == pytest.approx(np.abs(said - y).max(), rel=1e-3)
    assert float(rows["mean error (bias)"]) == pytest.approx((said - y).mean(), rel=1e-3)


def test_the_way_of_an_error_is_that_of_explain(made):
    path = made("tree")
    page, loaded = page_of(path / "report.html"), artifact.load(path)
    y, said = predicted(path)
    wrong = [int(row) for row in re.findall(r"Held-out row (\d+)", page.text)]
    assert wrong
    assert all(y[row] != said[row] for row in wrong)
    first = explain.explain(loaded, training.load(path).X_test[wrong[0]].astype(np.float32)).paths[0]
    steps = [f"{d.feature} = {explain.short(d.value)} {'<=' if d.below else '>'}" for d in first.decisions]
    assert [step in page.text for step in steps] == [True] * len(steps)


def test_a_model_without_errors_says_so(tmp_path):
    dataset = awkward()
    dataset = replace(dataset, X=np.stack([np.searchsorted(sorted(LABELS), dataset.y) * 10.0] * 3, axis=1))
    assert (
        "None: every held-out row is predicted as it is labeled."
        in page_of(report.write(folder(tmp_path / "m", "tree", dataset))).text
    )


def test_every_board_is_held_against_the_model(made):
    loaded = artifact.load(made())
    rows = page_of(made() / "report.html").table("Predicted for")[1:]
    assert [row[0] for row in rows] == [board.id for board in boards.known()]
    assert {row[0]: row[3] == "fits" for row in rows} == {b.id: fit.check(loaded, b).fits for b in boards.known()}
    assert all(f"{loaded.footprint.heap_import_mpy_bytes:,} of " in row[1] for row in rows)


def test_a_board_that_is_too_small_says_what_would_fit(made, monkeypatch):
    small = replace(boards.Board.load("RPI_PICO"), heap_free_bytes=2000)
    monkeypatch.setattr(boards, "known", lambda: [small])
    page = page_of(report.write(made()))
    report_rows = page.table("Predicted for")[1:]
    monkeypatch.undo()
    report.write(made())
    assert report_rows[0][3] == "does not fit"
    assert fit.check(artifact.load(made()), small).problems[0] in page.text


def test_what_it_takes_to_reproduce(made):
    page, loaded = page_of(made() / "report.html"), artifact.load(made())
    rows = dict(page.table("What it was made of")[1:])
    assert rows["fingerprint of the module"] == loaded.fingerprint
    assert rows["data"] == "made by a program"
    assert rows["seed"] == "0"
    assert "scikit-learn" in rows["versions"]
    assert "edgewise transpile DIR --board RPI_PICO --name model_under_report" in page.text


def test_importance_says_how_it_was_found(made):
    for model, how in (("forest", "Impurity importance"), ("linear", "Weight: |coefficient|"), ("knn", "Permutation importance")):
        assert how in page_of(made(model) / "report.html").text


def test_the_tree_is_that_of_the_board(made):
    path = made("tree")
    trees = artifact.load(path).splits
    picture = words(pictures(page_of(path / "report.html"))[3])
    assert f"≤ {trees.threshold[trees.roots[0]]:.5g}" in picture
    assert picture.count("yes") == picture.count("no ") == picture.count("≤")


# Measurements

MEASURED = {
    **{"us_per_call": 65.4, "us_per_call_array": 60.0, "bytes_per_call": 0, "bytes_per_call_array": 0},
    **{"heap_held_bytes": 13760, "import_us": 5000, "mpy_bytes": 11309},
}


def test_a_measurement_is_shown_with_its_place(made, tmp_path):
    py_bytes = len(artifact.load(made()).files["model_under_report.py"])
    content = {**MEASURED, "py_bytes": py_bytes, "where": "a <Pico>", "emulated": True}
    (tmp_path / "bench.json").write_text(json.dumps(content))
    page = page_of(report.write(made(), tmp_path / "page.html", tmp_path / "bench.json"))
    rows = dict(page.table("Measured by edgewise bench: a <Pico>, emulated")[1:])
    assert rows["microseconds of a prediction, row in a list"] == "65.4"
    assert "No time was measured" in page_of(made() / "report.html").text


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "is no result of edgewise bench"),
        ("[]", "is no result of edgewise bench"),
        ('{"us_per_call": 1}', "is no result of edgewise bench"),
        (json.dumps({**MEASURED, "py_bytes": 3}), r"is of another module \(3 bytes of source\)"),
        (json.dumps({**MEASURED, "py_bytes": "3"}), "holds values that are no numbers"),
        (None, "No such file"),
    ],
)
def test_a_measurement_that_is_none(made, tmp_path, content, error):
    path = tmp_path / "bench.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelFileError, match=error):
        report.write(made(), tmp_path / "page.html", path)
    assert not (tmp_path / "page.html").exists()


# Text is text


@pytest.mark.parametrize(("task", "model"), KINDS)
def test_whatever_a_name_holds_it_is_text(made, task, model):
    path = made(model, task) / "report.html"
    page, content = page_of(path), path.read_text("utf-8")
    allowed = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "div", "span", "p"}
    allowed |= {"h1", "h2", "h3", "a", "ul", "ol", "li", "dl", "dt", "dd", "small", "i", "code", "pre", "img"}
    allowed |= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert {tag for tag, _ in page.elements} <= allowed
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in page.all("img"))
    assert printable(NAMES[0]) in page.text
    assert not set(content) & {"\0", "\x1b"}
    if task == "classification":
        assert SCRIPT in page.text
        assert SCRIPT not in content


def test_names_in_pictures_are_text(made):
    for model in ("tree", "linear"):
        for picture in pictures(page_of(made(model) / "report.html")):
            tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(picture).iter()}
            assert not tags & {"script", "img", "image", "b", "a", "foreignObject"}
    assert "<img src=x onerror=alert(1)>" in words(pictures(page_of(made("linear") / "report.html"))[2])


@pytest.mark.parametrize("model", ["forest", "knn"])
def test_nothing_is_loaded_from_elsewhere(made, model):
    content = (made(model) / "report.html").read_text("utf-8")
    page = page_of(made(model) / "report.html")
    assert not re.search(r"(?i)(https?:)?//\w|@import|url\(", re.sub(r"base64,[\w+/=]+", "", content))
    assert {tag for tag, attributes in page.elements if "src" in attributes or "href" in attributes} == {"img", "a"}
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    for picture in pictures(page):
        for element in ElementTree.fromstring(picture).iter():
            assert all(value.startswith("#") for name, value in element.attrib.items() if name.endswith("href"))


def test_markup_escapes_all_that_is_not_markup():
    assert markup.tag("p", "<b>", markup.tag("i", '&"'), title='"><', class_=None) == (
        '<p title="&quot;&gt;&lt;">&lt;b&gt;<i>&amp;&quot;</i></p>'
    )
    assert markup.text("a\n\0") == "a\\n\\x00"


# The file


def test_the_same_folder_gives_the_same_bytes(made, tmp_path):
    first = report.write(made(), tmp_path / "a.html").read_bytes()
    script = "import sys; from edgewise import report; report.write(*sys.argv[1:])"
    subprocess.run([sys.executable, "-c", script, made(), tmp_path / "b.html"], check=True, env={"PYTHONHASHSEED": "7"})
    assert (tmp_path / "b.html").read_bytes() == first == (made() / "report.html").read_bytes()


def test_neither_pyplot_nor_its_state_is_touched(made, tmp_path):
    script = (
        "import sys, matplotlib as mpl; mpl.rcParams['font.size'] = 3.0\n"
        "state = lambda: {name: mpl.rcParams[name] for name in mpl.rcParams if name != 'backend'}  # which would import pyplot\n"
        "before = state(); from edgewise import report; report.write(*sys.argv[1:])\n"
        "assert 'matplotlib.pyplot' not in sys.modules; assert state() == before"
    )
    subprocess.run([sys.executable, "-c", script, made(), tmp_path / "b.html"], check=True)
    assert (tmp_path / "b.html").read_bytes() == (made() / "report.html").read_bytes()


def test_no_warning_escapes(made, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model, task in (("forest", "classification"), ("linear", "regression")):
            report.write(made(model, task), tmp_path / "a.html")


def test_a_page_of_ours_is_replaced_and_another_file_is_not(made, tmp_path):
    path = tmp_path / "new" / "page.html"
    report.write(made(), path)
    report.write(made(), path)
    path.write_text("mine")
    with pytest.raises(ModelFileError, match=r"page\.html was not written by edgewise; rename it"):
        report.write(made(), path)
    assert path.read_text() == "mine"
    with pytest.raises(ModelFileError, match="is a folder; name a file for the report"):
        report.write(made(), tmp_path)


def test_an_interrupted_write_leaves_the_old_page(made, tmp_path, monkeypatch):
    path = report.write(made(), tmp_path / "page.html")
    before = snapshot(tmp_path)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        report.write(made("linear"), path)
    assert snapshot(tmp_path) == before


def test_training_again_takes_the_old_page_away(tmp_path):
    path = folder(tmp_path / "m", "tree")
    report.write(path)
    training.save(training.train(awkward(), "forest", folds=0), path)
    assert not (path / "report.html").exists()
    (path / "report.html").write_text("mine")
    training.save(training.train(awkward(), "tree", folds=0), path)
    assert (path / "report.html").read_text() == "mine"


# Refusals


def test_without_matplotlib_it_says_what_to_install(made, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(EdgewiseError, match=r"^a figure needs matplotlib \(.*\); pip install 'edgewise\[report\]'$"):
        report.write(made(), tmp_path / "page.html")
    importlib.reload(report)


def test_folders_that_are_not_ready(tmp_path):
    with pytest.raises(ModelFileError, match=r"holds no model\.skops; run edgewise train"):
        report.write(tmp_path)
    training.save(training.train(awkward(), "tree", folds=0), tmp_path / "m")
    with pytest.raises(ModelFileError, match="is not transpiled; run edgewise transpile"):
        report.write(tmp_path / "m")


def test_a_training_of_an_earlier_version_is_named(tmp_path):
    path = folder(tmp_path / "m", "tree")
    (path / "training.json").write_text(json.dumps({"features": NAMES, "facts": []}))
    with pytest.raises(
        ModelFileError, match="was trained by an earlier version, which kept no targets; run edgewise train again"
    ):
        report.write(path)


def test_without_folds_the_page_says_so(tmp_path):
    page = page_of(report.write(folder(tmp_path / "m", "tree", folds=0)))
    assert "no cross-validation and no learning curve: folds 0" in page.text
    assert "curve" not in [h2["id"] for h2 in page.all("h2")]


def test_many_classes_are_told_by_their_confusions(tmp_path):
    rng = np.random.default_rng(1)
    n = 400
    y = np.arange(n) % 40
    dataset = replace(
        awkward(groups=False), X=np.stack([y + rng.normal(0, 2, n), y, rng.normal(size=n)], axis=1)[:, [0, 2, 2]], y=y
    )
    path = folder(tmp_path / "m", "tree", dataset)
    rows = page_of(report.write(path)).table("The most frequent confusions")[1:]
    y, said = predicted(path)
    counts = confusion_matrix(y, said, labels=range(40))
    assert len(rows) == 30
    assert [int(row[2]) for row in rows] == sorted(counts[~np.eye(40, dtype=bool)].tolist(), reverse=True)[:30]
    assert all(counts[int(row[0]), int(row[1])] == int(row[2]) for row in rows)
