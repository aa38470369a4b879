"""The command that shows what a store keeps, and takes values over."""

from __future__ import annotations

import csv
import json
import re
import sys
from contextlib import closing

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.commands import main
from selflearn_agents.logs import VisitLog
from selflearn_agents.store import KeptAgent, Told, open_store
from selflearn_agents.store.article import escaped, read_article, unescaped
from selflearn_agents.store.taking_over import known_of

from selflearn_env import Shop
from tests.scripts.command import run

STATE, OTHER = "Q4_November_1_Thursday", "Q1_May_0_Friday"
VALUES = {STATE: {"P0": 1 / 3, "P3": -0.1, "P5": 4.0}, OTHER: {"P1": 0.5}}
SHOWN = {STATE: {"P0": 3, "P5": 1}, OTHER: {}}


def write(folder, **changed):
    """The article's four collections as files; some of them changed, or None for missing."""
    folder.mkdir()
    found = {"rlQuantdic": VALUES, "rlValuedic": VALUES, "rlRewarddic": VALUES, "rlRecotrack": SHOWN, **changed}
    for name, numbers in found.items():
        if numbers is not None:
            documents = [{"_id": {"$oid": "1"}, state: row} for state, row in numbers.items()]
            (folder / f"{name}.json").write_text("\n".join(map(json.dumps, documents)))
    return folder


@pytest.fixture
def ask(capsys, monkeypatch):
    """Runs the command in this process, which is quicker; exit code, stdout, stderr."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run_here(*arguments):
        with pytest.raises(SystemExit) as ended:
            main.run("store", "selflearn store", list(map(str, arguments)))
        return ended.value.code, *capsys.readouterr()

    return run_here


def taking_over(folder, shop, store):
    return "import", "--from", folder, "--shop", shop, "--slate-size", 3, "--store", store


@pytest.fixture(scope="module")
def store(shop, tmp_path_factory):
    """A store that began with the article's values."""
    folder = tmp_path_factory.mktemp("store")
    url = f"sqlite:///{folder / 'values.db'}"
    done = run("store", *taking_over(write(folder / "article"), shop, url))
    assert done.returncode == 0, done.stderr
    assert "2 states, 4 values, 2 of them of products that were shown" in done.stdout
    assert f"selflearn serve --agent epsilon_greedy --seed 0 --slate-size 3 --shop {shop}" in done.stdout
    return url


@pytest.fixture(scope="module")
def loaded(shop):
    return Shop.load(shop)


def test_a_state_is_shown_best_first(store):
    done = run("store.py", "show", "--store", store, "--state", STATE)
    assert done.returncode == 0, done.stderr
    head, columns, *rows = done.stdout.splitlines()
    assert head.startswith(f"{STATE} in sqlite:///")
    assert columns.split() == ["id", "name", "value", "shown", "clicked", "bought", "changed"]
    assert [row.split()[:5] for row in rows] == [
        ["P5", "product", "5", "4.0000", "1"],
        ["P0", "product", "0", "0.3333", "3"],
        ["P3", "product", "3", "-0.1000", "0"],
    ]


def test_a_state_is_shown_as_csv_and_as_json_while_another_one_writes(store, ask):
    with closing(open_store(store)):
        _, table, said = ask("show", "--store", store, "--state", STATE, "--most", 2, "--as", "csv")
        _, found, _ = ask("show", "--store", store, "--state", STATE, "--most", 2, "--as", "json")
    rows = list(csv.DictReader(table.splitlines()))
    assert [(row["id"], float(row["value"]), row["shown"]) for row in rows] == [("P5", 4.0, "1"), ("P0", 1 / 3, "3")]
    shown = json.loads(found)
    assert [row["id"] for row in shown["products"]] == ["P5", "P0"]
    assert said == f"as of {shown['as_of']}\n"
    assert shown["as_of"].endswith("+00:00")


def test_all_that_there_is_is_shown_in_short(store, ask):
    shown = json.loads(ask("show", "--store", store, "--as", "json")[1])
    assert (shown["agent"], shown["products"], shown["visits"], shown["open"]) == ("epsilon_greedy", 8, 0, 0)
    assert shown["bytes"] > 0
    assert shown["most_shown"] == [
        {"state": STATE, "shown": 4, "products": 3},
        {"state": OTHER, "shown": 0, "products": 1},
    ]
    table = ask("show", "--store", store, "--most", 1)[1].splitlines()
    assert table[-1].split() == [STATE, "4", "3"]


def test_what_is_not_there_is_named(store, tmp_path, ask):
    code, shown, said = ask("show", "--store", store, "--state", "Q4_November_1_Thusday")
    assert (code, shown) == (1, "")
    assert "no state is called 'Q4_November_1_Thusday'" in said
    assert f"did you mean {STATE!r}?" in said
    code, _, said = ask("show", "--store", f"sqlite:///{tmp_path / 'none.db'}")
    assert code == 1
    assert "there is no such store" in said


