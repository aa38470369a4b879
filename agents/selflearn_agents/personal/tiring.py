"""The rules of `Showings` as loops over visits; it describes their arrays."""

from __future__ import annotations

import math

import numpy as np

from selflearn_env.core.compiling import Loop
from selflearn_env.core.rewards import IGNORED

HALF_LIFE = 30.0  # days after which a showing that was ignored counts half


@Loop
def recall(customer, date, visits, ignored, ignored_date, bored, remembered):  # type: ignore[no-untyped-def]
    """What is remembered of the customers of visits; see `Recalled`."""
    slates, places = ignored.shape[1:]
    start, now_bored = np.zeros(len(customer) + 1, dtype=np.int64), np.zeros(len(customer))
    product = np.empty(len(customer) * slates * places, dtype=np.int32)
    tired, fresh = np.empty(len(product)), np.empty(slates)
    count = 0
    for v in range(len(customer)):
        who = customer[v]
        if who >= 0 and goes_on(who, date[v], visits[v], ignored_date, remembered):
            for slate in range(slates):
                fresh[slate] = math.exp2((ignored_date[who, slate] - date[v]) / HALF_LIFE)
            first = count
            for slate in range(slates):
                for place in range(places):
                    p = ignored[who, slate, place]
                    at = first
                    while at < count and product[at] != p:
                        at += 1
                    if p < 0:
                        continue
                    if at == count:
                        product[count], tired[count] = p, 0.0
                        count += 1
                    tired[at] += fresh[slate]
            now_bored[v] = np.float64(bored[who])
        start[v + 1] = count
    return start, product[:count].copy(), tired[:count].copy(), now_bored


@Loop
def goes_on(who, date, visits, ignored_date, remembered):  # type: ignore[no-untyped-def]
    """Whether this is the visit that follows what is remembered of the customer."""
    return visits > 0 and visits == remembered[who] and date >= ignored_date[who, 0]


@Loop
def tiredness(slates, start, product, tired):  # type: ignore[no-untyped-def]
    """(B, n) how tired the customers are of the products in slates (B, n)."""
    found = np.zeros(slates.shape)
    for v in range(len(slates)):
        for slot in range(slates.shape[1]):
            for i in range(start[v], start[v + 1]):
                if product[i] == slates[v, slot]:
                    found[v, slot] = tired[i]
    return found


@Loop
def remember(  # type: ignore[no-untyped-def]
    slates, responses, customer, date, visits, tired, ignored, ignored_date, bored, remembered
):
    """Puts slates (B, k) before those that are remembered; `tired` (B, k) is how tired the customers were of them."""
    for v in range(len(slates)):
        who = customer[v]
        if who < 0:
            continue
        if not goes_on(who, date[v], visits[v], ignored_date, remembered):
            ignored[who] = -1
            bored[who] = 0.0
        for slate in range(ignored.shape[1] - 1, 0, -1):
            ignored[who, slate] = ignored[who, slate - 1]
            ignored_date[who, slate] = ignored_date[who, slate - 1]
        ignored[who, 0], ignored_date[who, 0], remembered[who] = -1, date[v], visits[v] + 1
        boring = 0.0
        for slot in range(slates.shape[1]):
            if responses[v, slot] == IGNORED:
                ignored[who, 0, slot] = slates[v, slot]
            boring += 1.0 * (tired[v, slot] > 0.0 and responses[v, slot] == IGNORED)
        bored[who] = 0.5 * (np.float64(bored[who]) + boring / slates.shape[1])
