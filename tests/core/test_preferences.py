"""Preferences: proportional to incidence and its square root, at a given level."""

import numpy as np
import pytest

from selflearn_env.core.preferences import calibrated_preferences


@pytest.fixture
def incidence():
    return np.random.default_rng(3).gamma(0.5, 0.1, size=(5, 12))


@pytest.fixture
def slates(incidence):
    return np.argsort(-incidence, axis=1)[:, :4]


STATE_PROBABILITY = np.array([0.4, 0.3, 0.2, 0.1, 0.0])


@pytest.mark.parametrize(("purchases", "clicks"), [(0.5, 0.7), (2.5, 0.9), (0.01, 3.0)])
def test_the_starting_slates_earn_the_level_asked_for(incidence, slates, purchases, clicks):
    preferences = calibrated_preferences(incidence, slates, STATE_PROBABILITY, purchases, clicks)
    earned = {"buy": 0.0, "click": 0.0}
    for state, slate in enumerate(slates):
        for product in slate:
            earned["buy"] += STATE_PROBABILITY[state] * float(preferences.buy[state, product])
            earned["click"] += STATE_PROBABILITY[state] * float(preferences.click[state, product])
    assert earned == pytest.approx({"buy": purchases, "click": clicks}, rel=1e-6)


def test_purchases_follow_the_incidence_and_clicks_its_root(incidence, slates):
    preferences = calibrated_preferences(incidence, slates, STATE_PROBABILITY, 0.5, 0.7)
    assert preferences.buy.max() < 1
    buy_level = preferences.buy / incidence
    np.testing.assert_allclose(buy_level, buy_level[0, 0], rtol=1e-5)
    of_the_rest = preferences.click / (1 - preferences.buy)
    assert of_the_rest.max() < 1
    np.testing.assert_allclose(
        of_the_rest / np.sqrt(incidence), of_the_rest[0, 0] / np.sqrt(incidence[0, 0]), rtol=1e-4
    )


def test_no_probability_exceeds_one(incidence, slates):
    preferences = calibrated_preferences(incidence, slates, STATE_PROBABILITY, 3.0, 0.9)
    assert preferences.buy.max() == 1.0
    assert (preferences.click >= 0).all()
    assert (preferences.buy + preferences.click <= 1 + 1e-6).all()


@pytest.mark.parametrize(("purchases", "clicks", "what"), [(4.1, 0.1, "4.100 purchases"), (0.5, 3.6, "3.600 clicks")])
def test_a_level_out_of_reach_is_an_error(incidence, slates, purchases, clicks, what):
    with pytest.raises(ValueError, match=f"the starting slates cannot earn {what} per visit"):
        calibrated_preferences(incidence, slates, STATE_PROBABILITY, purchases, clicks)


def test_preferences_cannot_be_written(tiny_shop):
    with pytest.raises(ValueError, match="read-only"):
        tiny_shop.preferences.thresholds[0, 0, 0] = 1.0


def test_a_shops_level_is_the_seeds(tiny_shop):
    """Ten best sellers, or all products of a smaller catalogue, earn 0.54326 purchases and 0.74326 clicks."""
    share = tiny_shop.customers.visits / tiny_shop.customers.visits.sum()
    assert share @ tiny_shop.preferences.buy.sum(axis=1) == pytest.approx(0.54326, abs=1e-5)
    assert share @ tiny_shop.preferences.click.sum(axis=1) == pytest.approx(0.74326, abs=1e-5)
