"""What a log knows of a visit in a customer's life, in numbers that a linear model can add up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.reward_model import RewardModel
from selflearn_env.core.rewards import BOUGHT, IGNORED
from selflearn_env.core.states import StateSpace

CELLS = 2**22  # numbers worked on at once
RECENT = 4  # visits back


class Recent(NamedTuple):
    """How often products had a certain response in the last four visits of a customer's life.

    Attributes:
        visit: (N,) rows of the log, ascending.
        product: (N,) ascending within a visit.
        times: (N,) how often.
    """

    visit: NDArray[np.int64]
    product: NDArray[np.int64]
    times: NDArray[np.int64]


def life_features(
    log: VisitLog, visit: NDArray[np.int64], target: Agent, states: StateSpace | None, model: RewardModel
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features (V, d) of each visit with the slate that it was shown, and with one that the target would show.

    Of the visit: each label of each tier of its state, for first visits and for others apart, as only these tell how
    far the calendar is; log(1 + count) of visits before it, of products bought, and of visits in a row without a
    purchase or click; and how much was shown in vain: the share of slots that were ignored, and had been within the
    four visits before, halved at each visit. Of the slate: what the reward model lets it earn; and how often its
    products were ignored, and how often bought, within the last four visits. These are sums over slots, so that the
    target's marginals give their expectations.

    Args:
        log: whole lives.
        visit: (V,) number of each visit within its life, from 0.
        target: the policy.
        states: the state space of the shop.
        model: learns from all visits of the log.

    Raises:
        NotImplementedError: the state space is not given, or the target does not know its marginals.
    """
    if states is None:
        raise NotImplementedError("it needs the tiers of the states: give states, such as shop.states")
    products, slots = target.products, np.arange(log.slate.shape[1])
    fitted = model.fit(log.state, log.slate, log.item_reward, products)
    known = [recent(log, visit, response, products) for response in (IGNORED, BOUGHT)]
    again = [_times(log.slate, each, products) for each in known]
    shown = np.stack([np.zeros(len(log)), *(times.sum(axis=1) for times in again)], axis=1).astype(np.float64)
    expected = np.zeros_like(shown)
    present, place = np.unique(log.state, return_inverse=True)
    size = max(1, CELLS // (slots.size * products))
    for start in range(0, len(present), size):
        block = present[start : start + size]
        marginals, earns, here = target.marginals(block), fitted.expected(block), place - start
        rows = np.flatnonzero((here >= 0) & (here < len(block)))
        shown[rows, 0] = earns[here[rows, None], slots, log.slate[rows]].sum(axis=1)
        expected[rows, 0] = np.einsum("bkp,bkp->b", marginals, earns)[here[rows]]
        chance = marginals.sum(axis=1)
        for column, each in enumerate(known, start=1):
            at = here[each.visit]
            of = np.flatnonzero((at >= 0) & (at < len(block)))
            times = chance[at[of], each.product[of]] * each.times[of]
            expected[:, column] += np.bincount(each.visit[of], times, minlength=len(log))
    in_vain = ((again[0] > 0) & (log.response == IGNORED)).mean(axis=1)
    of_visit = np.concatenate([_of_visits(log, visit, states), _faded(in_vain, visit)[:, None]], axis=1)
    return np.concatenate([of_visit, shown], axis=1), np.concatenate([of_visit, expected], axis=1)


def recent(log: VisitLog, visit: NDArray[np.int64], response: int, products: int) -> Recent:
    """The products that had this response within the last four visits of the same life, in which `visit` counts."""
    keys = [np.empty(0, dtype=np.int64)]
    for back in range(1, RECENT + 1):
        rows = np.flatnonzero(visit >= back)
        row, slot = np.nonzero(log.response[rows - back] == response)
        keys.append(rows[row] * products + log.slate[rows - back][row, slot])
    key, times = np.unique(np.concatenate(keys), return_counts=True)
    return Recent(*np.divmod(key, products), times)


def _times(slate: NDArray[np.int64], known: Recent, products: int) -> NDArray[np.int64]:
    """(V, n) how often the product of each slot is known there."""
    key = np.append(known.visit * products + known.product, -1)
    wanted = slate + np.arange(len(slate))[:, None] * products
    at = np.searchsorted(key[:-1], wanted)
    return np.where(key[at] == wanted, np.append(known.times, 0)[at], 0)


def _of_visits(log: VisitLog, visit: NDArray[np.int64], states: StateSpace) -> NDArray[np.float64]:
    """(V, .) tiers and counts."""
    tiers = states.onehot()[states.check(log.state)].astype(np.float64)
    is_first = (visit == 0)[:, None]
    begin, rows = log.first[log.episode], np.arange(len(log))
    before = np.cumsum(np.append(0, np.count_nonzero(log.response == BOUGHT, axis=1)))
    noticed = np.where((log.response > IGNORED).any(axis=1), rows, -1)
    last = np.append(-1, np.maximum.accumulate(noticed)[:-1])  # row in which something was, of any life
    counts = np.stack([visit, before[:-1] - before[begin], rows - 1 - np.maximum(last, begin - 1)], axis=1)
    return np.concatenate([tiers * is_first, tiers * ~is_first, np.log1p(counts)], axis=1)


def _faded(values: NDArray[np.float64], visit: NDArray[np.int64]) -> NDArray[np.float64]:
    """(V,) what earlier visits of the life have left, f_t = (f_t-1 + value_t-1) / 2, and 0 in the first."""
    faded = np.zeros(len(values))
    order = np.argsort(visit, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(visit[order])) + 1)[1:]:
        faded[rows] = (faded[rows - 1] + values[rows - 1]) / 2
    return faded
