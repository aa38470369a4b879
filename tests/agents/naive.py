"""The seed's loop, written from the article's text: dictionaries, one customer at a time. It ships with the tests only.

Where the text cannot run, it does what the project's description of the seed says: a product both bought and clicked
counts as bought, a state without data gets products of its segment, and recommendation counts persist.
"""

from __future__ import annotations

CLICKS = [0.50, 0.35, 0.10, 0.025, 0.015, 0.0055, 0.002, 0.00125, 0.00124, 0.00001]
PURCHASES = [0.70, 0.15, 0.10, 0.025, 0.015, 0.0055, 0.002, 0.00125, 0.00124, 0.00001]


class NaiveRecommender:
    """Values per state and product, and the choice and update of the article."""

    def __init__(self, values: dict[str, dict[str, float]], segments: dict[str, list[str]], epsilon: float, n: int):
        self.values = values
        self.counts: dict[str, dict[str, int]] = {}
        self.segments = segments
        self.epsilon = epsilon
        self.n = n

    def best_left(self, state: str, slate: list[str]) -> list[str]:
        """The products of the state that share the greatest value of those not in the slate."""
        left = {product: value for product, value in self.values.get(state, {}).items() if product not in slate}
        top = max(left.values(), default=None)
        return [
            product for product, value in left.items() if value > top - 1e-9
        ]  # two ways to sum differ in the last digit

    def recommend(self, state: str, coins: list[float], shares: list[float]) -> list[set[str]]:
        """For each slot the products that the rule allows; several where values tie. Takes the slate from `choose`."""
        pool = self.segments[state.split("_")[0]]
        slate: list[str] = []
        allowed = []
        for coin, share in zip(coins, shares, strict=True):
            best = self.best_left(state, slate)
            if coin < self.epsilon or not best:
                left = [product for product in pool if product not in slate]
                allowed.append({left[int(share * len(left))]})
            else:
                allowed.append(set(best))
            slate.append(self.choose(len(slate), allowed[-1]))
        return allowed

    def choose(self, slot: int, products: set[str]) -> str:
        """Which of several equally good products to show; a test that replays a slate overrides it."""
        return min(products)

    def learn(self, state: str, slate: list[str], rewards: list[float]) -> None:
        """Counts each shown product, and moves its value by (reward - value) / count."""
        counts = self.counts.setdefault(state, {})
        values = self.values.setdefault(state, {})
        for product, reward in zip(slate, rewards, strict=True):
            counts[product] = counts.get(product, 0) + 1
            value = values.get(product, 0.0)
            values[product] = value + (reward - value) / counts[product]


def customer(slate: list[str], rng) -> tuple[list[str], list[str]]:
    """The products that the article's customer clicks (and does not buy), and those that it buys."""
    clicked = rng.sample(slate, rng.choices(range(10), CLICKS)[0])
    bought = rng.sample(slate, rng.choices(range(10), PURCHASES)[0])
    return [product for product in clicked if product not in bought], bought


def rewards_of(slate: list[str], clicked: list[str], bought: list[str], rng) -> list[float]:
    """N(5 | 1 | -2, 1), rounded to 2 decimals, for each product of the slate."""
    means = [5 if product in bought else 1 if product in clicked else -2 for product in slate]
    return [round(rng.gauss(mean, 1), 2) for mean in means]
