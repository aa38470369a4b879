"""The check of a shop, run as a user runs it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from selflearn_agents.evaluation.shop_check import shop_verdict

from selflearn_env import Shop
from tests.scripts.command import run

PICTURES = ["likelihood.png", "ranking.png", "habits.png", "calibration.png", "popularity.png"]


@pytest.fixture(scope="module")
def checked(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("check")
    return run("check", shop, "--slate-size", 3, "--out", out), out


def figures(out):
    return json.loads((out / "figures.json").read_text())


def rows(out):
    """The cells of all tables of the page."""
    lines = (out / "check.md").read_text().splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]


def test_it_writes_what_it_names(checked, shop):
    done, out = checked
    assert done.returncode == 0, done.stderr
    named = list(map(Path, done.stdout.splitlines()[-8:]))
    assert named == [out / name for name in ("check.md", *PICTURES, "figures.json", "manifest.json")]
    assert done.stdout.startswith((out / "check.md").read_text())
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in PICTURES)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["shop_digest"] == Shop.load(shop).digest
    assert manifest["options"]["shop"] == str(shop)


def test_a_verdict_heads_the_page(checked, shop):
    page = (checked[1] / "check.md").read_text()
    assert f"\n\n{shop_verdict(Shop.load(shop), 3)}\n" in page
    lines = page.splitlines()
    assert lines[0] == "# Do the simulated customers resemble the log?"
    assert [line[:3] for line in lines[2:6]] == ["1. ", "2. ", "3. ", "4. "]
    titles = [line for line in lines if line.startswith("## ")]
    assert titles == [
        "## What state, person and present tell of a visit",
        "## Real hits",
        "## Does the simulator rank lists as the shop would?",
        "## Visits of the log and simulated ones",
        "## Is what was fitted identified?",
        "## The persons' model",
        "## The states: other visits, foreseen",
    ]


def test_its_tables_have_the_figures(checked):
    out = checked[1]
    found, cells = figures(out), rows(out)
    assert all(np.isfinite(value) for value in found.values())
    levels = [row for row in cells if row[0] == "+ popularity"]
    for column, check in ((1, "other_customers"), (3, "last_months")):
        assert levels[0][column].split(" ± ")[0] == f"{found[f'nats.{check}.popularity']:.2f}"
    assert levels[1][2].split(" ± ")[0] == f"{found['refit.popularity']:.2f}"
    (repeated,) = (row for row in cells if row[0] == "bought before by the same customer, % of purchases")
    assert repeated[1:3] == [f"{found[f'{source}.repeat_share']:.1f}" for source in ("log", "simulated")]
    (personal,) = (row for row in cells if row[0] == "personal" and "±" in row[1])
    assert personal[1].split(" ± ")[0] == f"{found['hits.personal']:.2f}"
    (people,) = (row for row in cells if row[0] == "RetailPeople-v0")
    assert people[1].split(" ")[0] == f"{found['rank_correlation.people']:.2f}"


@pytest.mark.parametrize("check", ["other_customers", "last_months"])
def test_every_step_has_its_figure(checked, check):
    found = figures(checked[1])
    for step in ("popularity", "month", "repeat", "activity", "taste", "present", "draw"):
        assert f"nats.{check}.{step}" in found
    gain = found[f"nats.{check}.taste"] - found[f"nats.{check}.activity"]
    assert found[f"gain.{check}.taste"] == pytest.approx(gain, abs=1e-9)
    person = sum(found[f"gain.{check}.{step}"] for step in ("repeat", "activity", "taste"))
    assert found[f"gain.{check}.person"] == pytest.approx(person, abs=1e-9)


def test_other_figures_have_their_names(checked):
    found = figures(checked[1])
    for source in ("simulated", "log"):
        for name in ("repeat_share", "basket_mean", "basket_sd", "products_mean", "products_sd", "top_ten"):
            assert f"{source}.{name}" in found
    for slate in ("best_sellers", "month", "personal", "new_month", "new_personal"):
        assert f"hits.{slate}" in found
        assert f"hits_foreseen.{slate}" in found
    for env in ("retail", "people"):
        low, high = (found[f"rank_correlation_{end}.{env}"] for end in ("low", "high"))
        assert -1 <= low <= found[f"rank_correlation.{env}"] <= high <= 1


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")  # of deciles with nothing in them
def test_equal_seeds_write_equal_pages(checked, shop, tmp_path, run_here):
    done = run_here("check", "--shop", shop, "--slate-size", 3, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("check.md", "figures.json"):
        assert (tmp_path / name).read_text() == (checked[1] / name).read_text()


def test_without_customers_who_come_again_the_persons_part_is_off(tmp_path):
    rng = np.random.default_rng(6)
    times = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(200 * 24, size=120), unit="h")
    log = pd.DataFrame(
        [
            (str(invoice), f"P{product}", 1, time, 2.0, invoice)
            for invoice, time in enumerate(times)
            for product in rng.choice(8, size=rng.integers(1, 5), replace=False, p=np.arange(1, 9) / 36)
        ],
        columns=["invoice", "product", "quantity", "time", "price", "customer"],
    )
    Shop.from_transactions(log).save(tmp_path / "once.npz")
    done = run("check", tmp_path / "once.npz", "--slate-size", 3, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no customer of this log comes on a second day" in done.stdout
    found = figures(tmp_path)
    assert {"rank_correlation.retail", "gain.other_customers.present", "log.basket_mean"} <= set(found)
    assert not [name for name in found if name.startswith(("simulated.", "refit.", "hits.", "rank_correlation.people"))]
    assert "+ repeat" not in [row[0] for row in rows(tmp_path)]
    assert not (tmp_path / "habits.png").exists()


def test_a_small_log_is_compared_as_far_as_it_goes(tmp_path):
    rng = np.random.default_rng(9)
    log = pd.DataFrame(
        [
            (str(invoice), f"P{product}", 1, pd.Timestamp("2023-03-01") + pd.Timedelta(days=invoice // 2), 2.0, who)
            for invoice, who in enumerate(rng.integers(30, size=60).tolist())
            for product in rng.choice(12, size=rng.integers(1, 5), replace=False)
        ],
        columns=["invoice", "product", "quantity", "time", "price", "customer"],
    )
    Shop.from_transactions(log).save(tmp_path / "small.npz")
    done = run("check", tmp_path / "small.npz", "--slate-size", 3, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert not [name for name in figures(tmp_path) if "last_months" in name]
    assert "1. This log is too small to say" in done.stdout


def test_mistakes_end_in_one_line(shop, tmp_path):
    for missing in (["check"], ["check_customers.py", "--shop"]):
        done = run(*missing, tmp_path / "missing.npz", "--out", tmp_path)
        assert done.returncode == 1
        assert done.stderr == f"error: {tmp_path / 'missing.npz'}: there is no such file\n"
    done = run("check", shop, "--shop", shop, "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"error: two shops are given, {shop} and --shop {shop}: leave out one\n"
