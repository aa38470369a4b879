"""The rules of `PersonalAgent` as loops over visits; `Household`, `Showings` and `Model` describe their arrays."""

from __future__ import annotations

import math

import numpy as np

from selflearn_agents.eligible import may_show
from selflearn_agents.hierarchical.agent import insert
from selflearn_agents.hierarchical.conditioning import SURE
from selflearn_agents.personal.records import kept, taste_of
from selflearn_env.core.compiling import Loop

HALVINGS = 24  # in search of an appeal
RECORD, FROM_RISEN, LISTS, ALL = range(4)  # where `decide` takes the next product from


@Loop
def decide(  # type: ignore[no-untyped-def]
    states, slates, optimism, added, visit_count, block, place, prior_mean, common_variance, row, mean, variance, rank,
    order, bound, ceiling, risen, risen_count, new_person, start, product, day, date, month, theta, beside, again,
    factors, season, keep, tired_start, tired_product, tired, bored, strength, half_lives, price, worth, scale,
    eligible,
):  # fmt: skip
    """Fills the slates (B, n) with the products of greatest score.

    Looked at are first those that the customer has bought, then those that have risen, then the lists of `Leaders`,
    each time the one that may hold most, until no other product can score as much as the last of the slate; if need be,
    all. The last list is that of a new person: as much of the taste as this one has in common with it is one weight.
    What may not be shown is passed over, and so does not raise the score of the last of the slate.

    Args, beside those that are described elsewhere:
        tired_start, tired_product, tired, bored: what is remembered of the customers, see `Recalled`.
        strength, half_lives: see `Effects`.
        price: of showing once more what was ignored before, in rewards, if it is ignored again.
        worth: (2,) rewards of a purchase and of a click above that of neither.
        scale: (2,) x and y.
    """
    products, topics = factors.shape
    lists, listed = order.shape[1:]
    remembered, lately = np.zeros(products), np.zeros(products, dtype=np.int64)
    left, ignored = np.ones(products), np.zeros(products, dtype=np.bool_)
    looked_at = np.full(products, -1)  # the visit for which each was looked at
    scores, weight, most = np.empty(slates.shape[1]), np.empty(lists), np.empty(lists)
    read = np.empty(lists, dtype=np.int64)  # how far in each list
    for v in range(len(states)):
        state = states[v]
        home, here = block[state], place[state]
        bonus = optimism * math.sqrt(math.log1p(1.0 + visit_count[state]))
        for i in range(tired_start[v], tired_start[v + 1]):
            left[tired_product[i]] = math.exp(strength[2] * tired[i])
            ignored[tired_product[i]] = True
        mood = math.exp(strength[5] * bored[v])
        for i in range(start[v], start[v + 1]):
            remembered[product[i]] += np.float64(season[month[v], product[i]]) * kept(keep, date[v] - day[i])
            lately[product[i]] = day[i]
        common = np.inf
        for k in range(topics - 1):
            common = min(common, theta[v, k] / new_person[k])
        for k in range(topics - 1):
            weight[k] = strength[0] * beside[v] * max(theta[v, k] - common * new_person[k], 0.0)
        weight[topics - 1] = strength[0] * beside[v] * theta[v, topics - 1] + 1.0 - strength[0]
        weight[topics] = strength[0] * beside[v] * common
        others = 0.0
        for k in range(lists):
            read[k], most[k] = 0, weight[k] * np.float64(bound[home, k, 0])
            others += most[k]
        filled, source, at = 0, RECORD, start[v]
        scores[:] = -np.inf
        while True:
            if source == RECORD:
                if at == start[v + 1]:
                    source, at = FROM_RISEN, 0
                    continue
                p = product[at]
                at += 1
            elif source == FROM_RISEN:
                if at == risen_count[home]:
                    source = LISTS
                    continue
                p = risen[home, at]
                at += 1
            elif source == LISTS:
                if others < scores[-1]:
                    break
                k = 0
                for other in range(1, lists):
                    k = other if most[other] > most[k] else k
                if read[k] == listed:
                    source, at = ALL, 0
                    continue
                p = order[home, k, read[k]]
                read[k] += 1
                if read[k] < listed:
                    others -= most[k]
                    most[k] = weight[k] * np.float64(bound[home, k, read[k]])
                    others += most[k]
            else:
                if at == products:
                    break
                p = at
                at += 1
            if looked_at[p] == v:
                continue
            looked_at[p] = v
            if not may_show(eligible, v, p):
                continue
            ratio = 1.0 + strength[0] * (beside[v] * taste_of(factors[p], theta[v]) - 1.0)
            if remembered[p] == 0.0 and ratio * np.float64(ceiling[home, p]) < scores[-1]:
                continue
            score = score_of(p, state, home, here, bonus, added, prior_mean, common_variance, row, mean, variance)
            score *= ratio
            if remembered[p] > 0.0:
                score += strength[1] * again[v] * remembered[p]
                score *= sated(np.float64(date[v] - lately[p]), strength, half_lives)
            score *= left[p]
            if score >= scores[-1] and ignored[p]:
                score = appeal_after(score, price, worth, scale, mood)
            if score >= scores[-1]:
                filled = insert(p, score, slates[v], scores, filled, rank)
        for i in range(start[v], start[v + 1]):
            remembered[product[i]] = 0.0
        for i in range(tired_start[v], tired_start[v + 1]):
            left[tired_product[i]] = 1.0
            ignored[tired_product[i]] = False


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
def appeal_after(appeal, price, worth, scale, mood):  # type: ignore[no-untyped-def]
    """The appeal at which a product is worth as much as one of this appeal is after a price for being ignored.

    A product of appeal a is worth b B + (1 - b) c C in this visit, with b = x a, c = y sqrt(a) and B, C the rewards
    above that of neither; after the price, (1 - b) (1 - c) times the price less.
    """
    if price <= 0.0:
        return appeal
    high = math.sqrt(appeal * mood)
    buy, click = min(scale[0] * high * high, SURE), min(scale[1] * high, SURE)
    due = worth_of(buy, click, worth) - price * (1.0 - buy) * (1.0 - click)
    if due <= 0.0:
        return due
    low = 0.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if worth_of(min(scale[0] * middle * middle, SURE), min(scale[1] * middle, SURE), worth) < due:
            low = middle
        else:
            high = middle
    return high * high / mood


