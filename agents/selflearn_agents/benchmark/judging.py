"""How fast another policy is judged by a log, and in how much memory."""

from __future__ import annotations

import subprocess
import sys

from selflearn_agents.benchmark.measuring import ENV, SLATE, Row

VISITS = 100_000
TARGETS = ("popular", "epsilon_greedy")

PROGRAM = f"""
import resource, sys, time
from selflearn_agents import make_agent
from selflearn_agents.logs import record
from selflearn_agents.ope import evaluate_offline
from selflearn_env.datasets import retail_shop
shop = retail_shop()
logging, target = (make_agent(name, history=shop.history, slate_size={SLATE}) for name in ("random", sys.argv[1]))
log = record(logging, {ENV!r}, {VISITS}, batch=1000, shop=shop)
begin = time.perf_counter()
evaluate_offline(log, target)
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def judging_rows(repeats: int) -> list[Row]:
    """All estimators and intervals of 100,000 slates of 10 out of 3,675 products, in processes of their own."""
    rows = []
    for name in TARGETS:
        runs = [_judge(name) for _ in range(repeats)]
        what = f"{name} judged by {VISITS:,} slates"
        rows.append(Row(f"{what}, all estimators", "s", "10", [seconds for seconds, _ in runs]))
        rows.append(Row(f"{what}, memory", "MiB", "1,907", [most for _, most in runs]))
    return rows


def _judge(name: str) -> tuple[float, float]:
    """Seconds, and MiB at most."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, name], capture_output=True, text=True, check=True)
    seconds, most = done.stdout.split()
    return float(seconds), float(most)
