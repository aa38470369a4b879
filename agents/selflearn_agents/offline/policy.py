"""Policies that climb along the gradient of what a log says of them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.bandits.gradient import add_levels, move_levels
from selflearn_agents.offline.learner import Learner
from selflearn_agents.offline.slopes import add_slopes
from selflearn_env.core.numbers import is_number
from selflearn_env.core.slates import repeats
from selflearn_env.declared import POSITIVE, Declared, real, whole
from selflearn_env.shop.history import History

if TYPE_CHECKING:
    from selflearn_agents.logs.visit_log import VisitLog

ROWS = 64  # states worked on at once


class Objective(NamedTuple):
    """What `add_slopes` says of a policy, summed over all visits, and where a policy begins to climb.

    Attributes:
        start: (S, P) float32 first preferences, at a sharpness of 1.
        fixed: (V, n) weights of the logarithms of the probabilities.
        scaled: (V, n) weights of the probabilities.
        value: (S, P) float32 of the products that a slot might show, or None where no model is asked.
        examined: (n,) weights of the expected values.
    """

    start: NDArray[np.float32]
    fixed: NDArray[np.float64]
    scaled: NDArray[np.float64]
    value: NDArray[np.float32] | None
    examined: NDArray[np.float64]


class PolicyLearner(Learner):
    """A Plackett-Luce policy whose preferences climb along the gradient of an objective; it then shows its likeliest.

    Preference: h(p) = sharpness * start(p) + theta_0(p) + ... + theta_L(p), with one theta per product and group of
    states at each level of the history's pooling, as `gradient` has it, and for start the logarithm of the history's
    pooled incidence, if the subclass does not say otherwise. Slot k of the policy
    shows product p with p_k(p) = exp(h(p)) / sum of exp(h) over the products that the slots above leave over. What is
    shown is the mode of that, the products of greatest preference in order.

    Learning: `steps` times, from theta = 0, for each level

        theta_l += step_size * gradient by theta_l of objective / visits of the log

    exact, over all visits at once, so that nothing is drawn. A step that would lower the objective is not taken, and
    step_size is halved. Few steps from the history's preferences are what holds on
    to the history: products and groups of which the log says little hardly move (early stopping; Yao, Rosasco and
    Caponnetto 2007).

    A propensity below `least_propensity` counts as that (Ionides 2008; Strehl et al. 2010): weights stay below its
    inverse, at the price of believing the log's rare slates less than they deserve.

    A subclass says what the objective is, and maybe another start.
    """

    needs_propensity = True

    declared: ClassVar[Declared] = {
        "_sharpness": real(0.0),
        "_step_size": real(0.0),
        "_steps": whole(1),
        "_least_propensity": real(POSITIVE, 1.0),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        sharpness: float,
        step_size: float,
        steps: int,
        least_propensity: float,
    ):
        """Starts from the history; see the subclasses."""
        for name, number in (("sharpness", sharpness), ("step_size", step_size)):
            if not is_number(number) or not 0 <= number < np.inf:
                raise ValueError(f"{name} must be >= 0, got {number!r}")
        if not is_number(steps) or steps < 1 or steps % 1:
            raise ValueError(f"steps counts steps along the gradient and must be at least 1, got {steps!r}")
        if not is_number(least_propensity) or not 0 < least_propensity <= 1:
            raise ValueError(f"least_propensity is a probability, above 0, got {least_propensity!r}")
        self._sharpness, self._step_size, self._steps = float(sharpness), float(step_size), int(steps)
        self._least_propensity = float(least_propensity)
        super().__init__(history, slate_size, rng)

    @abstractmethod
    def _objective(self, log: VisitLog) -> Objective:
        """The objective of a log."""

    def _check(self, log: VisitLog) -> None:
        super()._check(log)
        again = repeats(log.slate)
        if again is not None:
            visit, slot = np.argwhere(again)[0].tolist()
            raise ValueError(
                f"visit {visit} of the log shows product {log.slate[visit, slot]} twice, which no policy of distinct "
                f"products does; leave such visits out"
            )

    def _logged(self, log: VisitLog) -> NDArray[np.float64]:
        """(V, n) propensities, none below the least."""
        assert log.propensity is not None
        return np.maximum(log.propensity, self._least_propensity)

    def _learned(self, log: VisitLog) -> NDArray[np.float32]:
        objective = self._objective(log)
        rows, sharpness, step = self.known.rows, np.float32(self._sharpness), self._step_size
        theta = np.zeros((int(rows.max()) + 1, self.products), dtype=np.float32)
        visits = ByState(log.state, log.slate, objective.fixed, objective.scaled)
        best, slope = self._look(objective, visits, theta)
        for _ in range(self._steps):
            tried = theta + np.float32(step) * slope
            found, there = self._look(objective, visits, tried)
            if found < best:
                step /= 2
            else:
                theta, best, slope = tried, found, there
        preferences = sharpness * objective.start
        add_levels(preferences, theta, rows, np.arange(self.states))
        return preferences

    def _look(
        self, objective: Objective, visits: ByState, theta: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.float32]]:
        """The objective per visit, and its gradient (R, P), at some theta (R, P)."""
        total, slope, nothing = 0.0, np.zeros_like(theta), np.zeros(self.products, dtype=np.float32)
        for begin in range(0, len(visits.states), ROWS):
            some = visits.states[begin : begin + ROWS]
            preferences = np.float32(self._sharpness) * objective.start[some]
            add_levels(preferences, theta, self.known.rows, some)
            moves = np.zeros(preferences.shape)
            for place, state in enumerate(some.tolist()):
                value = nothing if objective.value is None else objective.value[state]
                own = visits.of(begin + place)
                total += add_slopes(preferences[place], *own, value, objective.examined, moves[place])
            move_levels(slope, self.known.rows, some, moves, 1.0 / visits.count)
        return total / visits.count, slope


class ByState:
    """The visits of a log, state by state.

    Attributes:
        states: (B,) those that come, ascending.
        count: visits.
    """

    def __init__(self, state: NDArray[np.int64], *columns: NDArray):
        """Sorts columns (V, n) by the states (V,)."""
        order = np.argsort(state, kind="stable")
        self.states, first = np.unique(state[order], return_index=True)
        self.count = len(state)
        self._ends = np.append(first, len(state))
        self._columns = [column[order] for column in columns]

    def of(self, place: int) -> list[NDArray]:
        """The columns (v, n) of the visits in the state at this place of `states`."""
        return [column[self._ends[place] : self._ends[place + 1]] for column in self._columns]
