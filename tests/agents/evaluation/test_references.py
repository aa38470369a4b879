"""The exact references: those of a state are worked out once, by whoever needs them first."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from selflearn_agents.evaluation import World
from selflearn_agents.evaluation.references import References

from selflearn_env import Drift
from tests.agents.evaluation.hand_made import STATES, Moment

OPTIONS = {"slate_size": 3, "customer": "cascade"}


def still(asked):
    """Customers whose interest stays what it is."""
    return Moment(0, asked, drifts=False)


def by_hand(states):
    return -3.0 * states, 10.0 * states + 0.1 * (states % 7) + 0.01 * (states % 5)


def test_each_state_is_worked_out_once():
    asked, states = [], np.array([3, 3, 29, 0, 3])
    references = References(still(asked))
    for visits in (states, states[::-1], np.array([0])):
        for found, expected in zip(references.look_up(still(asked), visits), by_hand(visits), strict=True):
            np.testing.assert_allclose(found, expected)
    assert sum(asked) == 3


def test_a_drifting_world_is_asked_at_each_moment():
    asked = []
    references = References(Moment(0, asked))
    for number in (0, 1):
        random, _ = references.look_up(Moment(number, asked), np.array([2]))
        assert random == -1000.0 * number - 6.0
    assert len(asked) == 2


def test_a_file_tells_later_comparisons(tmp_path):
    place, asked, states = tmp_path / "references.npy", [], np.arange(STATES)
    before = References(still(asked), place).look_up(still(asked), states)
    other = References(still(asked), place)
    asked.clear()
    np.testing.assert_array_equal(other.look_up(still(asked), states), before)
    assert not asked
    assert [path.name for path in tmp_path.iterdir()] == ["references.npy"]
    place.unlink()
    place.write_bytes(b"")  # broken, or on a machine that has no such folder: worked out again
    for where in (place, tmp_path / "nowhere" / "references.npy"):
        np.testing.assert_array_equal(References(still(asked), where).look_up(still(asked), states), before)


@pytest.mark.parametrize("customer", ["independent", "position", "cascade", "logit"])
def test_references_are_the_simulators_own_to_the_bit(customer, tiny_shop):
    world = World("one", "selflearn/Retail-v0", 1, {"shop": tiny_shop, "slate_size": 3, "customer": customer})
    states = np.random.default_rng(0).integers(672, size=900)
    random, optimal = world.references.look_up(world.simulator, states)
    fresh = World("two", "selflearn/Retail-v0", 1, {**world.env_options}).simulator
    assert random.tobytes() == fresh.random_reward(states).tobytes()
    assert optimal.tobytes() == fresh.expected_reward(states, fresh.optimal_slate(states)).tobytes()


def test_a_world_has_one_key_per_what_its_figures_depend_on(tiny_shop):
    def key(env_id="selflearn/Retail-v0", **options):
        return World("any", env_id, 5, {"shop": tiny_shop, **options}).key

    keys = [
        key(),
        key("selflearn/Seed-v0"),
        key(slate_size=2),
        key(customer="logit"),
        key(drift=Drift()),
        key(drift=Drift(every=5)),
    ]
    assert len(set(keys)) == len(keys)
    assert World("another", "selflearn/Retail-v0", 99, {"shop": tiny_shop}).key == keys[0]


def test_a_process_makes_a_world_once(tiny_shop, tmp_path):
    """Sent twice, it is the same object: its simulator, its customers and its references are shared by all runs."""
    world = World("one", "selflearn/Retail-v0", 20, {"shop": tiny_shop, **OPTIONS}).stored(tmp_path)
    one, same = (pickle.loads(pickle.dumps(world)) for _ in range(2))
    assert one is same
    assert one.simulator is same.simulator
    assert one.simulator is not world.simulator
    other = pickle.loads(pickle.dumps(World("one", "selflearn/Retail-v0", 21, world.env_options)))
    assert other is not one


def test_an_environment_without_simulator_is_refused():
    with pytest.raises(ValueError, match="CartPole-v1 has no simulator, so nothing can be said of it exactly"):
        _ = World("one", "CartPole-v1", 5).simulator


def test_what_is_not_needed_is_not_imported():
    code = (
        "import sys, selflearn_agents.evaluation\n"
        "print({'pandas', 'matplotlib', 'jinja2', 'numba', 'scipy.stats'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
