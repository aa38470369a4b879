"""The rules of the model as loops over visits, slots and places; its arrays are described in `Model`."""

from __future__ import annotations

import math

import numpy as np

from selflearn_env.core.compiling import Loop
from selflearn_env.core.rewards import BOUGHT, CLICKED

SURE = 0.95  # greatest probability of a response that is foreseen: a surprise stays finite


@Loop
def begin_rows(states, slates, block, row, rows):  # type: ignore[no-untyped-def]
    """Numbers the products that are shown in their blocks for the first time, from `rows` on.

    Returns:
        (N, 2) block and product of each.
    """
    owners = np.empty((slates.size, 2), dtype=np.int64)
    new = 0
    for visit in range(len(states)):
        home = block[states[visit]]
        for product in slates[visit]:
            if row[home, product] < 0:
                row[home, product] = rows + new
                owners[new, 0], owners[new, 1] = home, product
                new += 1
    return owners[:new]


@Loop
def condition(  # type: ignore[no-untyped-def]
    mean, variance, covariance, place, precision, precision_mean, column, change
):
    """Conditions a normal vector (Q,) on an observation of one place, by the Kalman filter's update.

    Args:
        mean: (Q,) of the vector, changed in place, as the next two are.
        variance: (Q,) of the vector.
        covariance: (Q // 2, Q) of the vector, by circular diagonals.
        place: which one was observed.
        precision: 1 / variance of the observation's error.
        precision_mean: the precision times what was observed.
        column: (2 Q,) float32, room for the column of the covariance, twice: so each line below it is one piece.
        change: (Q,) float32, room.
    """
    places = len(mean)
    take_column(variance, covariance, place, column)
    spread = 1.0 + precision * np.float64(variance[place])
    gain = (precision_mean - precision * np.float64(mean[place])) / spread
    loss = precision / spread
    for one in range(places):
        shared = np.float64(column[one])
        column[places + one] = column[one]
        change[one] = loss * shared
        mean[one] = np.float64(mean[one]) + gain * shared
        variance[one] = np.float64(variance[one]) - loss * shared * shared
    for gap in range(1, len(covariance) + 1):
        line, turned = covariance[gap - 1], column[gap : gap + places]
        for one in range(places):
            line[one] -= change[one] * turned[one]  # all three float32: half the time of float64


@Loop
def take_column(variance, covariance, place, column):  # type: ignore[no-untyped-def]
    """Writes the covariance of a place with every place into the column."""
    places = len(variance)
    column[place] = variance[place]
    for gap in range(1, len(covariance) + 1):
        before, after = place - gap, place + gap
        before += places if before < 0 else 0
        after -= places if after >= places else 0
        column[before], column[after] = covariance[gap - 1, before], covariance[gap - 1, place]


@Loop
def observe(  # type: ignore[no-untyped-def]
    states, slates, responses, offset, own, attention, block, place, row, mean, variance, covariance, precision,
    precision_mean, tally, visit_count, owner, moved, walked, odds,
):  # fmt: skip
    """Learns from the responses to some slates, all as they look before any of them is learned."""
    observed, sums = observations(
        states, slates, responses, offset, own, attention, block, place, row, mean, tally, moved
    )
    places = mean.shape[1]
    column, change = np.empty(2 * places, dtype=np.float32), np.empty(places, dtype=np.float32)
    for number in range(len(observed)):
        belief, product = observed[number], owner[observed[number], 1]
        told, told_mean = 0.0, 0.0  # of d by all states
        for here in range(places):
            much, much_mean = sums[number, here, 0], sums[number, here, 1]
            if much > 0.0:
                clear = much / (1.0 + much * np.float64(variance[belief, here]))
                told += clear
                told_mean += clear * (much_mean / much - np.float64(mean[belief, here]))
                blurred = 1.0 + much * moved[product, 1]
                much, much_mean = much / blurred, (much_mean - much * moved[product, 0]) / blurred
                condition(mean[belief], variance[belief], covariance[belief], here, much, much_mean, column, change)
                precision[belief, here] = np.float64(precision[belief, here]) + much
                precision_mean[belief, here] = np.float64(precision_mean[belief, here]) + much_mean
        if told > 0.0 and len(odds):
            weigh_walks(told, told_mean, walked[product], odds)
            mix_walks(walked[product], odds, moved[product])
    for visit in range(len(states)):
        visit_count[states[visit]] += 1


@Loop
def weigh_walks(precision, precision_mean, walked, odds):  # type: ignore[no-untyped-def]
    """Conditions the deviation (K, 2) of a product by each walk on an observation, and adds to the evidence."""
    for walk in range(len(odds)):
        mean, variance = walked[walk]
        spread, miss = 1.0 + precision * variance, precision_mean - precision * mean
        odds[walk, 0] += 0.5 * ((precision_mean * precision_mean - miss * miss / spread) / precision - math.log(spread))
        walked[walk, 0] += variance * miss / spread
        walked[walk, 1] /= spread


