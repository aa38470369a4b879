"""Pictures and texts of a visit."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from selflearn_env.envs.rendering import Shown, draw

WORDS = ("ignored", "clicked", "bought")


def test_a_text_names_the_state_the_products_and_the_responses(single):
    env = single(render_mode="ansi", slate_size=8)
    words = set()
    for seed in range(60):
        _, info = env.reset(seed=seed)
        waiting = env.render()
        assert waiting.splitlines()[0] == env.shop.states.describe(info["state"])
        assert "waits for a slate" in waiting
        slate = np.random.default_rng(seed).permutation(8)
        *_, info = env.step(slate)
        title, *lines = env.render().splitlines()
        assert title == env.shop.states.describe(info["state"])
        assert len(lines) == 8
        for slot, line in enumerate(lines):
            assert line.split()[-4:-1] == f"{slot + 1}. product {slate[slot]}".split()
            assert line.endswith(WORDS[info["response"][slot]])
        words.update(line.split()[-1] for line in lines)
    assert words == set(WORDS)


def test_pictures_differ_by_response_product_and_state(tiny_shop):
    shown = [
        Shown(np.array([0, 1]), np.array([0, 0], np.int8), 5),
        Shown(np.array([0, 1]), np.array([1, 0], np.int8), 5),
        Shown(np.array([0, 1]), np.array([2, 0], np.int8), 5),
        Shown(np.array([0, 1]), np.array([0, 2], np.int8), 5),
        Shown(np.array([2, 1]), np.array([0, 0], np.int8), 5),
        Shown(np.array([0, 1]), np.array([0, 0], np.int8), 6),
    ]
    images = [draw(tiny_shop, 0, one, "rgb_array") for one in shown]
    assert {image.shape for image in images} == {images[0].shape}
    assert len({image.tobytes() for image in images}) == len(shown)
    for other in images[1:3]:  # most of the row changes colour, not only the word in it
        assert (images[0] != other).any(axis=-1).mean() > 0.05


def test_a_picture_is_an_image_of_the_slate(single):
    env = single(render_mode="rgb_array")
    env.reset(seed=1)
    waiting = env.render()
    env.step([0, 1, 2])
    image = env.render()
    for one in (waiting, image):
        assert one.dtype == np.uint8
        assert one.ndim == 3
        assert one.shape[2] == 3
    assert image.shape[0] > waiting.shape[0]  # a row per product
    assert image.flags.writeable
    image[:] = 0
    assert env.render().any()


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_a_vector_draws_one_frame_per_row(single, vector, mode):
    envs = vector(3, render_mode=mode)
    _, infos = envs.reset(seed=2)
    assert len(envs.render()) == 3
    slates = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 0]])
    served = infos["state"]
    *_, infos = envs.step(slates)
    frames = envs.render()
    assert len(frames) == 3
    for row, frame in enumerate(frames):  # the visit just served, though the next one has come
        shown = Shown(slates[row], infos["response"][row], int(served[row]))
        np.testing.assert_array_equal(frame, draw(envs.shop, 0, shown, mode))


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_a_vector_of_one_draws_the_single_frame(single, vector, mode):
    env, envs = single(render_mode=mode), vector(1, render_mode=mode)
    env.reset(seed=2)
    envs.reset(seed=2)
    np.testing.assert_array_equal(envs.render()[0], env.render())
    env.step([3, 1, 4])
    envs.step([[3, 1, 4]])
    np.testing.assert_array_equal(envs.render()[0], env.render())


def test_renewed_rows_wait_for_a_slate(vector):
    envs = vector(2, render_mode="ansi", autoreset_mode=AutoresetMode.NEXT_STEP)
    envs.reset(seed=2)
    envs.step([[0, 1, 2], [3, 4, 5]])
    assert ["waits" in frame for frame in envs.render()] == [False, False]
    envs.reset(options={"reset_mask": np.array([True, False])})
    assert ["waits" in frame for frame in envs.render()] == [True, False]
    envs.step([[0, 1, 2], [3, 4, 5]])
    assert ["waits" in frame for frame in envs.render()] == [False, True]


def test_nothing_is_drawn_without_a_mode(single, vector):
    for env in (single(), vector()):
        env.reset(seed=1)
        assert env.render() is None


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_there_is_nothing_to_render_before_the_first_reset(single, vector, mode):
    for env in (single(render_mode=mode), vector(render_mode=mode)):
        with pytest.raises(gym.error.ResetNeeded, match="nothing to render yet: call reset"):
            env.render()


def test_long_names_are_cut_and_leave_the_picture_as_wide(retail_shop):
    longest = np.argsort([-len(name) for name in retail_shop.catalogue.descriptions])[:3]
    shown = Shown(longest, np.array([0, 1, 2], np.int8), 0)
    waiting = draw(retail_shop, 0, None, "rgb_array")
    assert draw(retail_shop, 0, shown, "rgb_array").shape[1:] == waiting.shape[1:]
    lines = draw(retail_shop, 0, shown, "ansi").splitlines()[1:]
    for slot, (product, line) in enumerate(zip(longest, lines, strict=True)):
        assert retail_shop.catalogue.descriptions[product][:30] in line
        assert line.endswith(WORDS[slot])
    assert len({line.index(word) for line, word in zip(lines, WORDS, strict=True)}) == 1  # one column
