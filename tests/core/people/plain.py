"""A small world of persons, and its rates as loops over lists, written from the formula."""

import numpy as np

from selflearn_env.core.items import Items
from selflearn_env.core.people.world import Moments, Persons, World

DAYS, P, K, C = 40, 70, 3, 6  # products of more than one block


def world_of(rng, products=P, topics=K, half_life=9.0, kappa=1.5):
    """A world of two times, whose customers have bought something in the log."""
    share = rng.gamma(0.5, size=(2, products)).astype(np.float32) + np.float32(1e-6)
    share /= share.sum(axis=1, keepdims=True)
    counts = rng.integers(0, 12, size=C)
    start = np.concatenate([[0], np.cumsum(counts)])
    day = np.concatenate([np.sort(rng.integers(DAYS, size=count)) for count in counts])
    return World(
        share=share,
        usual=share.mean(axis=0, dtype=np.float64),
        row_of_day=np.arange(DAYS) % 2,
        level_of_day=rng.uniform(0.5, 1.5, DAYS),
        factors=rng.gamma(0.5, 2.0, size=(products, topics)) + 0.01,
        kappa=kappa,
        half_life=half_life,
        dispersion=2.0,
        log=Items(start, rng.integers(products, size=start[-1]).astype(np.int32), day),
    )


def persons_of(rng, count=C, topics=K):
    return Persons(
        rng.dirichlet(np.ones(topics), size=count), rng.uniform(1.0, 6.0, count), rng.uniform(0.0, 1.0, count)
    )


def items_of(rng, rows, latest=DAYS, products=P):
    """What each row bought, at most seven items."""
    counts = rng.integers(0, 8, size=rows)
    day = [np.sort(rng.integers(latest, size=count)) for count in counts]
    start = np.concatenate([[0], np.cumsum(counts)])
    return Items(
        start, rng.integers(products, size=start[-1]).astype(np.int32), np.concatenate([*day, np.empty(0, int)])
    )


def moments_of(rng, world, customers):
    """Late visits of customers, with some of what they bought in the log, and more of their own."""
    begin = world.log.start[customers]
    end = begin + rng.integers(0, world.log.counts()[customers] + 1)
    return Moments(np.full(len(customers), DAYS - 1), begin, end, items_of(rng, len(customers)))


def record_of(world, moments, visit):
    """(product, day) of all that is in the record."""
    log = range(moments.begin[visit], moments.end[visit])
    own = range(moments.record.start[visit], moments.record.start[visit + 1])
    return [(int(world.log.product[i]), int(world.log.day[i])) for i in log] + [
        (int(moments.record.product[i]), int(moments.record.day[i])) for i in own
    ]


def rates_of(world, moments, persons, visit):
    """The rates of all products in a visit, as the formula has them."""
    day, row = int(moments.day[visit]), int(world.row_of_day[moments.day[visit]])
    theta, activity, cap = persons.theta[visit], persons.activity[visit], persons.cap[visit]
    products = range(world.products)
    remembered = [0.0] * world.products
    for product, when in record_of(world, moments, visit):
        season = (float(world.share[row, product]) / world.usual[product]) ** 0.5
        remembered[product] += 2.0 ** (-(day - when) / world.half_life) * season
    total = sum(remembered)
    visits = total / activity
    part = cap * visits / (visits + world.kappa)
    taste = [float(world.share[row, p]) * sum(world.factors[p] * theta) for p in products]
    size = world.level_of_day[day] * activity
    return [
        size * ((1 - part) * taste[p] / sum(taste) + (part * remembered[p] / total if total else 0.0)) for p in products
    ]
