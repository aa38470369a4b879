"""A table of one's own becomes a log, or says what is wrong with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from selflearn_agents.logs import VisitLog

from selflearn_env import Rewards

ARRAYS = ("state", "slate", "response", "item_reward", "propensity")


@pytest.fixture
def frame():
    """Two visits of Ann around one of Bob, the slots in any order."""
    return pd.DataFrame(
        {
            "visit": ["b", "a", "c", "a", "b", "c"],
            "episode": ["Ann", "Bob", "Ann", "Bob", "Ann", "Ann"],
            "state": [4, 7, 5, 7, 4, 5],
            "slot": [2, 1, 1, 2, 1, 2],
            "product": [3, 0, 6, 1, 2, 7],
            "response": [0, 2, 1, 0, 1, 0],
            "propensity": [0.25, 0.5, 1.0, 0.1, 0.75, 0.6],
        }
    )


def test_by_hand(frame):
    log = VisitLog.from_frame(frame, rewards=Rewards(buy=9.0))
    assert log.state.tolist() == [4, 5, 7]
    assert log.slate.tolist() == [[2, 3], [6, 7], [0, 1]]
    assert log.response.tolist() == [[1, 0], [1, 0], [2, 0]]
    assert log.item_reward.tolist() == [[1.0, -2.0], [1.0, -2.0], [9.0, -2.0]]
    assert log.propensity.tolist() == [[0.75, 0.25], [1.0, 0.6], [0.5, 0.1]]
    assert log.episode.tolist() == [0, 0, 1]
    assert log.last_state.tolist() == [5, 7]
    assert log.marginal is None


def test_names_ids_and_labels_of_ones_own(frame, tiny_shop):
    named = frame.drop(columns="episode").rename(columns={"product": "article", "propensity": "p"})
    named["article"] = tiny_shop.catalogue.ids[named["article"]]
    named["state"] = [tiny_shop.states.label(state) for state in named["state"]]
    columns = {"product": "article", "propensity": "p", "marginal": "p"}
    log = VisitLog.from_frame(named, columns, catalogue=tiny_shop.catalogue.ids, states=tiny_shop.states)
    assert log.state.tolist() == [4, 7, 5]
    assert log.slate.tolist() == [[2, 3], [0, 1], [6, 7]]
    assert log.over.all()
    np.testing.assert_array_equal(log.marginal, log.propensity)


def test_rewards_without_responses(frame):
    log = VisitLog.from_frame(frame.rename(columns={"response": "item_reward"}).drop(columns="propensity"))
    assert log.item_reward.tolist() == [[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
    assert (log.response == -1).all()
    assert log.propensity is None


def test_a_recorded_log_comes_back(random_log):
    visits, slots = random_log.slate.shape
    long = {name: np.repeat(random_log.state, slots) if name == "state" else getattr(random_log, name).ravel()
            for name in ARRAYS}  # fmt: skip
    rows = pd.DataFrame({"visit": np.repeat(np.arange(visits), slots), "slot": np.tile(np.arange(slots), visits)})
    found = VisitLog.from_frame(rows.assign(**long), {"product": "slate"}, agent="random")
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(random_log, name), err_msg=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": None}, r"no column for state; found visit, .*; name them with columns="),
        ({"response": None}, "needs a column for response or for item_reward"),
        ({"response": [0, 3, 0, 0, 0, 0]}, "responses are 0 ignored, 1 clicked, 2 bought; found 0 to 3"),
        ({"slot": [2, 1, 1, 1, 1, 2]}, "visit 'a' does not have each slot from 1 to 2 once"),
        ({"slot": [7, 6, 6, 7, 6, 7]}, "slots count from 0 or from 1, found 6"),
        ({"visit": ["b", "a", "b", "a", "b", "c"]}, "does not have each slot from 1 to 2 once"),
        ({"visit": ["b", None, "c", "a", "b", "c"]}, "the column for 'visit' is empty in some rows"),
        ({"state": [4, 7, 5, 8, 4, 5]}, "visit 'a' has several values in the column for 'state'"),
        ({"episode": ["Ann", "Bob", "Bob", "Bob", "Ann", "Ann"]}, "visit 'c' has several values in .* 'episode'"),
        ({"product": [3, 0, 6, 1, -2, 7]}, "unknown product -2 at visit 'b'"),
        ({"product": [3, 0, 6, 1.5, 2, 7]}, "the column for 'product' has 1.5 at visit 'a', which is no whole number"),
        ({"propensity": [0.2, 0.5, np.nan, 0.1, 0.2, 0.2]}, "'propensity' has nan at visit 'c', which is no finite"),
        ({"propensity": [0.2, 0.5, 0.0, 0.1, 0.2, 0.2]}, r"propensity\[1, 0\] is 0, but what was shown"),
    ],
)
def test_what_is_wrong(frame, change, message):
    for name, values in change.items():
        frame = frame.drop(columns=name) if values is None else frame.assign(**{name: values})
    with pytest.raises(ValueError, match=message):
        VisitLog.from_frame(frame)


def test_wrong_names(frame, tiny_shop):
    with pytest.raises(ValueError, match="columns has no meaning for 'reward'; its keys are visit, state"):
        VisitLog.from_frame(frame, {"reward": "response"})
    with pytest.raises(ValueError, match="there is no column 'p' for 'propensity'; found visit, episode"):
        VisitLog.from_frame(frame, {"propensity": "p"})
    with pytest.raises(ValueError, match="unknown product 3 at visit 'b'"):
        VisitLog.from_frame(frame, catalogue=tiny_shop.catalogue.ids)
    with pytest.raises(ValueError, match="the column for 'visit' is empty"):
        VisitLog.from_frame(frame.iloc[:0])
