"""Pictures and texts of a visit."""

from dataclasses import replace
from itertools import pairwise

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import RecordVideo, RenderCollection

from selflearn_env.envs.frames import Frame, Life, Shown
from selflearn_env.envs.rendering import draw
from tests.envs.journeying import JOURNEY

WORDS = ("ignored", "clicked", "bought")
MODES = pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
IDS = ["selflearn/Seed-v0", "selflearn/Retail-v0", JOURNEY, "selflearn/RetailPeople-v0"]
ODD = ["W" * 500, "i" * 500, "two\nlines\x1b[2J\ttab", "漢字の商品名" * 20, "Crème brûlée", "👩‍👩‍👧", "", " "]


def shown_to(slate, response, item_reward=None):
    """A slate with its responses, of which each earns what it does by default."""
    item_reward = np.array([-2.0, 1.0, 5.0])[response] if item_reward is None else np.array(item_reward)
    return Shown(np.array(slate), np.array(response, np.int8), item_reward, float(item_reward.sum()))


def renamed(shop, names):
    """The shop with other descriptions."""
    return replace(shop, catalogue=replace(shop.catalogue, descriptions=np.array(names)))


def test_a_text_names_the_state_the_products_and_the_responses(single):
    env = single(render_mode="ansi", slate_size=8)
    words = set()
    for seed in range(60):
        _, info = env.reset(seed=seed)
        waiting = env.render()
        assert waiting.splitlines() == [env.shop.states.describe(info["state"]), "waits for a slate"]
        slate = np.random.default_rng(seed).permutation(8)
        _, reward, *_, info = env.step(slate)
        title, *lines, told = env.render().splitlines()
        assert title == env.shop.states.describe(info["state"])
        assert len(lines) == 8
        for slot, line in enumerate(lines):
            *_, name, product, word, item_reward = line.split()
            assert f"{slot + 1}. {name} {product}" == f"{slot + 1}. product {slate[slot]}"
            assert f"{slot + 1}. product" in line
            assert word == WORDS[info["response"][slot]]
            assert float(item_reward) == info["item_reward"][slot]
            words.add(word)
        counts = np.bincount(info["response"], minlength=3)
        assert told == (f"{counts[2]} bought, {counts[1]} clicked, {counts[0]} ignored: reward {told.split()[-1]}")
        assert float(told.split()[-1]) == pytest.approx(reward)
    assert words == set(WORDS)


@pytest.mark.parametrize("life", [None, Life(3, 12)])
def test_pictures_differ_by_response_product_reward_and_state(tiny_shop, life):
    frames = [
        Frame(5, life, shown_to([0, 1], [0, 0])),
        Frame(5, life, shown_to([0, 1], [1, 0])),
        Frame(5, life, shown_to([0, 1], [2, 0])),
        Frame(5, life, shown_to([0, 1], [0, 2])),
        Frame(5, life, shown_to([2, 1], [0, 0])),
        Frame(5, life, shown_to([0, 1], [0, 0], [-2.0, -2.5])),
        Frame(6, life, shown_to([0, 1], [0, 0])),
        Frame(5, life),
    ]
    images = [draw(tiny_shop, 2, frame, "rgb_array") for frame in frames]
    assert {image.shape for image in images} == {images[0].shape}
    assert len({image.tobytes() for image in images}) == len(frames)
    for other in images[1:3]:  # most of the row changes colour, not only the word in it
        assert (images[0] != other).any(axis=-1).mean() > 0.05


def test_the_responses_are_told_apart_by_brightness(tiny_shop):
    """Of the ground of the word, which is the colour that is frequent in the picture and in no other response's."""
    found = []
    for response in range(3):
        image = draw(tiny_shop, 1, Frame(5, None, shown_to([0], [response])), "rgb_array")
        colours, counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
        found.append({tuple(map(int, colour)): count for colour, count in zip(colours, counts, strict=True)})
    grounds = []
    for own in found:
        others = set().union(*(other for other in found if other is not own))
        grounds.append(sorted((colour for colour in own if colour not in others), key=own.get)[-2])  # behind the row's
    luminance = [np.dot([0.2126, 0.7152, 0.0722], ground) for ground in grounds]
    assert min(abs(one - other) for k, one in enumerate(luminance) for other in luminance[:k]) > 35


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
        assert not np.array(one.shape[:2]) % 2 @ [1, 1]  # as encoders of video want it
    assert image.shape == waiting.shape
    assert (image != waiting).any()
    assert image.flags.writeable
    image[:] = 0
    assert env.render().any()


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize("slate_size", [1, 7])
def test_all_frames_of_an_environment_have_one_size(env_id, slate_size, tiny_shop):
    """As Gymnasium's RecordVideo asks for; a row more of the slate makes it higher."""
    env = gym.make(env_id, shop=tiny_shop, slate_size=slate_size, render_mode="rgb_array")
    env = RenderCollection(env, pop_frames=False, reset_clean=False)
    env.action_space.seed(1)
    env.reset(seed=1)
    for _ in range(8):
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    frames = env.render()
    assert len(frames) > 8
    assert {(frame.shape, frame.dtype) for frame in frames} == {(frames[0].shape, np.dtype(np.uint8))}
    assert all((one != other).any() for one, other in pairwise(frames))
    larger = gym.make(env_id, shop=tiny_shop, slate_size=slate_size + 1, render_mode="rgb_array")
    larger.reset(seed=1)
    assert larger.render().shape[0] > frames[0].shape[0]
    assert larger.render().shape[1] == frames[0].shape[1]


