"""Each fault that a stranger's agent may have is found, and the message says what to change."""

from __future__ import annotations

import pytest
from selflearn_agents.testing import BY_STATE, EVERYWHERE, Trial, check_agent

from selflearn_env.envs.options import Options
from selflearn_env.testing.contract import said
from tests.agents.testing.faulty import (
    ActsOnAnything,
    CannotBeStored,
    Counting,
    CountsLooks,
    DrawsFromNumpy,
    DrawsFromRandom,
    DrawsInValues,
    FailsForNobody,
    ForgetsTheBase,
    ForgetsTheBatch,
    ForgetsWhenSaved,
    HasItsOwnGenerator,
    IgnoresMasks,
    KeepsRewards,
    LearnsTheLastOnly,
    LooksBelow,
    MasksWithOtherDraws,
    N,
    Overflows,
    PropensitiesIgnoreMasks,
    PropensitiesOfHalf,
    Repeats,
    ReturnsFloats,
    ReturnsItsBuffer,
    ReturnsLists,
    SaysNothingOfPropensities,
    SaysThatItIsSure,
    ShowsWhatDoesNotExist,
    Sure,
    TakesAnything,
    TenOrNothing,
    UnsavedWithoutAWord,
    ValuesOfOneVisit,
    ValuesThatAreNaN,
    WantsWholeSlates,
    WritesToRewards,
    WritesToStates,
    WrongMarginals,
    WrongPropensities,
)

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
