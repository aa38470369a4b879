"""The rules of `PersonalAgent` as loops over visits; `Household` and `Model` describe their arrays."""

from __future__ import annotations

import math

import numpy as np

from selflearn_agents.hierarchical.agent import insert
from selflearn_env.core.compiling import Loop

PASSES = 3  # over a record, to find its topics
OPPORTUNITIES = 20.0  # purchases that what is usual says of a person's habit


@Loop
def recognise(  # type: ignore[no-untyped-def]
    start, product, day, date, month, season, keep, geometric, alpha, norm, level, activity, weight, cap, kappa,
):  # fmt: skip
    """What the records of visits say of their customers.

    Returns:
        (B, K) weights of the topics; (B,) the factor of share * taste in what is bought beside the record, above that
        of a usual person in the month; (B,) the factor of season * keep in what is bought again.
    """
    topics, visits = len(alpha), len(date)
    theta, beside, again = np.empty((visits, topics)), np.empty(visits), np.empty(visits)
    last = np.full(season.shape[1], -1)  # the visit of the record in which each product was bought last
    found = np.empty(topics)
    total_alpha = alpha.sum()
    for v in range(visits):
        first, end = start[v], start[v + 1]
        for k in range(topics):
            theta[v, k] = alpha[k] / total_alpha
        for _ in range(PASSES if topics > 1 and end > first else 0):
            found[:] = alpha
            for i in range(first, end):
                total = 0.0
                for k in range(topics):
                    total += theta[v, k] * geometric[product[i], k]
                for k in range(topics):
                    found[k] += theta[v, k] * geometric[product[i], k] / total
            theta[v] = found / found.sum()

        number, count, total = -1, 0, 0.0  # visits of the record before, items before, sum of n f^0.5 now
        expected, seen = OPPORTUNITIES, OPPORTUNITIES * cap  # repeats, if the cap were 1, and those seen
        before, today = 0, -1
        for i in range(first, end):
            if day[i] != today:
                number, today, before = number + 1, day[i], i - first
            if number > 0:
                remembered = before / (activity * 1.0)
                expected += remembered / (remembered + kappa)
                seen += 1.0 * (last[product[i]] >= 0)
            total += np.float64(season[month[v], product[i]]) * keep[date[v] - day[i]]
            last[product[i]] = number
            count += 1
        for i in range(first, end):
            last[product[i]] = -1
        own_activity = (weight * activity + count) / (weight + number + 1)
        own_cap = min(seen / expected, 0.98)
        remembered = total / own_activity
        part = own_cap * remembered / (remembered + kappa)
        usual = 0.0
        for k in range(topics):
            usual += norm[month[v], k] * theta[v, k]
        beside[v] = own_activity / activity * (1.0 - part) / usual
        again[v] = level[month[v]] * own_activity * part / max(total, 1e-300)
    return theta, beside, again


@Loop
def foresee(  # type: ignore[no-untyped-def]
    slates, start, product, day, date, month, theta, beside, again, factors, season, keep
):
    """(B, n) each: log of what a person buys of the products beside the record over a usual one, and what again."""
    offset, own = np.empty(slates.shape), np.zeros(slates.shape)
    remembered = np.full(season.shape[1], -1.0)
    for v in range(len(slates)):
        for slot in range(slates.shape[1]):
            remembered[slates[v, slot]] = 0.0
        for i in range(start[v], start[v + 1]):
            if remembered[product[i]] >= 0:
                remembered[product[i]] += np.float64(season[month[v], product[i]]) * keep[date[v] - day[i]]
        for slot in range(slates.shape[1]):
            p = slates[v, slot]
            offset[v, slot] = math.log(beside[v] * taste_of(factors[p], theta[v]))
            own[v, slot] = again[v] * remembered[p]
        for slot in range(slates.shape[1]):
            remembered[slates[v, slot]] = -1.0
    return offset, own


