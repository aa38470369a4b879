"""Whether the simulated population resembles the log: what it would do, beside visits that were not fitted.

Incidence is compared, the purchases per visit of each product in each state. What the log does not show, the
simulation takes from elsewhere and nothing here can check: how many of the products shown are bought or clicked (the
article's level), and how the slot or the neighbours matter (the customer model's own parameters).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.baskets import Baskets
from selflearn_env.core.pooling import Pooling
from selflearn_env.core.pooling_fit import fit_levels, fit_pooling
from selflearn_env.core.states import StateSpace
from selflearn_env.core.tables import sum_rows
from selflearn_env.shop.history import Population
from selflearn_env.shop.shop import Shop
from selflearn_env.shop.validation.incidence import CELLS, Incidence, pooled_incidence

LATE_DAYS = 61  # the log's last two months
GROUPS = 3  # of customers, each foreseen from the others
DECILES = 10
BIN_BITS = 22  # of the bins by which rates are sorted: 8 of the exponent and 14 below, 1 in 16,384 apart
POPULARITY = "popularity over all visits"
OURS, WORLD = "pooled over the tiers: ours", "one draw of ours, as worlds are made"


class Part(NamedTuple):
    """Visits that were fitted, and others to compare with."""

    checked: Baskets
    incidence: dict[str, Incidence]  # by each estimate from the visits fitted
    simulated: Baskets  # one draw of ours visits in the place of the customers checked


@dataclass(frozen=True, eq=False)
class Check:
    """A comparison with visits that were not fitted.

    Attributes:
        name: whose purchases are compared.
        states: the state space.
        parts: the comparison, in parts that differ in what was fitted.
    """

    name: str
    states: StateSpace
    parts: tuple[Part, ...]

    @property
    def estimates(self) -> list[str]:
        """The names of the estimates, simplest first; the last is one draw of ours."""
        return list(self.parts[0].incidence)

    @property
    def visits(self) -> int:
        """How many visits are compared."""
        return sum(part.checked.visit_state.size for part in self.parts)


class Gain(NamedTuple):
    """Log-likelihood of the visits compared above that of one rate for all products, in nats per visit."""

    estimate: str
    mean: float
    error: float  # standard error; visits of one customer are not independent and count as one


class Tier(NamedTuple):
    """What one tier of the state adds to the log-likelihood of each half of the customers, in nats per visit."""

    name: str
    alone: float  # after all visits together
    last: float  # all tiers, beside all tiers without it


def checks(shop: Shop, rng: np.random.Generator) -> list[Check]:
    """The two checks of a shop, as far as its log allows them: other customers, and the last two months.

    The population is split into three groups, and each is foreseen from the two others; unless the shop was
    built with history_share=1, no customer of it is in the history. For the last two months it is fitted to what it
    bought before.

    Args:
        shop: the shop.
        rng: draws the groups and the simulated visits.

    Raises:
        ValueError: there are too few customers and too few days for either.
    """
    customers, states = shop.customers, shop.states
    number = int(customers.visit_customer.max()) + 1
    found = []
    if number >= 2 * GROUPS:
        group = (rng.permutation(number) % GROUPS)[customers.visit_customer]
        others = tuple(_part(states, customers, group == one, rng) for one in range(GROUPS))
        found.append(Check("other customers", states, others))
    late = customers.visit_day > customers.visit_day.max() - LATE_DAYS
    if not late.all():
        found.append(Check("the last two months", states, (_part(states, customers, late, rng),)))
    if not found:
        raise ValueError(
            f"nothing to compare with: the shop has {number} simulated customers over "
            f"{int(customers.visit_day.max()) + 1} days; it takes {2 * GROUPS} customers, or more than {LATE_DAYS} days"
        )
    return found


def _part(states: StateSpace, customers: Population, checked: NDArray[np.bool_], rng: np.random.Generator) -> Part:
    fitted, compared = customers.select(~checked), customers.select(checked)
    pooling = fit_pooling(fitted, states.shape)
    estimates = {
        "one rate for all products": Pooling(()),
        POPULARITY: fit_levels(fitted, states.shape, [()]),
        "the state's own counts, not pooled": fit_levels(fitted, states.shape, [tuple(range(len(states.shape)))]),
        OURS: pooling,
    }
    counts = fitted.visits(), fitted.purchases()
    incidence = {estimate: pooled_incidence(how, *counts, states.shape) for estimate, how in estimates.items()}
    world = pooling.world(*counts, states.shape, lambda: rng, np.float32)
    incidence[WORLD] = Incidence(world.__getitem__, world.shape)
    return Part(compared, incidence, _simulated(compared, world, rng))


def _simulated(visits: Baskets, incidence: NDArray[np.float32], rng: np.random.Generator) -> Baskets:
    """The same visits of the same customers, who buy each product by itself as the incidence (S, P) says."""
    rows, products = [], []
    size = max(1, CELLS // visits.products)
    for state in np.unique(visits.visit_state):
        own = np.flatnonzero(visits.visit_state == state)
        chance = -np.expm1(-incidence[state].astype(np.float64))
        for at in range(0, own.size, size):
            some = own[at : at + size]
            row, product = np.nonzero(rng.random((some.size, visits.products)) < chance)
            rows.append(some[row])
            products.append(product)
    return Baskets(
        visits.visit_state,
        visits.visit_customer,
        np.concatenate(rows),
        np.concatenate(products),
        visits.states,
        visits.products,
    )


def gains(check: Check) -> list[Gain]:
    """How well each estimate foresees the visits compared; see `Gain`.

    Poisson: a visit that bought the products A in state s has log-likelihood sum over A of log(incidence) minus the sum
    of the incidence over the catalogue, beside a constant.
    """
    base = check.estimates[0]
    return [Gain(name, *gain_over(check, name, base)) for name in check.estimates]


def gain_over(check: Check, estimate: str, base: str) -> tuple[float, float]:
    """What an estimate foresees more than another, in nats per visit, and the standard error of this difference."""
    gain = [
        _likelihood(part.checked, part.incidence[estimate]) - _likelihood(part.checked, part.incidence[base])
        for part in check.parts
    ]
    return mean_and_error(np.concatenate(gain), np.concatenate([part.checked.visit_customer for part in check.parts]))


def mean_and_error(values: NDArray[np.float64], customer: NDArray[np.int64]) -> tuple[float, float]:
    """The mean over visits and its standard error; visits of one customer are not independent and count as one."""
    mean = float(values.mean())
    by_customer = np.bincount(customer, weights=values - mean)
    return mean, float(np.sqrt((by_customer**2).sum())) / values.size


def _likelihood(visits: Baskets, incidence: Incidence) -> NDArray[np.float64]:
    """(V,) log-likelihood of each visit."""
    item_state = visits.visit_state[visits.item_visit]
    log_rate, total = np.empty(item_state.size), np.empty(visits.states)
    for states, rates in incidence.blocks():
        total[states] = rates.sum(axis=1)
        items = _within(item_state, states)
        rate = rates[item_state[items] - states[0], visits.item_product[items]]
        log_rate[items] = np.log(np.maximum(rate, np.finfo(float).tiny))  # a draw may be 0
    bought = np.bincount(visits.item_visit, weights=log_rate, minlength=visits.visit_state.size)
    return bought - total[visits.visit_state]


def _within(item_state: NDArray[np.int64], states: NDArray[np.int64]) -> NDArray[np.int64]:
    """The items whose state is one of these neighbours."""
    return np.flatnonzero((item_state >= states[0]) & (item_state <= states[-1]))


def tiers(states: StateSpace, visits: Baskets) -> list[Tier]:
    """What the visits say of the article's assumption that all tiers of the state matter; see `Tier`."""
    every = list(range(len(states.shape)))
    complete = fit_pooling(visits, states.shape).gain
    found = []
    for tier in every:
        alone = fit_levels(visits, states.shape, [(), (tier,)]).levels[-1].gain
        without = fit_pooling(visits, states.shape, [other for other in every if other != tier]).gain
        found.append(Tier(states.tiers[tier].name, alone, complete - without))
    return found


