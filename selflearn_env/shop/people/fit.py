"""The persons' model fitted to a journal: its numbers chosen on some of the customers, its tables made from all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.people.world import Moods, Persons
from selflearn_env.core.pooling import gamma_of
from selflearn_env.shop.people.activity import Activity, fit_activity
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.moods import fit_moods
from selflearn_env.shop.people.present import Present, Shares, choose_caution, daily_shares, monthly_shares
from selflearn_env.shop.people.rates import Rates, normaliser, taste_shares
from selflearn_env.shop.people.repeat import CAPS, Evidence, Memory, Repeat, fit_repeat, remember
from selflearn_env.shop.people.taste import Taste, fit_taste

ITEMS = 2**20  # of customers who are drawn at once
# Of the Dirichlet weights, for persons drawn anew: those of the fit are cautious, and make persons too much alike. Half
# of them makes a log of which the fit finds the taste of the log that was fitted: with all of them it finds a quarter.
NEWCOMERS = 0.5
PARTS = 3  # of the customers; the numbers are chosen on one, foreseen from the others
MOST_CUSTOMERS = 30_000  # by whom they are chosen
TOPICS = (1, 4, 16)  # few, far apart: neighbours foresee nearly the same, and which of them is better is chance
HALF_LIVES = (50.0, 100.0, 200.0, 400.0, np.inf)  # of a person's memory, in days
USUAL_HALF_LIFE = 200.0  # while the topics are chosen
PRESENT_HALF_LIVES = (1.0, 2.0, 3.5, 7.0, 14.0, 28.0, 56.0)
PRESENT_WEIGHTS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Choice:
    """What was chosen, and what it gained on the customers on whom it was chosen, in nats per visit.

    Attributes:
        present: how the shop's present is followed, None where that foresees nothing.
        topics: how many, 1 for no taste.
        repeat: how much follows the record.
        present_gain: of the present over the month.
        taste_gain: of the topics, with the record.
        repeat_gain: of the record, with the topics.
    """

    present: Present | None
    topics: int
    repeat: Repeat
    present_gain: float
    taste_gain: float
    repeat_gain: float


@dataclass(frozen=True, eq=False)
class People:
    """The persons of a shop, fitted.

    Attributes:
        choice: the numbers chosen.
        months: what is bought in each month.
        days: what is bought on each day of the log, None where no present is followed.
        taste: topics of products.
        activity: how much persons buy in a visit.
        moods: what baskets keep to, None for nothing.
    """

    choice: Choice
    months: Shares
    days: Shares | None
    taste: Taste
    activity: Activity
    moods: Moods | None = None

    @property
    def shares(self) -> Shares:
        """What is bought at each time, by day where the present is followed."""
        return self.months if self.days is None else self.days

    @cached_property
    def rates(self) -> Rates:
        """The world expected."""
        return Rates(self.shares, self.taste.factors, self.activity, self.choice.repeat, self.moods)

    @cached_property
    def _norm(self) -> NDArray[np.float64]:
        return normaliser(self.shares, self.taste.factors)

    def foreseen(self, journal: Journal) -> Persons:
        """(V,) what is expected of each visit's customer from its earlier visits."""
        theta, activity = self.taste.foreseen(journal), self.activity.foreseen(journal)
        cap = self.choice.repeat.foreseen(journal.customer, self._evidence(journal, theta, activity))
        return Persons(theta, activity, cap)

    def _evidence(self, journal: Journal, theta: NDArray[np.float64], activity: NDArray[np.float64]) -> Evidence:
        """What is bought again, by customers of whom this is expected at each visit."""
        memory = remember(journal, self.shares, self.choice.repeat.half_life)
        row, visit = self.shares.row_of_day[journal.day], journal.item_visit
        base = taste_shares(self.shares, self.taste.factors, self._norm, row[visit], theta[visit], journal.product)
        return Evidence.collect(np.maximum(base, np.finfo(float).tiny), memory, activity, visit)

    def draw(self, journal: Journal, rng: np.random.Generator, follow: bool = True) -> Rates:
        """One world that the journal to which this was fitted leaves possible.

        Args:
            journal: the visits fitted.
            rng: draws it.
            follow: whether the present is followed, where there is one, or months only.
        """
        gamma = gamma_of(rng, choose_caution(journal, self.months, rng))
        shares = monthly_shares(journal, gamma)
        if follow and self.choice.present is not None:
            shares = daily_shares(journal, shares, self.choice.present, gamma=gamma)
        return Rates(shares, self.taste.draw(rng), self.activity, self.choice.repeat, self.moods)

    def draw_persons(self, journal: Journal, rng: np.random.Generator) -> Persons:
        """(C,) the customers of a journal, each drawn from what its visits leave possible; all must have visits."""
        return _together([self._draw_persons(some, rng) for some in journal.parts(ITEMS)])

    def _draw_persons(self, journal: Journal, rng: np.random.Generator) -> Persons:
        """The same of so few that all can be worked on at once."""
        theta = _weights(rng.standard_gamma(self.taste.posterior(journal)))
        activity = self.activity.draw(self.activity.posterior(journal), rng)
        evidence = self._evidence(journal, theta[journal.customer], activity[journal.customer])
        caps = self.choice.repeat.posterior(journal.customer, evidence)
        return Persons(theta, activity, _draw_caps(caps, rng))

    def draw_newcomers(self, persons: int, rng: np.random.Generator) -> Persons:
        """So many persons of whom nothing is known."""
        gamma = rng.standard_gamma(np.tile(NEWCOMERS * self.taste.alpha, (persons, 1)))
        activity = rng.gamma(self.activity.shape, self.activity.mean / self.activity.shape, size=persons)
        return Persons(_weights(gamma), activity, _draw_caps(np.tile(self.choice.repeat.weight, (persons, 1)), rng))


