"""An agent that serves simulated customers does bit for bit what it does in their environment."""

from __future__ import annotations

import pytest
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.evaluation import World, evaluate
from selflearn_agents.service.desk import Desk
from selflearn_agents.service.limits import Limits
from selflearn_agents.service.messages import FeedbackItem, VisitRequest
from selflearn_agents.service.simulated_shop import simulate
from selflearn_agents.store import open_store
from selflearn_agents.store.kept import KeptAgent


class AtTheDesk:
    """A client without a wire."""

    def __init__(self, desk):
        self.desk = desk

    def decide(self, visits):
        return self._done(self.desk.decide([VisitRequest(**visit) for visit in visits]))

    def tell(self, feedback):
        return self._done(self.desk.feedback([FeedbackItem(**each) for each in feedback]))

    def _done(self, answer):
        self.desk.kept.commit()
        return answer


@pytest.mark.parametrize(("name", "env_id"), [("hierarchical", "Retail"), ("personal", "RetailPeople")])
def test_what_is_served_is_what_is_evaluated(regulars_shop, tmp_path, name, env_id):
    """The personal agent sees who comes, when, and what each has bought: in the log, of slates, and besides."""
    env_id, options = f"selflearn/{env_id}-v0", {"shop": regulars_shop, "slate_size": 5}

    def make():
        return make_agent(name, history=regulars_shop.history, slate_size=5, seed=0)

    store = open_store(f"sqlite:///{tmp_path / 'values.db'}")
    kept = KeptAgent(store, {"shop": regulars_shop.digest}, make, list(AGENTS.values()))
    client = AtTheDesk(Desk(name, regulars_shop, kept, Limits()))
    served = simulate(client, World("a world", env_id, 90, options), 4, seed=1, progress=False)
    store.close()
    result = evaluate(make(), env_id, 90, 4, 1, progress=False, **options)
    assert served.reward == pytest.approx(result.mean("reward"), abs=1e-12)
    assert served.regret == pytest.approx(result.mean("regret"), abs=1e-12)
    assert kept.visits == kept.learned == 90
