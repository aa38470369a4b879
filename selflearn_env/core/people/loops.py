"""The rules of persons as plain loops over visits, compiled at the first call.

The record of visit v has two parts: items of the log, begin[v]..end[v] - 1 of `log_product` and `log_day`, and items of
its own life, start[v]..start[v + 1] - 1 of `product` and `day`. What an item adds to n_p f_p^0.5 in a visit is
season[row, p] * keep[days ago]. See `world` for the formula and the other names.
"""

from __future__ import annotations

import numpy as np

from selflearn_env.core.compiling import Loop

BLOCK = 32  # products that are searched one by one
TRIES = 32  # draws of one product of a basket, after which it is left out: hardly anything else is wanted
ALIKE = 150  # draws before, of a product that keeps to a category; the fewer, the more common the popular products
STEP = np.uint64(0x9E3779B97F4A7C15)  # of the generator splitmix64 (Steele, Lea and Flood, OOPSLA 2014)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
HIGH, MIDDLE, LOW, BITS = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
UNIT = 2.0**-53


@Loop
def rates_of(  # type: ignore[no-untyped-def]
    asked_start, asked, begin, end, log_product, log_day, start, product, day,
    today, row, scale, theta, activity, cap, share, season, factors, norm, keep, kappa,
):  # fmt: skip
    """(N,) rates of the products asked for, those of visit v at positions asked_start[v]..asked_start[v + 1] - 1."""
    found = np.empty(asked.size)
    own = np.full(share.shape[1], -1.0)  # what is remembered of the products asked for, -1 of all others
    for v in range(today.size):
        for i in range(asked_start[v], asked_start[v + 1]):
            own[asked[i]] = 0.0
        total = 0.0
        for i in range(begin[v], end[v]):
            p = log_product[i]
            weight = np.float64(season[row[v], p]) * keep[today[v] - log_day[i]]
            total += weight
            if own[p] >= 0:
                own[p] += weight
        for i in range(start[v], start[v + 1]):
            p = product[i]
            weight = np.float64(season[row[v], p]) * keep[today[v] - day[i]]
            total += weight
            if own[p] >= 0:
                own[p] += weight
        base, again = _scales(total, scale[v], theta[v], activity[v], cap[v], norm[row[v]], kappa)
        for i in range(asked_start[v], asked_start[v + 1]):
            p = asked[i]
            taste = 0.0
            for k in range(theta.shape[1]):
                taste += factors[p, k] * theta[v, k]
            found[i] = base * np.float64(share[row[v], p]) * taste + again * own[p]
        for i in range(asked_start[v], asked_start[v + 1]):
            own[asked[i]] = -1.0
    return found


@Loop
def rates_of_all(  # type: ignore[no-untyped-def]
    begin, end, log_product, log_day, start, product, day,
    today, row, scale, theta, activity, cap, share, season, factors, norm, keep, kappa,
):  # fmt: skip
    """(B, P) rates of all products."""
    found = np.empty((today.size, share.shape[1]))
    for v in range(today.size):
        total = _total(begin[v], end[v], log_product, log_day, today[v], season[row[v]], keep)
        total += _total(start[v], start[v + 1], product, day, today[v], season[row[v]], keep)
        base, again = _scales(total, scale[v], theta[v], activity[v], cap[v], norm[row[v]], kappa)
        for p in range(share.shape[1]):
            taste = 0.0
            for k in range(theta.shape[1]):
                taste += factors[p, k] * theta[v, k]
            found[v, p] = base * np.float64(share[row[v], p]) * taste
        for i in range(begin[v], end[v]):
            p = log_product[i]
            found[v, p] += again * np.float64(season[row[v], p]) * keep[today[v] - log_day[i]]
        for i in range(start[v], start[v + 1]):
            p = product[i]
            found[v, p] += again * np.float64(season[row[v], p]) * keep[today[v] - day[i]]
    return found


