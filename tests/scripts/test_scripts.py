"""The command lines, run as a user runs them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import load_agent
from selflearn_agents.commands import bound
from selflearn_agents.commands.main import COMMANDS, main
from selflearn_agents.commands.output import kept_in

import selflearn_env
from selflearn_env import Shop
from tests.scripts.command import SCRIPTS, run, run_alone

VERBS = {"store": ("show",), "bench": ("run",)}  # whose help has the defaults
ALONE = (
    "build_shop.py",
    "compare.py",
    "serve.py",
)  # in a process of its own: the most that users start, and with extras
WRITE_NOTHING = ("bench", "store", "serve", "simulate-shop")


@pytest.mark.parametrize("command", [*sorted(path.name for path in SCRIPTS.glob("*.py")), *COMMANDS])
def test_help_says_defaults(command):
    started = run_alone if command in ALONE else run
    name = command.removesuffix(".py").replace("_", "-")
    done = started(command, *VERBS.get(name, ()), "--help")
    assert done.returncode == 0
    assert f"usage: {command if command.endswith('.py') else f'selflearn {command}'} " in done.stdout
    assert ("--out" in done.stdout) == (name not in WRITE_NOTHING)
    assert "default" in done.stdout


def test_every_command_has_a_script():
    entries = {path.name: re.findall(r'run\("([a-z-]+)"\)', path.read_text()) for path in SCRIPTS.glob("*.py")}
    assert sorted(name for (name,) in entries.values()) == sorted(COMMANDS)


def test_selflearn_says_what_there_is(monkeypatch, capsys):
    """As the console script that pip installs has it, and soon: what a command needs is imported by it alone."""

    def selflearn(*arguments):
        monkeypatch.setattr(sys, "argv", ["selflearn", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, ended.value.code, said.out, said.err)

    done = selflearn("--help")
    assert done.returncode == 0
    for name, (_, what) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(what)}$", done.stdout, re.MULTILINE)
    nothing = selflearn()
    assert (nothing.returncode, nothing.stdout) == (2, done.stdout)
    assert selflearn("--version").stdout.split() == ["selflearn", selflearn_env.__version__]
    summary = done.stdout
    done = selflearn("trian", "--out", "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: unknown command 'trian'; did you mean 'train'?")
    done = selflearn("train", "--out", "x", "--shop", "nothing.npz")
    assert (done.returncode, done.stderr) == (1, "error: nothing.npz: there is no such file\n")
    console = (
        "import sys; from selflearn_agents.commands.main import main; sys.argv = ['selflearn', *sys.argv[1:]]; main()"
    )
    alone = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", console, "--help"], capture_output=True, text=True, check=True
    )
    assert alone.stdout == summary
    imported = {line.rpartition("|")[2].strip() for line in alone.stderr.splitlines()}
    assert "argparse" in imported
    assert not {"numpy", "gymnasium", "pandas", "matplotlib", "numba", "joblib", "scipy", "duckdb"} & imported


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_command_that_is_asked_to_end_clears_away_and_says_how_to_go_on(name, monkeypatch, capsys, tmp_path):
    def killed(_):
        with kept_in(tmp_path):
            try:
                signal.raise_signal(getattr(signal, name))
            finally:
                (tmp_path / "cleared").touch()

    before = signal.getsignal(getattr(signal, name))
    monkeypatch.setattr(bound, "run", killed)
    monkeypatch.setattr(sys, "argv", ["selflearn", "bound", "--customers", "1", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 128 + getattr(signal, name)
    kept = f"what is finished is kept in {tmp_path}, and the same command goes on from there"
    assert capsys.readouterr().err == f"\nstopped; {kept}\n"
    assert (tmp_path / "cleared").exists()
    assert signal.getsignal(getattr(signal, name)) is before


@pytest.mark.parametrize("share", [0.5, 1])
def test_build_fits_persons_and_keeps_them(log, tmp_path, share, monkeypatch):
    done = run("build", log, "--history-share", share, "--out", tmp_path / "shop.npz")
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^ +(simulated customers|history|all customers): .+$", done.stdout, re.MULTILINE)
    assert found == (["simulated customers", "history"] if share < 1 else ["all customers"])
    monkeypatch.setattr("selflearn_env.shop.people.fit.fit_people", None)
    shop = Shop.load(tmp_path / "shop.npz")
    assert shop.people.taste.topics >= 1
    assert (shop.history_people is shop.people) == (share == 1)


def test_build_takes_a_log_of_one_visit_each(tiny_log, tmp_path):
    once = tiny_log[tiny_log["invoice"].isin(tiny_log.drop_duplicates("customer")["invoice"])]
    once.to_csv(tmp_path / "log.csv", index=False)
    done = run("build", tmp_path / "log.csv", "--out", tmp_path / "shop.npz")
    assert done.returncode == 0, done.stderr
    assert "bought before" not in done.stdout


def test_train_writes_what_it_names(shop, tmp_path):
    done = run(
        "train.py", "--shop", shop, "--slate-size", 3, "--customers", 400, "--agent", "epsilon_greedy(epsilon=0.3)",
        "--delay", 5, "--out", tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "visits/s" in done.stderr  # the bar has a rate
    named = [Path(line) for line in done.stdout.splitlines()[-4:]]
    assert {path.name for path in named} == {"agent.npz", "curve.csv", "curve.png", "manifest.json"}
    assert all(path.is_file() for path in named)
    assert load_agent(tmp_path / "agent.npz").epsilon == 0.3
    curve = pd.read_csv(tmp_path / "curve.csv")
    assert curve["visits"].iloc[-1] == 400
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["shop_digest"] == Shop.load(shop).digest
    assert manifest["options"]["customers"] == 400
    assert manifest["options"]["delay"] == manifest["figures"]["delay"] == 5.0
    assert manifest["figures"]["reward"] == pytest.approx(np.average(curve["reward"]))


def test_the_manifest_of_a_null_world_is_strict_json(shop, tmp_path):
    arguments = ["--shop", shop, "--slate-size", 3, "--env", "selflearn/Seed-v0", "--customers", 100, "--out", tmp_path]
    assert run("train.py", *arguments).returncode == 0

    def refuse(constant):
        raise ValueError(constant)

    manifest = json.loads((tmp_path / "manifest.json").read_text(), parse_constant=refuse)
    assert manifest["figures"]["gap"] is None


def test_equal_seeds_write_equal_curves(shop, tmp_path):
    for name in ("one", "two"):
        done = run("train.py", "--shop", shop, "--slate-size", 3, "--customers", 200, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    one, two = ((tmp_path / name / "curve.csv").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("script", "arguments", "code", "message"),
    [
        ("build", ["nothing.csv", "--out", "shop.npz"], 1, "nothing.csv: there is no such file"),
        ("build", ["{log}", "--out", "{log}/shop.npz"], 1, "log.csv"),
        ("build", ["{log}", "--out", "{shop}", "--history-share", "2"], 1, "history_share is a share"),
        ("build", ["{log}"], 2, "--out"),
        ("train", ["--shop", "{log}", "--out", "{out}"], 1, "not a selflearn-shop file"),
        (
            "train",
            ["--shop", "{shop}", "--out", "{out}"],
            1,
            "slate_size must be 1..8, the size of the catalogue, got 10",
        ),
        ("train", ["--shop", "{shop}", "--out", "{log}"], 1, "log.csv"),
        ("train", ["--agent", "nobody", "--out", "{out}"], 2, "unknown agent 'nobody'; known: random, bestsellers,"),
        ("train", ["--agent", "ucb(0.2)", "--out", "{out}"], 2, "agent 'ucb(0.2)' cannot be read"),
        (
            "train",
            ["--agent", "nothing:There", "--out", "{out}"],
            2,
            "cannot be imported: No module named 'nothing'",
        ),
        ("train", ["--customers", "0", "--out", "{out}"], 2, "must be at least 1"),
        (
            "train",
            ["--shop", "{shop}", "--slate-size", "3", "--agent", "epsilon_greedy(epsilom=1)", "--out", "{out}"],
            2,
            "agent 'epsilon_greedy' has no hyperparameter 'epsilom'",
        ),
        ("train", ["--shop", "{shop}", "--env", "selflearn/Nothing-v0", "--out", "{out}"], 1, "Nothing"),
        ("train", ["--shop", "{shop}", "--env", "nomodule:x-v0", "--out", "{out}"], 1, "nomodule"),
        (
            "train",
            ["--shop", "{shop}", "--slate-size", "3", "--agent", "epsilon_greedy(epsilon='abc')", "--out", "{out}"],
            1,
            "epsilon is a probability, 0..1, got 'abc'",
        ),
        ("train", ["--seed", "-1", "--out", "{out}"], 2, "must be at least 0"),
        (
            "compare",
            ["--delay", "-1", "--out", "{out}"],
            2,
            "argument --delay: Delay.mean counts visits and must be",
        ),
        ("train", ["--out", ""], 2, "names nothing"),
        (
            "build",
            ["{log}", "--out", "/dev/null"],
            1,
            "/dev/null: cannot be written: there is something that is no file; name another path",
        ),
        ("build", ["{log}", "--out", "{out}/no/shop.npz"], 1, "cannot be written: there is no folder"),
        ("compare", ["--agents", "random", "thomson", "--out", "{out}"], 2, "did you mean 'thompson'?"),
        ("compare", ["--agents", "random(x=1)", "--out", "{out}"], 2, "'random' has no hyperparameter 'x'"),
        ("compare", ["--backend", "smoke", "--out", "{out}"], 2, "invalid choice: 'smoke'"),
        ("compare", ["--jobs", "0", "--out", "{out}"], 2, "must be at least 1"),
        (
            "compare",
            ["--shop", "{shop}", "--slate-size", "3", "--agents", "ucb", "ucb", "--out", "{out}"],
            1,
            "an agent is asked for twice: ['ucb', 'ucb']",
        ),
        (
            "compare",
            ["--shop", "{shop}", "--slate-size", "3", "--agents", "epsilon_greedy(epsilon=2)", "--out", "{out}"],
            1,
            "epsilon is a probability, 0..1, got 2",
        ),
        (
            "compare",
            ["--shop", "{shop}", "--slate-size", "3", "--customer-models", "logit", "logid", "--out", "{out}"],
            1,
            "unknown customer 'logid'; did you mean 'logit'?",
        ),
    ],
)
def test_mistakes_end_in_one_line(script, arguments, code, message, log, shop, tmp_path, run_here):
    places = {"log": log, "shop": shop, "out": tmp_path / "out"}
    before = shop.read_bytes()
    done = run_here(script, *(argument.format(**places) for argument in arguments))
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stderr.startswith("error: ")
    assert shop.read_bytes() == before
    assert not list(log.parent.glob(".*"))  # nothing half-written


def test_plot_drift_shows_both_worlds_with_agents_that_follow_and_others(tmp_path):
    done = run("plot_drift.py", "--customers", 300, "--seeds", 1, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(tmp_path / "drift.csv")
    assert set(frame["world"]) == {"no drift", "drift"}
    assert len(set(frame["agent"])) == 4
    assert set(frame[frame["shop"] != "50 products"]["agent"]) == {
        "hierarchical, does not follow",
        "hierarchical, follows",
    }
    assert (tmp_path / "drift.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "drift.md").read_text().splitlines()) == 14


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("customer=cascad", "unknown customer 'cascad'; did you mean 'cascade'?"),
        ("contrast=0", "contrast is a factor > 0"),
        ('drift={"speed": 1}', "speed"),
        ("colour=red", "unexpected keyword argument 'colour'"),
        ('customer_options={"leave": 1}', "unknown option 'leave' of customer 'independent'"),
    ],
)
def test_options_that_do_not_exist_end_in_one_line(shop, tmp_path, option, message, run_here):
    done = run_here("compare", "--shop", shop, "--slate-size", 3, "--option", option, "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    ("script", "option", "message"),
    [
        ("compare", "slate_size=4", "--option slate_size=... has a flag of its own"),
        ("train", "shop=shop.npz", "--option shop=... has a flag of its own"),
    ],
)
def test_an_option_that_has_a_flag_is_refused(shop, tmp_path, script, option, message, run_here):
    done = run_here(script, "--shop", shop, "--slate-size", 3, "--option", option, "--out", tmp_path)
    assert (done.returncode, done.stderr) == (1, f"error: {message}; see --help\n")


def test_a_model_that_cannot_drift_ends_in_one_line(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("still.py").write_text(
        "from selflearn_env.core.customers import CustomerModel, SeedCustomers\n"
        "class Still(SeedCustomers):\n"
        "    drifted = CustomerModel.drifted\n"
    )
    given = ("--option", "customer=still:Still", "--option", "drift={}")
    done = run("train.py", "--shop", shop, "--slate-size", 3, *given, "--out", "results")
    assert done.returncode == 1
    assert done.stderr == "error: Still does not say how its customers drift; make it without drift\n"
