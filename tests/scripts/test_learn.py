"""Learning from a log as a command, and the study of learners."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.commands.learn import part_of
from selflearn_agents.logs import VisitLog, record
from selflearn_agents.offline import LEARNERS, make_learner

from selflearn_env import Shop

N = 2


@pytest.fixture(scope="module")
def tiny(shop):
    return Shop.load(shop)


@pytest.fixture(scope="module")
def visits(shop, tiny):
    agent = make_agent("random", history=tiny.history, slate_size=N, seed=1)
    return record(agent, "selflearn/Retail-v0", 400, batch=100, shop=str(shop))


@pytest.fixture(scope="module")
def recorded(visits, tmp_path_factory):
    path = tmp_path_factory.mktemp("visits") / "visits.parquet"
    visits.to_parquet(path)
    return path


def test_learn_keeps_what_learned_from_the_whole_log(recorded, visits, shop, tiny, tmp_path, run_here):
    given = "--learner", "pessimistic(pessimism=0.5)", "--shop", shop, "--out", tmp_path
    done = run_here("learn", recorded, *given)
    assert done.returncode == 0, done.stderr
    assert [line.rpartition("/")[2] for line in done.stdout.splitlines()[-3:]] == [
        "agent.npz", "learn.md", "manifest.json",
    ]  # fmt: skip
    text = (tmp_path / "learn.md").read_text()
    assert done.stdout.startswith(text)
    assert re.search(r"^\| visits +\| 400 ", text, re.MULTILINE)
    assert "products that were shown" in text
    agent, states = load_agent(tmp_path / "agent.npz"), np.arange(tiny.states.size)
    same = make_learner("pessimistic", history=tiny.history, slate_size=N, pessimism=0.5).fit(visits)
    assert (agent.act(states) == same.act(states)).all()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["shop_digest"] == tiny.digest
    assert manifest["estimates"]["dm"]["value"] < 0
    judged = run_here(
        "ope", recorded, "--target", tmp_path / "agent.npz", "--shop", shop, "--resamples", 0, "--out", tmp_path
    )
    assert judged.returncode == 0, judged.stderr


def test_a_part_of_a_log_is_whole_episodes(tiny):
    lives = record(
        make_agent("random", history=tiny.history, slate_size=N, seed=1), "selflearn/RetailJourney-v0", 6, shop=tiny
    )
    cut = lives.first[4]
    first, second = part_of(lives, 0, 4), part_of(lives, 4, 6)
    for name in ("state", "slate", "response", "item_reward", "propensity", "truncated"):
        whole = getattr(lives, name)
        assert (getattr(first, name) == whole[:cut]).all()
        assert (getattr(second, name) == whole[cut:]).all()
    assert (second.last_state == lives.last_state[4:]).all()
    assert isinstance(second, VisitLog)


def test_a_log_of_few_visits_is_learned_from_and_not_judged(visits, shop, tmp_path, run_here):
    part_of(visits, 0, 5).to_parquet(tmp_path / "few.parquet")
    done = run_here("learn", tmp_path / "few.parquet", "--shop", shop, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Fewer than 6 episodes" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--learner", "popular"], 2, f"unknown learner 'popular'; known: {', '.join(LEARNERS)}"),
        (["--learner", "reward_model(x=1)"], 2, "'reward_model' has no hyperparameter 'x'"),
        (["--learner", "pessimistic(pessimism=-1)"], 1, "pessimism counts standard deviations"),
        (["--learner", "dr_gradient"], 1, "the log has no propensities; record them"),
    ],
)
def test_mistakes_end_in_one_line(arguments, code, message, visits, shop, tiny, tmp_path, run_here):
    frame = visits.to_frame().drop(columns="propensity")
    frame["state"] = [tiny.states.label(state) for state in frame["state"]]
    frame["product"] = tiny.catalogue.ids[frame["product"]]
    frame.to_csv(tmp_path / "own.csv", index=False)
    done = run_here("learn", tmp_path / "own.csv", *arguments, "--shop", shop, "--out", tmp_path / "out")
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "agent.npz").exists()


def test_the_study_writes_what_it_names(shop, tmp_path, run_here):
    done = run_here(
        "learning-study", "--shop", shop, "--slate-size", 3, "--visits", 120, "--seeds", 2, "--warm", "thompson",
        "--warm-visits", 50, "--customer-models", "cascade", "--out", tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(tmp_path / "learning.csv")
    assert set(frame["log"]) == {"epsilon_greedy", "popular, a tenth explored"}
    assert set(LEARNERS) < set(frame["policy"])
    assert len(pd.read_csv(tmp_path / "comparison.csv")) == len(frame) / 2
    text = (tmp_path / "learning.md").read_text()
    assert text.count("| cascade; epsilon_greedy ") == 4
    assert "thompson over its first 50 visits" in text
    assert json.loads((tmp_path / "manifest.json").read_text())["options"]["seeds"] == 2
