"""How often each slot of an epsilon-greedy slate shows each product, whatever stands above it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.compiling import Loop


@Loop
def marginals(
    states: NDArray, epsilon: float, leaders: NDArray, heads: NDArray, allowed: NDArray, best: NDArray,
    segment: NDArray, place: NDArray, order: NDArray, chances: NDArray,
) -> None:  # fmt: skip
    """Writes the chance of each product at each slot into chances (B, n, P), all 0 so far; other arguments as `decide`.

    Slates begin with what `take_turns` has for the segment's products. Where none of these is left, which happens only
    where not everything is allowed, the rest of the slate is one of its own, of the leaders and the products that are
    not of the segment, and none of them was explored before. Cost per visit: O(n P).
    """
    slots, products = chances.shape[1], chances.shape[2]
    first, second = np.empty(slots, dtype=np.int32), np.empty(slots, dtype=np.int32)
    within, outside = np.empty(slots, dtype=np.bool_), np.ones(slots, dtype=np.bool_)
    leading, others = np.empty((2, slots, slots)), np.empty((2, slots))
    begun, left = np.empty(slots), np.empty(slots)
    for visit in range(states.size):
        state, group = states[visit], segment[states[visit]]
        masked, known, strangers = allowed.shape[0] > 0, 0, 0
        for at in range(min(slots, best.shape[1] if masked else heads[state]["length"])):
            column = best[visit, at] if masked else leaders[state, at]["column"]
            if column >= 0:
                first[known], within[known] = column, place[group, column] >= 0
                known += 1
                if place[group, column] < 0:
                    second[strangers] = column
                    strangers += 1
        size, more = 0, 0  # allowed products of the segment, and others
        for column in range(products):
            if not masked or allowed[visit, column]:
                size += place[group, column] >= 0
                more += place[group, column] < 0
        leading[:], others[:], begun[:], left[:] = 0.0, 0.0, 0.0, 0.0
        begun[0] = 1.0
        take_turns(epsilon, within[:known], size, 0, begun, leading[0], others[0], left)
        begun[:] = left
        take_turns(epsilon, outside[:strangers], more, size, begun, leading[1], others[1], left)
        for slot in range(slots):
            for column in range(products):
                if not masked or allowed[visit, column]:
                    chances[visit, slot, order[column]] = others[0 if place[group, column] >= 0 else 1, slot]
            for at in range(known):
                chances[visit, slot, order[first[at]]] = leading[0, slot, at]
            for at in range(strangers):
                chances[visit, slot, order[second[at]]] += leading[1, slot, at]


@Loop
def take_turns(
    epsilon: float, within: NDArray, size: int, gone: int, begun: NDArray, leading: NDArray, others: NDArray,
    left: NDArray,
) -> None:  # fmt: skip
    """Goes through the slots of a slate with the chances of each place of the best leader that is not shown.

    Let the next leader be number m. All before it are shown, itself is not, and no rule has yet told apart the products
    of the pool that come after it: leaders or not, each was only ever explored. So those of them that are shown, k - m
    above slot k, are any k - m of them alike, and m is all that must be remembered. After leader m is shown, each of
    the next in turn proves to be shown, or not, and then it is the next one.

    Args:
        epsilon: the chance to explore.
        within: (L,) whether the leaders, best first, are in the pool that is explored; no more leaders than slots.
        size: products of the pool.
        gone: slots filled before with products that are neither leaders nor in the pool.
        begun: (n,) chance that this begins at the slot, with `gone` fewer leaders shown and nothing explored.
        leading: (n, L or more) the chance that the slot shows each leader is added here.
        others: (n,) the chance that it shows a product of the pool that is no leader is written here, for each of them.
        left: (n,) the chance that nothing of the pool is left is added here, at the first such slot.
    """
    now, then, open_ = np.zeros((3, within.size + 1))
    for slot in range(begun.size):
        if begun[slot] > 0.0:
            now[slot - gone] += begun[slot]
        then[:], open_[:] = 0.0, 0.0
        each, before = 0.0, 0  # chance of each product of the pool after the leader; leaders of the pool before it
        for at in range(within.size + 1):
            is_leader = at < within.size
            inside = is_leader and within[at]
            after = size - before - inside
            free = after - (slot - gone - at)
            if inside:
                leading[slot, at] += each
            if now[at] > 0.0 and inside + free == 0:
                left[slot] += now[at]
            elif now[at] > 0.0:
                explore = epsilon if is_leader else 1.0
                lead = now[at] * (1.0 - explore + explore * inside / (inside + free))
                then[at] = now[at] * explore * free / (inside + free)
                if is_leader:
                    leading[slot, at] += lead
                    open_[at + 1] = lead
                if free > 0:
                    each += then[at] / after
            before += inside
        others[slot] = each
        before = 0
        for at in range(within.size + 1):  # is this one shown already?
            inside = at < within.size and within[at]
            if inside:
                shown, among = slot + 1 - gone - at, size - before
                open_[at + 1] += open_[at] * shown / among
                open_[at] *= (among - shown) / among
            then[at] += open_[at]
            before += inside
        now, then = then, now
