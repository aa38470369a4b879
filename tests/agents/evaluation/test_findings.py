"""What the headings of pictures say, of comparisons whose answers are known."""

from __future__ import annotations

import pytest
from selflearn_agents.evaluation import findings

from tests.agents.evaluation.hand_made import compared

UP = [0.1, 0.3, 0.6, 0.8, 0.8]
FLAT = [0.5] * 5


@pytest.mark.parametrize(
    ("agents", "text"),
    [
        ({"a": [UP], "b": [FLAT]}, "a closes 80% of the gap in the end, ahead of b (50%) since visit 21"),
        ({"a": [UP], "b": [[0.0] * 5]}, "a closes 80% of the gap in the end, ahead of b (0%) from the start"),
        ({"a": [FLAT], "b": [FLAT]}, "a closes 50% of the gap in the end, and so does b"),
        ({"a": [UP], "c!": [[1.0] * 5]}, "a closes 80% of the gap in the end"),
        ({"c!": [[1.0] * 5]}, "c (privileged) closes 100% of the gap in the end"),
    ],
)
def test_who_ends_where_and_leads_since_when(agents, text):
    assert findings.curves(compared(agents)) == text


def test_where_nobody_can_lead_it_says_so():
    nowhere = compared({"a": [0.5, 0.5], "b": [0.5, 0.5]}, random=0.5, optimal=0.5)
    assert findings.curves(nowhere) == findings.differences(nowhere, "a") == findings.NOBODY
    assert findings.regret(nowhere) == "No agent loses anything against the best slates"


@pytest.mark.parametrize(
    ("agents", "text"),
    [
        (
            {"a": [0.5], "b": [0.8], "c!": [1.0]},
            "b loses 0.20 per visit against the best slates, a 0.50, 2.5 times as much",
        ),
        ({"b": [0.8]}, "b loses 0.20 per visit against the best slates"),
        ({"a": [0.801], "b": [0.8]}, "a loses 0.20 per visit against the best slates, and so does b"),
        ({"a": [0.5], "b": [1.0]}, "b loses 0.00 per visit against the best slates, a 0.50"),
    ],
)
def test_who_loses_least(agents, text):
    assert findings.regret(compared(agents)) == text


BASE = [0.50, 0.52, 0.48]


@pytest.mark.parametrize(
    ("agents", "text"),
    [
        (
            {"a": BASE, "b": [0.7, 0.71, 0.69], "c": [0.51, 0.5, 0.49], "d": [0.1, 0.12, 0.08], "e!": [1.0] * 3},
            "Of 3 agents that are not privileged, 1 is surely ahead of a, 1 surely behind",
        ),
        (
            {"a": BASE, "b": [0.51, 0.5, 0.49], "c": [0.49, 0.5, 0.5]},
            "Of 2 agents, none are surely ahead of a, none surely behind",
        ),
        ({"a": BASE, "b": [0.7, 0.71, 0.69]}, "b is surely ahead of a"),
        ({"a": BASE, "b": [0.3, 0.32, 0.28]}, "b is surely behind a"),
        ({"a": BASE, "c!": [0.8, 0.81, 0.79]}, "c (privileged) is surely ahead of a"),
        ({"a": BASE, "b": [0.6, 0.5, 0.4]}, "b is neither surely ahead of a nor surely behind"),
        ({"a": [0.5], "b": [0.7]}, "b is ahead of a; one seed cannot say how surely"),
        ({"a": [0.5], "b": [0.4], "c": [0.3]}, "Of 2 agents, none are ahead of a; one seed cannot say how surely"),
        ({"a": [0.5, 0.6]}, "No other agent to compare with a"),
    ],
)
def test_how_many_are_ahead_and_how_surely(agents, text):
    assert findings.differences(compared(agents), "a") == text
