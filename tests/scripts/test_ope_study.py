"""The command that judges the estimators."""

from __future__ import annotations

import json

import pandas as pd
from selflearn_agents.ope import ESTIMATORS

from tests.scripts.command import run


def test_it_writes_what_it_names(shop, tmp_path):
    small = ("--products", "all", "--slate-sizes", 2, "--visits", 50, "--whole-logs", 3, "--customer-models", "cascade")
    few = ("--logging", "random", "--targets", "best", "--jobs", 1, "--out", tmp_path / "out")
    done = run("ope-study", "--shop", shop, *small, *few)
    assert done.returncode == 0, done.stderr
    named = ["cells.csv", "report.md", "cells.md", "coverage-8.png", "rmse-8.png", "warned-8.png", "manifest.json"]
    assert done.stdout.splitlines()[-7:] == [str(tmp_path / "out" / name) for name in named]
    cells = pd.read_csv(tmp_path / "out" / "cells.csv")
    assert list(cells["estimator"]) == list(ESTIMATORS)
    assert (cells["logs"] == 3).all()
    assert (tmp_path / "out" / "coverage-8.png").read_bytes().startswith(b"\x89PNG")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["cells"], manifest["options"]["visits"]) == (len(ESTIMATORS), [50])


def test_options_that_do_not_fit_end_in_one_line(shop, tmp_path, run_here):
    done = run_here("ope-study", "--slate-sizes", 3, "--out", tmp_path)
    assert done.stderr == "error: --slate-sizes has one number for each of --products, got 1 for 4\n"
    done = run_here("ope-study", "--shop", shop, "--out", tmp_path)
    assert done.stderr.startswith("error: --shop is studied as it is: add --products all")
    done = run_here("ope-study", "--products", "some", "--out", tmp_path)
    assert (done.returncode, done.stderr.endswith("invalid number_or_all value: 'some'\n")) == (2, True)
    done = run_here("ope-study", "--resamples", -1, "--out", tmp_path)
    assert (done.returncode, done.stderr.endswith("--resamples: must be at least 0, got -1\n")) == (2, True)
    one = ("--shop", shop, "--products", "all", "--slate-sizes", 2, "--visits", 50, 1)
    done = run_here("ope-study", *one, "--out", tmp_path)
    assert done.stderr == "error: a log needs at least 2 visits to be judged by, got 1\n"
