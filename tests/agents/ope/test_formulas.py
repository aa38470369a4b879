"""Each estimator against plain loops, written from its docstring."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents.ope import SlotMeans, evaluate_offline
from selflearn_agents.ope.behaviour import behaviour
from selflearn_agents.ope.estimators import ESTIMATORS
from selflearn_agents.ope.offline import _folds

from tests.agents.ope.policies import N, P


@pytest.fixture(scope="module")
def log(sampled, logger):
    return sampled(logger["epsilon_greedy"], 60, seed=9)


def plain_slot_means(states, slates, rewards, weight=10.0):
    overall = rewards.mean()
    table = np.empty((N, P))
    for product in range(P):
        shown = rewards[slates == product]
        mean = (shown.sum() + weight * overall) / (len(shown) + weight)
        for slot in range(N):
            here = rewards[:, slot][slates[:, slot] == product]
            table[slot, product] = (here.sum() + weight * mean) / (len(here) + weight)
    return table


def plain_tuned(direct, weights, residuals, changed):
    """The best of all thresholds, from rows of weights and of residuals."""
    visits, columns = len(direct), len(weights[0])
    largest = max(1.0, max(max(row) for row in weights))
    size = [(sum(row[c] ** 2 for row in residuals) / visits) ** 0.5 for c in range(columns)]
    found = []
    for step in range(31):
        threshold = 0.1 * (100 * largest) ** (step / 29) if step < 30 else float("inf")
        left = [[changed(w, threshold) for w in row] for row in weights]
        values = [direct[v] + sum(left[v][c] * residuals[v][c] for c in range(columns)) for v in range(visits)]
        bias = sum(size[c] * max(0, 1 - sum(row[c] for row in left) / visits) for c in range(columns))
        mean = sum(values) / visits
        found.append((sum((value - mean) ** 2 for value in values) / visits**2 + bias**2, -step, mean))
    return min(found)[2]


def plain_choice(candidates, reward, residual):
    """The weights of least estimated error."""
    visits = len(reward)
    errors, variance = [], 0.0
    for number, weight in enumerate(candidates):
        variance = max(variance, np.var(weight * reward) / visits)
        bias = 0.0
        for other in candidates[number + 1 :]:
            d = (weight - other) * residual
            bias = max(bias, abs(d.mean()) - 2 * d.std() / visits**0.5)
        errors.append(variance + bias**2)
    return candidates[int(np.argmin(errors))]


def plain_aips(log, own, down, rewards, residuals):
    """Each slot with the weight that fits it."""
    total, responses = 0.0, behaviour(log)
    for slot in range(N):
        candidates = [own[:, slot], down[:, slot], down[:, -1]]
        if responses.below < 0.01:
            candidates = candidates[2:]
        elif responses.others < 0.01:
            candidates = candidates[1:]
        weight = plain_choice(candidates, rewards[:, slot], residuals[:, slot])
        total += (weight * rewards[:, slot]).mean()
    return total


def plain_lips(weights, rewards, expected):
    """The sum of mean weight x reward over the visits, by groups of like slates."""
    count = round(len(weights) ** 0.5)
    bounds = [np.quantile(expected, j / count) for j in range(1, count)]
    group = np.array([sum(bound <= each for bound in bounds) for each in expected])
    mean_weight, mean_reward = (
        np.array([values[group == mine].mean() for mine in group]) for values in (weights, rewards)
    )
    return sum(plain_choice([mean_weight, weights], rewards, rewards - mean_reward) * rewards)


def plain(log, target, agent):
    """All estimates, visit by visit and slot by slot."""
    fold = _folds(log, np.random.default_rng(0).spawn(2)[0])
    models = [
        plain_slot_means(log.state[fold != f], log.slate[fold != f], log.item_reward[fold != f]) for f in range(3)
    ]
    names = ("sips", "iips", "rips", "pi", "dm", "dr", "cascade_dr", "w", "down", "y", "r", "g", "e")
    rows = {name: [] for name in names}
    for visit in range(len(log)):
        state, slate, rewards = log.state[visit], log.slate[visit], log.item_reward[visit]
        p, q = (each.propensity([state], [slate])[0] for each in (target, agent))
        m, marginal = target.marginals([state])[0], agent.marginals([state])[0]
        model = models[fold[visit]]
        down, above = [], 1.0
        for slot in range(N):
            above *= p[slot] / q[slot]
            down.append(above)
        y = [m[slot, slate[slot]] / marginal[slot, slate[slot]] for slot in range(N)]
        direct = sum(m[slot, product] * model[slot, product] for slot in range(N) for product in range(P))
        residual = [rewards[slot] - model[slot, slate[slot]] for slot in range(N)]
        rows["sips"].append(above * sum(rewards))
        rows["iips"].append(sum(y[slot] * rewards[slot] for slot in range(N)))
        rows["rips"].append(sum(down[slot] * rewards[slot] for slot in range(N)))
        rows["g"].append(1 + sum(each - 1 for each in y))
        rows["pi"].append(rows["g"][-1] * sum(rewards))
        rows["dm"].append(direct)
        rows["dr"].append(direct + above * sum(residual))
        rows["cascade_dr"].append(direct + sum(down[slot] * residual[slot] for slot in range(N)))
        for name, value in (("w", above), ("down", down), ("y", y), ("r", rewards), ("e", residual)):
            rows[name].append(value)
    found = {name: float(np.mean(rows[name])) for name in ESTIMATORS if name in rows}
    w, down, y, r, g, e = (np.array(rows[name]) for name in ("w", "down", "y", "r", "g", "e"))
    found["sn_sips"] = sum(rows["sips"]) / sum(w)
    found["sn_iips"] = sum((y[:, slot] * r[:, slot]).sum() / y[:, slot].sum() for slot in range(N))
    found["sn_rips"] = sum((down[:, slot] * r[:, slot]).sum() / down[:, slot].sum() for slot in range(N))
    found["aips"] = plain_aips(log, y, down, r, e)
    found["sn_dr"] = found["dm"] + sum(w * e.sum(axis=1)) / sum(w)
    found["sn_cascade_dr"] = found["dm"] + sum((down * e)[:, k].sum() / down[:, k].sum() for k in range(N))
    whole = rows["dm"], w[:, None].tolist(), e.sum(axis=1, keepdims=True).tolist()
    found["switch"] = plain_tuned(*whole, lambda weight, t: weight if weight <= t else 0.0)
    found["dros"] = plain_tuned(*whole, lambda weight, t: weight / (1 + (weight / t) ** 2))
    found["cascade_dros"] = plain_tuned(
        rows["dm"], rows["down"], rows["e"], lambda weight, t: weight / (1 + (weight / t) ** 2)
    )
    total = plain_lips(w, r.sum(axis=1), (r - e).sum(axis=1))
    found["lips"], found["sn_lips"] = total / len(log), total / sum(w)
    found["sn_pi"] = sum(rows["pi"]) / sum(g)
    covariance = np.cov(np.column_stack([y, rows["pi"]]).T)
    slope = np.linalg.pinv(covariance[:N, :N]) @ covariance[:N, N]
    found["pi_cv"] = found["pi"] - (y - 1).mean(axis=0) @ slope
    return found


def test_all_against_plain_loops(log, logger, target):
    agent = logger["epsilon_greedy"]
    result = evaluate_offline(log, target, logging_policy=agent, resamples=10)
    expected = plain(log, target, agent)
    assert set(expected) == set(ESTIMATORS)
    for estimate in result.estimates:
        assert estimate.value == pytest.approx(expected[estimate.estimator], rel=1e-10), estimate.estimator


def test_blocks_change_nothing(log, logger, target, monkeypatch):
    whole = evaluate_offline(log, target, logging_policy=logger["epsilon_greedy"], resamples=10).to_frame()
    monkeypatch.setattr("selflearn_agents.ope.evidence.CELLS", 3 * N * P)
    monkeypatch.setattr("selflearn_agents.ope.intervals.CELLS", 3 * len(log))
    monkeypatch.setattr("selflearn_agents.ope.intervals.EPISODES", 7)
    pieces = evaluate_offline(log, target, logging_policy=logger["epsilon_greedy"], resamples=10).to_frame()
    numbers = whole.columns.drop("verdict")
    np.testing.assert_allclose(pieces[numbers].astype(float), whole[numbers].astype(float), rtol=1e-12)


def test_a_policy_has_earned_what_its_own_log_says(log, logger):
    agent = logger["epsilon_greedy"]
    frame = evaluate_offline(log, agent, logging_policy=agent, resamples=10).to_frame()
    weighted = frame.drop(index=[name for name in ESTIMATORS if "dr" in name or name in ("dm", "switch")])
    np.testing.assert_allclose(weighted["value"], log.reward.mean(), rtol=1e-10)
    np.testing.assert_allclose(weighted["effective"], len(log), rtol=1e-10)


def test_no_visit_is_judged_by_a_model_that_saw_it(log, logger, target):
    """A reward that grows in one visit moves the model's word of others, not of this one."""
    seen = []

    class Watching(SlotMeans):
        def fit(self, states, slates, item_rewards, products):
            seen.append({(state, *slate) for state, slate in zip(states.tolist(), slates.tolist(), strict=True)})
            return super().fit(states, slates, item_rewards, products)

    evaluate_offline(log, target, ["dm"], reward_model=Watching(), resamples=10)
    fold = _folds(log, np.random.default_rng(0).spawn(2)[0])
    assert np.bincount(fold).tolist() == [20, 20, 20]
    for number, met in enumerate(seen):
        others = fold != number
        expected = zip(log.state[others].tolist(), log.slate[others].tolist(), strict=True)
        assert met == {(state, *slate) for state, slate in expected}


@pytest.mark.parametrize("weight", [0, -1, np.nan, np.inf, "10"])
def test_means_need_a_weight(weight):
    with pytest.raises(ValueError, match="weight counts showings and must be > 0"):
        SlotMeans(weight)
