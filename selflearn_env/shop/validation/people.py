"""Whether the persons' model resembles the log: likelihood of visits that were not fitted, real hits, simulated visits.

As in `purchases`, the score is the Poisson log-likelihood of a visit's purchases in nats, above that of one rate for
all products; but each visit is given what the same customer bought earlier, as a shop that knows its regulars sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.shop.people.activity import LEVEL_VISITS
from selflearn_env.shop.people.fit import Choice, People, fit_people
from selflearn_env.shop.people.journal import MONTHS, Journal
from selflearn_env.shop.people.present import Shares, daily_shares, usual_shares
from selflearn_env.shop.people.rates import Rates
from selflearn_env.shop.people.simulate import simulate
from selflearn_env.shop.validation.purchases import GROUPS, LATE_DAYS, mean_and_error

STEPS = ("one_rate", "popularity", "month", "repeat", "activity", "taste", "present")
DRAW = "draw"  # the last of the steps in one draw of the world, the customers inferred as before
SHOWN = 10  # products
VISITS = 256  # worked on at once, with all products


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


def other_customers(journal: Journal, rng: np.random.Generator) -> Check:
    """Each of three groups of customers, foreseen from the two others.

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
        people = fit_people(fitted, rng)
        scored = np.ones(checked.day.size, dtype=bool)
        parts.append(Part(fitted, people, checked, scored, people.days, people.draw(fitted, rng)))
    return _check("other customers", tuple(parts))


def last_months(journal: Journal, rng: np.random.Generator) -> Check:
    """The last two months, foreseen from the days before; records and the present are followed from day to day.

    Raises:
        ValueError: the log has no days before them.
    """
    late = journal.day > journal.day.max() - LATE_DAYS
    if late.all():
        raise ValueError(
            f"nothing to compare with: the log has {int(journal.day.max()) + 1} days; it takes more than {LATE_DAYS}"
        )
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


class Hits(NamedTuple):
    """Products in real baskets, of those that a list shows, per visit."""

    slate: str
    found: float
    error: float
    foreseen: float
    new: float  # of them, never bought before by this customer
    new_foreseen: float


def hits(check: Check, shown: int = SHOWN) -> list[Hits]:
    """How many of the products shown were in the baskets of the visits scored, and how many are foreseen.

    The best sellers of all visits, the month's best, and a personal list: the greatest rates of the visit.
    """
    rows: dict[str, list[NDArray[np.float64]]] = {"best_sellers": [], "month": [], "personal": []}
    for part in check.parts:
        people, journal = part.people, part.checked
        n = min(shown, journal.products)
        of_all = np.argsort(-usual_shares(part.fitted).share[0], kind="stable")[:n]
        of_month = np.argsort(-people.months.share, axis=1, kind="stable")[:, :n]
        for visits, rate, bought, known in _foreseen(part):
            slates = {
                "best_sellers": np.tile(of_all, (visits.size, 1)),
                "month": of_month[journal.month[visits]],
                "personal": np.argpartition(-rate, n - 1, axis=1)[:, :n],
            }
            for name, slate in slates.items():
                own, there, new = (np.take_along_axis(table, slate, 1) for table in (rate, bought, ~known))
                own = np.minimum(own, 1)  # a rate is that of being in a basket, which a product is but once
                rows[name].append(
                    np.stack(
                        [there.sum(1), own.sum(1), (there & new).sum(1), (own * new).sum(1)], axis=1, dtype=np.float64
                    )
                )
    found = []
    for name, parts in rows.items():
        table = np.concatenate(parts)
        mean, error = mean_and_error(table[:, 0], check.customer)
        found.append(Hits(name, mean, error, *table[:, 1:].mean(axis=0).tolist()))
    return found


def _foreseen(part: Part) -> Iterator[tuple[NDArray, NDArray, NDArray, NDArray]]:
    """Numbers of some visits scored, and of all products (B, P) the rates, what was bought, what was bought before."""
    people, journal = part.people, part.checked
    persons = people.foreseen(journal)
    rates = Rates(part.followed or people.months, people.taste.factors, people.activity, people.choice.repeat)
    scored = np.flatnonzero(part.scored)
    for at in range(0, scored.size, VISITS):
        visits = scored[at : at + VISITS]
        bought, known = np.zeros((2, visits.size, journal.products), dtype=bool)
        for row, visit in enumerate(visits):
            bought[row, journal.product[journal.start[visit] : journal.start[visit + 1]]] = True
            known[row, journal.product[journal.start[journal.first[visit]] : journal.start[visit]]] = True
        yield visits, rates.of_visits(journal, visits, persons.rows(visits)), bought, known


class Habits(NamedTuple):
    """What a journal is like."""

    repeat_share: float  # purchases of products that the customer has bought in an earlier visit, in percent
    repeat_share_late: float  # the same after eight visits
    basket_mean: float
    basket_sd: float
    basket_quantiles: tuple[float, ...]  # 10, 50, 90, 99 %
    products_mean: float  # different products per customer
    products_sd: float
    top_ten: float  # share of the ten most bought products in the purchases, in percent


def habits(journal: Journal) -> Habits:
    """Those of a journal."""
    late = journal.repeated[(np.arange(journal.day.size) - journal.first >= 8)[journal.item_visit]]
    different = np.bincount(journal.customer[journal.item_visit[~journal.repeated]], minlength=journal.customers)
    different = different[np.bincount(journal.customer, minlength=journal.customers) > 0]
    bought = np.sort(np.bincount(journal.product))[::-1]
    return Habits(
        100 * float(journal.repeated.mean()),
        100 * float(late.mean()) if late.size else float("nan"),
        float(journal.size.mean()),
        float(journal.size.std()),
        tuple(np.quantile(journal.size, [0.1, 0.5, 0.9, 0.99]).tolist()),
        float(different.mean()),
        float(different.std()),
        100 * float(bought[:10].sum() / bought.sum()),
    )


def simulated(journal: Journal, people: People, rng: np.random.Generator, newcomers: bool = False) -> Journal:
    """The same visits by simulated persons, who begin with nothing.

    Args:
        journal: the visits fitted.
        people: the model fitted to them.
        rng: draws the world, the persons and what they buy.
        newcomers: whether the persons are drawn anew, or are those of the journal as far as they are known.
    """
    persons = people.draw_newcomers(journal.customers, rng) if newcomers else people.draw_persons(journal, rng)
    return simulate(people.draw(journal, rng), persons, journal, rng)


def figures(compared: Sequence[Check], drawn: Journal) -> dict[str, float]:
    """Named figures of the checks (other customers, the last months) and of a simulated journal.

    `draw` is one draw of the world with all that is fitted, the present included.
    """
    found: dict[str, float] = {}
    for name, check in zip(("other_customers", "last_months"), compared, strict=True):
        for gain in gains(check)[1:]:
            found[f"nats.{name}.{gain.step}"] = gain.level
            found[f"gain.{name}.{gain.step}"] = gain.gain
            found[f"gain_error.{name}.{gain.step}"] = gain.gain_error
    for hit in hits(compared[0]):
        found[f"hits.{hit.slate}"] = hit.found
        found[f"hits_foreseen.{hit.slate}"] = hit.foreseen
    of = habits(drawn)
    found |= {
        "simulated.repeat_share": of.repeat_share,
        "simulated.basket_mean": of.basket_mean,
        "simulated.basket_sd": of.basket_sd,
        "simulated.products_mean": of.products_mean,
        "simulated.products_sd": of.products_sd,
    }
    return found
