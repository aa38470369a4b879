"""The best products for a customer with a record, without looking at all those that it never bought."""

from __future__ import annotations

import math

import numpy as np

from selflearn_agents.eligible import may_show
from selflearn_env.core.compiling import Loop

# What the loops share:
#   start (B + 1,), product, day: the records of the visits, and date (B,) their days; fading: of a purchase, per day.
#   neighbours, similarity (P, K): of each product, the most similar first; weight: of what they say. K may be 0.
#   incidence (G, P): of groups of states, and group (B,): that of each visit.
#   own, score (P,): zeros, before a visit and after it, so that only products of the record and their neighbours cost.


@Loop
def decide(  # type: ignore[no-untyped-def]
    start, product, day, date, fading, neighbours, similarity, weight, group, incidence, best, rank, own, score,
    eligible, slates,
):  # fmt: skip
    """Fills the slates (B, n) with the products of greatest score + incidence; of equal ones the least rank (P,) leads.

    Of the products without a score only those n of greatest incidence, `best` (G, n), can be in a slate: they have at
    least their incidence, and all others have less, or a greater rank. Where some of these may not be shown, the others
    are looked at, too.
    """
    known, values = np.empty(len(rank), dtype=np.int64), np.empty(slates.shape[1])
    for visit in range(len(slates)):
        slate, row, filled = slates[visit], incidence[group[visit]], 0
        count = sum_up(visit, start, product, day, date, fading, neighbours, similarity, weight, own, score, known)
        for at in range(count):
            candidate = known[at]
            if may_show(eligible, visit, candidate):
                filled = insert(candidate, score[candidate] + row[candidate], slate, values, filled, rank)
        for at in range(best.shape[1]):
            candidate = best[group[visit], at]
            if score[candidate] == 0.0 and may_show(eligible, visit, candidate):
                filled = insert(candidate, row[candidate], slate, values, filled, rank)
        last = best[group[visit], -1]
        if len(eligible) > 0 and (filled < len(slate) or values[-1] <= row[last]):
            for candidate in range(len(rank)):
                is_less = row[candidate] < row[last] or (row[candidate] == row[last] and rank[candidate] > rank[last])
                if is_less and score[candidate] == 0.0 and eligible[visit, candidate]:
                    filled = insert(candidate, row[candidate], slate, values, filled, rank)
        for at in range(count):
            score[known[at]] = 0.0


@Loop
def write_values(  # type: ignore[no-untyped-def]
    start, product, day, date, fading, neighbours, similarity, weight, group, incidence, own, score, values
):  # fmt: skip
    """Fills the values (B, P) with score + incidence."""
    known = np.empty(values.shape[1], dtype=np.int64)
    for visit in range(len(values)):
        values[visit] = incidence[group[visit]]
        count = sum_up(visit, start, product, day, date, fading, neighbours, similarity, weight, own, score, known)
        for at in range(count):
            values[visit, known[at]] = score[known[at]] + values[visit, known[at]]
            score[known[at]] = 0.0


@Loop
def sum_up(  # type: ignore[no-untyped-def]
    visit, start, product, day, date, fading, neighbours, similarity, weight, own, score, known
):  # fmt: skip
    """Adds up the score of a visit's products, and lists those that have one in `known`; returns how many these are.

    Of a product in the record it is what is left of its purchases; then weight times the mean similarity to these.
    """
    count, total = 0, 0.0
    for item in range(start[visit], start[visit + 1]):
        amount = math.exp(-fading * (date[visit] - day[item]))
        if amount > 0.0:  # nothing is left of what was bought ages ago
            bought = product[item]
            if own[bought] == 0.0:
                known[count] = bought
                count += 1
            own[bought] += amount
            total += amount
    bought_before = count
    for at in range(bought_before):
        score[known[at]] = own[known[at]]
    for at in range(bought_before):
        bought = known[at]
        share = weight * own[bought] / total
        for place in range(neighbours.shape[1]):
            amount = share * np.float64(similarity[bought, place])
            if amount == 0.0:  # nor have those after it any
                break
            other = neighbours[bought, place]
            if score[other] == 0.0:
                known[count] = other
                count += 1
            score[other] += amount
        own[bought] = 0.0
    return count


@Loop
def insert(product, value, best, values, filled, rank):  # type: ignore[no-untyped-def]
    """Puts a product among the best so far, best first, if it belongs there; returns how many there are now."""
    at = filled
    while at > 0 and (value > values[at - 1] or (value == values[at - 1] and rank[product] < rank[best[at - 1]])):
        at -= 1
    if at == len(best):
        return filled
    filled = min(filled + 1, len(best))
    for later in range(filled - 1, at, -1):
        best[later], values[later] = best[later - 1], values[later - 1]
    best[at], values[at] = product, value
    return filled
