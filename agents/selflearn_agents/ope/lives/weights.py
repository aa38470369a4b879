"""Importance sampling of lives: what a customer would be worth to another policy, over many visits.

A life is an episode of T visits, x_t the state, a_t the slate and r_t its reward; with p the target policy, q the
logged one, g the discount,

    w_t = prod_{u<=t} p(a_u | x_u) / q(a_u | x_u),

- TIS:   mean over lives of  w_T sum_t g^(t-1) r_t,      trajectory-wise;
- PDIS:  mean over lives of  sum_t w_t g^(t-1) r_t,      per decision: no reward depends on later slates.

Both are unbiased, whatever customers remember, where the log could show whatever the target shows, and where both
policies go by the state x_t alone. Self-normalised, "weighted", they are sum(w_T R) / sum(w_T), R the return of a life,
and sum over t of sum(w_t g^(t-1) r_t) / sum(w_t), the sums over all lives: a life that is over keeps its last weight
and earns nothing any more. They have a bias of the order of 1 / lives, and less variance.

The variance of w_t grows exponentially: E_q w_t^2 = E_q v_1 ... v_t, where v = E_p[p(a | x) / q(a | x)], if slates
changed nothing of the visits that follow. With v the same in all visits, N lives count for N / v^t after t of them; and
v grows with the slots of a slate in the same way.

Sources: Precup, Sutton and Singh (2000), "Eligibility traces for off-policy policy evaluation", sections 3 and 4; for
lives of different lengths in the weighted forms, Thomas (2015), "Safe reinforcement learning", section 3.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.lives.features import life_features
from selflearn_agents.ope.reward_model import RewardModel, SlotMeans
from selflearn_agents.ope.terms import Terms
from selflearn_env.core.numbers import is_number
from selflearn_env.core.states import StateSpace

LEAST = 1e-100  # weights below count as none; their squares would be 0, and nothing could be divided by them


class LivesEvidence:
    """A log of E lives and a target policy: what they say together of each of V visits, worked out once.

    Attributes:
        log: the log.
        target: the policy to be judged.
        discount: what a visit's reward counts against that of the visit before.
        visit: (V,) number of each visit within its life, from 0.
    """

    def __init__(
        self,
        log: VisitLog,
        target: Agent,
        logging_policy: Agent | None = None,
        states: StateSpace | None = None,
        reward_model: RewardModel | None = None,
        discount: float = 1.0,
    ):
        """Checks that they fit; arguments as `evaluate_lives_offline` takes them.

        Raises:
            ValueError: as there.
        """
        if not is_number(discount) or not 0 < discount <= 1:
            raise ValueError(f"discount must be above 0 and at most 1, got {discount!r}")
        if len(log.last_state) < 2:
            raise ValueError(f"a log needs at least 2 lives to be judged by, got {len(log.last_state)}")
        if states is not None and states.size != target.states:
            raise ValueError(f"states has {states.size} states, but the target knows {target.states}")
        self.log, self.target, self.discount = log, target, float(discount)
        self._logging_policy = logging_policy
        self.visit = np.arange(len(log)) - log.first[log.episode]
        self._states, self._model = states, SlotMeans() if reward_model is None else reward_model
        self._of_slates = Evidence(log, target, logging_policy, self._model, np.zeros(len(log), dtype=np.int64))

    @cached_property
    def visit_weight(self) -> NDArray[np.float64]:
        """(V,) how much more probable the slate of this visit alone is with the target."""
        return self._of_slates.prefix_weight[:, -1]

    @cached_property
    def drawn_weight(self) -> NDArray[np.float64]:
        """(V,) weight of a slate that a copy of the target draws for this visit; 0 where it is never logged.

        The great weights that it shows are those that a log seldom meets.

        Raises:
            NotImplementedError: the logging policy is not given, or a policy does not know its propensities.
        """
        if self._logging_policy is None:
            raise NotImplementedError("no logging_policy is given, so what it seldom shows is not known")
        states = self.log.state
        slates = deepcopy(self.target).act(states)
        logged, own = (agent.propensity(states, slates) for agent in (self._logging_policy, self.target))
        return np.divide(own, logged, out=np.zeros(slates.shape), where=logged > 0).prod(axis=1)

    @cached_property
    def features(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """As `life_features` has them."""
        return life_features(self.log, self.visit, self.target, self._states, self._model)

    def beginnings(self, visits: int | None = None) -> Beginnings:
        """The lives, of which so many visits count; None for all.

        Raises:
            ValueError: not a positive number.
        """
        longest = int(self.visit.max()) + 1
        if visits is None:
            return Beginnings(self, longest)
        if not is_number(visits) or visits < 1 or visits % 1:
            raise ValueError(f"visits counts those of a life that are judged, at least 1, or None, got {visits!r}")
        return Beginnings(self, min(int(visits), longest))


class Beginnings:
    """The first T visits of each of E lives.

    Attributes:
        evidence: of all visits.
        visits: T; the longest life has as many, at least.
        lives: E.
    """

    def __init__(self, evidence: LivesEvidence, visits: int):
        self.evidence, self.visits, self.lives = evidence, visits, len(evidence.log.last_state)

    @cached_property
    def reward(self) -> NDArray[np.float64]:
        """(E, T) discounted rewards of the slates; 0 once a life is over."""
        log, discount = self.evidence.log, self.evidence.discount**self.evidence.visit
        return self._by_life(log.reward * discount, 0.0)

    @cached_property
    def weight(self) -> NDArray[np.float64]:
        """(E, T) how much more probable all slates of a life until then are with the target."""
        weight = self._by_life(self.evidence.visit_weight, 1.0).cumprod(axis=1)
        return np.where(weight < LEAST, 0.0, weight)

    @cached_property
    def effective(self) -> NDArray[np.float64]:
        """(T,) effective number of lives, (sum w)^2 / sum w^2, after 1..T visits; 0 where no weight is left."""
        squares = np.square(self.weight).sum(axis=0)
        return np.divide(self.weight.sum(axis=0) ** 2, squares, out=np.zeros(self.visits), where=squares > 0)

    @cached_property
    def foreseen(self) -> NDArray[np.float64]:
        """(T,) effective lives that are to be expected after 1..T visits: E over the mean of v_1 ... v_t, see above.

        With the target's own slates at the visits of the log. Infinite where this cannot be known.
        """
        try:
            drawn = self._by_life(self.evidence.drawn_weight, 1.0)
        except NotImplementedError:
            return np.full(self.visits, np.inf)
        with np.errstate(over="ignore"):
            expected = drawn.cumprod(axis=1).mean(axis=0)
        return np.divide(self.lives, expected, out=np.zeros(self.visits), where=expected > 0)

    @property
    def support(self) -> float:
        """Share of the target's lives whose every slate the logged policy could have shown; nan where not known."""
        try:
            return float(self._by_life(self.evidence.drawn_weight > 0, 1.0).prod(axis=1).mean())
        except NotImplementedError:
            return np.nan

    def _by_life(self, values: NDArray, otherwise: float) -> NDArray[np.float64]:
        """(E, T) values (V,) of visits by life, with another value where a life has no such visit."""
        episode, visit = self.evidence.log.episode, self.evidence.visit
        table, counted = np.full((self.lives, self.visits), otherwise), visit < self.visits
        table[episode[counted], visit[counted]] = values[counted]
        return table


def tis(lives: Beginnings) -> Terms:
    """Whole lives, weighted by all of their slates."""
    weight = lives.weight[:, -1:]
    return Terms.mean(weight[:, 0] * lives.reward.sum(axis=1), weight)


def sn_tis(lives: Beginnings) -> Terms:
    """TIS, self-normalised."""
    weight = lives.weight[:, -1:]
    return Terms(weight * lives.reward.sum(axis=1, keepdims=True), weight, weight)


def pdis(lives: Beginnings) -> Terms:
    """Each reward weighted by the slates up to its own."""
    return Terms.mean((lives.weight * lives.reward).sum(axis=1), lives.weight)


def sn_pdis(lives: Beginnings) -> Terms:
    """PDIS, self-normalised visit by visit."""
    return Terms(lives.weight * lives.reward, lives.weight, lives.weight)
