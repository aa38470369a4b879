"""Journals drawn from the persons' model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from selflearn_env.core.items import Items
from selflearn_env.core.people.world import Moments, Persons, World
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.rates import Rates


def simulate(rates: Rates, persons: Persons, schedule: Journal, rng: np.random.Generator) -> Journal:
    """What persons would buy who visit when the customers of a journal do and begin with nothing.

    Args:
        rates: the world.
        persons: the customers of the journal.
        schedule: whose visits, but not their purchases, are taken.
        rng: draws sizes and products.
    """
    return simulate_in(rates.world(schedule), persons, schedule, rng)


def simulate_in(world: World, persons: Persons, schedule: Journal, rng: np.random.Generator) -> Journal:
    """The same in a world of which no records are looked at, whosever they are: made once, for many schedules."""
    seeds = rng.integers(2**64, size=schedule.day.size, dtype=np.uint64)
    turn = np.arange(schedule.day.size) - schedule.first
    by_turn = np.argsort(turn, kind="stable")
    there, record, drawn = np.arange(schedule.customers), Items.none(schedule.customers), []
    for begin, end in pairwise(np.searchsorted(turn[by_turn], np.arange(turn.max(initial=-1) + 2))):
        visits = by_turn[begin:end]  # everybody's first visits, then all second ones ...
        customers, nothing = schedule.customer[visits], np.zeros(visits.size, dtype=np.int64)
        own = record.rows(np.searchsorted(there, customers))
        moments = Moments(schedule.day[visits], nothing, nothing, own)
        no_slates = np.empty((visits.size, 0), dtype=np.int64)
        drawn.append(world.draw_baskets(moments, persons.rows(customers), no_slates, seeds[visits]))
        there, record = customers, own.followed_by(drawn[-1])  # of those only who may come again
    baskets = Items.joined(drawn).rows(np.argsort(by_turn, kind="stable"))
    return replace(schedule, start=baskets.start, product=baskets.product)
