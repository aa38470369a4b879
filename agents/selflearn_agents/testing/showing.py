"""Rules of the slates that an agent shows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_agents.evaluation.faults import repeated_slate
from selflearn_agents.testing.trial import Trial, refusal
from selflearn_env.testing.shops import shop_of_two_products

MANY = 60  # products, beyond which slates of the whole catalogue are not tried


def shows_distinct_products(trial: Trial) -> None:
    """Each slate has n distinct products of the catalogue, at one visit at a time and at many."""
    for batch, visits in trial.visits_of_batch.items():
        slates = trial.serve(trial.make(), visits, batch, seed=1)
        trial.require(
            slates.shape == (visits, trial.slate_size),
            f"shows slates of shape {slates.shape} to {visits} visits; return one row of {trial.slate_size} per visit",
        )
        see_that_products_are_distinct(trial, slates)


def see_that_products_are_distinct(trial: Trial, slates: NDArray[np.int64]) -> None:
    """Checks that slates (B, n) have distinct products of the catalogue."""
    last = trial.shop.products - 1
    wrong = slates[(slates < 0) | (slates > last)]
    trial.require(not wrong.size, f"shows product {wrong[:1]}, but the catalogue has products 0..{last}")
    twice = repeated_slate(slates)
    trial.require(
        twice is None,
        f"shows a product twice in one slate, as in {None if twice is None else twice.tolist()}; a repeat is always "
        f"ignored by the customer, so show {trial.slate_size} distinct products",
    )


def takes_no_visits(trial: Trial) -> None:
    """`act`, `update` and `values` take a batch without visits."""
    agent = trial.make()
    learned = trial.served(agent, 10, 10, seed=8)[1]
    nobody = learned[:0] if isinstance(learned, np.ndarray) else learned.rows(np.zeros(0, dtype=np.int64))
    slates = agent.act(nobody)
    trial.require(
        slates.shape == (0, trial.slate_size), f"shows slates of shape {slates.shape} to no visits, not (0, n)"
    )
    nothing = np.zeros((0, trial.slate_size))
    agent.update(nobody, nothing.astype(np.int64), nothing.astype(np.int8), nothing)
    try:
        values = agent.values(nobody)
    except NotImplementedError:
        return
    trial.require(values.shape == (0, agent.products), f"has values of shape {values.shape} for no visits, not (0, P)")


def serves_any_size(trial: Trial) -> None:
    """Slates may have one product, or all; visits may all be of one state; a shop may sell two products."""
    for slate_size in {1, trial.shop.products} if trial.shop.products <= MANY else {1}:
        other = trial.with_slates_of(slate_size)
        see_that_products_are_distinct(other, other.serve(other.make(), 40, 20, seed=1))
    agent, state = trial.make(), np.repeat(trial.busiest(1), 30)
    for _ in range(3):
        slates = agent.act(state)
        see_that_products_are_distinct(trial, slates)
        agent.update(state, slates, np.zeros(slates.shape, dtype=np.int8), np.full(slates.shape, -2.0))
    for slate_size in (1, 2):
        few = Trial.of(trial.spec, shop_of_two_products(), replace(trial.options, slate_size=slate_size))
        see_that_products_are_distinct(few, few.serve(few.make(), 40, 20, seed=1))


def refuses_states_that_do_not_exist(trial: Trial) -> None:
    """States that do not exist are refused, in words, by `act` and `update`."""
    agent, size, n = trial.make(), trial.shop.states.size, trial.slate_size
    slates, zeros = np.arange(n)[None], np.zeros((1, n))
    mistakes: list[tuple[ArrayLike, str]] = [
        ([0.7], "state indexes are integers, got float64"),
        ([True], "state indexes are integers, got bool"),
        ([-1], f"state -1 does not exist: the {size} states are 0..{size - 1}"),
        ([size], f"state {size} does not exist"),
        (0, "state indexes have the shape (B,), got shape ()"),
    ]
    for states, message in mistakes:
        for what, call in (
            ("act", partial(agent.act, states)),
            ("update", partial(agent.update, states, slates, zeros, zeros)),
        ):
            refused = refusal(call)
            trial.require(
                message in refused,
                f"does not refuse the states {states!r}: `{what}` {refused or 'took them'}; define _{what}, and leave "
                f"{what}, which checks its arguments, to the base class",
            )
