"""What a shop's owner is told."""

from __future__ import annotations

from math import nan

import pytest
from selflearn_agents.ope import Assumes
from selflearn_agents.ope.summary import LEAST_ASSUMED, amount, best_estimate, finding, percent, word_of

from tests.agents.ope.by_hand import BAD, NONE, OK, estimate, result

UNKNOWN = "cannot tell: it is as good as its reward model, and the log does not show how good that is"
DM = estimate("dm", 1.5, verdict=UNKNOWN, effective=nan)


def test_the_target_earned_more():
    found = result(estimate("sips", 2.0, 1.5, 2.5), estimate("rips", 2.1, 1.9, 2.3), estimate("iips", 9, 8, 9, BAD), DM)
    assert finding(found, "popular") == (
        "popular would have earned 1.00 more per visit than was logged (95% interval 0.50 to 1.50, by sips). "
        "Of 4 estimates, 2 can be trusted, and all say so."
    )


def test_the_target_earned_less():
    found = result(estimate("sips", 0.0, -0.5, 0.5), level=0.999)
    assert finding(found) == (
        "the target would have earned 1.00 less per visit than was logged (99.9% interval 0.50 to 1.50, by sips)."
    )


def test_it_may_be_chance():
    found = result(estimate("sips", 1.1, 0.9, 1.3), estimate("rips", 1.2, 0.95, 1.4))
    assert finding(found, "popular") == (
        "This log cannot tell whether popular would have earned more than was logged: the difference is 0.10 per "
        "visit (95% interval -0.10 to 0.30, by sips). Of 2 estimates, 2 can be trusted, and none shows a difference."
    )


def test_estimates_that_differ_are_counted():
    some = result(estimate("rips", 2, 1.5, 2.5), estimate("iips", 1.1, 1, 1.2))
    assert finding(some).endswith("2 can be trusted: 1 for more, 1 for neither.")
    at_odds = result(estimate("rips", 2, 1.5, 2.5), estimate("iips", 0, -0.1, 0.1))
    assert finding(at_odds).endswith("2 can be trusted: 1 for more, 1 for less; the assumption of some does not hold.")


def test_nothing_can_be_told():
    two = BAD + "; its weights are 0.1 on average"
    found = result(DM, estimate("pi", 1.0, 0.0, 2.0, BAD, 10), estimate("sips", 5.0, 4.0, 6.0, two, 20))
    assert finding(found, "popular") == (
        "This log cannot tell what popular would have earned: none of 3 estimates can be trusted. "
        "The reason for sips: one visit has 90% of all weight."
    )
    assert finding(result(DM)).endswith(
        f"would have earned: the one estimate cannot be trusted. The reason for dm: {DM.diagnosis.verdict}."
    )


def test_rounding_is_no_gain():
    same = estimate("sips", 1.0, 1.0 + 1e-15, 1.0 + 3e-15)
    assert finding(result(same)).startswith(
        "This log cannot tell whether the target would have earned more than was logged"
    )


def test_who_assumes_least_is_believed_first_and_then_who_errs_least():
    named = {
        name: estimate(name, 2.0, 2.0 - width, 2.0 + width)
        for name, width in {"iips": 0.1, "pi": 0.2, "rips": 0.4, "dr": 0.5, "sips": 0.6}.items()
    }
    assert best_estimate(result(*named.values())).estimator == "dr"
    for name, left in (("sips", "dr"), ("rips", "sips"), ("pi", "rips"), ("iips", "pi")):
        del named[left]
        assert best_estimate(result(*named.values())).estimator == name
    assert best_estimate(result(DM)) is None
    assert set(LEAST_ASSUMED) == set(Assumes)


@pytest.mark.parametrize(
    ("estimated", "word"),
    [
        (estimate("sips", 1.0, 0.9, 1.1, OK), "trust"),
        (estimate("rips", 1.0, 0.9, 1.1, "ok, if a response depends on nothing below its slot: 900"), "trust, if ..."),
        (estimate("sips", 1.0, 0.9, 1.1, BAD), "do not trust"),
        (DM, "cannot tell"),
        (estimate("sips", verdict=NONE), "no estimate"),
        (estimate("sn_sips", verdict=BAD), "no estimate"),
    ],
)
def test_verdicts_in_a_word(estimated, word):
    assert word_of(estimated) == word


@pytest.mark.parametrize(
    ("logged", "text"),
    [
        ((0.0031, 0.0030, 0.0032), "0.00690 more"),
        ((-5000.0, -5100.0, -4900.0), "5,000 more"),
        ((0.005, 0.005, 0.005), "0.01 more"),
    ],
)
def test_as_many_decimals_as_the_log_has(logged, text):
    found = result(estimate("sips", 0.01, 0.0099, 0.0101, logged=logged[0]), logged=logged)
    assert f"earned {text} per visit" in finding(found)


def test_amounts_and_shares():
    assert [amount(value, 2) for value in (-1211.3, -2.5e48, -0.001, nan)] == ["-1,211.30", "-2.5e+48", "0.00", "-"]
    assert [percent(share) for share in (1.0, 0.95, 0.0281, 0.0, nan)] == ["100%", "95%", "2.8%", "0%", "-"]


def test_a_result_says_it_in_a_line():
    found = result(estimate("sips", 2.0, 1.5, 2.5))
    assert repr(found) == f"OfflineResult(5,000 visits of somebody earned 1.00 each: {finding(found)})"
