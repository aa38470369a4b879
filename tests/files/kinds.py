"""Each kind of file that the package writes and reads again: a small one, what is equal of it, and a use of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from selflearn_agents import AGENTS, load_agent, make_agent
from selflearn_agents.evaluation import EvaluationResult, evaluate
from selflearn_agents.evaluation.serving import decide, learned_by
from selflearn_agents.logs import VisitLog, record
from selflearn_agents.offline import LEARNERS, make_learner
from selflearn_agents.storage import take_apart

from selflearn_env import Shop
from selflearn_env.core.simulator import Simulator
from tests.agents.extras import CHEAPER

N = 2
PEOPLE, RETAIL = "selflearn/RetailPeople-v0", "selflearn/Retail-v0"


class Kind(NamedTuple):
    """One kind of file.

    Attributes:
        name: of the kind, or of the agent in the file.
        path: a file that is as it should be.
        load: reads it.
        content: all that counts of what was read; equal content is an equal object.
        use: makes use of what was read; raises where it cannot be used.
    """

    name: str
    path: Path
    load: Callable[[Path], Any]
    content: Callable[[Any], dict[str, Any]]
    use: Callable[[Any], None]


def kinds(shop: Shop, folder: Path, names: tuple[str, ...] | None = None, env_id: str = PEOPLE) -> Iterator[Kind]:
    """All kinds of files, made of a small shop; or those of these names. They are used in this environment."""
    simulator = gym.make(env_id, shop=shop, slate_size=N).unwrapped.simulator
    shop.save(folder / "log of it.shop")
    agents = [name for name in (*AGENTS, *LEARNERS) if name not in AGENTS or AGENTS[name].unsaved is None]
    for name in ("shop", "log", "run", *agents):
        if names is not None and name not in names:
            continue
        path = folder / f"{name}.file"
        if name == "shop":
            if env_id == PEOPLE:
                assert shop.people  # which is then kept with it
            shop.save(path)
            yield Kind(name, path, Shop.load, of_shop, lambda shop: use_shop(shop, env_id))
        elif name == "log":
            agent = make_agent("epsilon_greedy", history=shop.history, slate_size=N)
            record(agent, RETAIL, 20, 0, shop=str(folder / "log of it.shop")).to_parquet(path)
            yield Kind(name, path, VisitLog.from_parquet, of_fields, len)
        elif name == "run":
            agent = make_agent("popular", history=shop.history, slate_size=N)
            evaluate(agent, RETAIL, 60, shop=shop, slate_size=N).save(path)
            yield Kind(name, path, EvaluationResult.load, of_fields, lambda run: run.figures())
        else:
            agent = serve(made(name, shop), simulator)
            agent.save(path)
            yield Kind(name, path, load_agent, of_agent, lambda agent: serve(agent, simulator) and None)


def made(name: str, shop: Shop) -> Any:
    """An agent of the shop that has learned nothing yet."""
    if name in LEARNERS:
        return make_learner(name, history=shop.history, slate_size=N)
    given = {**CHEAPER, "sequence": {"epochs": 0}}.get(name, {})
    if AGENTS[name].privileged:
        given = given | {"simulator": gym.make(RETAIL, shop=shop, slate_size=N).unwrapped.simulator}
    return make_agent(name, history=shop.history, slate_size=N, **given)


def serve(agent: Any, simulator: Simulator, rounds: int = 4) -> Any:
    """Lets an agent serve and learn, with all or some products eligible; sees that its slates are slates."""
    if (agent.slate_size, agent.products, agent.states) != (N, simulator.products, simulator.states.size):
        return agent  # of another shop
    run = simulator.begin(np.random.default_rng(1))
    visits = simulator.start(10, run)
    for turn in range(rounds):
        slates = decide(agent, simulator, visits)
        if turn == rounds - 1 and not agent.privileged:
            eligible = np.arange(agent.products) >= agent.products - agent.slate_size - 1
            slates = agent.act(learned_by(agent, simulator, visits), eligible)
            assert eligible[slates].all(), "a product that is not eligible"
        assert slates.shape == (10, agent.slate_size), "a slate of another size"
        assert ((slates >= 0) & (slates < agent.products)).all(), "a product that is not there"
        assert all(len(set(slate)) == agent.slate_size for slate in slates.tolist()), "a product twice"
        outcome = simulator.respond(visits, slates, run)
        agent.update(learned_by(agent, simulator, visits), slates, outcome.response, outcome.item_reward)
        visits = simulator.restart(outcome.visits, outcome.terminated | outcome.truncated, run)
    return agent


def use_shop(shop: Shop, env_id: str) -> None:
    """Serves a few visits of a shop."""
    env = gym.make(env_id, shop=shop, slate_size=min(N, shop.products))
    env.reset(seed=0)
    for _ in range(3):
        _, reward, *over, _ = env.step(env.action_space.sample())
        assert np.isfinite(reward), "a reward that is no number"
        if any(over[:2]):
            env.reset()
    shop.history.best_sellers(1)
    assert np.isfinite(shop.history.incidence(np.arange(3))).all(), "an incidence that is no number"


def of_shop(shop: Shop) -> dict[str, Any]:
    """All of a shop, its report and what was fitted to it."""
    fits = {f"{name}.{place}": array for name, fit in shop._fits.items() for place, array in fit.arrays.items()}
    headings = {name: fit.heading for name, fit in shop._fits.items()}
    return {"digest": shop.digest, "report": shop.report, "headings": headings, **fits}


def of_fields(found: Any) -> dict[str, Any]:
    """All fields of a dataclass."""
    return {each.name: getattr(found, each.name) for each in fields(found)}


def of_agent(agent: Any) -> dict[str, Any]:
    """All that is stored of an agent."""
    heading, arrays = take_apart(agent)
    return {"heading": heading, **arrays}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two contents are equal, bit for bit."""
    return one.keys() == other.keys() and all(map(_same, one.values(), other.values()))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return repr(one) == repr(other)  # so that nan is equal to nan
