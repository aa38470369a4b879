"""Responses as observations, against derivatives of their likelihood."""

import numpy as np
import pytest
from selflearn_agents.hierarchical.responses import Responses


def likelihood(u, response, x, y, look):
    b, q = x * np.exp(u) * look, y * np.exp(u / 2) * look
    return np.log([(1 - b) * (1 - q), (1 - b) * q, b][response])


def made(rng):
    responses = Responses(4)
    responses.tally *= rng.uniform(0.5, 1.0, size=responses.tally.shape)
    return responses


def test_the_score_is_the_slope_of_the_likelihood_and_the_information_its_expected_bend():
    rng = np.random.default_rng(0)
    responses = made(rng)
    ratio = responses.tally[0] / responses.tally[1]
    for u in (-4.0, -2.0, -1.2):
        for slot in range(4):
            x, y, look, step = *ratio[:2], ratio[2 + slot], 1e-4
            chance = np.exp([likelihood(u, response, x, y, look) for response in range(3)])
            slopes = []
            for response in range(3):
                up, down = (likelihood(u + side * step, response, x, y, look) for side in (1, -1))
                slopes.append((up - down) / (2 * step))
                fresh = Responses(4)
                fresh.tally[:] = responses.tally
                information, score = fresh.judge(np.array([u]), np.array([slot]), np.array([response]))
                assert score[0] == pytest.approx(slopes[-1], abs=1e-6)
            assert information[0] == pytest.approx(chance @ np.square(slopes), rel=1e-5)  # Fisher's


def test_few_are_judged_as_many_are():
    rng = np.random.default_rng(1)
    few, many = made(rng), Responses(4)
    many.tally[:] = few.tally
    for _ in range(5):
        u, slots, answers = rng.normal(-1, 2, size=4), rng.permutation(4), rng.integers(3, size=4)
        expected = many.judge(u, slots, answers)
        np.testing.assert_allclose(few.judge_few(u.tolist(), slots.tolist(), answers.tolist()), expected)
        np.testing.assert_allclose(few.tally, many.tally)


def test_scale_and_slots_are_ratios_of_what_was_seen_to_what_was_expected():
    responses = Responses(2)
    u, slots = np.log([0.2, 0.1]), np.array([0, 1])
    responses.judge(u, slots, np.array([2, 1]))
    clicks = 0.8 * np.sqrt(0.2) + 0.9 * np.sqrt(0.1)
    np.testing.assert_allclose(responses.tally[:, :2], [[2.0, 2.0], [1.3, 1.0 + clicks]])
    by_slot = 0.2 + 0.4 * np.sqrt(0.2), 0.1 + 0.45 * np.sqrt(0.1)
    np.testing.assert_allclose(responses.tally[:, 2:], [[101.0, 100.5], [100.0 + by_slot[0], 100.0 + by_slot[1]]])
