"""Where agents gain over one of them: maps by month, and by segment and weekday."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from selflearn_agents.evaluation import findings
from selflearn_agents.evaluation.compare import ComparisonResult
from selflearn_agents.evaluation.page import Section, part
from selflearn_agents.evaluation.tables import ranked
from selflearn_env.core.states import ORDINALS, PERIODS, StateSpace

AGENT = "agent"  # what the rows of a map are
NOTHING = 0.005  # reward units that a map rounds to nothing


class Cell(NamedTuple):
    """A gain: what it says, whether it is above 0, and how strong its colour is, 0 to 1."""

    text: str
    gains: bool
    share: float


@dataclass(frozen=True)
class Map:
    """Gains by rows and columns."""

    title: str
    corner: str
    columns: Sequence[str]
    rows: dict[str, list[Cell]]


class Gains:
    """How much more reward per slate agents are expected to earn than one of them, by groups of states.

    Of each agent the mean over its visits in a group counts, those of all seeds together.
    """

    def __init__(self, result: ComparisonResult, baseline: str, states: StateSpace):
        """Sums up the runs.

        Args:
            result: the comparison.
            baseline: the agent that the others are compared with.
            states: of the shop.
        """
        self.baseline, self.states = baseline, states
        self.labels = [label for label in ranked(result) if label != baseline]
        self.leader = next(iter(findings.rivals(result, baseline)), baseline)
        self._sums = {}
        for label in result.labels:
            runs = result.runs_by(label)
            visits = np.sum([run.state_visits for run in runs], axis=0)
            rewards = np.sum([run.state_visits * np.nan_to_num(run.state_expected_reward) for run in runs], axis=0)
            self._sums[label] = np.stack([visits, rewards])

    def by(self, label: str, groups: NDArray[np.int64], count: int) -> NDArray[np.float64]:
        """(count,) gains of an agent in groups of states, nan where nobody came.

        Args:
            label: the agent.
            groups: (S,) the group of each state.
            count: how many groups there are.
        """
        own, other = (
            np.stack([np.bincount(groups, of, count) for of in self._sums[each]]) for each in (label, self.baseline)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            return own[1] / own[0] - other[1] / other[0]


def section(gains: Gains) -> Section | None:
    """The maps as a part of the report; None where there is nobody to compare, or nothing to gain."""
    states, table = gains.states, gains.states.table
    names = [tier.name for tier in states.tiers]
    if not gains.labels:
        return None
    month = names.index("month")
    by_month = {label: gains.by(label, table[:, month], states.shape[month]) for label in gains.labels}
    if not np.nanmax(np.abs(list(by_month.values())), initial=0.0) > NOTHING:
        return None
    months = states.tiers[month].labels
    came = np.flatnonzero(np.isfinite(by_month[gains.leader]))
    parts = [
        _map("Gain by month", AGENT, [months[at] for at in came], {k: v[came] for k, v in by_month.items()}),
        Markup('<p class="note"><span class="key gains"></span>more than {0} <span class="key loses"></span>less. '
               "The colour of each agent is strongest at its greatest difference.</p>").format(gains.baseline),
        Markup("<h3>By segment, part of the month and weekday</h3>"),
    ]  # fmt: skip
    weekday = names.index("weekday")
    others = [at for at, name in enumerate(names) if name not in ("month", "weekday")]
    shape = [states.shape[at] for at in others]
    groups = np.ravel_multi_index(tuple(table[:, at] for at in others), shape)
    words = [_words(states, others, at) for at in np.ndindex(*shape)]
    for label in gains.labels:
        cells = gains.by(label, groups * states.shape[weekday] + table[:, weekday], len(words) * states.shape[weekday])
        cells = cells.reshape(len(words), -1)
        days = np.flatnonzero(np.isfinite(cells).any(axis=0))
        columns = [states.tiers[weekday].labels[day] for day in days]
        drawn = _map(f"Gain of {label}", "state", columns, dict(zip(words, cells[:, days], strict=True)))
        opened = Markup(" open") if label == gains.leader else ""
        parts.append(Markup("<details{}><summary>{}</summary>{}</details>").format(opened, label, drawn))
    return Section(
        "gains", "Where they gain", _finding(gains, by_month[gains.leader], months),
        text=f"Expected reward per slate, exact, minus that of {gains.baseline}, over all visits of the runs: from the "
        f"first, when an agent had learned nothing, to the last.", part=Markup("").join(parts),
    )  # fmt: skip


def _finding(gains: Gains, cells: NDArray[np.float64], months: Sequence[str]) -> str:
    """In which month the leader gains most, and in which least."""
    most, least = int(np.nanargmax(cells)), int(np.nanargmin(cells))
    high, low = (f"{months[at]} ({_signed(cells[at])} per slate)" for at in (most, least))
    if cells[most] < NOTHING:
        if cells[least] > -NOTHING:
            return f"{gains.leader} gains as much as {gains.baseline} in every month"
        return f"{gains.leader} is never ahead of {gains.baseline}, and furthest behind in {low}"
    text = f"{gains.leader} is furthest ahead of {gains.baseline} in {high}"
    if most == least:
        return text
    return f"{text}, and behind in {low}" if cells[least] <= -NOTHING else f"{text}, least in {low}"


def _words(states: StateSpace, tiers: list[int], numbers: tuple[int, ...]) -> str:
    words = []
    for tier, number in zip(tiers, numbers, strict=True):
        name, label = states.tiers[tier].name, states.tiers[tier].labels[number]
        words.append(f"{ORDINALS[number]} {name}" if name in PERIODS else label)
    return ", ".join(words)


def _map(title: str, corner: str, columns: Sequence[str], rows: dict[str, NDArray[np.float64]]) -> Markup:
    """Rows of cells; the colours of each row are of its own scale where it is an agent's, of the map's otherwise."""
    most = {name: np.nanmax(np.abs(of), initial=NOTHING) for name, of in rows.items()}
    greatest = max(most.values())
    cells = {
        name: [_cell(gain, most[name] if corner == AGENT else greatest) for gain in of] for name, of in rows.items()
    }
    return part("heat.html", map=Map(title, corner, columns, cells))


def _cell(gain: float, most: float) -> Cell:
    if not np.isfinite(gain):
        return Cell("", False, 0.0)
    share = round(abs(gain) / most, 2) if abs(gain) >= NOTHING else 0.0
    return Cell(_signed(gain), gain > 0, share)


def _signed(gain: float) -> str:
    """A gain with its sign; nothing has none."""
    return f"{gain:+.2f}".replace("-", "−") if abs(gain) >= NOTHING else "0"
