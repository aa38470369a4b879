"""What the tests of both faces share."""

import gymnasium as gym
import pytest


@pytest.fixture(params=["selflearn/Seed-v0", "selflearn/Retail-v0"])
def env_id(request):
    return request.param


@pytest.fixture
def single(tiny_shop, env_id):
    """The single face of a tiny shop, bare of wrappers; options may be added."""
    return lambda **options: gym.make(env_id, **{"shop": tiny_shop, "slate_size": 3, **options}).unwrapped


@pytest.fixture
def vector(tiny_shop, env_id):
    """The vector face of a tiny shop; options may be added."""

    def make(num_envs=4, **options):
        options = {"shop": tiny_shop, "slate_size": 3, **options}
        return gym.make_vec(env_id, num_envs, vectorization_mode="vector_entry_point", **options)

    return make
