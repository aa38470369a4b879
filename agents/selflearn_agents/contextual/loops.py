"""The rules of `LinearContextAgent` as loops over visits and products; `Features` has the formulas."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.eligible import may_show
from selflearn_agents.hierarchical.agent import insert
from selflearn_agents.hierarchical.conditioning import shown_above
from selflearn_agents.personal.records import NEVER, kept, taste_of
from selflearn_env.core.compiling import Loop

FEATURES = (
    "usual", "taste", "again", "either", "bought", "often", "share", "visits", "late", "similar", "known", "answers",
)  # fmt: skip
USUAL, TASTE, AGAIN, EITHER, BOUGHT, OFTEN, SHARE, VISITS, LATE, SIMILAR, KNOWN, ANSWERS = range(len(FEATURES))
REMEMBERED, LEFT, TIMES, LAST, ALIKE = range(5)  # what is noted of the products of a record, and of those like them
LATE_HALF_LIFE = 30.0  # days after which "late" is a half
LEAST, SURE = 1e-3, 0.9  # rewards foreseen, scaled, below and above which the noise is what it is there
TINY = 1e-300
WORTH = 20.0  # purchases, foreseen, after which half of what the answers say is believed


class Tables(NamedTuple):
    """What is known of states and products."""

    group: NDArray[np.int64]  # (S,) of states that the history's pooling tells apart
    incidence: NDArray[np.float32]  # (G, P) purchases per visit
    leaders: NDArray[np.int32]  # (G, L) products of greatest incidence
    topic_leaders: NDArray[np.int32]  # (12, K, L) products that a topic buys most in a month
    neighbours: NDArray[np.int32]  # (P, N) similar products, the most similar first
    similarity: NDArray[np.float32]  # (P, N)
    factors: NDArray[np.float64]  # (P, K) as in `Household`, as the next two
    season: NDArray[np.float32]  # (12, P)
    keep: NDArray[np.float64]  # (FAR + 1,)
    answers: NDArray[np.float64]  # (12, 2, P) sums of rewards in each month, scaled: those seen, those foreseen


class Known(NamedTuple):
    """What is known of B visits, their customers included."""

    state: NDArray[np.int64]
    start: NDArray[np.int64]  # (B + 1,) of the record
    product: NDArray[np.int32]
    day: NDArray[np.int64]
    date: NDArray[np.int64]
    month: NDArray[np.int64]
    theta: NDArray[np.float64]  # (B, K) as in `Recognised`, as the next two
    beside: NDArray[np.float64]
    again: NDArray[np.float64]


class Room(NamedTuple):
    """Room for the products that a visit looks at; nothing in it lasts."""

    place: NDArray[np.int32]  # (P,) where each is listed, counted from 1; 0 where it is not
    listed: NDArray[np.int64]  # (P,)
    notes: NDArray[np.float64]  # (P, 5) of the products listed, in the order of the list


@Loop
def make_room(products):  # type: ignore[no-untyped-def]
    """Room for a catalogue."""
    return Room(np.zeros(products, dtype=np.int32), np.empty(products, dtype=np.int64), np.empty((products, 5)))


@Loop
def look_up(v, known, tables, room):  # type: ignore[no-untyped-def]
    """Lists what is in the record of a visit, then what is similar to that.

    Returns:
        how many are listed; what is left of all purchases; visits of the record.
    """
    count, total, visits, today = 0, 0.0, 0, NEVER
    for i in range(known.start[v], known.start[v + 1]):
        p, day = known.product[i], known.day[i]
        if day != today:
            visits, today = visits + 1, day
        if room.place[p] == 0:
            count = note(p, count, room)
        notes, left = room.notes[room.place[p] - 1], kept(tables.keep, known.date[v] - day)
        notes[REMEMBERED] += np.float64(tables.season[known.month[v], p]) * left
        notes[LEFT] += left
        notes[TIMES] += 1.0 * (notes[LAST] != day)
        notes[LAST] = day
        total += left
    own = count
    for at in range(own):
        p = room.listed[at]
        share = room.notes[at, LEFT] / max(total, TINY)
        for number in range(tables.neighbours.shape[1]):
            similar = np.float64(tables.similarity[p, number])
            if similar == 0.0:
                break
            other = tables.neighbours[p, number]
            if room.place[other] == 0:
                count = note(other, count, room)
            room.notes[room.place[other] - 1, ALIKE] += share * similar
    return count, total, visits


@Loop
def note(p, count, room):  # type: ignore[no-untyped-def]
    """Lists a product of which nothing is noted yet; returns how many are listed now."""
    room.listed[count] = p
    room.place[p] = count + 1
    room.notes[count] = 0.0
    room.notes[count, LAST] = -np.inf
    return count + 1


@Loop
def list_candidates(v, known, tables, room):  # type: ignore[no-untyped-def]
    """`look_up`, and then lists the leaders of the state, and those of each topic by the weight that it has."""
    count, total, visits = look_up(v, known, tables, room)
    leaders = tables.leaders[tables.group[known.state[v]]]
    for p in leaders:
        if room.place[p] == 0:
            count = note(p, count, room)
    for k in range(len(known.theta[v])):
        for at in range(min(math.ceil(known.theta[v, k] * len(leaders)), len(leaders))):
            p = tables.topic_leaders[known.month[v], k, at]
            if room.place[p] == 0:
                count = note(p, count, room)
    return count, total, visits


@Loop
def list_all_if_few(v, least, count, eligible, room):  # type: ignore[no-untyped-def]
    """Lists all products if fewer than `least` of those listed are eligible; returns how many are listed now."""
    left = count
    for at in range(count):
        left -= 1 * (not may_show(eligible, v, room.listed[at]))
    if left < least:
        for p in range(len(room.place)):
            if room.place[p] == 0:
                count = note(p, count, room)
    return count


@Loop
def clear(count, room):  # type: ignore[no-untyped-def]
    """Nothing is listed any more."""
    for at in range(count):
        room.place[room.listed[at]] = 0


@Loop
def describe(products, v, total, visits, known, tables, room, x):  # type: ignore[no-untyped-def]
    """Writes the features (N, d) of products (N,) in a visit."""
    incidence, again = tables.incidence[tables.group[known.state[v]]], known.again[v]
    answers = tables.answers[known.month[v]]
    for number in range(len(products)):
        p, own = products[number], x[number]
        usual = np.float64(incidence[p])
        beside = known.beside[v] * taste_of(tables.factors[p], known.theta[v]) * usual
        own[:] = 0.0
        own[USUAL] = usual
        own[TASTE] = beside - usual
        own[KNOWN] = usual * (visits > 0)
        if room.place[p] > 0:
            notes = room.notes[room.place[p] - 1]
            own[AGAIN] = again * notes[REMEMBERED]
            own[SIMILAR] = notes[ALIKE]
            if notes[TIMES] > 0.0:
                own[BOUGHT] = 1.0
                own[OFTEN] = notes[LEFT] / (1.0 + notes[LEFT])
                own[SHARE] = notes[LEFT] / max(total, TINY)
                own[VISITS] = notes[TIMES] / visits
                own[LATE] = math.exp2(min(notes[LAST] - known.date[v], 0.0) / LATE_HALF_LIFE)
        foreseen = beside + own[AGAIN]
        own[EITHER] = math.sqrt(foreseen)
        seen, expected = answers[0, p], answers[1, p]
        own[ANSWERS] = (seen - expected) / (expected + WORTH) * foreseen


@Loop
def describe_slates(slates, known, tables, x):  # type: ignore[no-untyped-def]
    """Writes the features (B, n, d) of the products in slates (B, n)."""
    room = make_room(len(tables.factors))
    for v in range(len(slates)):
        count, total, visits = look_up(v, known, tables, room)
        describe(slates[v], v, total, visits, known, tables, room, x[v])
        clear(count, room)


@Loop
def write_values(weights, known, tables, values):  # type: ignore[no-untyped-def]
    """Writes the expected rewards (B, P), scaled."""
    products = np.arange(values.shape[1])
    room, x = make_room(len(products)), np.empty((len(products), len(weights)))
    for v in range(len(values)):
        count, total, visits = look_up(v, known, tables, room)
        describe(products, v, total, visits, known, tables, room, x)
        for p in products:
            values[v, p] = dot(x[p], weights)
        clear(count, room)


@Loop
def decide(weights, covariance, optimism, known, tables, rank, eligible, slates):  # type: ignore[no-untyped-def]
    """Fills the slates (B, n) with the candidates of greatest x . weights + optimism * sqrt(x . covariance x).

    The root is at most the sum of |x_i| * deviation of weight i: whatever is too little even so is left out before.
    """
    room, scores = make_room(len(tables.factors)), np.empty(slates.shape[1])
    features = np.empty((len(tables.factors), len(weights)))
    deviation = (1.0 + 1e-9) * np.sqrt(np.diag(covariance))
    for v in range(len(slates)):
        count, total, visits = list_candidates(v, known, tables, room)
        count = list_all_if_few(v, len(scores), count, eligible, room)
        describe(room.listed[:count], v, total, visits, known, tables, room, features)
        filled = 0
        scores[:] = -np.inf
        for at in range(count):
            p, x = room.listed[at], features[at]
            if not may_show(eligible, v, p):
                continue
            score, most = 0.0, 0.0
            for one in range(len(x)):
                score += x[one] * weights[one]
                most += abs(x[one]) * deviation[one]
            if score + optimism * most < scores[-1]:
                continue
            score += optimism * math.sqrt(max(square(x, covariance), 0.0))
            if score >= scores[-1]:
                filled = insert(p, score, slates[v], scores, filled, rank)
        clear(count, room)


@Loop
def learn(slates, month, rewards, x, weights, covariance, answers):  # type: ignore[no-untyped-def]
    """Learns rewards (B, n), scaled, of products of features (B, n, d) in months (B,), one after the other."""
    gain = np.empty(len(weights))
    for v in range(len(slates)):
        for slot in range(slates.shape[1]):
            p = slates[v, slot]
            if shown_above(p, slates[v], slot):
                continue
            features, reward = x[v, slot], rewards[v, slot]
            foreseen = dot(features, weights)
            answers[month[v], 0, p] += reward
            answers[month[v], 1, p] += max(
                foreseen - features[ANSWERS] * weights[ANSWERS], LEAST
            )  # as if there were none yet
            for one in range(len(weights)):
                gain[one] = dot(covariance[one], features)
            step = 1.0 / (noise_of(foreseen) + dot(gain, features))
            for one in range(len(weights)):
                weights[one] += step * (reward - foreseen) * gain[one]
                for other in range(len(weights)):
                    covariance[one, other] -= step * gain[one] * gain[other]


@Loop
def noise_of(foreseen):  # type: ignore[no-untyped-def]
    """Variance of a reward in 0..1 that is foreseen, at most."""
    mean = min(max(foreseen, LEAST), SURE)
    return mean * (1.0 - mean)


@Loop
def gather(customer, begin, bought, weights, known, tables, gram, pull, squares):  # type: ignore[no-untyped-def]
    """Sums over the candidates of visits of the history, with y whether they are in the basket and e its noise.

    Adds x x' / e to gram (d, d), x (y - x . weights) / e to pull (d,), and to squares (d, d) the squares of what each
    customer adds to pull.
    """
    size = len(weights)
    room, own, there = make_room(len(tables.factors)), np.zeros(size), np.zeros(len(tables.factors))
    features = np.empty((len(there), size))
    for v in range(len(customer)):
        count, total, visits = list_candidates(v, known, tables, room)
        for item in range(begin[v], begin[v + 1]):
            there[bought[item]] = 1.0
        describe(room.listed[:count], v, total, visits, known, tables, room, features)
        for at in range(count):
            p, x = room.listed[at], features[at]
            noise = noise_of(x[USUAL] + x[TASTE] + x[AGAIN])
            error = (there[p] - dot(x, weights)) / noise
            for one in range(size):
                own[one] += error * x[one]
                for other in range(size):
                    gram[one, other] += x[one] * x[other] / noise
        for item in range(begin[v], begin[v + 1]):
            there[bought[item]] = 0.0
        clear(count, room)
        if v + 1 == len(customer) or customer[v + 1] != customer[v]:
            for one in range(size):
                pull[one] += own[one]
                for other in range(size):
                    squares[one, other] += own[one] * own[other]
            own[:] = 0.0


@Loop
def dot(one, other):  # type: ignore[no-untyped-def]
    """Inner product."""
    total = 0.0
    for at in range(len(one)):
        total += one[at] * other[at]
    return total


@Loop
def square(x, covariance):  # type: ignore[no-untyped-def]
    """The product x . covariance x of a symmetric covariance."""
    total = 0.0
    for one in range(len(x)):
        if x[one] != 0.0:
            part = 0.5 * covariance[one, one] * x[one]
            for other in range(one):
                part += covariance[one, other] * x[other]
            total += 2.0 * part * x[one]
    return total
