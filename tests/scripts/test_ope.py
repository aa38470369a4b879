"""What another policy would have earned, as a command: its files, logs of one's own, saved agents, and mistakes."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import make_agent
from selflearn_agents.commands.ope_input import table_of_own
from selflearn_agents.logs import record
from selflearn_agents.ope import ESTIMATORS, evaluate_offline
from selflearn_agents.ope.summary import finding

from selflearn_env import Shop
from tests.scripts.command import run

N = 2
FILES = ["ope.md", "ope.csv", "ope.png", "report.html", "manifest.json"]
SOFT = "epsilon_greedy(epsilon=0.5)"
EVIL = "<script>document.title = 'taken'</script>"


@pytest.fixture(scope="module")
def tiny(shop):
    return Shop.load(shop)


@pytest.fixture(scope="module")
def visits(shop, tiny):
    """What a policy showed that does not learn."""
    return record(make_agent("random", history=tiny.history, slate_size=N, seed=1), "selflearn/Retail-v0", 700,
                  shop=str(shop))  # fmt: skip


@pytest.fixture(scope="module")
def recorded(visits, tmp_path_factory):
    path = tmp_path_factory.mktemp("visits") / "visits.parquet"
    visits.to_parquet(path)
    return path


@pytest.fixture(scope="module")
def own(visits, tiny):
    """The same as a table of one's own, in the words of a shop."""
    visit, place = np.divmod(np.arange(visits.slate.size), N)
    return pd.DataFrame(
        {
            "visit": visit,
            "state": [tiny.states.label(state) for state in np.repeat(visits.state, N)],
            "place": place + 1,
            "code": tiny.catalogue.ids[visits.slate.ravel()],
            "response": visits.response.ravel(),
            "propensity": visits.propensity.ravel(),
        }
    )


def table_in(folder):
    return pd.read_csv(folder / "ope.csv", index_col=["target", "estimator"])


def test_it_writes_what_it_names(recorded, tiny, visits, tmp_path):
    saved = tmp_path / "a<b>&.npz"
    make_agent("popular", history=tiny.history, slate_size=N).save(saved)
    done = run("ope.py", recorded, "--target", saved, SOFT, "--seed", 3, "--resamples", 20, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert [Path(line).name for line in done.stdout.splitlines()[-len(FILES) :]] == FILES
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)

    found = table_in(tmp_path / "out")
    assert list(found.index) == [(name, estimator) for name in (str(saved), SOFT) for estimator in ESTIMATORS]
    agent = make_agent("epsilon_greedy", history=tiny.history, slate_size=N, seed=3, epsilon=0.5)
    expected = evaluate_offline(visits, agent, seed=3, resamples=20)
    pd.testing.assert_frame_equal(found.loc[SOFT], expected.to_frame())

    said = f"{len(visits)} visits served by random earned {visits.reward.mean():.2f} reward units each"
    text, page = ((tmp_path / "out" / name).read_text() for name in ("ope.md", "report.html"))
    assert all(said in each for each in (done.stdout, text, page))
    for each in (done.stdout, text):
        assert finding(expected, SOFT) in " ".join(each.split())
    assert finding(expected, SOFT) in page
    assert all(f"\n| {estimator} " in done.stdout for estimator in ESTIMATORS)
    assert (tmp_path / "out" / "ope.png").read_bytes().startswith(b"\x89PNG")
    assert escape(str(saved)) in page
    assert str(saved) not in page
    assert page.count("<svg ") == 2

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["shop_digest"] == tiny.digest
    assert manifest["options"]["target"] == [str(saved), SOFT]
    assert manifest["targets"][SOFT]["finding"] == finding(expected, SOFT)
    assert manifest["logged_reward"] == pytest.approx(visits.reward.mean())


