"""What is believed of products that move: against a dense filter from the text, and whether it chooses to follow."""

from math import exp, log

import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.evaluation import evaluate
from selflearn_agents.hierarchical import walk as rule
from selflearn_agents.hierarchical.model import Model
from selflearn_agents.hierarchical.walk import Walk

from selflearn_env import Drift
from tests.agents.hierarchical.test_model import P, covariance, made_prior, prior_moments

N, PLACES = 3, 4


class Reference:
    """The text in dense matrices: a vector per product and block, a scalar per product and walk."""

    def __init__(self, prior):
        self.prior = prior
        keys = [(block, product) for block in range(2) for product in range(P)]
        self.vectors = {key: prior_moments(prior, *key) for key in keys}
        walks = range(len(rule.HALF_LIVES))
        self.walks = [[[0.0, 0.0] for _ in walks] for _ in range(P)]
        self.evidence, self.probability, self.waiting = [0.0 for _ in walks], [0.0 for _ in walks], 0

    def moved(self, product):
        """Mean and variance of d."""
        pairs = list(zip(self.probability, self.walks[product], strict=True))
        mean = sum(p * m for p, (m, _) in pairs)
        return mean, sum(p * (v + m * m) for p, (m, v) in pairs) - mean * mean

    def learn(self, states, slates, responses, factors):
        """A batch, given x and y, and e."""
        (x, y), looks = factors
        cells = {}
        for state, slate, response in zip(states, slates, responses, strict=True):
            block, place = self.prior.block[state], self.prior.place[state]
            for slot, product in enumerate(slate):
                u = self.vectors[block, product][0][place] + self.moved(product)[0]
                b, q = min(0.95, x * exp(u) * looks[slot]), min(0.95, y * exp(u / 2) * looks[slot])
                bought, clicked = response[slot] == 2, response[slot] == 1
                g = (bought - b) / (1 - b) + (not bought) * (clicked - q) / (2 * (1 - q))
                j = b / (1 - b) + (1 - b) * q / (4 * (1 - q))
                cell = cells.setdefault((block, product), {}).setdefault(place, [0.0, 0.0])
                cell[0] += j
                cell[1] += j * u + g
        for (block, product), places in cells.items():
            told = [0.0, 0.0]
            d, open_ = self.moved(product)
            for place, (j, sums) in sorted(places.items()):
                mean, shared = self.vectors[block, product]
                clear = j / (1 + j * shared[place, place])
                told = [told[0] + clear, told[1] + clear * (sums / j - mean[place])]
                noise = 1 / j + open_
                gain = shared[place] / (shared[place, place] + noise)
                moments = mean + gain * (sums / j - d - mean[place]), shared - np.outer(gain, shared[place])
                self.vectors[block, product] = moments
            self.condition(product, told[0], told[1] / told[0])

    def condition(self, product, precision, seen):
        """An observation of d."""
        for k, (mean, variance) in enumerate(self.walks[product]):
            whole = variance + 1 / precision
            self.evidence[k] += log_density(seen - mean, whole) - log_density(seen, 1 / precision)
            gain = variance / whole
            self.walks[product][k] = [mean + gain * (seen - mean), variance * (1 - gain)]

    def step(self, visits):
        """Lets the products walk for so many visits."""
        for walks in self.walks:
            for k, (mean, variance) in enumerate(walks):
                r = 2 ** (-visits / rule.HALF_LIVES[k])
                walks[k] = [r * mean, r * r * variance + rule.SPREAD**2 * (1 - r * r)]
        best = max([*self.evidence, 0.0])
        if best > rule.FLOOR:
            self.evidence = [one - best + rule.FLOOR for one in self.evidence]
            best = rule.FLOOR
        self.evidence = [max(one, best - rule.FLOOR) for one in self.evidence]
        odds = [exp(one) * rule.DOUBT / (1 - rule.DOUBT) / len(self.evidence) for one in self.evidence]
        moves = sum(odds) > 1
        self.probability = [moves * one / (1 + sum(odds)) for one in odds]


def log_density(miss, variance):
    return -0.5 * (log(variance) + miss * miss / variance)


