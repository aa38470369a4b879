"""Whether the simulated customers resemble the log: what they would do, beside visits that were not fitted.

Incidence is compared, the purchases per visit of each product in each state. What the log does not tell, the
simulation takes from elsewhere and nothing here can check: how many of the products shown are bought or clicked (the
seed's level), and how the slot or the neighbours matter (the customer model's own parameters).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.pooling import Baskets, Pooling, fit_levels, fit_pooling, sum_rows
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.states import StateSpace
from selflearn_env.shop.history import Population
from selflearn_env.shop.shop import Shop

LATE_DAYS = 61  # the log's last two months
DECILES = 10
OURS, WORLD = "pooled over the tiers: ours", "one draw of ours: what is simulated"


@dataclass(frozen=True, eq=False)
class Check:
    """Visits that were fitted, and others to compare with.

    Attributes:
        name: whose purchases are compared.
        states: the state space.
        fitted: the visits from which the incidence was estimated.
        checked: the visits that it is compared with.
        pooling: how the fitted visits are pooled over the tiers.
        incidence: (S, P) purchases per visit by each estimate, simplest first; the last is one draw of ours.
    """

    name: str
    states: StateSpace
    fitted: Baskets
    checked: Baskets
    pooling: Pooling
    incidence: dict[str, NDArray[np.float64]]


class Gain(NamedTuple):
    """Log-likelihood of the checked visits above that of one rate for all products, in nats per visit."""

    estimate: str
    mean: float
    error: float  # standard error; visits of one customer are not independent and count as one


class Tier(NamedTuple):
    """What one tier of the state adds to the log-likelihood, in nats per visit, each visit left out in turn."""

    name: str
    alone: float  # after all visits together
    last: float  # after all the other tiers


def checks(shop: Shop, rng: np.random.Generator) -> list[Check]:
    """The two checks of a shop: a third group of customers, and the last two months.

    The simulated customers are split for the first; neither the history nor the fit sees the third that is checked. For
    the second they are fitted to what they bought before, and compared with what they bought then.

    Args:
        shop: the shop.
        rng: draws the third group and the simulated world.

    Raises:
        ValueError: there are too few customers, or no visits before the last two months.
    """
    customers = shop.customers
    number = int(customers.visit_customer.max()) + 1
    third = np.zeros(number, dtype=bool)
    third[rng.permutation(number)[: number // 3]] = True
    late = customers.visit_day > customers.visit_day.max() - LATE_DAYS
    chosen = [("a third group of customers", third[customers.visit_customer]), ("the last two months", late)]
    for name, checked in chosen:
        if not checked.any() or checked.all():
            raise ValueError(
                f"{name} cannot be told from the others: the shop has {number} simulated customers with "
                f"{len(late)} visits over {int(customers.visit_day.max()) + 1} days; build it from a longer log"
            )
    return [_check(name, shop.states, customers, checked, rng) for name, checked in chosen]


def _check(name: str, states: StateSpace, customers: Population, checked: NDArray, rng: np.random.Generator) -> Check:
    fitted = customers.of(~checked)
    pooling = fit_pooling(fitted, states.shape)
    all_tiers = tuple(range(len(states.shape)))
    estimates = {
        "one rate for all products": Pooling(()),
        "popularity over all visits": fit_levels(fitted, states.shape, [()]),
        "the state's own counts, not pooled": fit_levels(fitted, states.shape, [all_tiers]),
        OURS: pooling,
    }
    counts = fitted.visits(), fitted.purchases()
    incidence = {estimate: how.mean(*counts, states.shape) for estimate, how in estimates.items()}
    incidence[WORLD] = pooling.draw(*counts, states.shape, rng)
    return Check(name, states, fitted, customers.of(checked), pooling, incidence)


def gains(check: Check) -> list[Gain]:
    """How well each estimate foresees the checked visits; see `Gain`.

    Poisson: a visit that bought the products A in state s has log-likelihood sum over A of log(incidence) minus the sum
    of the incidence over the catalogue, beside a constant.
    """
    likelihood = {name: _likelihood(check.checked, incidence) for name, incidence in check.incidence.items()}
    base = next(iter(likelihood.values()))
    found = []
    for name, own in likelihood.items():
        excess = own - base
        mean = float(excess.mean())
        by_customer = np.bincount(check.checked.visit_customer, weights=excess - mean)
        found.append(Gain(name, mean, float(np.sqrt((by_customer**2).sum())) / len(excess)))
    return found


def _likelihood(visits: Baskets, incidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V,) log-likelihood of each visit."""
    rate = incidence[visits.visit_state[visits.item_visit], visits.item_product]
    with np.errstate(divide="ignore"):  # a draw may be 0 where a purchase was foreseen to be next to impossible
        log_rate = np.maximum(np.log(rate), np.log(np.finfo(float).tiny))
    bought = np.bincount(visits.item_visit, weights=log_rate, minlength=visits.visit_state.size)
    return bought - incidence.sum(axis=1)[visits.visit_state]


