"""Rewards follow from responses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from selflearn_env.core.rewards import BOUGHT, CLICKED, IGNORED, Rewards

AMOUNT = st.floats(-1e6, 1e6)
RESPONSES = hnp.arrays(np.int8, st.tuples(st.integers(0, 5), st.integers(1, 6)), elements=st.integers(0, 2))


def test_the_seeds_rewards():
    assert (Rewards().buy, Rewards().click, Rewards().ignore, Rewards().noise) == (5.0, 1.0, -2.0, 0.0)
    assert (IGNORED, CLICKED, BOUGHT) == (0, 1, 2)


@given(AMOUNT, AMOUNT, AMOUNT, RESPONSES)
def test_each_response_earns_its_reward(buy, click, ignore, response):
    amount = {IGNORED: ignore, CLICKED: click, BOUGHT: buy}
    earned = Rewards(buy, click, ignore).earned(response, None)
    assert earned.shape == response.shape
    assert earned.tolist() == [[amount[one] for one in row] for row in response.tolist()]


@given(RESPONSES, st.floats(0.01, 100.0), st.integers(0, 100))
def test_noise_is_scaled_added_and_rounded(response, noise, number):
    draws = np.random.default_rng(number).standard_normal(response.shape)
    plain, noisy = Rewards().earned(response, None), Rewards(noise=noise).earned(response, draws)
    np.testing.assert_allclose(noisy, plain + noise * draws, atol=0.005 + 1e-9)
    assert noisy.tolist() == [[round(reward, 2) for reward in row] for row in noisy.tolist()]


def test_equal_rewards_are_equal_and_can_be_keys():
    assert len({Rewards(), Rewards(5.0, 1.0, -2.0, 0.0), Rewards(noise=1.0)}) == 2


@pytest.mark.parametrize("noise", [-1, -1e-9, float("nan"), float("inf")])
def test_noise_that_is_no_standard_deviation_is_refused(noise):
    with pytest.raises(ValueError, match=f"Rewards.noise is a standard deviation .* got {noise}"):
        Rewards(noise=noise)


@pytest.mark.parametrize("name", ["buy", "click", "ignore"])
@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -float("inf")])
def test_a_reward_that_is_not_finite_is_refused(name, amount):
    with pytest.raises(ValueError, match=f"Rewards.{name} must be a finite number, .*, got {amount}"):
        Rewards(**{name: amount})