def calibration(check: Check, estimate: str = OURS) -> NDArray[np.float64]:
    """(10, 3) foreseen and observed purchases per visit and product, and the standard error, by decile.

    Pairs of state and product are sorted by their foreseen incidence and cut into ten groups that should each hold a
    tenth of the purchases; pairs that are equal to 1 in 16,384 stay together. The error is that of the difference, with
    customers as the units.
    """
    foreseen, observed, error, weight = np.zeros((4, DECILES))
    for part in check.parts:
        visits, incidence = part.checked, part.incidence[estimate]
        visit_count = visits.visits()
        decile_of_bin = _deciles(incidence, visit_count)
        item_state = visits.visit_state[visits.item_visit]
        by_state, pairs = np.zeros((2, visits.states, DECILES))
        bought = np.empty(item_state.size, dtype=np.int64)
        for states, rates in incidence.blocks():
            decile = decile_of_bin[_bins(rates)]
            items = _within(item_state, states)
            bought[items] = decile[item_state[items] - states[0], visits.item_product[items]]
            for state, own, rate in zip(states, decile, rates, strict=True):
                by_state[state] = np.bincount(own, weights=rate, minlength=DECILES)
                pairs[state] = np.bincount(own, minlength=DECILES)
        customers = int(visits.visit_customer.max()) + 1
        observed_by = np.zeros((customers, DECILES))
        np.add.at(observed_by, (visits.visit_customer[visits.item_visit], bought), 1.0)
        foreseen_by = np.zeros((customers, DECILES))
        np.add.at(foreseen_by, visits.visit_customer, by_state[visits.visit_state])
        foreseen += foreseen_by.sum(axis=0)
        observed += observed_by.sum(axis=0)
        error += ((observed_by - foreseen_by) ** 2).sum(axis=0)
        weight += visit_count @ pairs
    with np.errstate(invalid="ignore"):  # a tenth that few products leave empty has no figures: nan
        return np.stack([foreseen, observed, np.sqrt(error)], axis=1) / weight[:, None]


