"""The journey as an option: mappings, specifications, and what is refused."""

import copy
import json
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from selflearn_env import Journey, Rewards
from selflearn_env.core.customers import CustomerModel, IndependentCustomers
from tests.envs.journeying import BRISK, JOURNEY, OFF, RETAIL, STILL, N, P, flat, single_of, steps_of, vector_of
from tests.envs.test_drift_options import StubbornCustomers

FACES = [single_of, vector_of]


@pytest.mark.parametrize("face", FACES)
def test_a_journey_may_be_a_mapping_out_of_json(tiny_shop, face):
    options = json.loads(
        '{"journey": {"fatigue": 0.1, "boredom": 0.1, "leave": 0.1, "patience": 2, "horizon": 100,'
        ' "satiation_days": null, "segments": true}}'
    )
    one, other = face(tiny_shop, **options), face(tiny_shop, journey=BRISK)
    assert one.simulator.arrivals.journey == BRISK
    assert flat(steps_of(one, 60, seed=2)) == flat(steps_of(other, 60, seed=2))
    assert options["journey"]["patience"] == 2  # the caller's stays as it was


def test_a_mapping_of_some_fields_keeps_the_defaults_of_the_others(tiny_shop):
    assert single_of(tiny_shop, journey={"boredom": 0.0}).simulator.arrivals.journey == Journey(boredom=0.0)
    assert (
        single_of(tiny_shop, journey={}).simulator.arrivals.journey
        == single_of(tiny_shop).simulator.arrivals.journey
        == Journey()
    )


def test_an_environment_is_made_again_from_its_spec(tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "shop.npz")
    journey = {"fatigue": 0.1, "boredom": 0.1, "leave": 0.1, "patience": 2, "horizon": 100}
    env = gym.make(JOURNEY, shop=str(tmp_path / "shop.npz"), slate_size=N, observation="journey", journey=journey)
    expected = flat(steps_of(env.unwrapped, 60, seed=2))
    for spec in (env.spec, copy.deepcopy(env.spec), EnvSpec.from_json(env.spec.to_json())):
        again = gym.make(spec)
        assert again.spec == env.spec
        assert again.unwrapped.simulator.arrivals.journey == BRISK
        assert again.observation_space == env.observation_space
        assert flat(steps_of(again.unwrapped, 60, seed=2)) == expected


def test_a_specification_with_a_journey_of_its_class_survives_json(tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "shop.npz")
    env = gym.make(JOURNEY, shop=str(tmp_path / "shop.npz"), slate_size=N, journey=BRISK, rewards=Rewards(buy=7))
    made = EnvSpec.from_json(env.spec.to_json()).make()
    assert made.unwrapped.simulator.arrivals.journey == BRISK
    assert made.unwrapped.simulator.rewards == Rewards(buy=7)


def test_a_vector_spec_makes_the_same_vector_again(tiny_shop):
    options = {"vectorization_mode": "vector_entry_point", "shop": tiny_shop, "slate_size": N, "journey": BRISK}
    envs = gym.make_vec(JOURNEY, 3, **options)
    again = gym.make_vec(envs.spec)
    assert again.num_envs == 3
    assert flat(steps_of(envs.unwrapped, 40, seed=2)) == flat(steps_of(again.unwrapped, 40, seed=2))


def test_both_faces_hold_the_same_world(tiny_shop):
    env, envs = single_of(tiny_shop, journey=BRISK), vector_of(tiny_shop, 2, journey=BRISK)
    for name in ("journey", "pace"):
        assert getattr(env.simulator.arrivals, name) == getattr(envs.simulator.arrivals, name)
    assert env.simulator.arrivals.lives is envs.simulator.arrivals.lives is tiny_shop.lives.lives
    assert env.simulator.lasting


def test_the_pace_is_found_once_for_environments_with_equal_options(tiny_shop, monkeypatch):
    first = single_of(tiny_shop, journey=BRISK).simulator.arrivals.pace
    monkeypatch.setattr("selflearn_env.envs.journey_options.find_pace", lambda *_: 1 / 0)
    assert vector_of(tiny_shop, 2, journey=BRISK).simulator.arrivals.pace is first
    assert single_of(tiny_shop, slate_size=2, journey=replace(BRISK, horizon=50)).simulator.arrivals.pace is first
    with pytest.raises(ZeroDivisionError):
        single_of(tiny_shop, journey=BRISK, customer="cascade", customer_options={"leave": 0.75})
    with pytest.raises(ZeroDivisionError):
        single_of(tiny_shop, journey=BRISK, contrast=2.5)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    ("journey", "match"),
    [
        (None, r"journey is a selflearn_env\.Journey, or a mapping with its fields, got None"),
        (1.0, r"journey is a selflearn_env\.Journey, or a mapping with its fields, got 1\.0"),
        ("off", r"journey is a selflearn_env\.Journey, or a mapping with its fields, got 'off'"),
        (False, r"journey is a selflearn_env\.Journey, or a mapping with its fields, got False"),
        (Journey, r"journey is a selflearn_env\.Journey, or a mapping with its fields, got <class"),
        ({"leave": "0.1"}, r"Journey\.leave must be a number, got '0\.1'"),
        ({"patince": 2}, r"Journey has no 'patince'; did you mean 'patience'\?; known: returns, segments, satiation"),
        ({"returns": 1}, r"Journey\.returns is True or False, got 1"),
    ],
)
def test_a_journey_of_the_wrong_type_is_named(tiny_shop, face, journey, match):
    with pytest.raises(TypeError, match=match):
        face(tiny_shop, journey=journey)


