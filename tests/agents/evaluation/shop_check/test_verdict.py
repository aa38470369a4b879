"""The sentences that head the check."""

import pytest
from selflearn_agents.evaluation.shop_check.verdict import NO_PERSONS, verdict

FIGURES = {
    "gain.other_customers.state": 3.16,
    "gain_error.other_customers.state": 0.1,
    "gain.other_customers.person": 11.5,
    "gain_error.other_customers.person": 1.2,
    "gain.other_customers.present": 0.9,
    "gain_error.other_customers.present": 0.04,
    "hits.personal": 1.88,
    "hits_foreseen.personal": 2.06,
    "hits.best_sellers": 0.7,
    "optimal.retail": -3.4,
    "everybody.retail": 0.72,
    "rank_correlation.retail": 0.54,
    "optimal.people": 11.7,
    "everybody.people": 0.37,
    "rank_correlation.people": 0.99,
}


def test_three_sentences_say_what_each_is_worth():
    lines = verdict(FIGURES, known_persons=True).splitlines()
    assert [line[:3] for line in lines] == ["1. ", "2. ", "3. "]
    assert "the state is worth +3.2 ± 0.1, the person +11.5 ± 1.2 and the shop's present +0.9 ± 0.0 nats" in lines[0]
    assert "1.88" in lines[1]
    assert "2.06" in lines[1]
    assert "2.7 times as many" in lines[1]
    assert lines[2].startswith("3. In RetailPeople-v0 one list for everybody goes 37 % of the way")
    assert "0.99; in Retail-v0" in lines[2]
    assert lines[2].endswith("0.54.")


@pytest.mark.parametrize("check", ["other_customers", "last_months"])
def test_the_first_check_begins_the_sentence(check):
    found = {
        f"gain.{check}.state": 1.0,
        f"gain_error.{check}.state": 0.2,
        "optimal.retail": 0.0,
        "everybody.retail": 0.5,
    }
    first = verdict(found, known_persons=True).splitlines()[0]
    beginning = {"other_customers": "For other customers", "last_months": "In the last two months"}[check]
    assert (
        first == f"1. {beginning} the state is worth +1.0 ± 0.2 nats per visit, each beyond the one before (0.69 is a "
        "factor of 2)."
    )


def test_without_persons_it_says_so():
    found = {name: value for name, value in FIGURES.items() if not name.endswith(("people", "person", "personal"))}
    lines = verdict(found, known_persons=False).splitlines()
    assert lines[1] == f"2. {NO_PERSONS}"
    assert "the person" not in lines[0]
    assert "RetailPeople" not in lines[2]
