"""Kills a process that serves from a store, at random moments under load, and sees that nothing acknowledged is lost.

A test does so a few times; `python -m tests.agents.store.killing --kills 200` from a checkout does it more often.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from selflearn_agents import AGENTS, Agent, make_agent
from selflearn_agents.storage import take_apart
from selflearn_agents.store import open_store
from selflearn_agents.store.calls import Calls
from selflearn_agents.store.kept import KeptAgent
from selflearn_agents.store.telling import LEARNED, Told
from selflearn_agents.store.warming import warm_up

from selflearn_env import Shop, datasets
from selflearn_env.core.rewards import Rewards

IDENTITY = {"agent": "under test"}
MOST = 16  # visits of a call


def open_kept(url: str, make: Callable[[], Agent], identity: Mapping[str, Any] = IDENTITY) -> KeptAgent:
    """The agent of a store, recovered or begun."""
    return KeptAgent(open_store(url), identity, make, list(AGENTS.values()))


def kill_often(url: str, make: Callable[[], Agent], kills: int, rng: np.random.Generator) -> dict[str, int]:
    """Lets processes serve one after the other, and kills each; then compares the record with what they acknowledged.

    Returns:
        How many decisions and responses were acknowledged, and how many calls were made again after kills.

    Raises:
        AssertionError: something is lost, was learned twice, or the agent is another than one that was never killed.
    """
    decided: set[int] = set()
    answered: dict[int, list[int]] = {}
    kept = open_kept(url, make)
    warm_up(kept.agent)  # for the copies of this process
    kept.store.close()
    for _ in range(kills):
        for line in _serve_and_kill(url, make, int(rng.integers(2**32)), float(rng.exponential(0.05))):
            said = json.loads(line)
            decided.update(said.get("decided", ()))
            answered.update((number, response) for number, response in said.get("learned", ()))
    kept = open_kept(url, make)
    replayed = kept.replayed
    assert kept.store.visits(decided).keys() == decided, "a decision is lost"
    found = kept.store.responses(answered)
    assert {number: told.responses.tolist() for number, told in found.items()} == answered, "a response is lost"
    assert all(told.call is not None for told in found.values())
    counts = kept.store.counts()
    learned = [
        response.visit for made in kept.store.replay(0) if hasattr(made, "responses") for response, _ in made.responses
    ]
    assert len(learned) == len(set(learned)) == counts.learned, "a response was learned twice"
    assert is_equal(kept.agent, never_killed(kept, make)), "the agent is another than one that was never killed"
    kept.store.close()
    return {"decisions": len(decided), "responses": len(answered), "calls made again at the end": replayed}


def never_killed(kept: KeptAgent, make: Callable[[], Agent]) -> Agent:
    """An agent that goes through the whole record of another, call by call, without a break."""
    calls = Calls(make(), 0, Rewards().by_response, 0)
    for made in kept.store.replay(0):
        calls.make_again(made, kept.store.url)
    return calls.agent


def is_equal(agent: Agent, other: Agent) -> bool:
    """Whether all that two agents remember is equal, bit for bit."""
    (heading, arrays), (other_heading, others) = take_apart(agent), take_apart(other)
    same = json.dumps(heading, sort_keys=True) == json.dumps(other_heading, sort_keys=True)
    return (
        same and arrays.keys() == others.keys() and all(a.tobytes() == others[n].tobytes() for n, a in arrays.items())
    )


def _serve_and_kill(url: str, make: Callable[[], Agent], seed: int, seconds: float) -> Sequence[str]:
    """What a process acknowledges until it is killed after so many seconds of serving."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            _serve(url, make, np.random.default_rng(seed), writing)
        except BaseException as error:  # a child must not go on in its parent's place
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = [pipe.readline()]  # it has recovered
        assert lines[0], "the process ended before it served"
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        lines += pipe.readlines()
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL, "the process ended by itself"
    return [line for line in lines if line.endswith("\n")]


def _serve(url: str, make: Callable[[], Agent], rng: np.random.Generator, pipe: int) -> None:
    kept = open_kept(url, make)
    waiting: list[int] = []
    os.write(pipe, b"{}\n")
    while True:
        act = rng.random()
        if act < 0.5:
            states = rng.integers(kept.agent.states, size=rng.integers(1, MOST))
            slots = rng.integers(1, kept.agent.slate_size + 1, size=len(states)).tolist()
            eligible = rng.random(kept.agent.products) < 0.9 if act < 0.1 else None
            visits = kept.decide(states, time.time(), eligible=eligible, slots=slots)
            kept.commit()
            waiting += [visit.number for visit in visits]
            os.write(pipe, json.dumps({"decided": [visit.number for visit in visits]}).encode() + b"\n")
        elif act < 0.98:
            chosen = [waiting.pop(int(rng.integers(len(waiting)))) for _ in range(min(MOST, len(waiting)))]
            sizes = {number: visit.products.size for number, visit in kept.store.visits(chosen).items()}
            told = [
                Told(number, rng.integers(-1 if rng.random() < 0.2 else 0, 3, sizes[number]).tolist())
                for number in chosen
            ]
            said = kept.tell(told, time.time())
            kept.commit()
            learned = [
                (each.number, list(each.responses)) for each, word in zip(told, said, strict=True) if word == LEARNED
            ]
            os.write(pipe, json.dumps({"learned": learned}).encode() + b"\n")
        elif act < 0.99:
            kept.close_overdue(time.time() - 0.05, time.time(), MOST)
            kept.commit()
        else:
            kept.keep()


def main() -> None:
    """Kills as often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--agent", default="hierarchical")
    parser.add_argument("--shop", type=Path)
    options = parser.parse_args()
    shop = Shop.load(options.shop) if options.shop else datasets.retail_shop()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        counts = kill_often(
            f"sqlite:///{folder}/values.db",
            lambda: make_agent(options.agent, history=shop.history, slate_size=10, seed=0),
            options.kills,
            np.random.default_rng(0),
        )
        print(f"{options.agent}: {options.kills} kills in {time.perf_counter() - begin:.0f} s; {counts}")


if __name__ == "__main__":
    main()
