"""The rules of `PersonalAgent` as loops over visits; `Household` and `Model` describe their arrays."""

from __future__ import annotations

import math

import numpy as np

from selflearn_agents.hierarchical.agent import insert
from selflearn_agents.hierarchical.conditioning import SURE
from selflearn_agents.personal.records import taste_of
from selflearn_env.core.compiling import Loop
from selflearn_env.core.rewards import BOUGHT, CLICKED, IGNORED

HALF_LIFE = 30.0  # days after which a showing that was ignored counts half
WIDTH, HIGHEST = 0.5, 5  # of a step of tiredness, and the last step
MOST_TRUST = 3.0  # in what is bought again; in the taste it is 1


@Loop
def decide(  # type: ignore[no-untyped-def]
    states, slates, optimism, added, visit_count, block, place, prior_mean, common_variance, row, owner, first,
    following, mean, variance, rank, order, bound, start, product, day, date, month, theta, beside, again, factors,
    season, keep, trust, customer, ignored, ignored_date, attention,
):  # fmt: skip
    """Fills the slates (B, n) with the products of greatest score.

    Looked at are first those that the customer has bought, then those once shown in the block, then the newcomers in
    an order (M, P) of bounds (M, P): no newcomer scores more than 1 + trust (beside - 1) times its bound.
    """
    remembered, left = np.zeros(len(factors)), np.ones(len(factors))
    scores = np.empty(slates.shape[1])
    for v in range(len(states)):
        state = states[v]
        tire(left, customer[v], date[v], ignored, ignored_date, attention)
        home, here = block[state], place[state]
        bonus = optimism * math.sqrt(math.log1p(1.0 + visit_count[state]))
        for i in range(start[v], start[v + 1]):
            remembered[product[i]] += np.float64(season[month[v], product[i]]) * keep[date[v] - day[i]]
        filled = 0
        scores[:] = -np.inf
        for i in range(start[v], start[v + 1]):  # what was bought before, first: it fills the slate with high scores
            p = product[i]
            if remembered[p] > 0:
                usual = score_of(p, state, home, here, bonus, added, prior_mean, common_variance, row, mean, variance)
                score = usual * (1.0 + trust[0] * (beside[v] * taste_of(factors[p], theta[v]) - 1.0))
                score = left[p] * (score + trust[1] * again[v] * remembered[p])
                remembered[p] = -1.0  # looked at
                if score >= scores[-1]:
                    filled = insert(p, score, slates[v], scores, filled, rank)
        belief = first[home]
        while belief >= 0:
            p = owner[belief, 1]
            if remembered[p] >= 0:
                usual = score_of(p, state, home, here, bonus, added, prior_mean, common_variance, row, mean, variance)
                score = left[p] * usual * (1.0 + trust[0] * (beside[v] * taste_of(factors[p], theta[v]) - 1.0))
                if score >= scores[-1]:
                    filled = insert(p, score, slates[v], scores, filled, rank)
            belief = following[belief]
        most = 1.0 + trust[0] * (beside[v] - 1.0)
        for at in range(len(factors)):
            p = order[home, at]
            if most * np.float64(bound[home, at]) < scores[-1]:
                break
            if remembered[p] < 0 or row[home, p] >= 0:
                continue
            usual = score_of(p, state, home, here, bonus, added, prior_mean, common_variance, row, mean, variance)
            score = left[p] * usual * (1.0 + trust[0] * (beside[v] * taste_of(factors[p], theta[v]) - 1.0))
            if score >= scores[-1]:
                filled = insert(p, score, slates[v], scores, filled, rank)
        for i in range(start[v], start[v + 1]):
            remembered[product[i]] = 0.0
        tire(left, customer[v], date[v], ignored, ignored_date, np.ones(len(attention)))


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
def tiredness(slates, customer, date, ignored, ignored_date):  # type: ignore[no-untyped-def]
    """(B, n) steps of tiredness of the products in slates (B, n)."""
    steps = np.zeros(slates.shape, dtype=np.int64)
    for v in range(len(slates)):
        if customer[v] < 0:
            continue
        for slot in range(slates.shape[1]):
            tired = 0.0
            for slate in range(ignored.shape[1]):
                for place in range(ignored.shape[2]):
                    if ignored[customer[v], slate, place] == slates[v, slot]:
                        tired += math.exp2((ignored_date[customer[v], slate] - date[v]) / HALF_LIFE)
            steps[v, slot] = step_of(tired)
    return steps


