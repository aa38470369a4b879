"""Nothing that is returned tells what the customers want before they respond."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from selflearn_env import Shop
from tests.envs.plain_lists import flat


@pytest.fixture(scope="module")
def other_customers(tiny_shop):
    """The tiny shop with customers who want the opposite: the purchases of the products in reverse."""
    customers = tiny_shop.customers
    opposite = replace(
        customers,
        visit_state=tiny_shop.states.size - 1 - customers.visit_state,
        item_product=tiny_shop.products - 1 - customers.item_product,
    )
    return replace(tiny_shop, customers=opposite)


def faces(shop, observation):
    options = {"shop": shop, "slate_size": 3, "visits": "uniform", "observation": observation}
    yield gym.make("selflearn/Retail-v0", **options).unwrapped
    yield gym.make_vec("selflearn/Retail-v0", 16, vectorization_mode="vector_entry_point", **options).unwrapped


@pytest.mark.parametrize("observation", ["tiers", "index", "onehot"])
def test_customers_with_other_wishes_look_the_same(tiny_shop, other_customers, observation):
    for one, other in zip(faces(tiny_shop, observation), faces(other_customers, observation), strict=True):
        slates = np.broadcast_to([0, 6, 7], one.action_space.shape)
        wishes = [env.simulator.expected_reward(np.arange(672), np.tile([0, 6, 7], (672, 1))) for env in (one, other)]
        assert (wishes[0] != wishes[1]).all()
        responses = []
        for episode in range(40):
            seed = None if episode else 6
            assert flat(one.reset(seed=seed)) == flat(other.reset(seed=seed))
            (seen, *_, info), (their_seen, *_, their_info) = one.step(slates), other.step(slates)
            assert flat(seen) == flat(their_seen)
            assert flat(info["state"]) == flat(their_info["state"])
            assert flat(info["duplicates"]) == flat(their_info["duplicates"])
            responses.append(flat([info["response"], their_info["response"]]))
        assert any(ours != theirs for ours, theirs in responses)
        assert (one.observation_space, one.action_space) == (other.observation_space, other.action_space)


def test_a_life_tells_four_numbers_and_the_last_observation(tiny_shop):
    options = {"shop": tiny_shop, "slate_size": 3, "observation": "journey", "journey": {"boredom": 0.1, "horizon": 60}}
    env = gym.make("selflearn/RetailJourney-v0", **options).unwrapped
    envs = gym.make_vec("selflearn/RetailJourney-v0", 4, "vector_entry_point", **options)
    env.reset(seed=1)
    envs.reset(seed=1)
    ended = False
    while not ended:
        *_, terminated, truncated, info = env.step(np.array([0, 1, 2]))
        assert list(info) == ["state", "response", "item_reward", "duplicates"]
        if terminated or truncated:
            env.reset()
        *_, infos = envs.step(np.tile([0, 1, 2], (4, 1)))
        ended = "final_obs" in infos
        final = ["final_obs", "_final_obs"] if ended else []
        assert list(infos) == ["state", "response", "item_reward", "duplicates", *final]


def test_what_an_environment_returns_is_four_numbers_and_no_more(single, vector):
    for env in (single(), vector()):
        slates = np.broadcast_to([0, 1, 2], env.action_space.shape)
        for info in (env.reset(seed=1)[1], env.step(slates)[-1]):
            assert list(info) == ["state", "response", "item_reward", "duplicates"]
            assert {np.asarray(value).dtype.kind for value in info.values()} <= {"i", "f"}


def test_the_history_does_not_depend_on_the_other_customers(tiny_log, tiny_shop):
    """The same log, whose simulated customers bought something else: the history and so its agents see no change."""
    segments = {customer: "ABCD"[customer % 4] for customer in range(100, 140)}
    in_history = history_customers(tiny_log, tiny_shop)
    assert len(in_history) == 20  # half of the customers
    changed = tiny_log.copy()
    theirs = ~changed["customer"].isin(in_history)
    changed.loc[theirs, "product"] = "P" + ((changed.loc[theirs, "product"].str[1:].astype(int) + 3) % 8).astype(str)
    changed["description"] = "product " + changed["product"].str[1:]
    other = Shop.from_transactions(changed, segments=segments)
    assert flat(other.customers.purchases()) != flat(tiny_shop.customers.purchases())
    for name in ("visits", "purchases", "quantity", "seen", "segment_products"):
        np.testing.assert_array_equal(getattr(other.history, name), getattr(tiny_shop.history, name))
    assert other.history.pooling == tiny_shop.history.pooling


def history_customers(log, shop):
    """Which customers form the history: those whose purchases, each invoice alone in its state, are all there."""
    bought = log[log["quantity"] > 0]
    found = []
    for customer, rows in bought.groupby("customer"):
        states = [
            shop.states.parse(f"{'ABCD'[customer % 4]}_{time:%B}_{int(time.day > 15)}_{time:%A}")
            for time in rows["time"]
        ]
        products = rows["product"].str[1:].astype(int)
        if all(shop.history.purchases[state, product] for state, product in zip(states, products, strict=True)):
            found.append(customer)
    return found
