"""What the records of visits say of their customers, as loops over visits; `Household` describes their arrays."""

from __future__ import annotations

import math

import numpy as np

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

        number, total = -1, 0.0  # visits of the record before, sum of n f^0.5 now
        expected, seen = OPPORTUNITIES, OPPORTUNITIES * cap  # repeats, if the cap were 1, and those seen
        before, today = 0, -1
        for i in range(first, end):
            if day[i] != today:
                number, today, before = number + 1, day[i], i - first
            if number > 0:
                remembered = before / activity
                expected += remembered / (remembered + kappa)
                seen += 1.0 * (last[product[i]] >= 0)
            total += np.float64(season[month[v], product[i]]) * keep[date[v] - day[i]]
            last[product[i]] = number
        for i in range(first, end):
            last[product[i]] = -1
        own_activity = (weight * activity + end - first) / (weight + number + 1)
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
    """(B, n) each: what a person buys of the products beside the record over a usual one, and what it buys again."""
    ratio, own = np.empty(slates.shape), np.zeros(slates.shape)
    remembered = np.full(season.shape[1], -1.0)
    for v in range(len(slates)):
        for slot in range(slates.shape[1]):
            remembered[slates[v, slot]] = 0.0
        for i in range(start[v], start[v + 1]):
            if remembered[product[i]] >= 0:
                remembered[product[i]] += np.float64(season[month[v], product[i]]) * keep[date[v] - day[i]]
        for slot in range(slates.shape[1]):
            p = slates[v, slot]
            ratio[v, slot] = beside[v] * taste_of(factors[p], theta[v])
            own[v, slot] = again[v] * remembered[p]
        for slot in range(slates.shape[1]):
            remembered[slates[v, slot]] = -1.0
    return ratio, own


@Loop
def foresee_all(  # type: ignore[no-untyped-def]
    start, product, day, date, month, theta, beside, again, factors, season, keep, trust, means
):
    """(B, P) what each person is believed to buy of all products, in purchases per visit."""
    found = np.empty((len(date), len(factors)))
    for v in range(len(date)):
        for p in range(len(factors)):
            ratio = 1.0 + trust[0] * (beside[v] * taste_of(factors[p], theta[v]) - 1.0)
            found[v, p] = ratio * math.exp(np.float64(means[v, p]))
        for i in range(start[v], start[v + 1]):
            weight = np.float64(season[month[v], product[i]]) * keep[date[v] - day[i]]
            found[v, product[i]] += trust[1] * again[v] * weight
    return found


@Loop
def taste_of(factors, theta):  # type: ignore[no-untyped-def]
    """How much more than usual a person of these weights wants a product of these factors."""
    total = 0.0
    for k in range(len(theta)):
        total += factors[k] * theta[k]
    return total
