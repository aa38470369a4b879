"""Importance sampling of lives: against loops written from the docstring, and exact expectations in a tiny world."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from selflearn_agents.agent import Agent
from selflearn_agents.ope import evaluate_lives_offline
from selflearn_agents.ope.lives.weights import LivesEvidence, pdis, sn_pdis, sn_tis, tis

from selflearn_env.core.states import StateSpace, Tier
from tests.agents.ope.policies import log_of

LENGTHS = (1, 4, 2, 3, 1, 6)
FORMS = {"tis": tis, "sn_tis": sn_tis, "pdis": pdis, "sn_pdis": sn_pdis}


def lives_of(lengths, states, slates, item_reward, propensity=None):
    """A log of lives of these lengths."""
    over = np.zeros(len(states), dtype=bool)
    over[np.cumsum(lengths) - 1] = True
    ends = {"terminated": over, "last_observation": np.zeros((len(lengths), 1)), "last_state": states[over]}
    return log_of(states, slates, item_reward, propensity, **ends)


@pytest.fixture(scope="module")
def few(tiny_shop, logger):
    """Six lives of one to six visits, with rewards that are no response's."""
    rng, agent = np.random.default_rng(3), logger["random"]
    states = rng.integers(tiny_shop.states.size, size=sum(LENGTHS))
    slates = agent.act(states)
    return lives_of(LENGTHS, states, slates, rng.normal(size=slates.shape), agent.propensity(states, slates))


def by_hand(name, log, target, visits, discount):
    """The estimate, life by life and visit by visit."""
    given = target.propensity(log.state, log.slate).prod(axis=1) / log.propensity.prod(axis=1)
    reward = log.item_reward.sum(axis=1)
    weights, earned, at = [], [], 0
    for length in LENGTHS:
        weight, own, its = 1.0, [], []
        for visit in range(visits):
            if visit < length:
                weight *= given[at + visit]
            own.append(weight)
            its.append(discount**visit * reward[at + visit] if visit < length else 0.0)
        weights.append(own)
        earned.append(its)
        at += length
    lives = range(len(LENGTHS))
    if name == "tis":
        return sum(weights[i][-1] * sum(earned[i]) for i in lives) / len(LENGTHS)
    if name == "sn_tis":
        return sum(weights[i][-1] * sum(earned[i]) for i in lives) / sum(weights[i][-1] for i in lives)
    each = [sum(weights[i][t] * earned[i][t] for i in lives) for t in range(visits)]
    if name == "pdis":
        return sum(each) / len(LENGTHS)
    return sum(each[t] / sum(weights[i][t] for i in lives) for t in range(visits))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(("visits", "discount"), [(None, 1.0), (None, 0.9), (1, 1.0), (3, 0.5), (50, 1.0)])
def test_it_is_the_formula(few, target, name, visits, discount):
    counted = min(visits or max(LENGTHS), max(LENGTHS))
    terms = FORMS[name](LivesEvidence(few, target, discount=discount).beginnings(visits))
    assert terms.value == pytest.approx(by_hand(name, few, target, counted, discount), rel=1e-12)
    assert terms.top.shape[0] == len(LENGTHS)


def test_who_is_judged_by_its_own_log_gets_its_mean(few, logger):
    lives = LivesEvidence(few, logger["random"]).beginnings()
    mean = few.reward.sum() / len(LENGTHS)
    for name, form in FORMS.items():
        assert form(lives).value == pytest.approx(mean, rel=1e-12), name
    assert lives.effective == pytest.approx(np.full(6, 6.0))


def test_effective_lives(few, target):
    lives = LivesEvidence(few, target).beginnings(2)
    given = target.propensity(few.state, few.slate).prod(axis=1) / few.propensity.prod(axis=1)
    first, second = [], []
    for begin, length in zip(few.first, LENGTHS, strict=False):
        first.append(given[begin])
        second.append(given[begin] * (given[begin + 1] if length > 1 else 1.0))
    for found, weights in zip(lives.effective, (first, second), strict=True):
        assert found == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))


@pytest.mark.parametrize("visits", [1, 2])
def test_unbiased_where_everything_is_remembered(tiny_shop, visits):
    """All lives of a world of three products, in which the first slate decides who comes again, and what is bought."""
    start = {0: 0.3, 1: 0.7}
    rng = np.random.default_rng(5)
    logged, judged = (Draws(tiny_shop.history, rng.dirichlet(np.ones(3), tiny_shop.states.size)) for _ in range(2))
    stays, first, earns = (
        rng.random((2, 3)),
        rng.normal(size=(2, 3)),
        rng.normal(size=(2, 3, 3)),
    )  # the second visit's reward depends on both products
    lengths, states, shown, rewards, chance, exact = [], [], [], [], [], 0.0
    for (state, p), one, other in product(start.items(), range(3), range(3)):
        later = 1 - state  # the state of the second visit
        ends = (1 - stays[state, one]) / 3  # once for each of the three products that are not shown any more
        for policy in (logged, judged):
            whole = p * policy.chances[state, one] * stays[state, one] * policy.chances[later, other]
            short = p * policy.chances[state, one] * ends
            if policy is judged:
                exact += (whole + short) * first[state, one] + whole * earns[state, one, other] * (visits == 2)
            else:
                chance += [whole, short]
        lengths += [2, 1]
        states += [state, later, state]
        shown += [one, other, one]
        rewards += [first[state, one], earns[state, one, other], first[state, one]]
    states, slates = np.array(states), np.array(shown)[:, None]
    log = lives_of(lengths, states, slates, np.array(rewards)[:, None], logged.propensity(states, slates))
    assert sum(chance) == pytest.approx(1)
    lives = LivesEvidence(log, judged).beginnings(visits)
    for form in (tis, pdis):
        assert chance @ form(lives).top[:, 0] == pytest.approx(exact, abs=1e-12)
    assert chance @ lives.weight[:, -1] == pytest.approx(1)


