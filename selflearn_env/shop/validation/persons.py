"""Whether the persons' model foresees visits that were not fitted: their likelihood, step by step.

As in `purchases`, the score is the Poisson log-likelihood of a visit's purchases in nats, above that of one rate for
all products; but each visit is given what the same customer bought earlier, as a shop that knows its regulars sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.shop.people.activity import LEVEL_VISITS
from selflearn_env.shop.people.fit import TOPICS, Choice, People, fit_people
from selflearn_env.shop.people.journal import MONTHS, Journal
from selflearn_env.shop.people.present import Shares, daily_shares, usual_shares
from selflearn_env.shop.people.rates import Rates
from selflearn_env.shop.validation.purchases import GROUPS, LATE_DAYS, mean_and_error

STEPS = ("one_rate", "popularity", "month", "repeat", "activity", "taste", "present")
DRAW = "draw"  # the last of the steps in one draw of the world, the customers inferred as before


class Part(NamedTuple):
    """Customers or months that were fitted, and visits that are foreseen."""

    fitted: Journal
    people: People
    checked: Journal  # all visits of those customers, from their first on
    scored: NDArray[np.bool_]  # (V,) which of them are foreseen; the others are in the records only
    followed: Shares | None  # what is bought on each day, as far as it may be known
    drawn: Rates  # one world


@dataclass(frozen=True, eq=False)
class Check:
    """A comparison with visits that were not fitted.

    Attributes:
        name: whose purchases are compared.
        customer: (V,) number of each visit's customer.
        likelihood: (V,) log-likelihood of each visit by each step, in nats above one rate for all products.
        parts: what was fitted.
    """

    name: str
    customer: NDArray[np.int64]
    likelihood: dict[str, NDArray[np.float64]]
    parts: tuple[Part, ...]

    @property
    def choices(self) -> list[Choice]:
        """What was chosen in each part."""
        return [part.people.choice for part in self.parts]


class Gain(NamedTuple):
    """Nats per visit, with the standard error where customers are the units."""

    step: str
    level: float  # above one rate for all products
    error: float
    gain: float  # above the step before
    gain_error: float  # of the paired differences


def comes_again(journal: Journal) -> bool:
    """Whether any customer comes on a second day; if none does, nothing tells persons apart before they buy."""
    return bool((journal.day > journal.day[journal.first]).any())


def has_earlier_days(journal: Journal) -> bool:
    """Whether there are days before the last two months."""
    return bool(journal.day.min() <= journal.day.max() - LATE_DAYS)


def other_customers(journal: Journal, rng: np.random.Generator, topics: Sequence[int] = TOPICS) -> Check:
    """Each of three groups of customers, foreseen from the two others.

    Args:
        journal: the visits.
        rng: draws the groups, and the worlds.
        topics: the numbers of topics to choose from.

    Raises:
        ValueError: there are too few customers.
    """
    if journal.customers < 2 * GROUPS:
        raise ValueError(
            f"nothing to compare with: the shop has {journal.customers} simulated customers; it takes {2 * GROUPS}"
        )
    group = (rng.permutation(journal.customers) % GROUPS)[journal.customer]
    parts = []
    for one in range(GROUPS):
        fitted, checked = journal.select(group != one), journal.select(group == one)
        people = fit_people(fitted, rng, topics)
        scored = np.ones(checked.day.size, dtype=bool)
        parts.append(Part(fitted, people, checked, scored, people.days, people.draw(fitted, rng)))
    return _check("other customers", tuple(parts))


def last_months(journal: Journal, rng: np.random.Generator) -> Check:
    """The last two months, foreseen from the days before; records and the present are followed from day to day.

    Raises:
        ValueError: the log has no days before them.
    """
    if not has_earlier_days(journal):
        raise ValueError(
            f"nothing to compare with: the log has {int(journal.day.max()) + 1} days; it takes more than {LATE_DAYS}"
        )
    late = journal.day > journal.day.max() - LATE_DAYS
    fitted = journal.select(~late)
    people = fit_people(fitted, rng)
    present = people.choice.present
    followed = None if present is None else daily_shares(journal, people.months, present, looking_back=True)
    drawn = people.draw(fitted, rng, follow=False)
    if present is not None:
        drawn = Rates(
            daily_shares(journal, drawn.shares, present, looking_back=True), drawn.factors, drawn.activity, drawn.repeat
        )
    return _check("the last two months", (Part(fitted, people, journal, late, followed, drawn),))


def _check(name: str, parts: tuple[Part, ...]) -> Check:
    found = [_likelihoods(part) for part in parts]
    customer = np.concatenate([part.checked.customer[part.scored] for part in parts])
    return Check(name, customer, {step: np.concatenate([each[step] for each in found]) for step in found[0]}, parts)


def _likelihoods(part: Part) -> dict[str, NDArray[np.float64]]:
    """(V,) of the visits scored, by each step."""
    people, journal = part.people, part.checked
    persons = people.foreseen(journal)
    alike = replace(persons, theta=np.ones((journal.day.size, 1)))
    forgetful = replace(alike, cap=np.zeros(journal.day.size))
    one = np.ones((journal.products, 1))  # the factors where everybody's taste is the same
    factors, level, repeat, months = people.taste.factors, people.activity, people.choice.repeat, people.months
    followed = months if part.followed is None else part.followed
    same = part.fitted.size.mean()
    by_month = same * _level(part.fitted)[journal.month]
    own = people.rates.expected_size(journal, persons.activity)
    # Of each step: products expected, how they are shared out, and by whom.
    steps = {
        "one_rate": (same, Rates(_one_rate(journal), one, level, repeat), forgetful),
        "popularity": (same, Rates(usual_shares(part.fitted), one, level, repeat), forgetful),
        "month": (by_month, Rates(months, one, level, repeat), forgetful),
        "repeat": (by_month, Rates(months, one, level, repeat), alike),
        "activity": (own, Rates(months, one, level, repeat), alike),
        "taste": (own, Rates(months, factors, level, repeat), persons),
        "present": (own, Rates(followed, factors, level, repeat), persons),
        DRAW: (own, part.drawn, persons),
    }
    found = {}
    for step, (expected, rates, who) in steps.items():
        which = np.bincount(journal.item_visit, weights=rates.log_shares(journal, who), minlength=journal.day.size)
        found[step] = (which + journal.size * np.log(expected) - expected)[part.scored]
    return {step: likelihood - found["one_rate"] for step, likelihood in found.items()}


def _one_rate(journal: Journal) -> Shares:
    """All products alike."""
    share = np.full(journal.products, 1 / journal.products)
    return Shares(share[None].astype(np.float32), share, np.zeros_like(journal.month_of_day))


def _level(fitted: Journal) -> NDArray[np.float64]:
    """(12,) size of a month's visits over that of all."""
    usual = LEVEL_VISITS * fitted.size.mean()
    sizes = np.bincount(fitted.month, weights=fitted.size, minlength=MONTHS) + usual
    return sizes / (np.bincount(fitted.month, minlength=MONTHS) + LEVEL_VISITS) / fitted.size.mean()


def gains(check: Check) -> list[Gain]:
    """Level and gain of each step."""
    found, before = [], np.zeros(check.customer.size)
    for step, own in check.likelihood.items():
        found.append(Gain(step, *mean_and_error(own, check.customer), *mean_and_error(own - before, check.customer)))
        before = own
    return found
