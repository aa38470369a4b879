"""Tastes: topics of products, and how each person weighs them.

Poisson factorisation with the season as offset: at time r a person buys product p in proportion to q_rp (g_p . theta),
with topic factors g around 1, Gamma(prior, prior), and weights theta ~ Dirichlet(alpha) as in latent Dirichlet
allocation (Gopalan, Hofman and Blei, Scalable recommendation with hierarchical Poisson factorization, UAI 2015;
Jacobs, Donkers and Fok, Marketing Science 35, 2016). Fitted by mean-field variational EM: a purchase belongs to topic
k with responsibility proportional to exp(E log g_pk + E log theta_k). All purchases count, those that follow the record
(see `repeat`) too: without them, popular products, which are bought again more than others, come out too rare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import digamma

from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import Shares

PRIOR = 0.5  # purchases that a factor of 1 is worth
CONCENTRATION = 4.0  # sum of the Dirichlet weights of a new person
CAUTION = 2.0  # the prior counts so often when a person's weights are inferred: purchases of a basket go together
SWEEPS = 40  # of the fit
INFERENCE = 8  # of a person's weights, when the topics are known
ENTRIES = 2**18  # pairs of customer and product worked on at once


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
        found = np.empty((journal.customers, self.topics))
        for customers, counts in _by_customer(journal):
            found[customers] = self._inferred(counts)
        return found

    def foreseen(self, journal: Journal) -> NDArray[np.float64]:
        """(V, K) mean weights of each visit's customer given its earlier visits only."""
        found = np.empty((journal.customer.size, self.topics))
        for visits, start, events in journal.records():
            shape = (visits.size, journal.products)
            gamma = self._inferred(csr_array((np.ones(events.size), journal.product[events], start), shape=shape))
            found[visits] = gamma / gamma.sum(axis=1, keepdims=True)
        return found

    def _inferred(self, counts: csr_array) -> NDArray[np.float64]:
        """(B, K) Dirichlet weights of persons who bought this (B, P)."""
        alpha = CAUTION * self.alpha
        gamma = np.tile(alpha, (counts.shape[0], 1))
        if self.topics > 1:
            for _ in range(INFERENCE):
                theta = _geometric(gamma)
                gamma = alpha + theta * (_shared_out(counts, theta, self.geometric) @ self.geometric)
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
    alpha = np.full(topics, CONCENTRATION / topics)
    shape, rate = rng.gamma(10.0, 0.1, size=(journal.products, topics)), np.ones((journal.products, topics))
    gamma = rng.gamma(10.0, 0.1, size=(journal.customers, topics))
    for _ in range(SWEEPS):
        factor, found = np.exp(digamma(shape)) / rate, np.zeros_like(shape)
        for customers, counts in _by_customer(journal):
            theta = _geometric(gamma[customers])
            shared = _shared_out(counts, theta, factor)
            found += shared.T @ theta
            gamma[customers] = alpha + theta * (shared @ factor)
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


def _by_customer(journal: Journal) -> Iterator[tuple[slice, csr_array]]:
    """What customers bought (B, P), some customers at a time."""
    start = journal.start[np.searchsorted(journal.customer, np.arange(journal.customers + 1))]
    at = 0
    while at < journal.customers:
        until = max(at + 1, int(np.searchsorted(start, start[at] + ENTRIES, side="right")) - 1)
        items, shape = slice(start[at], start[until]), (until - at, journal.products)
        parts = np.ones(items.stop - items.start), journal.product[items], start[at : until + 1] - start[at]
        yield slice(at, until), csr_array(parts, shape=shape)
        at = until


def _shared_out(counts: csr_array, theta: NDArray[np.float64], factor: NDArray[np.float64]) -> csr_array:
    """The counts divided by theta . factor, so that times theta_k and factor_k they are what topic k gets."""
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    data = np.empty(counts.nnz)
    for at in range(0, counts.nnz, ENTRIES):
        some = slice(at, at + ENTRIES)
        data[some] = np.einsum("nk,nk->n", theta[row[some]], factor[counts.indices[some]])
    return csr_array(
        (counts.data / np.maximum(data, np.finfo(float).tiny), counts.indices, counts.indptr), counts.shape
    )
