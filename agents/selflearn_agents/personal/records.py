"""What the records of visits say, as loops over visits; `Household` and `Baskets` describe their arrays."""

from __future__ import annotations

import math

import numpy as np

from selflearn_env.core.compiling import Loop

NEVER = -(2**62)  # in the place of a day
PASSES = 3  # over a record, to find its topics
CAUTION = 4.0  # purchases that tell as much as one: those of a basket go together, and so do a person's


@Loop
def recognise(  # type: ignore[no-untyped-def]
    customer, start, product, day, date, month, month_of_date, share, season, keep, factors, geometric, alpha, norm,
    level, activity, weight, caps, cap_weight, kappa, topic_trust,
):  # fmt: skip
    """What the records of visits say of their customers.

    Returns:
        (B, K + 1) weights of the factors in the taste, the last of the usual person; (B,) the factor of share * taste
        in what is bought beside the record, above that of a usual person; (B,) the factor of season * keep in what is
        bought again; (N,) the probability that each item of the records was bought beside the record.
    """
    topics, visits = len(alpha), len(date)
    theta, beside, again = np.zeros((visits, topics + 1)), np.ones(visits), np.zeros(visits)
    weights = np.empty(topics)
    fresh = np.ones(len(product))
    held, when = np.zeros(season.shape[1]), np.full(season.shape[1], NEVER)  # of each product, on the day bought last
    likely, usual_cap = np.empty(len(caps)), 0.0
    for c in range(len(caps)):
        usual_cap += cap_weight[c] * caps[c]
    for v in range(visits):
        if customer[v] < 0:
            theta[v, topics] = 1.0
            continue
        first, end = start[v], start[v + 1]
        find_topics(weights, product[first:end], geometric, alpha, PASSES)
        days, today = 0, NEVER
        for i in range(first, end):
            days += 1 * (day[i] != today)
            today = day[i]
        own_activity = (weight * activity + end - first) / (weight + days)

        for c in range(len(caps)):
            likely[c] = cap_weight[c] ** CAUTION
        earlier, now, part, usual, then, today = (
            0.0,
            0.0,
            0.0,
            1.0,
            0,
            NEVER,
        )  # remembered: of earlier days, of this one
        for i in range(first, end):
            p = product[i]
            if day[i] != today:
                earlier = (earlier + now) * kept(keep, day[i] - today) if today > NEVER else 0.0
                part = remembered_part(earlier, own_activity, kappa)
                then = month_on(day[i], month_of_date)
                usual = taste_of(norm[then], weights)
                now, today = 0.0, day[i]
            if earlier > 0.0:
                pull = -part
                if when[p] > NEVER:
                    held[p] *= kept(keep, day[i] - when[p])
                    taste = topic_trust * taste_of(factors[p], weights) / usual + 1.0 - topic_trust
                    base = max(share[then, p] * taste, 1e-300)
                    own = held[p] * np.float64(season[then, p]) / earlier
                    pull += part * own / base
                    fresh[i] = (1.0 - usual_cap * part) / (1.0 + usual_cap * pull)
                total = 0.0
                for c in range(len(caps)):
                    likely[c] *= 1.0 + caps[c] * pull
                    total += likely[c]
                for c in range(len(caps)):
                    likely[c] /= total
            held[p] = held[p] + 1.0 if when[p] > NEVER else 1.0
            when[p] = day[i]
            now += 1.0
        cap, total = 0.0, 0.0
        for c in range(len(caps)):
            tempered = likely[c] ** (1.0 / CAUTION)
            cap += tempered * caps[c]
            total += tempered
        cap /= total

        total = 0.0
        for i in range(first, end):
            total += np.float64(season[month[v], product[i]]) * kept(keep, date[v] - day[i])
            when[product[i]] = NEVER
        part = cap * remembered_part(total, own_activity, kappa)
        usual = taste_of(norm[month[v]], weights)
        for k in range(topics):
            theta[v, k] = topic_trust * weights[k] / usual
        theta[v, topics] = 1.0 - topic_trust
        beside[v] = own_activity / activity * (1.0 - part)
        again[v] = level[month[v]] * own_activity * part / max(total, 1e-300)
    return theta, beside, again, fresh