class Draws(Agent):
    """Draws the one product of a slate with probabilities (S, 3) of its own."""

    def __init__(self, history, chances):
        super().__init__(history, 1, np.random.default_rng(0))
        self.chances = chances

    def _act(self, states, eligible=None):
        return (self.rng.random(len(states))[:, None] > self.chances[states].cumsum(axis=1)).sum(axis=1)[:, None]

    def _values(self, states):
        raise AssertionError("it is only asked for probabilities")

    def _propensity(self, states, slates, eligible=None):
        return np.take_along_axis(self.chances[states], slates, axis=1)


def test_great_weights_are_foreseen(tiny_shop):
    """Where slates change nothing that follows: E_q w_1^2 w_2^2, by the probabilities."""
    rng, count = np.random.default_rng(8), 20_000
    logged, judged = (Draws(tiny_shop.history, rng.dirichlet(np.ones(3) * 3, tiny_shop.states.size)) for _ in range(2))
    states = rng.integers(2, size=2 * count)
    slates = logged.act(states)
    log = lives_of([2] * count, states, slates, np.ones(slates.shape), logged.propensity(states, slates))
    square = sum(judged.chances[:2, product] ** 2 / logged.chances[:2, product] for product in range(3)).mean()
    lives = LivesEvidence(log, judged, logged).beginnings()
    assert lives.foreseen == pytest.approx([count / square, count / square**2], rel=0.05)
    assert lives.effective == pytest.approx(lives.foreseen, rel=0.1)
    assert lives.support == 1
    logged.chances[1] = [1, 0, 0]  # the log has the others, but never will have again
    log = lives_of([2] * count, states, slates * 0, np.ones(slates.shape), logged.propensity(states, slates * 0))
    assert LivesEvidence(log, judged, logged).beginnings().support < 0.9
    assert (
        "of the target's lives"
        in evaluate_lives_offline(log, judged, ["tis"], logging_policy=logged).to_frame()["verdict"].item()
    )


def test_far_targets_and_long_lives_are_not_trusted(tiny_shop, logger, policy):
    """Weights of 400 visits are below all numbers, and nothing breaks."""
    rng, agent = np.random.default_rng(0), logger["random"]
    states = rng.integers(tiny_shop.states.size, size=2_000)
    slates = agent.act(states)
    log = lives_of([400] * 5, states, slates, np.ones(slates.shape), agent.propensity(states, slates))
    result = evaluate_lives_offline(log, policy("epsilon_greedy", epsilon=0.01, prior="rate"))
    frame = result.to_frame()
    assert (result.effective[[0, -1]] <= [5, 0]).all()
    assert frame.loc[["tis", "pdis"], "value"].notna().all()
    assert frame.loc[list(FORMS), "verdict"].str.startswith("do not trust this: ").all()
    assert "give states, such as shop.states" in frame.loc["fqe", "verdict"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"discount": 0.0}, "discount must be above 0 and at most 1, got 0.0"),
        ({"discount": np.nan}, "discount must be"),
        ({"visits": 0}, "visits counts those of a life that are judged, at least 1, or None, got 0"),
        ({"visits": 1.5}, "got 1.5"),
        ({"estimators": ["ips"]}, r"unknown estimators \['ips'\]; known: tis, sn_tis, pdis, sn_pdis, fqe"),
        ({"estimators": []}, "no estimators"),
        ({"level": 1.0}, "level must be between 0 and 1"),
    ],
)
def test_input_errors(few, target, options, message):
    with pytest.raises(ValueError, match=message):
        evaluate_lives_offline(few, target, **options)


def test_logs_and_states_that_do_not_fit(few, target, seed_states):
    with pytest.raises(ValueError, match="at least 2 lives"):
        evaluate_lives_offline(lives_of([2], few.state[:2], few.slate[:2], few.item_reward[:2]), target)
    with pytest.raises(ValueError, match=r"states has 4 states, but the target knows 672"):
        evaluate_lives_offline(few, target, states=seed_states)
    bare = lives_of(LENGTHS, few.state, few.slate, few.item_reward)
    result = evaluate_lives_offline(bare, target)
    assert (
        result.to_frame().loc["tis", "verdict"].startswith("cannot be estimated, because the log has no propensities")
    )
    assert np.isnan(result.effective).all()


@pytest.fixture(scope="module")
def seed_states():
    return StateSpace((Tier("segment", tuple("ABCD")),))
