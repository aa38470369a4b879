"""The command lines of customers' lives: what they write, what their tables name, and how they fail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from selflearn_env import Shop
from selflearn_env.shop.validation.evidence import SPANS
from selflearn_env.shop.validation.lives import GROUPS, habits_of_the_log
from tests.scripts.command import run

AGENTS = ("random", "popular", "myopic_oracle", "myopic_oracle(holding_back=0.4)")
MILD = 'journey={"fatigue": 0.1, "boredom": 0.2, "leave": 0.05, "patience": 4}'
COMPARE = ("--slate-size", 3, "--option", MILD, "--customers", 20, "--seeds", 2)
COMPARED = {"lives.md", "lives.csv", "lives.png", "manifest.json"}
CHECKED = {"lives.md", "lives.png", "manifest.json"}


def tables(text):
    """Each table of a text: its cells, line by line, the ruler left out."""
    parts = [part for part in text.split("\n\n") if part.lstrip().startswith("|")]
    lines = [[line for line in part.splitlines() if line.startswith("|")] for part in parts]
    return [
        [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in (head, *rows)] for head, _, *rows in lines
    ]


def check_files(done, out, names):
    """Exit code 0, and the files are there that the last lines name."""
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    named = [Path(line) for line in done.stdout.splitlines()[-len(names) :]]
    assert {path.name for path in named} == names == {path.name for path in out.iterdir()}
    assert (out / "lives.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "lives.md").read_text() in done.stdout


@pytest.fixture(scope="module")
def compared(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("compared") / "out"
    return run("compare_lives.py", "--shop", shop, *COMPARE, "--agents", *AGENTS, "--out", out), out


def test_the_comparison_writes_what_it_names(compared, shop):
    done, out = compared
    check_files(done, out, COMPARED)
    assert "seed 1" in done.stderr  # a bar for each
    frame = pd.read_csv(out / "lives.csv")
    columns = ["return", "expected return", "last quarter", "visits", "purchases", "reward per visit", "left"]
    assert list(frame.columns) == ["agent", "seed", *columns]
    assert [tuple(row) for row in frame[["agent", "seed"]].to_numpy()] == [
        (marked(name), seed) for name in AGENTS for seed in (0, 1)
    ]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["command"].startswith("compare_lives.py --shop")
    assert manifest["shop_digest"] == Shop.load(shop).digest
    assert manifest["options"]["agents"] == list(AGENTS)
    assert manifest["options"]["customers"] == 20


def marked(name):
    """As an output has it."""
    return f"{name} (privileged)" if name.startswith(("oracle", "myopic", "PPO")) else name


def test_the_comparison_names_the_agents_and_their_means(compared):
    _, out = compared
    text, frame = (out / "lives.md").read_text(), pd.read_csv(out / "lives.csv")
    assert text.startswith(f"# selflearn/RetailJourney-v0, {MILD}\n")
    assert "means over 2 seeds of 20 customers" in text
    ((head, *rows),) = tables(text)
    assert head == [
        *("agent", "return", "expected return", "last quarter", "reward per visit", "visits", "purchases"),
        *("left for good", "expected return above myopic_oracle (95 %)", "p"),
    ]
    assert [row[0] for row in rows] == [marked(name) for name in AGENTS]
    for name, *cells, left, more, p in rows:
        own = frame[frame["agent"] == name]
        means = [own[column].mean() for column in head[1:7]]
        assert [float(cell.replace("−", "-")) for cell in cells] == pytest.approx(means, abs=0.0051)
        assert left == f"{100 * own['left'].mean():.1f} %"
        reference = frame[frame["agent"] == marked("myopic_oracle")]["expected return"].mean()
        if name == marked("myopic_oracle"):
            assert more == p == "-"
        else:
            value = float(more.split(" ")[0].replace("−", "-"))
            assert value == pytest.approx(own["expected return"].mean() - reference, abs=0.0051)
            assert more.endswith("]")
            assert 0 <= float(p.removeprefix("< ")) <= 1


def test_the_comparison_marks_privileged_agents(compared):
    ((_, *rows),) = tables((compared[1] / "lives.md").read_text())
    assert [row[0] for row in rows][2:] == [f"{name} (privileged)" for name in AGENTS[2:]]


def test_the_same_command_compares_the_same(compared, shop, tmp_path, run_here):
    _, out = compared
    again = run_here("lives", "--shop", shop, *COMPARE, "--agents", *AGENTS[:2], "--out", tmp_path)
    assert again.returncode == 0, again.stderr
    one, other = (pd.read_csv(folder / "lives.csv") for folder in (out, tmp_path))
    pd.testing.assert_frame_equal(one[one["agent"].isin(AGENTS[:2])], other)
    ((_, *rows),) = tables((tmp_path / "lives.md").read_text())
    assert [row[-1] for row in rows] == ["-", "-"]  # there is no myopic oracle to compare with


def test_the_default_agents_are_compared(shop, tmp_path, run_here):
    done = run_here("lives", "--shop", shop, *COMPARE[:-1], 1, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    names = ["random", "popular", "hierarchical", "personal", "patient"]
    names += ["oracle", "myopic_oracle", "myopic_oracle(holding_back=0.4)"]
    assert pd.read_csv(tmp_path / "lives.csv")["agent"].tolist() == [marked(name) for name in names]


def test_the_others_are_set_against_any_of_the_agents(shop, tmp_path, run_here):
    agents = ("popular", "patient(discount=0)", "random")
    done = run_here("lives", "--shop", shop, *COMPARE, "--agents", *agents, "--against", agents[1], "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    ((head, *rows),) = tables((tmp_path / "lives.md").read_text())
    assert head[-2] == "expected return above patient(discount=0) (95 %)"
    assert [row[-1] == "-" for row in rows] == [False, True, False]


@pytest.mark.slow
def test_a_policy_is_learned_and_compared(shop, tmp_path):
    """One rollout of 256 customers, which is little to learn from."""
    pytest.importorskip("stable_baselines3")
    arguments = ("--shop", shop, *COMPARE[:-1], 1, "--agents", "myopic_oracle", "--ppo", 1, "--discount", 0.9)
    done = run("compare_lives.py", *arguments, "--out", tmp_path)
    check_files(done, tmp_path, COMPARED)
    (shares,) = (line for line in done.stdout.splitlines() if line.startswith("PPO of seed 0 holds back: "))
    parts = [part.split("% of ") for part in shares.split(": ")[1].split(", ")]
    assert [held for _, held in parts] == ["0", "0.2", "0.4", "1"]
    assert sum(int(share) for share, _ in parts) == pytest.approx(100, abs=2)
    frame = pd.read_csv(tmp_path / "lives.csv").set_index("agent")
    assert list(frame.index) == [marked("myopic_oracle"), marked("PPO")]
    assert frame.loc[marked("PPO"), "visits"] >= 1
    assert np.isfinite(frame).all(axis=None)
    ((_, *rows),) = tables((tmp_path / "lives.md").read_text())
    assert [row[0] for row in rows] == [marked("myopic_oracle"), marked("PPO")]


@pytest.fixture(scope="module")
def checked(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("checked") / "out"
    return run("check_lives.py", "--shop", shop, "--lives", 2, "--out", out), out


def test_the_check_writes_what_it_names(checked, shop):
    done, out = checked
    check_files(done, out, CHECKED)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["command"].startswith("check_lives.py ")
    assert manifest["shop_digest"] == Shop.load(shop).digest
    assert manifest["options"]["lives"] == 2


def test_the_check_names_habits_forecast_and_evidence(checked, shop):
    _, out = checked
    text, shop = (out / "lives.md").read_text(), Shop.load(shop)
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert titles == ["# Simulated lives and the log", "## Habits", "## Forecast", "## What the log has to say"]
    assert f"{len(shop.lives.lives.first_day)} simulated customers, {shop.lives.days} days" in text
    habits, forecast, evidence = tables(text)
    assert habits[0] == ["per customer", "log", "± s.e.", "simulated", "difference"]
    again = habits_of_the_log(shop).again
    assert habits[1][:3] == [
        "days with a purchase after the first, mean",
        f"{again.mean():.2f}",
        f"± {again.std() / np.sqrt(again.size):.2f}",
    ]
    assert [f"segment {label} at the end, %" for label in shop.states.tiers[0].labels] == [
        row[0] for row in habits if row[0].startswith("segment ")
    ]
    assert habits[-1][0] == "visits, with a purchase or without, mean"
    assert [row[0] for row in forecast[1:]] == [*map(str, range(GROUPS - 1)), f"{GROUPS - 1} or more"]
    assert [row[0].split(" ")[0] for row in evidence[1:]] == list(map(str, SPANS))
    assert "slope of" in text


def test_the_same_check_says_the_same(checked, shop, tmp_path, run_here):
    done = run_here("check-lives", "--shop", shop, "--lives", 2, "--out", tmp_path / "same")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "same/lives.md").read_text() == (checked[1] / "lives.md").read_text()
    done = run_here("check-lives", "--shop", shop, "--lives", 2, "--seed", 1, "--out", tmp_path / "other")
    assert (tmp_path / "other/lives.md").read_text() != (checked[1] / "lives.md").read_text()


@pytest.mark.parametrize("script", ["compare_lives.py", "check_lives.py"])
def test_help_describes_every_flag(script):
    done = run(script, "--help")
    assert done.returncode == 0
    own = {"compare_lives.py": ("--agents", "--ppo", "--discount", "--customers"), "check_lives.py": ("--lives",)}
    for flag in (*own[script], "--shop", "--out"):
        assert flag in done.stdout
    assert "(default: " in done.stdout


WRONG = {
    "no folder": ("check_lives.py", (), "the following arguments are required: --out"),
    "no lives": ("check_lives.py", ("--lives", 0, "--out", "x"), "must be at least 1, got 0"),
    "a seed below 0": ("check_lives.py", ("--seed", -1, "--out", "x"), "must be at least 0, got -1"),
    "nobody": ("compare_lives.py", ("--customers", 0, "--out", "x"), "must be at least 1, got 0"),
    "an unknown agent": ("compare_lives.py", ("--agents", "populer", "--out", "x"), "did you mean 'popular'?"),
    "PPO of nothing": ("compare_lives.py", ("--ppo", 0, "--out", "x"), "must be at least 1, got 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_said_with_exit_code_2(case, tmp_path):
    script, arguments, message = WRONG[case]
    done = run(script, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert not list(tmp_path.iterdir())


FAILS = {
    "no shop": ("check_lives.py", ("--shop", "missing.npz"), "missing.npz"),
    "no shop to compare in": ("compare_lives.py", ("--shop", "missing.npz"), "missing.npz"),
    "one visit": (
        "compare_lives.py",
        ("--shop", "SHOP", "--slate-size", 3, "--env", "selflearn/Retail-v0"),
        "an episode of selflearn/Retail-v0 is one visit",
    ),
    "an unknown effect": (
        "compare_lives.py",
        ("--shop", "SHOP", "--slate-size", 3, "--option", 'journey={"fatigues": 0.1}'),
        "Journey has no 'fatigues'; did you mean 'fatigue'?",
    ),
    "an oracle in a drift": (
        "compare_lives.py",
        ("--shop", "SHOP", *COMPARE, "--option", 'drift={"spread": 1}', "--agents", "myopic_oracle"),
        "an oracle keeps the simulator that it is given, and with drift or stock it changes",
    ),
    "holding back what is no share": (
        "compare_lives.py",
        ("--shop", "SHOP", *COMPARE, "--agents", "myopic_oracle(holding_back=2)"),
        "holding_back is a share, 0..1, got 2",
    ),
}


@pytest.mark.parametrize("case", FAILS)
def test_a_failure_is_said_in_one_line_with_exit_code_1(case, shop, tmp_path):
    script, arguments, message = FAILS[case]
    arguments = [shop if argument == "SHOP" else argument for argument in arguments]
    done = run(script, *arguments, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last
    assert not list((tmp_path / "out").iterdir())


def test_an_agent_asked_for_twice_is_refused(shop, tmp_path):
    agents = ("popular", "popular", "myopic_oracle")
    done = run("compare_lives.py", "--shop", shop, *COMPARE, "--agents", *agents, "--out", tmp_path)
    assert done.returncode != 0
    assert "twice" in done.stderr


def test_an_agent_that_is_not_there_is_nothing_to_compare_with(shop, tmp_path):
    more = ("--agents", "popular", "--against", "random", "--out", tmp_path)
    done = run("compare_lives.py", "--shop", shop, *COMPARE, *more)
    assert done.returncode == 1
    assert done.stderr.endswith("error: --against random is none of the agents compared: popular\n")
