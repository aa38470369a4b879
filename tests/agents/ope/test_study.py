"""The study: its truth, its policies, how it goes on after a stop, and what it counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import make_agent
from selflearn_agents.baselines.uniform import RandomAgent
from selflearn_agents.ope import ESTIMATORS
from selflearn_agents.ope.study import policies, truth
from selflearn_agents.ope.study.design import Catalogue, Design
from selflearn_agents.ope.study.policies import LOGGING, TARGETS, PlackettLuce
from selflearn_agents.ope.study.report import details, report
from selflearn_agents.ope.study.study import run_study
from selflearn_agents.ope.study.summary import blind_spots, counted
from selflearn_agents.ope.study.truth import by_slots, slates_of, truth_of

from tests.agents.ope.policies import SLATES, N, marginals_of, probability_of_slates

STATES = np.arange(0, 672, 67)


@pytest.fixture(scope="module")
def policy_of(tiny_shop):
    return lambda name: (LOGGING | TARGETS)[name](tiny_shop, N)


@pytest.fixture
def design(tiny_shop, tmp_path):
    place = tmp_path / "shop.npz"
    tiny_shop.save(place)
    return Design(
        catalogues=(Catalogue("8", place, tiny_shop.digest, N, logs=(25, 25)),),
        customers=("position",),
        logging=("random", "soft_popular"),
        targets=("softer", "best"),
        visits=(40, 80),
        estimators=("sips", "sn_iips"),
        resamples=0,
        seed=7,
        folder=tmp_path,
    )


def one_size(design, visits):
    """The design with logs of one size only."""
    return replace(design, visits=(visits,), catalogues=tuple(replace(each, logs=(25,)) for each in design.catalogues))


@pytest.mark.parametrize("name", [*LOGGING, *TARGETS])
def test_policies_know_their_probabilities(policy_of, name):
    policy = policy_of(name)
    chance = probability_of_slates(policy, STATES)
    assert chance.sum(axis=1) == pytest.approx(np.ones(len(STATES)))
    assert policy.marginals(STATES) == pytest.approx(marginals_of(chance))
    drawn = policy.act(np.full(4000, STATES[3]))
    shown = (drawn[:, None] == SLATES).all(axis=2).mean(axis=0)
    assert np.abs(shown - chance[3]).max() < 5 * np.sqrt(0.25 / 4000)


def test_sharp_plackett_luce_slates_keep_their_digits(tiny_shop):
    """Where a product has nearly all of the weight, what is left without it is still known."""
    sharp = PlackettLuce(tiny_shop, N, sharpness=16.0)
    agent = make_agent("gradient", history=tiny_shop.history, slate_size=N, sharpness=16.0)
    states, slates = np.repeat(STATES, len(SLATES)), np.tile(SLATES, (len(STATES), 1))
    assert sharp.propensity(states, slates) == pytest.approx(agent.propensity(states, slates), rel=1e-4, abs=0)
    assert (sharp.propensity(STATES, np.zeros((len(STATES), N), dtype=int))[:, 1] == 0).all()


@pytest.mark.parametrize("customer", ["independent", "position"])
@pytest.mark.parametrize("name", ["soft_popular", "other_values", "best"])
def test_the_sum_over_slots_is_the_sum_over_slates(policy_of, simulator_of, name, customer):
    policy, simulator = policy_of(name), simulator_of(customer)
    value = 0.0
    for states, slates, chance in slates_of(policy, np.random.default_rng(0)):
        earned = simulator.expected_reward(np.repeat(states, slates.shape[1]), slates.reshape(-1, N))
        value += simulator.state_probability[states] @ (chance * earned.reshape(chance.shape)).sum(axis=1)
    assert by_slots(policy, simulator) == pytest.approx(value, rel=1e-12)


def test_drawn_slates_say_the_same_as_all_of_them(policy_of, simulator_of, monkeypatch):
    logging = {"soft_popular": policy_of("soft_popular")}
    simulators = {name: simulator_of(name) for name in ("cascade", "logit")}
    monkeypatch.setattr(truth, "DRAWN", 200)
    every = truth_of(policy_of("softer"), simulators, logging, np.random.default_rng(1))
    monkeypatch.setattr(truth, "FEW", 0)
    drawn = truth_of(policy_of("softer"), simulators, logging, np.random.default_rng(1))
    for name in simulators:
        assert every.error[name] == 0 < drawn.error[name] < 0.01
        assert abs(drawn.value[name] - every.value[name]) < 4 * drawn.error[name]
    assert drawn.effective["soft_popular"] == pytest.approx(every.effective["soft_popular"], rel=0.02)
    assert every.support["soft_popular"] == pytest.approx(1)


def test_a_list_is_worth_what_its_slates_are_likely(policy_of, simulator_of, tiny_shop):
    """E[w]^2 / E[w^2] of a sure slate is its chance; of random slates, one of 56."""
    logging = {name: policy_of(name) for name in LOGGING}
    simulators = {"cascade": simulator_of("cascade")}
    found = truth_of(policy_of("best"), simulators, logging, np.random.default_rng(0))
    assert found.effective["random"] == pytest.approx(1 / 56)
    states = np.arange(tiny_shop.states.size)
    earned = simulators["cascade"].expected_reward(states, policy_of("best").slates)
    assert found.value["cascade"] == pytest.approx(simulators["cascade"].state_probability @ earned)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_stopped_study_goes_on_and_side_by_side_to_the_same_figures(jobs, design, tmp_path):
    whole = run_study(design, progress=False)
    assert len(whole) == 2 * 2 * 2 * 2
    kept = sorted(tmp_path.glob("8-*.npz"))
    assert len(kept) == 2 * 2 * 2
    kept[0].unlink()
    kept[1].write_bytes(kept[1].read_bytes()[:100])
    next(tmp_path.glob("truth-*.json")).write_text('{"value": 1')
    untouched = {path: path.stat().st_mtime_ns for path in kept[2:]}
    again = run_study(design, jobs=jobs, progress=False)
    assert {path: path.stat().st_mtime_ns for path in kept[2:]} == untouched
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), whole.drop(columns="seconds"), check_exact=True)
    other = run_study(replace(one_size(design, 40), seed=8), progress=False)
    assert not other["bias"].isin(whole["bias"]).any()


def test_wrong_propensities_show_as_bias(design, monkeypatch):
    class Liar(RandomAgent):
        def _propensity(self, states, slates, eligible=None):
            return 0.9 * super()._propensity(states, slates, eligible)

    design = replace(one_size(design, 2000), logging=("random",), targets=("softer",), estimators=("sips", "iips"))
    honest = run_study(design, progress=False).set_index("estimator")
    lie = policies.LOGGING | {"random": lambda shop, size: Liar(shop.history, size, np.random.default_rng(0))}
    monkeypatch.setattr("selflearn_agents.ope.study.design.LOGGING", lie)
    lied = run_study(replace(design, seed=8), progress=False).set_index("estimator")
    assert (honest["bias"].abs() < 4 * honest["bias_error"]).all()
    expected = honest["truth"]["sips"] * (0.9**-N - 1)
    assert lied["bias"]["sips"] == pytest.approx(expected, abs=4 * lied["bias_error"]["sips"])
    assert lied["coverage"]["sips"] < 0.5 < honest["coverage"]["sips"]
    assert honest["gain_coverage"]["sips"] > 0.5
    assert abs(lied["bias"]["iips"]) < 4 * lied["bias_error"]["iips"]  # it goes by marginals


def test_the_report_has_a_row_for_each(design):
    design = replace(one_size(design, 300), estimators=tuple(ESTIMATORS))
    cells = run_study(design, progress=False)
    text, every = report(cells), details(cells)
    assert len(cells) == 2 * 2 * len(ESTIMATORS)
    for name in ESTIMATORS:
        assert every.count(f"\n| {name} ") == 2 * 2
        assert text.count(f"\n| {name} ") == 1
        assert f"\n| {name}, position, 8 products" in text
    assert cells.set_index("estimator")["holds"]["dm"].any() == False  # noqa: E712
    assert set(cells[cells["holds"] & (cells["assumes"] == "sum")]["logging"]) == {"random"}


def test_cells_are_counted_by_coverage_and_warnings():
    cells = pd.DataFrame(
        [  # estimator, holds, coverage, its error, warned
            ("a", True, 0.95, 0.01, 0.0, 0.95),
            ("a", True, 0.92, 0.01, 0.2, 0.94),
            ("a", True, 0.80, 0.01, 1.0, np.nan),
            ("b", False, 0.70, 0.01, 0.6, 0.9),
            ("b", False, 0.60, 0.01, 0.1, 0.5),
            ("b", True, np.nan, np.nan, 0.0, np.nan),
        ],
        columns=["estimator", "holds", "coverage", "coverage_error", "warned", "trusted_coverage"],
    ).assign(logs=10)
    found = counted(cells).loc["all"]
    expected = {"cells": 5, "right": 2, "covered": 1, "covered_by_chance": 2, "failing": 4, "failing_for_sure": 3}
    expected |= {"warned_mostly": 2, "warned_nearly_always": 1, "fine": 1}
    assert found[list(expected)].to_dict() == expected
    assert found["least_coverage"] == 0.92
    assert found["trusted_right"] == pytest.approx((10 * 0.95 + 8 * 0.94) / 18)
    assert found["trusted_wrong"] == pytest.approx((4 * 0.9 + 9 * 0.5) / 13)
    assert list(blind_spots(cells)["coverage"]) == [0.60, 0.70]
