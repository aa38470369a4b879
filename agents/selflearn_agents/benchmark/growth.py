"""How the cost of showing slates, of agents and of a shop grows with the sizes of what they work on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from selflearn_agents import make_agent
from selflearn_agents.benchmark.measuring import Curve, distinct_slates, seconds
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.plots.speed import growth_plot
from selflearn_agents.plots.style import save
from selflearn_env import Rewards, Shop
from selflearn_env.archive import write_atomically
from selflearn_env.core.arrivals import SingleVisits
from selflearn_env.core.customers import IndependentCustomers
from selflearn_env.core.memory import NoMemory
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.states import StateSpace, Tier
from selflearn_env.datasets import ONLINE_RETAIL

TIMES = 5  # of which the fastest counts


def growth(out: Path) -> None:
    """Measures, and writes `growth.md` and `growth.png`."""
    curves = [
        curve("show slates", "visits at once", [1, 16, 256, 4_096, 16_384], lambda size: showing(visits=size)),
        curve(
            "show 1,024 slates",
            "products",
            [1_000, 4_000, 16_000, 64_000, 256_000],
            lambda size: showing(products=size),
        ),
        curve("show 1,024 slates", "states", [56, 224, 896, 3_584, 14_336], lambda size: showing(states=size)),
        curve("show 1,024 slates", "slate size", [1, 4, 16, 64, 128], lambda size: showing(slate=size)),
        *(
            curve(f"{name}: 200 visits", "products", [450, 900, 1_800, 3_600], partial(serving, name))
            for name in ("epsilon_greedy", "hierarchical")
        ),
        curve("log -> shop", "rows", [67_739, 135_477, 270_955, 541_909, 1_083_818, 2_167_636], building),
    ]
    lines = [
        [each.what, each.size, f"{each.sizes[0]:,} - {each.sizes[-1]:,}", f"{each.costs[0]:.2g} - {each.costs[-1]:.2g}",
         number(each.exponent, 2)]
        for each in curves
    ]  # fmt: skip
    text = table(["cost", "of", "sizes", "seconds", "exponent, over the greater half"], lines)
    with write_atomically(out / "growth.md") as file:
        file.write(text.encode())
    with write_atomically(out / "growth.png") as file:
        save(growth_plot(curves), file, "png")
    print(text)


def curve(what: str, size: str, sizes: list[int], prepare: Callable[[int], Callable[[], object]]) -> Curve:
    """The fastest of a few times, after one to warm up, of what `prepare` makes for each size."""
    costs = []
    for each in sizes:
        work = prepare(each)
        work()
        costs.append(min(seconds(work) for _ in range(TIMES)))
    return Curve(what, size, sizes, costs)


def showing(*, visits: int = 1_024, products: int = 4_000, states: int = 56, slate: int = 10) -> Callable[[], object]:
    """Slates shown to visits of a shop of these sizes."""
    rng = np.random.default_rng(0)
    appeal = rng.random((states, products, 2), dtype=np.float32)
    appeal.sort(axis=2)
    space = StateSpace((Tier("segment", tuple(map(str, range(states)))),))
    simulator = Simulator(
        states=space, products=products, slate_size=slate, state_probability=np.full(states, 1 / states),
        arrivals=SingleVisits(np.ones(states, dtype=np.int64)), memory=NoMemory(),
        customers=IndependentCustomers(appeal, slate), rewards=Rewards(),
    )  # fmt: skip
    run = simulator.begin(rng)
    slates = distinct_slates(0, visits, min(products, 4_000), slate)
    if products > slates.max() + 1:
        slates = slates * (products // 4_000 or 1)  # over the whole catalogue
    return lambda: simulator.respond(simulator.start(visits, run), slates, run)


def serving(name: str, products: int) -> Callable[[], object]:
    """An agent that decides and learns, visit by visit, in the embedded log's shop with its most bought products."""
    history = Shop.from_transactions(ONLINE_RETAIL, max_products=products).history
    agent, rng = make_agent(name, history=history), np.random.default_rng(0)

    def serve() -> None:
        for state in rng.integers(history.states.size, size=200):
            slates = agent.act([state])
            responses = rng.integers(3, size=slates.shape)
            agent.update([state], slates, responses, responses * 3.0 - 2.0)

    return serve


def building(rows: int) -> Callable[[], object]:
    """The embedded log, cut or copied to about so many rows, whole customers each time."""
    log = pd.read_parquet(ONLINE_RETAIL)
    share, customer = rows / len(log), log["CustomerID"].fillna(-1.0)
    if share < 1:
        log = log[np.random.default_rng(0).random(int(customer.max()) + 2)[customer.astype(int)] < share]
    copies = [log.assign(CustomerID=log["CustomerID"] + copy * 100_000) for copy in range(max(1, round(share)))]
    log = pd.concat(copies, ignore_index=True)
    return lambda: Shop.from_transactions(log)
