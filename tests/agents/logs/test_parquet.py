"""A log is read from its Parquet file as it was written."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from selflearn_agents.logs import VisitLog, VisitWriter

from selflearn_env import Rewards

OBSERVATIONS = [np.arange(3), np.arange(6.0).reshape(3, 2), np.arange(12, dtype=np.int8).reshape(3, 2, 2)]


@pytest.fixture(params=OBSERVATIONS, ids=lambda each: str(each.shape))
def log(request):
    """Two visits of one customer and one of another."""
    return VisitLog(
        agent="somebody",
        env_id="selflearn/RetailJourney-v0",
        seed=3,
        observation=request.param,
        state=np.array([4, 5, 6]),
        slate=np.array([[0, 1], [2, 3], [1, 0]]),
        response=np.array([[0, 2], [1, 0], [0, 0]], dtype=np.int8),
        item_reward=np.array([[-2.0, 5.0], [1.0, -2.0], [-2.0, -2.0]]),
        propensity=np.array([[0.5, 0.25], [1.0, 0.1], [0.5, 0.5]]),
        terminated=np.array([False, True, False]),
        truncated=np.array([False, False, True]),
        last_observation=request.param[1:] + request.param[:2],
        last_state=np.array([7, 8]),
        env_options={"slate_size": 2, "rewards": Rewards(buy=7.0)},
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.parquet"


def assert_equal(found, expected):
    for field in fields(expected):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        np.testing.assert_array_equal(one, other, err_msg=field.name)
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype, field.name
            assert one.shape == other.shape, field.name


@pytest.mark.parametrize("has", [True, False])
def test_there_and_back(has, log, path):
    """Options come back as JSON has them."""
    log = replace(log, marginal=np.sqrt(log.propensity)) if has else replace(log, propensity=None)
    log.to_parquet(str(path))
    found = VisitLog.from_parquet(str(path))
    assert found.env_options == {"slate_size": 2, "rewards": {"buy": 7.0, "click": 1.0, "ignore": -2.0, "noise": 0.0}}
    assert_equal(replace(found, env_options=log.env_options), log)


def test_other_tools_read_it(log, path):
    log.to_parquet(path)
    frame = pd.read_parquet(path)
    assert frame["state"].tolist() == log.state.tolist()
    np.testing.assert_array_equal(np.stack(frame["slate"]), log.slate)
    assert "marginal" not in frame


def test_a_log_that_cannot_be_kept_leaves_the_one_before(log, path, tiny_shop):
    log.to_parquet(path)
    kept = path.read_bytes()
    with pytest.raises(
        ValueError, match="cannot be kept as JSON: a Shop is too much for it; give the shop as its path"
    ):
        replace(log, env_options={"shop": tiny_shop}).to_parquet(path)
    with pytest.raises(ValueError, match="cannot be kept as JSON: set is not plain"):
        replace(log, env_options={"some": {1}}).to_parquet(path)
    assert path.read_bytes() == kept


def test_what_is_no_log(path):
    with pytest.raises(FileNotFoundError):
        VisitLog.from_parquet(path)
    path.write_text("a,b")
    with pytest.raises(ValueError, match="not a Parquet file, or a broken one"):
        VisitLog.from_parquet(path)
    pd.DataFrame({"state": [1]}).to_parquet(path)
    with pytest.raises(ValueError, match=r"no log of visits; for a table of your own, see VisitLog\.from_frame"):
        VisitLog.from_parquet(path)


def test_what_another_tool_took_from_it(log, path):
    log.to_parquet(path)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["state"]), path)
    with pytest.raises(ValueError, match="it lacks state"):
        VisitLog.from_parquet(path)
    pq.write_table(table.slice(0, 0), path)
    with pytest.raises(ValueError, match="it lacks visits"):
        VisitLog.from_parquet(path)
    pq.write_table(table.append_column("note", pa.array(["a", "b", "c"])), path)
    assert_equal(VisitLog.from_parquet(path), replace(log, env_options=VisitLog.from_parquet(path).env_options))


def test_pieces_follow_each_other(log, path):
    with VisitWriter(path) as writer:
        for _ in range(3):
            writer.append(log)
        assert not path.exists()
    found = VisitLog.from_parquet(path)
    assert found.first.tolist() == [0, 2, 3, 5, 6, 8, 9]
    for name in ("state", "slate", "propensity", "observation", "last_observation", "last_state"):
        np.testing.assert_array_equal(getattr(found, name), np.concatenate([getattr(log, name)] * 3), err_msg=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agent": "other"}, "agent is 'other', and was 'somebody'"),
        ({"env_options": {}}, r"env_options is \{\}, and was \{'slate_size': 2,"),
        ({"propensity": None}, r"propensity is 'missing', and was 'fixed_size_list<.*>\[2\]'"),
        ({"last_state": np.array([7, 8], dtype=np.int32)}, "last_state is 'int32', and was 'int64'"),
    ],
)
def test_pieces_that_do_not_fit_leave_nothing(change, message, log, path):
    def write(*logs):
        with VisitWriter(path) as writer:
            for each in logs:
                writer.append(each)

    with pytest.raises(ValueError, match=message):
        write(log, replace(log, **change))
    assert not list(path.parent.iterdir())


def test_nothing_to_write(path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        VisitWriter(path / "deeper")
    with VisitWriter(path):
        pass
    assert not path.exists()


def test_pieces_whose_observations_have_other_shapes(log, path):
    flat = replace(log, observation=np.zeros((3, 4)), last_observation=np.zeros((2, 4)))
    square = replace(log, observation=np.zeros((3, 2, 2)), last_observation=np.zeros((2, 2, 2)))
    with VisitWriter(path) as writer:
        writer.append(flat)
        with pytest.raises(ValueError, match=r"shapes is .*'observation': \[2, 2\].*, and was .*'observation': \[4\]"):
            writer.append(square)
    assert len(VisitLog.from_parquet(path)) == 3
