"""How fast the environments are: both faces, each customer model, lives, Stable-Baselines3, imports."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import gymnasium as gym
import numpy as np

from selflearn_agents.benchmark.measuring import (
    ENV,
    JOURNEY,
    PEOPLE,
    SLATE,
    Row,
    distinct_slates,
    in_turns,
    ratios,
    seconds,
)
from selflearn_agents.benchmark.minimal import MinimalEnv, MinimalVector
from selflearn_env import Drift
from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.datasets import retail_shop
from selflearn_env.shop.people.fit import fit_people

MINIMAL = "minimal environment, step and reset"  # what all other rates are compared with
SARDINE = "sardine/SlateTopK-Bored-v0"  # 1,000 products, slates of 10


def environment_rows(repeats: int) -> list[Row]:
    """All of them."""
    return [
        *single_rows(repeats),
        *vector_rows(repeats),
        *model_rows(repeats),
        *people_rows(repeats),
        *(sb3_rows(repeats) if find_spec("stable_baselines3") else []),
        *start_rows(repeats),
        memory_row(),
    ]


def customers_of(env_id: str) -> Any:
    """The customers of an environment."""
    return gym.make(env_id).unwrapped.simulator.customers  # type: ignore[attr-defined]


def single_rows(repeats: int) -> list[Row]:
    """`gym.make`, a step and a reset per visit, with the minimal environment and SARDINE beside it."""
    gym.register("selflearn-minimal-v0", entry_point=MinimalEnv)  # type: ignore[arg-type]
    shop = retail_shop()
    minimal = gym.make("selflearn-minimal-v0", thresholds=customers_of(ENV).appeal, shape=shop.states.shape)
    envs = [(gym.make(ENV), 5_000), (minimal, 5_000)]
    if find_spec("sardine"):
        importlib.import_module("sardine")
        envs.append((gym.make(SARDINE), 1_000))
    slates = distinct_slates(0, 5_000, 1_000)

    def rate(env: gym.Env, visits: int) -> float:
        env.reset(seed=0)

        def serve() -> None:
            for slate in slates[:visits]:
                *_, terminated, truncated, _ = env.step(slate)
                if terminated or truncated:
                    env.reset()

        return visits / seconds(serve)

    own, least, *others = in_turns(repeats, [partial(rate, *each) for each in envs])
    rows = [
        Row("single face, step and reset", "visits/s", "100,000", own),
        Row(MINIMAL, "visits/s", "", least),
        Row("single face / minimal environment", "ratio", "0.7", ratios(own, least)),
    ]
    if others:
        rows += [
            Row("SARDINE, 1,000 products, step", "visits/s", "", others[0]),
            Row("single face / SARDINE", "ratio", "8", ratios(own, others[0])),
        ]
    return rows


def vector_rows(repeats: int) -> list[Row]:
    """The vector face, with full info, and the minimal one beside it."""
    rows = []
    appeal, shape = customers_of(ENV).appeal, retail_shop().states.shape
    for batch, target in ((64, "1,500,000"), (1024, "4,000,000"), (4096, "6,000,000")):
        envs: list[Any] = [vector(ENV, batch), MinimalVector(appeal, shape, batch)]
        own, least = in_turns(repeats, [stepping(each, batch, 400_000 // batch) for each in envs])
        rows.append(Row(f"vector face, {batch:,} visits", "visits/s", target, own))
        rows.append(Row(f"vector face / minimal, {batch:,} visits", "ratio", "", ratios(own, least)))
    return rows


def model_rows(repeats: int) -> list[Row]:
    """The vector face with each customer model and with customers' lives, as a share of `independent`'s rate."""
    batch = 4096
    worlds: dict[str, Any] = {name: vector(ENV, batch, customer=name) for name in CUSTOMERS}
    worlds |= {"drift": vector(ENV, batch, drift=Drift()), "journey": vector(JOURNEY, batch)}
    rates = dict(zip(worlds, in_turns(repeats, [stepping(each, batch, 25) for each in worlds.values()]), strict=True))
    plain = rates.pop("independent")
    return [
        Row("journey, 4,096 customers", "visits/s", "1,000,000", rates["journey"]),
        *(Row(f"{name} / independent, 4,096 visits", "ratio", "0.33", ratios(of, plain)) for name, of in rates.items()),
    ]


def people_rows(repeats: int) -> list[Row]:
    """Persons: visits with the baskets that they buy besides, and without; best slates; the fit to a shop."""
    batch, shop = 4096, retail_shop()
    worlds = [vector(PEOPLE, batch, baskets=baskets) for baskets in (True, False)]
    buying, plain = in_turns(repeats, [stepping(each, batch, 25) for each in worlds])
    simulator, visits = worlds[0].unwrapped.simulator, worlds[0].unwrapped.visits.rows(np.arange(1_000))
    simulator.optimal_slate(visits)
    best = [seconds(lambda: simulator.optimal_slate(visits)) for _ in range(repeats)]
    journal = shop.persons.journal
    return [
        Row("people without baskets, 4,096 customers", "visits/s", "1,000,000", plain),
        Row("people with baskets, 4,096 customers", "visits/s", "", buying),
        Row("best slates of 1,000 persons", "s", "0.1", best),
        Row("fit of the persons", "s", "15", [seconds(lambda: fit_people(journal, np.random.default_rng(0)))]),
    ]


def sb3_rows(repeats: int) -> list[Row]:
    """Stable-Baselines3's way to many visits: our adapter beside its own copies, in a loop and in processes."""
    vec_env = importlib.import_module("stable_baselines3.common.vec_env")
    adapter = importlib.import_module("selflearn_env.wrappers.sb3").SB3VecEnv
    copies = [partial(gym.make, ENV)] * 8
    retail_shop()  # built before the processes are forked
    ways = {
        ("SB3VecEnv", 64): adapter(vector(ENV, 64)),
        ("SB3VecEnv", 8): adapter(vector(ENV, 8)),
        ("DummyVecEnv", 8): vec_env.DummyVecEnv(copies),
        ("SubprocVecEnv", 8): vec_env.SubprocVecEnv(copies, start_method="fork"),
    }
    rates = in_turns(repeats, [stepping(envs, batch, 500) for (_, batch), envs in ways.items()])
    for envs in ways.values():
        envs.close()
    return [Row(f"{name}, {batch} visits", "visits/s", "", of) for (name, batch), of in zip(ways, rates, strict=True)]


