"""The part of the page on states, which are all that customers of `Retail-v0` differ in."""

from __future__ import annotations

from math import isnan

import numpy as np

from selflearn_agents import make_agent
from selflearn_agents.evaluation import standing
from selflearn_agents.evaluation.markdown import number, table
from selflearn_env import Drift, Shop
from selflearn_env.envs.options import Options
from selflearn_env.shop.validation.overlap import overlap
from selflearn_env.shop.validation.purchases import (
    DECILES,
    GROUPS,
    LATE_DAYS,
    OURS,
    WORLD,
    Check,
    calibration,
    gains,
    habits,
    popularity,
    tiers,
)

SPREADS = (0, 0.25, 0.5, 1)
CONTRASTS = (0.5, 1, 2, 3, 4, 8, 16)


def states_text(shop: Shop, compared: list[Check], slate_size: int, seed: int) -> list[str]:
    """The sections."""
    return [
        _visits_text(shop, compared),
        _gains_text(compared),
        _tiers_text(shop),
        _calibration_text(compared),
        _popularity_text(compared),
        _habits_text(compared),
        _overlap_text(shop, slate_size),
        _contrast_text(shop, slate_size),
        _drift_text(shop, slate_size, seed),
    ]


def _visits_text(shop: Shop, compared: list[Check]) -> str:
    customers = shop.customers
    missing = (
        "" if len(compared) == 2 else "\nThe log allows no other comparison: too few customers, or too few days.\n"
    )
    return (
        "## The states: other visits, foreseen\n\n"
        f"{customers.visit_state.size:,} visits of {int(customers.visit_customer.max()) + 1:,} simulated customers, "
        f"{shop.products:,} products.\nOther customers: in {GROUPS} groups, each foreseen from the two others. "
        f"The last two months: the last {LATE_DAYS} days, foreseen from the days before.\n\n"
        + table(["compared with", "visits"], [[check.name, f"{check.visits:,}"] for check in compared])
        + missing
    )


def _gains_text(compared: list[Check]) -> str:
    found = [gains(check) for check in compared]
    rows = [
        [same[0].estimate, *(f"{gain.mean:+.2f} ± {gain.error:.2f}" for gain in same)]
        for same in zip(*found, strict=True)
    ]
    return (
        "### Likelihood of their purchases\n\nLog-likelihood per visit (in nats: 0.69 is a factor of 2) above one rate "
        "for all products, ± standard error\nwith customers as the units. Each estimate is as strong as it can be: its "
        "weights are fitted like ours.\n\n" + table(["estimate", *(check.name for check in compared)], rows)
    )


def _tiers_text(shop: Shop) -> str:
    rows = [[tier.name, f"{tier.alone:+.3f}", f"{tier.last:+.3f}"] for tier in tiers(shop.states, shop.customers)]
    levels = [
        [
            " x ".join(shop.states.tiers[tier].name for tier in level.tiers) or "all visits together",
            f"{level.weight:,.4g}",
            f"{level.gain:+.3f}",
        ]
        for level in shop.customers.pooling.levels
    ]
    return (
        "### What each tier of the state tells\n\nNats per visit that each half of the simulated customers gains from "
        "the other half, when the tier is\nadded to all visits together (alone), and when it joins all the other tiers "
        "(last).\n\n"
        + table(["tier", "alone", "last"], rows)
        + "\nThe levels of the pooling, each shrunk to the one above by so many purchases:\n\n"
        + table(["level", "weight", "gain"], levels)
    )


def _calibrated(foreseen: float, observed: float, error: float) -> tuple[str, str]:
    """Dashes where the decile is empty."""
    return number(foreseen, 3), "-" if isnan(error) else f"{observed:.3f} ± {error:.3f}"


