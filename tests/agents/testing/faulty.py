"""Agents that break one rule each, and the two good ones that they are made from."""

from __future__ import annotations

import random

import numpy as np
from selflearn_agents import Agent

N = 3


class Counting(Agent):
    """A tutorial's agent: counts what is bought in each state, and shows what was bought most; faults are added."""

    def __init__(self, history, slate_size, rng, *, noise=0.01):
        super().__init__(history, slate_size, rng)
        self.noise = float(noise)
        self.bought = np.array(history.purchases, dtype=float)

    def _score(self, states):
        return self.bought[states] + self.noise * self.rng.random((len(states), self.products))

    def _act(self, states, eligible=None):
        score = self._score(states)
        if eligible is not None:
            score[~eligible] = -np.inf
        return np.argsort(-score, axis=1, kind="stable")[:, : self.slate_size]

    def _values(self, states):
        return self.bought[states]

    def _update(self, states, slates, responses, item_rewards):
        np.add.at(self.bought, (states[:, None], slates), responses == 2)


class Sure(Counting):
    """The same, which draws nothing."""

    sure = True

    def _score(self, states):
        return self.bought[states].copy()


class Repeats(Counting):
    def _act(self, states, eligible=None):
        slates = super()._act(states)
        slates[:, 1] = slates[:, 0]
        return slates


class ReturnsLists(Counting):
    def _act(self, states, eligible=None):
        return super()._act(states).tolist()


class ReturnsFloats(Counting):
    def _act(self, states, eligible=None):
        return super()._act(states).astype(float)


class ForgetsTheBatch(Counting):
    def _act(self, states, eligible=None):
        return super()._act(states).squeeze()


class ShowsWhatDoesNotExist(Counting):
    def _act(self, states, eligible=None):
        return super()._act(states) + 1


class WritesToStates(Counting):
    def _act(self, states, eligible=None):
        states[:] = 0
        return super()._act(states, eligible)


class WritesToRewards(Counting):
    def _update(self, states, slates, responses, item_rewards):
        item_rewards[:] = 0


class WritesToMasks(Sure):
    def _act(self, states, eligible=None):
        slates = super()._act(states, eligible)
        if eligible is not None:
            eligible[0] = False
        return slates


class DrawsFromNumpy(Counting):
    def _score(self, states):
        return np.random.random((len(states), self.products))  # noqa: NPY002


class DrawsFromRandom(Counting):
    def _score(self, states):
        return super()._score(states) + random.random()


class HasItsOwnGenerator(Counting):
    def _score(self, states):
        return np.random.default_rng().random((len(states), self.products))


class KeepsRewards(Sure):
    """Learns of a batch when the next one comes, from the caller's own arrays."""

    last = None

    def _update(self, states, slates, responses, item_rewards):
        if self.last is not None:
            super()._update(*self.last, None)
        self.last = states, slates, responses


class ReturnsItsBuffer(Sure):
    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.best = np.zeros((self.states, self.slate_size), dtype=np.int64)
        self.best[:] = np.arange(self.slate_size)

    def _act(self, states, eligible=None):
        return self.best[: len(states)]


class DrawsInValues(Counting):
    def _values(self, states):
        return self._score(states)


class CountsLooks(Sure):
    looks = 0

    def _values(self, states):
        self.bought += self.rng.random(self.bought.shape)
        return np.zeros((len(states), self.products))


class ForgetsWhenSaved(Sure):
    """Keeps tuples, which are lists in a file."""

    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.lucky = []

    def _score(self, states):
        score = super()._score(states)
        for visit, product in np.ndindex(score.shape):
            score[visit, product] += 1_000 * ((int(states[visit]), product) in self.lucky)
        return score

    def _update(self, states, slates, responses, item_rewards):
        self.lucky += [(int(state), int(slate[-1])) for state, slate in zip(states, slates, strict=True)]


class CannotBeStored(Sure):
    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.model = object()


class ValuesOfOneVisit(Sure):
    def _values(self, states):
        return self.bought[states[0] if len(states) else states]


class ValuesThatAreNaN(Sure):
    def _values(self, states):
        return self.bought[states] / 0.0 * 0.0


class LearnsTheLastOnly(Sure):
    def _update(self, states, slates, responses, item_rewards):
        self.bought[states[:, None], slates] = item_rewards


class WantsWholeSlates(Sure):
    def _update(self, states, slates, responses, item_rewards):
        for slot in range(self.slate_size):
            self.bought[states, slates[:, slot]] += responses[:, slot]


class Overflows(Sure):
    def _update(self, states, slates, responses, item_rewards):
        np.add.at(self.bought, (states[:, None], slates), np.exp(item_rewards))


class TakesAnything(Sure):
    def update(self, visits, slates, responses, item_rewards):
        """Without any check."""


class ActsOnAnything(Sure):
    def act(self, visits, eligible=None):
        return self._act(np.asarray(visits, dtype=int) % self.states)


class SaysThatItIsSure(Counting):
    sure = True


class PropensitiesOfHalf(Counting):
    def _propensity(self, states, slates, eligible=None):
        return np.full(slates.shape, 0.5)


class WrongPropensities(Counting):
    """Draws two slates in turn, and says that one of them is more likely."""

    def _act(self, states, eligible=None):
        slates = np.tile(np.arange(self.slate_size), (len(states), 1))
        slates[self.rng.random(len(states)) < 0.5, :2] = np.arange(self.slate_size)[:2][::-1]
        return slates

    def _propensity(self, states, slates, eligible=None):
        first, second = np.arange(self.slate_size), np.arange(self.slate_size)
        second[:2] = first[:2][::-1]
        one, other = self._certain(first[None], slates), self._certain(second[None], slates)
        one[:, 0] *= 0.53
        other[:, 0] *= 0.47
        return one + other


class LooksBelow(Sure):
    """Its propensity of a slot depends on how many slots there are."""

    def _propensity(self, states, slates, eligible=None):
        probability = super()._propensity(states, slates, eligible)
        return probability if slates.shape[1] == self.slate_size else np.zeros_like(probability)


class WrongMarginals(Sure):
    def _marginals(self, states, eligible=None):
        return np.full((len(states), self.slate_size, self.products), 1.0 / self.products)


class IgnoresMasks(Sure):
    def _act(self, states, eligible=None):
        return super()._act(states)


class MasksWithOtherDraws(Counting):
    def _act(self, states, eligible=None):
        if eligible is not None:
            self.rng.random()
        return super()._act(states, eligible)


class PropensitiesIgnoreMasks(Sure):
    def _propensity(self, states, slates, eligible=None):
        return super()._propensity(states, slates)


class TenOrNothing(Sure):
    def _act(self, states, eligible=None):
        order = np.argsort(-self.bought[states], axis=1, kind="stable")
        return order[:, [0, 1, 2]][:, : self.slate_size] if eligible is None else super()._act(states, eligible)


class ForgetsTheBase(Counting):
    def __init__(self, history, slate_size, rng):
        self.rng = rng


class SaysNothingOfPropensities(Counting):
    def propensity(self, visits, slates, eligible=None):
        raise NotImplementedError("no")


class UnsavedWithoutAWord(Counting):
    unsaved = "later"


class FailsForNobody(Counting):
    def act(self, visits, eligible=None):
        return super().act(visits, eligible) if visits[0] >= 0 else None
