"""A comparison as one page."""

from __future__ import annotations

from collections.abc import Mapping

from selflearn_agents.evaluation import tables
from selflearn_agents.evaluation.page import Picture, Section, page
from selflearn_agents.evaluation.study import Study

CAPTIONS = {
    "curves": "Expected reward per slate of each agent, between random and best slates; bands: 95 % of Student's t.",
    "regret": "Regret of all visits so far on logarithmic axes; a slope of 1 is an agent that learns no more.",
    "differences": "Paired differences of the gap, with 95 % intervals of Student's t.",
}


def html(study: Study, title: str, made: Mapping[str, str]) -> str:
    """The page.

    Args:
        study: what to show.
        title: the heading.
        made: how it was made, line by line.
    """
    pictures = {name: Picture.of(figure, CAPTIONS[name]) for name, figure in study.figures().items()}
    by_name = {table.name: table for table in study.tables}
    ranking, paired = by_name.pop("ranking"), by_name.pop("differences")
    segments = study.shop.states.tiers[0].labels
    shown = [
        tables.favourites(study.main, label, study.shop.catalogue, segments, study.slate_size)
        for label in tables.ranked(study.main)
    ]
    sections = [
        Section("ranking", "Ranking", ranking.title, [ranking]),
        Section("learning", "Learning", "How they learn", figures=[pictures["curves"], pictures["regret"]]),
        Section("differences", "Differences", paired.title, [paired], [pictures["differences"]]),
        *(Section(name, name.capitalize(), table.title, [table]) for name, table in by_name.items()),
        Section("favourites", "Favourites", "What each agent shows most", shown, folded=True),
    ]
    return page(title, study.summary(), sections, made)