@Loop
def worth_of(buy, click, worth):  # type: ignore[no-untyped-def]
    """Expected reward above that of neither, at these probabilities of a purchase, and otherwise of a click."""
    return buy * worth[0] + (1.0 - buy) * click * worth[1]


@Loop
def attend(  # type: ignore[no-untyped-def]
    values, start, product, day, date, tired_start, tired_product, tired, bored, strength, half_lives
):
    """Multiplies values (B, P) by what is left of the attention to each product."""
    looked_at = np.zeros(values.shape[1], dtype=np.bool_)
    for v in range(len(values)):
        values[v] *= math.exp(strength[5] * bored[v])
        for i in range(tired_start[v], tired_start[v + 1]):
            values[v, tired_product[i]] *= math.exp(strength[2] * tired[i])
        for i in range(start[v + 1] - 1, start[v] - 1, -1):  # the last purchase of each
            if not looked_at[product[i]]:
                looked_at[product[i]] = True
                values[v, product[i]] *= sated(np.float64(date[v] - day[i]), strength, half_lives)
        for i in range(start[v], start[v + 1]):
            looked_at[product[i]] = False


@Loop
def sated(days, strength, half_lives):  # type: ignore[no-untyped-def]
    """What so many days since the last purchase of a product leave of the attention to it."""
    days = max(days, 0.0)
    return math.exp(strength[3] * math.exp2(-days / half_lives[0]) + strength[4] * math.exp2(-days / half_lives[1]))
