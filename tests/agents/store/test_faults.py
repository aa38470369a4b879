"""Whatever happens to the file, the disk or the agent, nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import sqlite3
import traceback
from contextlib import closing

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.bandits.epsilon_greedy import EpsilonGreedyAgent
from selflearn_agents.bandits.known_values import KnownValues, start_from
from selflearn_agents.store import StoreError, open_store
from selflearn_agents.store.kept import KeptAgent
from selflearn_agents.store.taking_over import begin_with
from selflearn_agents.store.telling import Told

from tests.agents.store.killing import IDENTITY, is_equal, never_killed, open_kept
from tests.agents.store.serving import counted, serve_some


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/values.db"


def test_a_full_disk_takes_nothing_in_and_loses_nothing(make, url):
    kept, rng = open_kept(url, make), np.random.default_rng(3)
    serve_some(kept, 3, rng)
    base = kept.store._base
    base.execute(f"PRAGMA max_page_count = {base.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(StoreError, match="the disk is full, so nothing is taken in"):
        serve_some(kept, 200, rng)
    for _ in range(50):
        with pytest.raises(StoreError, match="disk is full"):
            kept.decide(np.array([0]), 0.0)
    assert len(list(traceback.walk_tb(kept.broken.__traceback__))) < 10  # it does not remember who has met it
    before = kept.store.counts()
    base.execute("PRAGMA max_page_count = 1000000")
    kept.recover()
    assert kept.visits == before.visits
    assert is_equal(kept.agent, never_killed(kept, make))
    serve_some(kept, 3, rng)


def test_a_recovery_that_fails_says_why(make, url, monkeypatch):
    kept = open_kept(url, make)

    def fail():
        raise StoreError("the disk fails")

    monkeypatch.setattr(kept.store, "counts", fail)
    for attempt in (kept.recover, kept.commit):
        with pytest.raises(StoreError, match="the disk fails"):
            attempt()


def test_what_was_kept_though_it_failed_is_counted_once(make, url, monkeypatch):
    kept = open_kept(url, make)
    serve_some(kept, 4, np.random.default_rng(10))
    keep = kept.store.keep

    def keep_and_fail(image, values):
        keep(image, values)
        raise StoreError("the server went away")

    monkeypatch.setattr(kept.store, "keep", keep_and_fail)
    with pytest.raises(StoreError, match="went away"):
        kept.keep()
    monkeypatch.undo()
    with pytest.raises(StoreError, match="went away"):
        kept.decide(np.array([0]), 0.0)
    kept.recover()
    kept.keep()
    assert counted(kept) == 3 * kept.learned > 0


def test_a_store_that_cannot_be_written_says_so(make, url):
    kept = open_kept(url, make)
    kept.store._base.execute("PRAGMA query_only = ON")
    kept.decide(np.array([0]), 0.0)
    with pytest.raises(StoreError, match="cannot be written to, so nothing is taken in; see to its permissions"):
        kept.commit()


def test_a_second_process_is_refused_and_harms_nothing(make, url, tmp_path):
    kept, rng = open_kept(url, make), np.random.default_rng(4)
    serve_some(kept, 2, rng)
    child = os.fork()
    if not child:
        try:
            open_store(url)
        except StoreError as error:
            os._exit(3 if "another process writes to this store; stop it first" in str(error) else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "values.db")
    with pytest.raises(StoreError, match="another process writes to this store; stop it first"):
        open_store(f"sqlite:///{link}")
    reader = open_store(url, read_only=True)
    assert reader.counts() == kept.store.counts()
    serve_some(kept, 2, rng)
    kept.store.close()
    open_store(url).close()


@pytest.mark.parametrize("harm", ["a byte of a piece", "a piece"])
def test_a_damaged_agent_goes_through_its_record_again(harm, make, url):
    kept = open_kept(url, make)
    serve_some(kept, 5, np.random.default_rng(6))
    kept.keep()
    kept.store.close()
    base = sqlite3.connect(url.removeprefix("sqlite:///"))
    if harm == "a piece":
        base.execute("DELETE FROM pieces WHERE rowid = (SELECT max(rowid) FROM pieces)")
    else:
        base.execute("UPDATE pieces SET content = CAST(x'00' || substr(content, 2) AS BLOB) WHERE name LIKE '%old'")
        base.execute("UPDATE pieces SET content = CAST(x'01' || substr(content, 2) AS BLOB) WHERE name LIKE '%old'")
    base.commit()
    base.close()
    again = open_kept(url, make)
    assert "is damaged; the agent was made anew and went through its whole record" in again.notes[0]
    assert is_equal(again.agent, kept.agent)
    assert counted(again) == 3 * again.learned > 0
    again.keep()
    again.store.close()
    last = open_kept(url, make)
    assert not last.notes
    assert counted(last) == 3 * last.learned


def test_a_damaged_file_is_left_as_it_is(make, url, tmp_path):
    kept = open_kept(url, make)
    serve_some(kept, 30, np.random.default_rng(6))
    kept.store.close()
    path = tmp_path / "values.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * (4096 * 3)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="the file is damaged"):
        open_kept(url, make)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no database of anything, but longer than its heading" * 20, "no database of SQLite"),
        (None, "a database of something else"),
    ],
)
def test_a_file_of_something_else_is_refused(content, message, tmp_path, url):
    path = tmp_path / "values.db"
    if content is None:
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE mine (x)")
        other.close()
    else:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=message):
        open_store(url)


def test_a_store_of_another_shop_or_format_is_refused(make, url, monkeypatch):
    open_kept(url, make).store.close()
    other = pytest.raises(StoreError, match="a store of another agent: it has 'under test', and this is 'ucb'")
    with closing(open_store(url)) as store, other:
        KeptAgent(store, {"agent": "ucb"}, make, [])
    monkeypatch.setattr("selflearn_agents.store.sqlite.FORMAT", 2)
    with pytest.raises(StoreError, match="a store of format 1, this version of selflearn-env writes 2"):
        open_store(url, read_only=True)


def test_an_agent_of_another_version_is_refused(tiny_shop, make, url):
    kept = open_kept(url, make)
    serve_some(kept, 2, np.random.default_rng(7))
    kept.store.close()
    other = lambda: make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=3, seed=1)  # noqa: E731
    base = sqlite3.connect(url.removeprefix("sqlite:///"))
    base.execute("UPDATE about SET content = replace(content, '\"version\": ', '\"version\": 9') WHERE name = 'image'")
    base.commit()
    base.close()
    with closing(open_store(url)) as store, pytest.raises(StoreError, match="was shown what this agent does not show"):
        KeptAgent(store, IDENTITY, other, [EpsilonGreedyAgent])
    assert "of format 9" in open_kept(url, make).notes[0]


def test_imported_values_are_not_forgotten_in_silence(make, url):
    with closing(open_store(url)) as store:
        known = KnownValues(np.array([3]), np.array([2]), np.array([9.0]), np.array([1]))
        learner = make()
        start_from(learner, known)
        begin_with(store, IDENTITY, learner, known)
    kept = open_kept(url, make)
    assert kept.agent.values([3])[0, 2] == 9.0
    kept.store.close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as base, base:
        base.execute("DELETE FROM pieces WHERE rowid = (SELECT max(rowid) FROM pieces)")
    with pytest.raises(StoreError, match="is damaged; its record does not have the values that were imported"):
        open_kept(url, make)


def test_an_agent_that_fails_to_learn_recovers(tiny_shop, url):
    class Failing(EpsilonGreedyAgent):
        fails = False

        def _update(self, states, slates, responses, item_rewards):
            if Failing.fails:
                raise RuntimeError("out of order")
            super()._update(states, slates, responses, item_rewards)

    make = lambda: Failing(tiny_shop.history, 3, np.random.default_rng(0))  # noqa: E731
    kept = KeptAgent(open_store(url), IDENTITY, make, [Failing])
    serve_some(kept, 2, np.random.default_rng(8))
    (visit,) = kept.decide(np.array([0]), 0.0)
    kept.commit()
    Failing.fails = True
    with pytest.raises(RuntimeError, match="out of order"):
        kept.tell([Told(visit.number, (0, 0, 0))], 1.0)
    with pytest.raises(StoreError, match="the agent failed to learn"):
        kept.commit()
    Failing.fails = False
    kept.recover()
    assert kept.tell([Told(visit.number, (0, 0, 0))], 1.0) == ["learned"]
    kept.commit()
    assert is_equal(kept.agent, never_killed(kept, make))


def test_an_agent_that_fails_to_decide_recovers(tiny_shop, url):
    class Failing(EpsilonGreedyAgent):
        fails = False

        def _act(self, states, eligible=None):
            slates = super()._act(states)  # it has drawn from its generator
            if Failing.fails:
                raise ValueError("out of order")
            return slates

    make = lambda: Failing(tiny_shop.history, 3, np.random.default_rng(0))  # noqa: E731
    kept, rng = KeptAgent(open_store(url), IDENTITY, make, [Failing]), np.random.default_rng(8)
    serve_some(kept, 2, rng)
    Failing.fails = True
    with pytest.raises(RuntimeError, match=r"failed to decide \(ValueError: out of order\)"):
        kept.decide(np.array([0]), 0.0)
    with pytest.raises(StoreError, match="the agent failed to decide"):
        kept.decide(np.array([0]), 0.0)
    Failing.fails = False
    kept.recover()
    serve_some(kept, 2, rng)
    assert is_equal(kept.agent, never_killed(kept, make))


def test_what_cannot_be_decided_leaves_no_trace(make, url):
    kept, rng = open_kept(url, make), np.random.default_rng(9)
    states, some = np.array([1, 2]), np.arange(8) < 4
    for wrong in (
        {"slots": [1]},
        {"slots": [1, 4]},
        {"slots": [0, 1]},
        {"customers": ["x"]},
        {"eligible": np.arange(8) < 2},
    ):
        with pytest.raises(ValueError, match=r"slots|customers|eligible"):
            kept.decide(states, 0.0, **wrong)
    with pytest.raises(ValueError, match="state"):
        kept.decide(np.array([10**6]), 0.0)
    assert kept.decide(np.zeros(0, dtype=np.int64), 0.0, eligible=some) == []
    kept.commit()
    kept.recover()
    kept.decide(states, 0.0, eligible=~some)
    kept.commit()
    serve_some(kept, 2, rng)
    kept.store.close()
    assert is_equal(open_kept(url, make).agent, kept.agent)


@pytest.mark.parametrize("url", ["values.db", "sqlite://values.db", "sqlite:///", "redis://here"])
def test_a_url_that_cannot_be_read_is_an_error(url):
    with pytest.raises(ValueError, match=r"write sqlite:///values\.db or mongodb://host/database"):
        open_store(url)