@Loop
def draw_baskets(  # type: ignore[no-untyped-def]
    seed, slates, begin, end, log_product, log_day, start, product, day,
    today, row, scale, theta, activity, cap, share, season, factors, norm, blocks, keep, kappa, dispersion,
    categories, freedom,
):  # fmt: skip
    """What visits take besides the products of their slates (B, n): where each basket starts (B + 1,), and products.

    A basket has 1 + NB(scale - 1, dispersion) products. They are drawn one after the other: whether it follows the
    record, then which, in proportion to that part of the rates. One that is in the slate, or in the basket already, is
    drawn anew from the same part. After n products the next one keeps to one of them with n / (n + freedom * size): it
    is drawn until it is of the same category, in the way in which that one was drawn. The others are drawn in a random
    way. This is Polya's urn: baskets have fewer categories, but no product is bought more often or less.

    Args, beside those of `rates_of`:
        seed: (B,) of the draws of each visit.
        slates: (B, n).
        factors: (K, P), of each topic.
        blocks: (R, K, P / BLOCK) sums of share * factor up to the end of each block of products.
        dispersion: of the sizes.
        categories: (M, P) of the products, in M ways.
        freedom: see above; infinite where baskets keep to nothing.
    """
    products = share.shape[1]
    found_start = np.zeros(today.size + 1, dtype=np.int64)
    found = np.empty(max(16, 32 * today.size), dtype=np.int32)
    taken = np.zeros(products, dtype=np.bool_)
    ways = np.zeros(products, dtype=np.int64)  # of the products of the basket
    weights = np.empty(16)
    at = 0
    for v in range(today.size):
        state = seed[v]
        state, uniform = _uniform(state)
        size = min(_size(uniform, scale[v], dispersion), products - slates.shape[1])
        items = end[v] - begin[v] + start[v + 1] - start[v]
        if items > weights.size:
            weights = np.empty(2 * items)
        if at + size > found.size:
            larger = np.empty(2 * (at + size), dtype=np.int32)
            larger[:at] = found[:at]
            found = larger
        total, place = 0.0, 0
        for i in range(begin[v], end[v]):
            total += np.float64(season[row[v], log_product[i]]) * keep[today[v] - log_day[i]]
            weights[place] = total
            place += 1
        for i in range(start[v], start[v + 1]):
            total += np.float64(season[row[v], product[i]]) * keep[today[v] - day[i]]
            weights[place] = total
            place += 1
        remembered = total / activity[v]
        part = cap[v] * remembered / (remembered + kappa)
        usual = 0.0
        for k in range(theta.shape[1]):
            usual += norm[row[v], k] * theta[v, k]
        for slot in range(slates.shape[1]):
            taken[slates[v, slot]] = True
        first = at
        for _ in range(size):
            state, uniform = _uniform(state)
            again = uniform < part
            kept, way, settled = -1, 0, False
            if freedom < np.inf:
                state, uniform = _uniform(state)
                point = uniform * (at - first + freedom * size)
                if point < at - first:
                    near = found[first + int(point)]
                    way = ways[near]
                    kept = int(categories[way, near])
                else:
                    state, uniform = _uniform(state)
                    way = int(uniform * len(categories))
            for attempt in range(ALIKE + TRIES):
                state, uniform = _uniform(state)
                if again:
                    place = _place(weights, items - 1, uniform * total)
                    if place < end[v] - begin[v]:
                        p = log_product[begin[v] + place]
                    else:
                        p = product[start[v] + place - (end[v] - begin[v])]
                else:
                    point, k = uniform * usual, 0
                    while k < theta.shape[1] - 1 and point >= norm[row[v], k] * theta[v, k]:
                        point -= norm[row[v], k] * theta[v, k]
                        k += 1
                    state, uniform = _uniform(state)
                    p = _drawn(uniform, share[row[v]], factors[k], blocks[row[v], k])
                if kept >= 0 and attempt < ALIKE and categories[way, p] != kept:
                    if not settled:
                        state, uniform = _uniform(state)
                        again = uniform < part
                elif not taken[p]:
                    taken[p] = True
                    ways[p] = way
                    found[at] = p
                    at += 1
                    break
                else:
                    settled = True  # whether it follows the record, or products bought again would become rarer
        for i in range(first, at):
            taken[found[i]] = False
        for slot in range(slates.shape[1]):
            taken[slates[v, slot]] = False
        found_start[v + 1] = at
    return found_start, found[:at].copy()


