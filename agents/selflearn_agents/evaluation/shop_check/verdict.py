"""A few plain sentences for a shop's owner: what can be gained over one list for everybody, and whether it shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from selflearn_agents.evaluation.markdown import number

ENVIRONMENTS = {
    "retail": "Retail-v0",
    "people": "RetailPeople-v0",
    "people_present": 'RetailPeople-v0 with season="present"',
}
NO_PERSONS = (
    "Nothing can be said about what knowing the customer would add: no customer of this log comes on a second day, so "
    "the part on persons is left out."
)
NOT_BOUGHT = (
    "In the simulated shop nobody buys anything of the one list for everybody, so a gain over it cannot be computed."
)
ALL_ALIKE = (
    "Before they learn, all agents show the same list, so they cannot be compared. Choose a smaller --slate-size."
)
LITTLE, MUCH = 5.0, 30.0  # percent
ANYTHING = 1.0  # percent that the best possible lists must gain in the simulated shop


class _Gain(NamedTuple):
    """Percent more, and its interval."""

    more: float
    low: float
    high: float

    def outcome(self, unseen: float) -> str:
        """Whether a gain shows, or a loss, or is excluded; or is left open by the log, where so much stays unseen."""
        if self.low > 0:
            return "little" if self.more < LITTLE else "something" if self.more < MUCH else "much"
        if self.high < 0:
            return "loss"
        return "nothing" if max(self.high, unseen) < LITTLE else "open"

    def over(self, what: str = "") -> str:
        """In words, against something."""
        more, low, high = (_percent(abs(each), self.high - self.low) for each in self)
        if self.low < 0 < self.high:
            low, high = f"{low} % fewer", f"{high} % more"
        elif self.high < 0:
            low, high = high, low
        same, sure = float(more) == 0, "" if self.low == self.high else f" ({low} to {high})"
        words = "as many as" if same else f"{more} % {'fewer' if self.more < 0 else 'more'} than"
        return f"{f'{words} {what}' if what else words.rpartition(' ')[0]}{sure}"


def _percent(value: float, wide: float) -> str:
    """As many decimals as an interval of this width asks for."""
    return f"{value:.{0 if wide >= 4 else 1}f}"


def verdict(found: Mapping[str, float]) -> str:
    """The sentences, one per line of a list, and how to read them.

    Args:
        found: the figures of `selflearn check`.
    """
    own = {name.removeprefix("verdict."): value for name, value in found.items() if name.startswith("verdict.")}
    world = next(name for name in ("people_present", "people", "retail") if f"bought.best.{name}" in own)
    if "more.state" not in own:
        sentences = [_too_small(own)]
    elif "unseen" not in own:
        sentences = [ALL_ALIKE]
    else:
        sentences = [
            _state(own) + _later(found),
            _person(own) if "more.person" in own else NO_PERSONS,
            _best(own, world),
            _agents(own),
        ]
    lines = [f"{place}. {sentence}\n" for place, sentence in enumerate(sentences, 1)]
    return "".join(lines) + f"\n{_reading(own, world, found.get(f'rank_correlation.{world}', math.nan))}\n"


def _gain(own: Mapping[str, float], name: str) -> _Gain:
    return _Gain(*(own[f"{part}.{name}"] for part in _Gain._fields))


def _in_baskets(own: Mapping[str, float], name: str) -> str:
    return number(100 * own[f"bought.{name}"], 0)


def _visits(own: Mapping[str, float]) -> str:
    return f"{number(own['visits'], 0)} visits of {number(own['customers'], 0)} customers"


def _too_small(own: Mapping[str, float]) -> str:
    bought = own["visits"] * own["bought.everybody"]
    return (
        f"This log is too small to say what dates, segments or customers tell, what the best lists could gain, or "
        f"which agent is better. In the {_visits(own)} that are simulated the baskets had {number(bought, 0)} products "
        f"of one list for everybody. Give a longer log."
    )


def _state(own: Mapping[str, float]) -> str:
    gain, subject = _gain(own, "state"), "The date of a visit and the customer's segment (together: the state)"
    outcome = gain.outcome(own["unseen"])
    had = (
        f"lists made for each state would have had {_in_baskets(own, 'state')} products in the baskets of 100 visits, "
        f"one list for everybody {_in_baskets(own, 'everybody')}: {gain.over()}"
    )
    return {
        "nothing": f"{subject} tell nothing that a list could use: {had}. One list for everybody is as good.",
        "loss": f"{subject} tell too little to be used: {had}. One list for everybody is better.",
        "open": (
            f"This log leaves open what the date of a visit and the customer's segment (together: the state) tell: "
            f"{had}, and {_unseen(own)}."
        ),
    }.get(outcome, f"{subject} tell {outcome}: {had}.")


def _later(found: Mapping[str, float]) -> str:
    """Whether the state told as much of days that nobody had seen."""
    if "gain.last_months.state" not in found:
        return ""
    gain, error = found["gain.last_months.state"], found["gain_error.last_months.state"]
    earlier = found.get("gain.other_customers.state", 0.0)
    if gain <= 2 * error:
        return " About the last two months, predicted from the days before, they told nothing measurable."
    if gain < earlier / 2:
        return (
            f" About the last two months, predicted from the days before, they told {100 * gain / earlier:.0f} % as "
            f"much."
        )
    return ""


def _person(own: Mapping[str, float]) -> str:
    gain, subject = _gain(own, "person"), "Knowing the customer, and what it bought before,"
    outcome = gain.outcome(own["unseen"])
    had = (
        f"lists made for each customer would have had {_in_baskets(own, 'person')} products there, "
        f"{gain.over('those of the state')}"
    )
    return {
        "nothing": f"{subject} adds nothing that a list could use: {had}.",
        "loss": f"{subject} adds too little to be used: {had}.",
        "open": f"This log leaves open what knowing the customer, and what it bought before, would add: {had}.",
    }.get(outcome, f"{subject} adds {outcome}: {had}.")


def _best(own: Mapping[str, float], world: str) -> str:
    if f"more.best.{world}" not in own:
        return NOT_BOUGHT
    gain = _gain(own, f"best.{world}")
    known = "chosen with full knowledge of the simulated customers"
    if gain.more < ANYTHING:
        return (
            f"In the simulated shop, whose customers differ as far as the log shows, one list for everybody is as good "
            f"as any: the best possible lists, {known}, sell {gain.over('the best one list')}."
        )
    alone = ""
    if world != "retail" and "more.best.retail" in own:
        alone = f"; in Retail-v0, where they differ by the state alone, {_gain(own, 'best.retail').over()}"
    sold = number(100 * own[f"bought.best.{world}"], 0), number(100 * own[f"bought.everybody.{world}"], 0)
    return (
        f"The best possible lists, {known}, sell {sold[0]} products in 100 visits, the best one list for "
        f"everybody {sold[1]}: {gain.over()}{alone}. No agent can gain more there in a visit."
    )


def _agents(own: Mapping[str, float]) -> str:
    names = [name.removeprefix("low.agent.") for name in own if name.startswith("low.agent.")]
    best = max(names, key=lambda name: own[f"low.agent.{name}"])
    gain = _gain(own, f"agent.{best}")
    had = f"has {gain.over('one list for everybody')} before it learns; {_unseen(own)}"
    if gain.low > 0:
        return f"Agents can be told apart on this log: in the real baskets {best} {had}."
    worse = sum(own[f"high.agent.{name}"] < 0 for name in names)
    return (
        "This log cannot show that any agent is better than one list for everybody: the best of the "
        f"others, {best}, {had}. Of these {len(names)}, {worse} are surely worse."
    )


def _unseen(own: Mapping[str, float]) -> str:
    return f"differences below {_percent(own['unseen'], own['unseen'])} % are mostly too small to be seen"


def _reading(own: Mapping[str, float], world: str, agreement: float) -> str:
    """How to read the sentences."""
    if "unseen" not in own:
        return "All below was measured all the same; its errors say how little it is worth."
    whom = (
        "whom the lists know, since the shop's history has all customers: so the figures of lists are too good"
        if own["history_has_them"]
        else "whom no list knows beforehand"
    )
    order = (
        f" Its order of lists and that of the real baskets have a correlation of {number(agreement, 2)} (1: the same "
        f"order)."
    )
    return (
        "In brackets is the 95 % interval, for other customers of the same kind. Baskets are the real ones of the log, "
        f"{_visits(own)}, {whom}. What lists sell is computed in one simulated shop, {ENVIRONMENTS[world]}. How often "
        "a shown product is bought there is an assumption, so trust its percentages more than its numbers."
        f"{'' if math.isnan(agreement) else order}"
    )