def fit_people(journal: Journal, rng: np.random.Generator, topics: Sequence[int] = TOPICS) -> People:
    """Fits the model to a journal.

    Args:
        journal: the visits of the customers to fit, and of no others.
        rng: draws the customers on whom the numbers are chosen, and the start of the topics.
        topics: the numbers of topics to choose from.
    """
    choice = _choose(journal, rng, topics)
    months = monthly_shares(journal)
    days = None if choice.present is None else daily_shares(journal, months, choice.present)
    people = People(choice, months, days, fit_taste(journal, months, choice.topics, rng), fit_activity(journal))
    return replace(people, moods=fit_moods(journal, people.rates, people.foreseen, rng))


class _Split:
    """Customers who are fitted, and others on whom it is seen how well that foresees."""

    def __init__(self, fitted: Journal, checked: Journal):
        self.fitted, self.checked = fitted, checked
        self.shares = self.months = monthly_shares(fitted)
        self.activity = fit_activity(fitted).foreseen(checked)

    def follow(self, present: Present | None) -> None:
        """From here on the shares are those of a present."""
        self.shares = self.months if present is None else daily_shares(self.fitted, self.months, present)

    def base(self, topics: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """(N,) share of each item in its visit where no record is followed, tastes known from earlier visits."""
        taste = fit_taste(self.fitted, self.months, topics, rng)
        row, visit = self.shares.row_of_day[self.checked.day], self.checked.item_visit
        theta = taste.foreseen(self.checked)
        norm = normaliser(self.shares, taste.factors)
        base = taste_shares(self.shares, taste.factors, norm, row[visit], theta[visit], self.checked.product)
        return np.maximum(base, np.finfo(float).tiny)


def _choose(journal: Journal, rng: np.random.Generator, topics: Sequence[int]) -> Choice:
    """Chosen on a third of the customers, foreseen from the others; of a large log, on some of its customers."""
    customers = rng.permutation(np.unique(journal.customer))[:MOST_CUSTOMERS]
    number = np.full(journal.customers, -1)
    number[customers] = np.arange(customers.size) % PARTS
    part = number[journal.customer]
    if customers.size < PARTS:  # hardly anybody: what was fitted is what is foreseen
        splits = [_Split(journal, journal)]
    else:
        splits = [
            _Split(journal.select((part >= 0) & (part != one)), journal.select(part == one)) for one in range(PARTS)
        ]
    first = splits[0]
    visits = first.checked.day.size
    present, present_gain = _choose_present(first.fitted, first.checked, first.months)
    for split in splits:
        split.follow(present)
    chosen, base, taste_gain = _choose_topics(first, topics, rng)
    repeat, repeat_gain = _choose_repeat(splits, [base, *(split.base(chosen, rng) for split in splits[1:])])
    return Choice(present, chosen, repeat, present_gain / visits, taste_gain, repeat_gain)


def _choose_topics(
    split: _Split, topics: Sequence[int], rng: np.random.Generator
) -> tuple[int, NDArray[np.float64], float]:
    """How many topics, the shares that they foresee (N,), and what they gain beside the record, in nats per visit.

    More topics are taken as long as they foresee more by above one standard error, customers being the units.
    """
    journal = split.checked
    memory, visit = remember(journal, split.shares, USUAL_HALF_LIFE), journal.item_visit
    best: tuple[int, NDArray[np.float64]] | None = None
    reached, total = np.zeros(journal.customers), 0.0
    for number in topics:
        base = split.base(number, rng)
        evidence = Evidence.collect(base, memory, split.activity, visit)
        repeat = fit_repeat(journal.customer, evidence, USUAL_HALF_LIFE)[0]
        part = repeat.part(memory.total / split.activity, repeat.foreseen(journal.customer, evidence))[visit]
        share = (1 - part) * base + part * memory.own
        likelihood = np.zeros(journal.customers)
        np.add.at(likelihood, journal.customer[visit], np.log(share))
        gain = likelihood - reached
        if best is not None:
            if gain.sum() <= np.sqrt((gain**2).sum()):
                break
            total += float(gain.sum())
        best, reached = (number, base), likelihood
    assert best is not None
    return *best, total / journal.day.size


def _choose_repeat(splits: Sequence[_Split], bases: Sequence[NDArray[np.float64]]) -> tuple[Repeat, float]:
    """How the record is followed, on each part of the customers foreseen from the others, and what it gains.

    On all parts, not on one: a few customers who come very often weigh much.
    """
    visits = np.array([split.checked.day.size for split in splits])
    activity = np.concatenate([split.activity for split in splits])
    before = np.cumsum(visits) - visits
    item_visit = np.concatenate([split.checked.item_visit + at for split, at in zip(splits, before, strict=True)])
    customer = np.concatenate(
        [split.checked.customer + number * split.checked.customers for number, split in enumerate(splits)]
    )
    best = Repeat.none(USUAL_HALF_LIFE), 0.0
    for half_life in HALF_LIVES:
        memories = [remember(split.checked, split.shares, half_life) for split in splits]
        memory = Memory(*map(np.concatenate, zip(*memories, strict=True)))
        evidence = Evidence.collect(np.concatenate(bases), memory, activity, item_visit)
        found = fit_repeat(customer, evidence, half_life)
        best = max(best, found, key=lambda fit: fit[1])
    return best[0], best[1] / int(visits.sum())


def _choose_present(fitted: Journal, checked: Journal, months: Shares) -> tuple[Present | None, float]:
    """The present that foresees most, and its gain over the month in nats; None where there is none."""

    def likelihood(shares: Shares) -> float:
        return float(np.log(plain_shares(checked, shares)).sum())

    base = likelihood(months)
    best: tuple[float, Present | None] = base, None
    for half_life in PRESENT_HALF_LIVES:
        values = []
        for weight in PRESENT_WEIGHTS:
            values.append(likelihood(daily_shares(fitted, months, Present(half_life, weight))))
            if values[-1] < max(values):
                break
        if max(values) > best[0]:
            best = max(values), Present(half_life, PRESENT_WEIGHTS[int(np.argmax(values))])
        elif best[1] is not None:
            break
    return best[1], best[0] - base


def plain_shares(journal: Journal, shares: Shares) -> NDArray[np.float64]:
    """(N,) share of each item in what everybody buys at its time."""
    share = shares.share[shares.row_of_day[journal.day[journal.item_visit]], journal.product]
    return np.maximum(share, np.finfo(np.float32).tiny).astype(np.float64)


def _together(parts: Sequence[Persons]) -> Persons:
    """All of them, those of the first part first."""
    return Persons(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Persons)))


def _weights(gamma: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C, K) rows that sum to 1, from Gamma draws; small weights may have been drawn as 0 all."""
    gamma = np.maximum(gamma, np.finfo(float).tiny)
    return gamma / gamma.sum(axis=1, keepdims=True)


def _draw_caps(probability: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """(C,) a cap for each row (C, len(CAPS)) of probabilities."""
    return CAPS[(np.cumsum(probability, axis=1)[:, :-1] < rng.random((len(probability), 1))).sum(axis=1)]