def _calibration_text(compared: list[Check]) -> str:
    tables = [100 * calibration(check) for check in compared]
    rows = [
        [f"{decile + 1}", *(text for of in tables for text in _calibrated(*of[decile].tolist()))]
        for decile in range(DECILES)
    ]
    head = ["decile", *(f"{what}, {check.name}" for check in compared for what in ("foreseen", "observed"))]
    return (
        f"### Calibration\n\nPurchases of a product per 100 visits, foreseen ({OURS}), and observed, ± standard error "
        "with customers as the\nunits; pairs of state and product sorted by what is foreseen, each decile with a tenth "
        "of the foreseen purchases.\n\n" + table(head, rows)
    )


def _popularity_text(compared: list[Check]) -> str:
    rows = []
    for check in compared:
        for label, (log, simulated) in zip(check.states.tiers[0].labels, popularity(check), strict=True):
            shares = [number(of[:top].sum() / max(of.sum(), 1), 3) for top in (10, 100) for of in (log, simulated)]
            rows.append([f"{check.name}, {label}", f"{log.sum():,}", f"{simulated.sum():,}", *shares])
    head = ["segment", "purchases, log", "simulated", "top 10, log", "simulated", "top 100, log", "simulated"]
    return (
        "### Popularity by segment\n\nPurchases, and the share of the 10 and 100 most bought products, in the log and "
        f"in as many simulated visits\n({WORLD}).\n\n" + table(head, rows)
    )


def _habits_text(compared: list[Check]) -> str:
    rows = []
    for check in compared:
        for source, found in zip(("log", "simulated"), habits(check), strict=True):
            sizes = (number(found.products, 1), number(found.spread, 1))
            rows.append([f"{check.name}, {source}", *sizes, f"{100 * found.again:.1f} %"])
    head = ["visits", "products per visit", "standard deviation", "bought before by the same customer"]
    return "### Habits, which states do not have\n\n" + table(head, rows)


def _overlap_text(shop: Shop, slate_size: int) -> str:
    found = overlap(Options(slate_size=slate_size).simulator(shop))
    return (
        "### How much the best slates have in common\n\nShare of the products that two best slates share, whose states "
        "differ in this tier only (`independent`).\n\n"
        + table(["tier", "shared"], [[name, number(share, 2)] for name, share in found.items()])
    )


def _contrast_text(shop: Shop, slate_size: int) -> str:
    popular = make_agent("popular", history=shop.history, slate_size=slate_size).act(np.arange(shop.states.size))
    rows = []
    for contrast in CONTRASTS:
        found = standing(Options(slate_size=slate_size, contrast=contrast).simulator(shop), popular)
        rows.append([f"{contrast:g}", *(number(reward, 2) for reward in found[:3]), number(found.gap, 3)])
    head = ["contrast", "random", "popular", "optimal", "share of the gap that popular closes"]
    return (
        "### Contrast\n\nExpected reward per slate (`independent`) where the states differ more than the log supports "
        "(at 1), or less;\neach contrast is a draw of its own.\n\n" + table(head, rows)
    )


def _drift_text(shop: Shop, slate_size: int, seed: int) -> str:
    popular = make_agent("popular", history=shop.history, slate_size=slate_size).act(np.arange(shop.states.size))
    rows = []
    for spread in SPREADS:
        drift = Drift(spread=spread, half_life=1, every=1000)  # after one move nothing is left of the start
        simulator = Options(slate_size=slate_size, drift=drift).simulator(shop)
        run = simulator.begin(np.random.default_rng(seed))
        run.served = drift.every
        found = standing(simulator.now(run), popular)
        rows.append([f"{spread:g}", *(number(reward, 2) for reward in found[:3]), number(found.gap, 3)])
    head = ["spread", "random", "popular", "optimal", "share of the gap that popular closes"]
    return (
        "### Drift\n\nExpected reward per slate (`independent`) at a moment long after the start, when interest has "
        "drifted by this\nstandard deviation: the mean product keeps its interest, the best slates earn more.\n\n"
        + table(head, rows)
    )
