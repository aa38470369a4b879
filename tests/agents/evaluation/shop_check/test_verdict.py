"""The sentences that head the check, from figures made by hand."""

import pytest
from selflearn_agents.evaluation.shop_check.verdict import NO_PERSONS, verdict


def gain(name, more, low, high):
    return {f"verdict.more.{name}": more, f"verdict.low.{name}": low, f"verdict.high.{name}": high}


FIGURES = {
    "verdict.visits": 8642.0,
    "verdict.customers": 2167.0,
    "verdict.history_has_them": 0.0,
    "verdict.unseen": 6.9,
    "verdict.bought.everybody": 0.79,
    "verdict.bought.state": 0.97,
    "verdict.bought.person": 2.06,
    **gain("state", 23.1, 19.2, 26.9),
    **gain("person", 112.6, 100.7, 124.4),
    "verdict.bought.everybody.retail": 1.28,
    "verdict.bought.best.retail": 1.79,
    **gain("best.retail", 40.0, 39.5, 40.4),
    "verdict.bought.everybody.people": 1.36,
    "verdict.bought.best.people": 3.86,
    **gain("best.people", 183.4, 170.4, 196.4),
    **gain("agent.random", -92.4, -95.1, -89.7),
    **gain("agent.popular", 23.1, 17.5, 28.6),
    **gain("agent.personal", 165.0, 142.0, 188.0),
    "rank_correlation.people": 0.99,
}
NONE = {
    **FIGURES,
    "verdict.unseen": 1.74,
    **gain("state", -0.02, -0.18, 0.15),
    **gain("person", 0.0, 0.0, 0.0),
    **gain("best.people", 0.04, 0.03, 0.06),
    **gain("agent.popular", -0.02, -0.3, 0.2),
    **gain("agent.personal", -3.0, -4.0, -2.0),
}


def said(found):
    return verdict(found).splitlines()


def test_a_shop_whose_customers_differ():
    lines = said(FIGURES)
    assert [line[:3] for line in lines[:4]] == ["1. ", "2. ", "3. ", "4. "]
    assert lines[0].endswith(
        "(together: the state) tell something: lists made for each state would have had 97 products in the baskets of "
        "100 visits, one list for everybody 79: 23 % more (19 to 27)."
    )
    assert "adds much" in lines[1]
    assert "206 products there, 113 % more than those of the state (101 to 124)." in lines[1]
    assert "sell 386 products in 100 visits, the best one list for everybody 136: 183 % more (170 to 196)" in lines[2]
    assert "differ by the state alone, 40.0 % more (39.5 to 40.4)" in lines[2]
    assert lines[3].startswith(
        "4. Agents can be told apart on this log: in the real baskets personal has 165 % more than"
    )
    assert "differences below 7 % are mostly too small to be seen" in lines[3]
    assert lines[4] == ""
    assert "8,642 visits of 2,167 customers, whom no list knows beforehand" in lines[5]
    assert "correlation of 0.99" in lines[5]
    assert "nats" not in "".join(lines)
    assert "gap" not in "".join(lines)


def test_a_shop_whose_customers_are_all_alike():
    lines = said(NONE)
    assert "tell nothing that a list could use" in lines[0]
    assert lines[0].endswith("as many (0.2 % fewer to 0.1 % more). One list for everybody is as good.")
    assert "adds nothing that a list could use" in lines[1]
    assert lines[1].endswith("as many as those of the state.")
    assert "one list for everybody is as good as any" in lines[2]
    assert "cannot show that any agent is better" in lines[3]
    assert "popular, has as many as one list for everybody (0.3 % fewer to 0.2 % more)" in lines[3]
    assert lines[3].endswith("Of these 3, 2 are surely worse.")


def test_no_gain_is_excluded_where_a_gain_would_not_show():
    lines = said({**NONE, "verdict.unseen": 7.0})
    assert "This log leaves open what the date" in lines[0]
    assert "differences below 7 % are mostly too small to be seen" in lines[0]
    assert "This log leaves open what knowing" in lines[1]
    lines = said({**FIGURES, **gain("state", 9.0, -20.0, 38.0)})
    assert "leaves open" in lines[0]
    assert "9 % more (20 % fewer to 38 % more), and differences below" in lines[0]


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((3.0, 1.0, 5.0), "tell little: "),
        ((29.0, 1.0, 60.0), "tell something: "),
        ((31.0, 20.0, 60.0), "tell much: "),
        ((-12.0, -15.0, -8.0), "12 % fewer (8 to 15). One list for everybody is better."),
    ],
)
def test_the_words_follow_the_figures(figures, words):
    assert words in said({**FIGURES, **gain("state", *figures)})[0]


def test_what_later_days_say_follows():
    earlier = {**FIGURES, "gain.other_customers.state": 3.2, "gain_error.last_months.state": 0.2}
    assert said({**earlier, "gain.last_months.state": 0.39})[0].endswith("they told nothing measurable.")
    assert said({**earlier, "gain.last_months.state": 0.8})[0].endswith("they told 25 % as much.")
    assert said({**earlier, "gain.last_months.state": 1.7})[0].endswith("23 % more (19 to 27).")


def test_a_log_that_is_too_small():
    found = {name: value for name, value in FIGURES.items() if not name.startswith(("verdict.more", "verdict.unseen"))}
    found |= {"verdict.visits": 29.0, "verdict.customers": 11.0, "verdict.bought.everybody": 17 / 29}
    lines = said(found)
    assert lines[0].startswith("1. This log is too small to say what dates")
    assert "29 visits of 11 customers" in lines[0]
    assert "had 17 products" in lines[0]
    assert lines[1] == ""
    assert "2. " not in "".join(lines)


def test_where_a_list_holds_all_products():
    found = {name: value for name, value in FIGURES.items() if "agent" not in name and not name.endswith("unseen")}
    assert "Choose a smaller --slate-size" in said(found)[0]


def test_without_persons_it_says_so():
    found = {name: value for name, value in FIGURES.items() if not name.endswith(("people", "person", "personal"))}
    lines = said(found)
    assert lines[1] == f"2. {NO_PERSONS}"
    assert (
        "sell 179 products in 100 visits, the best one list for everybody 128: 40.0 % more (39.5 to 40.4)." in lines[2]
    )
    assert "popular has 23 % more" in lines[3]
    assert "simulated shop, Retail-v0." in lines[5]
    assert "correlation" not in lines[5]


def test_customers_that_the_lists_know_are_named():
    assert "so the figures of lists are too good" in said({**FIGURES, "verdict.history_has_them": 1.0})[5]


def test_where_the_one_list_sells_nothing():
    found = {name: value for name, value in FIGURES.items() if not name.endswith("best.people")}
    found |= {"verdict.bought.best.people": 0.1}
    assert "a gain over it cannot be computed" in said(found)[2]
