"""What estimators choose from the log: thresholds, the weights of slots, and groups of slates."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from selflearn_agents.ope.adaptive import fitting
from selflearn_agents.ope.behaviour import Behaviour
from selflearn_agents.ope.estimators import ESTIMATORS
from selflearn_agents.ope.latent import groups
from selflearn_agents.ope.switching import shrunk, switched

V = 2000
SHRINKING = ["switch", "dros", "cascade_dros"]


def evidence(weight, residual, direct=0.5):
    """Of slates of one slot, whose model expects the same in each visit."""
    target = SimpleNamespace(direct=np.full(len(weight), direct))
    return SimpleNamespace(visits=len(weight), prefix_weight=weight[:, None], residual=residual[:, None], target=target)


def test_weights_of_given_thresholds():
    weight = np.array([0.0, 1.0, 4.0, 8.0])
    np.testing.assert_array_equal(switched(weight, 4.0), [0, 1, 4, 0])
    np.testing.assert_allclose(shrunk(weight, 4.0), [0, 16 / 17, 2, 8 / 5])
    np.testing.assert_array_equal(shrunk(weight, np.inf), weight)


@pytest.mark.parametrize("name", SHRINKING)
def test_weights_that_are_light_stay(name):
    rng = np.random.default_rng(1)
    given = evidence(np.repeat([0.5, 1.5], V // 2), rng.normal(size=V))
    terms = ESTIMATORS[name].terms(given)
    np.testing.assert_array_equal(terms.top, 0.5 + given.prefix_weight * given.residual)


@pytest.mark.parametrize("name", SHRINKING)
def test_one_weight_that_outweighs_all_is_left_to_the_model(name):
    """All others are nearly as they were; the diagnosis sees them as they were."""
    rng = np.random.default_rng(2)
    given = evidence(np.append(np.full(V - 1, 0.9), 50_000.0), rng.normal(size=V))
    terms = ESTIMATORS[name].terms(given)
    used = (terms.top - 0.5) / given.residual
    assert used[-1] < 100
    assert used[:-1] == pytest.approx(0.9, rel=0.05)
    np.testing.assert_array_equal(terms.weight, given.prefix_weight)


@pytest.mark.parametrize("name", SHRINKING)
def test_a_log_without_what_the_target_shows_leaves_all_to_the_model(name):
    assert ESTIMATORS[name].terms(evidence(np.zeros(V), np.ones(V))).value == 0.5


def weights(rng):
    """Of a slot, of the slate down to it, and of the whole: each 1 on average, given the one before."""
    own = rng.choice([0.5, 1.5], size=V)
    down = own * rng.choice([0.5, 1.5], size=V)
    return np.stack([own, down, down * rng.choice([0.2, 1.8], size=V)])


@pytest.mark.parametrize("depends_on", [0, 1, 2])
def test_slots_have_the_weight_of_what_their_rewards_depend_on(depends_on):
    """Rewards that go with a weight, which lighter ones do not see."""
    rng = np.random.default_rng(3)
    candidates = weights(rng)
    reward = candidates[depends_on] / candidates[max(0, depends_on - 1)] + rng.normal(size=V)
    assert fitting(candidates, reward, reward - reward.mean()) == depends_on


@pytest.mark.parametrize(
    ("others", "below", "taken"), [(0.5, 0.5, 0), (np.nan, np.nan, 0), (0.001, 0.5, 1), (0.001, 0.001, 2)]
)
def test_weights_that_forget_what_responses_depend_on_are_out(others, below, taken):
    """Two slots, whose rewards tell nothing: the lightest weight that is left is taken."""
    rng = np.random.default_rng(9)
    own, down, whole = weights(rng)
    given = SimpleNamespace(
        visits=V, slots=2, responses=Behaviour(others, below), slot_weight=np.column_stack([own, own]),
        prefix_weight=np.column_stack([down, whole]), item_reward=rng.normal(size=(V, 2)),
    )  # fmt: skip
    given.residual = given.item_reward
    first = ESTIMATORS["aips"].terms(given).weight[:, 0]
    np.testing.assert_array_equal(first, [own, down, whole][taken])


def test_a_weight_that_the_log_lacks_is_no_certainty():
    """Slates of the target never came: their weights are 0 throughout, and do not vary."""
    rng = np.random.default_rng(4)
    candidates = weights(rng)
    candidates[1:] = 0
    assert fitting(candidates, rng.normal(size=V), rng.normal(size=V)) == 0


def test_groups_are_of_equal_size_and_equal_slates_are_in_one():
    rng = np.random.default_rng(5)
    assert (np.bincount(groups(rng.normal(size=400))) == 20).all()
    few = rng.choice([-1.0, 0.5, 2.0], size=400)
    group = groups(few)
    assert len(np.unique(np.column_stack([few, group]), axis=0)) == 3
    assert np.array_equal(np.argsort(few, kind="stable"), np.argsort(group, kind="stable"))


@pytest.mark.parametrize("name", ["lips", "sn_lips"])
def test_what_only_the_group_decides_is_judged_as_by_whole_slates(name):
    """Groups of one kind of slate each: the estimate is that of SIPS, and so is each visit's part in it."""
    rng = np.random.default_rng(6)
    expected, weight = rng.choice([-1.0, 0.5, 2.0], size=V), rng.exponential(size=V)
    reward = expected**2
    target = SimpleNamespace(predicted=expected[:, None])
    found = ESTIMATORS[name].terms(SimpleNamespace(prefix_weight=weight[:, None], reward=reward, target=target))
    whole = ESTIMATORS[name.replace("lips", "sips")].terms(
        SimpleNamespace(prefix_weight=weight[:, None], reward=reward)
    )
    np.testing.assert_allclose(found.top, whole.top)
    np.testing.assert_array_equal(found.bottom, whole.bottom)


@pytest.mark.parametrize("name", ["lips", "sn_lips"])
@pytest.mark.parametrize("visits", [100, 10_000])
def test_groups_that_are_not_alike_are_given_up_where_the_log_shows_it(name, visits):
    """The model knows nothing, and slates of large weight earn more."""
    rng = np.random.default_rng(8)
    weight = rng.choice([0.5, 1.5], size=visits)
    reward = 0.1 * weight + rng.normal(size=visits)
    target = SimpleNamespace(predicted=rng.normal(size=(visits, 1)))
    given = SimpleNamespace(prefix_weight=weight[:, None], reward=reward, target=target)
    found, whole = ESTIMATORS[name].terms(given), ESTIMATORS[name.replace("lips", "sips")].terms(given)
    assert (found.value == pytest.approx(whole.value)) == (visits == 10_000)
