"""A comparison as one page that opens without a network."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from selflearn_agents.evaluation import plots, tables
from selflearn_agents.evaluation.study import Study
from selflearn_agents.evaluation.tables import Table

TEMPLATE = Path(__file__).with_name("report.html")


@dataclass(frozen=True)
class _Picture:
    svg: str
    caption: str


@dataclass(frozen=True)
class _Section:
    name: str
    short: str
    title: str
    tables: list[Table] = field(default_factory=list)
    figures: list[_Picture] = field(default_factory=list)
    folded: bool = False


def html(study: Study, title: str, made: Mapping[str, str]) -> str:
    """The page.

    Args:
        study: what to show.
        title: the heading.
        made: how it was made, line by line.
    """
    pictures = {name: _picture(figure, name) for name, figure in study.figures().items()}
    by_name = {table.name: table for table in study.tables}
    ranking, paired = by_name.pop("ranking"), by_name.pop("differences")
    segments = study.shop.states.tiers[0].labels
    shown = [
        tables.favourites(study.main, label, study.shop.catalogue, segments, study.slate_size)
        for label in tables.ranked(study.main)
    ]
    sections = [
        _Section("ranking", "Ranking", ranking.title, [ranking]),
        _Section("learning", "Learning", "How they learn", figures=[pictures["curves"], pictures["regret"]]),
        _Section("differences", "Differences", paired.title, [paired], [pictures["differences"]]),
        *(_Section(name, name.capitalize(), table.title, [table]) for name, table in by_name.items()),
        _Section("favourites", "Favourites", "What each agent shows most", shown, folded=True),
    ]
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = page.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(title=title, summary=study.summary(), sections=sections, made=made)


CAPTIONS = {
    "curves": "Expected reward per slate of each agent, between random and best slates; bands: 95 % of Student's t.",
    "regret": "Regret of all visits so far on logarithmic axes; a slope of 1 is an agent that learns no more.",
    "differences": "Paired differences of the gap, with 95 % intervals of Student's t.",
}


def _picture(figure: Figure, name: str) -> _Picture:
    file = io.BytesIO()
    plots.save(figure, file, "svg")
    return _Picture(base64.b64encode(file.getvalue()).decode("ascii"), CAPTIONS[name])
