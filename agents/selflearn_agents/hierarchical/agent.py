"""Our best: one belief per product over all states, that pools along the tiers; started from the history."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.hierarchical.beliefs import Beliefs
from selflearn_agents.hierarchical.newcomers import LISTED, Newcomers, upper
from selflearn_agents.hierarchical.responses import Responses
from selflearn_agents.hierarchical.variance_components import fit, levels
from selflearn_env.core.cells import grown
from selflearn_env.core.numbers import is_number
from selflearn_env.core.ranking import top
from selflearn_env.core.slates import repeats
from selflearn_env.shop.history import History

FIRST = 500  # visits before the variances are fitted first, then at each doubling
LEAST = 1e-9  # of an incidence
ROWS = 64  # products worked on at once
LITTLE, PART = 64, 1024  # visits learned at once at most, while few have been learned, and later
AHEAD, SOON = 2.0, 100.0  # newcomers are chosen for so many times the visits, and for at least so many


class HierarchicalAgent(Agent):
    """Learns by how much each product does better or worse than the history foresees, in all related states at once.

    Belief: a product is bought with x exp(u) e_k in slot k, and otherwise clicked with y exp(u / 2) e_k. Over the
    states of a block (those with the same label of the tier that the history's pooling splits first) the log-appeal u
    of a product is normal, with the logarithm of the history's pooled incidence as mean and, between states s and t,
    the covariance

        K(s, t) = v + sum of v_l over the levels l at which s and t are in one group

    There is a level for each set of the other tiers. Its v_l starts from the weight w that the history's pooling gives
    to as many tiers, v_l = 1 / (w * number of such levels). What the block as a whole has in common depends on the
    history's purchases k of the product in the block, and on the weight w of the blocks:

        v = 1 / (w + k) + k / (w + k)^2 + k^2 / (w + k)^3

    the customers to come as a draw of their own, their number of purchases, and what k purchases leave open.

    Update, for each shown product in state s, with b and q the probabilities that it is bought, and if not bought
    clicked, and c the column K(., s):

        g = (bought - b) / (1 - b) + (clicked - q, if not bought) / (2 (1 - q))
        j = b / (1 - b) + (1 - b) q / (4 (1 - q))
        mean += c g / (1 + j c_s);   K -= c c' j / (1 + j c_s)

    g is the slope of the response's log-likelihood in u and j its information: an extended Kalman filter (Fahrmeir
    1992). x, y and e_k are ratios of responses to what was expected at 1. A batch is learned as it looked when it was
    decided: g and j of all its responses are taken at the belief before the batch, they add up for each product and
    state, and with C the columns of the states where a product was shown, and J and G these sums, it is learned once,

        mean += C (1 + J K_ss)^-1 G;   K -= C (1 + J K_ss)^-1 J C'

    Steps that are too long where many visits say the same are kept short by learning at most as many visits at once as
    have been learned before, or 64, and never more than 1,024: a larger batch is learned in parts.

    When the visits reach 500, 1000, 2000, ... the v_l are fitted to all responses so far, which are kept as normal
    observations z of u with information j, and the beliefs are worked out anew. With K_l the part of K that level l
    makes, V = K + 1 / j, and a = V^-1 (z - known), three times, each summed over a third of the products shown,

        v_l *= sqrt((20 / 3 + a' K_l a) / (20 / 3 + trace of V^-1 K_l))

    by the MM algorithm for variance components (Zhou, Hu, Zhou and Lange 2019) with ordered subsets (Hudson and Larkin
    1994), the 20 holding on to the history's.

    Slate: the products of greatest mean + optimism * sqrt(log(1 + n)) * standard deviation of u, best first, with n the
    visits of the state, this one included (Auer et al. 2002; for such beliefs, Srinivas et al. 2010). Products never
    shown in the block are looked at where they are among the leading ones of the state, as `Newcomers` has it.

    Cost per visit: O(R) to decide and O(n Q) to learn, with R products once shown in a block and Q states in it, and
    O(n Q^2) now and then, or in a batch; a fit O(R Q^3). Memory: one number per state and product, and R Q^2.
    """

    parts = {"_beliefs": Beliefs, "_newcomers": Newcomers, "_responses": Responses}  # noqa: RUF012

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, optimism: float = 0.65):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            optimism: standard deviations of the log-appeal that are added to it per sqrt(log(1 + visits)), >= 0.

        Raises:
            ValueError: the optimism is negative or no number.
        """
        super().__init__(history, slate_size, rng)
        if not is_number(optimism) or not 0 <= optimism < np.inf:
            raise ValueError(f"optimism counts standard deviations and must be >= 0, got {optimism!r}")
        self._optimism = float(optimism)
        # Tables hold the products in a random order, so that ties do not break by the order of the catalogue.
        self._order = rng.permutation(self.products)
        self._column = np.argsort(self._order)
        first, weight, inner = levels(history)
        labels = history.states.table
        self._block = labels[:, first]
        blocks = history.states.shape[first]
        self._members = np.argsort(self._block, kind="stable").reshape(blocks, -1)  # (M, Q) states of each block
        places = self._members.shape[1]
        self._place = np.argsort(self._members, axis=None) % places  # (S,) of a state in its block
        inside = labels[self._members[0]]
        self._together = np.array(  # (L, Q, Q) whether two states are in one group
            [(inside[:, None, tiers] == inside[None, :, tiers]).all(axis=2) for tiers, _ in inner], dtype=np.float32
        )
        self._variance = 1.0 / np.array([weight for _, weight in inner])  # (L,) v_l
        self._known = np.empty((self.states, self.products), dtype=np.float32)  # mean before any response
        self._common = np.empty((blocks, self.products), dtype=np.float32)  # v
        for block, states in enumerate(self._members):  # a few states at a time: these tables are large
            self._known[states] = np.log(np.maximum(history.incidence(states)[:, self._order], LEAST))
            bought = history.purchases[states].sum(axis=0, dtype=np.float64)[self._order]
            share = bought / (weight + bought)
            self._common[block] = (1.0 + share + share**2) / (weight + bought)
        # One row per product once shown in a block: its belief, and the responses as normal observations of u.
        self._row = np.full((blocks, self.products), -1)
        self._begun = np.zeros(blocks, dtype=np.int64)  # rows of each block
        self._shown = np.zeros((2, blocks, 0), dtype=np.int64)  # which ones, their products, and room for more
        self._whose = np.zeros((0, 2), dtype=np.int64)  # (R, 2) block and product
        self._beliefs = Beliefs(places)
        self._information = np.zeros((0, places), dtype=np.float32)  # (R, Q) sum of j, and room for more
        self._told = np.zeros((0, places), dtype=np.float32)  # (R, Q) sum of j u + g
        self._responses, self._slots = Responses(self.slate_size), np.arange(self.slate_size)
        self._visits, self._next_fit = 0, FIRST
        self._came = np.ones(self.states)  # visits of each state, from 1
        self._bonus = self._bonus_at(self._came)
        self._newcomers = Newcomers(self.states, min(max(LISTED, 2 * self.slate_size), self.products))
        self._widen()
        self._look_out(np.arange(self.states))

    def _bonus_at(self, came: NDArray[np.float64]) -> NDArray[np.float32]:
        """Standard deviations that are added to the log-appeal in states of so many visits."""
        return (self._optimism * np.sqrt(np.log1p(came))).astype(np.float32)

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score."""
        if len(states) == 1:
            return self._order.take(self._slate(states.item()))[None]
        distinct, which = np.unique(states, return_inverse=True)
        return self._order[self._slates(distinct)][which]

    def _slate(self, state: int) -> NDArray[np.int64]:
        """(n,) columns of the products of greatest score."""
        newcomers, bonus = self._newcomers, self._bonus[state]
        if bonus > newcomers.bonus[state] or self._added > newcomers.added.item(state):
            self._look_out(np.array([state]))
        block = self._block.item(state)
        rows, products = self._shown[:, block, : self._begun.item(block)]
        cells = self._beliefs.cells(rows, self._place.item(state))
        known = upper(self._beliefs.mean.take(cells), self._beliefs.variance.take(cells), bonus)
        new = upper(newcomers.mean[state], newcomers.variance[state] + self._added, bonus)
        score = np.concatenate((known, new))
        best = top(score[None], self.slate_size)[0]
        if score.item(best.item(-1)) < newcomers.floor.item(state):
            self._look_out(np.array([state]), ahead=False)
            return self._slate(state)
        return np.concatenate((products, newcomers.ids[state])).take(best)

    def _slates(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the same for many states (B,)."""
        newcomers, bonus = self._newcomers, self._bonus[states]
        old = (bonus > newcomers.bonus[states]) | (self._added > newcomers.added[states])
        if np.count_nonzero(old):
            self._look_out(states[old])
        begun = self._begun[self._block[states]][:, None]
        rows, products = self._shown[:, self._block[states], : begun.max(initial=0)]
        cells = self._beliefs.cells(rows, self._place[states][:, None])
        known = upper(self._beliefs.mean.take(cells), self._beliefs.variance.take(cells), bonus[:, None])
        known[np.arange(known.shape[1]) >= begun] = -np.inf
        new = upper(newcomers.mean[states], newcomers.variance[states] + self._added, bonus[:, None])
        score = np.concatenate((known, new), axis=1)
        best = top(score, self.slate_size)
        products = np.concatenate((products, newcomers.ids[states]), axis=1)
        slates = np.take_along_axis(products, best, axis=1)
        least = np.take_along_axis(score, best[:, -1:], axis=1)[:, 0]
        short = least < newcomers.floor[states]
        if np.count_nonzero(short):
            self._look_out(states[short], ahead=False)
            slates[short] = self._slates(states[short])
        return slates

    def _look_out(self, states: NDArray, ahead: bool = True) -> None:
        """Chooses the newcomers of some states, to outlast many visits, or for this one."""
        bonus = self._bonus_at(np.maximum(AHEAD * self._came[states], SOON)) if ahead else self._bonus[states]
        added = AHEAD * self._added if ahead else self._added
        of = self._block[states]
        for block in np.unique(of).tolist():
            some = states[of == block]
            mean = self._known[some]
            mean[:, self._row[block] >= 0] = -np.inf
            self._newcomers.choose(some, mean, self._common[block], bonus[of == block], added)

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns of a product shown twice from the first; the item rewards are not read."""
        columns = self._column.take(slates)
        if len(states) == 1:
            self._learn_one(states.item(), columns[0], responses[0])
            self._count(1)
            return
        again = repeats(slates)
        once = np.ones(slates.shape, dtype=bool) if again is None else ~again
        at = 0
        while at < len(states):
            part = slice(at, at + min(PART, max(LITTLE, self._visits)))
            at, some = part.stop, states[part]
            visit, slot = np.nonzero(once[part])
            self._learn(some[visit], columns[part][visit, slot], slot, responses[part][visit, slot])
            self._came += np.bincount(some, minlength=self.states)
            self._bonus[some] = self._bonus_at(self._came[some])
            self._count(len(some))

    def _count(self, visits: int) -> None:
        """Counts visits, and fits when it is time."""
        self._visits += visits
        if self._visits >= self._next_fit:
            while self._visits >= self._next_fit:
                self._next_fit *= 2
            self._fit()

    def _learn_one(self, state: int, columns: NDArray, responses: NDArray) -> None:
        """Learns from the responses (n,) to the products (n,) of one visit."""
        block, place, slots = self._block.item(state), self._place.item(state), self._slots
        if len(set(columns.tolist())) < len(columns):
            slots = np.sort(np.unique(columns, return_index=True)[1])
            columns, responses = columns[slots], responses[slots]
        rows = self._row[block].take(columns)
        if min(rows.tolist()) < 0:
            rows = self._begin(block, columns)
        cells = self._beliefs.cells(rows, place)
        u = self._beliefs.mean.take(cells).tolist()
        information, score = self._responses.judge_few(u, slots.tolist(), responses.tolist())
        self._beliefs.tell_one(rows, place, cells, information, score)
        told = [much * one + far for much, one, far in zip(information, u, score, strict=True)]
        self._information.reshape(-1)[cells] += np.array(information, dtype=np.float32)
        self._told.reshape(-1)[cells] += np.array(told, dtype=np.float32)
        self._came[state] += 1
        self._bonus[state] = self._optimism * math.sqrt(math.log1p(self._came.item(state)))

    def _learn(self, states: NDArray, columns: NDArray, slots: NDArray, responses: NDArray) -> None:
        """Learns from responses (N,) to products (N,) in slots (N,) of visits of the states (N,), all at once."""
        block, place = self._block[states], self._place[states]
        rows = self._row[block, columns]
        if rows.min() < 0:
            rows = self._begin(block, columns)
        u = self._beliefs.mean[rows, place]
        information, score = self._responses.judge(u, slots, responses)
        used = np.flatnonzero(np.bincount(rows))
        number = np.empty(len(self._whose), dtype=np.int64)
        number[used] = np.arange(len(used))
        shape = len(used), self._beliefs.places
        cells = number.take(rows) * shape[1] + place
        information, told = (
            np.bincount(cells, each, shape[0] * shape[1]).reshape(shape).astype(np.float32)
            for each in (information, information * u + score)
        )
        self._information[used] += information
        self._told[used] += told
        self._beliefs.tell(used, information, told)

    def _begin(self, block: int | NDArray, columns: NDArray) -> NDArray[np.int64]:
        """(N,) rows of the products in their blocks, with new ones for those never shown there."""
        new = np.unique((block * self.products + columns)[self._row[block, columns] < 0])
        whose, begin = np.stack(np.divmod(new, self.products), axis=1), len(self._whose)
        self._row.reshape(-1)[new] = np.arange(begin, begin + len(new))
        self._whose = np.concatenate([self._whose, whose])
        self._information = grown(self._information, len(self._whose), 0.0)
        self._told = grown(self._told, len(self._whose), 0.0)
        self._beliefs.append(self._expected(whose), self._prior(whose))
        most = self._begun.max() + len(new)
        if most > self._shown.shape[2]:  # twice the room, so that it is seldom copied
            room = np.zeros((2, len(self._begun), most), dtype=np.int64)
            self._shown = np.concatenate([self._shown, room], axis=2)
        for row, (of, product) in enumerate(whose.tolist(), begin):
            self._shown[:, of, self._begun[of]] = row, product
            self._begun[of] += 1
        for of in np.unique(whose[:, 0]).tolist():
            self._newcomers.strike(self._members[of], self._row[of] >= 0)
        return self._row[block, columns]

    def _expected(self, whose: NDArray) -> NDArray[np.float32]:
        """(R, Q) means of the log-appeal before any response, of products (R, 2) in their blocks."""
        return self._known[self._members[whose[:, 0]], whose[:, 1, None]]

    def _prior(self, whose: NDArray) -> NDArray[np.float32]:
        """(R, Q, Q) covariance of the log-appeal before any response."""
        return self._inner + self._common[whose[:, 0], whose[:, 1], None, None]

    def _widen(self) -> None:
        """Notes what the levels add to the covariance of the states, and to their variance."""
        self._inner = np.tensordot(self._variance.astype(np.float32), self._together, axes=1)  # (Q, Q)
        self._added = float(np.float32(self._variance.sum()))

    def _fit(self) -> None:
        """Fits the variances of the levels to all responses so far."""
        common = self._common[self._whose[:, 0], self._whose[:, 1]]
        rows = len(self._whose)
        surprise = self._told[:rows] - self._information[:rows] * self._expected(self._whose)
        self._variance = fit(self._variance, self._together, common, self._information[:rows], surprise)
        self._widen()
        self._work_out()

    def _work_out(self) -> None:
        """Sets the beliefs of the products once shown to what all responses tell together."""
        for at in range(0, len(self._whose), ROWS):
            whose = self._whose[at : at + ROWS]
            self._beliefs.replace(slice(at, at + len(whose)), self._expected(whose), self._prior(whose))
        rows = np.arange(len(self._whose))
        self._beliefs.tell(rows, self._information[: len(rows)], self._told[: len(rows)])

    @property
    def _mean(self) -> NDArray[np.float32]:
        """(S, P) means of the log-appeal."""
        return self._means(np.arange(self.states))

    def _means(self, states: NDArray) -> NDArray[np.float32]:
        """(B, P) means of the log-appeal in some states."""
        means = self._known[states]
        for mean, state in zip(means, states.tolist(), strict=True):
            block = self._block.item(state)
            rows, products = self._shown[:, block, : self._begun.item(block)]
            mean[products] = self._beliefs.mean[rows, self._place.item(state)]
        return means

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) probability that the product is bought when it is shown, by present belief."""
        return self._responses.buys(self._means(states))[:, self._column]

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) 1 where the slate is shown down to and with this slot: the agent draws nothing."""
        return self._certain(self._act(states), slates)
