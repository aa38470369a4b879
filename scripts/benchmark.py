"""Measures speed and memory on this machine: medians over repeats, and ratios to peers measured in the same run."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import pandas as pd
from command_line import folder, manifest, place, positive, run, write_text
from minimal_env import MinimalEnv
from numpy.typing import NDArray

import selflearn_env
from agents import make_agent
from agents.evaluation.markdown import number, table
from selflearn_env import Drift
from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.datasets import ONLINE_RETAIL, retail_shop

ENV, JOURNEY = "selflearn/Retail-v0", "selflearn/RetailJourney-v0"


class Row(NamedTuple):
    """One line of the table."""

    what: str
    unit: str
    target: str
    values: list[float]  # one per repeat


def main() -> None:
    """Reads the arguments, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=5, help="repeats of each measurement")
    parser.add_argument("--out", type=place, required=True, help="folder to write to")
    options = parser.parse_args()
    out = folder(options.out)
    repeats = options.repeats
    rows = [
        *shop_rows(repeats),
        *single_rows(repeats),
        *vector_rows(repeats),
        *model_rows(repeats),
        *agent_rows(repeats),
        *(sb3_rows(repeats) if find_spec("stable_baselines3") else []),
        memory_row(),
    ]
    text = as_text(rows)
    write_text(out / "benchmark.md", text)
    write_text(out / "benchmark.json", manifest(options, rows=[row._asdict() for row in rows]))
    print(text)
    for name in ("benchmark.md", "benchmark.json"):
        print(out / name)


def repeated(times: int, measure: Callable[[], float]) -> list[float]:
    """The measurement, once to warm up, then as often as asked."""
    measure()
    return [measure() for _ in range(times)]


def seconds(work: Callable[[], Any]) -> float:
    """How long the work takes."""
    begin = perf_counter()
    work()
    return perf_counter() - begin


def shop_rows(repeats: int) -> list[Row]:
    """From a log to a shop whose simulator could be made."""
    with tempfile.TemporaryDirectory() as temporary:
        csv = Path(temporary) / "online_retail.csv"
        pd.read_parquet(ONLINE_RETAIL).to_csv(csv, index=False)
        rows = []
        for name, log, target in (("Parquet", ONLINE_RETAIL, "2"), ("CSV", csv, "4")):

            def build(log: Path = log) -> float:
                return seconds(lambda: customers_of(selflearn_env.Shop.from_transactions(log)))

            rows.append(Row(f"Online Retail, {name} -> shop", "s", target, repeated(repeats, build)))
        return rows


def customers_of(shop: selflearn_env.Shop) -> Any:
    """The default customer model of a shop."""
    return shop.clientele().model(CUSTOMERS["independent"], 10, {})


def single_rows(repeats: int) -> list[Row]:
    """`gym.make`, a reset and a step per visit, with the minimal environment beside it."""
    gym.register("selflearn-minimal-v0", entry_point=MinimalEnv)  # type: ignore[arg-type]
    shop = retail_shop()
    ours = gym.make(ENV)
    minimal = gym.make("selflearn-minimal-v0", thresholds=customers_of(shop).appeal, shape=shop.states.shape)
    slates = distinct_slates(np.random.default_rng(0), 5_000, shop.products)

    def rate(env: gym.Env) -> float:
        env.reset(seed=0)

        def serve() -> None:
            for slate in slates:
                env.step(slate)
                env.reset()

        return len(slates) / seconds(serve)

    pairs = [(rate(ours), rate(minimal)) for _ in range(repeats + 1)][1:]
    return [
        Row("single face, step and reset", "visits/s", "", [own for own, _ in pairs]),
        Row("minimal environment, step and reset", "visits/s", "", [other for _, other in pairs]),
        Row("single face / minimal environment", "ratio", "0.5", [own / other for own, other in pairs]),
    ]


