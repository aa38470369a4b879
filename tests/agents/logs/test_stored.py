"""The visits of a store as a log, against what was decided and told."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.logs import read_store
from selflearn_agents.store import KeptAgent, Told, open_store
from selflearn_agents.store.names import names_of

from selflearn_env import Rewards

STATES = np.array([4, 7, 5])
N, P = 3, 8


@pytest.fixture
def kept(tiny_shop, tmp_path):
    def build(name="epsilon_greedy", **more):
        identity = {"agent": name, **more}
        make = lambda: make_agent(name, history=tiny_shop.history, slate_size=N, seed=0)  # noqa: E731
        store = open_store(f"sqlite:///{tmp_path / 'values.db'}")
        opened.append(store)
        return KeptAgent(store, identity, make, [type(make())])

    opened = []
    yield build
    for store in opened:
        store.close()


def tell(kept, visits, response):
    kept.commit()
    kept.tell([Told(visit.number, response(visit)) for visit in visits], 1.0)
    kept.commit()


def test_what_was_shown_and_what_came_of_it(kept):
    """The agent learns between calls: propensities are those of when a visit was served. Others may write meanwhile."""
    kept, rng, known = kept(), np.random.default_rng(3), {}
    for _ in range(20):
        visits = kept.decide(STATES, 0.0)
        known.update((visit.number, kept.agent.propensity([visit.state], visit.products[None])[0]) for visit in visits)
        told = {visit.number: rng.integers(N, size=N).tolist() for visit in visits}
        tell(kept, visits[::-1], lambda visit, told=told: told[visit.number])
        known.update((number, (known[number], told[number])) for number in told)
    with closing(open_store(kept.store.url, read_only=True)) as store:
        found = read_store(store, Rewards(buy=7.0))
    log = found.log
    assert found[1:] == (0, 0, 0)
    assert log.agent == "epsilon_greedy"
    assert log.state.tolist() == STATES.tolist() * 20
    assert log.over.all()
    recorded = kept.store.visits(range(1, 61))
    for row, number in enumerate(range(1, 61)):
        propensity, responses = known[number]
        np.testing.assert_array_equal(log.slate[row], recorded[number].products)
        np.testing.assert_array_equal(log.propensity[row], propensity)
        assert log.response[row].tolist() == responses
        assert log.item_reward[row].tolist() == [{0: -2.0, 1: 1.0, 2: 7.0}[each] for each in responses]


def test_customers_are_episodes_and_nobody_is_one_alone(kept):
    kept = kept()
    for names in (["Ann", None, "Bob"], [None, "Ann", "Ann"]):
        tell(kept, kept.decide(STATES, 0.0, customers=names), lambda _: [0, 1, 2])
    log = read_store(kept.store).log
    assert log.state.tolist() == [4, 7, 5, 7, 5, 4]  # of Ann, nobody, Bob, nobody
    assert log.episode.tolist() == [0, 0, 0, 1, 2, 3]


@pytest.mark.parametrize("named", [True, False])
def test_what_is_left_out_is_counted(named, kept, tiny_shop):
    kept = kept(**({"names": names_of(tiny_shop)} if named else {}))
    tell(kept, kept.decide(STATES, 0.0, slots=[3, 3, 2]), lambda visit: [0] * len(visit.products))
    kept.decide(STATES[:1], 0.0)
    some = np.ones((2, P), dtype=bool)
    some[1, 0] = False
    masked = kept.decide(STATES[:2], 0.0, eligible=some)
    tell(kept, masked, lambda _: [1, 2, 0])
    found = read_store(kept.store)
    assert found.open == 1
    assert found.restricted == (1 if named else 2)
    assert found.other_sizes == 1
    assert found.log.state.tolist() == ([4, 7, 4] if named else [4, 7])


def test_an_agent_that_does_not_know_its_probabilities(kept):
    kept = kept("thompson")
    tell(kept, kept.decide(STATES, 0.0), lambda _: [0, 1, 2])
    assert read_store(kept.store).log.propensity is None


def test_nothing_to_make_a_log_of(kept):
    kept = kept()
    kept.decide(STATES, 0.0)
    kept.commit()
    with pytest.raises(ValueError, match="no visits for a log: of 3 3 are open, and in 0 not every product could be"):
        read_store(kept.store)
