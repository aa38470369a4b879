"""Journals drawn from the persons' model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.rates import Persons, Rates

CELLS = 2**22  # visits times products worked on at once


def simulate(rates: Rates, persons: Persons, schedule: Journal, rng: np.random.Generator) -> Journal:
    """What persons would buy who visit when the customers of a journal do and begin with nothing.

    A visit's products are drawn one after the other, each in proportion to its rate, none twice.

    Args:
        rates: the world.
        persons: the customers of the journal.
        schedule: whose visits, but not their purchases, are taken.
        rng: draws sizes and products.
    """
    expected = rates.expected_size(schedule, persons.activity[schedule.customer])
    size = np.minimum(rates.activity.draw_sizes(expected, rng), schedule.products)
    start = np.concatenate([[0], np.cumsum(size)])
    drawn = replace(schedule, start=start, product=np.zeros(start[-1], dtype=np.int32))
    turn = np.arange(schedule.day.size) - schedule.first
    by_turn = np.argsort(turn, kind="stable")
    edges = np.searchsorted(turn[by_turn], np.arange(turn.max() + 2))
    rows = max(1, CELLS // schedule.products)
    for begin, end in pairwise(edges):  # everybody's first visits, then all second ones ...
        for at in range(begin, end, rows):
            visits = by_turn[at : min(at + rows, end)]
            rate = rates.of_visits(drawn, visits, persons.rows(schedule.customer[visits]))
            # The smallest of exponential times with these rates come first, as if drawn one after the other.
            time = rng.standard_exponential(rate.shape) / np.maximum(rate, np.finfo(float).tiny)
            for visit, row in zip(visits, time, strict=True):
                count = size[visit]
                first = np.argpartition(row, count - 1)[:count]
                drawn.product[start[visit] : start[visit + 1]] = np.sort(first)
    return drawn