@Loop
def mix_walks(walked, odds, moved):  # type: ignore[no-untyped-def]
    """Writes mean and variance of a product's deviation, given those by each walk (K, 2)."""
    mean, square = 0.0, 0.0
    for walk in range(len(odds)):
        mean += odds[walk, 1] * walked[walk, 0]
        square += odds[walk, 1] * (walked[walk, 1] + walked[walk, 0] * walked[walk, 0])
    moved[0], moved[1] = mean, square - mean * mean


@Loop
def observations(  # type: ignore[no-untyped-def]
    states, slates, responses, offset, own, attention, block, place, row, mean, tally, moved
):
    """Responses as normal observations of u at u + g / j with precision j; counts them in the tally.

    Here u is the log-appeal as it has moved. A product appeals with exp(u + offset) + own; of its slope in log-appeal,
    u has the share of the first. Attention is a factor of both probabilities.

    Returns:
        (N,) the rows of the products shown, and (N, Q, 2) the sums of their j, and of j u + g, in each place.
    """
    scale, look = tally[0, :2] / tally[1, :2], tally[0, 2:] / tally[1, 2:]  # x and y, e_k
    most = min(slates.size, len(mean))
    observed, sums = np.empty(most, dtype=np.int64), np.zeros((most, mean.shape[1], 2))
    number = np.full(len(mean), -1)  # where each row stands among those observed
    count = 0
    for visit in range(len(states)):
        home, here = block[states[visit]], place[states[visit]]
        for slot in range(slates.shape[1]):
            product = slates[visit, slot]
            if shown_above(product, slates[visit], slot):
                continue
            belief = row[home, product]
            if number[belief] < 0:
                number[belief], observed[count] = count, belief
                count += 1
            u = np.float64(mean[belief, here]) + moved[product, 0]
            bought, clicked = 1.0 * (responses[visit, slot] == BOUGHT), 1.0 * (responses[visit, slot] == CLICKED)
            usual = math.exp(u + offset[visit, slot])
            appeal = usual + own[visit, slot]
            share = usual / appeal
            seen = look[slot] * attention[visit, slot]
            buy = min(scale[0] * appeal * seen, SURE)
            click = min(scale[1] * math.sqrt(appeal) * seen, SURE)  # if not bought
            score = (bought - buy) / (1.0 - buy) + 0.5 * (1.0 - bought) * (clicked - click) / (1.0 - click)
            information = buy / (1.0 - buy) + 0.25 * (1.0 - buy) * click / (1.0 - click)
            information *= share * share
            sums[number[belief], here, 0] += information
            sums[number[belief], here, 1] += information * u + score * share
            click *= 1.0 - buy
            tally[0, 0] += bought
            tally[1, 0] += buy / scale[0]
            tally[0, 1] += clicked
            tally[1, 1] += click / scale[1]
            tally[0, 2 + slot] += bought + 0.5 * clicked
            tally[1, 2 + slot] += (buy + 0.5 * click) / look[slot]
    return observed[:count], sums[:count]


@Loop
def shown_above(product, slate, slot):  # type: ignore[no-untyped-def]
    """Whether a slot above shows the product already."""
    for above in range(slot):  # noqa: SIM110  numba has no generators
        if slate[above] == product:
            return True
    return False


@Loop
def condition_anew(  # type: ignore[no-untyped-def]
    rows, owner, members, prior_mean, common_variance, added, precision, precision_mean, mean, variance,
    covariance,
):  # fmt: skip
    """Sets some rows to the prior, conditioned on all that was observed of them."""
    places = mean.shape[1]
    column, change = np.empty(2 * places, dtype=np.float32), np.empty(places, dtype=np.float32)
    for belief in rows:
        block, product = owner[belief, 0], owner[belief, 1]
        common = np.float64(common_variance[block, product])
        for one in range(places):
            mean[belief, one] = prior_mean[members[block, one], product]
            variance[belief, one] = added[0, one] + common
        for gap in range(1, len(added)):
            for one in range(places):
                covariance[belief, gap - 1, one] = added[gap, one] + common
        for here in range(places):
            much, much_mean = np.float64(precision[belief, here]), np.float64(precision_mean[belief, here])
            if much > 0.0:
                condition(mean[belief], variance[belief], covariance[belief], here, much, much_mean, column, change)


@Loop
def pull_squares(rows, precision, precision_mean, mean, variance, covariance):  # type: ignore[no-untyped-def]
    """(Q, Q) sum over some rows of a a', and of what that is expected to be, V^-1; see `Model.refit`."""
    places = mean.shape[1]
    squares, expected = np.zeros((places, places)), np.zeros((places, places))
    much, pull, column = np.empty(places), np.empty(places), np.empty(places)
    for belief in rows:
        for one in range(places):
            much[one] = np.float64(precision[belief, one])
            pull[one] = np.float64(precision_mean[belief, one]) - much[one] * np.float64(mean[belief, one])
        for one in range(places):
            take_column(variance[belief], covariance[belief], one, column)
            expected[one, one] += much[one]
            for other in range(places):
                squares[one, other] += pull[one] * pull[other]
                expected[one, other] -= much[one] * much[other] * column[other]
    return squares, expected
