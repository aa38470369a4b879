"""Rules of what an agent says of the probabilities of its slates."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.testing.trial import Trial

DRAWS = 20_000
MOST = 5.0  # standard errors: by chance, one of a few hundred slates is so far off in one of thousands of checks


def knows_probabilities(trial: Trial) -> bool:
    """Whether the agent says how probable its slates are."""
    kind = trial.spec.agent_class
    return kind.sure or kind._propensity is not Agent._propensity


def knows_marginals(trial: Trial) -> bool:
    """Whether the agent says how often each slot shows each product."""
    kind = trial.spec.agent_class
    return kind.sure or kind._marginals is not Agent._marginals


def is_sure_where_it_says_so(trial: Trial) -> None:
    """An agent with `sure = True` draws nothing when it chooses."""
    agent = trial.make()
    learned = trial.served(agent, 100, 10, seed=5)[1]
    before = repr(agent.rng.bit_generator.state)
    agent.act(learned)
    trial.require(
        repr(agent.rng.bit_generator.state) == before or not trial.spec.agent_class.sure,
        "says sure = True, but draws from self.rng when it chooses; remove `sure`, and define _propensity if its "
        "probabilities are known",
    )


def propensities_add_up(trial: Trial) -> None:
    """The propensities of a slot add up to 1 over the catalogue, and those of the first are its marginals.

    An agent that does not know them says so, by a NotImplementedError with the reason.
    """
    agent, n = trial.make(), trial.slate_size
    visits = 500
    if not knows_probabilities(trial):
        reason = ""
        try:
            agent.propensity([0], [list(range(n))])
        except NotImplementedError as error:
            reason = str(error)
        kind = trial.spec.agent_class.__name__
        trial.require(
            f"{kind} does not know the probabilities" in reason,
            "does not know its propensities, but does not say so; do not define `propensity`, the base class says it",
        )
        return
    learned: Any = trial.served(agent, visits, 10, seed=5)[1]
    if not trial.knows_persons:
        learned = np.arange(0, trial.shop.states.size, 37)
    slates = agent.act(learned)
    chances = np.stack([_of_slot(agent, learned, slates, slot) for slot in range(n)])
    trial.require(
        (chances >= 0).all() and (chances <= 1 + 1e-9).all(), "has propensities that are no probabilities, 0..1"
    )
    for slot, total in enumerate(chances.sum(axis=2)):
        trial.require(
            np.allclose(total, 1.0),
            f"has propensities of slot {slot} that add up to {total[np.abs(total - 1).argmax()]:.6g} over all "
            f"products, not 1; they are the probability of each product given those in the slots above it",
        )
    if knows_marginals(trial):
        trial.require(
            np.allclose(agent.marginals(learned)[:, 0], chances[0], rtol=1e-6),
            "has marginals of the first slot that are not its propensities; nothing stands above it",
        )


def _of_slot(agent: Agent, visits: Any, slates: NDArray[np.int64], slot: int) -> NDArray[np.float64]:
    """(B, P) the propensities of each product in a slot, below what the slates (B, n) show above it."""
    chances = np.empty((len(slates), agent.products))
    for product in range(agent.products):
        changed = slates.copy()
        changed[:, slot] = product
        chances[:, product] = agent.propensity(visits, changed)[:, slot]
    return chances


def propensities_are_frequencies(trial: Trial) -> None:
    """Whole slates are as frequent as the product of their propensities says."""
    if not knows_probabilities(trial):
        return
    agent = trial.make()
    trial.served(agent, 500, 10, seed=6)
    see_that_slates_are_as_frequent(trial, agent, agent.act(np.full(DRAWS, trial.busiest(1)[0])), None)


def see_that_slates_are_as_frequent(
    trial: Trial, agent: Agent, shown: NDArray[np.int64], eligible: NDArray[np.bool_] | None
) -> None:
    """Checks that slates shown in the busiest state, to visits alike, are as frequent as they should be."""
    draws, state = len(shown), trial.busiest(1)[0]
    slates, counts = np.unique(shown, axis=0, return_counts=True)
    probability = agent.propensity(np.full(len(slates), state), slates, eligible).prod(axis=1)
    excess = np.abs(counts - draws * probability) - MOST * np.sqrt(draws * probability * (1 - probability)) - 1
    worst = int(np.where(probability > 0, excess, np.inf).argmax())
    trial.require(
        (probability > 0).all() and (excess <= 0).all(),
        f"showed the slate {slates[worst].tolist()} {counts[worst]} times in {draws}, but its propensities make it "
        f"{draws * probability[worst]:.1f} times; its _propensity must say how often its _act "
        f"shows each product below those above it",
    )
    trial.require(
        probability.sum() <= 1 + 1e-9, f"has propensities that make all slates {probability.sum():.6g} likely, not 1"
    )


def first_slots_are_as_likely_as_in_the_slate(trial: Trial) -> None:
    """The propensities of the first slots are the same whether the slots below are given or not."""
    if not knows_probabilities(trial):
        return
    see_that_first_slots_are_as_likely(trial, None)


def see_that_first_slots_are_as_likely(trial: Trial, eligible: NDArray[np.bool_] | None) -> None:
    """Checks that slates cut short have the propensities of whole ones; `eligible` is (B, P), for `few_states`."""
    agent, states = trial.taught(), trial.few_states()
    slates = trial.taught().act(states, eligible)
    slates[::3] = slates[::3, ::-1]
    whole = agent.propensity(states, slates, eligible)
    for slots in range(1, trial.slate_size):
        trial.require(
            np.allclose(agent.propensity(states, slates[:, :slots], eligible), whole[:, :slots], rtol=1e-6),
            f"has other propensities of the first {slots} slots where the slates are cut short there; they depend on "
            f"the slots above only",
        )


def every_slate(products: int, slots: int) -> NDArray[np.int64]:
    """All slates of so many slots."""
    return np.array(list(permutations(range(products), slots)))
