"""BG/NBD: how often customers buy and when they leave for good, where nobody says goodbye.

Fader, Hardie and Lee 2005, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing
Science 24(2). A customer buys at the times of a Poisson process with a rate of its own, gamma distributed over the
customers, and leaves after each purchase with a probability of its own, beta distributed. The package `lifetimes` that
fitted it has been archived, and its successor needs a probabilistic programming language for four numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

LIMITS = (-9.2, 9.2)  # of the logarithms: at about 1e-4 and 1e4 the likelihood of any log is flat


@dataclass(frozen=True)
class BGNBD:
    """The four parameters of the model, the unit of time being that of the data fitted.

    Attributes:
        r: shape of the gamma distribution of the rate.
        alpha: its inverse scale, in units of time; the mean rate is r / alpha.
        a: first parameter of the beta distribution of the probability to leave.
        b: its second; the mean probability is a / (a + b).
    """

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, frequency: NDArray, recency: NDArray, age: NDArray) -> BGNBD:
        """The parameters of greatest likelihood.

        Args:
            frequency: (C,) purchases after the first.
            recency: (C,) time from the first purchase to the last.
            age: (C,) time from the first purchase to the end of the log.

        Raises:
            ValueError: nobody came back, so that there is nothing to fit.
        """
        if not (frequency > 0).any():
            raise ValueError("no customer bought on a second day: there is no life to fit; give a longer log")

        def loss(logs: NDArray) -> float:
            return -float(cls(*np.exp(logs)).log_likelihood(frequency, recency, age).mean())

        start = np.log([1.0, frequency.size * age.mean() / max(frequency.sum(), 1) / frequency.size, 0.5, 5.0])
        found = minimize(loss, start, method="L-BFGS-B", bounds=[LIMITS] * 4)
        return cls(*(float(value) for value in np.exp(found.x)))

    def log_likelihood(self, frequency: NDArray, recency: NDArray, age: NDArray) -> NDArray[np.float64]:
        """(C,) of each customer: equation (6) of the paper; arguments as for `fit`."""
        r, alpha = self.r, self.alpha
        stayed, left = self._alternatives(frequency, recency, age)
        return gammaln(r + frequency) - gammaln(r) + r * np.log(alpha) + np.logaddexp(stayed, left)

    def draw(
        self, frequency: NDArray, recency: NDArray, age: NDArray, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """What one customer each may be like: one draw from what the purchases tell of it; arguments as for `fit`.

        Given whether the customer has left, rate and probability to leave are independent, gamma and beta distributed.

        Returns:
            (C,) rates, (C,) probabilities to leave, and (C,) whether the customer has left after the last purchase.
        """
        stayed, left = self._alternatives(frequency, recency, age)
        gone = np.log(rng.random(frequency.size)) < left - np.logaddexp(stayed, left)
        rate = rng.gamma(self.r + frequency) / (self.alpha + np.where(gone, recency, age))
        leave = rng.beta(self.a + gone, self.b + frequency - gone)
        return rate, leave, gone

    def _alternatives(self, frequency: NDArray, recency: NDArray, age: NDArray) -> tuple[NDArray, NDArray]:
        """Log-likelihoods, without what they share, of having stayed to the end and of having left after the last."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        stayed = betaln(a, b + frequency) - betaln(a, b) - (r + frequency) * np.log(alpha + age)
        repeats = np.maximum(frequency, 1)
        left = betaln(a + 1, b + repeats - 1) - betaln(a, b) - (r + frequency) * np.log(alpha + recency)
        return stayed, np.where(frequency > 0, left, -np.inf)
