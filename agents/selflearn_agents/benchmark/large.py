"""How a large log is made and becomes a shop with persons; how fast and how large its environment and agents are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.benchmark.agents import loop
from selflearn_agents.benchmark.environments import stepping, vector
from selflearn_agents.benchmark.measuring import ENV, Row, in_turns, ratios
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.plots.speed import large_plot
from selflearn_agents.plots.style import save
from selflearn_env import Shop
from selflearn_env.archive import write_atomically
from selflearn_env.datasets import retail_shop
from selflearn_env.scratch import scratch_folder

SIZES = (1_000_000, 5_000_000, 20_000_000, 50_000_000)  # rows
PRODUCTS, ROWS_PER_CUSTOMER = 100_000, 50

# The greatest memory of this program alone; that of `resource` counts what the process was before it.
PEAK = "int(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))) / 1024"
MAKE = f"""
import argparse
from time import perf_counter as now
from selflearn_agents.commands import make_log
parser = argparse.ArgumentParser()
make_log.add_arguments(parser)
begin = now()
make_log.run(parser.parse_args())
print(now() - begin, {PEAK})
"""
BUILD = f"""
import sys
from time import perf_counter as now
from selflearn_env import Shop
begin = now()
shop = Shop.from_transactions(sys.argv[1])
print(now() - begin, {PEAK})
shop.save(sys.argv[2])
"""
PEOPLE = f"""
import sys
from time import perf_counter as now
from selflearn_env import Shop
shop = Shop.load(sys.argv[1])
begin = now()
shop.people, shop.history_people
print(now() - begin, {PEAK})
"""
STEPS = ("log made", "shop built", "persons fitted")
SERVE = f"""
import sys
import gymnasium as gym
from selflearn_env import Shop
from selflearn_agents import make_agent
shop = Shop.load(sys.argv[1])
envs = gym.make_vec({ENV!r}, num_envs=1024, vectorization_mode="vector_entry_point", shop=shop)
states = envs.reset(seed=0)[1]["state"]
agent = make_agent(sys.argv[2], history=shop.history)
for _ in range(100):
    slates = agent.act(states)
    info = envs.step(slates)[-1]
    agent.update(states, slates, info["response"], info["item_reward"])
    states = info["state"]
print({PEAK})
"""


def large(out: Path, repeats: int) -> list[Row]:
    """Makes logs of all sizes, and shops of them; writes `large.md` and `large.png`; measures on the largest shop."""
    with scratch_folder(out) as temporary:
        shop = temporary / "shop.npz"
        measured = np.array([grow(rows, temporary / f"log-{rows}", shop) for rows in SIZES])
        with write_atomically(out / "large.md") as file:
            file.write(as_table(measured).encode())
        with write_atomically(out / "large.png") as file:
            save(large_plot(SIZES, STEPS, measured), file, "png")
        made, built, fitted = measured[-1].tolist()
        return [
            Row("50,000,000 rows made", "s", "", made[:1]),
            Row("50,000,000 rows made, memory", "MiB", "7,629", made[1:]),
            Row("50,000,000 rows -> shop", "s", "600", built[:1]),
            Row("50,000,000 rows -> shop, memory", "MiB", "3,815", built[1:]),
            Row("1,000,000 customers fitted", "s", "1,800", fitted[:1]),
            Row("1,000,000 customers fitted, memory", "MiB", "7,629", fitted[1:]),
            *speed_rows(Shop.load(shop), repeats),
            *(
                Row(
                    f"{name} and environment of 100,000 products",
                    "MiB",
                    "2,048",
                    [resident(shop, name)],
                )
                for name in ("epsilon_greedy", "hierarchical")
            ),
        ]


def grow(rows: int, log: Path, shop: Path) -> list[list[float]]:
    """(3, 2) seconds and MiB at most to make a log, to build its shop and to fit the persons of both sides."""
    make = ("--rows", str(rows), "--products", str(PRODUCTS), "--customers", str(rows // ROWS_PER_CUSTOMER))
    steps = [(MAKE, *make, "--out", str(log)), (BUILD, str(log), str(shop)), (PEOPLE, str(shop))]
    found = []
    for what, step in zip(STEPS, steps, strict=True):
        seconds_, mebibytes = _run("-c", *step).split()[-2:]
        found.append([float(seconds_), float(mebibytes)])
        print(f"{rows:,} rows, {what}: {found[-1][0]:.0f} s, {found[-1][1]:,.0f} MiB", flush=True)
    return found


def as_table(measured: NDArray[np.float64]) -> str:
    """Markdown of (sizes, 3, 2) seconds and MiB."""
    lines = [
        [f"{rows:,}", *(text for time, memory in each for text in (number(time, 1), number(memory, 0)))]
        for rows, each in zip(SIZES, measured.tolist(), strict=True)
    ]
    return table(["rows", *(name for step in STEPS for name in (f"{step}, s", "MiB"))], lines)


def speed_rows(shop: Shop, repeats: int) -> list[Row]:
    """The speed with a shop of many products beside that with the default shop, measured in turns."""
    measures: dict[str, list[Callable[[], float]]] = {}
    for batch, steps in ((1, 3_000), (64, 1_000), (1024, 100), (4096, 25)):
        measures[f"vector face, {batch:,} visits"] = [
            stepping(vector(ENV, batch, shop=each), batch, steps, each.products) for each in (shop, retail_shop())
        ]
    for name, batch, visits in (
        ("epsilon_greedy", 1, 10_000),
        ("epsilon_greedy", 1024, 102_400),
        ("hierarchical", 1, 2_000),
        ("hierarchical", 1024, 10_240),
    ):
        measures[f"{name} and environment, batch {batch:,}"] = [
            loop(name, batch, visits, each) for each in (shop, retail_shop())
        ]
    return [
        Row(f"{what}: 100,000 products / 3,600", "ratio", "0.33", ratios(*in_turns(repeats, pair)))
        for what, pair in measures.items()
    ]


def resident(shop: Path, name: str) -> float:
    """MiB at most of a process that reads the shop, and lets an agent serve 100 times 1,024 visits."""
    return float(_run("-c", SERVE, str(shop), name))


def _run(*command: str) -> str:
    """What a Python process of its own prints.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip() or f"ended with code {done.returncode}").splitlines()[-1]
        raise RuntimeError(f"{' '.join(command)[:100]}: {why}")
    return done.stdout
