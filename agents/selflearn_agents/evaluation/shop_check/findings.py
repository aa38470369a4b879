"""All that `selflearn check` finds out, in one place, for the texts, the pictures and the figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from selflearn_agents.evaluation.shop_check.judging import Judged, judge
from selflearn_agents.evaluation.shop_check.worth import RealHits
from selflearn_env.shop.people.fit import Choice, fit_people
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.shop import Shop
from selflearn_env.shop.validation.categories import CategoryPairs, category_pairs, find_categories, halves
from selflearn_env.shop.validation.habits import Habits, habits, simulated
from selflearn_env.shop.validation.hits import Hits, hits
from selflearn_env.shop.validation.persons import Check, comes_again, has_earlier_days, last_months, other_customers
from selflearn_env.shop.validation.purchases import GROUPS, checks
from selflearn_env.shop.validation.purchases import Check as StatesCheck

WORLDS = 5  # in which visits are simulated

Numbers = TypeVar("Numbers", bound=tuple[Any, ...])


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found.

    Attributes:
        states: the checks of the states' model, as many as the log allows.
        choice: what was chosen in the persons' model, fitted to the population.
        persons: the checks of the persons' model, as many as the log allows, by their names.
        hits: real hits of the persons' model, where other customers can be foreseen.
        journals: the visits of the log, a customer's day being one, and the same simulated, several times, each in a
            world of its own; only the log's where no customer comes again.
        pairs: of the same journals, pairs of one category; the mean over the worlds.
        refit: the check of the persons' model on a simulated log, None where no customer comes again.
        listed: the lists that are judged, in real baskets.
        judged: the lists by each simulator.
    """

    states: list[StatesCheck]
    choice: Choice
    persons: dict[str, Check]
    hits: list[Hits]
    journals: dict[str, list[Journal]]
    pairs: dict[str, CategoryPairs]
    refit: Check | None
    listed: RealHits
    judged: dict[str, Judged]

    @cached_property
    def habits(self) -> dict[str, Habits]:
        """What the journals are like, the mean over the worlds."""
        return {name: averaged([habits(each) for each in several]) for name, several in self.journals.items()}

    @property
    def known_persons(self) -> bool:
        """Whether customers come again, so that persons can be told apart."""
        return "simulated" in self.journals


def averaged(several: Sequence[Numbers]) -> Numbers:
    """The means of several tuples of numbers, or of tuples of them."""
    means = [np.mean(each, axis=0) for each in zip(*several, strict=True)]
    kind: Any = type(several[0])
    return kind(*(tuple(mean.tolist()) if mean.ndim else float(mean) for mean in means))


def find(shop: Shop, slate_size: int, seed: int) -> Findings:
    """Finds out; shows a bar.

    Args:
        shop: the shop.
        slate_size: products per slate, where slates are compared.
        seed: of the groups of customers and of all that is drawn.

    Raises:
        ValueError: there are too few customers and too few days to compare anything with.
    """

    def rng() -> np.random.Generator:
        return np.random.default_rng(seed)  # each part has its own: none depends on which others are made

    journal = Journal.from_population(shop.customers, shop.states)
    days = journal.by_day()
    known = comes_again(journal)
    checked: dict[str, Check] = {}
    journals, refit, shown = {"log": [days]}, None, []
    with tqdm(total=7, unit="part", disable=None, file=sys.stderr) as bar:
        with _part(bar, "states"):
            by_state = checks(shop, rng())
        with _part(bar, "other customers"):
            if journal.customers >= 2 * GROUPS:
                checked["other customers"] = other_customers(journal, rng())
        with _part(bar, "the last two months"):
            if has_earlier_days(journal):
                checked["the last two months"] = last_months(journal, rng())
        with _part(bar, "real hits"):
            if known:
                shown = hits(next(iter(checked.values())), slate_size)
        with _part(bar, "rankings"):
            listed, judged = judge(shop, slate_size, rng())
        with _part(bar, "simulated visits"):
            if known:
                for name, newcomers in (("simulated", False), ("simulated, new persons", True)):
                    journals[name] = [simulated(days, shop.people, own, newcomers) for own in rng().spawn(WORLDS)]
            category = find_categories(halves(days)[0], rng())
            pairs = {
                name: averaged([category_pairs(halves(each)[1], category) for each in several])
                for name, several in journals.items()
            }
        with _part(bar, "fitted again"):
            if known and "other customers" in checked:
                people = fit_people(journal, rng())
                topics = (people.choice.topics,)  # to search for their number again would take most of the time
                refit = other_customers(simulated(journal, people, rng()), rng(), topics)
    return Findings(by_state, shop.people.choice, checked, shown, journals, pairs, refit, listed, judged)


@contextmanager
def _part(bar: tqdm, what: str) -> Iterator[None]:
    bar.set_description(what)
    yield
    bar.update()
