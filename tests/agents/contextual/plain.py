"""The features and candidates of `linear_context`, written from its texts, one visit at a time."""

from __future__ import annotations

import math

import numpy as np
from selflearn_agents.contextual.loops import FEATURES


def record_of(seen, visit):
    """(product, days ago) of each item in the record of a visit, and how many visits these are of."""
    items = slice(seen.record.start[visit], seen.record.start[visit + 1])
    days = seen.record.day[items].tolist()
    bought = [(int(p), int(seen.date[visit]) - day) for p, day in zip(seen.record.product[items], days, strict=True)]
    return bought, sum(1 for one, day in enumerate(days) if one == 0 or day != days[one - 1])


def left_of(agent, bought):
    """{product: purchases, faded}."""
    left = {}
    for product, ago in bought:
        left[product] = left.get(product, 0.0) + float(agent.features.household.keep[ago])
    return left


def similar(agent, product):
    """{product: similarity} of those most similar."""
    pairs = zip(agent.features.neighbours[product].tolist(), agent.features.similarity[product].tolist(), strict=True)
    return {other: alike for other, alike in pairs if alike > 0}


def features_of(agent, incidence, seen, visit, product):
    """{feature: value}, but for "taste" and "again", which the persons' model says."""
    bought, visits = record_of(seen, visit)
    left = left_of(agent, bought)
    every, n = sum(left.values()), left.get(product, 0.0)
    people, one = agent.features.household, seen.rows(np.array([visit]))
    ratio, own = people.foresee(one, people.recognise(one), np.array([[product]]))
    usual, ratio, own = float(incidence[seen.state[visit], product]), float(ratio[0, 0]), float(own[0, 0])
    ago = [days for p, days in bought if p == product]
    month = people.month_of_state[seen.state[visit]]
    answered, foreseen = agent.features.answers[month, :, product].tolist()
    return {
        "usual": usual,
        "taste": (ratio - 1) * usual,
        "again": own,
        "either": math.sqrt(ratio * usual + own),
        "bought": float(bool(ago)),
        "often": n / (1 + n),
        "share": n / every if bought else 0.0,
        "visits": len(set(ago)) / visits if bought else 0.0,
        "late": 2.0 ** (-min(ago) / 30) if ago else 0.0,
        "similar": sum(left[q] / every * similar(agent, q).get(product, 0.0) for q in left),
        "known": usual if bought else 0.0,
        "answers": (ratio * usual + own) * (answered - foreseen) / (20 + foreseen),
    }


def row_of(features):
    """(d,) in the order of the agent."""
    return np.array([features[name] for name in FEATURES])


def candidates_of(agent, incidence, seen, visit, listed):
    """The products that a visit may be shown; `listed` of the state and of a topic whose weight is 1."""
    people, one = agent.features.household, seen.rows(np.array([visit]))
    found = {p for p, _ in record_of(seen, visit)[0]}
    found |= {other for p in found for other in similar(agent, p)}
    found |= set(np.argsort(-incidence[seen.state[visit]], kind="stable")[:listed].tolist())
    month = int(people.month_of_state[seen.state[visit]])
    for topic, weight in enumerate(people.recognise(one).theta[0].tolist()):
        leaders = agent.features.topic_leaders[month, topic].tolist()
        found |= set(leaders[: math.ceil(weight * listed)])
    return found
