"""The state space: numbering, names, and what it says of states that do not exist."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env.core.states import StateSpace, Tier

NUMBERED = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(
    lambda sizes: StateSpace(tuple(Tier(f"t{i}", tuple(map(str, range(size)))) for i, size in enumerate(sizes)))
)
WORDS = st.text(st.characters(exclude_characters="_"), max_size=5)
NAMED = st.lists(st.lists(WORDS, min_size=1, max_size=4, unique=True), min_size=1, max_size=4).map(
    lambda tiers: StateSpace(tuple(Tier(f"t{i}", tuple(labels)) for i, labels in enumerate(tiers)))
)


@given(NUMBERED)
def test_states_are_numbered_row_by_row(states):
    rows = list(itertools.product(*map(range, states.shape)))
    assert states.size == len(rows)
    assert states.table.tolist() == [list(row) for row in rows]


@given(NUMBERED, st.data())
def test_encode_undoes_decode(states, data):
    indexes = np.array(data.draw(st.lists(st.integers(0, states.size - 1), max_size=20)), dtype=np.int64)
    tiers = states.decode(indexes)
    assert tiers.shape == (len(indexes), len(states.tiers))
    assert states.encode(tiers).tolist() == indexes.tolist()


@given(NUMBERED, st.data())
def test_decode_undoes_encode(states, data):
    rows = data.draw(st.lists(st.tuples(*(st.integers(0, size - 1) for size in states.shape)), min_size=1, max_size=20))
    indexes = states.encode(rows)
    assert indexes.shape == (len(rows),)
    assert states.decode(indexes).tolist() == [list(row) for row in rows]


@given(NAMED)
def test_parse_undoes_label(states):
    for state, labels in enumerate(itertools.product(*(tier.labels for tier in states.tiers))):
        assert states.label(state) == "_".join(labels)
        assert states.parse(states.label(state)) == state


def test_labels_that_make_two_states_alike_are_refused():
    tiers = (Tier("segment", ("loyal", "loyal_new")), Tier("season", ("new_summer", "summer")))
    with pytest.raises(ValueError, match="loyal_new_summer"):
        StateSpace(tiers)


def test_the_retail_states(retail_shop):
    states = retail_shop.states
    assert (states.shape, states.size) == ((4, 12, 2, 7), 672)
    assert states.parse("Q1_January_0_Monday") == 0
    assert states.label(671) == "Q4_December_1_Sunday"
    assert states.decode([states.parse("Q4_September_1_Wednesday")]).tolist() == [[3, 8, 1, 2]]


@given(NUMBERED, st.data())
def test_a_tier_number_outside_is_named(states, data):
    tier = data.draw(st.integers(0, len(states.shape) - 1))
    bad = data.draw(st.integers(-50, -1) | st.integers(states.shape[tier], 50))
    rows = np.zeros((5, len(states.shape)), dtype=np.int64)
    rows[3, tier] = bad
    with pytest.raises(ValueError, match=f"^t{tier} is {bad}, but its numbers are 0..{states.shape[tier] - 1}$"):
        states.encode(rows)


@given(NUMBERED, st.data())
def test_a_state_outside_is_named(states, data):
    bad = data.draw(st.integers(-50, -1) | st.integers(states.size, states.size + 50))
    with pytest.raises(ValueError, match=f"^state {bad} does not exist: the {states.size} states are 0.."):
        states.decode(np.array([0, bad, 0]))


@pytest.mark.parametrize(
    "tiers", [[[0, 0, 0]], [[0, 0, 0, 0, 0]], [[0.0, 0.0, 0.0, 0.0]], 0], ids=["narrow", "wide", "float", "scalar"]
)
def test_tier_numbers_of_a_wrong_shape_or_type_are_refused(tiny_shop, tiers):
    with pytest.raises(ValueError, match=r"expected integers of shape \(B, 4\), got (int|float)64"):
        tiny_shop.states.encode(tiers)


def test_states_that_are_no_integers_are_refused(tiny_shop):
    with pytest.raises(ValueError, match="state indexes are integers, got float64"):
        tiny_shop.states.decode([0.0, 1.0])


def test_an_unknown_name_is_answered_with_an_example(tiny_shop):
    with pytest.raises(ValueError, match="no state is called 'Q9_May'; states are called like 'A_January_0_Monday'"):
        tiny_shop.states.parse("Q9_May")


def test_tiers_are_checked_when_they_are_made():
    with pytest.raises(ValueError, match="tier 'month' has no labels"):
        Tier("month", ())
    with pytest.raises(ValueError, match="tier 'month' repeats a label: May, June, May"):
        Tier("month", ("May", "June", "May"))


def test_the_table_is_read_only(tiny_shop):
    with pytest.raises(ValueError, match="read-only"):
        tiny_shop.states.table[0, 0] = 1


def described(period, labels):
    segment, month = Tier("segment", ("Q1", "Q4")), Tier("month", ("October", "November"))
    weekday = Tier("weekday", ("Monday", "Thursday"))
    return StateSpace((segment, month, Tier(period, labels), weekday))


@pytest.mark.parametrize(
    ("period", "tiers", "words"),
    [
        ("half", (1, 1, 0, 1), "Q4, first half of November, a Thursday"),
        ("half", (0, 0, 1, 0), "Q1, second half of October, a Monday"),
        ("week", (1, 1, 4, 1), "Q4, fifth week of November, a Thursday"),
    ],
)
def test_a_person_reads_no_date_where_there_is_none(period, tiers, words):
    states = described(period, ("0", "1") if period == "half" else ("0", "1", "2", "3", "4"))
    state = int(states.encode([tiers])[0])
    assert states.describe(state) == words
    assert states.parse(states.label(state)) == state
    with pytest.raises(ValueError, match="does not exist"):
        states.describe(states.size)


def test_tiers_of_ones_own_are_named():
    states = StateSpace((Tier("segment", ("new",)), Tier("month", ("May",)), Tier("channel", ("app", "web"))))
    assert [states.describe(state) for state in (0, 1)] == ["new, May, channel app", "new, May, channel web"]