def start_rows(repeats: int) -> list[Row]:
    """What it takes to begin: the import over that of gymnasium and numpy, and `gym.make`, the first and again."""

    def fresh(program: str) -> list[float]:
        """Seconds that a program prints, line by line, in a process of its own."""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return [float(line) for line in done.stdout.split()]

    program = (
        "from time import perf_counter as now\nimport gymnasium, numpy\n"
        "begin = now(); import selflearn_env; print(now() - begin)\n"
        + f"begin = now(); gymnasium.make({ENV!r}); print(now() - begin)\n"
        * 2
    )
    imported, cold, again = zip(*(fresh(program) for _ in range(repeats)), strict=True)
    return [
        Row("import, over gymnasium and numpy", "s", "0.5", list(imported)),
        Row("gym.make, cold: the shop is built", "s", "1", list(cold)),
        Row("gym.make, again", "s", "0.005", list(again)),
    ]


def memory_row() -> Row:
    """Resident memory of a process that holds the default shop and environment, after one visit."""
    program = (
        "import gymnasium, selflearn_env\n"
        f"env = gymnasium.make({ENV!r})\n"
        "env.reset(seed=0)\n"
        "env.step(env.action_space.sample())\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmRSS')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    resident = float(done.stdout) / 1024 if done.returncode == 0 else float("nan")  # only Linux says it so
    return Row("default shop and environment, resident", "MiB", "300", [resident])


def vector(env_id: str, batch: int, **options: Any) -> Any:
    """A native vector face."""
    return gym.make_vec(env_id, num_envs=batch, vectorization_mode="vector_entry_point", **options)


def stepping(envs: Any, batch: int, steps: int, products: int | None = None) -> Callable[[], float]:
    """A measurement of the visits per second of an environment that is shown random slates of so many products."""
    actions = [distinct_slates(seed, batch, products or retail_shop().products, SLATE) for seed in range(4)]
    if hasattr(envs, "reset"):
        envs.reset()

    def rate() -> float:
        def serve() -> None:
            for step in range(steps):
                envs.step(actions[step % len(actions)])

        return steps * batch / seconds(serve)

    return rate
