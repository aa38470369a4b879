"""The hierarchical agent against normal regression on every single response, and what it learns."""

import os
import subprocess
import sys
from dataclasses import replace
from math import exp

import numpy as np
import pytest
from selflearn_agents.evaluation import evaluate
from selflearn_agents.hierarchical.agent import LISTED, HierarchicalAgent
from selflearn_agents.hierarchical.prior import levels

from tests.agents.hierarchical.reference import N, P, Reference, pooled


@pytest.fixture
def history(tiny_shop):
    """The tiny shop's history, with a pooling that tests can count on."""
    return pooled(tiny_shop.history)


def make(history, seed=0, **hyperparameters):
    return HierarchicalAgent(history, N, np.random.default_rng(seed), **hyperparameters)


@pytest.mark.parametrize("optimism", [0.0, 0.8])
@pytest.mark.parametrize("batch", [1, 10])
def test_beliefs_and_slates_are_those_of_dense_regression(history, optimism, batch, monkeypatch):
    """The variances of the levels are fitted after 40 visits, and after 80."""
    monkeypatch.setattr("selflearn_agents.hierarchical.model.FIRST_REFIT", 40)
    agent, reference = make(history, optimism=optimism), Reference(history, optimism)
    rng = np.random.default_rng(3)
    often = np.argsort(-history.visits)[:40]
    states = [0, *often[history.states.table[often, 1] == history.states.table[often[0], 1]][:6].tolist()]
    for visit in range(0, 90, batch):
        state = int(rng.choice(states))
        if visit % 10 == 0:
            slate = agent.act([state])[0].tolist()
            scores = [reference.score(state, product) for product in range(P)]
            assert [scores[product] for product in slate] == pytest.approx(sorted(scores, reverse=True)[:N], abs=1e-3)
            x = reference.scale["buy"][0] / reference.scale["buy"][1]
            expected = [min(1, x * exp(reference.belief(state, product)[0])) for product in range(P)]
            np.testing.assert_allclose(agent.values([state])[0], expected, rtol=2e-3)
        states_now = rng.choice(states, size=batch).tolist()
        shown = [rng.permutation(P)[:N].tolist() for _ in range(batch)]
        responses = rng.choice(3, size=(batch, N), p=[0.5, 0.2, 0.3]).tolist()
        agent.update(states_now, shown, responses, np.zeros((batch, N)))
        reference.learn(states_now, shown, responses)
        if visit + batch in (40, 80):
            reference.fit([tuple(owner) for owner in agent.model.owner[: agent.model.rows].tolist()])
            np.testing.assert_allclose(agent.model.level_variance, list(reference.variance.values()), rtol=1e-3)


def test_it_learns_which_tiers_matter(history):
    """Products that sell on one half of the month only: the variance of that level grows, no other's as much."""
    agent = make(history)
    rng = np.random.default_rng(4)
    for _ in range(2_000):
        state = int(rng.integers(672))
        shown = rng.permutation(P)[:N]
        likes = np.where((shown % 2 == 0) == history.states.table[state, 2], 0.4, 0.04)
        agent.update([state], [shown], [2 * (rng.random(N) < likes)], np.zeros((1, N)))
    tiers = [tiers for tiers, _ in levels(history).inner]
    growth = agent.model.level_variance / make(history).model.level_variance
    assert tiers[growth.argmax()] == (2,)
    assert growth.max() > 2 * np.sort(growth)[-2]


def test_it_starts_from_the_historys_best_products(history):
    best = np.argsort(-history.incidence(), axis=1)[:, :N]
    np.testing.assert_array_equal(make(history, optimism=0.0).act(np.arange(672)), best)


def visits(rng, count):
    """States, slates, responses and rewards of some visits, to be learned from."""
    slates = np.stack([rng.permutation(P)[:N] for _ in range(count)])
    return rng.integers(672, size=count), slates, rng.integers(3, size=(count, N)), np.zeros((count, N))