def test_what_is_exported_and_imported_is_the_same(store, shop, tmp_path, ask):
    code, shown, _ = ask("export", "--store", store, "--to", tmp_path / "out", "--shop", shop)
    assert code == 0
    assert "not carried over" in shown
    found = read_article(str(tmp_path / "out"))
    assert (found.value, found.recommended) == (VALUES, {STATE: SHOWN[STATE]})
    assert found.reward[STATE] == {"P0": 1 / 3 * 3, "P3": -0.1, "P5": 4.0}
    assert json.loads((tmp_path / "out" / "rlRecotrack.json").read_text()) == [{STATE: SHOWN[STATE]}]
    again = f"sqlite:///{tmp_path / 'again.db'}"
    assert ask(*taking_over(tmp_path / "out", shop, again))[0] == 0
    with closing(open_store(again, read_only=True)) as one, closing(open_store(store, read_only=True)) as other:
        assert one.image() == other.image()  # also the generator: it is new in both
        assert one.identity["shop"] == other.identity["shop"]
    code, _, said = ask(*taking_over(tmp_path / "out", shop, again))
    assert code == 1
    assert "the store has begun already; name a new one" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rlValuedic": {"Q9_x": {}, "Q8_y": {}}}, "the shop knows no state 'Q9_x', nor 1 others that are there;"),
        ({"rlRewarddic": {STATE: {"P9": 1.0}}}, "the shop knows no product 'P9'; nothing was imported"),
        ({"rlRecotrack": {STATE: {"P0": -1}}}, "rlRecotrack counts showings, and has -1 for 'P0'"),
        ({"rlRecotrack": {STATE: {"P0": 1.5}}}, "rlRecotrack counts showings, and has 1.5 for 'P0'"),
        ({"rlRecotrack": {STATE: {"P7": 1}}}, "rlRecotrack has product 'P7' in 'Q4_November_1_Thursday', and rlV"),
        ({"rlRecotrack": None}, "has no rlRecotrack, which the article's layout needs"),
        ({"rlValuedic": {STATE: {"P0": float("nan")}}}, "rlValuedic: 'P0' in state 'Q4_November_1_Thursday' is no fin"),
        ({"rlValuedic": {STATE: {"P0": "1"}}}, "is no finite number: '1'"),
        ({"rlValuedic": {STATE: 3}}, "rlValuedic: expected {product: number} for state"),
    ],
)
def test_what_is_wrong_is_named(changed, said, loaded, tmp_path):
    with pytest.raises(ValueError, match=re.escape(said)):
        known_of(read_article(str(write(tmp_path / "article", **changed))), loaded)


def test_a_failed_import_makes_no_store(shop, tmp_path, ask):
    wrong = write(tmp_path / "article", rlRecotrack={"Q9": {}})
    code, _, said = ask(*taking_over(wrong, shop, f"sqlite:///{tmp_path / 'values.db'}"))
    assert code == 1
    assert "the shop knows no state 'Q9'; nothing was imported" in said
    assert not list(tmp_path.glob("values.db*"))
    code, _, said = ask("import", "--from", tmp_path, "--agent", "ucb", "--store", "sqlite:///x.db")
    assert code == 1
    assert "the article's system is an epsilon_greedy; 'ucb' cannot go on from it" in said


@pytest.mark.parametrize("code", ["10.002", "$a", "a%2Eb", "%", "%25", "..$", "\0", "", "É%.", "50%OFF"])
def test_codes_are_escaped_and_read_again(code):
    name = escaped(code)
    assert not set(name) & set(".$\0")
    assert unescaped(name) == code


def test_names_that_were_not_escaped_stay_as_they_are():
    assert unescaped("50%OFF") == "50%OFF"


def test_a_log_of_the_visits(ask, shop, tmp_path):
    url, out = f"sqlite:///{tmp_path / 'values.db'}", tmp_path / "visits.parquet"
    make = lambda: make_agent("random", history=Shop.load(shop).history, slate_size=3, seed=0)  # noqa: E731
    with closing(open_store(url)) as store:
        kept = KeptAgent(store, {"agent": "random"}, make, [type(make())])
        visits = kept.decide(np.arange(5), 0.0)
        kept.commit()
        kept.tell([Told(visit.number, [0, 1, 2]) for visit in visits[:4]], 1.0)
        kept.commit()
        code, text, _ = ask("log", "--store", url, "--out", out)
    assert code == 0
    assert text.startswith(f"4 visits in 4 episodes: {out}\nleft out: 1 without all responses, 0 in which")
    log = VisitLog.from_parquet(out)
    assert log.state.tolist() == [0, 1, 2, 3]
    assert log.propensity is not None
    assert ask("log", "--store", url, "--out", tmp_path / "no" / "visits.parquet")[0] == 1
