"""The network written from its text: one visit, one item and one number at a time."""

from __future__ import annotations

import numpy as np
from selflearn_agents.sequence.records import LAST


def usual(count, typical):
    return np.log((1 + count) / (1 + typical)) / 2


def visits_before(seen, row):
    """[(date, [product, ...]), ...] that are read."""
    found = []
    for at in range(seen.record.start[row], seen.record.start[row + 1]):
        product, day = int(seen.record.product[at]), int(seen.record.day[at])
        if not found or found[-1][0] != day:
            found.append((day, []))
        found[-1][1].append(product)
    return found[-LAST:]


def remembered(weights, before, today):
    """(D,) by a gated recurrent unit as in Cho et al. (2014), in the form that torch documents."""
    memory = np.zeros(weights.memory.shape[1])
    for number, (day, products) in enumerate(before):
        bought = sum(weights.embedding[product].astype(float) for product in products) / len(products) ** 0.5
        gap = day - before[number - 1][0] if number else 0
        told = np.array([usual(gap, 30), usual(len(products), 15), usual(today - day, 60)])
        new = weights.input.astype(float) @ np.concatenate([bought, told]) + weights.input_bias
        old = weights.memory.astype(float) @ memory + weights.memory_bias
        (reset, update, candidate), (old_reset, old_update, old_candidate) = np.split(new, 3), np.split(old, 3)
        reset, update = 1 / (1 + np.exp(-reset - old_reset)), 1 / (1 + np.exp(-update - old_update))
        memory = (1 - update) * np.tanh(candidate + reset * old_candidate) + update * memory
    return memory


def rates_of(weights, incidence, group, seen, row):
    """(P,) purchases per visit."""
    before, today, own = visits_before(seen, row), int(seen.date[row]), incidence[group[seen.state[row]]]
    if not before:
        return own * np.exp(weights.usual)
    items = sum(len(products) for _, products in before)
    told = [usual(items, 50), usual(len(before), 3), usual(today - before[-1][0], 30), usual(items / len(before), 15)]
    known = np.concatenate([remembered(weights, before, today), told])
    *taste, amount = known @ weights.taste + weights.taste_bias
    found = own * np.exp(weights.usual + weights.embedding @ np.array(taste) + amount)
    for number, (day, products) in enumerate(before):
        for product in products:
            here, ago, age = np.log(own[product]), len(before) - 1 - number, today - day
            season = here - np.log(incidence[:, product].mean())
            item = np.array([usual(age, 60), age / 200, usual(ago, 3), season, here / 2 + 2])
            hidden = np.tanh(item @ weights.own_item + known @ weights.own_memory + weights.own_bias)
            found[product] += np.exp(hidden @ weights.own + weights.again[product])
    return found