@pytest.mark.parametrize("env_id", IDS)
def test_gymnasium_records_a_video(env_id, tiny_shop, tmp_path):
    pytest.importorskip("moviepy")
    env = RecordVideo(gym.make(env_id, shop=tiny_shop, slate_size=3, render_mode="rgb_array"), str(tmp_path / "video"))
    env.reset(seed=1)
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
    env.close()
    assert [path.suffix for path in (tmp_path / "video").iterdir()] == [".mp4"]


@MODES
@pytest.mark.parametrize("env_id", IDS)
def test_gymnasium_finds_nothing_wrong(env_id, mode, tiny_shop):
    env = gym.make(env_id, shop=tiny_shop, slate_size=3, render_mode=mode)
    check_env(env.unwrapped)


@MODES
def test_a_vector_draws_one_frame_per_row(single, vector, mode):
    envs = vector(3, render_mode=mode)
    _, infos = envs.reset(seed=2)
    assert len(envs.render()) == 3
    slates = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 0]])
    served = infos["state"]
    _, rewards, *_, infos = envs.step(slates)
    frames = envs.render()
    assert len(frames) == 3
    for row, frame in enumerate(frames):  # the visit just served, though the next one has come
        shown = Shown(slates[row], infos["response"][row], infos["item_reward"][row], rewards[row].item())
        np.testing.assert_array_equal(frame, draw(envs.shop, 3, Frame(int(served[row]), None, shown), mode))


@MODES
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


def test_a_frame_keeps_what_was_shown(single):
    env = single(render_mode="ansi")
    env.reset(seed=1)
    slate = np.array([0, 1, 2])
    *_, info = env.step(slate)
    text = env.render()
    for array in (slate, info["response"], info["item_reward"]):  # the caller's to write to
        array[:] = 0
    assert env.render() == text


def test_nothing_is_drawn_without_a_mode(single, vector):
    for env in (single(), vector()):
        env.reset(seed=1)
        assert env.render() is None


@MODES
def test_there_is_nothing_to_render_before_the_first_reset(single, vector, mode):
    for env in (single(render_mode=mode), vector(render_mode=mode)):
        with pytest.raises(gym.error.ResetNeeded, match="nothing to render yet: call reset"):
            env.render()


def test_long_and_odd_names_are_cut_and_leave_the_picture_as_large(tiny_shop):
    odd = renamed(tiny_shop, ODD)
    shown = shown_to(np.arange(8), np.arange(8) % 3)
    waiting = draw(tiny_shop, 8, Frame(0, None), "rgb_array")
    image = draw(odd, 8, Frame(0, None, shown), "rgb_array")
    assert image.shape == waiting.shape
    assert (image[:, -16:] == 255).all()  # nothing is drawn into the margin
    title, *lines, told = draw(odd, 8, Frame(0, None, shown), "ansi").splitlines()
    assert len(lines) == 8  # a line each
    assert title == tiny_shop.states.describe(0)
    assert told.endswith("reward 7")
    assert "W" * 39 + "…" in lines[0]
    assert "two lines[2J tab" in lines[2]
    assert "漢字の商品名漢字の商品名漢字の商品名漢…" in lines[3]  # two columns each
    assert "Crème brûlée" in lines[4]
    for response, line in enumerate(lines):
        assert line.split()[-2] == WORDS[response % 3]
    narrow = [lines[row] for row in (0, 1, 2, 4, 6, 7)]
    assert len({line.index(line.split()[-2]) for line in narrow}) == 1  # one column


def test_a_name_is_not_cut_where_there_is_room(tiny_shop):
    fitting, longer = "x" * 40, "x" * 41
    texts = [
        draw(renamed(tiny_shop, [name] * 8), 1, Frame(0, None, shown_to([3], [0])), "ansi")
        for name in (fitting, longer)
    ]
    assert f" {fitting} ignored" in texts[0]
    assert f" {'x' * 39}… ignored" in texts[1]


def test_of_a_long_segment_the_date_remains(tiny_shop):
    tiers = tiny_shop.states.tiers
    label = "those who come back and back, and buy and buy, and have done so for as long as anybody remembers"
    states = replace(tiny_shop.states, tiers=(replace(tiers[0], labels=(label, *tiers[0].labels[1:])), *tiers[1:]))
    shop = replace(tiny_shop, history=replace(tiny_shop.history, states=states))
    title = draw(shop, 1, Frame(0, None), "ansi").splitlines()[0]
    assert title.startswith("those who come back")
    assert title.endswith("…, first half of January, a Monday")
    assert len(title) <= 76
