"""Rules of eligible products. They hold for agents whose `_act` uses `eligible`; others refuse such masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.testing.probabilities import (
    every_slate,
    knows_marginals,
    knows_probabilities,
    see_that_first_slots_are_as_likely,
    see_that_slates_are_as_frequent,
)
from selflearn_agents.testing.repeating import saved_and_loaded
from selflearn_agents.testing.showing import see_that_products_are_distinct
from selflearn_agents.testing.trial import Trial, refusal

DRAWS = 3_000  # of each of two kinds of visits
FEW = 12  # products, up to which all slates are gone through


def takes_masks(trial: Trial) -> bool:
    """Whether the agent takes masks; if not, `act` refuses them. Oracles are passed over: they may take some only."""
    if trial.spec.agent_class.privileged:
        return False
    try:
        trial.make().act(trial.busiest(1), np.ones(trial.shop.products, dtype=bool))
    except NotImplementedError:
        return False
    return True


def masks(trial: Trial, batch: int) -> NDArray[np.bool_]:
    """(B, P) bool, random masks: half of the products are eligible, and enough for a slate in each row."""
    draws = np.random.default_rng(9).random((batch, trial.shop.products))
    return draws <= np.maximum(0.5, np.sort(draws, axis=1)[:, [trial.slate_size - 1]])


def shows_only_what_is_eligible(trial: Trial) -> None:
    """Where a mask says what may be shown, nothing else is; a mask that leaves too few is refused."""
    if not takes_masks(trial):
        return
    agent, states, products = trial.taught(), trial.few_states(), trial.shop.products
    eligible = masks(trial, len(states))
    advice = (
        "shows what is not eligible; `_act` is given (B, P) bool, and may show only products that are True in the row"
    )
    for _ in range(2):
        slates = agent.act(states, eligible)
        see_that_products_are_distinct(trial, slates)
        trial.require(np.take_along_axis(eligible, slates, axis=1).all(), advice)
    trial.require(eligible[0][agent.act(states, eligible[0])].all(), advice)
    trial.require(
        agent.act(states[:0], eligible[:0]).shape == (0, trial.slate_size),
        "does not return an empty (0, n) array for no visits under a mask",
    )
    if trial.slate_size < 2:
        return
    refused = refusal(lambda: agent.act([0], np.arange(products) < trial.slate_size - 1))
    few = trial.slate_size - 1
    trial.require(
        f"only {few} products are eligible, but a slate shows {trial.slate_size}" in refused,
        f"does not refuse a mask with {few} products for a slate of {trial.slate_size}: `act` {refused or 'took it'}; "
        f"define _act, and leave act, which checks its arguments, to the base class",
    )


def changes_nothing_where_all_is_eligible(trial: Trial) -> None:
    """A mask that allows everything changes nothing."""
    if not takes_masks(trial):
        return
    agent, expected, states = trial.taught(), trial.taught(), trial.few_states()
    products = trial.shop.products
    for eligible in (np.ones((len(states), products), dtype=bool), np.ones(products, dtype=bool)):
        slates = agent.act(states, eligible)
        trial.require(
            np.array_equal(slates, expected.act(states)),
            "shows other slates with a mask that allows every product than without a mask; draw as many random numbers "
            "in both cases",
        )
        if knows_probabilities(trial):
            trial.require(
                np.array_equal(agent.propensity(states, slates, eligible), expected.propensity(states, slates)),
                "has other propensities where a mask allows every product than without a mask",
            )


def propensities_know_what_is_eligible(trial: Trial) -> None:
    """Propensities given a mask are those of the slates shown under it, and 0 for what it forbids."""
    if not (takes_masks(trial) and knows_probabilities(trial)):
        return
    agent, products, n = trial.taught(), trial.shop.products, trial.slate_size
    if products <= FEW:
        for slots in range(1, n + 1):
            _see_that_all_slates_add_up(trial, slots)
    see_that_first_slots_are_as_likely(trial, masks(trial, len(trial.few_states())))
    if products < n + 2:
        return
    # Two kinds of visits that take turns; half of what may be shown to the one may be shown to the other.
    kinds = np.arange(products) < np.array([[n], [products - 2]])
    shown = agent.act(np.full(2 * DRAWS, trial.busiest(1)[0]), np.tile(kinds, (DRAWS, 1)))
    for eligible, some in zip(kinds, (shown[::2], shown[1::2]), strict=True):
        see_that_slates_are_as_frequent(trial, agent, some, eligible)


def chooses_the_same_when_loaded(trial: Trial) -> None:
    """A loaded agent shows the same under a mask, with the same propensities."""
    if trial.spec.agent_class.unsaved is not None or not takes_masks(trial):
        return
    agent, states = trial.taught(), trial.few_states()
    eligible = masks(trial, len(states))
    loaded = saved_and_loaded(agent)
    slates = agent.act(states, eligible)
    alike = np.array_equal(loaded.act(states, eligible), slates)
    if knows_probabilities(trial):
        one, other = (each.propensity(states, slates, eligible) for each in (agent, loaded))
        alike = alike and np.array_equal(one, other)
    trial.require(
        alike, "shows something else under a mask once it is saved and loaded; keep in attributes all that `_act` needs"
    )


def _see_that_all_slates_add_up(trial: Trial, slots: int) -> None:
    agent, states, slates = trial.taught(), trial.few_states(6), every_slate(trial.shop.products, slots)
    for state, eligible in zip(states, masks(trial, 6), strict=True):
        rows = np.full(len(slates), state)
        chances, whole = agent.propensity(rows, slates, eligible), agent.propensity(rows, slates)
        trial.require(
            chances.shape == slates.shape,
            f"has propensities of shape {chances.shape} for slates {slates.shape}; return one for each slot",
        )
        for what, total in (("under a mask", chances.prod(axis=1).sum()), ("", whole.prod(axis=1).sum())):
            trial.require(np.isclose(total, 1.0), f"has propensities that make all slates {total:.6g} likely {what}")
        trial.require((chances[~eligible[slates]] == 0.0).all(), "has a propensity above 0 for what is not eligible")
        if slots == 1 and knows_marginals(trial):
            trial.require(
                np.allclose(agent.marginals([state], eligible)[0, 0], chances[:, 0], rtol=1e-6),
                "has marginals of the first slot that are not its propensities under a mask",
            )
