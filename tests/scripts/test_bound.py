"""The learner that sees everything, which bounds what the others can reach."""

from __future__ import annotations

import gymnasium
import numpy as np
import pandas as pd
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import standing
from selflearn_agents.evaluation.full_information import full_information
from selflearn_agents.hierarchical.informed import InformedAgent

from tests.scripts.command import run

N = 3


def test_who_sees_all_responses_starts_from_the_history_and_ends_at_the_best(tiny_shop):
    simulator = gymnasium.make("selflearn/Retail-v0", shop=tiny_shop, slate_size=N).unwrapped.simulator
    agent = InformedAgent(tiny_shop, 1.0, N, np.random.default_rng(0))
    gaps = full_information(agent, simulator, 4_000_000, np.random.default_rng(1))
    popular = make_agent("popular", history=tiny_shop.history, slate_size=N)
    assert gaps[0] == pytest.approx(standing(simulator, popular.slates).gap, abs=0.02)
    assert gaps[-1] > 0.98
    assert (np.diff(gaps) > -0.02).all()


def test_it_says_how_far_each_learner_comes(shop, tmp_path):
    done = run(
        *("bound", "--shop", shop, "--slate-size", N, "--customers", 400, "--seeds", 1, "--contrast", 1, 2),
        *("--out", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "bound.md").read_text()
    assert text in done.stdout
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]
    learners = ["hierarchical", "knows how the states pool", "knows it, and sees all responses"]
    assert [row[:2] for row in rows] == [[name, contrast] for contrast in ("1.0", "2.0") for name in learners]
    assert all(-1 < float(share) <= 1 for row in rows for share in row[2:])
    assert pd.Series([row[2] for row in rows]).nunique() > 3


def test_where_customers_are_persons_it_says_it_by_their_earlier_visits(regulars_shop, tmp_path):
    regulars_shop.save(tmp_path / "shop.npz")
    done = run(
        *("bound", "--env", "selflearn/RetailPeople-v0", "--shop", tmp_path / "shop.npz", "--slate-size", N),
        *("--customers", 600, "--batch", 50, "--seeds", 1, "--out", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "bound.md").read_text().splitlines()
    assert lines[0].count("visits") == 5
    ours, told_the_model, told_the_customers = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:])
    assert ours[0] == "personal"
    assert float(ours[1]) < float(told_the_model[1]) <= 1
    assert float(ours[1]) < float(told_the_customers[1]) <= 1
