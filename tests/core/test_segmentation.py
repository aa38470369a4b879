"""Segments from RFM measures, against the nearest centre written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env.core.segmentation import SEGMENTS, Segmentation

CENTRES = {
    "recency": (0.0, 50.0, 150.0, 300.0),
    "frequency": (0.0, 3.0, 10.0, 50.0),
    "monetary": (0.0, 200.0, 900.0, 5e3),
}
NUMBERS = st.floats(-1000, 1000)


def plain_score(centres, measures):
    """The nearest centre counts its rank, recency's from the other end; half-way the lower one is nearest."""
    score = 0
    for name, value in measures.items():
        distance = [abs(value - centre) for centre in centres[name]]
        rank = distance.index(min(distance))
        score += len(centres[name]) - 1 - rank if name == "recency" else rank
    return score


def plain_segment(score):
    return {0: "Q2", 1: "Q2", 2: "Q3", 3: "Q1"}.get(score, "Q4")


def of(frequency, recency, monetary):
    return {"recency": recency, "frequency": frequency, "monetary": monetary}


@pytest.mark.parametrize(
    ("measures", "score", "segment"),
    [
        (of(0, 0, 0.0), 3, "Q1"),  # came once
        (of(0, 300, 0.0), 0, "Q2"),
        (of(3, 300, 0.0), 1, "Q2"),
        (of(3, 300, 200.0), 2, "Q3"),
        (of(50, 300, 5000.0), 6, "Q4"),
        (of(1000, 0, 1e6), 9, "Q4"),
        (of(0, 0, -50.0), 3, "Q1"),  # brought back more than it kept
    ],
)
def test_segments_of_the_seed(measures, score, segment):
    one = {name: np.array([value]) for name, value in measures.items()}
    rule = Segmentation(CENTRES)
    assert rule.scores(one).tolist() == [score]
    assert [SEGMENTS[number] for number in rule.numbers(one)] == [segment]


@given(
    centres=st.fixed_dictionaries(
        {
            name: st.lists(NUMBERS, min_size=1, max_size=4, unique=True).map(lambda of: tuple(sorted(of)))
            for name in CENTRES
        }
    ),
    rows=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=20),
)
def test_scores_are_the_ranks_of_the_nearest_centres(centres, rows):
    rule = Segmentation(centres)
    measures = {name: np.array([row[place] for row in rows]) for place, name in enumerate(CENTRES)}
    expected = [plain_score(centres, dict(zip(CENTRES, row, strict=True))) for row in rows]
    near = [  # a value half-way between two centres may round either way
        any(abs(abs(value - a) - abs(value - b)) < 1e-9 for a in centres[name] for b in centres[name] if a != b)
        for row in rows
        for name, value in zip(CENTRES, row, strict=True)
    ]
    clear = ~np.array(near).reshape(-1, 3).any(axis=1)
    np.testing.assert_array_equal(rule.scores(measures)[clear], np.array(expected)[clear])
    named = [SEGMENTS[number] for number in rule.numbers(measures)[clear]]
    assert named == [plain_segment(score) for score in np.array(expected)[clear].tolist()]


def test_half_way_the_lower_centre_is_the_nearest():
    rule = Segmentation(CENTRES)
    at = of(np.array([1.5, np.nextafter(1.5, 2)]), np.zeros(2), np.zeros(2))
    assert rule.scores(at).tolist() == [3, 4]


def test_any_number_of_rows_and_any_order_of_the_measures():
    rule = Segmentation(CENTRES)
    nobody = of(np.empty(0), np.empty(0), np.empty(0))
    assert rule.numbers(nobody).tolist() == []
    values = of(np.array([0, 50]), np.array([0, 0]), np.array([0.0, 5e3]))
    assert rule.numbers(values).tolist() == rule.numbers(dict(reversed(values.items()))).tolist() == [0, 3]


def test_rules_compare_by_value():
    assert Segmentation(CENTRES) == Segmentation(dict(CENTRES))
    assert Segmentation(CENTRES) != Segmentation(CENTRES | {"recency": (0.0,)})
