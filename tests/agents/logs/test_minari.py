"""Data sets of Minari: what is written is read again, and the environment that it came from lives it again."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from selflearn_agents.logs import read_minari, write_minari

from selflearn_env import Rewards
from tests.agents.evaluation.watchers import MILD

ROOT = Path(__file__).parents[3]
RETAIL, JOURNEY, SEED = "selflearn/Retail-v0", "selflearn/RetailJourney-v0", "selflearn/Seed-v0"
WORLDS = [
    (RETAIL, {}),
    (RETAIL, {"observation": "index", "customer": "cascade", "customer_options": {"leave": 0.3}}),
    (JOURNEY, {"observation": "journey", "journey": MILD}),
    (SEED, {"observation": "onehot"}),
]


@pytest.fixture
def minari(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "storage"))
    return pytest.importorskip("minari")


def assert_equal(found, expected):
    for field in fields(expected):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        np.testing.assert_array_equal(one, other, err_msg=field.name)
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype, field.name


@pytest.mark.parametrize(("env_id", "options"), WORLDS)
@pytest.mark.parametrize("agent", ["epsilon_greedy", "thompson"])
def test_a_log_is_read_as_it_was_written(agent, env_id, options, minari, recorded):
    log = recorded(agent, env_id, customers=20, seed=4, **options)
    assert (log.propensity is None) == (agent == "thompson")
    log = replace(log, marginal=log.propensity)
    write_minari(log, "tiny/log-v0")
    assert_equal(read_minari(minari.load_dataset("tiny/log-v0")), log)


@pytest.mark.parametrize(("env_id", "options"), WORLDS)
def test_the_recovered_environment_lives_the_episodes_again(env_id, options, minari, recorded):
    log = recorded("random", env_id, customers=20, seed=4, **options)
    dataset = write_minari(log, "tiny/log-v0")
    assert dataset.total_episodes == 20
    assert dataset.total_steps == len(log)
    for eval_env in (False, True):
        env = dataset.recover_environment(eval_env=eval_env)
        assert env.observation_space == dataset.observation_space
        assert env.action_space == dataset.action_space
        for number, episode in enumerate(dataset.iterate_episodes()):
            (metadata,) = dataset.storage.get_episode_metadata([number])
            assert metadata.get("seed") == (4 if number == 0 else None)
            observation, info = env.reset(seed=metadata.get("seed"))
            for step, action in enumerate(episode.actions):
                np.testing.assert_array_equal(episode.observations[step], observation)
                assert_infos(episode, step, info)
                observation, reward, terminated, truncated, info = env.step(action)
                assert episode.rewards[step] == pytest.approx(reward)
                assert (episode.terminations[step], episode.truncations[step]) == (terminated, truncated)
            np.testing.assert_array_equal(episode.observations[-1], observation)
            assert_infos(episode, len(episode.actions), info)


def assert_infos(episode, row, info):
    for name in ("state", "response", "item_reward"):
        np.testing.assert_array_equal(episode.infos[name][row], info[name])


def test_propensities_stand_beside_what_came_of_the_slate(minari, recorded):
    log = recorded("epsilon_greedy", customers=5)
    for visit, episode in enumerate(write_minari(log, "tiny/log-v0")):
        assert np.isnan(episode.infos["propensity"][0]).all()
        np.testing.assert_array_equal(episode.infos["propensity"][1], log.propensity[visit])


def test_the_environment_is_recovered_where_nothing_was_imported(minari, recorded):
    write_minari(recorded("random", customers=3), "tiny/log-v0")
    program = "import minari; print(minari.load_dataset('tiny/log-v0').recover_environment().action_space)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "MultiDiscrete([8 8])"


def test_some_episodes_are_a_log_of_their_own(minari, recorded):
    log = recorded("epsilon_greedy", JOURNEY, customers=20, journey=MILD)
    dataset = write_minari(log, "tiny/log-v0").filter_episodes(lambda episode: episode.terminations[-1])
    some = read_minari(dataset)
    kept = np.isin(log.episode, np.flatnonzero(log.terminated[log.first[1:] - 1]))
    assert 0 < kept.sum() < len(log)
    np.testing.assert_array_equal(some.slate, log.slate[kept])
    np.testing.assert_array_equal(some.propensity, log.propensity[kept])


def test_rewards_come_back_as_a_mapping_that_makes_the_same_environment(minari, recorded):
    log = recorded("random", rewards=Rewards(buy=7.0, noise=1.0))
    found = read_minari(write_minari(log, "tiny/log-v0"))
    assert found.env_options["rewards"] == {"buy": 7.0, "click": 1.0, "ignore": -2.0, "noise": 1.0}
    again = recorded("random", rewards=found.env_options["rewards"])
    np.testing.assert_array_equal(again.item_reward, log.item_reward)


@pytest.mark.parametrize("dataset_id", ["tiny/log", "log", "tiny log-v0", "t/log-v0"])
def test_a_malformed_id_is_refused_before_anything_is_written(dataset_id, minari, recorded, tmp_path):
    with pytest.raises(ValueError, match=f"dataset_id is like .*, got '{dataset_id}'"):
        write_minari(recorded("random"), dataset_id)
    assert not (tmp_path / "storage").exists()


def test_an_id_that_is_taken_is_refused(minari, recorded):
    first = write_minari(recorded("random", customers=3), "tiny/log-v0")
    with pytest.raises(ValueError, match=r"tiny/log-v0 already exists"):
        write_minari(recorded("random", customers=5), "tiny/log-v0")
    assert minari.load_dataset("tiny/log-v0").total_episodes == first.total_episodes == 3


def test_a_shop_that_is_no_path_is_refused(minari, recorded, tiny_shop, tmp_path):
    log = recorded("random")
    log.env_options["shop"] = tiny_shop
    with pytest.raises(ValueError, match=r"cannot be kept in a data set, .*record with shop=path"):
        write_minari(log, "tiny/log-v0")
    assert not (tmp_path / "storage").exists()


def test_a_combined_data_set_is_refused(minari, recorded):
    parts = [write_minari(recorded("random", customers=3), f"tiny/log-v{version}") for version in (0, 1)]
    combined = minari.combine_datasets(parts, "tiny/both-v0")
    with pytest.raises(ValueError, match=r"'tiny/both-v0' was not .* lacks algorithm_name, environment_seed$"):
        read_minari(combined)


def test_a_data_set_without_infos_is_refused(minari, recorded):
    dataset = write_minari(recorded("random", customers=3), "tiny/log-v0")
    step = {"observations": np.zeros((2, 4), dtype=int), "actions": np.zeros((1, 2), dtype=int)}
    ends = {"rewards": [0.0], "terminations": [True], "truncations": [False]}
    dataset.update_dataset_from_buffer([minari.data_collector.EpisodeBuffer(**step, **ends)])
    with pytest.raises(
        ValueError, match=r"'tiny/log-v0' was not .* infos 'state', infos 'response', .* 'item_reward'$"
    ):
        read_minari(dataset)


def test_a_data_set_without_episodes_is_refused(minari, recorded):
    dataset = write_minari(recorded("random", customers=3), "tiny/log-v0")
    with pytest.raises(ValueError, match="'tiny/log-v0' has no episodes"):
        read_minari(dataset.filter_episodes(lambda _: False))


def test_without_the_library_it_says_how_to_get_it(recorded, monkeypatch):
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(ImportError, match=r'pip install "minari\[hdf5\]>=0'):
        write_minari(recorded("random"), "tiny/log-v0")
