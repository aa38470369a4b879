"""Lets an agent learn, and then makes a film of one customer's life with it: a GIF with a frame for each visit."""

from __future__ import annotations

import argparse

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import RenderCollection
from numpy.typing import NDArray
from PIL import Image

from selflearn_agents.agent import Agent
from selflearn_agents.commands.arguments import (
    AGENT_HELP,
    add_environment_arguments,
    add_out_argument,
    agent,
    positive,
    seed,
    world,
)
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.evaluation.evaluate import serve_world
from selflearn_agents.evaluation.serving import decide, learned_by
from selflearn_agents.evaluation.worlds import World
from selflearn_env.archive import write_atomically
from selflearn_env.envs.face import face

LIVES = 200  # among which one of the length asked for is looked for
COLOURS = 64  # of a frame
MILLISECONDS = 2_000  # per frame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--agent", type=agent, default="personal", help=AGENT_HELP)
    parser.add_argument("--seed", type=seed, default=0, help="seed of the agent and of the environment")
    add_environment_arguments(parser, "selflearn/RetailJourney-v0")
    parser.add_argument("--customers", type=positive, default=20_000, help="visits that the agent serves before")
    parser.add_argument(
        "--visits", type=positive, default=10, help="visits of the life: the first life with so many is shown"
    )
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Learns, watches, writes."""
    out = folder(options.out)
    where = world(options)
    learner = options.agent.make(where.shop.history, options.slate_size, options.seed, where.simulator)
    serve_world(learner, where, 1, options.seed, progress=True)
    frames, earned = watched(
        learner, where, options.visits, options.seed + 1
    )  # by other random numbers than it learned
    first, *others = (Image.fromarray(frame).quantize(COLOURS) for frame in frames)
    with outputs(out, options) as new:
        with write_atomically(new / "life.gif") as file:
            first.save(file, "GIF", save_all=True, append_images=others, duration=MILLISECONDS, loop=0)
        write_text(new / "manifest.json", manifest(options, shop_digest=where.shop.digest, earned=earned))
    print(f"{options.agent.text}: a life of {options.visits} visits, return {earned:g}")
    print(out / "life.gif")
    print(out / "manifest.json")


def watched(agent: Agent, world: World, visits: int, seed: int) -> tuple[list[NDArray[np.uint8]], float]:
    """The frames of a life, the first one with so many visits, and its return; the agent goes on learning.

    Args:
        agent: the agent.
        world: where it serves.
        visits: of the life.
        seed: of the environment.

    Raises:
        ValueError: no life has so many.
    """
    env = RenderCollection(gym.make(world.env_id, render_mode="rgb_array", **world.env_options), pop_frames=False)
    shop = face(env)
    for life in range(LIVES):
        env.reset(seed=None if life else seed)
        earned, count, over = 0.0, 0, False
        while not over and count < visits:  # a longer life is not followed to its end
            simulator, visit = shop.simulator, shop.visits
            assert visit is not None
            slate = decide(agent, simulator, visit)
            seen = learned_by(agent, simulator, visit)
            _, reward, terminated, truncated, info = env.step(slate[0])
            agent.update(seen, slate, info["response"][None], info["item_reward"][None])
            earned, count, over = earned + float(reward), count + 1, terminated or truncated
        if over and count == visits:
            return env.render(), earned  # type: ignore[return-value]
    raise ValueError(f"none of {LIVES:,} lives had {visits} visits; ask for a usual number by --visits")