def test_a_large_batch_is_learned_in_parts_that_grow_with_what_was_learned_before(history):
    whole, parts = make(history), make(history)
    batch = visits(np.random.default_rng(5), 300)
    whole.update(*batch)
    for begin, end in ((0, 64), (64, 128), (128, 256), (256, 300)):
        parts.update(*(each[begin:end] for each in batch))
    np.testing.assert_array_equal(whole.values(np.arange(672)), parts.values(np.arange(672)))


def test_a_product_shown_twice_is_learned_from_the_first(history):
    """The second showing says nothing, neither of the product nor of its slot."""
    twice, once = make(history), make(history)
    twice.update([5], [[4, 4, 1]], [[0, 2, 1]], np.zeros((1, N)))
    once.update([5], [[4, 7, 1]], [[0, 0, 1]], np.zeros((1, N)))
    np.testing.assert_array_equal(twice.model.mean[:2], once.model.mean[[0, 2]])
    assert twice.model.tally[0, 0] == once.model.tally[0, 0]
    np.testing.assert_array_equal(twice.model.tally[:, 2 + 1], 100.0)


def test_equal_visits_of_a_batch_add_up_to_one_observation(history):
    """Twice the responses say as much as the sum of both, whatever stands between them."""
    batch, alone = make(history), make(history)
    batch.update([5, 9, 5], [[4, 2, 1], [4, 2, 1], [1, 4, 2]], [[2, 0, 1], [0, 0, 0], [0, 2, 0]], np.zeros((3, N)))
    alone.update([5], [[4, 2, 1]], [[2, 0, 1]], np.zeros((1, N)))
    row = alone.model.row[alone.model.block[5], 4]
    place = alone.model.place[5]
    assert batch.model.precision[row, place] == pytest.approx(2 * alone.model.precision[row, place], rel=1e-6)
    assert batch.model.precision_mean[row, place] == pytest.approx(2 * alone.model.precision_mean[row, place], rel=1e-6)


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("optimism", [0.65, 4.0])
def test_slates_are_those_of_the_whole_catalogue(retail_shop, optimism, moves):
    """Most products are never shown: they are looked at by lists, which must not change anything."""
    agent = HierarchicalAgent(retail_shop.history, 10, np.random.default_rng(7), optimism=optimism)
    assert agent.products > 10 * LISTED
    rng, everywhere, walk = np.random.default_rng(8), np.arange(672), agent.model.walk
    for round_ in range(12):
        if moves and round_ >= 4:  # not at once: what was listed before must not be believed for ever
            walk.odds[:, 0] = 100.0
        states = rng.integers(672, size=200 if round_ % 2 else 1)
        slates = agent.act(states)
        agent.update(states, slates, rng.choice(3, size=slates.shape, p=[0.8, 0.1, 0.1]), np.zeros(slates.shape))
        slates, alone = agent.act(everywhere), rng.integers(672, size=20)
        np.testing.assert_array_equal(np.concatenate([agent.act([state]) for state in alone]), slates[alone])
        model = agent.model
        variance = (model.common_variance + model.added_variance)[model.block]
        block, product = model.owner[: model.rows].T
        variance[model.members[block], product[:, None]] = model.variance[: model.rows]
        assert walk.moves == (moves and round_ >= 5)
        variance += walk.moved[:, 1]
        bonus = optimism * np.sqrt(np.log(2 + model.visit_count))
        score = model.means(everywhere) + bonus[:, None] * np.sqrt(variance)
        best = -np.sort(-score, axis=1)[:, :10]
        np.testing.assert_allclose(np.take_along_axis(score, slates, axis=1), best, rtol=1e-6)


def test_products_that_score_the_same_stand_in_an_order_of_the_seeds(history):
    none = dict.fromkeys(("visit_state", "visit_customer", "visit_day", "item_visit", "item_product"), np.zeros(0, int))
    blank = replace(history, baskets=replace(history.baskets, **none))
    slates = [make(blank, seed=seed).act(np.arange(672)) for seed in range(4)]
    assert all((each == each[0]).all() for each in slates)
    assert len({tuple(each[0]) for each in slates}) > 1


