"""How much each person buys in a visit.

A person's activity A is Gamma distributed over the customers; a visit in month m is expected to bring a_m A products,
and its size is one, since every visit of a log has a purchase, plus a negative binomial number of others. Fitted by
maximum likelihood with the activity integrated over a grid; a person's posterior lives on the same grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaincinv, gammaln, logsumexp, xlogy  # scipy.stats takes a second, and far longer per call

from selflearn_env.shop.people.journal import MONTHS, Journal

POINTS = 80  # of the grid of activities
TAIL = 1e-9  # of the Gamma distribution, left out at either end of the grid
SPAN = 1e3  # greatest activity over the smallest
LEAST = 1e-3  # products expected beside the first
LEVEL_VISITS = 20.0  # visits at the usual level that a month is worth before its own
ROUNDS = 3  # of the distribution and the months' levels by turns
BOUNDS = (-4.0, 9.0)  # of the logarithms of shape, mean and dispersion
VISITS = 2**14  # worked on at once
CUSTOMERS = 5_000  # to whom it is fitted, or less than twice as many


@dataclass(frozen=True, eq=False)
class Activity:
    """How much persons buy in a visit.

    Attributes:
        shape: of the Gamma distribution of the activity over customers.
        mean: of that distribution, in products per visit.
        dispersion: shape of the negative binomial; the greater, the more alike are a person's visits.
        level: (12,) factor a_m of each month, 1 on average over the visits.
    """

    shape: float
    mean: float
    dispersion: float
    level: NDArray[np.float64]

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        """(POINTS,) activities, in products per visit."""
        least, most = gammaincinv(self.shape, [TAIL, 1 - TAIL]) * (self.mean / self.shape)
        most = max(most, 1.001 * self.mean)
        return np.geomspace(max(least, most / SPAN), most, POINTS)

    @cached_property
    def log_prior(self) -> NDArray[np.float64]:
        """(POINTS,) log-probability of each point for a new customer."""
        # The points stand at equal distances of the logarithm, so the density is that of the logarithm.
        scale = self.mean / self.shape
        unit = self.grid / scale
        density = xlogy(self.shape - 1, unit) - unit - gammaln(self.shape) - np.log(scale) + np.log(self.grid)
        return density - logsumexp(density)

    @cached_property
    def log_size(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(12, POINTS) each: what a product beside the first, and a visit, add to the log-likelihood of sizes."""
        others = np.maximum(self.level[:, None] * self.grid - 1, LEAST)
        total = np.log(others + self.dispersion)
        return np.log(others) - total, self.dispersion * (np.log(self.dispersion) - total)

    def posterior(self, journal: Journal) -> NDArray[np.float64]:
        """(C, POINTS) probability of each activity, given all visits of each customer."""
        others, visits = _sizes_by_month(journal)
        per_product, per_visit = self.log_size
        return _normalised(self.log_prior + others @ per_product + visits @ per_visit)

    def foreseen(self, journal: Journal) -> NDArray[np.float64]:
        """(V,) mean activity of each visit's customer, given its earlier visits only."""
        found, at = np.empty(journal.day.size), 0
        per_product, per_visit = self.log_size
        while at < found.size:  # some customers at a time
            last = journal.customer[min(at + VISITS, found.size) - 1]
            rows = slice(at, int(np.searchsorted(journal.customer, last, side="right")))
            month = journal.month[rows]
            own = (journal.size[rows] - 1)[:, None] * per_product[month] + per_visit[month]
            before = np.cumsum(own, axis=0) - own
            found[rows] = _normalised(self.log_prior + before - before[journal.first[rows] - at]) @ self.grid
            at = rows.stop
        return found

    def draw(self, posterior: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """(B,) an activity from each posterior (B, POINTS), anywhere around the point of the grid drawn."""
        cumulative = np.cumsum(posterior, axis=1)
        point = (cumulative < rng.random((len(posterior), 1)) * cumulative[:, -1:]).sum(axis=1)
        step = np.log(self.grid[1] / self.grid[0])
        return self.grid[point] * np.exp(step * (rng.random(len(posterior)) - 0.5))

    def draw_sizes(self, expected: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
        """(B,) products bought in visits that are expected to bring so many (B,)."""
        others = np.maximum(expected - 1, LEAST)
        return 1 + rng.negative_binomial(self.dispersion, self.dispersion / (self.dispersion + others))


def fit_activity(journal: Journal) -> Activity:
    """The distribution of greatest likelihood, and the months' levels by turns with it.

    Of a large log, every so many customers are enough.
    """
    journal = journal.select(journal.customer % max(1, journal.customers // CUSTOMERS) == 0)
    others, visits = _sizes_by_month(journal)
    present = visits.any(axis=1)
    others, visits = others[present], visits[present]
    visit_count, bought = visits.sum(axis=0), (others + visits).sum(axis=0)
    size, often = np.unique(journal.size - 1, return_counts=True)
    at = np.log([1.5, max(float(journal.size.mean()), 1.0), 2.0])
    level = np.ones(MONTHS)

    def model(logarithms: NDArray[np.float64]) -> Activity:
        shape, mean, dispersion = np.exp(np.clip(logarithms, *BOUNDS)).tolist()
        return Activity(shape, mean, dispersion, level)

    def loss(logarithms: NDArray[np.float64]) -> float:
        tried = model(logarithms)
        per_product, per_visit = tried.log_size
        own = logsumexp(tried.log_prior + others @ per_product + visits @ per_visit, axis=1).sum()
        constant = often @ (gammaln(size + tried.dispersion) - gammaln(tried.dispersion))
        return -float(own + constant) / journal.size.size

    for _ in range(ROUNDS):
        at = minimize(loss, at, method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-6, "maxiter": 200}).x
        fitted = model(at)
        per_product, per_visit = fitted.log_size
        posterior = _normalised(fitted.log_prior + others @ per_product + visits @ per_visit)
        expected = posterior @ fitted.grid @ visits
        level = (bought + LEVEL_VISITS * fitted.mean) / (expected + LEVEL_VISITS * fitted.mean)
        level /= (level @ visit_count) / visit_count.sum()
    return replace(fitted, level=level)


def _sizes_by_month(journal: Journal) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(C, 12) each: products beside the first of each visit, and visits, of each customer in each month."""
    cell, size = journal.customer * MONTHS + journal.month, journal.customers * MONTHS
    others = np.bincount(cell, weights=journal.size - 1, minlength=size).astype(np.float64)
    visits = np.bincount(cell, minlength=size).astype(np.float64)
    return others.reshape(-1, MONTHS), visits.reshape(-1, MONTHS)


def _normalised(logarithms: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, POINTS) probabilities from their logarithms, beside a constant."""
    weight = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)