@pytest.mark.parametrize("face", FACES)
def test_a_journey_out_of_its_range_is_named(tiny_shop, face):
    with pytest.raises(ValueError, match=r"Journey\.leave is a probability, 0\.\.1, got 2"):
        face(tiny_shop, journey={"leave": 2})


@pytest.mark.parametrize("face", FACES)
def test_a_horizon_of_one_day_has_the_customers_of_that_day(tiny_shop, face):
    env = face(tiny_shop, journey=Journey(horizon=1))
    env.reset(seed=1)
    assert (tiny_shop.lives.lives.first_day[env.visits.customer] == 0).all()
    assert np.all(env.step(np.zeros(env.action_space.shape, dtype=np.int64))[3])


@pytest.mark.parametrize("face", FACES)
def test_a_whole_horizon_may_be_written_with_a_point(tiny_shop, face):
    one, other = (face(tiny_shop, journey=Journey(horizon=days)) for days in (100.0, 100))
    assert flat(steps_of(one, 40, seed=2)) == flat(steps_of(other, 40, seed=2))


@pytest.mark.parametrize("env_id", [RETAIL, "selflearn/Seed-v0"])
@pytest.mark.parametrize("face", FACES)
def test_other_ids_have_neither_journey_nor_its_observation(tiny_shop, face, env_id):
    with pytest.raises(
        TypeError, match=r"unexpected keyword argument 'journey'; known: shop, slate_size, observation, customer"
    ):
        face(tiny_shop, env_id=env_id, journey=Journey())
    with pytest.raises(ValueError, match="unknown observation 'journey'; known: tiers, index, onehot"):
        face(tiny_shop, env_id=env_id, observation="journey")


def test_unknown_options_are_named_with_those_that_exist(tiny_shop):
    with pytest.raises(
        TypeError, match=r"unexpected keyword argument 'journeys'; did you mean 'journey'\?.*rewards, journey"
    ):
        single_of(tiny_shop, journeys={})
    with pytest.raises(ValueError, match=r"unknown observation 'journy'; did you mean 'journey'\?; known: .*, journey"):
        single_of(tiny_shop, observation="journy")
    with pytest.raises(TypeError, match="unexpected keyword argument 'autoreset_mode'; only the vector face has it"):
        single_of(tiny_shop, autoreset_mode="SAME_STEP")


@pytest.mark.parametrize("size", [1, 8])
def test_a_slate_may_have_any_size(tiny_shop, size):
    envs = vector_of(tiny_shop, 3, slate_size=size, observation="journey")
    for seen in steps_of(envs, 20, seed=1):
        assert seen[-1]["response"].shape == (3, size)
        assert envs.observation_space.contains(seen[0])
    with pytest.raises(ValueError, match=r"slate_size must be 1\.\.8, the size of the catalogue, got 9"):
        vector_of(tiny_shop, 3, slate_size=9)


def test_rewards_and_noise_change_nothing_else(tiny_shop):
    plain, other = (
        vector_of(tiny_shop, 4, journey=BRISK, rewards=rewards)
        for rewards in (Rewards(), Rewards(buy=1, click=-1, ignore=0.5, noise=2.0))
    )
    plain.reset(seed=4)
    other.reset(seed=4)
    for step in range(40):
        actions = np.random.default_rng(step).integers(P, size=(4, N))
        (seen, one, *ends, infos), (their_seen, two, *their_ends, their_infos) = (
            plain.step(actions),
            other.step(actions),
        )
        assert flat([seen, ends, infos["response"]]) == flat([their_seen, their_ends, their_infos["response"]])
        assert (one != two).any()


def test_products_that_drift_do_so_over_lives(tiny_shop):
    envs = vector_of(tiny_shop, 4, journey=STILL, drift={"spread": 0, "vanish": {"0": 40}})
    envs.reset(seed=1)
    had = []
    for _ in range(12):
        one = envs.simulator.response_probability(envs.visits, np.tile([0, 1, 2], (4, 1)))
        had.append(bool((one[:, 0, 0] < 1).any()))
        envs.step(np.tile([0, 1, 2], (4, 1)))
    assert had == [True] * 10 + [False] * 2


# ---------------------------------------------------------------- customer models of a user's own


class OldCustomers(IndependentCustomers):
    """Written before anybody came back."""

    attending = CustomerModel.attending


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("journey", [Journey(), Journey(fatigue=0, boredom=0, delay=1), Journey(satiation=0)])
def test_a_model_without_attention_is_refused_where_something_asks_for_it(tiny_shop, face, journey):
    with pytest.raises(NotImplementedError, match="OldCustomers has no method `attending`"):
        face(tiny_shop, customer=OldCustomers, journey=journey)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("journey", [OFF, STILL, Journey(satiation=0, fatigue=0, boredom=0)])
def test_a_model_without_attention_works_where_nothing_does(tiny_shop, face, journey):
    one, other = (face(tiny_shop, customer=model, journey=journey) for model in (OldCustomers, IndependentCustomers))
    assert flat(steps_of(one, 60, seed=2)) == flat(steps_of(other, 60, seed=2))


@pytest.mark.parametrize("face", FACES)
def test_customers_who_never_buy_have_lives(tiny_shop, face):
    env = face(tiny_shop, customer=StubbornCustomers, journey=STILL)
    assert np.isfinite([seen[1] for seen in steps_of(env, 20, seed=1)[1:] if len(seen) == 5]).all()
