"""The calibration of customers with preferences: incidence and its square root, at the level of the seed's start."""

from dataclasses import dataclass

import numpy as np
import pytest

from selflearn_env.core.customers import CUSTOMERS, IndependentCustomers, PreferenceCustomers

PREFERRING = sorted(name for name, model in CUSTOMERS.items() if issubclass(model, PreferenceCustomers))


@dataclass
class Customers:
    """What a model is fitted to."""

    incidence: np.ndarray
    start: np.ndarray
    state_probability: np.ndarray

    @property
    def products(self):
        return self.incidence.shape[1]

    @property
    def shown(self):
        return np.take_along_axis(self.incidence, self.start, axis=1)

    @property
    def shown_share(self):
        return self.state_probability


@pytest.fixture
def shop():
    incidence = np.random.default_rng(3).gamma(0.5, 0.1, size=(5, 30)).astype(np.float32)
    return Customers(incidence, np.argsort(-incidence, axis=1)[:, :10], np.array([0.4, 0.3, 0.2, 0.1, 0.0]))


@pytest.mark.parametrize("name", PREFERRING)
@pytest.mark.parametrize("slate_size", [1, 10, 17])
def test_the_start_earns_the_seeds_purchases_and_clicks(shop, name, slate_size):
    """On slates of ten, whatever the environment's slates."""
    appeal = CUSTOMERS[name].for_shop(shop, slate_size).appeal
    model = CUSTOMERS[name](appeal, 10)
    earned = model.response_probability(np.arange(5), shop.start, None).sum(axis=1)
    assert shop.state_probability @ earned[:, 1:] == pytest.approx([0.74326, 0.54326], rel=1e-6)


@pytest.mark.parametrize(("name", "options"), [("cascade", {"leave": 1.0}), ("position", {"examination": [1.0, 0.4]})])
def test_the_level_fits_the_options_of_the_model(shop, name, options):
    model = CUSTOMERS[name](CUSTOMERS[name].for_shop(shop, 10, **options).appeal, 10, **options)
    earned = model.response_probability(np.arange(5), shop.start, None).sum(axis=1)
    assert shop.state_probability @ earned[:, 1:] == pytest.approx([0.74326, 0.54326], rel=1e-6)


def test_purchases_follow_the_incidence_and_clicks_its_root(shop):
    appeal = IndependentCustomers.for_shop(shop, 10).appeal.astype(np.float64)
    buy, of_the_rest = appeal[..., 0], (appeal[..., 1] - appeal[..., 0]) / (1 - appeal[..., 0])
    level = buy / shop.incidence
    assert buy.max() < 1
    np.testing.assert_allclose(level, level[0, 0], rtol=1e-5)
    root = of_the_rest / np.sqrt(shop.incidence)
    assert of_the_rest.max() < 1
    visible = shop.incidence > 1e-4
    np.testing.assert_allclose(root[visible], root[visible][0], rtol=1e-4)


def test_no_probability_exceeds_one(shop):
    incidence = np.full_like(shop.incidence, 1e-6)
    incidence[:, :3] = 10.0  # three products that all buy, before the level of interest falls to the seed's
    model = IndependentCustomers(IndependentCustomers.appeal_of(incidence, 7.0, 7.0), 10)
    assert model.appeal[:, :3].min() == model.appeal.max() == 1.0
    assert (model.appeal[..., 0] <= model.appeal[..., 1]).all()


def test_a_level_out_of_reach_is_an_error(shop):
    shop.incidence[:, :] = 0.0
    with pytest.raises(ValueError, match=r"the starting slates cannot earn 0.543 purchases per visit"):
        IndependentCustomers.for_shop(shop, 10)
    shop.incidence[0, shop.start[0, 0]] = 0.2  # purchases can be reached, clicks on one product cannot
    shop.state_probability = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"the starting slates cannot earn 0.743 clicks per visit"):
        IndependentCustomers.for_shop(shop, 10)


def test_appeal_cannot_be_written(tiny_shop):
    with pytest.raises(ValueError, match="read-only"):
        IndependentCustomers.for_shop(tiny_shop.demand(), 3).appeal[0, 0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        tiny_shop.demand().incidence[0, 0] = 1.0


def test_a_shops_level_is_the_seeds(tiny_shop):
    """Ten best sellers, or all products of a smaller catalogue, earn 0.54326 purchases and 0.74326 clicks."""
    share = tiny_shop.customers.visits() / tiny_shop.customers.visits().sum()
    appeal = IndependentCustomers.for_shop(tiny_shop.demand(), 3).appeal.sum(axis=1, dtype=np.float64)
    assert share @ appeal == pytest.approx([0.54326, 0.54326 + 0.74326], abs=1e-5)
