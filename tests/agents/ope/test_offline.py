"""The one call: near the truth on a sampled log, honest words on a bad one, and clear errors."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import make_agent
from selflearn_agents.ope import ESTIMATORS, diagnose, evaluate_offline

from tests.agents.ope.policies import Enumerated, N

VISITS = 40_000
FAR = 3.5  # standard errors
ASSUMED = {"random": set(ESTIMATORS) - {"dm"}, "epsilon_greedy": set(ESTIMATORS) - {"dm", "pi", "sn_pi", "pi_cv"}}


@pytest.fixture(scope="module", params=["random", "epsilon_greedy"])
def logged(request, sampled, logger):
    """Which policy logged, the policy, and its log of customers who look at the first slots more."""
    agent = logger[request.param]
    return request.param, agent, sampled(agent, VISITS, seed=8)


@pytest.fixture(scope="module")
def small(sampled, logger):
    return sampled(logger["epsilon_greedy"], 200, seed=6)


def test_near_the_truth(logged, target, truth):
    name, agent, log = logged
    frame = evaluate_offline(log, target, logging_policy=agent, resamples=200).to_frame()
    exact = truth(target)
    assert list(frame.index) == list(ESTIMATORS)
    for estimator in ASSUMED[name]:
        row = frame.loc[estimator]
        assert abs(row["value"] - exact) < FAR * row["error"], estimator
        assert row["error"] < abs(log.reward.mean() - exact) / 2, estimator  # it tells the target from the other
        assert row["low"] < row["value"] < row["high"], estimator
        assert row["bootstrap_low"] < row["value"] < row["bootstrap_high"], estimator
        assert row["verdict"].startswith("ok"), estimator
    means = frame.loc[["sips", "iips", "rips", "dr", "cascade_dr"]]
    assert (means["bernstein_low"] < means["low"]).all()
    assert (means["bernstein_high"] > means["high"]).all()
    assert frame.loc["sn_sips", "bernstein_low":"bernstein_high"].isna().all()
    assert frame.loc["dm", "error":"bernstein_high"].isna().all()  # its word varies less than it is wrong
    assert abs(frame.loc["dm", "value"] - exact) < 0.2
    assert frame.loc["dm", "verdict"].startswith("cannot tell: ")


def test_equal_seeds_give_equal_tables(small, target, logger):
    one, other, third = (
        evaluate_offline(small, target, logging_policy=logger["epsilon_greedy"], seed=seed, resamples=20).to_frame()
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, other)
    assert one.loc["dm", "value"] != third.loc["dm", "value"]


def test_dependent_slots_are_no_case_for_the_pseudo_inverse(small, target, logger):
    frame = evaluate_offline(small, target, ["pi"], logging_policy=logger["epsilon_greedy"], resamples=20).to_frame()
    assert "takes the slots of the log as independent, and they are not" in frame.loc["pi", "verdict"]


def test_what_is_missing_is_said(small, target, tiny_shop):
    without = make_agent("thompson", history=tiny_shop.history, slate_size=N, seed=0)
    frame = evaluate_offline(small, target, resamples=20).to_frame()
    missing = frame.index[frame["value"].isna()]
    assert set(missing) == {"iips", "sn_iips", "aips", "pi", "sn_pi", "pi_cv"}
    assert (frame.loc[missing, "verdict"].str.contains("cannot be estimated, because .* give the logging_policy")).all()
    unknown = evaluate_offline(small, without, resamples=20).to_frame()
    assert unknown["value"].isna().all()
    assert "does not know the probabilities of its slates" in unknown.loc["sips", "verdict"]
    bare = evaluate_offline(replace(small, propensity=None), target, resamples=20).to_frame()
    assert bare.index[bare["value"].notna()].tolist() == ["dm"]
    assert "the log has no propensities" in bare.loc["sips", "verdict"]


def test_the_logging_policy_and_columns_of_the_log_say_the_same(small, target, logger):
    agent = logger["epsilon_greedy"]
    marginal = agent.marginals(small.state)[np.arange(len(small))[:, None], np.arange(N), small.slate]
    given, asked, column = (
        evaluate_offline(log, target, logging_policy=policy, resamples=20).to_frame()["value"]
        for log, policy in (
            (small, agent), (replace(small, propensity=None), agent), (replace(small, marginal=marginal), None)
        )
    )  # fmt: skip
    pd.testing.assert_series_equal(asked, given)
    pd.testing.assert_series_equal(column, given)


def test_slates_that_the_log_never_has(sampled, policy, target):
    """The log of a list that is always the same: most of what the target shows is not in it."""
    popular = policy("popular")
    log = sampled(popular, 2000, seed=1)
    result = evaluate_offline(log, target, ["sips", "iips", "dm"], logging_policy=popular, resamples=20)
    assert result.support.share < 0.5
    frame = result.to_frame()
    assert frame["verdict"].str.match(r"do not trust this: .*the log supports \d+\.\d% of the target's slates").all()
    assert frame.loc["sips", "mean_weight"] == pytest.approx(result.support.share, abs=0.1)
    assert evaluate_offline(log, target, ["sips"], resamples=20).support.share == frame.loc["sips", "mean_weight"]


def test_slates_that_have_nothing_in_common(sampled, policy, tiny_shop):
    """Everything is 0, or divided by 0, and nothing breaks."""
    popular = policy("popular")
    log = sampled(popular, 50, seed=1)
    others = log.slate[:, ::-1].copy()
    frame = evaluate_offline(replace(log, slate=others), popular, ["sips", "sn_sips"], resamples=20).to_frame()
    assert frame.loc["sips", "value"] == 0
    assert np.isnan(frame.loc["sn_sips", "value"])
    assert frame["verdict"].str.contains("no visit of the log shows what the target might show").all()


def test_lives_are_no_visits(small, target):
    over = np.arange(len(small)) % 2 == 1
    ends = {"terminated": over, "last_observation": np.zeros((100, 1)), "last_state": small.state[over]}
    frame = evaluate_offline(replace(small, **ends), target, ["sips"], resamples=20).to_frame()
    assert "these are lives" in frame.loc["sips", "verdict"]
    assert np.isnan(frame.loc["sips", "bernstein_low"])


def test_real_customers_who_come_again(sampled, logger):
    log, agent = sampled(logger["random"], 400, seed=6), logger["random"]
    over = np.arange(len(log)) % 2 == 1
    ends = {"terminated": over, "last_observation": np.zeros((200, 1)), "last_state": log.state[over]}
    frame = evaluate_offline(replace(log, env_id="", **ends), agent, ["sips", "rips"], resamples=0).to_frame()
    assumed = "what customers are shown changes nothing of their later visits: 400 effective visits"
    assert frame.loc["sips", "verdict"] == f"ok, if {assumed}"
    assert frame.loc["rips", "verdict"] == f"ok, if a response depends on nothing below its slot, and {assumed}"


@pytest.mark.parametrize(
    ("weight", "effective", "reason"),
    [
        (np.repeat([1.0, 0.0], [50, 950]) * 20, 50, "its 1,000 visits count for 50.0"),
        (np.repeat([1.0, 60.0], [999, 1]) * 1000 / 1059, 1059**2 / 4599, "one visit has 6% of all weight"),
        (np.full(1000, 0.9), 1000, "its weights are 0.900 on average"),
        (np.ones(30), 30, "its 30 visits count for 30.0, fewer than 200 are too few"),
        (np.ones(1000), 1000, None),
    ],
)
def test_reasons_not_to_trust(weight, effective, reason):
    found = diagnose(weight[:, None])
    assert found.effective == pytest.approx(effective)
    assert found.largest == pytest.approx(weight.max() / weight.sum())
    assert found.mean_weight == pytest.approx(weight.mean())
    if reason is None:
        assert found.verdict == "ok: 1,000 effective visits"
    else:
        assert found.verdict.startswith("do not trust this: ")
        assert reason in found.verdict


def test_the_worst_slot_counts():
    weight = np.column_stack([np.ones(1000), np.repeat([20.0, 0.0], [50, 950])])
    assert diagnose(weight).effective == 50


def test_who_did_not_log_is_found_out(small, target, logger, tiny_shop):
    with pytest.raises(
        ValueError, match=r"product of visit 1, slot 0 with probability 0\.125, but the log says 0\.0625"
    ):
        evaluate_offline(small, target, logging_policy=logger["random"])
    with pytest.raises(ValueError, match="it is another policy, or it has learned since"):
        evaluate_offline(small, target, logging_policy=target)


def test_what_does_not_fit(small, target, tiny_shop):
    three = make_agent("random", history=tiny_shop.history, slate_size=3, seed=0)
    with pytest.raises(ValueError, match="target shows slates of 3, but the log has slates of 2"):
        evaluate_offline(small, three)
    with pytest.raises(ValueError, match=r"unknown estimators \['ips'\]; known: sips, sn_sips"):
        evaluate_offline(small, target, ["sips", "ips"])
    with pytest.raises(ValueError, match="no estimators"):
        evaluate_offline(small, target, [])
    with pytest.raises(ValueError, match="does not say which"):
        evaluate_offline(replace(small, env_options={"stock": {}}), target)
    with pytest.raises(ValueError, match=r"target knows 8 products and \d+ states, from 0, but the log has product 8 "):
        evaluate_offline(replace(small, slate=small.slate + 1), target)
    with pytest.raises(
        ValueError, match=r"target knows 8 products and (\d+) states, from 0, but .* and state \1: it is"
    ):
        evaluate_offline(replace(small, state=np.full_like(small.state, target.states)), target)
    larger = deepcopy(target)
    larger.products = 9
    with pytest.raises(ValueError, match=r"logging_policy knows 9 products .*, but the target 8 .*: they are of two"):
        evaluate_offline(replace(small, propensity=None), target, logging_policy=larger)
    one = {"terminated": np.arange(200) == 199, "last_observation": np.zeros((1, 1)), "last_state": np.zeros(1, int)}
    with pytest.raises(ValueError, match="at least 2 episodes"):
        evaluate_offline(replace(small, **one), target)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 95}, "level must be between 0 and 1, got 95"),
        ({"resamples": -1}, "resamples must be at least 0, got -1"),
    ],
)
def test_wrong_options_are_found_before_the_work(options, message, small, target, monkeypatch):
    monkeypatch.setattr(type(target), "_propensity", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(ValueError, match=message):
        evaluate_offline(small, target, ["sips"], **options)


def test_marginals_of_uniform_slates_are_known(sampled, logger, target):
    log = sampled(logger["random"], 200, seed=6)
    wrong = evaluate_offline(replace(log, marginal=np.full(log.slate.shape, 0.9)), target, resamples=0)
    pd.testing.assert_frame_equal(wrong.to_frame(), evaluate_offline(log, target, resamples=0).to_frame())


def test_probabilities_with_few_digits(sampled, logger, target):
    log = sampled(logger["random"], 200, seed=6)
    single = replace(log, propensity=log.propensity.astype(np.float32))
    found, exact = (evaluate_offline(each, target, ["pi"], resamples=0).estimates[0] for each in (single, log))
    assert found == exact
    written = replace(log, propensity=log.propensity.round(5))
    evaluate_offline(written, target, ["sips"], logging_policy=logger["random"], resamples=0)


def test_agents_stay_as_they_are(small, target, tiny_shop):
    agent = Enumerated(make_agent("random", history=tiny_shop.history, slate_size=N, seed=0), tiny_shop.history)
    twin = Enumerated(make_agent("random", history=tiny_shop.history, slate_size=N, seed=0), tiny_shop.history)
    evaluate_offline(small, agent, logging_policy=None, resamples=5)
    np.testing.assert_array_equal(agent.act(np.arange(50)), twin.act(np.arange(50)))
