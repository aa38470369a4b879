"""Results as one page that opens without a network: sections of text, pictures and tables."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from selflearn_agents.evaluation.markdown import Table
from selflearn_agents.plots.looks import GREY, INK, PALE
from selflearn_agents.plots.style import save

FOLDER = Path(__file__).with_name("report")
# What stands for these colours on the page, where it is dark for who wants it so.
THEME = {INK: "var(--ink)", GREY: "var(--soft)", PALE: "var(--soft)", "#e6e6e6": "var(--line)", "#ffffff": "none"}
CSS_PIXELS = 96 / 72  # of a point
LEAST = 0.78  # how much a picture may shrink: letters of 9 points are 12 CSS pixels


@dataclass(frozen=True)
class Picture:
    """A figure under its caption.

    Attributes:
        drawn: the figure as SVG; or two of it, for wide and for narrow windows.
        caption: what it shows.
        title: its heading, or nothing.
    """

    drawn: tuple[Markup, ...]
    caption: str
    title: str = ""

    @classmethod
    def of(cls, figure: Figure, caption: str, narrow: Figure | None = None, title: str = "") -> Picture:
        """The picture of a figure, and of the same one for narrow windows where it is given."""
        figures = (figure,) if narrow is None else (figure, narrow)
        return cls(tuple(_svg(each, title or caption) for each in figures), caption, title)


@dataclass(frozen=True)
class Section:
    """A part of the page, from top to bottom: its title, text, figures, a part of its own and tables.

    Attributes:
        name: of its link, such as "ranking"; letters, digits and dashes.
        short: what the link says.
        title: its heading.
        text: a paragraph, or nothing.
        tables: with their notes.
        figures: above the tables.
        folded: whether each table is under its title, of which a click opens it.
        part: between figures and tables: what `part` makes, or nothing.
    """

    name: str
    short: str
    title: str
    tables: Sequence[Table] = ()
    figures: Sequence[Picture] = ()
    text: str = ""
    folded: bool = False
    part: str = ""


def page(title: str, summary: str, sections: Sequence[Section], made: Mapping[str, str], about: str = "") -> str:
    """The page; whatever its texts hold, they stay text.

    Args:
        title: the heading.
        summary: the first paragraph.
        sections: in their order.
        made: how the results were made, line by line.
        about: what the results are of, in a line above the summary, or nothing.
    """
    return str(
        part("page.html", title=title, summary=summary, sections=sections, made=made, about=about,
             css=source("page.css"), script=source("page.js"))
    )  # fmt: skip


def part(template: str, **values: Any) -> Markup:
    """What a template makes of values, all of them as text but for `Markup`."""
    pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters["breakable"] = breakable
    return Markup(pages.from_string((FOLDER / template).read_text(encoding="utf-8")).render(**values))


def breakable(name: str) -> Markup:
    """A name that may go over to the next line where a reader would break it."""
    return escape(name).replace("_", Markup("_<wbr>"))


def source(name: str) -> Markup:
    """A style sheet or script of this package, to be put into a template as it is."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))


def _svg(figure: Figure, text: str) -> Markup:
    """The figure as a part of the page: its text can be read and searched, and its colours are the page's."""
    file = io.BytesIO()
    save(figure, file, "svg")
    svg = file.getvalue().decode("utf-8")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    own = f"p{crc32(svg.encode()):08x}"  # pictures of a page have no id in common
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{own}-", svg)
    for colour, named in THEME.items():
        svg = svg.replace(colour, named)
    width, height = (each * CSS_PIXELS for each in figure.get_size_inches() * 72)
    start = Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" stroke-linejoin="round" style="min-width: {}px; '
        'max-width: {}px">'
    ).format(f"{width / CSS_PIXELS:g}", f"{height / CSS_PIXELS:g}", text, round(LEAST * width), round(1.15 * width))
    return start + Markup(svg[svg.index(">") + 1 :])
