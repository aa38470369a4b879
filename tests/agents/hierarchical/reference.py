"""The hierarchical agent from its text: all responses kept as normal observations, dense regression on each of them."""

from dataclasses import replace
from itertools import combinations
from math import exp, log, sqrt

import numpy as np

from selflearn_env.core.pooling import Level, Pooling

N, P = 3, 8
LEVELS = ((), 2.0), ((1,), 3.0), ((1, 3), 30.0), ((1, 3, 0), 60.0), ((1, 3, 0, 2), 20.0)
INSIDE = {
    **{(tier,): 90.0 for tier in (0, 2, 3)},
    **dict.fromkeys(combinations((0, 2, 3), 2), 180.0),
    (0, 2, 3): 20.0,
}  # the weight of each level inside a month


def pooled(history):
    """A history, with a pooling that tests can count on."""
    return replace(history, pooling=Pooling(tuple(Level(tiers, weight, 0.0) for tiers, weight in LEVELS)))


class Reference:
    """The rule, with all responses of a product in a block kept as normal observations of its log-appeal."""

    def __init__(self, history, optimism):
        self.optimism = optimism
        self.labels, self.prior_mean = history.states.table.tolist(), np.log(history.incidence())
        self.variance = {tiers: 1 / weight for tiers, weight in INSIDE.items()}
        self.bought = {month: [0] * P for month in range(12)}
        for label, purchases in zip(self.labels, history.purchases.tolist(), strict=True):
            for product in range(P):
                self.bought[label[1]][product] += purchases[product]
        self.observed = {}
        self.visit_count = [0] * len(self.labels)
        self.scale = {"buy": [1.0, 1.0], "click": [1.0, 1.0]}
        self.slot = [[100.0, 100.0] for _ in range(N)]

    def shared(self, tiers, s, t):
        return all(self.labels[s][tier] == self.labels[t][tier] for tier in (1, *tiers))

    def covariance(self, product, s, t):
        if not self.shared((), s, t):
            return 0.0
        bought, w = self.bought[self.labels[s][1]][product], 3.0
        common = 1 / (w + bought) + bought / (w + bought) ** 2 + bought**2 / (w + bought) ** 3
        return common + sum(v for tiers, v in self.variance.items() if self.shared(tiers, s, t))

    def belief(self, state, product):
        """Mean and variance of the log-appeal: regression on the observations of the block."""
        observed = self.observed.get((self.labels[state][1], product), [])
        mean, variance = self.prior_mean[state, product], self.covariance(product, state, state)
        if observed:
            seen = [s for s, _, _ in observed]
            noisy = self.noisy(product, observed)
            with_it = np.array([self.covariance(product, state, s) for s in seen])
            weight = np.linalg.solve(noisy, with_it)
            mean += weight @ [z - self.prior_mean[s, product] for s, z, _ in observed]
            variance -= weight @ with_it
        return mean, variance

    def noisy(self, product, observed):
        states = [s for s, _, _ in observed]
        cells = [[self.covariance(product, s, t) for t in states] for s in states]
        return np.array(cells) + np.diag([1 / information for _, _, information in observed])

    def score(self, state, product):
        mean, variance = self.belief(state, product)
        return mean + self.optimism * sqrt(log(2 + self.visit_count[state])) * sqrt(variance)

    def learn(self, states, slates, responses):
        """All visits as they look before any of them is learned."""
        x, y = (seen / due for seen, due in self.scale.values())
        expected = []
        for state, slate, response in zip(states, slates, responses, strict=True):
            for slot, product in enumerate(slate):
                u, look = self.belief(state, product)[0], self.slot[slot][0] / self.slot[slot][1]
                b = min(0.95, x * exp(u) * look)
                q = min(0.95, y * exp(u / 2) * look)
                slope = {0: -b / (1 - b) - q / (1 - q) / 2, 1: -b / (1 - b) + 0.5, 2: 1.0}[response[slot]]
                information = b / (1 - b) + (1 - b) * q / (4 * (1 - q))
                observation = state, u + slope / information, information
                expected.append((slot, product, response[slot], b, (1 - b) * q, look, observation))
        for slot, product, answer, b, clicks, look, observation in expected:
            self.observed.setdefault((self.labels[observation[0]][1], product), []).append(observation)
            self.slot[slot][0] += {0: 0.0, 1: 0.5, 2: 1.0}[answer]
            self.slot[slot][1] += (b + 0.5 * clicks) / look
        for kind, mark, scale, at in (("buy", 2, x, 3), ("click", 1, y, 4)):
            self.scale[kind][0] += sum(row[2] == mark for row in expected)
            self.scale[kind][1] += sum(row[at] for row in expected) / scale
        for state in states:
            self.visit_count[state] += 1

    def fit(self, shown):
        """Three steps, each v_l times the root of (20 / 3 + a' K_l a) / (20 / 3 + trace of V^-1 K_l).

        With a = V^-1 (z - prior_mean), over every third of the products shown, given with their months in the order in
        which they were first shown.
        """
        for step in range(3):
            found, due = dict.fromkeys(self.variance, 20 / 3), dict.fromkeys(self.variance, 20 / 3)
            for month, product in shown[step::3]:
                observed = self.observed[month, product]
                inverse = np.linalg.inv(self.noisy(product, observed))
                pull = inverse @ [z - self.prior_mean[s, product] for s, z, _ in observed]
                for tiers, v in self.variance.items():
                    level = v * np.array([[self.shared(tiers, s, t) for t, _, _ in observed] for s, _, _ in observed])
                    found[tiers] += pull @ level @ pull
                    due[tiers] += np.trace(inverse @ level)
            for tiers in self.variance:
                self.variance[tiers] *= sqrt(found[tiers] / due[tiers])