@Loop
def foresee_all(  # type: ignore[no-untyped-def]
    start, product, day, date, month, theta, beside, again, factors, season, keep, means
):
    """(B, P) what each person is believed to buy of all products, in purchases per visit."""
    found = np.empty((len(date), len(factors)))
    for v in range(len(date)):
        for p in range(len(factors)):
            found[v, p] = beside[v] * taste_of(factors[p], theta[v]) * math.exp(np.float64(means[v, p]))
        for i in range(start[v], start[v + 1]):
            weight = np.float64(season[month[v], product[i]]) * keep[date[v] - day[i]]
            found[v, product[i]] += again[v] * weight
    return found


@Loop
def decide(  # type: ignore[no-untyped-def]
    states, slates, optimism, added, visit_count, block, place, prior_mean, common_variance, row, owner, first,
    following, mean, variance, rank, order, bound, start, product, day, date, month, theta, beside, again, factors, season, keep,
):  # fmt: skip
    """Fills the slates (B, n) with the products of greatest score.

    Looked at are first those that the customer has bought, then those once shown in the block, then the newcomers in
    an order (M, P) of bounds (M, P): no newcomer scores more than `beside` times its bound.
    """
    remembered = np.zeros(len(factors))
    scores = np.empty(slates.shape[1])
    for v in range(len(states)):
        state = states[v]
        home, here = block[state], place[state]
        bonus = optimism * math.sqrt(math.log1p(1.0 + visit_count[state]))
        for i in range(start[v], start[v + 1]):
            remembered[product[i]] += np.float64(season[month[v], product[i]]) * keep[date[v] - day[i]]
        filled = 0
        scores[:] = -np.inf
        for i in range(start[v], start[v + 1]):  # what was bought before, first: it fills the slate with high scores
            p = product[i]
            if remembered[p] > 0:
                score = (
                    score_of(p, state, home, here, bonus, added, prior_mean, common_variance, row, mean, variance)
                    * beside[v]
                    * taste_of(factors[p], theta[v])
                    + again[v] * remembered[p]
                )
                remembered[p] = -1.0  # looked at
                if score >= scores[-1]:
                    filled = insert(p, score, slates[v], scores, filled, rank)
        belief = first[home]
        while belief >= 0:
            p = owner[belief, 1]
            if remembered[p] >= 0:
                score = (
                    beside[v]
                    * taste_of(factors[p], theta[v])
                    * score_of(p, state, home, here, bonus, added, prior_mean, common_variance, row, mean, variance)
                )
                if score >= scores[-1]:
                    filled = insert(p, score, slates[v], scores, filled, rank)
            belief = following[belief]
        for at in range(len(factors)):
            p = order[home, at]
            if beside[v] * np.float64(bound[home, at]) < scores[-1]:
                break
            if remembered[p] < 0 or row[home, p] >= 0:
                continue
            score = (
                beside[v]
                * taste_of(factors[p], theta[v])
                * score_of(p, state, home, here, bonus, added, prior_mean, common_variance, row, mean, variance)
            )
            if score >= scores[-1]:
                filled = insert(p, score, slates[v], scores, filled, rank)
        for i in range(start[v], start[v + 1]):
            remembered[product[i]] = 0.0


@Loop
def score_of(  # type: ignore[no-untyped-def]
    p, state, home, here, bonus, added, prior_mean, common_variance, row, mean, variance
):
    """What a usual person buys of a product in a state, with a bonus for what is not known of it."""
    belief = row[home, p]
    if belief >= 0:
        u, spread = np.float64(mean[belief, here]), np.float64(variance[belief, here])
    else:
        u, spread = np.float64(prior_mean[state, p]), np.float64(common_variance[home, p]) + added
    return math.exp(min(u + bonus * math.sqrt(spread), 0.0))


@Loop
def taste_of(factors, theta):  # type: ignore[no-untyped-def]
    """How much more than usual a person of these weights wants a product of these factors."""
    total = 0.0
    for k in range(len(theta)):
        total += factors[k] * theta[k]
    return total
