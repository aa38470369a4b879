"""References for our best agent: one that is told how the states pool, and one that also sees all responses."""

from __future__ import annotations

import argparse
from typing import Any

import gymnasium
import numpy as np
from command_line import folder, manifest, place, positive, run, write_text
from numpy.typing import NDArray
from selflearn_agents.evaluation import evaluate
from selflearn_agents.evaluation.exact import share_of_gap
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.hierarchical.agent import HierarchicalAgent

from selflearn_env import Shop
from selflearn_env.core.pooling import groups_of
from selflearn_env.core.simulator import Simulator
from selflearn_env.datasets import retail_shop

ENV = "selflearn/Retail-v0"
WATCHED = 200  # products per block that are followed where all responses are seen: those that the history likes best
TIMES = 40  # that the learner who sees all responses learns from them
ROUNDS = 3  # of linearisation each time
LAST = 1 / 8  # the share of the visits that is called last


class Informed(HierarchicalAgent):
    """Our best agent, told the levels and weights from which the simulated customers were drawn, not the draw."""

    privileged = True

    def __init__(self, shop: Shop, contrast: float, slate_size: int, rng: np.random.Generator):
        """Replaces the levels by those of the simulated customers."""
        super().__init__(shop.history, slate_size, rng)
        path = [level for level in shop.customers.pooling.levels if len(level.tiers) > 1]
        groups = [groups_of(level.tiers, shop.states.shape)[0][self._members[0]] for level in path]
        self._together = np.array([group[:, None] == group for group in groups], dtype=np.float32)
        self._variance = np.array([contrast / level.weight for level in path])
        self._widen()

    def _fit(self) -> None:
        """Nothing is left to fit."""

    def watch(self, visits: NDArray[np.int64], responses: NDArray[np.int64]) -> NDArray[np.int64]:
        """(S, n) the slates of greatest mean, when the responses to all products have been seen.

        Args:
            visits: (S,) of each state.
            responses: (S, P, 2) clicks and purchases of each product.
        """
        if not len(self._whose):
            for block, states in enumerate(self._members):
                self._begin(block, np.argsort(-self._known[states].max(axis=0))[:WATCHED])
        cells = self._members[self._whose[:, 0]], self._whose[:, 1, None]
        clicked, bought = np.moveaxis(responses[:, self._order][cells], 2, 0)
        came = visits[cells[0]]
        for _ in range(ROUNDS if came.any() else 0):
            u = self._mean[cells].astype(np.float64)
            buy = np.exp(u) * (bought.sum() / (came * np.exp(u)).sum())
            click = np.exp(u / 2) * (clicked.sum() / ((came - bought) * np.exp(u / 2)).sum())
            buy, click = np.minimum(buy, 0.95), np.minimum(click, 0.95)
            score = (bought - came * buy) / (1 - buy) + 0.5 * (clicked - (came - bought) * click) / (1 - click)
            information = came * (buy / (1 - buy) + 0.25 * (1 - buy) * click / (1 - click))
            rows = slice(len(self._whose))  # behind them is room for more
            self._information[rows], self._told[rows] = information, information * u + score
            self._work_out()
        return self._order[np.argsort(-self._mean, axis=1)[:, : self.slate_size]]


def full_information(agent: Informed, simulator: Simulator, customers: int, seed: int) -> NDArray[np.float64]:
    """(TIMES,) share of the gap if each visit told the response to every product, so that nothing need be explored.

    Near what could be reached with this prior, no strict bound: it learns at TIMES moments, of the WATCHED products.
    """
    rng = np.random.default_rng(seed)
    states, products = np.arange(simulator.states.size), np.arange(simulator.products)
    chance = np.stack(
        [
            simulator.customers.response_probability(np.full(len(products), s), products[:, None], None)[:, 0]
            for s in states
        ]
    )
    random = simulator.state_probability @ simulator.random_reward(states)
    best = simulator.state_probability @ simulator.expected_reward(states, simulator.optimal_slate(states))
    visits, responses = np.zeros(len(states), int), np.zeros((len(states), len(products), 2), int)
    gaps = np.empty(TIMES)
    for time in range(TIMES):
        slates = agent.watch(visits, responses)
        earned = simulator.state_probability @ simulator.expected_reward(states, slates)
        gaps[time] = share_of_gap(earned, random, best)
        new = rng.multinomial(customers // TIMES, simulator.state_probability)
        responses += rng.multinomial(new[:, None], chance)[..., 1:]
        visits += new
    return gaps


def main() -> None:
    """Reads the arguments, lets the three learners serve, writes a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--customers", type=positive, default=100_000, help="visits to serve, per run")
    parser.add_argument("--seeds", type=positive, default=2, help="runs of each kind, with the seeds 0, 1, ...")
    parser.add_argument("--contrast", type=float, nargs="+", default=[1.0, 3.0], help="of the environments")
    parser.add_argument("--slate-size", type=positive, default=10, help="products per slate")
    parser.add_argument("--shop", type=place, help="a shop from build_shop.py; by default the embedded log's")
    parser.add_argument("--out", type=place, required=True, help="folder to write to")
    options = parser.parse_args()

    out = folder(options.out)
    shop = Shop.load(options.shop) if options.shop else retail_shop()
    rows, size = [], options.slate_size
    for contrast in options.contrast:
        world: dict[str, Any] = {"shop": shop, "contrast": contrast, "slate_size": size}
        simulator: Simulator = gymnasium.make(ENV, **world).unwrapped.simulator  # type: ignore[attr-defined]
        curves: dict[str, list[NDArray]] = {}
        for seed in range(options.seeds):
            rng = np.random.default_rng
            learners = {
                "hierarchical": HierarchicalAgent(shop.history, size, rng(seed)),
                "told how the states pool": Informed(shop, contrast, size, rng(seed)),
            }
            for name, agent in learners.items():
                result = evaluate(agent, ENV, options.customers, seed=seed, **world)
                curves.setdefault(name, []).append(result.gap)
            all_seen = full_information(Informed(shop, contrast, size, rng(seed)), simulator, options.customers, seed)
            curves.setdefault("told, and sees all responses", []).append(all_seen)
        for name, some in curves.items():
            mean = np.mean(some, axis=0)
            last = mean[-round(LAST * len(mean)) :].mean()
            rows.append([name, number(contrast, 1), number(mean.mean(), 3), number(last, 3)])
    text = table(["learner", "contrast", "gap", "gap of the last eighth"], rows)
    write_text(out / "bound.md", text)
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest))
    print(f"\nshare of the way from random to optimal, {options.customers:,} customers\n\n{text}")
    for name in ("bound.md", "manifest.json"):
        print(out / name)


if __name__ == "__main__":
    run(main)
