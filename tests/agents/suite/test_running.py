"""A suite runs, stops and goes on, gives the same bits again, and says what differs; strangers take part."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from selflearn_agents.suite import running
from selflearn_agents.suite.rendering import as_html, as_markdown, write_tables
from selflearn_agents.suite.results import CellResult
from selflearn_agents.suite.running import run_cells
from selflearn_agents.suite.standings import standings
from selflearn_agents.suite.verifying import verified

from selflearn_env import Shop
from tests.agents.suite.conftest import cells, enter
from tests.agents.suite.test_entries import FOREIGN

AGENT = '''
import numpy as np
from selflearn_agents import Agent

class First(Agent):
    """Shows the first products."""

    def _act(self, states, eligible=None):
        return np.tile(np.arange(self.slate_size), (len(states), 1))

    def _values(self, states):
        raise NotImplementedError("it has none")

class Broken(First):
    def _act(self, states, eligible=None):
        raise RuntimeError("it breaks")
'''


@pytest.fixture
def strangers(tmp_path, monkeypatch):
    """A module of somebody else."""
    (tmp_path / "theirs.py").write_text(AGENT)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("theirs", None)


def run(folder, **options):
    return run_cells(cells(folder), progress=False, **options)


def figures(folder):
    return {cell.name: CellResult.load(cell.place).figures for cell in cells(folder)}


def test_a_run_goes_on_and_gives_the_same_bits(written):
    first = run(written, seeds=[1])
    assert (first.done, first.kept, first.not_here, first.failed) == (2, 0, {}, {})
    begun = figures(written)
    assert {name: list(of) for name, of in begun.items()} == {"popular retail tiny": [1], "ucb retail tiny": [1]}
    second = run(written)
    assert (second.done, second.kept) == (2, 2)
    assert (run(written).done, run(written).kept) == (0, 4)
    whole = figures(written)
    shutil.rmtree(written.path.parent / "results")
    shutil.rmtree(written.path.parent / ".suite_cache")  # the shop and the references, too
    run(written)
    assert figures(written) == whole
    assert {name: of[1] for name, of in whole.items()} == {name: of[1] for name, of in begun.items()}


def test_two_commands_at_once_lose_nothing(written, monkeypatch):
    tasks = running._missing

    def meanwhile(*given):
        yield from list(tasks(*given))
        monkeypatch.setattr(running, "_missing", tasks)
        run(written, seeds=[0, 1])

    monkeypatch.setattr(running, "_missing", meanwhile)
    assert run(written, seeds=[1]).done == 2
    assert {name: sorted(of) for name, of in figures(written).items()} == {key: [0, 1] for key in figures(written)}


def test_a_kept_shop_that_is_another_one_is_built_anew(written, tiny_file, tiny_log):
    kept = written.path.parent / ".suite_cache" / f"{tiny_file.digest}.npz"
    run(written, seeds=[0])
    right = figures(written)
    for spoil in (lambda: kept.write_bytes(b"half"), lambda: Shop.from_transactions(tiny_log, seed=1).save(kept)):
        spoil()
        shutil.rmtree(written.path.parent / "results")
        run(written, seeds=[0])
        assert Shop.load(kept).digest == tiny_file.digest
        assert figures(written) == right


def test_other_code_replaces_what_is_not_complete(written, monkeypatch):
    run(written, seeds=[0])
    monkeypatch.setattr(running, "made_here", lambda _: {"code": "other"})
    assert (run(written, seeds=[0]).done, run(written).done) == (0, 4)
    assert {CellResult.load(cell.place).made["code"] for cell in cells(written)} == {"other"}


def test_an_entry_that_has_changed_is_run_again(written):
    run(written, seeds=[0])
    enter(written, "ucb", agent="ucb", hyperparameters={"scale": 0.5})
    (cell,) = cells(written, entry="ucb")
    with pytest.raises(ValueError, match="made before agent changed; run the cell again"):
        verified(cell, 0)
    assert run(written, seeds=[0]).done == 1


def test_a_row_is_verified_bit_for_bit(written):
    (cell,) = cells(written, entry="ucb")
    run_cells([cell], [0], progress=False)
    assert verified(cell, 0) == 9
    text = cell.place.read_text()
    gap = CellResult.load(cell.place).figures[0]["gap"]
    cell.place.write_text(text.replace(repr(gap), repr(gap + 2**-50)))
    with pytest.raises(ValueError, match=rf"seed 0: gap is {gap + 2**-50!r} there and {gap!r} here; code, versions"):
        verified(cell, 0)
    cell.place.write_text(text.replace(repr(gap), "0.5").replace('"numpy": "', '"numpy": "0.'))
    with pytest.raises(ValueError, match=r"gap is 0\.5 there .*; made with numpy 0\.\S+, here "):
        verified(cell, 0)
    cell.place.write_text(text.replace(f'"gap": {gap!r}, ', ""))
    with pytest.raises(ValueError, match=f"gap is missing there and {gap!r} here"):
        verified(cell, 0)
    with pytest.raises(ValueError, match="there is no seed 1; there are 0"):
        verified(cell, 1)
    cell.place.write_text(text[:-9])
    with pytest.raises(ValueError, match=r"ucb\.json: broken results .*; remove it, and run the cell again"):
        standings([cell])


def test_a_stranger_takes_part(written, strangers):
    enter(written, "first", **FOREIGN | {"agent": "theirs:First"})
    assert run(written).done == 6
    (row,) = [row for row in standings(cells(written)) if row.cell.entry.name == "first"]
    assert (row.seeds, row.remark) == (2, "")
    (cell,) = cells(written, entry="first")
    assert "agent" in json.loads(cell.place.read_text())["made"]["code"]
    assert verified(cell, 1) == 9


def test_what_cannot_run_is_told_and_the_others_stay(written, strangers):
    enter(written, "broken", **FOREIGN | {"agent": "theirs:Broken"})
    enter(written, "missing", **FOREIGN | {"agent": "not_installed:Agent"})
    enter(written, "out", agent="ucb", leaves_out={"retail": "a | test"})
    outcome = run(written, seeds=[0])
    assert outcome.done == 2
    assert list(outcome.not_here) == ["missing retail tiny"]
    assert "pip install git+" in outcome.not_here["missing retail tiny"]
    assert str(outcome.failed["broken retail tiny"]) == "it breaks"
    remarks = {row.cell.entry.name: row.remark for row in standings(cells(written))}
    assert remarks == {
        "popular": "1 of 2 seeds",
        "ucb": "1 of 2 seeds",
        "broken": "not run here",
        "missing": "not run here",
        "out": "takes no part: a | test",
    }
    rows = standings(cells(written))
    assert r"takes no part: a \| test |" in as_markdown(rows[0].cell.suite, rows)


def test_another_log_is_refused(written):
    written.content["logs"]["tiny"]["digest"] = "0" * 64
    with pytest.raises(ValueError, match=r"recipe: the shop has the digest \w+, not 000"):
        run(written)
    written.content["logs"]["tiny"]["recipe"]["sha256"] = "0" * 64
    with pytest.raises(ValueError, match=r"tiny\.csv is another file: its SHA-256 is"):
        run(written)


def test_lives_are_measured_by_what_customers_buy(written):
    retail = written.content["environments"]["retail"]
    journey = {**retail, "id": "selflearn/RetailJourney-v0", "visits": {"tiny": 8}, "measure": "purchases"}
    written.content["environments"] = {"journey": journey}
    assert run(written).done == 4
    for row in standings(cells(written)):
        runs = CellResult.load(row.cell.place).figures.values()
        assert row.score.value == pytest.approx(sum(figures_["purchases"] for figures_ in runs) / 2)
        assert row.reward == pytest.approx(sum(figures_["expected return"] for figures_ in runs) / 2)
        assert verified(row.cell, 1) == len(next(iter(runs)))


def test_the_tables_say_the_same(written):
    run(written)
    rows = standings(cells(written))
    run(written, seeds=[2])  # more than the suite has
    assert [row.score for row in standings(cells(written))] == [row.score for row in rows]
    best, other = rows
    paths = {path.name: path.read_text() for path in write_tables(best.cell.suite, rows)}
    assert list(paths) == ["table.md", "table.csv", "table.json", "table.html"]
    flat = json.loads(paths["table.json"])["rows"]
    own = [CellResult.load(row.cell.place).figures for row in rows]
    for row, figures_ in zip(flat, own, strict=True):
        assert row["score"] == pytest.approx((figures_[0]["gap"] + figures_[1]["gap"]) / 2, abs=1e-15)
    ucb = next(row for row in flat if row["entry"] == "ucb")
    popular = next(row for row in flat if row["entry"] == "popular")
    assert popular["difference"] is None
    assert ucb["difference"] == pytest.approx(ucb["score"] - popular["score"])
    assert best.score.value > other.score.value
    assert f"| {best.cell.entry.name} " in as_markdown(best.cell.suite, rows)
    assert as_html(best.cell.suite, rows).count("<tr data-environment") == 2
