"""Best and random slates of catalogues too large to enumerate, against plain recursions over all products."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn_env.core.customers import CascadeCustomers, LogitCustomers, cascade, logit
from selflearn_env.core.customers.random_slates import mean_along_slates
from selflearn_env.core.rewards import Rewards

amounts = st.sampled_from([-2.0, 0.0, 1.0, 5.0]) | st.floats(-10, 10)


def value_of_best(appeal, rewards, leave, n):
    """What the best slate earns above being ignored: the recursion over all products, worst v / b first."""
    products = []
    for buy, respond in appeal.astype(float).tolist():
        value = buy * rewards.buy + (respond - buy) * rewards.click + (1 - respond) * rewards.ignore - rewards.ignore
        index = value / buy if buy else np.copysign(np.inf, value) if value else 0.0
        products.append((index, value, 1 - leave * buy))
    best = [0.0] + [-np.inf] * n
    for _, value, stay in sorted(products):
        best = [0.0] + [max(best[k], value + stay * best[k - 1]) for k in range(1, n + 1)]
    return best[n]


@settings(max_examples=60)
@given(
    number=st.integers(0),
    leave=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    n=st.integers(1, 8),
    rewards=st.builds(Rewards, buy=amounts, click=amounts, ignore=amounts),
)
def test_the_best_slate_of_a_cascade_is_that_of_all_products(number, leave, n, rewards):
    rng = np.random.default_rng(number)
    buy = np.minimum(rng.pareto(rng.choice([0.7, 1.5]), (3, 300)) * 0.01, 1.0)
    click = np.sqrt(buy) * rng.choice([0.0, 0.2, 1.0]) * rng.choice([np.ones_like(buy), rng.random(buy.shape)])
    appeal = np.stack([buy, buy + (1 - buy) * click], axis=-1).astype(np.float32)
    model, states = CascadeCustomers(appeal, n, leave=leave), np.arange(3)
    best = model.optimal_slate(states, rewards)
    amount = [rewards.ignore, rewards.click, rewards.buy]
    earned = (model.response_probability(states, best, None) @ amount).sum(axis=1) - n * rewards.ignore
    expected = [value_of_best(of_state, rewards, float(np.float32(leave)), n) for of_state in appeal]
    np.testing.assert_allclose(earned, expected, rtol=1e-9, atol=1e-9)


def test_few_products_of_a_large_catalogue_are_looked_at():
    """As interest falls in a real shop: with the popularity of the product, clicks by its square root."""
    incidence = (np.random.default_rng(0).pareto(1.2, (2, 20_000)) * 0.0008).clip(max=0.5).astype(np.float32)
    model = CascadeCustomers(CascadeCustomers.appeal_of(incidence, 1.7, 0.5), 10)
    appeal = model.appeal.astype(float)
    value = 7 * appeal[..., 0] + 3 * (appeal[..., 1] - appeal[..., 0])
    assert model._leading(value, appeal[..., 0]).shape[1] < 200


@pytest.mark.parametrize(("products", "slots"), [(500, 10), (501, 1), (333, 40), (64, 64)])
def test_the_mean_along_slates_is_the_recursion_product_by_product(products, slots):
    rng = np.random.default_rng(products)
    stay, earn = rng.random((2, products)), rng.random((3, 2, products))
    means = np.zeros((slots, 4, 2))  # of each k: stays alone, and with each kind of earning
    means[0, 0] = 1.0
    for at in range(products):
        before = means.copy()
        for k in range(slots):
            shorter = before[k - 1] if k else np.zeros((4, 2))
            means[k, 0] = (k * stay[:, at] * shorter[0] + (at + 1 - k) * before[k, 0]) / (at + 1)
            of_last = earn[:, :, at] * before[k, 0]
            means[k, 1:] = (of_last + k * stay[:, at] * shorter[1:] + (at - k) * before[k, 1:]) / (at + 1)
    np.testing.assert_allclose(mean_along_slates(stay, earn, slots), means[:, 1:], rtol=1e-10)


@pytest.mark.parametrize(("kind", "module"), [(CascadeCustomers, cascade), (LogitCustomers, logit)])
def test_what_is_worked_on_at_once_makes_no_difference(kind, module, monkeypatch):
    incidence = np.random.default_rng(1).random((4, 50), dtype=np.float32) * 0.3
    appeal, states = kind.appeal_of(incidence, 1.0, 0.5), np.arange(4)
    expected = kind(appeal, 5).random_response_probability(states)
    monkeypatch.setattr(module, "CELLS", 120)  # two states, or nodes
    np.testing.assert_allclose(kind(appeal, 5).random_response_probability(states), expected, rtol=1e-13)
