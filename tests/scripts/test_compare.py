"""The comparison as a command: its files, its worlds, agents and customers of one's own, and that it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import AGENTS
from selflearn_agents.evaluation.result import CURVES

from selflearn_env import Shop
from selflearn_env.core.customers import CUSTOMERS
from tests.scripts.command import command_line, run

FILES = {"tables.md", "results.csv", "runs.csv", "manifest.json", "report.html"} | {
    f"{name}.{kind}" for name in ("curves", "regret", "differences") for kind in ("png", "svg")
}
COMPARE = ("--slate-size", 3, "--jobs", 1)
THREE = ("popular", "epsilon_greedy(epsilon=0.3, prior='rate')", "oracle")
LABELS = [*THREE[:2], "oracle (privileged)"]


def heads_and_labels(text):
    """Of each table of a text, the first line and the first column."""
    tables = [part for part in text.split("\n\n") if part.lstrip().startswith("|")]
    lines = [
        [
            [cell.strip() for cell in line.strip("| ").split(" | ")]
            for line in table.splitlines()
            if line.startswith("|")
        ]
        for table in tables
    ]
    return [(head, [row[0] for row in rows]) for head, _, *rows in lines]


def test_compare_writes_what_it_names(shop, tmp_path):
    out = tmp_path / "out"
    arguments = ("--shop", shop, *COMPARE, "--customers", 200, "--seeds", 2, "--check-customers", 60)
    done = run("compare.py", *arguments, "--customer-models", "logit", "--agents", *THREE, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "visits/s" in done.stderr  # the bar has a rate
    assert "Warning" not in done.stderr
    named = [Path(line) for line in done.stdout.splitlines()[-len(FILES) :]]
    assert {path.name for path in named} == FILES
    assert {path.name for path in out.iterdir()} == FILES | {"runs"}
    assert all(path.stat().st_size for path in named)
    assert len(list((out / "runs").glob("*.npz"))) == 3 * 2 * 3

    curves = pd.read_csv(out / "results.csv")
    assert list(curves.columns) == ["agent", "seed", "visits", *CURVES, "gap", "world"]
    assert not curves.duplicated(["world", "agent", "seed", "visits"]).any()
    sizes = curves.groupby(["world", "agent", "seed"]).size()
    assert sizes.to_dict() == {
        (world, label, seed): 50 if world == "independent" else 30
        for world in ("independent", "logit", "null world")
        for label in LABELS
        for seed in (0, 1)
    }
    assert curves.groupby("world")["visits"].max().to_dict() == {"independent": 200, "logit": 60, "null world": 60}
    assert curves["gap"].isna().equals(curves["world"] == "null world")

    runs = pd.read_csv(out / "runs.csv").set_index(["world", "agent", "seed"])
    assert set(runs.index) == set(sizes.index)
    gaps = runs["gap"].drop("null world", level="world").unstack("agent")
    assert ((gaps["popular"] > 0) & (gaps["popular"] < 1)).all()
    np.testing.assert_allclose(gaps["oracle (privileged)"], 1.0)
    means = curves.groupby(["world", "agent", "seed"])["expected_reward"].mean()  # chunks of one world have one size
    np.testing.assert_allclose(runs["expected_reward"].sort_index(), means.sort_index())

    tables = heads_and_labels((out / "tables.md").read_text())
    assert [head[1] for head, _ in tables] == ["gap", "difference of the gap", "purchases", "independent", "reward"]
    assert [sorted(labels) for _, labels in tables] == [
        sorted(LABELS) if head[1] != "difference of the gap" else sorted(LABELS[1:]) for head, labels in tables
    ]
    assert heads_and_labels(done.stdout) == tables
    assert "popular closes " in done.stdout

    report = (out / "report.html").read_text()
    assert all(label.replace("'", "&#39;") in report for label in LABELS)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["shop_digest"] == Shop.load(shop).digest
    assert manifest["options"]["agents"] == list(THREE)
    assert manifest["options"]["seeds"] == 2


def test_compare_takes_all_agents_and_models_by_default(shop, tmp_path, run_here):
    done = run_here("compare", "--shop", shop, *COMPARE, "--customers", 20, "--seeds", 1, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    runs = pd.read_csv(tmp_path / "runs.csv")
    others = [name for name in CUSTOMERS if name not in ("seed", "independent")]
    assert list(runs["world"].unique()) == ["independent", *others, "null world"]
    suitable = {name: agent for name, agent in AGENTS.items() if agent.extra is None}
    # They show what oracle, popular and hierarchical show.
    for name in ("myopic_oracle", "again", "item_neighbours", "personal", "patient", "linear_context"):
        del suitable[name]
    assert set(runs["agent"]) == {
        f"{name} (privileged)" if agent.privileged else name for name, agent in suitable.items()
    }
    assert runs["visits"].tolist() == [20] * len(suitable) + [4] * (len(runs) - len(suitable))


def test_the_same_command_goes_on_from_what_is_kept(shop, tmp_path, run_here):
    arguments = (
        "--shop",
        shop,
        *COMPARE,
        "--customers",
        50,
        "--customer-models",
        "none",
        "--agents",
        "random",
        "popular",
    )
    first = run_here("compare", *arguments, "--seeds", 1, "--out", tmp_path)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").glob("*.npz")}
    assert len(written) == 4, first.stderr
    more = run_here("compare", *arguments, "--seeds", 2, "--out", tmp_path)
    assert f"4 of 8 runs are kept from before in {tmp_path / 'runs'}" in more.stdout
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert set(pd.read_csv(tmp_path / "runs.csv")["seed"]) == {0, 1}


def test_a_delay_is_compared_with_none(shop, tmp_path, run_here):
    arguments = ("--shop", shop, *COMPARE, "--customers", 60, "--seeds", 2, "--customer-models", "none")
    done = run_here("compare", *arguments, "--agents", "popular", "hierarchical", "--delay", 20, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    runs = pd.read_csv(tmp_path / "runs.csv").set_index(["world", "agent", "seed"])
    assert list(runs.index.unique("world")) == ["independent", "independent, at once", "null world"]
    assert runs["delay"].groupby("world", sort=False).unique().map(list).to_list() == [[20.0], [0.0], [20.0]]
    cost = runs["gap"]["independent, at once"] - runs["gap"]["independent"]
    assert (cost["popular"] == 0).all()  # it does not learn
    assert (cost["hierarchical"] != 0).all()

    text = (tmp_path / "tables.md").read_text()
    assert heads_and_labels(done.stdout) == heads_and_labels(text)
    table = text.partition("## What delay costs")[2].partition("##")[0]
    rows = {
        row[0]: row for row in ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()) if row
    }
    assert rows["agent"][1:4] == ["gap at once", "gap delayed", "cost"]
    assert rows["popular"][3] == "0.000 [0.000, 0.000]"
    assert rows["hierarchical"][3].startswith(f"{cost['hierarchical'].mean():.3f} [")
    late = "feedback arrives 20 visits later on average"
    assert all(late in said for said in (done.stdout, text, (tmp_path / "report.html").read_text()))
    assert json.loads((tmp_path / "manifest.json").read_text())["options"]["delay"] == 20.0


SLEEPY = """
import os, time
from pathlib import Path
from selflearn_agents.bandits.thompson import ThompsonAgent

