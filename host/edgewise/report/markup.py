"""Pieces of an html page. Whatever is put in is shown as text, unless it is Html already: a label cannot become markup."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from string import Template
from typing import Any

from edgewise.show import printable

VOID = {"img"}
NUMBER = 'class="number"'


class Html(str):
    """Text that is markup."""


def text(value: Any) -> Html:
    """Escaped; control characters, which no page may hold, as Python would write them."""
    return value if isinstance(value, Html) else Html(escape(printable(str(value))))


def join(parts: Iterable[Any], between: Html = Html()) -> Html:  # noqa: B008 - it is a constant
    return Html(between.join(map(text, parts)))


def tag(name: str, *content: Any, **attributes: Any) -> Html:
    """<name attribute="...">content</name>; attributes in _ (class_), those that are None are left out."""
    named = ((key.strip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    given = "".join(f' {key}="{text(value)}"' for key, value in named)
    return Html(f"<{name}{given}>" if name in VOID else f"<{name}{given}>{join(content)}</{name}>")


def table(caption: str, head: Sequence[Any], rows: Iterable[Sequence[Any]], class_: str | None = None) -> Html:
    """The first cell of a row names it. Numbers, and their heading, stand right. Wider than the page, it scrolls."""
    body = [[_cell(cell, i) for i, cell in enumerate(row)] for row in rows]
    kinds = ["number" if NUMBER in cell.partition(">")[0] else None for cell in body[0]] if body else [None] * len(head)
    heads = (tag("th", cell, scope="col", class_=kind) for cell, kind in zip(head, kinds, strict=True))
    parts = tag("thead", tag("tr", *heads)), tag("tbody", *(tag("tr", *row) for row in body))
    whole = tag("table", tag("caption", caption), *parts, class_=class_)
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _cell(cell: Any, column: int) -> Html:
    if isinstance(cell, Html) and cell.startswith("<td"):
        return cell
    number = not isinstance(cell, bool) and isinstance(cell, int | float)
    shown = f"{cell:.4g}" if isinstance(cell, float) else f"{cell:,}" if number else cell
    return tag("td" if column else "th", shown, scope=None if column else "row", class_="number" if number else None)


def image(svg: bytes, alt: str, wide: bool = False) -> Html:
    """An image inside the page, which scrolls where it would be too small to read; wide: in its own size only."""
    data = base64.b64encode(svg).decode("ascii")
    shown = tag("img", src=f"data:image/svg+xml;base64,{data}", alt=alt)
    return tag("div", shown, class_=f"scroll {'wide' if wide else 'figure'}", tabindex="0", role="group", aria_label="Figure")


def page(template: str, title: str, sections: Sequence[tuple[str, str, Html]]) -> bytes:
    """template: with $title, $contents and $sections. sections: (id, heading, content)."""
    contents = tag("ul", *(tag("li", tag("a", heading, href=f"#{name}")) for name, heading, _ in sections))
    body = join(tag("section", tag("h2", heading, id=name), content) for name, heading, content in sections)
    return Template(template).substitute(title=text(title), contents=contents, sections=body).encode("utf-8")
