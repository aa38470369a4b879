"""Drift as an option: mappings, specifications, and what is refused."""

import json

import gymnasium as gym
import numpy as np
import pytest

from selflearn_env import Drift
from selflearn_env.core.customers import CustomerModel
from tests.envs.drifting import (
    DRIFT,
    RETAIL,
    SEED,
    N,
    single_of,
    steps_of,
    vector_of,
    visits_of,
    wishes,
)
from tests.envs.plain_lists import flat


def test_a_drift_may_be_a_mapping_out_of_json(tiny_shop):
    options = json.loads(
        '{"drift": {"spread": 1.2, "half_life": 40, "every": 7, "appear": {"3": 25, "5": 40}, "vanish": {"0": 30}}}'
    )
    one, other = gym.make(RETAIL, shop=tiny_shop, slate_size=N, **options), single_of(tiny_shop, drift=DRIFT)
    assert flat(visits_of(one.unwrapped, 60, seed=2)) == flat(visits_of(other, 60, seed=2))
    one, other = vector_of(tiny_shop, 4, **options), vector_of(tiny_shop, 4, drift=DRIFT)
    assert flat(one.reset(seed=2)) == flat(other.reset(seed=2))
    assert flat(steps_of(one, 20)) == flat(steps_of(other, 20))
    assert options["drift"]["appear"] == {"3": 25, "5": 40}


def test_an_environment_is_made_again_from_its_spec(tiny_shop):
    env = gym.make(RETAIL, shop=tiny_shop, slate_size=N, drift=DRIFT)
    again = gym.make(env.spec)
    assert flat(visits_of(env.unwrapped, 60, seed=2)) == flat(visits_of(again.unwrapped, 60, seed=2))


def test_a_vector_of_single_faces_drifts_row_by_row(tiny_shop):
    envs = gym.make_vec(RETAIL, 3, vectorization_mode="sync", shop=tiny_shop, slate_size=N, drift=DRIFT)
    envs.reset(seed=[1, 2, 1])
    for _ in range(20):  # every other step renews
        envs.step(np.tile([1, 2, 3], (3, 1)))
    one, other, same = (wishes(env.unwrapped) for env in envs.envs)
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("face", [single_of, vector_of])
@pytest.mark.parametrize("env_id", [RETAIL, SEED])
@pytest.mark.parametrize("name", ["appear", "vanish"])
def test_a_product_outside_the_catalogue_is_named(tiny_shop, face, env_id, name):
    with pytest.raises(ValueError, match=rf"Drift\.{name} names product 8; the catalogue has 0\.\.7"):
        face(tiny_shop, env_id=env_id, drift={name: {"8": 100}})


@pytest.mark.parametrize("face", [single_of, vector_of])
@pytest.mark.parametrize(
    ("drift", "match"),
    [
        (1.0, r"drift is a selflearn_env\.Drift, a mapping with its fields, or None, got 1\.0"),
        (True, "drift is a selflearn_env.Drift, a mapping with its fields, or None, got True"),
        ("slow", "drift is a selflearn_env.Drift, a mapping with its fields, or None, got 'slow'"),
        ({"spread": "1"}, r"Drift\.spread must be a number, got '1'"),
        ({"spred": 1.0}, "spred"),
    ],
)
def test_a_drift_of_the_wrong_type_is_named(tiny_shop, face, drift, match):
    with pytest.raises(TypeError, match=match):
        face(tiny_shop, drift=drift)


class StubbornCustomers(CustomerModel):
    """Everybody ignores everything, and has never heard of drift."""

    @classmethod
    def for_shop(cls, shop, slate_size):
        model = cls()
        model.slate_size, model.products = slate_size, shop.products
        return model

    @property
    def uniforms(self):
        return 0

    def respond(self, states, slates, repeated, uniforms):
        return np.zeros(slates.shape, dtype=np.int8)

    def response_probability(self, states, slates, repeated):
        return np.broadcast_to([1.0, 0.0, 0.0], (*slates.shape, 3))

    def random_response_probability(self, states):
        return np.broadcast_to([1.0, 0.0, 0.0], (len(states), self.slate_size, 3))

    def optimal_slate(self, states, rewards):
        return np.tile(np.arange(self.slate_size), (len(states), 1))


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_a_model_that_cannot_drift_says_so_when_it_is_made(tiny_shop, face):
    face(tiny_shop, customer=StubbornCustomers).reset(seed=1)
    with pytest.raises(NotImplementedError, match="StubbornCustomers does not say how its customers drift"):
        face(tiny_shop, customer=StubbornCustomers, drift=Drift())