@Loop
def weigh(  # type: ignore[no-untyped-def]
    slates, responses, usual, ratio, own, step, scale, look, trust, precision, attention, tally
):
    """Learns from responses how far persons are to be trusted, and counts them at each step of tiredness.

    Trust is conditioned on g and j of the responses as the log-appeal is in `HierarchicalAgent`, with the slopes of the
    log-appeal in its two numbers.
    """
    pull, found = np.zeros(2), np.zeros(2)
    slope = np.empty(2)
    for v in range(len(slates)):
        for slot in range(slates.shape[1]):
            beside = usual[v, slot] * (1.0 + trust[0] * (ratio[v, slot] - 1.0))
            appeal = beside + trust[1] * own[v, slot]
            rested = look[slot]
            seen = rested * attention[step[v, slot]]
            buy = min(scale[0] * appeal * seen, SURE)
            click = min(scale[1] * math.sqrt(appeal) * seen, SURE)
            bought, clicked = 1.0 * (responses[v, slot] == BOUGHT), 1.0 * (responses[v, slot] == CLICKED)
            score = (bought - buy) / (1.0 - buy) + 0.5 * (1.0 - bought) * (clicked - click) / (1.0 - click)
            information = buy / (1.0 - buy) + 0.25 * (1.0 - buy) * click / (1.0 - click)
            slope[0] = usual[v, slot] * (ratio[v, slot] - 1.0) / appeal
            slope[1] = own[v, slot] / appeal
            for which in range(2):
                pull[which] += score * slope[which]
                found[which] += information * slope[which] * slope[which]
            tally[0, step[v, slot]] += bought + 0.5 * clicked
            tally[1, step[v, slot]] += (buy + 0.5 * (1.0 - buy) * click) / attention[step[v, slot]]
    for which in range(2):
        precision[which] += found[which]
        trust[which] += pull[which] / precision[which]
    trust[0] = min(max(trust[0], 0.0), 1.0)
    trust[1] = min(max(trust[1], 0.0), MOST_TRUST)


@Loop
def remember(slates, responses, customer, date, ignored, ignored_date):  # type: ignore[no-untyped-def]
    """Puts slates before those that are remembered."""
    for v in range(len(slates)):
        who = customer[v]
        if who < 0:
            continue
        for slate in range(ignored.shape[1] - 1, 0, -1):
            ignored[who, slate] = ignored[who, slate - 1]
            ignored_date[who, slate] = ignored_date[who, slate - 1]
        ignored_date[who, 0] = date[v]
        for slot in range(slates.shape[1]):
            ignored[who, 0, slot] = slates[v, slot] if responses[v, slot] == IGNORED else -1


@Loop
def step_of(tired):  # type: ignore[no-untyped-def]
    """0 where nothing was ignored, then one more for each half."""
    return min(int(tired / WIDTH) + 1, HIGHEST) if tired > 0.0 else 0


@Loop
def tire(left, customer, date, ignored, ignored_date, attention):  # type: ignore[no-untyped-def]
    """Writes what is left of the attention to each product that the customer ignored of late."""
    if customer < 0:
        return
    slates, places = ignored.shape[1:]
    for slate in range(slates):
        for place in range(places):
            p = ignored[customer, slate, place]
            if p < 0:
                continue
            tired = 0.0
            for other in range(slates):
                for there in range(places):
                    if ignored[customer, other, there] == p:
                        tired += math.exp2((ignored_date[customer, other] - date) / HALF_LIFE)
            left[p] = attention[step_of(tired)]
