"""How strong is what sets customers apart: found in responses drawn from the formula itself."""

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents.personal import effects
from selflearn_agents.personal.effects import Effects, causes_of, solve

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits

SCALE, LOOK = np.array([0.9, 0.5]), np.array([1.1, 1.0, 0.9, 1.0])


def made(rng, batch):
    usual, ratio = rng.uniform(0.05, 0.4, (batch, 4)), rng.gamma(2.0, 0.5, (batch, 4))
    own = rng.uniform(0.0, 0.2, (batch, 4)) * (rng.random((batch, 4)) < 0.5)
    return usual, ratio, own, rng.uniform(0.0, 1.0, (batch, 4, 4))


def probabilities(strength, usual, ratio, own, causes):
    appeal = usual * (1 + strength[0] * (ratio - 1)) + strength[1] * own
    attention = np.exp(causes @ strength[2:]) * LOOK
    return SCALE[0] * appeal * attention, SCALE[1] * np.sqrt(appeal) * attention


def drawn(rng, strength, given):
    buy, click = probabilities(strength, *given)
    uniform = rng.random((2, *buy.shape))
    return np.where(uniform[0] < buy, 2, np.where(uniform[1] < click, 1, 0)).astype(np.int8)


@pytest.mark.parametrize(
    "truth",
    [[1, 1, 0, 0, 0, 0], [0.3, 0.5, -0.4, -0.3, -0.5, -0.7], [0, 2, 0, 0.4, 0, 0]],
    ids=["start", "all", "again"],
)
def test_the_strengths_of_drawn_responses_are_found(truth):
    rng, learned, truth = np.random.default_rng(1), Effects(), np.array(truth, dtype=float)
    slates = np.tile(np.arange(4), (500, 1))
    for _ in range(60):
        given = made(rng, 500)
        learned.learn(slates, drawn(rng, truth, given), *given, (SCALE, LOOK))
    error = np.sqrt(np.diag(np.linalg.inv(learned.precision)))
    assert (np.abs(learned.strength - truth) < 4 * error + 0.02).all(), (learned.strength, error)
    assert (error < 0.1).all()


def test_the_evidence_is_the_slope_of_the_log_likelihood():
    rng = np.random.default_rng(2)
    strength, given = np.array([0.4, 0.8, -0.2, -0.1, 0.2, -0.5]), made(rng, 30)
    responses, slates = drawn(rng, strength, given), np.tile(np.arange(4), (30, 1))

    def likelihood(at):
        buy, click = probabilities(at, *given)
        chance = np.where(responses == 2, buy, (1 - buy) * np.where(responses == 1, click, 1 - click))
        return np.log(chance).sum()

    pull, found = effects.evidence(slates, responses, *given, SCALE, LOOK, strength)
    step = 1e-6 * np.eye(6)
    slopes = [(likelihood(strength + one) - likelihood(strength - one)) / 2e-6 for one in step]
    np.testing.assert_allclose(pull, slopes, rtol=1e-4, atol=1e-4)
    assert (np.linalg.eigvalsh(found) > 0).all()
    twice = slates.copy()
    twice[:, 3] = 0  # shown a second time
    first_three = effects.evidence(
        slates[:, :3], responses[:, :3], *(each[:, :3] for each in given), SCALE, LOOK, strength
    )
    np.testing.assert_allclose(effects.evidence(twice, responses, *given, SCALE, LOOK, strength)[0], first_three[0])


def test_elimination_solves_as_numpy_does():
    rng = np.random.default_rng(3)
    root, right = rng.standard_normal((6, 6)), rng.standard_normal(6)
    matrix = root @ root.T + np.eye(6)
    expected, found = np.linalg.solve(matrix, right), right.copy()
    solve(matrix.copy(), found)
    np.testing.assert_allclose(found, expected)


def test_what_a_purchase_leaves_counts_from_the_last_one():
    record = Items(np.array([0, 3, 3]), np.array([4, 2, 4], dtype=np.int32), np.array([100, 110, 130]))
    nothing = np.zeros(2, dtype=np.int64)
    seen = SeenVisits(nothing, np.array([0, 1]), np.array([160, 160]), nothing, nothing, nothing, record)
    causes = causes_of(seen, np.array([[4, 2], [4, 2]]), np.full((2, 2), 0.5), np.array([0.1, 0.2]))
    np.testing.assert_allclose(causes[0, :, 1], [2.0**-2, 2.0 ** (-50 / 15)])
    np.testing.assert_allclose(causes[0, :, 2], [2.0**-0.5, 2.0 ** (-50 / 60)])
    assert (causes[1, :, 1:3] == 0).all()
    today = replace(seen, date=np.array([130, 130]))
    assert (causes_of(today, np.array([[4, 2], [4, 2]]), np.zeros((2, 2)), np.zeros(2))[0, 0, 1:3] == 1.0).all()
    assert (causes[:, :, 0] == 0.5).all()
    assert causes[:, :, 3].tolist() == [[0.1, 0.1], [0.2, 0.2]]
