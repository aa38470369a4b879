"""What the shop would have seen of the visits of its history, against a loop over the journal."""

import numpy as np
from selflearn_agents.regulars.history_visits import history_visits

from selflearn_env.shop.people.journal import Journal


def test_each_visit_has_those_before_it_as_its_record(tiny_shop):
    journal = Journal.from_population(tiny_shop.customers, tiny_shop.states).by_day()
    states, chosen = np.arange(journal.day.size) % 7, np.array([0, 3, journal.day.size - 1])
    seen = history_visits(journal, states, 19_000, chosen)
    for row, visit in enumerate(chosen.tolist()):
        own = [each for each in range(visit) if journal.customer[each] == journal.customer[visit]]
        assert seen.visits[row] == len(own)
        assert (seen.customer[row], seen.state[row]) == (journal.customer[visit], states[visit])
        assert seen.date[row] == journal.day[visit] + 19_000
        items = [item for item in range(journal.product.size) if journal.item_visit[item] in own]
        record = slice(seen.record.start[row], seen.record.start[row + 1])
        assert seen.record.product[record].tolist() == journal.product[items].tolist()
        assert seen.record.day[record].tolist() == (journal.day[journal.item_visit[items]] + 19_000).tolist()
    assert seen.visits.max() > 3
