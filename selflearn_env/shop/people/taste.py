"""Tastes: topics of products, and how each person weighs them.

Poisson factorisation with the season as offset: at time r a person buys product p in proportion to q_rp (g_p . theta),
with topic factors g around 1, Gamma(prior, prior), and weights theta ~ Dirichlet(alpha) as in latent Dirichlet
allocation (Gopalan, Hofman and Blei, Scalable recommendation with hierarchical Poisson factorization, UAI 2015;
Jacobs, Donkers and Fok, Marketing Science 35, 2016). Fitted by mean-field variational EM: a purchase belongs to topic
k with responsibility proportional to exp(E log g_pk + E log theta_k). All purchases count, those that follow the record
(see `repeat`) too: without them, popular products, which are bought again more than others, come out too rare.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import digamma

from selflearn_env.core.compiling import Loop
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import Shares

PRIOR = 0.5  # purchases that a factor of 1 is worth
CONCENTRATION = 4.0  # sum of the Dirichlet weights of a new person
CAUTION = 2.0  # the prior counts so often when a person's weights are inferred: purchases of a basket go together
SWEEPS = 40  # of the fit
INFERENCE = 8  # of a person's weights, when the topics are known
ROWS = 2**14  # customers or visits worked on at once


@dataclass(frozen=True, eq=False)
class Taste:
    """Topics of products, K of them; one topic is no taste.

    Attributes:
        shape: (P, K) of the Gamma posterior of the factors.
        rate: (P, K) of the same.
        alpha: (K,) Dirichlet weights of a new person.
    """

    shape: NDArray[np.float64]
    rate: NDArray[np.float64]
    alpha: NDArray[np.float64]

    @classmethod
    def none(cls, products: int) -> Taste:
        """All persons are alike."""
        one = np.full((products, 1), np.inf)
        return cls(one, one, np.array([CONCENTRATION]))

    @property
    def topics(self) -> int:
        """How many topics, K."""
        return len(self.alpha)

    @cached_property
    def factors(self) -> NDArray[np.float64]:
        """(P, K) how much more each topic buys of each product than the base does."""
        return self.shape / self.rate if self.topics > 1 else np.ones_like(self.shape)

    @cached_property
    def geometric(self) -> NDArray[np.float64]:
        """(P, K) exp(E log factor), by which purchases are shared out among the topics."""
        return np.exp(digamma(self.shape)) / self.rate if self.topics > 1 else np.ones_like(self.shape)

    @property
    def responsibility(self) -> NDArray[np.float64]:
        """(1 + P, K) share of each topic in what new persons buy of each product; first what they are worth themselves.

        Summed over what a person bought, from the first row on, these are its Dirichlet weights after a single pass.
        """
        share = self.geometric * np.exp(digamma(self.alpha))
        return np.vstack([CAUTION * self.alpha, share / share.sum(axis=1, keepdims=True)])

    def draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """(P, K) one draw of the factors."""
        return rng.standard_gamma(self.shape) / self.rate if self.topics > 1 else self.factors

    def posterior(self, journal: Journal) -> NDArray[np.float64]:
        """(C, K) Dirichlet weights of each customer given all its visits."""
        start = _items_of_customers(journal)
        return self._inferred(start[:-1], start[1:], journal.product)

    def foreseen(self, journal: Journal) -> NDArray[np.float64]:
        """(V, K) mean weights of each visit's customer given its earlier visits only."""
        gamma = self._inferred(journal.start[journal.first], journal.start[:-1], journal.product)
        return gamma / gamma.sum(axis=1, keepdims=True)

    def _inferred(self, begin: NDArray[np.int64], end: NDArray[np.int64], product: NDArray) -> NDArray[np.float64]:
        """(B, K) Dirichlet weights of persons who bought the products begin..end - 1 (B,) of all (N,)."""
        alpha, nobody = CAUTION * self.alpha, np.empty((0, self.topics))
        gamma = np.tile(alpha, (begin.size, 1))
        if self.topics > 1:
            for rows in _blocks(begin.size):
                for _ in range(INFERENCE):
                    theta = _geometric(gamma[rows])
                    shared = _shared_out(begin[rows], end[rows], product, theta, self.geometric, nobody)
                    gamma[rows] = alpha + theta * shared
        return gamma


def fit_taste(journal: Journal, shares: Shares, topics: int, rng: np.random.Generator) -> Taste:
    """The topics of a journal.

    Args:
        journal: the visits.
        shares: what is bought at each time.
        topics: how many; 1 is no taste.
        rng: draws the start.
    """
    if topics == 1:
        return Taste.none(journal.products)
    present = np.bincount(journal.customer, minlength=journal.customers) > 0
    # What a customer is expected to buy of a product is the sum of the product's shares at the times of its purchases.
    times = csr_array(
        (journal.size.astype(np.float64), (shares.row_of_day[journal.day], journal.customer)),
        shape=(len(shares.share), journal.customers),
    )
    start = _items_of_customers(journal)
    begin, end = start[:-1], start[1:]
    alpha = np.full(topics, CONCENTRATION / topics)
    shape, rate = rng.gamma(10.0, 0.1, size=(journal.products, topics)), np.ones((journal.products, topics))
    gamma = rng.gamma(10.0, 0.1, size=(journal.customers, topics))
    for _ in range(SWEEPS):
        factor, found = np.exp(digamma(shape)) / rate, np.zeros_like(shape)
        for rows in _blocks(journal.customers):
            theta = _geometric(gamma[rows])
            gamma[rows] = alpha + theta * _shared_out(begin[rows], end[rows], journal.product, theta, factor, found)
        mean = gamma / gamma.sum(axis=1, keepdims=True)
        shape = PRIOR + factor * found
        rate = PRIOR + _weighted(shares.share, times @ mean)
        alpha = CONCENTRATION * mean[present].mean(axis=0)
    return Taste(shape, rate, alpha)


def _weighted(share: NDArray[np.float32], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, K) the sum over R times of the shares (R, P) by the weights (R, K)."""
    return (share.T @ weight.astype(np.float32)).astype(np.float64)


def _geometric(gamma: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(E log theta), beside a factor of the person."""
    return np.exp(digamma(gamma))


def _items_of_customers(journal: Journal) -> NDArray[np.int64]:
    """(C + 1,) where the items of each customer begin."""
    return journal.start[np.searchsorted(journal.customer, np.arange(journal.customers + 1))]


def _blocks(rows: int) -> list[slice]:
    """Rows worked on at once."""
    return [slice(at, min(at + ROWS, rows)) for at in range(0, rows, ROWS)]


@Loop
def _shared_out(begin, end, product, theta, factor, found):  # type: ignore[no-untyped-def]
    """(B, K) what topics get of the purchases begin..end - 1 of persons (B,), over their theta.

    A purchase of p is shared out as theta_k factor_pk. What a topic gets of each product, over its factor, is added to
    `found` (P, K), unless that has no rows.
    """
    own = np.zeros_like(theta)
    for row in range(begin.size):
        for i in range(begin[row], end[row]):
            p = product[i]
            total = 0.0
            for k in range(theta.shape[1]):
                total += theta[row, k] * factor[p, k]
            part = 1.0 / max(total, 1e-300)
            for k in range(theta.shape[1]):
                own[row, k] += part * factor[p, k]
            if found.shape[0] > 0:
                for k in range(theta.shape[1]):
                    found[p, k] += part * theta[row, k]
    return own
