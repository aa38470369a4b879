"""A table of one's own becomes a log, or says what is wrong with it."""

from __future__ import annotations

from dataclasses import replace

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


def test_visits_of_nobody_are_episodes_of_their_own(frame):
    log = VisitLog.from_frame(frame.assign(episode=["Ann", None, None, None, "Ann", None]))
    assert log.state.tolist() == [4, 7, 5]
    assert log.episode.tolist() == [0, 1, 2]
    assert VisitLog.from_frame(frame.assign(episode=np.nan)).episode.tolist() == [0, 1, 2]


def test_rewards_without_responses(frame):
    log = VisitLog.from_frame(frame.rename(columns={"response": "item_reward"}).drop(columns="propensity"))
    assert log.item_reward.tolist() == [[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
    assert (log.response == -1).all()
    assert log.propensity is None


@pytest.mark.parametrize("env_id", ["selflearn/Retail-v0", "selflearn/RetailJourney-v0"])
def test_a_recorded_log_comes_back(env_id, recorded):
    log = recorded("epsilon_greedy", env_id, customers=20)
    for each in (log, replace(log, marginal=np.sqrt(log.propensity)), replace(log, propensity=None)):
        assert_same_visits(VisitLog.from_frame(each.to_frame()), each)
    rewards_only = replace(log, response=np.full_like(log.response, -1))
    assert "response" not in rewards_only.to_frame()
    assert_same_visits(VisitLog.from_frame(rewards_only.to_frame()), rewards_only)


def test_the_rows_of_a_log(frame):
    rows = VisitLog.from_frame(frame).to_frame()
    assert rows["visit"].tolist() == [0, 0, 1, 1, 2, 2]
    assert rows["episode"].tolist() == [0, 0, 0, 0, 1, 1]
    assert rows["slot"].tolist() == [0, 1] * 3
    assert rows["product"].tolist() == [2, 3, 6, 7, 0, 1]
    assert rows["propensity"].tolist() == [0.75, 0.25, 1.0, 0.6, 0.5, 0.1]


def assert_same_visits(found, expected):
    for name in (*ARRAYS, "marginal", "episode"):
        one, other = getattr(found, name), getattr(expected, name)
        np.testing.assert_array_equal(one, other, err_msg=name)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None), name


@pytest.mark.parametrize("half", [str, int, float])
def test_tiers_instead_of_a_state(frame, tiny_shop, half):
    log, states = VisitLog.from_frame(frame), tiny_shop.states
    tiers = pd.DataFrame([states.label(state).split("_") for state in frame["state"]],
                         columns=["segment", "month", "half", "day"])  # fmt: skip
    named = pd.concat([frame.drop(columns="state"), tiers.astype({"half": half})], axis=1)
    found = VisitLog.from_frame(named, {"weekday": "day"}, states=states)
    assert_same_visits(found, log)
    with pytest.raises(ValueError, match=r"no column for weekday; found visit, .* name them with columns=\{\.\.\.\}$"):
        VisitLog.from_frame(named, states=states)
    with pytest.raises(ValueError, match=r"no column for state; .*; for a column of each tier .*, give states="):
        VisitLog.from_frame(named)
    with pytest.raises(ValueError, match="unknown weekday 'Someday' at visit 'b'; its labels are Monday, "):
        VisitLog.from_frame(named.assign(weekday="Someday"), states=states)
    other = named.assign(month=["May", *named["month"][1:]])
    with pytest.raises(ValueError, match="visit 'b' has several values in the column for 'the tiers'"):
        VisitLog.from_frame(other, {"weekday": "day"}, states=states)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow", "category", "object"])
def test_dtypes_of_other_tools(backend, frame, tiny_shop, tmp_path):
    named = frame.assign(product=tiny_shop.catalogue.ids[frame["product"]], state=[
        tiny_shop.states.label(state) for state in frame["state"]])  # fmt: skip
    expected = VisitLog.from_frame(named, catalogue=tiny_shop.catalogue.ids, states=tiny_shop.states)
    if backend in ("category", "object"):
        read = named.astype(backend)
    else:
        named.to_parquet(tmp_path / "log.parquet")
        read = pd.read_parquet(tmp_path / "log.parquet", dtype_backend=backend)
    assert_same_visits(VisitLog.from_frame(read, catalogue=tiny_shop.catalogue.ids, states=tiny_shop.states), expected)


def test_an_empty_column_of_propensities_is_none(frame):
    assert VisitLog.from_frame(frame.assign(propensity=np.nan)).propensity is None
    assert VisitLog.from_frame(frame.assign(marginal=pd.array([None] * 6, dtype="Float64"))).marginal is None


def test_probabilities_of_whole_slates_are_noticed(frame):
    whole = frame.assign(propensity=[0.25, 0.5, 1.0, 0.5, 0.25, 1.0])
    with pytest.warns(UserWarning, match="same in all its slots, as if they were those of whole slates"):
        VisitLog.from_frame(whole)
    VisitLog.from_frame(frame.assign(propensity=1.0))  # no warning: who is sure
    VisitLog.from_frame(whole.assign(product=1))  # no warning: who draws slots apart from each other


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": None}, r"no column for state; found visit, .*; name them with columns="),
        ({"response": None}, "needs a column for response or for item_reward"),
        ({"response": [0, 3, 0, 0, 0, 0]}, "responses are 0 ignored, 1 clicked, 2 bought; found 0 to 3"),
        ({"slot": [2, 1, 1, 1, 1, 2]}, "visit 'a' has slot 1 twice: there are rows twice, or several slates"),
        ({"slot": [2, 1, 1, 3, 1, 2]}, "visit 'b' has 2 of the slots 1 to 3: .* all slates have one size"),
        ({"slot": [2, 0, 1, 1, 1, 2]}, "visit 'b' has 2 of the slots 0 to 2"),
        ({"slot": [7, 6, 6, 7, 6, 7]}, "slots count from 0 or from 1, found 6"),
        ({"visit": ["b", "a", "b", "a", "b", "c"]}, "visit 'b' has slot 1 twice"),
        ({"visit": ["b", "a", "c", "a", "b", "d"]}, "visit 'c' has 1 of the slots 1 to 2"),
        ({"visit": ["b", None, "c", "a", "b", "c"]}, "the column for 'visit' is empty in some rows"),
        ({"state": [4, 7, 5, 8, 4, 5]}, "visit 'a' has several values in the column for 'state'"),
        ({"episode": ["Ann", "Bob", "Bob", "Bob", "Ann", "Ann"]}, "visit 'c' has several values in .* 'episode'"),
        ({"product": [3, 0, 6, 1, -2, 7]}, "unknown product -2 at visit 'b'"),
        ({"product": [3, 0, 6, 1e300, 2, 7]}, "'product' has 1e[+]300 at visit 'a', which is no whole number up to"),
        ({"product": [3, 0, 6, 2**53 + 1, 2, 7]}, "'product' has 9007199254740993 at visit 'a', which is no whole"),
        ({"state": [np.inf, 7, 5, 7, np.inf, 5]}, "the column for 'state' has inf at visit 'b'"),
        ({"item_reward": np.inf}, "the column for 'item_reward' has inf at visit 'b', which is no finite number"),
        ({"product": [3, 0, 6, 1.5, 2, 7]}, "the column for 'product' has 1.5 at visit 'a', which is no whole number"),
        (
            {"propensity": [0.2, 0.5, np.nan, 0.1, 0.2, 0.2]},
            "'propensity' is empty in 1 of 6 rows, first at visit 'c': leave out",
        ),
        ({"propensity": [0.2, 0.5, "x", 0.1, 0.2, 0.2]}, "'propensity' has 'x' at visit 'c', which is no finite"),
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
    with pytest.raises(ValueError, match="the catalogue has texts and the column numbers: read it as texts, dtype=str"):
        VisitLog.from_frame(frame, catalogue=tiny_shop.catalogue.ids)
    for catalogue, message in (([], "the catalogue is empty"), ([0, 1, 2, 1], "the catalogue has 1 twice")):
        with pytest.raises(ValueError, match=message):
            VisitLog.from_frame(frame, catalogue=catalogue)
    with pytest.raises(ValueError, match="unknown state 4 at visit 'b'; states are called like 'A_January_0_Monday'"):
        VisitLog.from_frame(frame, states=tiny_shop.states)
    with pytest.raises(ValueError, match="there are several columns 'slot' for 'slot'"):
        VisitLog.from_frame(pd.concat([frame, frame[["slot"]]], axis=1))
    with pytest.raises(ValueError, match="the column for 'visit' is empty"):
        VisitLog.from_frame(frame.iloc[:0])