@Loop
def sum_blocks(share, factors):  # type: ignore[no-untyped-def]
    """(R, K, P / BLOCK) sums of share * factor over the products up to the end of each block."""
    products, topics = factors.shape
    blocks = np.empty((share.shape[0], topics, (products + BLOCK - 1) // BLOCK))
    for row in range(share.shape[0]):
        for k in range(topics):
            total = 0.0
            for p in range(products):
                total += np.float64(share[row, p]) * factors[p, k]
                blocks[row, k, p // BLOCK] = total
    return blocks


@Loop
def sum_record(begin, end, log_product, start, product, responsibility):  # type: ignore[no-untyped-def]
    """(B, K) sums over the items of each record of their products' rows (P, K)."""
    found = np.zeros((begin.size, responsibility.shape[1]))
    for v in range(begin.size):
        for i in range(begin[v], end[v]):
            for k in range(responsibility.shape[1]):
                found[v, k] += responsibility[log_product[i], k]
        for i in range(start[v], start[v + 1]):
            for k in range(responsibility.shape[1]):
                found[v, k] += responsibility[product[i], k]
    return found


@Loop
def _total(begin, end, product, day, today, season, keep):  # type: ignore[no-untyped-def]
    """What some items add to the sum of n_p f_p^0.5."""
    total = 0.0
    for i in range(begin, end):
        total += np.float64(season[product[i]]) * keep[today - day[i]]
    return total


@Loop
def _scales(total, scale, theta, activity, cap, norm, kappa):  # type: ignore[no-untyped-def]
    """Factors of share * taste, and of what is remembered, in the rate."""
    usual = 0.0
    for k in range(theta.size):
        usual += norm[k] * theta[k]
    remembered = total / activity
    part = cap * remembered / (remembered + kappa)
    return scale * (1.0 - part) / usual, scale * part / max(total, 1e-300)


@Loop
def _uniform(state):  # type: ignore[no-untyped-def]
    """The next state of the generator, and a number 0..1."""
    state = state + STEP
    mixed = (state ^ (state >> HIGH)) * FIRST
    mixed = (mixed ^ (mixed >> MIDDLE)) * SECOND
    mixed = mixed ^ (mixed >> LOW)
    return state, np.float64(mixed >> BITS) * UNIT


@Loop
def _size(uniform, expected, dispersion):  # type: ignore[no-untyped-def]
    """1 + the negative binomial number with mean `expected - 1` at this quantile."""
    others = max(expected - 1.0, 1e-3)
    ratio = others / (others + dispersion)
    probability = (1.0 - ratio) ** dispersion
    if probability < 1e-290:  # so large and so even that the mean says it all
        return int(expected)
    passed, count = probability, 0
    while passed <= uniform and (count < others or probability > 1e-18):
        probability *= ratio * (count + dispersion) / (count + 1.0)
        passed += probability
        count += 1
    return 1 + count


@Loop
def _drawn(uniform, share, factor, blocks):  # type: ignore[no-untyped-def]
    """A product in proportion to its share and its factor of a topic."""
    point = uniform * blocks[-1]
    block = _place(blocks, blocks.size - 1, point)
    total = blocks[block - 1] if block > 0 else 0.0
    p = block * BLOCK
    last = min(p + BLOCK, share.size) - 1
    while p < last:
        total += np.float64(share[p]) * factor[p]
        if total > point:
            break
        p += 1
    return p


@Loop
def _place(ends, last, point):  # type: ignore[no-untyped-def]
    """The first of the places up to `last` whose end lies above the point; `last` where none does."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        if ends[middle] > point:
            high = middle
        else:
            low = middle + 1
    return low