class Sleepy(ThompsonAgent):
    \"\"\"Waits in the later seed, as long as a flag is there.\"\"\"

    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.late = rng.bit_generator.seed_seq.entropy >= 1

    def _act(self, states):
        while self.late and Path(os.environ["SLEEPY_FLAG"]).exists():
            time.sleep(0.05)
        return super()._act(states)
"""


@pytest.mark.slow
def test_a_comparison_that_was_killed_goes_on(shop, tmp_path):
    """And ends with the tables of one that nobody disturbed."""
    (tmp_path / "sleepy.py").write_text(SLEEPY)
    flag = tmp_path / "flag"
    flag.touch()
    known = {"cwd": tmp_path, "env": {**os.environ, "SLEEPY_FLAG": str(flag)}}
    arguments = ["--shop", shop, "--slate-size", 3, "--customers", 100, "--seeds", 2]
    arguments += ["--customer-models", "none", "--agents", "popular", "sleepy:Sleepy", "--out"]
    command = [*command_line("compare.py"), *arguments, "killed", "--jobs", 2]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen([*map(str, command)], start_new_session=True, **quiet, **known)
    try:
        folder, end = tmp_path / "killed" / "runs", time.monotonic() + 120
        while (
            len(list(folder.glob("*.npz"))) < 2
        ):  # the first seed of the slower agent; the later one waits for the flag to go
            assert started.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
    written = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    assert 2 <= len(written) <= 6  # of 8
    assert {path.name for path in (tmp_path / "killed").iterdir()} == {"runs", ".lock"}

    flag.unlink()
    done = run("compare.py", *arguments, "killed", "--jobs", 1, **known)
    assert done.returncode == 0, done.stderr
    assert f"{len(written)} of 8 runs are kept from before" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert len(list(folder.glob("*.npz"))) == 8
    undisturbed = run("compare.py", *arguments, "undisturbed", "--jobs", 1, **known)
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert "kept from before" not in undisturbed.stdout
    for name in ("results.csv", "tables.md", "runs.csv", "curves.svg", "differences.svg"):
        one, other = (without_speeds(tmp_path / out / name) for out in ("killed", "undisturbed"))
        assert one == other, name


def without_speeds(path):
    """A file, but for what depends on how busy the machine was."""
    if path.name == "runs.csv":
        frame = pd.read_csv(path)
        return frame.drop(columns=[name for name in frame if "per_second" in name]).to_csv()
    if path.name == "tables.md":
        return "\n".join(part for part in path.read_text().split("## ") if not part.startswith("What they show"))
    return path.read_text()


def test_agents_of_ones_own_are_found_where_the_command_is_called_and_nothing_else(shop, tmp_path):
    for name in ("json", "numexpr", "numpy", "psutil", "random"):  # which libraries look for, workers included
        (tmp_path / f"{name}.py").write_text("raise SystemExit('nobody has asked for this')\n")
    (tmp_path / "own.py").write_text(
        "from selflearn_agents.baselines.popular import PopularBySegmentAgent\n"
        "class Mine(PopularBySegmentAgent):\n"
        "    def __init__(self, history, slate_size, rng, *, shift=0):\n"
        "        super().__init__(history, slate_size, rng)\n"
        "        self.shift = shift\n"
        "    def _act(self, states):\n"
        "        return (super()._act(states) + self.shift) % self.products\n"
        "class Lost(PopularBySegmentAgent):\n"
        "    def _update(self, *visits):\n"
        "        raise ValueError('lost the way')\n"
    )
    common = ("--shop", shop, *COMPARE, "--customers", 50, "--seeds", 1, "--customer-models", "none")
    names = ("own:Mine", "own:Mine(shift=2)", "popular_by_segment")
    done = run("compare", *common, "--agents", *names, "--jobs", 2, "--out", "results", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rewards = pd.read_csv(tmp_path / "results/runs.csv").query("world == 'independent'").set_index("agent")["reward"]
    assert rewards["own:Mine"] == rewards["popular_by_segment"] != rewards["own:Mine(shift=2)"]

    done = run("compare.py", *common, "--agents", "random", "own:Lost", "--out", "lost", cwd=tmp_path)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: lost the way in the run of own:Lost, independent, seed 0 (")
    assert last.endswith("own.py, line 10)")
    assert "Traceback" not in done.stderr
    assert len(list((tmp_path / "lost/runs").glob("*.npz"))) == 2  # the other agent's, here and in the null world


def test_options_of_the_environment_reach_it(shop, tmp_path, run_here):
    options = ["customer=cascade", 'customer_options={"leave": 1.0}', "contrast=3", 'drift={"spread": 0.5}']
    given = [part for option in options for part in ("--option", option)]
    arguments = ("--shop", shop, *COMPARE, "--customers", 50, "--seeds", 1, "--customer-models", "none")
    done = run_here("compare", *arguments, *given, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "selflearn/Retail-v0, customer=cascade" in done.stdout
    assert "oracle" not in (tmp_path / "tables.md").read_text()  # it cannot follow a drift
    curves = pd.read_csv(tmp_path / "results.csv")
    assert list(curves["world"].unique()) == ["cascade", "null world"]
    assert curves.query("world == 'cascade'")["purchases"].max() <= 1


def test_a_model_of_ones_own_is_found_where_the_command_is_called(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        "from selflearn_env.core.customers import CascadeCustomers\n"
        "class Tired(CascadeCustomers):\n"
        "    def __init__(self, appeal, slate_size, *, tired=0.5, **options):\n"
        "        super().__init__(appeal * (1 - tired), slate_size, **options)\n"
    )
    common = ("--shop", shop, *COMPARE, "--customers", 100, "--seeds", 1, "--agents", "random", "popular")
    given = ("--option", "customer=mine:Tired", "--option", 'customer_options={"tired": 0.2, "leave": 1.0}')
    done = run("compare.py", *common, *given, "--customer-models", "mine:Tired", "logit", "logit", "--out", "results")
    assert done.returncode == 0, done.stderr
    curves = pd.read_csv("results/results.csv")
    assert list(curves["world"].unique()) == ["mine:Tired", "logit", "null world"]
    assert curves.query("world == 'mine:Tired'")["purchases"].max() <= 1
    done = run("compare.py", *common, "--customer-models", "logit", "mine:Tired", "--out", "others")
    assert done.returncode == 0, done.stderr
    head, labels = heads_and_labels(Path("others/tables.md").read_text())[3]
    assert head == ["agent", "independent", "logit", "mine:Tired"]
    assert sorted(labels) == ["popular", "random"]


def test_other_customers_in_the_null_world_are_called_by_their_name(shop, tmp_path, run_here):
    arguments = ("--shop", shop, *COMPARE, "--customers", 50, "--seeds", 1, "--customer-models", "none")
    given = ("--env", "selflearn/Seed-v0", "--option", "customer=logit", "--agents", "random", "popular")
    done = run_here("compare", *arguments, *given, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(pd.read_csv(tmp_path / "results.csv")["world"].unique()) == ["logit"]
