"""A new store of every backend, and an agent for one of SQLite."""

from __future__ import annotations

import importlib.util

import pytest
from selflearn_agents import make_agent
from selflearn_agents.store import open_store

from tests.agents.store.servers import SERVERS, Server


@pytest.fixture(scope="session")
def servers():
    """A server by name, started when it is first asked for."""
    running: dict[str, Server] = {}

    def running_server(name):
        if name not in running:
            running[name] = Server(name)
            running[name].wait()
        return running[name]

    yield running_server
    for server in running.values():
        server.stop()


@pytest.fixture(params=["sqlite", *SERVERS])
def url(request, tmp_path, servers):
    """Where a store of a backend may be made."""
    return f"sqlite:///{tmp_path / 'values.db'}" if request.param == "sqlite" else servers(request.param).url()


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch):
    """Owners give signs of life often, so that others need not wait for one."""
    if importlib.util.find_spec("pymongo") is not None:
        monkeypatch.setattr("selflearn_agents.store.lease.BEAT", 0.1)


@pytest.fixture
def _short_lease(monkeypatch):
    """Owners who are gone are not waited for so long."""
    monkeypatch.setattr("selflearn_agents.store.lease.LEASE", 0.4)


@pytest.fixture
def open_(url):
    """Opens the store, as often as asked, and closes all in the end."""
    opened = []

    def open_it(**options):
        opened.append(open_store(url, **options))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def values_in(request):
    """Reads the values of a state; nx-27017 has 15 digits of a number that was updated, which is 13 to go by."""
    digits = 13 if "nx-27017" in request.node.name else None

    def rounded(store, state):
        values = store.values(state)
        if digits is None:
            return values
        return [each._replace(value=each.value and float(f"{each.value:.{digits}g}")) for each in values]

    return rounded


@pytest.fixture
def make(tiny_shop):
    return lambda: make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=3, seed=0)
