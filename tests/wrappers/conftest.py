"""What the tests of the action views share: both faces of the tiny shop, slates of three of its eight products."""

import gymnasium as gym
import pytest

from tests.envs.journeying import BRISK, JOURNEY, RETAIL, N


@pytest.fixture(params=[RETAIL, JOURNEY])
def env_id(request):
    return request.param


@pytest.fixture
def as_vector(env_id):
    """The option that has the most observed as one vector."""
    return {"observation": "onehot" if env_id == RETAIL else "journey"}


def options_of(shop, env_id, **options):
    """Lives are short, and end in both ways."""
    return {"shop": shop, "slate_size": N} | ({"journey": BRISK} if env_id == JOURNEY else {}) | options


@pytest.fixture
def single(tiny_shop):
    """The single face as `gym.make` makes it, with its checks; options may be added."""
    return lambda env_id=RETAIL, **options: gym.make(env_id, **options_of(tiny_shop, env_id, **options))


@pytest.fixture
def vector(tiny_shop):
    """The vector face; options may be added."""

    def make(num_envs, env_id=RETAIL, **options):
        options = options_of(tiny_shop, env_id, **options)
        return gym.make_vec(env_id, num_envs, vectorization_mode="vector_entry_point", **options)

    return make


@pytest.fixture
def one_thread():
    """More would wait for each other over networks this small."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