def tiers(states: StateSpace, visits: Baskets) -> list[Tier]:
    """What the visits say of the seed's assumption that all tiers of the state matter; see `Tier`."""
    every = range(len(states.shape))
    found = []
    for tier in every:
        others = tuple(other for other in every if other != tier)
        alone = fit_levels(visits, states.shape, [(), (tier,)]).levels[-1].gain
        last = fit_levels(visits, states.shape, [(), others, (*others, tier)]).levels[-1].gain
        found.append(Tier(states.tiers[tier].name, alone, last))
    return found


def calibration(check: Check, estimate: str = OURS) -> NDArray[np.float64]:
    """(10, 3) foreseen and observed purchases per visit and product, and observed purchases, by decile.

    Pairs of state and product are sorted by their foreseen incidence and cut into ten groups that should each hold a
    tenth of the purchases.
    """
    visits = check.checked.visits()
    seen = np.flatnonzero(visits)
    incidence = check.incidence[estimate][seen].ravel()
    weight = np.repeat(visits[seen], check.checked.products).astype(np.float64)
    bought = check.checked.purchases()[seen].ravel()
    order = np.argsort(incidence)
    foreseen = (weight * incidence)[order]
    group = np.minimum((np.cumsum(foreseen) / foreseen.sum() * DECILES).astype(np.int64), DECILES - 1)
    sums = [np.bincount(group, weights=of, minlength=DECILES) for of in (foreseen, bought[order], weight[order])]
    return np.stack([sums[0] / sums[2], sums[1] / sums[2], sums[1]], axis=1)


def popularity(check: Check, rng: np.random.Generator) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each segment the purchases of each product, most bought first: of the checked visits, and simulated ones.

    Simulated are as many visits of the same states, from the draw of the world.
    """
    visits = check.checked.visits()
    simulated = rng.poisson(visits[:, None] * check.incidence[WORLD])
    segment = check.states.table[:, 0]
    pairs = [sum_rows(of, segment, check.states.shape[0]) for of in (check.checked.purchases(), simulated)]
    ranked = [-np.sort(-of.astype(np.int64), axis=1) for of in pairs]
    return list(zip(*ranked, strict=True))


class Habits(NamedTuple):
    """What visits are like beyond their states."""

    products: float  # mean number of products bought in a visit
    spread: float  # its standard deviation
    again: float  # share of the purchases that the customer has made in an earlier one of these visits


def habits(check: Check, rng: np.random.Generator) -> tuple[Habits, Habits]:
    """The habits of the checked visits, and of simulated ones of the same customers in the same states."""
    visits = check.checked
    states, inverse = np.unique(visits.visit_state, return_inverse=True)
    bought = []
    for at, state in enumerate(states):
        rows = np.flatnonzero(inverse == at)
        row, product = np.nonzero(rng.random((rows.size, visits.products)) < -np.expm1(-check.incidence[WORLD][state]))
        bought.append((rows[row], product))
    visit, product = (np.concatenate(part) for part in zip(*bought, strict=True))
    return (
        _habits(visits.item_visit, visits.item_product, check.checked.visit_customer, visits.products),
        _habits(visit, product, check.checked.visit_customer, visits.products),
    )


def _habits(visit: NDArray, product: NDArray, customer: NDArray, products: int) -> Habits:
    size = np.bincount(visit, minlength=customer.size)
    pair = customer[visit] * products + product
    repeated = pair.size - np.unique(pair).size  # a product counts once per visit, so all others came again
    return Habits(float(size.mean()), float(size.std()), repeated / max(pair.size, 1))


def overlap(simulator: Simulator) -> dict[str, float]:
    """For each tier the share of products that the best slates of two states have in common that differ in it only."""
    states, n = simulator.states, simulator.slate_size
    best = simulator.optimal_slate(np.arange(states.size))
    shown = np.zeros((states.size, simulator.products), dtype=bool)
    shown[np.arange(states.size)[:, None], best] = True
    shared = {}
    for tier, known in enumerate(states.tiers):
        labels = len(known.labels)
        if labels < 2:
            shared[known.name] = float("nan")
            continue
        # For each group of states that differ in this tier only: in how many of them each product is shown.
        by_label = np.moveaxis(shown.reshape(*states.shape, -1), tier, 0).reshape(labels, -1, simulator.products)
        count = by_label.sum(axis=0, dtype=np.int64)
        pairs = (count * (count - 1)).sum(axis=1) / (labels * (labels - 1))
        shared[known.name] = float(pairs.mean()) / n
    return shared