@pytest.mark.parametrize("batch", [1, 5])
def test_beliefs_are_those_of_a_dense_filter(batch, monkeypatch):
    for name, value in (("HALF_LIVES", (10.0, 40.0)), ("EVERY", 5), ("DOUBT", 0.4), ("FLOOR", 2.0)):
        monkeypatch.setattr(rule, name, value)
    rng = np.random.default_rng(0)
    prior = made_prior(PLACES, rng)
    model, reference = Model(prior, N, refits=False, follow=True), Reference(prior)
    stood, went = 0, 0
    for visit in range(0, 100, batch):
        states = rng.integers(2 * PLACES, size=batch)
        slates = np.stack([rng.permutation(P - 1)[:N] for _ in range(batch)])
        likes = 0.05 + 0.85 * ((slates + visit // 30) % 2)  # what is liked changes every 30 visits
        responses = 2 * (rng.random((batch, N)) < likes)
        factors = model.factors
        model.observe(states, slates, responses.astype(np.int8))
        reference.learn(states, slates, responses, factors)
        if (visit + batch) % 5 == 0:
            reference.step(5)
            np.testing.assert_allclose(model.walk.odds[:, 0], reference.evidence, atol=1e-3)
            np.testing.assert_allclose(model.walk.odds[:, 1], reference.probability, atol=1e-3)
            stood, went = stood + (not model.walk.moves), went + model.walk.moves
        for product in range(P - 1):
            if model.walk.shown[product]:
                np.testing.assert_allclose(model.walk.walked[product], reference.walks[product], atol=1e-3)
                np.testing.assert_allclose(model.walk.moved[product], reference.moved(product), atol=1e-3)
    assert stood
    assert went
    for row, (block, product) in enumerate(model.owner[: model.rows].tolist()):
        mean, shared = reference.vectors[block, product]
        np.testing.assert_allclose(model.mean[row], mean, atol=2e-3)
        np.testing.assert_allclose(covariance(model, row), shared, atol=2e-3)
    assert model.walk.newcomer_variance == pytest.approx(reference.moved(P - 1)[1])  # never shown
    np.testing.assert_allclose(model.walk.moved[P - 1], reference.moved(P - 1), atol=1e-12)
    block, product = model.owner[0]
    states = prior.members[[block]][:, 0]
    u = reference.vectors[block, product][0][0] + reference.moved(product)[0]
    assert model.means_of(states, np.array([[product]]))[0, 0] == pytest.approx(u, abs=2e-3)
    assert model.means(states)[0, product] == pytest.approx(u, abs=2e-3)


def test_a_world_that_begins_to_move_late_is_noticed():
    """However long nothing moved, some responses that walks foresee are enough."""
    walk = Walk(2, follow=True)
    walk.odds[:, 0] = -1e6
    walk.wait(rule.EVERY)
    assert not walk.moves
    walk.odds[1, 0] += 2 * rule.FLOOR
    walk.wait(rule.EVERY)
    assert walk.moves
    assert walk.odds[:, 1].argmax() == 1
    assert walk.newcomer_variance > 0.0


def served(shop, follow, drift, visits):
    """An agent after some visits, and its result."""
    agent = make_agent("hierarchical", history=shop.history, slate_size=N, seed=0, follow=follow)
    given = {"shop": shop, "drift": drift, "progress": False}
    return agent, evaluate(agent, "selflearn/Retail-v0", visits, 50, **given)


def test_it_follows_where_products_move_and_gains_by_it(retail_shop):
    drift = Drift(spread=1, half_life=5_000, every=500)
    (agent, follows), (_, stays) = (served(retail_shop, follow, drift, 10_000) for follow in (True, False))
    assert agent.model.walk.moves
    assert agent.model.walk.odds[:, 1].argmax() < 2  # the half-life is 5,000, or in doubt 20,000
    assert follows.gap[-10:].mean() > stays.gap[-10:].mean() + 0.05


def test_where_nothing_moves_it_is_the_agent_that_does_not_follow(retail_shop):
    (agent, follows), (_, stays) = (served(retail_shop, follow, None, 10_000) for follow in (True, False))
    assert not agent.model.walk.moves
    np.testing.assert_array_equal(follows.expected_reward, stays.expected_reward)


def test_an_agent_that_follows_goes_on_from_its_file(tiny_shop, tmp_path):
    agent, _ = served(tiny_shop, True, Drift(spread=2, half_life=1_000, every=100), 3_050)
    assert agent.model.walk.moves
    agent.save(tmp_path / "agent.npz")
    rng, again = np.random.default_rng(1), load_agent(tmp_path / "agent.npz")
    for _ in range(5):
        states = rng.integers(672, size=40)
        slates = agent.act(states)
        np.testing.assert_array_equal(again.act(states), slates)
        responses = rng.integers(3, size=slates.shape)
        for each in (agent, again):
            each.update(states, slates, responses, np.zeros(slates.shape))
    everywhere = np.arange(672)
    assert agent.values(everywhere).tobytes() == again.values(everywhere).tobytes()


@pytest.mark.parametrize("follow", [1, "yes", None])
def test_follow_is_true_or_false(tiny_shop, follow):
    with pytest.raises(TypeError, match="follow is True or False, got"):
        make_agent("hierarchical", history=tiny_shop.history, slate_size=N, follow=follow)