def vector_rows(repeats: int) -> list[Row]:
    """The vector face, with full info."""
    rows = []
    for batch, target in ((64, ""), (1024, ""), (4096, "3,000,000")):
        envs = gym.make_vec(ENV, num_envs=batch, vectorization_mode="vector_entry_point")
        envs.reset(seed=0)
        products = envs.unwrapped.shop.products  # type: ignore[attr-defined]
        actions = [distinct_slates(np.random.default_rng(seed), batch, products) for seed in range(4)]
        steps = max(1, 200_000 // batch)

        def rate(envs: Any = envs, actions: list[NDArray] = actions, steps: int = steps, batch: int = batch) -> float:
            def serve() -> None:
                for step in range(steps):
                    envs.step(actions[step % len(actions)])

            return steps * batch / seconds(serve)

        rows.append(Row(f"vector face, {batch:,} visits", "slates/s", target, repeated(repeats, rate)))
    return rows


def model_rows(repeats: int) -> list[Row]:
    """The vector face with each customer model and with customers' lives, as a share of `independent`'s rate."""
    batch, steps = 4096, 25
    worlds = {name: {"customer": name} for name in CUSTOMERS} | {"drift": {"drift": Drift()}}
    envs = {
        name: gym.make_vec(ENV, num_envs=batch, vectorization_mode="vector_entry_point", **options)
        for name, options in worlds.items()
    }
    envs["journey"] = gym.make_vec(JOURNEY, num_envs=batch, vectorization_mode="vector_entry_point")
    products = retail_shop().products
    actions = [distinct_slates(np.random.default_rng(seed), batch, products) for seed in range(4)]

    def rate(name: str) -> float:
        def serve() -> None:
            for step in range(steps):
                envs[name].step(actions[step % len(actions)])

        return steps * batch / seconds(serve)

    for world in envs.values():
        world.reset(seed=0)
    rounds = [{name: rate(name) for name in envs} for _ in range(repeats + 1)][1:]
    others = [name for name in envs if name != "independent"]
    return [
        Row("journey, 4,096 customers", "visits/s", "1,000,000", [of["journey"] for of in rounds]),
        *(
            Row(f"{name} / independent, 4,096 visits", "ratio", "0.33", [of[name] / of["independent"] for of in rounds])
            for name in others
        ),
    ]


def agent_rows(repeats: int) -> list[Row]:
    """Agents from their start: deciding and learning, without the environment; MABWiser beside them if installed."""
    measured = [
        ("epsilon_greedy", 1, 20_000, "50,000"),
        ("epsilon_greedy", 1024, 409_600, "500,000"),
        *((name, 1, 10_000, "10,000") for name in ("ucb", "thompson", "hierarchical")),
        *((name, 1, 10_000, "") for name in ("linear_ucb", "linear_thompson", "gradient", "cascade_ucb")),
    ]
    if find_spec("mabwiser"):
        measured.append(("mabwiser", 1, 200, ""))
    return [
        Row(
            f"{name}, batch {batch:,}",
            "slates/s",
            target,
            repeated(repeats, partial(agent_rate, name, batch, customers)),
        )
        for name, batch, customers, target in measured
    ]


def agent_rate(name: str, batch: int, customers: int) -> float:
    """Slates per second of a new agent that serves so many customers."""
    envs = gym.make_vec(ENV, num_envs=batch, vectorization_mode="vector_entry_point")
    agent = make_agent(name, history=retail_shop().history)
    states = envs.reset(seed=0)[1]["state"]
    spent = 0.0
    for _ in range(customers // batch):
        begin = perf_counter()
        slates = agent.act(states)
        spent += perf_counter() - begin
        info = envs.step(slates)[-1]
        begin = perf_counter()
        agent.update(states, slates, info["response"], info["item_reward"])
        spent += perf_counter() - begin
        states = info["state"]
    return customers / spent


def sb3_rows(repeats: int) -> list[Row]:
    """Stable-Baselines3's way to many visits: our adapter beside its own copies, in a loop and in processes."""
    vec_env = importlib.import_module("stable_baselines3.common.vec_env")
    adapter = importlib.import_module("selflearn_env.wrappers.sb3").SB3VecEnv
    copies = [partial(gym.make, ENV)] * 8
    retail_shop()  # built before the processes are forked
    ways = {
        "SB3VecEnv, 64 visits": adapter(gym.make_vec(ENV, num_envs=64, vectorization_mode="vector_entry_point")),
        "SB3VecEnv, 8 visits": adapter(gym.make_vec(ENV, num_envs=8, vectorization_mode="vector_entry_point")),
        "DummyVecEnv, 8 visits": vec_env.DummyVecEnv(copies),
        "SubprocVecEnv, 8 visits": vec_env.SubprocVecEnv(copies, start_method="fork"),
    }

    def rate(envs: Any) -> float:
        slates, steps = distinct_slates(np.random.default_rng(0), envs.num_envs, retail_shop().products), 500
        envs.reset()

        def serve() -> None:
            for _ in range(steps):
                envs.step(slates)

        return steps * envs.num_envs / seconds(serve)

    rounds = [{name: rate(envs) for name, envs in ways.items()} for _ in range(repeats + 1)][1:]
    for envs in ways.values():
        envs.close()
    return [Row(name, "visits/s", "", [each[name] for each in rounds]) for name in ways]


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


def distinct_slates(rng: np.random.Generator, count: int, products: int) -> NDArray[np.int64]:
    """(count, 10) slates without repeats."""
    return np.stack([rng.choice(products, 10, replace=False) for _ in range(count)])


def as_text(rows: list[Row]) -> str:
    """A Markdown table of medians and ranges."""
    lines = []
    for row in rows:
        decimals = 0 if median(row.values) >= 100 else 2
        middle, low, high = (number(of, decimals) for of in (median(row.values), min(row.values), max(row.values)))
        lines.append([row.what, middle, f"{low} - {high}", row.unit, row.target])
    return table(["what", "median", "least - greatest", "unit", "at least / at most"], lines)


if __name__ == "__main__":
    run(main)