def _bins(rates: NDArray[np.float64]) -> NDArray[np.uint32]:
    """The number of the bin of each rate >= 0, ascending with it: the leading bits of a 4-byte float."""
    return rates.astype(np.float32).view(np.uint32) >> np.uint32(32 - BIN_BITS)


def _deciles(incidence: Incidence, visit_count: NDArray[np.int64]) -> NDArray[np.int8]:
    """(bins,) the decile of the pairs of state and product in each bin, lowest incidence first."""
    foreseen = np.zeros(2**BIN_BITS)
    for states, rates in incidence.blocks():
        expected = visit_count[states, None] * rates
        foreseen += np.bincount(_bins(rates).ravel(), weights=expected.ravel(), minlength=foreseen.size)
    foreseen = np.cumsum(foreseen)
    return np.minimum(foreseen / foreseen[-1] * DECILES, DECILES - 1).astype(np.int8)


def popularity(check: Check) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each segment the purchases of each product, most bought first: of the visits compared, and simulated ones."""
    segment, segments = check.states.table[:, 0], check.states.shape[0]
    counts = []
    for which in ("checked", "simulated"):
        total = sum(sum_rows(getattr(part, which).purchases(), segment, segments) for part in check.parts)
        counts.append(-np.sort(-np.asarray(total).astype(np.int64), axis=1))
    return list(zip(*counts, strict=True))


class BasketHabits(NamedTuple):
    """What visits are like beyond their states."""

    products: float  # mean number of products bought in a visit
    spread: float  # its standard deviation
    again: float  # share of the purchases that the customer has made in another, earlier one of these visits


def habits(check: Check) -> tuple[BasketHabits, BasketHabits]:
    """The habits of the visits compared, and of the simulated ones in their place."""
    return _habits([part.checked for part in check.parts]), _habits([part.simulated for part in check.parts])


def _habits(parts: list[Baskets]) -> BasketHabits:
    size = np.concatenate([np.bincount(of.item_visit, minlength=of.visit_state.size) for of in parts])
    pairs = [of.visit_customer[of.item_visit] * of.products + of.item_product for of in parts]
    # A product counts once per visit, so what is not the first of its pair came again; parts share no customer.
    again = sum(of.size - np.unique(of).size for of in pairs)
    return BasketHabits(float(size.mean()), float(size.std()), again / max(int(size.sum()), 1))
