"""The check of the persons' model, run as a user runs it."""

import json
from pathlib import Path

import numpy as np
import pytest

from selflearn_env import Shop
from tests.scripts.command import run


@pytest.fixture(scope="module")
def checked(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("people")
    return run("check_people.py", "--shop", shop, "--refit", "--out", out), out


def test_it_writes_what_it_names(checked, shop):
    done, out = checked
    assert done.returncode == 0, done.stderr
    assert list(map(Path, done.stdout.splitlines()[-2:])) == [out / "people.md", out / "manifest.json"]
    assert done.stdout.startswith((out / "people.md").read_text())
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["shop_digest"] == Shop.load(shop).digest
    assert manifest["fitted_in_cpu_seconds"] > 0


def test_its_tables_have_the_figures_of_the_manifest(checked):
    _, out = checked
    text = (out / "people.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# The persons' model beside the log",
        "## Other customers",
        "## The last two months",
        "## Visits of the log and simulated ones",
        "## Fitted to the log's days",
        "## Fitted to the simulated log",
    ]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    found = json.loads((out / "manifest.json").read_text())["figures"]
    assert all(np.isfinite(value) for value in found.values())
    levels = [row[1].split(" ± ")[0] for row in rows if row[0] == "popularity"]
    names = [f"nats.{check}.popularity" for check in ("other_customers", "last_months")]
    assert levels[:2] == [f"{found[name]:.2f}" for name in names]
    assert len(levels) == 4
    (repeated,) = (row for row in rows if row[0] == "repeat share")
    assert repeated[2] == f"{found['simulated.repeat_share']:.1f}"


def test_equal_seeds_write_equal_tables(checked, shop, tmp_path):
    done = run("check-people", "--shop", shop, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    again, refitted = (tmp_path / "people.md").read_text(), (checked[1] / "people.md").read_text()
    assert refitted.startswith(again)


def test_a_shop_that_is_not_there_ends_in_one_line(tmp_path):
    done = run("check-people", "--shop", tmp_path / "missing.npz", "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path / 'missing.npz'}: there is no such file\n"
