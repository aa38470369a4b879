"""A comparison as one page."""

from __future__ import annotations

from collections.abc import Mapping

from selflearn_agents.evaluation import findings, tables
from selflearn_agents.evaluation.page import Picture, Section, page
from selflearn_agents.evaluation.report import gains, slates
from selflearn_agents.evaluation.study import Study

WIDE, NARROW = 9.0, 4.2  # inches of a picture


def html(study: Study, title: str, made: Mapping[str, str], about: str = "") -> str:
    """The page.

    Args:
        study: what to show.
        title: the heading.
        made: how it was made, line by line.
        about: what it is a comparison of, such as the shop.
    """
    pictures = _pictures(study)
    by_name = {table.name: table for table in study.tables}
    ranking, paired = by_name.pop("ranking"), by_name.pop("differences")
    segments = study.shop.states.tiers[0].labels
    shown = [
        tables.favourites(study.main, label, study.shop.catalogue, segments, study.slate_size)
        for label in tables.ranked(study.main)
    ]
    sections = [
        Section("learning", "Learning", "How they learn", figures=[pictures["curves"]]),
        Section("ranking", "Ranking", ranking.title, [ranking]),
        Section("regret", "Regret", "What learning costs", figures=[pictures["regret"]]),
        Section("differences", "Differences", paired.title, [paired], [pictures["differences"]]),
        gains.section(gains.Gains(study.main, study.baseline, study.shop.states)),
        slates.section(study),
        *(Section(name, name.capitalize(), table.title, [table]) for name, table in by_name.items()),
        Section("favourites", "Favourites", "What each agent shows most", shown, folded=True),
    ]
    return page(title, study.summary(), [each for each in sections if each is not None], made, about)


def _pictures(study: Study) -> dict[str, Picture]:
    """Each figure in two widths, without the headline, which the page has."""
    several = len(study.main.runs_by(study.baseline)) > 1
    bands = "; bands: 95% intervals of Student's t over the seeds" if several else ""
    titled = {
        "curves": (
            findings.curves(study.main),
            f"The gap of each agent over the visits: the share of the way from random to the best slates{bands}.",
        ),
        "regret": (
            findings.regret(study.main),
            "Regret of all visits so far, on logarithmic axes: a line with a slope of 1 means that the agent learns no "
            f"more{bands}.",
        ),
        "differences": (
            findings.differences(study.main, study.baseline),
            f"Gap of each agent minus that of {study.baseline}, with the same customers"
            f"{', with 95% intervals of Student’s t' if several else ''}.",
        ),
    }
    wide, narrow = (study.figures(width, titled=False) for width in (WIDE, NARROW))
    return {name: Picture.of(wide[name], caption, narrow[name], title) for name, (title, caption) in titled.items()}