COMPILED_OR_NOT = """
import sys
import numpy as np
from selflearn_agents.hierarchical import walk
from selflearn_agents.hierarchical.agent import HierarchicalAgent
from selflearn_env import Shop
walk.EVERY, walk.DOUBT = 8, 0.9
history = Shop.load(sys.argv[1]).history
for batch in (1, 8):
    agent, rng = HierarchicalAgent(history, 3, np.random.default_rng(0)), np.random.default_rng(1)
    agent.model.next_refit = 8
    for _ in range(24 // batch):
        states = agent.model.members[rng.integers(2), rng.integers(9, size=batch)]
        slates = agent.act(states)
        agent.update(states, slates, rng.choice(3, size=slates.shape), np.zeros(slates.shape))
        print(slates.tolist())
    model, walk = agent.model, agent.model.walk
    assert walk.moves
    moving = walk.walked, walk.moved, walk.odds
    for table in (model.mean, model.variance, model.covariance, model.level_variance, model.tally, *moving):
        print(table.tobytes().hex())
"""


def test_plain_python_gives_the_same_bits(tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "tiny.npz")
    command = [sys.executable, "-c", COMPILED_OR_NOT, tmp_path / "tiny.npz"]
    compiled, plain = (
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, "NUMBA_DISABLE_JIT": off}).stdout
        for off in ("0", "1")
    )
    assert compiled == plain


@pytest.mark.slow
def test_slots_that_are_seen_less_are_not_held_against_the_products(tiny_shop):
    """Where examination falls with the slot, so does the belief of the slots, as far as products do not take it up."""
    agent = HierarchicalAgent(tiny_shop.history, N, np.random.default_rng(1))
    world = {"shop": tiny_shop, "customer": "position", "customer_options": {"examination": [1.0, 0.5, 0.25]}}
    evaluate(agent, "selflearn/Retail-v0", 20_000, batch=50, progress=False, **world)
    seen, due = agent.model.tally[:, 2:]
    look = seen / due
    assert look[0] > 1.2 * look[1] > 1.2 * 1.2 * look[2]


@pytest.mark.slow
@pytest.mark.parametrize("customer", ["independent", "position", "cascade", "logit"])
def test_it_learns_what_the_history_does_not_know(tiny_shop, customer):
    """More regret in the first tenth than in the last, and less than the best of the history's lists."""
    agent = HierarchicalAgent(tiny_shop.history, N, np.random.default_rng(2))
    result = evaluate(
        agent, "selflearn/Retail-v0", 30_000, batch=50, progress=False, shop=tiny_shop, customer=customer, contrast=4
    )
    assert result.mean("regret", 0.9) < 0.7 * result.mean("regret", 0.0, 0.1)


def test_in_the_null_world_it_earns_what_everybody_earns(seed_shop):
    agent = HierarchicalAgent(seed_shop.history, 10, np.random.default_rng(3))
    result = evaluate(agent, "selflearn/Seed-v0", 5_000, batch=10, progress=False)
    np.testing.assert_allclose(result.expected_reward, -14.0885, atol=1e-3)


@pytest.mark.parametrize("optimism", [-0.1, np.nan, np.inf, "1", None, True])
def test_a_bad_optimism_is_named(history, optimism):
    with pytest.raises(ValueError, match="optimism counts standard deviations and must be >= 0, got"):
        make(history, optimism=optimism)


def test_a_million_responses_to_one_product_leave_the_variances_finite(history):
    agent, states = make(history), np.arange(history.states.size)
    slates = np.tile(np.arange(N), (states.size, 1))
    agent.update(states, slates, np.zeros(slates.shape, dtype=np.int8), np.full(slates.shape, -2.0))
    model, rng = agent.model, np.random.default_rng(0)
    for size in (1e5, 1e7, 1e9):
        much = (size * rng.random(model.precision[: model.rows].shape)).astype(np.float32)
        model.replace_observations(much, much * rng.normal(-3.0, 0.3, much.shape).astype(np.float32))
        model.refit()
        assert (model.level_variance > 0).all()
        assert np.isfinite(model.level_variance).all()
