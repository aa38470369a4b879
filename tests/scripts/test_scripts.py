"""The command lines, run as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agents import load_agent
from selflearn_env import Shop

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


@pytest.mark.parametrize("script", ["build_shop.py", "train.py", "compare.py", "benchmark.py"])
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
        "random",
        "popular",
        "epsilon_greedy",
        "oracle (privileged)",
    ]
    assert done.stdout.splitlines()[-1] == str(tmp_path / "curves.png")
    assert len(json.loads((tmp_path / "manifest.json").read_text())["runs"]) == 8


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
