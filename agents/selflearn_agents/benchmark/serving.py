"""How fast agents are kept in a store, and served over HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from queue import Queue
from threading import Thread
from time import perf_counter, sleep, time
from typing import Any

import numpy as np

from selflearn_agents import AGENTS, make_agent
from selflearn_agents.benchmark.measuring import SLATE, Row, repeated
from selflearn_agents.store import open_store
from selflearn_agents.store.kept import KeptAgent
from selflearn_agents.store.telling import Told
from selflearn_env.datasets import retail_shop
from selflearn_env.scratch import scratch_folder

AGENT = "epsilon_greedy"
WINDOW, CALL = 0.01, 20  # seconds between two commits, visits of a call
RATE, LASTS = 500, 10.0  # single decisions per second, for so many seconds
BATCH, BATCHES = 200, 50


def serving_rows(repeats: int) -> list[Row]:
    """All of them; those over HTTP where FastAPI is installed."""
    rows = [
        Row("kept in SQLite, a commit per 10 ms", "visits/s", "20,000", repeated(repeats, partial(kept, False, 2.0))),
        Row("kept in SQLite, power-safe, one by one", "visits/s", "150", repeated(repeats, partial(kept, True, 2.0))),
    ]
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        return rows
    with scratch_folder() as folder, service(folder) as port:
        rates = repeated(repeats, partial(in_batches, port))
        latencies = [one_by_one(port) for _ in range(repeats)]
    rows.append(Row(f"decided over HTTP, {BATCH} at once", "visits/s", "2,000", rates))
    for share, target in ((50, ""), (99, "0.005")):
        values = [float(np.percentile(each, share)) for each in latencies]
        rows.append(Row(f"a decision over HTTP at {RATE}/s, percentile {share}", "s", target, values))
    return rows


def kept(power_safe: bool, lasts: float) -> float:
    """Visits per second that are decided, learned from and recorded: a commit per window, or for each by itself."""
    shop, rng = retail_shop(), np.random.default_rng(0)
    with scratch_folder() as folder:
        store = open_store(f"sqlite:///{folder}/values.db", power_safe=power_safe)
        with closing(store):
            agent = KeptAgent(store, {}, lambda: make_agent(AGENT, history=shop.history), list(AGENTS.values()))
            begin = committed = perf_counter()
            while committed - begin < lasts:
                size = 1 if power_safe else CALL
                visits = agent.decide(rng.integers(shop.states.size, size=size), time())
                responses = rng.choice(3, p=(0.9, 0.07, 0.03), size=(size, SLATE)).tolist()
                if power_safe:
                    agent.commit()
                pairs = zip(visits, responses, strict=True)
                agent.tell([Told(visit.number, response) for visit, response in pairs], time())
                if power_safe or perf_counter() - committed > WINDOW:
                    agent.commit()
                    committed = perf_counter()
            return agent.visits / (committed - begin)


@contextmanager
def service(folder: Path) -> Iterator[int]:
    """The port of a service in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    called = [sys.executable, "-m", "selflearn_agents", "serve", "--agent", AGENT, "--port", str(port)]
    process = subprocess.Popen([*called, "--store", f"sqlite:///{folder}/values.db"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                ask(port, "GET", "/healthz")
                break
            except ConnectionError:
                sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def ask(port: int, method: str, path: str, body: Any = None, connection: HTTPConnection | None = None) -> Any:
    """What the service answers."""
    line = connection or HTTPConnection("127.0.0.1", port)
    line.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
    answer = line.getresponse()
    content = json.loads(answer.read())
    if answer.status != 200:
        raise RuntimeError(content["detail"])
    return content


def in_batches(port: int) -> float:
    """Visits per second that are decided, in requests of many; their feedback is not in the time."""
    rng, line, spent = np.random.default_rng(0), HTTPConnection("127.0.0.1", port), 0.0
    for _ in range(BATCHES):
        visits = [{"state": state} for state in rng.integers(672, size=BATCH).tolist()]
        begin = perf_counter()
        decisions = ask(port, "POST", "/decide", {"visits": visits}, line)["decisions"]
        spent += perf_counter() - begin
        tell(port, [decision["decision"] for decision in decisions], rng, line)
    return BATCH * BATCHES / spent


def one_by_one(port: int) -> list[float]:
    """Seconds that each of many single decisions took from the moment when it was due.

    Feedback comes meanwhile, 10 at once, from a client of its own.
    """
    rng, line, seconds = np.random.default_rng(1), HTTPConnection("127.0.0.1", port), []
    waiting: Queue[str | None] = Queue()
    other = Thread(target=tell_of, args=(port, waiting))
    other.start()
    begin = perf_counter()
    for number, state in enumerate(rng.integers(672, size=int(RATE * LASTS)).tolist()):
        due = begin + number / RATE
        sleep(max(0.0, due - perf_counter()))
        decision = ask(port, "POST", "/decide", {"state": state}, line)["decision"]
        seconds.append(perf_counter() - due)
        waiting.put(decision)
    waiting.put(None)
    other.join()
    return seconds


def tell_of(port: int, waiting: Queue[str | None]) -> None:
    """Gives feedback of decisions as they come, until None comes."""
    rng, line = np.random.default_rng(2), HTTPConnection("127.0.0.1", port)
    while some := list(islice(iter(waiting.get, None), 10)):
        tell(port, some, rng, line)


def tell(port: int, decisions: list[str], rng: np.random.Generator, line: HTTPConnection) -> None:
    """Gives feedback of decisions."""
    responses = rng.choice(["ignored", "clicked", "bought"], p=(0.9, 0.07, 0.03), size=(len(decisions), SLATE)).tolist()
    items = [{"decision": one, "responses": other} for one, other in zip(decisions, responses, strict=True)]
    ask(port, "POST", "/feedback", {"feedback": items}, line)
