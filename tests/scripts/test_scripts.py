"""The command lines, run as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agents import AGENTS, load_agent
from selflearn_env import Shop
from selflearn_env.core.customers import CUSTOMERS

SCRIPTS = Path(__file__).parents[2] / "scripts"


def run(script, *arguments):
    command = [sys.executable, SCRIPTS / script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def log(tmp_path_factory, tiny_log):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    tiny_log.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def shop(log):
    path = log.with_name("shop.npz")
    done = run("build_shop.py", log, "--out", path)
    assert done.returncode == 0, done.stderr
    assert "rows read" in done.stdout
    assert "belong to the history" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(str(path))
    return path


@pytest.mark.parametrize(
    "script", sorted(path.name for path in SCRIPTS.glob("*.py") if "run(main)" in path.read_text())
)
def test_help_says_defaults(script):
    done = run(script, "--help")
    assert done.returncode == 0
    assert "--out" in done.stdout
    assert "default" in done.stdout


def test_train_writes_what_it_names(shop, tmp_path):
    done = run(
        "train.py", "--shop", shop, "--slate-size", 3, "--customers", 400, "--set", "epsilon=0.3", "--out", tmp_path
    )
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
    assert manifest["figures"]["reward"] == pytest.approx(np.average(curve["reward"]))


def test_compare_writes_a_table_of_the_agents(shop, tmp_path):
    done = run("compare.py", "--shop", shop, "--slate-size", 3, "--customers", 300, "--seeds", 2, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "table.md").read_text()
    assert table in done.stdout
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == [
        f"{name} (privileged)" if agent.privileged else name for name, agent in AGENTS.items()
    ]
    assert done.stdout.splitlines()[-1] == str(tmp_path / "curves.png")
    assert len(json.loads((tmp_path / "manifest.json").read_text())["runs"]) == 2 * len(AGENTS)


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
        ("build_shop.py", ["nothing.csv", "--out", "shop.npz"], 1, "nothing.csv: there is no such file"),
        ("build_shop.py", ["{log}", "--out", "{log}/shop.npz"], 1, "log.csv"),
        ("build_shop.py", ["{log}", "--out", "{shop}", "--history-share", "2"], 1, "history_share is a share"),
        ("build_shop.py", ["{log}"], 2, "--out"),
        ("train.py", ["--shop", "{log}", "--out", "{out}"], 1, "not a selflearn-shop file"),
        (
            "train.py",
            ["--shop", "{shop}", "--out", "{out}"],
            1,
            "slate_size must be 1..8, the size of the catalogue, got 10",
        ),
        ("train.py", ["--shop", "{shop}", "--out", "{log}"], 1, "log.csv"),
        ("train.py", ["--agent", "nobody", "--out", "{out}"], 2, "invalid choice: 'nobody'"),
        ("train.py", ["--customers", "0", "--out", "{out}"], 2, "must be at least 1"),
        (
            "train.py",
            ["--shop", "{shop}", "--slate-size", "3", "--set", "epsilom=1", "--out", "{out}"],
            1,
            "no hyperparameter 'epsilom'",
        ),
        ("train.py", ["--shop", "{shop}", "--env", "selflearn/Nothing-v0", "--out", "{out}"], 1, "Nothing"),
        ("train.py", ["--shop", "{shop}", "--env", "nomodule:x-v0", "--out", "{out}"], 1, "nomodule"),
        (
            "train.py",
            ["--shop", "{shop}", "--slate-size", "3", "--set", "epsilon=abc", "--out", "{out}"],
            1,
            "epsilon is a probability, 0..1, got 'abc'",
        ),
        ("train.py", ["--seed", "-1", "--out", "{out}"], 2, "must be at least 0"),
        ("train.py", ["--out", ""], 2, "names nothing"),
        (
            "build_shop.py",
            ["{log}", "--out", "/dev/null"],
            1,
            "/dev/null: cannot be written: it is there and is no file",
        ),
        ("build_shop.py", ["{log}", "--out", "{out}/no/shop.npz"], 1, "cannot be written: there is no folder"),
        ("compare.py", ["--agents", "nobody", "--out", "{out}"], 2, "invalid choice: 'nobody'"),
    ],
)
def test_mistakes_end_in_one_line(script, arguments, code, message, log, shop, tmp_path):
    places = {"log": log, "shop": shop, "out": tmp_path / "out"}
    before = shop.read_bytes()
    done = run(script, *(argument.format(**places) for argument in arguments))
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stderr.startswith("error: ")
    assert shop.read_bytes() == before
    assert not list(log.parent.glob(".*"))  # nothing half-written


def test_check_customers_compares_with_the_log(shop, tmp_path):
    done = run("check_customers.py", "--shop", shop, "--slate-size", 3, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "check.md").read_text()
    assert text in done.stdout
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert len(titles) == 9
    for name in ("pooled over the tiers: ours", "weekday", "month x", "contrast", "bought before"):
        assert name in text
    for name in ("likelihood.png", "calibration.png", "popularity.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    again = run("check_customers.py", "--shop", shop, "--slate-size", 3, "--out", tmp_path / "again")
    assert (tmp_path / "again" / "check.md").read_text() == text, again.stderr


def test_compare_customers_has_a_row_for_every_model(shop, tmp_path):
    arguments = ("--shop", shop, "--slate-size", 3, "--customers", 200, "--seeds", 1, "--agents", "random", "popular")
    done = run("compare_customers.py", *arguments, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in (tmp_path / "models.md").read_text().splitlines()
    ]
    assert rows[0] == ["customers", "random", "popular", "optimal"]
    assert [row[0] for row in rows[2:]] == list(CUSTOMERS)
    for name, random, popular, optimal in rows[2:]:
        earned = [float(cell.split()[0]) for cell in (random, popular, optimal)]
        assert earned[0] <= earned[1] <= earned[2], name
        assert name == "seed" or earned[0] < earned[2]


def test_plot_drift_shows_both_worlds(tmp_path):
    done = run("plot_drift.py", "--customers", 1000, "--seeds", 1, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(tmp_path / "drift.csv")
    assert set(frame["world"]) == {"no drift", "drift"}
    assert set(frame["step"]) == {"1/n", "step at least 0.02"}
    assert (tmp_path / "drift.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "drift.md").read_text().splitlines()) == 6


def test_options_of_the_environment_reach_it(shop, tmp_path):
    options = ["customer=cascade", 'customer_options={"leave": 1.0}', "contrast=3", 'drift={"spread": 0.5}']
    given = [part for option in options for part in ("--option", option)]
    done = run(
        "compare.py", "--shop", shop, "--slate-size", 3, "--customers", 100, "--seeds", 1, *given, "--out", tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "selflearn/Retail-v0, customer=cascade" in done.stdout
    assert "oracle" not in (tmp_path / "table.md").read_text()  # it cannot follow a drift
    assert pd.read_csv(tmp_path / "results.csv")["purchases"].max() <= 1


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("customer=cascad", "unknown customer 'cascad'; did you mean 'cascade'?"),
        ("contrast=0", "contrast is a factor > 0"),
        ('drift={"speed": 1}', "speed"),
        ("colour=red", "unknown option 'colour'"),
        ('customer_options={"leave": 1}', "unknown option 'leave' of customer 'independent'"),
    ],
)
def test_options_that_do_not_exist_end_in_one_line(shop, tmp_path, option, message):
    done = run("compare.py", "--shop", shop, "--slate-size", 3, "--option", option, "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    ("script", "option", "message"),
    [
        ("compare.py", "slate_size=4", "--option slate_size=... has a flag of its own"),
        ("train.py", "shop=shop.npz", "--option shop=... has a flag of its own"),
        ("compare_customers.py", "customer=logit", "--option customer=... has a flag of its own"),
        (
            "compare_customers.py",
            'customer_options={"leave": 1}',
            "--option customer_options=... has a flag of its own",
        ),
    ],
)
def test_an_option_that_has_a_flag_is_refused(shop, tmp_path, script, option, message):
    done = run(script, "--shop", shop, "--slate-size", 3, "--option", option, "--out", tmp_path)
    assert (done.returncode, done.stderr) == (1, f"error: {message}; see --help\n")


def test_a_model_of_ones_own_is_found_where_the_command_is_called(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        "from selflearn_env.core.customers import CascadeCustomers\n"
        "class Tired(CascadeCustomers):\n"
        "    def __init__(self, appeal, slate_size, *, tired=0.5, **options):\n"
        "        super().__init__(appeal * (1 - tired), slate_size, **options)\n"
    )
    common = ("--shop", shop, "--slate-size", 3, "--customers", 100, "--seeds", 1, "--agents", "random", "popular")
    given = ("--option", "customer=mine:Tired", "--option", 'customer_options={"tired": 0.2, "leave": 1.0}')
    done = run("compare.py", *common, *given, "--out", "results")
    assert done.returncode == 0, done.stderr
    assert pd.read_csv("results/results.csv")["purchases"].max() <= 1
    done = run("compare_customers.py", *common, "--models", "logit", "mine:Tired", "--out", "results")
    assert done.returncode == 0, done.stderr
    assert "| mine:Tired" in Path("results/models.md").read_text()


def test_models_that_do_not_exist_are_refused_before_anybody_is_served(shop, tmp_path):
    done = run(
        "compare_customers.py", "--shop", shop, "--slate-size", 3, "--models", "logit", "logid", "--out", tmp_path
    )
    assert done.returncode == 1
    assert "unknown customer 'logid'; did you mean 'logit'?" in done.stderr
    assert len(done.stderr.splitlines()) == 1


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