def test_nothing_of_the_log_becomes_a_part_of_the_page(visits, tmp_path, run_here):
    replace(visits, agent=EVIL).to_parquet(tmp_path / "visits.parquet")
    done = run_here("ope", tmp_path / "visits.parquet", "--target", SOFT, "--estimators", "dm", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text()
    assert EVIL not in page
    assert EVIL.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in page


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_ones_own_says_the_same(kind, own, shop, recorded, tmp_path, run_here):
    path = tmp_path / f"own.{kind}"
    own.to_csv(path, index=False) if kind == "csv" else own.to_parquet(path)
    asked = ("--target", SOFT, "--estimators", "sips", "dr", "--resamples", 5)
    columns = ("--shop", shop, "--column", "slot=place", "--column", "product=code")
    for arguments, out in (((path, *columns), "own"), ((recorded,), "recorded")):
        done = run_here("ope", *arguments, *asked, "--out", tmp_path / out)
        assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(table_in(tmp_path / "own"), table_in(tmp_path / "recorded"))
    assert "visits served by the shop earned" in (tmp_path / "own" / "ope.md").read_text()


def test_codes_that_look_like_numbers(visits, tiny, tmp_path):
    """A zero at the beginning belongs to a product's code, in whatever file."""
    codes = np.array([f"00{product}" for product in range(tiny.products)])
    numbered = replace(tiny, catalogue=replace(tiny.catalogue, ids=codes))
    frame = pd.DataFrame(
        {"visit": [7, 7], "state": tiny.states.label(5), "slot": [0, 1], "product": codes[[3, 1]], "item_reward": 1.5}
    )
    frame.to_csv(tmp_path / "own.csv", index=False)
    log = table_of_own(tmp_path / "own.csv", {}, numbered)
    assert (log.slate.tolist(), log.state.tolist(), log.reward.tolist()) == ([[3, 1]], [5], [3.0])


def test_the_logging_policy_gives_what_the_log_lacks(visits, own, shop, tmp_path, run_here):
    own.drop(columns="propensity").to_csv(tmp_path / "own.csv", index=False)
    asked = ("ope", tmp_path / "own.csv", "--shop", shop, "--column", "slot=place", "--column", "product=code")
    for policy, missing in (((), 2), (("--logging-policy", "random"), 0)):
        done = run_here(*asked, "--target", SOFT, "--estimators", "sips", "iips", *policy, "--out", tmp_path / "out")
        assert done.returncode == 0, done.stderr
        assert table_in(tmp_path / "out")["value"].isna().sum() == missing


def test_what_is_strange_about_a_table_is_said(own, shop, tmp_path, run_here):
    own.assign(propensity=0.02).to_csv(tmp_path / "own.csv", index=False)
    columns = ("--shop", shop, "--column", "slot=place", "--column", "product=code")
    asked = ("--target", SOFT, "--estimators", "sips", "--out", tmp_path / "out")
    done = run_here("ope", tmp_path / "own.csv", *columns, *asked)
    assert done.returncode == 0, done.stderr
    assert f"warning: {tmp_path / 'own.csv'}: the propensities of each visit are the same" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing.parquet", "--target", "random"], 1, "nothing.parquet: there is no such file"),
        (["{log}", "--shop", "{shop}", "--target", "random"], 1, "log.csv: no column for visit, state, slot; found"),
        (["{log}", "--shop", "{shop}", "--target", "random"], 1, "name them with --column NAME=YOURS"),
        (["{broken}", "--target", "random"], 1, "broken.parquet: not a Parquet file"),
        (["{recorded}", "--target", "random", "--column", "slot=place"], 1, "--column is for tables of your own"),
        (["{recorded}", "--target", "random", "random"], 1, "a target is asked for twice"),
        (["{recorded}", "--target", "oracle"], 1, "agent 'oracle' knows the simulated customers, and a log has none"),
        (["{recorded}", "--target", "nothing.npz"], 1, "nothing.npz"),
        (["{recorded}", "--target", "{three}"], 1, "this agent shows slates of 3, but the log has slates of 2"),
        (["{recorded}", "--target", "{other}"], 1, "knows 60 products and 672 states, but the shop of the log has 8"),
        (["{recorded}", "--target", "random", "--shop", "{less}"], 1, "name the log's own with --shop"),
        (["{moved}", "--target", "random"], 1, "which the log names as its shop; give its place now with --shop"),
        (["{recorded}", "--target", "random", "--logging-policy", SOFT], 1, "it is another policy"),
        (["{recorded}", "--target", "random", "--level", "95"], 1, "level must be between 0 and 1, got 95"),
        (["{recorded}", "--target", "epsilon_greedy(epsilon=2)"], 1, "epsilon is a probability"),
        (["{recorded}", "--target", "thomson"], 2, "did you mean 'thompson'?"),
        (["{recorded}", "--target", "random", "--estimators", "ips"], 2, "invalid choice: 'ips'"),
        (["{recorded}"], 2, "--target"),
    ],
)
def test_mistakes_end_in_one_line(arguments, code, message, places, tmp_path, run_here):
    given = [argument.format(**places) if argument.startswith("{") else argument for argument in arguments]
    done = run_here("ope", *given, "--out", tmp_path)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.splitlines()[-1].startswith("error: ")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def places(recorded, visits, tiny, log, shop, regulars_shop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    names = {name: folder / f"{name}.npz" for name in ("three", "other", "less")}
    make_agent("random", history=tiny.history, slate_size=3).save(names["three"])
    make_agent("random", history=regulars_shop.history, slate_size=N).save(names["other"])
    frame = pd.read_csv(log)
    Shop.from_transactions(frame[frame["product"].isin(["P0", "P1", "P2"])]).save(names["less"])
    for name in ("broken", "moved"):
        names[name] = folder / f"{name}.parquet"
    names["broken"].write_text("no Parquet")
    replace(visits, env_options={"shop": "gone.npz"}).to_parquet(names["moved"])
    return {**names, "recorded": recorded, "log": log, "shop": shop}
