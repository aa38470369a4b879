"""What policies earn exactly, and how far a target is from a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from math import perm
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.simulator import Simulator

CELLS = 2**20  # numbers worked on at once
FEW = 10_000  # slates that are enumerated in each state, at most;
DRAWN = 2000  # of more, so many are drawn there
BY_ITSELF = ("independent", "position")  # customers for whom a product earns in its slot whatever the others show


class Truth(NamedTuple):
    """What a policy earns, and how far it is from each logging policy.

    Attributes:
        value: by customers, expected reward of a visit, in reward units.
        error: by customers, the standard error of that; 0 where it is exact.
        support: by logging policy, share of the policy's slates that it may show.
        effective: by logging policy, E[w]^2 / E[w^2] over its slates: the share of its visits that they are worth.
    """

    value: dict[str, float]
    error: dict[str, float]
    support: dict[str, float]
    effective: dict[str, float]


def truth_of(
    policy: Agent, simulators: Mapping[str, Simulator], logging: Mapping[str, Agent], rng: np.random.Generator
) -> Truth:
    """The truth of a policy, by customers and by logging policies.

    Of customers in `BY_ITSELF` it is the sum over slots and products of marginals times what each earns there. Of the
    others, every slate is looked at where a state has no more than `FEW`. Where there are more, `DRAWN` are drawn in
    each state, and the exact expected reward of each is taken (Rao-Blackwell): what customers do by chance adds no
    noise. A sure policy has one slate in each state, and that is exact again.
    """
    share = next(iter(simulators.values())).state_probability
    value, variance = dict.fromkeys(simulators, 0.0), dict.fromkeys(simulators, 0.0)
    support, weight = dict.fromkeys(logging, 0.0), dict.fromkeys(logging, 0.0)
    for name in set(BY_ITSELF) & set(simulators):
        value[name] = by_slots(policy, simulators[name])
    for states, slates, chance in slates_of(policy, rng):
        count = slates.shape[1]
        repeated, flat = np.repeat(states, count), slates.reshape(-1, slates.shape[2])
        for name in set(simulators) - set(BY_ITSELF):
            earned = simulators[name].expected_reward(repeated, flat).reshape(-1, count)
            value[name] += float(share[states] @ (chance * earned).sum(axis=1))
            if count == DRAWN:
                variance[name] += float(share[states] ** 2 @ earned.var(axis=1, ddof=1)) / DRAWN
        own = policy.propensity(repeated, flat).prod(axis=1) if logging else chance
        for name, other in logging.items():
            logged = other.propensity(repeated, flat).prod(axis=1)
            ratio = np.divide(own, logged, out=np.zeros_like(own), where=logged > 0).reshape(-1, count)
            support[name] += float(share[states] @ (chance * (ratio > 0)).sum(axis=1))
            weight[name] += float(share[states] @ (chance * ratio).sum(axis=1))
    effective = {name: support[name] ** 2 / weight[name] if weight[name] else 0.0 for name in logging}
    return Truth(value, {name: each**0.5 for name, each in variance.items()}, support, effective)


def by_slots(policy: Agent, simulator: Simulator) -> float:
    """What a policy earns of customers who judge each product by itself: sums over slots, products and states."""
    slots, products = policy.slate_size, policy.products
    turned = (np.arange(products)[:, None] + np.arange(slots)) % products  # each product once in each slot
    value, size = 0.0, max(1, CELLS // (slots * products))
    for start in range(0, policy.states, size):
        states = np.arange(start, min(start + size, policy.states))
        slates = np.tile(turned, (len(states), 1))
        chosen = simulator.response_probability(np.repeat(states, products), slates)
        earned = (chosen @ simulator.rewards.by_response).reshape(len(states), products, slots)
        marginals = np.ascontiguousarray(policy.marginals(states).transpose(0, 2, 1))  # (b, P, n)
        shown = marginals[:, turned, np.arange(slots)]
        value += float(simulator.state_probability[states] @ (shown * earned).sum(axis=(1, 2)))
    return value


def slates_of(
    policy: Agent, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Blocks of states (b,), slates (b, m, n), and the chance or share of each (b, m), which add up to 1 in each state.

    Draws from the generator where there are more than `FEW`.
    """
    slots, products = policy.slate_size, policy.products
    every = None if policy.sure or perm(products, slots) > FEW else np.array(list(permutations(range(products), slots)))
    count = 1 if policy.sure else DRAWN if every is None else len(every)
    policy.rng = rng
    size = max(1, CELLS // (count * slots))
    for start in range(0, policy.states, size):
        states = np.arange(start, min(start + size, policy.states))
        repeated = np.repeat(states, count)
        if every is None:
            slates = policy.act(repeated)
            chance = np.full((len(states), count), 1 / count)
        else:
            slates = np.tile(every, (len(states), 1))
            chance = policy.propensity(repeated, slates).prod(axis=1).reshape(len(states), count)
        yield states, slates.reshape(len(states), count, slots), chance
