"""Kills a service at random moments while the simulated customers of a shop come to it, and starts it again each time.

Not a test, as each start takes seconds: `python -m tests.agents.service.killing --kills 20`, from a checkout.
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
from selflearn_agents import make_agent
from selflearn_agents.evaluation.worlds import World
from selflearn_agents.service.client import Client
from selflearn_agents.service.simulated_shop import simulate
from selflearn_agents.store import open_store

from selflearn_env import datasets
from tests.agents.store.killing import is_equal, never_killed, open_kept


class Told(Client):
    """A client that keeps what was acknowledged."""

    def __init__(self, url):
        super().__init__(url, patience=120.0)
        self.acknowledged = {}

    def tell(self, feedback):
        receipts = super().tell(feedback)
        self.acknowledged.update(
            (item["decision"], item["responses"])
            for item, receipt in zip(feedback, receipts, strict=True)
            if receipt["status"] in ("learned", "known")
        )
        return receipts


def main() -> None:
    """Kills as often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--agent", default="hierarchical")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/values.db"
        command = [sys.executable, "-m", "selflearn_agents", "serve", "--agent", options.agent, "--store", store]
        client, world = Told(f"http://127.0.0.1:{port}"), World("shop", "selflearn/Retail-v0", 10**9, {})
        process = start([*command, "--port", str(port)], port)
        client.catalogue()
        customers = threading.Thread(target=simulate, args=(client, world), kwargs={"progress": False}, daemon=True)
        customers.start()
        for _ in range(options.kills):
            time.sleep(rng.exponential(1.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = start([*command, "--port", str(port)], port)
        time.sleep(1.0)
        process.terminate()
        process.wait()
        acknowledged = dict(client.acknowledged)
        assert customers.is_alive()
        assert acknowledged
        check(store, options.agent, acknowledged)
        print(f"{options.agent}: {options.kills} kills, {len(acknowledged):,} responses kept, none lost, none twice")


def start(command: list[str], port: int) -> subprocess.Popen:
    """A service that listens."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    raise SystemExit("the service ended by itself")


def check(url: str, name: str, acknowledged: dict[str, list[str]]) -> None:
    """Sees that the record has what was acknowledged, once, and the agent is one that was never killed."""
    reader = open_store(url, read_only=True)
    identity = dict(reader.identity)
    words = ("ignored", "clicked", "bought")
    numbers = {int(decision.rpartition("-")[2]): responses for decision, responses in acknowledged.items()}
    found = reader.responses(numbers)
    assert {number: [words[each] for each in told.responses] for number, told in found.items()} == numbers
    learned = [response.visit for made in reader.replay(0) for response, _ in getattr(made, "responses", ())]
    assert len(learned) == len(set(learned)) == reader.counts().learned
    reader.close()
    history = datasets.retail_shop().history
    make = lambda: make_agent(name, history=history, slate_size=identity["slate_size"], seed=identity["seed"])  # noqa: E731
    kept = open_kept(url, make, identity)
    assert is_equal(kept.agent, never_killed(kept, make))


if __name__ == "__main__":
    main()
