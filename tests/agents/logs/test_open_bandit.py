"""Rows with the header of the Open Bandit Dataset, as a log and as rows again."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import make_agent
from selflearn_agents.logs import from_open_bandit, record, to_open_bandit

ROWS = """\
,timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,user_feature_2,user_feature_3,\
user-item_affinity_0,user-item_affinity_1
0,2019-11-24 00:00:05.000000+00:00,2,3,0,0.25,aa,x1,y0,z0,0.0,0.0
1,2019-11-24 00:00:09.500000+00:00,0,1,1,0.5,bb,x1,y1,z0,1.0,0.0
2,2019-11-24 00:00:07.250000+00:00,1,2,0,0.125,aa,x0,y1,z0,0.0,2.0
3,2019-11-24 00:00:11.125000+00:00,2,1,0,0.5,bb,x1,y1,z0,0.0,0.0
"""


@pytest.fixture
def frame():
    return pd.read_csv(StringIO(ROWS), index_col=0)


def test_every_row_is_a_visit(frame):
    log, states = from_open_bandit(frame, agent="bts")
    assert log.agent == "bts"
    assert [tier.name for tier in states.tiers] == [*(f"user_feature_{number}" for number in range(4)), "position"]
    assert [states.label(state) for state in log.state] == [
        "aa_x1_y0_z0_3", "aa_x0_y1_z0_2", "bb_x1_y1_z0_1", "bb_x1_y1_z0_1"]  # fmt: skip
    assert log.slate.tolist() == [[2], [1], [0], [2]]
    assert log.response.tolist() == [[0], [0], [1], [0]]
    assert log.item_reward.tolist() == [[0.0], [0.0], [1.0], [0.0]]
    assert log.propensity.tolist() == log.marginal.tolist() == [[0.25], [0.125], [0.5], [0.5]]
    assert log.observation.tolist() == [[0.0, 0.0], [0.0, 2.0], [1.0, 0.0], [0.0, 0.0]]
    assert log.over.all()


def test_rows_come_back(frame):
    back = to_open_bandit(*from_open_bandit(frame))
    in_time = frame.sort_values("timestamp", ignore_index=True)
    assert back.columns.tolist() == frame.columns.tolist()
    pd.testing.assert_frame_equal(back.drop(columns="timestamp"), in_time.drop(columns="timestamp"), check_dtype=False)
    assert back["timestamp"].is_monotonic_increasing
    again, states = from_open_bandit(pd.read_csv(StringIO(back.to_csv()), index_col=0))
    log, expected = from_open_bandit(frame)
    assert states == expected
    for name in ("state", "slate", "response", "item_reward", "propensity", "marginal", "observation"):
        np.testing.assert_array_equal(getattr(again, name), getattr(log, name), err_msg=name)


def test_places_that_were_read_as_floats(frame):
    floats = frame.assign(position=frame["position"].astype(float))
    assert from_open_bandit(floats)[1] == from_open_bandit(frame)[1]
    assert to_open_bandit(*from_open_bandit(floats))["position"].tolist() == [3, 2, 1, 1]


def test_without_timestamps_and_affinities(frame):
    some = frame.drop(columns=["timestamp", "user-item_affinity_0", "user-item_affinity_1"])
    log, _ = from_open_bandit(some)
    assert log.slate.tolist() == [[2], [0], [1], [2]]
    np.testing.assert_array_equal(log.observation, log.state)


def test_a_log_of_slates_is_a_row_for_each_slot(tiny_shop):
    agent = make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=2, seed=1)
    log = record(agent, "selflearn/Retail-v0", 50, marginals=True, shop=tiny_shop)
    rows = to_open_bandit(log, tiny_shop.states)
    assert len(rows) == 100
    for row, found in enumerate(rows.to_dict("records")):
        visit, slot = divmod(row, 2)
        assert (found["item_id"], found["position"]) == (log.slate[visit, slot], slot + 1)
        assert found["click"] == (log.response[visit, slot] > 0)
        assert found["propensity_score"] == log.marginal[visit, slot]
        features = "_".join(found[f"user_feature_{number}"] for number in range(4))
        assert features == tiny_shop.states.label(log.state[visit])
    with pytest.raises(ValueError, match="the log has none: record it with marginals=True"):
        to_open_bandit(replace(log, marginal=None), tiny_shop.states)
    with pytest.raises(ValueError, match="tells rewards, and not what was clicked"):
        to_open_bandit(replace(log, response=np.full_like(log.response, -1)), tiny_shop.states)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"click": None}, "the Open Bandit Dataset has click, too; found timestamp, item_id, "),
        ({"click": [0, 1, 2, 0]}, "click is 0 or 1, found 2"),
        ({"user_feature_2": ["a", None, "a", "a"]}, "the column 'user_feature_2' is empty in some rows"),
        ({"propensity_score": [0.5, 1.5, 0.5, 0.5]}, r"propensity\[2, 0\] is 1\.5"),
    ],
)
def test_what_is_wrong(frame, change, message):
    for name, values in change.items():
        frame = frame.drop(columns=name) if values is None else frame.assign(**{name: values})
    with pytest.raises(ValueError, match=message):
        from_open_bandit(frame)


def test_too_many_states(frame):
    rows = pd.concat([frame] * 300, ignore_index=True)
    many = rows.assign(user_feature_0=np.arange(1200), user_feature_1=np.arange(1200))
    with pytest.raises(ValueError, match=r"the user features make 8,640,000 states, more than 1,000,000: leave some"):
        from_open_bandit(many)
