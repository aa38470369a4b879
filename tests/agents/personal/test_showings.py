"""What is remembered of the slates that each customer was shown."""

import numpy as np
import pytest
from selflearn_agents.personal.showings import Showings

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits

DAY = 19_500


def visits_of(customers, days, turns):
    customers, dates = np.array(customers), DAY + np.array(days)
    nothing = np.zeros(len(customers), dtype=np.int64)
    return SeenVisits(nothing, customers, dates, nothing, np.array(turns), nothing, Items.none(len(customers)))


def show(showings, customer, day, turn, slate, ignored):
    """One visit: a slate, and which of its slots were ignored."""
    seen, slates = visits_of([customer], [day], [turn]), np.array([slate])
    responses = np.where(ignored, 0, 2)[None].astype(np.int8)
    showings.remember(seen, slates, responses, showings.recall(seen).tiredness(slates))


def naive(history, day, slots):
    """Tiredness of each product, and boredom, from a list of (day, slate, ignored), written from the text."""

    def tired_of(product, before, now):
        showings = [(d, slate[k]) for d, slate, ignored in before[-4:] for k in range(slots) if ignored[k]]
        return sum(2.0 ** ((d - now) / 30) for d, shown in showings if shown == product)

    bored = 0.0
    for number, (d, slate, ignored) in enumerate(history):
        again = [ignored[k] and tired_of(slate[k], history[:number], d) > 0 for k in range(slots)]
        bored = 0.5 * (bored + np.mean(again))
    return lambda product: tired_of(product, history, day), bored


def test_tiredness_and_boredom_are_those_of_the_text():
    rng, showings, histories = np.random.default_rng(0), Showings(3), {0: [], 5: [], 2: []}
    days = dict.fromkeys(histories, 0)
    for _ in range(60):
        customer = int(rng.choice(list(histories)))
        days[customer] += int(rng.integers(0, 20))
        slate, ignored = rng.permutation(7)[:3], rng.random(3) < 0.7
        show(showings, customer, days[customer], len(histories[customer]), slate, ignored)
        histories[customer].append((days[customer], slate, ignored))
        seen = visits_of([customer], [days[customer] + 3], [len(histories[customer])])
        recalled = showings.recall(seen)
        tired, bored = naive(histories[customer], days[customer] + 3, 3)
        np.testing.assert_allclose(
            recalled.tiredness(np.arange(7)[None])[0], [tired(product) for product in range(7)], rtol=1e-6
        )
        assert recalled.bored[0] == pytest.approx(bored, abs=1e-6)
        assert len(set(recalled.product.tolist())) == recalled.product.size


@pytest.mark.parametrize(
    ("turn", "day"), [(0, 9), (1, 9), (3, 9), (2, 4)], ids=["new", "earlier", "later", "in the past"]
)
def test_another_life_of_the_customer_begins_with_nothing(turn, day):
    showings = Showings(2)
    show(showings, 1, 3, 0, [0, 1], [True, True])
    show(showings, 1, 5, 1, [0, 1], [True, True])
    assert showings.recall(visits_of([1], [9], [2])).product.size == 2
    recalled = showings.recall(visits_of([1], [day], [turn]))
    assert recalled.product.size == 0
    assert recalled.bored[0] == 0
    show(showings, 1, day, turn, [0, 2], [True, False])
    after = showings.recall(visits_of([1], [day], [turn + 1]))
    assert after.product.tolist() == [0]
    assert after.bored[0] == 0


def test_nothing_is_remembered_of_those_who_are_not_known():
    showings = Showings(2)
    show(showings, -1, 3, 0, [0, 1], [True, True])
    assert not len(showings.ignored)
    assert showings.recall(visits_of([-1], [4], [1])).product.size == 0
