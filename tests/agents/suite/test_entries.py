"""The suite `core` and its entries can be read, and each agent can be made; a wrong file is told in one line."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents.suite.cells import cells_of
from selflearn_agents.suite.definition import read_suite
from selflearn_agents.suite.entries import read_entries, read_entry
from selflearn_agents.suite.rendering import as_csv, as_html, as_json, as_markdown
from selflearn_agents.suite.standings import standings

from tests.agents.suite.conftest import cells, enter

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FOREIGN = {
    "agent": "theirs.agents:Best",
    "link": "https://example.org/best",
    "repository": "https://example.org/best.git",
    "commit": COMMIT,
}


@pytest.fixture(scope="module")
def core():
    return read_suite(str(BENCHMARKS / "core.yaml"))


@pytest.fixture(scope="module")
def simulator(tiny_shop):
    envs = gym.make_vec("selflearn/Retail-v0", 1, vectorization_mode="vector_entry_point", shop=tiny_shop, slate_size=3)
    return envs.unwrapped.simulator


@pytest.mark.parametrize("path", sorted((BENCHMARKS / "entries").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_entry_is_valid_and_its_agent_serves(path, tiny_shop, simulator):
    entry = read_entry(path)
    try:
        agent = entry.spec().make(tiny_shop.history, 3, 0, simulator)
    except ImportError as error:
        pytest.skip(str(error))
    visits = simulator.start(5, simulator.begin(np.random.default_rng(0))) if agent.sees_visits else [0, 1, 2, 3, 4]
    assert agent.act(visits).shape == (5, 3)


def test_the_suite_is_that_of_its_table(core, retail_shop):
    entries = read_entries(core.entries)
    all_cells = cells_of(core, entries)
    assert core.logs["online_retail"].digest == retail_shop.digest
    assert len(all_cells) == len(entries) * len(core.environments) * len(core.logs)
    for entry in entries.values():
        assert any(cell.left_out is None for cell in all_cells if cell.entry is entry), f"{entry.path}: nowhere"
    if not core.results.is_dir():
        pytest.skip("nothing has been computed yet")
    rows = standings(all_cells)
    made = {
        "table.md": as_markdown(core, rows),
        "table.csv": as_csv(rows),
        "table.json": as_json(core, rows),
        "table.html": as_html(core, rows),
    }
    for name, text in made.items():
        assert (core.results / name).read_text(encoding="utf-8") == text, f"{name}: `selflearn bench table` makes it"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"agent": None}, "new.yaml: agent must be a text, got None"),
        ({"agent": "ubc"}, "new.yaml: unknown agent 'ubc'; did you mean 'ucb'"),
        ({"agent": "ucb", "hyperparameters": {"scal": 1}}, "new.yaml: agent 'ucb' has no hyperparameter 'scal'"),
        ({"agent": "ucb", "authors": []}, r"new.yaml: authors must be a list of texts, got \[\]"),
        (
            {"agent": "ucb", "kind": "best"},
            "new.yaml: kind must be one of baseline, agent, tool, privileged, got 'best'",
        ),
        ({"agent": "ucb", "observe": "all"}, "new.yaml: unknown key 'observe'; did you mean 'observes'"),
        ({"agent": "ucb", "name": "other"}, "new.yaml: name must be that of the file, 'new'"),
        ({"agent": "ucb", "leaves_out": {"retail": ""}}, "new.yaml: leaves_out: retail must say why"),
        ({"agent": "ucb", "commit": COMMIT}, "new.yaml: repository and commit are those of agents from elsewhere"),
        ({"agent": "oracle"}, "new.yaml: kind 'agent' does not fit: the agent is privileged"),
        (FOREIGN | {"commit": "main"}, "new.yaml: commit must be the 40 hexadecimal digits of a commit, got 'main'"),
        (FOREIGN | {"repository": ""}, "new.yaml: repository is empty"),
        (FOREIGN | {"link": "best"}, "new.yaml: link must say where the agent is described, https://..., got 'best'"),
    ],
)
def test_a_wrong_entry_is_told_in_one_line(changes, message, written):
    path = enter(written, "new", **changes)
    with pytest.raises(ValueError, match=message) as raised:
        read_entry(path).spec()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("new.yaml", "name: [", r"new\.yaml: no YAML: while parsing"),
        ("new.yaml", "name: 2026-13-01", r"new\.yaml: no YAML: month must be in"),
        ("new.yaml", "name: new\nhyperparameters: {scale: 1, scale: 2}", r"new\.yaml: no YAML: scale is there twice"),
        ("new.yml", "", r"new\.yml: the name of an entry's file ends in \.yaml"),
    ],
)
def test_a_file_that_is_no_entry_is_named(name, text, message, written):
    (written.entries / name).write_text(text)
    with pytest.raises(ValueError, match=message) as raised:
        read_entries(written.entries)
    assert "\n" not in str(raised.value)


def test_an_agent_that_is_not_installed_says_how(written):
    entry = read_entry(enter(written, "new", **FOREIGN))
    with pytest.raises(ImportError, match=f"pip install git\\+https://example.org/best.git@{COMMIT}"):
        entry.spec()


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (
            ("environments", "retail", "measure"),
            "regret",
            "retail: measure must be one of gap, purchases, got 'regret'",
        ),
        (("environments", "retail", "visits"), {}, "retail: visits: tiny is missing"),
        (("environments", "retail", "visits"), {"tiny": 0}, "retail: visits: tiny must be at least 1, got 0"),
        (("environments", "retail", "options"), {"shop": "x"}, "retail: shop is the suite's to say"),
        (("logs", "tiny", "recipe", "source"), "web", "recipe: source must be one of embedded, package, path"),
        (("logs", "tiny", "recipe", "build"), {"decimals": ","}, "recipe: build: unknown option 'decimals'"),
        (("reference",), "best", "there is no entry in .* as the reference of .* called 'best'; known: popular, ucb"),
        (("seeds",), "ten", "own.yaml: seeds must be a whole number, got 'ten'"),
    ],
)
def test_a_wrong_suite_is_told_in_one_line(where, value, message, written):
    part = written.content
    for name in where[:-1]:
        part = part[name]
    part[where[-1]] = value
    with pytest.raises(ValueError, match=message) as raised:
        cells(written)
    assert "\n" not in str(raised.value)


def test_only_what_is_asked_for(written):
    enter(written, "ucb", agent="ucb", leaves_out={"retail/tiny": "a test"})
    assert [cell.left_out for cell in cells(written)] == [None, "a test"]
    assert [cell.name for cell in cells(written, entry="ucb", env="retail", log="tiny")] == ["ucb retail tiny"]
    with pytest.raises(ValueError, match=r"no environment of .* called 'people'; known: retail"):
        cells(written, env="people")
    with pytest.raises(ValueError, match=r"only agent=\.\.\.: known are entry, env and log"):
        cells(written, agent="ucb")
    enter(written, "ucb", agent="ucb", leaves_out={"retial": "a slip"})
    with pytest.raises(ValueError, match=r"ucb\.yaml: leaves_out: 'retial' is no environment, log"):
        cells(written)
