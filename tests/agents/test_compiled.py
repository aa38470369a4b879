"""Compiled loops and the same lines as plain Python; what is imported, compiled and kept, and when."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import selflearn_agents
from selflearn_agents.bandits.value_table import LEADERS

import selflearn_env
from selflearn_env import Shop
from selflearn_env.core.compiling import KEPT, NOT_KEPT

PRODUCTS = 180  # more than epsilon_greedy keeps in order
PACKAGES = [Path(package.__file__).parent for package in (selflearn_env, selflearn_agents)]
NAMES = [name for name, agent in selflearn_agents.AGENTS.items() if agent.extra is None]
SERVE = """
import hashlib, json, sys
import gymnasium as gym
import numpy as np
from selflearn_agents import AGENTS, make_agent
from selflearn_env import Shop
from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits

def digest(name, shop, batch):
    envs = gym.make_vec(
        "selflearn/Retail-v0", num_envs=batch, vectorization_mode="vector_entry_point", shop=shop, slate_size=4
    )
    known = {"simulator": envs.unwrapped.simulator} if AGENTS[name].privileged else {}
    agent = make_agent(name, history=shop.history, slate_size=4, seed=3, **known)
    states, seen, rng = envs.reset(seed=1)[1]["state"], hashlib.sha256(), np.random.default_rng(2)
    for _ in range(12 if batch == 1 else 3):  # plain, a visit takes long
        told = known_visits(states, shop.products, rng) if AGENTS[name].knows_customers else states
        slates = agent.act(envs.unwrapped.visits if AGENTS[name].sees_visits else told)
        info = envs.step(slates)[-1]
        agent.update(told, slates, info["response"], info["item_reward"])
        for part in (slates, *(method(agent, told, slates) for method in (values, propensity, of_few))):
            seen.update(np.ascontiguousarray(part).tobytes())
        states = info["state"]
    return seen.hexdigest()

def known_visits(states, products, rng):
    counts = rng.integers(0, 20, size=len(states))
    start = np.concatenate([[0], np.cumsum(counts)])
    date = 19_800 + rng.integers(100, size=len(states))
    day = np.repeat(date, counts) - rng.integers(0, 300, size=start[-1])
    record = Items(start, rng.integers(products, size=start[-1]).astype(np.int32), day)
    customer = rng.integers(40, size=len(states))
    return SeenVisits(states, customer, date, counts, counts // 3, 0 * counts, record)

def values(agent, states, slates):
    return attempt(agent.values, states)

def propensity(agent, states, slates):
    return attempt(agent.propensity, states, slates)

def of_few(agent, states, slates):
    eligible = np.random.default_rng(slates[0]).random((len(slates), agent.products)) < 0.1
    eligible[:, :4] = True
    return attempt(agent.act, states, eligible)

def attempt(method, *arguments):
    try:
        return method(*arguments)
    except NotImplementedError:
        return np.zeros(0)

shop = Shop.load(sys.argv[1])
print(json.dumps({name: [digest(name, shop, batch) for batch in (1, 16)] for name in sys.argv[2:]}))
print("numba" in sys.modules)
"""


@pytest.fixture(scope="module")
def shop_file(tmp_path_factory):
    """A shop of many products, some of which are never sold in most states."""
    rng = np.random.default_rng(3)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(365, size=300), unit="D")
    rows = [
        (str(invoice), f"P{product}", "", 1 + int(product) % 5, day, 2.0, 100 + invoice % 40)
        for invoice, day in enumerate(days)
        for product in np.unique((PRODUCTS * rng.random(12) ** 2).astype(int))
    ]
    frame = pd.DataFrame(rows, columns=["invoice", "product", "description", "quantity", "time", "price", "customer"])
    shop = Shop.from_transactions(frame, segments={customer: "ABCD"[customer % 4] for customer in range(100, 140)})
    assert shop.products > LEADERS
    path = tmp_path_factory.mktemp("shop") / "shop.npz"
    shop.save(path)
    return path


def run(shop_file, names, folder=None, **variables):
    """Digests of the agents, whether numba was imported, and what was written to stderr, in a process of its own."""
    paths = [str(folder)] if folder else [str(package.parent) for package in PACKAGES]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "XDG"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SERVE, str(shop_file), *names],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"} | variables,
        cwd=shop_file.parent,
    )
    assert done.returncode == 0, done.stderr
    digests, imported = map(json.loads, done.stdout.replace("True", "true").replace("False", "false").splitlines())
    return digests, imported, done.stderr


@pytest.mark.slow
def test_plain_python_gives_the_same_bits(shop_file):
    compiled, plain = run(shop_file, NAMES)[0], run(shop_file, NAMES, NUMBA_DISABLE_JIT="1")[0]
    assert list(compiled) == NAMES
    assert {name: compiled[name] == plain[name] for name in NAMES} == dict.fromkeys(NAMES, True)


def test_agents_without_loops_do_without_numba(shop_file):
    _, imported, said = run(shop_file, ["random", "popular", "popular_by_state", "quantity", "oracle"])
    assert (imported, said) == (False, "")


@pytest.fixture
def installed(tmp_path):
    """Copies of the packages in which nothing can be written beside the sources, not even by root."""
    for package in PACKAGES:
        copy = shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
        for folder in {path.parent for path in copy.rglob("*.py")}:
            (folder / "__pycache__").touch()  # a file, where a folder would have to be
    return tmp_path


@pytest.mark.slow
def test_where_the_package_cannot_be_written_to_the_cache_is_elsewhere(installed, shop_file, tmp_path):
    """One line to stderr when it is first compiled, none when it is found again."""
    cache = tmp_path / "cache"
    first, _, said = run(shop_file, ["gradient"], installed, NUMBA_CACHE_DIR=str(cache))
    assert said == KEPT + "\n"
    assert list(cache.rglob("*.nbc"))
    again, imported, said = run(shop_file, ["gradient"], installed, NUMBA_CACHE_DIR=str(cache))
    assert (again, imported, said) == (first, True, "")


@pytest.mark.slow
def test_where_nothing_can_be_written_it_is_compiled_in_every_run(installed, shop_file, tmp_path):
    (tmp_path / "home").touch()
    blocked = str(tmp_path / "home" / "below")
    for _ in range(2):
        said = run(shop_file, ["random", "gradient"], installed, HOME=blocked, XDG_CACHE_HOME=blocked)[-1]
        assert said == NOT_KEPT + "\n"