@Loop
def find_topics(theta, product, geometric, alpha, passes):  # type: ignore[no-untyped-def]
    """Writes the weights (K,) of who bought these products, by mean-field inference in so many passes."""
    topics = len(alpha)
    found = np.empty(topics)
    theta[:] = alpha / alpha.sum()
    for _ in range(passes if topics > 1 and len(product) > 0 else 0):
        found[:] = alpha
        for p in product:
            total = 0.0
            for k in range(topics):
                total += theta[k] * geometric[p, k]
            for k in range(topics):
                found[k] += theta[k] * geometric[p, k] / total
        theta[:] = found / found.sum()


@Loop
def remembered_part(total, activity, kappa):  # type: ignore[no-untyped-def]
    """The part of a visit that would follow the record if the cap were 1, where so many purchases are remembered."""
    return total / (total + kappa * activity)


@Loop
def kept(keep, days):  # type: ignore[no-untyped-def]
    """What is left of a purchase after so many days; all of it before, and after too many as after the most known."""
    return keep[min(max(days, 0), len(keep) - 1)]


@Loop
def month_on(day, month_of_date):  # type: ignore[no-untyped-def]
    """0 for January: the month of a date, that of the first or last known where it is earlier or later."""
    return month_of_date[min(max(day, 0), len(month_of_date) - 1)]


@Loop
def count(  # type: ignore[no-untyped-def]
    customer, start, product, day, slates, theta, fresh, month_of_date, share, factors, geometric, alpha, norm,
    counted, shown, bought, withheld, exposure, trusts, log_likelihood,
):  # fmt: skip
    """Counts what is new in the records, and notes the slates (B, k) shown now.

    Returns:
        How many purchases were counted.
    """
    topics = len(alpha)
    new, weights = 0.0, np.empty(topics)
    for v in range(len(customer)):
        who = customer[v]
        if who < 0:
            continue
        first, end = start[v] + counted[who], start[v + 1]
        if first > end:  # a visit before the last that was counted
            continue
        begin = first
        while begin < end:
            month = month_on(day[begin], month_of_date)
            here, after = 0.0, begin
            while after < end and day[after] == day[begin]:
                if not is_among(product[after], shown[who]):
                    here += fresh[after]
                    bought[month, product[after]] += fresh[after]
                after += 1
            for k in range(topics + 1):
                exposure[month, k] += here * theta[v, k]
            if begin == first and shown[who, 0] >= 0:  # the visit in which these were shown
                for p in shown[who]:
                    if p >= 0:
                        withheld[month, p] += here * share[month, p] * taste_of(factors[p], theta[v])
                find_topics(weights, product[start[v] : begin], geometric, alpha, 1)
                judge_topics(
                    weights, product[begin:after], fresh[begin:after], shown[who], factors, norm[month], trusts,
                    log_likelihood,
                )  # fmt: skip
            new += here
            begin = after
        counted[who] = end - start[v]
        shown[who] = -1
        shown[who, : slates.shape[1]] = slates[v]
    return new


@Loop
def judge_topics(weights, product, fresh, slate, factors, norm, trusts, log_likelihood):  # type: ignore[no-untyped-def]
    """Adds the log-likelihood of each trust in the topics, by a basket's products that were never bought before."""
    likely = np.ones(len(trusts))
    usual = taste_of(norm, weights)
    for i in range(len(product)):
        if fresh[i] == 1.0 and not is_among(product[i], slate):
            more = taste_of(factors[product[i]], weights) / usual - 1.0
            most = 0.0
            for t in range(len(trusts)):
                likely[t] *= 1.0 + trusts[t] * more
                most = max(most, likely[t])
            for t in range(len(trusts)):
                likely[t] = max(likely[t] / most, 1e-300)
    for t in range(len(trusts)):
        log_likelihood[t] += math.log(likely[t])


@Loop
def is_among(product, slate):  # type: ignore[no-untyped-def]
    """Whether a slate shows a product."""
    for shown in slate:  # noqa: SIM110  numba has no generators
        if shown == product:
            return True
    return False


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
                remembered[product[i]] += np.float64(season[month[v], product[i]]) * kept(keep, date[v] - day[i])
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
            weight = np.float64(season[month[v], product[i]]) * kept(keep, date[v] - day[i])
            found[v, product[i]] += trust[1] * again[v] * weight
    return found


@Loop
def taste_of(factors, theta):  # type: ignore[no-untyped-def]
    """How much more than usual a person of these weights wants a product of these factors."""
    total = 0.0
    for k in range(len(theta)):
        total += factors[k] * theta[k]
    return total
