"""Rules of what an agent learns, and of its values."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.testing.showing import see_that_products_are_distinct
from selflearn_agents.testing.trial import Trial, refusal

LARGE = 1e9  # reward units, far beyond what a shop earns in a visit


def values_are_by_visit(trial: Trial) -> None:
    """`values` has one row per visit and one column per product, without NaN, and equal rows for equal visits."""
    agent = trial.make()
    learned = trial.served(agent, 300, 10, seed=6)[1]
    which = np.array([3, 0, 3])
    values = values_of(agent, learned[which] if isinstance(learned, np.ndarray) else learned.rows(which))
    if values is None:
        return
    see_that_values_are_numbers(trial, values, 3)
    trial.require(
        np.array_equal(values[0], values[2]),
        "has other values for the same visit; `values` must not depend on random draws",
    )


def values_of(agent: Agent, visits: ArrayLike) -> NDArray[np.float64] | None:
    """The values, or None where the agent says why it has none."""
    try:
        return agent.values(visits)
    except NotImplementedError:
        return None


def see_that_values_are_numbers(trial: Trial, values: NDArray[np.float64], visits: int) -> None:
    """Checks that values are (visits, P) numbers, or -inf."""
    shape = (visits, trial.shop.products)
    is_array = isinstance(values, np.ndarray) and values.dtype.kind in "fiu"
    trial.require(
        is_array and values.shape == shape,
        f"has values of {values.dtype if isinstance(values, np.ndarray) else type(values).__name__} and shape "
        f"{np.shape(values)}; return an array of floats of shape {shape}, one row per visit, one column per product",
    )
    trial.require(
        not (np.isnan(values).any() or np.isposinf(values).any()),
        "has values that are NaN or infinite; -inf alone may stand for 'no estimate'",
    )


def learns_nothing_from_what_cannot_be(trial: Trial) -> None:
    """Feedback with a wrong shape, an unknown product, or a reward that is no number is refused as a whole."""
    n, products = trial.slate_size, trial.shop.products
    good, none = np.arange(n), f"is product {products}, but the catalogue has products 0..{products - 1}"
    mistakes: list[tuple[NDArray, NDArray, str]] = [
        (np.append(good[:-1], products), np.zeros(n), none),
        (np.append(good[:-1], -1), np.zeros(n), "is product -1, but the catalogue"),
        (np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1), "expected product indexes of shape"),
        (good + 0.5, np.zeros(n), "expected product indexes of shape"),
        (good, np.zeros(n + 1), "have the shape of the slates"),
        (good, np.append(np.zeros(n - 1), np.nan), "item_rewards must be finite numbers"),
        (good, np.append(np.zeros(n - 1), np.inf), "item_rewards must be finite numbers"),
        (good, np.append(np.zeros(n - 1), 1e300), "item_rewards must be finite numbers"),
    ]  # fmt: skip
    agent, untouched = trial.make(), trial.make()
    for slate, rewards, message in mistakes:
        responses = np.zeros((1, n), dtype=np.int8)
        refused = refusal(partial(agent.update, [3], slate[None], responses, rewards[None]))
        trial.require(
            message in refused,
            f"does not refuse the slate {slate.tolist()} with rewards {rewards.tolist()}: `update` "
            f"{refused or 'took them'}; define _update, and leave update, which checks arguments, to the base class",
        )
    states = np.arange(min(50, trial.shop.states.size))
    trial.require(
        np.array_equal(agent.act(states), untouched.act(states)),
        "learns from feedback that it refuses; check all of it before learning from any",
    )


def learns_from_slates_cut_short(trial: Trial) -> None:
    """Slates may be cut short, with only their first slots shown; the agent learns from those."""
    agent = trial.make()
    for slots in range(1, trial.slate_size + 1):
        states = trial.few_states(20)
        slates = agent.act(states)[:, :slots]
        agent.update(states, slates, np.ones(slates.shape, dtype=np.int8), np.ones(slates.shape))
    see_that_products_are_distinct(trial, agent.act(trial.few_states()))


def counts_a_repeat_where_it_stands_first(trial: Trial) -> None:
    """A product that a slate shows twice: bought in its first slot it is worth more than never bought."""
    bought, ignored = trial.make(), trial.make()
    slate, state = [[2 % trial.shop.products] * 2 + [1] * (trial.slate_size - 2)], trial.busiest(1)
    if trial.slate_size < 2 or values_of(bought, state) is None or type(bought)._update is Agent._update:
        return
    nothing = np.zeros((1, trial.slate_size))
    first = nothing.copy()
    first[0, 0] = 1.0
    for _ in range(30):
        bought.update(state, slate, (2 * first).astype(np.int8), 7.0 * first - 2.0)
        ignored.update(state, slate, nothing.astype(np.int8), nothing - 2.0)
    product = slate[0][0]
    trial.require(
        bought.values(state)[0, product] > ignored.values(state)[0, product],
        "forgets a purchase where the slate shows the product a second time; add up over the slots (np.add.at), since "
        "of table[states, slates] = ... only the last one stays",
    )


def bears_extreme_rewards(trial: Trial) -> None:
    """Rewards that are tiny, equal, or a thousand million are learned from without NaN, overflow or a broken slate."""
    for rewards in ((0.0, 0.0, 0.0), (-1e-300, 0.0, 1e-300), (-LARGE, 0.0, LARGE), (LARGE, LARGE, LARGE)):
        agent, rng = trial.make(), np.random.default_rng(7)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(8):
                states = rng.choice(trial.busiest(4), size=10)
                slates = agent.act(states)
                see_that_products_are_distinct(trial, slates)
                responses = rng.integers(3, size=slates.shape).astype(np.int8)
                agent.update(states, slates, responses, np.array(rewards)[responses])
        values = values_of(agent, trial.busiest(4))
        if values is not None:
            see_that_values_are_numbers(trial, values, 4)
