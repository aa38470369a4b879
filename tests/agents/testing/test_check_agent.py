"""Each fault that a stranger's agent may have is found, and the message says what to change."""

from __future__ import annotations

import random

import numpy as np
import pytest
from selflearn_agents import Agent
from selflearn_agents.testing import BY_STATE, EVERYWHERE, Trial, check_agent

from selflearn_env.envs.options import Options
from selflearn_env.testing.contract import said

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


FAULTS = {
    Repeats: r"shows a product twice in one slate, as in \[.*\]; .* show 3 distinct products",
    ReturnsLists: r"_act gives slates as list; return an array of integers of shape \(1, 3\), .* np.array\(slates\)",
    ReturnsFloats: r"_act gives slates as float64 of shape \(1, 3\); return an array of integers",
    ForgetsTheBatch: r"_act gives slates as int64 of shape \(3,\); return an array of integers of shape \(1, 3\)",
    ShowsWhatDoesNotExist: r"is product 8, but the catalogue has products 0\.\.7",
    WritesToStates: "changes the visits that `act` is given, which others use, too; work on a copy",
    WritesToRewards: "changes the item_rewards that `update` is given, .*; work on a copy",
    DrawsFromNumpy: r"draws from numpy\.random, which the whole program shares; draw from self\.rng",
    DrawsFromRandom: r"draws from random, which the whole program shares; draw from self\.rng",
    HasItsOwnGenerator: r"made twice with one seed, shows different slates .*; draw random numbers from self\.rng",
    KeepsRewards: r"keeps an array that `update` was given .*; keep a copy",
    ReturnsItsBuffer: r"keeps an array .* that `act` returned, .*; keep a copy",
    DrawsInValues: "shows other slates after it was asked for its values .*; these must draw nothing",
    CountsLooks: "shows other slates after it was asked for its values .*; these must draw nothing",
    ForgetsWhenSaved: "does not go on as before when it is saved and loaded; keep all that it has learned in arrays",
    CannotBeStored: r"raised TypeError: .*object.*; the rule: A loaded agent continues bit for bit",
    ValuesOfOneVisit: r"has values of float64 and shape \(8,\); return an array of floats of shape \(3, 8\)",
    ValuesThatAreNaN: "has values that are NaN or infinite",
    LearnsTheLastOnly: r"forgets a purchase where .* a second time; add up over the slots \(np\.add\.at\)",
    WantsWholeSlates: "raised IndexError: .*; the rule: Slates may be cut short",
    Overflows: "raised RuntimeWarning: overflow .*; the rule: Rewards that are tiny, equal, or a thousand million",
    TakesAnything: r"does not refuse the states \[0\.7\]: `update` took them; define _update",
    ActsOnAnything: r"does not refuse the states \[0\.7\]: `act` took them; define _act",
    SaysThatItIsSure: r"says sure = True, but draws from self\.rng when it chooses; remove `sure`",
    PropensitiesOfHalf: r"has propensities of slot 0 that add up to 4 over all products, not 1",
    WrongPropensities: r"showed the slate \[.*\] \d+ times in 20000, but its propensities make it 10600",
    LooksBelow: "has other propensities of the first 1 slots where the slates are cut short",
    WrongMarginals: "has marginals of the first slot that are not its propensities",
    IgnoresMasks: r"shows what is not eligible; `_act` is given \(B, P\) bool, and may show only products",
    MasksWithOtherDraws: "shows other slates with a mask that allows every product than without a mask",
    PropensitiesIgnoreMasks: "propensit",
    TenOrNothing: r"_act gives slates as int64 of shape \(20, 3\); return an array of integers of shape \(20, 8\)",
    ForgetsTheBase: r"has no attribute 'slate_size'; call super\(\).__init__\(history, slate_size, rng\)",
    SaysNothingOfPropensities: "does not know its propensities, but does not say so",
    UnsavedWithoutAWord: "says 'later' of why it is `unsaved`, not 'cannot be saved: ...'",
    FailsForNobody: "raised IndexError: .*; the rule: `act`, `update` and `values` take a batch without visits",
}


@pytest.fixture(scope="module")
def simulator(tiny_shop):
    return Options(slate_size=N).simulator(tiny_shop)


@pytest.fixture
def tried(tiny_shop, simulator, monkeypatch):
    """Tries an agent in the tiny shop, whose simulator is made once, as `check_agent` does."""
    monkeypatch.setattr(Trial, "of", classmethod(trial_in(simulator)))
    return lambda kind: check_agent(kind, tiny_shop, slate_size=N)


def trial_in(simulator):
    usual = Trial.of.__func__

    def of(cls, spec, shop, options):
        at_hand = options == Options(slate_size=N) and shop.products == simulator.products
        return cls(spec, shop, options, simulator) if at_hand else usual(cls, spec, shop, options)

    return of


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_each_fault_is_found_and_said(kind, tried):
    with pytest.raises(AssertionError, match=f"^{kind.__name__} .*{FAULTS[kind]}") as found:
        tried(kind)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("kind", [Counting, Sure])
def test_a_good_agent_is_found_good(kind, tried):
    tried(kind)


def test_every_rule_says_in_words_what_it_demands():
    rules = EVERYWHERE + BY_STATE
    assert len({said(rule) for rule in rules}) == len(rules)
    assert all(said(rule).endswith(".") for rule in rules)
