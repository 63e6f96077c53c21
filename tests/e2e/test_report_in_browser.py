"""The report in a browser: offline, no name becomes markup, every picture is drawn, and nothing hangs over on a phone."""

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import SCRIPT, awkward, folder

from edgewise import report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (Debian: apt-get install chromium)")
ABSENT = {"classes": {"warnings", "loss"}, "value": {"warnings", "loss"}, "network": {"tree"}}  # sections of a page
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# Put into a copy of the page, whose policy refuses every script. The copy stands in a frame: a window is never narrower than 500.
FRAME = '<!DOCTYPE html><iframe style="border: 0" width="{width}" height="1600" srcdoc="{content}"></iframe>'
MEASURE = """<script>
addEventListener("load", () => {
  const measured = {
    title: document.title,
    headings: [...document.querySelectorAll("h2")].map(h => h.textContent),
    targets: [...document.querySelectorAll("nav a")].map(a => document.querySelector(a.getAttribute("href")).textContent),
    images: [...document.images].map(i => [i.complete, i.naturalWidth, i.naturalHeight, i.clientWidth, i.alt]),
    width: document.documentElement.clientWidth,
    whole: document.documentElement.scrollWidth,
    wide: [...document.querySelectorAll("body *")].filter(e => !e.parentElement.closest(".scroll, pre")
      && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.tagName + "." + e.className),
    loaded: performance.getEntriesByType("resource").map(e => e.name.slice(0, 30)),
    scripts: document.scripts.length,
  };
  const told = parent.document.createElement("output");
  told.id = "measured";
  told.textContent = JSON.stringify(measured);
  parent.document.body.append(told);
});
</script></body>"""


def chromium(tmp_path: Path, page: Path, width: int, *options: str) -> str:
    """What it prints; hosts are not resolved, so that nothing could be loaded."""
    command = [
        *(
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND",
        ),
        *(f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1600", "--virtual-time-budget=5000", *options),
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def measured(tmp_path: Path, page: Path, width: int) -> dict[str, Any]:
    copy = tmp_path / f"{width}.html"
    text, n_policies = POLICY.subn("", page.read_text("utf-8"))
    assert n_policies == 1
    copy.write_text(FRAME.format(width=width, content=escape(text.replace("</body>", MEASURE))), "utf-8")
    dom = chromium(tmp_path, copy, 1200, "--dump-dom")
    found = re.search(r'<output id="measured">(.*?)</output>', dom, re.DOTALL)
    assert found, dom[-500:]
    return json.loads(unescape(found[1]))


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """A page of a forest for classes, one of a tree for a value, and one of a network."""
    root = tmp_path_factory.mktemp("pages")
    models = {
        "classes": folder(root / "c", "forest"),
        "value": folder(root / "v", "tree", awkward("regression")),
        "network": folder(root / "n", "mlp"),
    }
    return {name: report.write(path) for name, path in models.items()}


@pytest.mark.parametrize("width", [400, 1000])
@pytest.mark.parametrize("kind", ABSENT)
def test_a_browser_shows_all_of_it(pages, tmp_path, kind, width):
    shown = measured(tmp_path, pages[kind], width)
    sections = [heading for name, heading, _ in report.SECTIONS if name not in ABSENT[kind]]
    assert shown["headings"] == shown["targets"] == sections
    assert shown["title"] == "model_under_report: what it is worth"
    assert len(shown["images"]) == {"classes": 4, "value": 5, "network": 4}[kind]
    for complete, natural_width, natural_height, drawn_width, alt in shown["images"]:
        assert complete, alt
        assert min(natural_width, natural_height, drawn_width) > 100, alt
    assert shown["width"] == shown["whole"] == width
    assert shown["wide"] == []
    assert [name for name in shown["loaded"] if not name.startswith("data:image/svg+xml")] == []
    assert shown["scripts"] == 1  # the measuring one


def test_names_stay_text(pages, tmp_path):
    dom = chromium(tmp_path, pages["classes"], 1000, "--dump-dom")
    assert "<title>model_under_report: what it is worth</title>" in dom
    assert "<script" not in dom
    assert dom.count(SCRIPT.replace("<", "&lt;").replace(">", "&gt;")) > 3


def test_the_picture_is_a_page_and_not_blank(pages, tmp_path):
    from matplotlib.image import imread

    path = tmp_path / "page.png"
    chromium(tmp_path, pages["classes"], 1000, f"--screenshot={path}")
    picture = imread(path)[:, :, :3]
    assert picture.shape[:2] == (1600, 1000)
    ink = (picture < 0.9).any(axis=2)
    assert 0.02 < ink.mean() < 0.6
    for band in np.array_split(ink, 8):  # from the title to the tables
        assert band.any()
    orange = (np.abs(picture - np.array([0xD9, 0x82, 0x2B]) / 255) < 0.02).all(axis=2)
    assert orange.sum() > 2000  # the bar of the random split: a picture is drawn, not its alt text
