"""Where nobody may win: a leak is found, chance is none, and there is no gap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from selflearn_agents.evaluation.tables import differences, null_world, ranking, robustness

from tests.agents.evaluation.hand_made import column, compared


def nobody_wins(leak=0.0, seeds=4, chunks=50):
    """Rewards around their closed form, -0.75, for all agents alike; one may earn more."""
    noise = np.random.default_rng(1).normal(scale=0.1, size=(seeds, chunks))
    noise -= noise.mean()
    fair = compared({name: np.full((seeds, chunks), -0.75) for name in "abc"}, random=-0.75, optimal=-0.75)
    for run in fair.runs:
        run.reward[:] = -0.75 + noise[run.seed] + (leak if run.agent == "b" else 0.0)
    return fair, noise.std(ddof=1) / np.sqrt(noise.size)


def test_a_fair_null_world_is_fair():
    result, error = nobody_wins()
    table = null_world(result)
    assert [row[0] for row in table.rows] == ["a", "b", "c"]
    assert column(table, "p, Holm") == dict.fromkeys("abc", "1.000")
    assert column(table, "standard error") == dict.fromkeys("abc", f"{error:.3f}")
    assert column(table, "closed form") == column(table, "reward") == dict.fromkeys("abc", "-0.750")


@pytest.mark.parametrize("sign", [1, -1])
def test_a_leak_is_found(sign):
    _, error = nobody_wins()
    table = null_world(nobody_wins(sign * 3 * error)[0])
    p = 2 * stats.norm.sf(3)
    assert column(table, "p, Holm") == {"a": "1.000", "b": f"{3 * p:.3f}", "c": "1.000"}
    assert 3 * p < 0.05
    assert column(table, "reward")["b"] == f"{-0.75 + sign * 3 * error:.3f}"


def test_chance_is_no_leak():
    """An agent two errors off would pass for a leak if it were the only one; of three, it is chance."""
    _, error = nobody_wins()
    p = column(null_world(nobody_wins(2 * error)[0]), "p, Holm")["b"]
    assert p == f"{3 * 2 * stats.norm.sf(2):.3f}"
    assert float(p) > 0.05


def test_rewards_of_the_null_world_weigh_visits_alike():
    result, _ = nobody_wins(seeds=1, chunks=2)
    for run in result.runs:
        run.reward[:] = [-0.7, -0.4]
        run.visits[:] = [10, 11]
        object.__setattr__(run, "customers", 11)
    assert column(null_world(result), "reward")["a"] == f"{(-0.7 * 10 - 0.4) / 11:.3f}"


def test_where_no_slate_is_better_there_is_no_gap(rng):
    result, _ = nobody_wins()
    first = ranking(result, rng)
    assert [row[0] for row in first.rows] == ["a", "b", "c"]
    assert "gap" not in first.head
    assert set(column(first, "expected reward").values()) == {"-0.75"}
    assert set(column(first, "regret").values()) <= {"0.00", "0.50"}
    assert "distinct" not in " ".join(cell for row in first.rows for cell in row)
    paired = differences(result, "a", rng)
    assert paired.head == ["agent", "chunks worse", "chunks better"]
    assert all(row[1:] == ["0", "0"] for row in paired.rows)
    assert {row[1].rstrip("*") for row in robustness({"null": result}).rows} == {"-"}
