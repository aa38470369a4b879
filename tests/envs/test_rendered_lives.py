"""Frames that tell of a customer's life."""

import re

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from selflearn_env import Journey
from selflearn_env.envs.frames import Frame, Life, Shown
from selflearn_env.envs.rendering import draw
from tests.envs.journeying import BRISK, JOURNEY

PEOPLE = "selflearn/RetailPeople-v0"


def lives_of(env, seed=1):
    """Of each step: the frame before, if it begins a life, the visit, its info, what it returned, the frame after."""
    rng = np.random.default_rng(seed)
    _, told = env.reset(seed=seed)
    waiting = env.render()
    for _ in range(200):
        visit = env.unwrapped.visits
        *_, reward, terminated, truncated, info = env.step(rng.integers(8, size=3))
        yield waiting, visit, told, reward, terminated, truncated, env.render()
        waiting, told = None, info
        if terminated or truncated:
            _, told = env.reset()
            waiting = env.render()


def test_a_text_tells_of_the_customers_life(tiny_shop):
    journey = Journey(leave=0.1, patience=2, horizon=60)
    env = gym.make(JOURNEY, shop=tiny_shop, slate_size=3, journey=journey, render_mode="ansi")
    earned, next_visit, fates = 0.0, None, set()
    for waiting, visit, told, reward, terminated, truncated, text in lives_of(env):
        title, which, *_, life = text.splitlines()
        assert title == tiny_shop.states.describe(told["state"])
        days = (visit.day - visit.last_visit).item()
        if waiting is not None:  # a new life
            assert waiting.splitlines() == [title, "first visit", "waits for a slate", "return so far 0"]
            earned, next_visit = 0.0, None
        if visit.visits[0] == 0:
            assert which == "first visit"
        else:
            since = "on the day of" if days == 0 else f"{days} day{'s'[: days != 1]} after"
            assert which == f"visit {visit.visits[0] + 1}, {since} the last"
            assert next_visit == ("on the same day" if days == 0 else since)
        earned += reward
        fate, said = life.split(", ")
        assert said == f"return so far {earned:g}"
        fates.add(fate if terminated or truncated else "comes back")
        if terminated:
            assert fate == "leaves for good"
        elif truncated:
            assert fate == "still a customer when the calendar ends"
        else:
            assert fate.startswith("comes back ")
            next_visit = re.sub(r"^comes back (after )?", "", fate) + (" after" if "after" in fate else "")
    assert len(fates) == 3


def test_a_record_counts_as_visits(tiny_shop):
    env = gym.make(PEOPLE, shop=tiny_shop, slate_size=3, render_mode="ansi")
    before = []
    for seed in range(20):
        env.reset(seed=seed)
        before.append(env.unwrapped.visits.visits[0].item())
        which = env.render().splitlines()[1]
        assert which.startswith(f"visit {before[-1] + 1}, " if before[-1] else "first visit")
    assert max(before) > 1


def test_pictures_differ_by_what_becomes_of_the_customer(tiny_shop):
    shown = Shown(np.array([0, 1]), np.array([1, 0], np.int8), np.array([1.0, -2.0]), -1.0)
    lives = [
        Life(3, 12, 4.0, days_to_next=7),
        Life(4, 12, 4.0, days_to_next=7),
        Life(3, 11, 4.0, days_to_next=7),
        Life(3, 12, 5.0, days_to_next=7),
        Life(3, 12, 4.0, days_to_next=8),
        Life(3, 12, 4.0, left=True),
        Life(3, 12, 4.0, cut=True),
    ]
    for mode in ("ansi", "rgb_array"):
        drawn = [draw(tiny_shop, 2, Frame(5, life, shown), mode) for life in lives]
        assert len({np.asarray(each).tobytes() for each in drawn}) == len(lives), mode


@pytest.mark.parametrize("autoreset", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
def test_a_vector_of_one_draws_the_single_lives(tiny_shop, autoreset):
    options = {"shop": tiny_shop, "slate_size": 3, "journey": BRISK, "render_mode": "ansi"}
    env = gym.make(JOURNEY, **options)
    envs = gym.make_vec(JOURNEY, 1, "vector_entry_point", autoreset_mode=autoreset, **options)
    env.reset(seed=2)
    envs.reset(seed=2)
    over = 0
    for slate in np.random.default_rng(1).integers(8, size=(40, 3)):
        *_, terminated, truncated, _ = env.step(slate)
        envs.step(slate[None])
        assert envs.render() == (env.render(),)
        if terminated or truncated:
            over += 1
            env.reset()
            if autoreset is AutoresetMode.NEXT_STEP:
                envs.step(slate[None])
                assert envs.render() == (env.render(),)
    assert over > 3
