"""Results as one page that opens without a network: sections of text, pictures and tables."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from selflearn_agents.evaluation.markdown import Table
from selflearn_agents.evaluation.plots import save

TEMPLATE = Path(__file__).with_name("report.html")


@dataclass(frozen=True)
class Picture:
    """A figure under its caption.

    Attributes:
        svg: the figure, in base 64.
        caption: what it shows.
    """

    svg: str
    caption: str

    @classmethod
    def of(cls, figure: Figure, caption: str) -> Picture:
        """The picture of a figure."""
        file = io.BytesIO()
        save(figure, file, "svg")
        return cls(base64.b64encode(file.getvalue()).decode("ascii"), caption)


@dataclass(frozen=True)
class Section:
    """A part of the page, from top to bottom: its title, text, figures and tables.

    Attributes:
        name: of its link, such as "ranking"; letters, digits and dashes.
        short: what the link says.
        title: its heading.
        text: a paragraph, or nothing.
        tables: with their notes.
        figures: above the tables.
        folded: whether each table is under its title, of which a click opens it.
    """

    name: str
    short: str
    title: str
    tables: Sequence[Table] = ()
    figures: Sequence[Picture] = ()
    text: str = ""
    folded: bool = False


def page(title: str, summary: str, sections: Sequence[Section], made: Mapping[str, str]) -> str:
    """The page; whatever its texts hold, they stay text.

    Args:
        title: the heading.
        summary: the first paragraph.
        sections: in their order.
        made: how the results were made, line by line.
    """
    pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = pages.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(title=title, summary=summary, sections=sections, made=made)
