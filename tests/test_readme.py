"""The Python blocks of the README and of the documents run as pasted, one after the other, and print what they say."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from selflearn_env.datasets import ONLINE_RETAIL

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CUSTOMERS = (ROOT / "docs" / "customers.md").read_text(encoding="utf-8")
OWN_LOG, CHECK, CHECK_LIVES, DRIFT, THINKING_AHEAD, LIMITS = (
    (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("own_log", "check", "check_lives", "drift", "thinking_ahead", "limits")
)
AGENTS = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
OWN_AGENT = (ROOT / "docs" / "own_agent.md").read_text(encoding="utf-8")
TOOLS = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
JOURNEY = (ROOT / "docs" / "journey.md").read_text(encoding="utf-8")
SERVING = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
PEOPLE = (ROOT / "docs" / "people.md").read_text(encoding="utf-8")
LOGS = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
OPE = (ROOT / "docs" / "ope.md").read_text(encoding="utf-8")


def run_blocks(text):
    """What each Python block prints."""
    names: dict[str, object] = {}
    printed = []
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(block, names)
        printed.append(output.getvalue())
    return printed


def said(text):
    """What the document says that its blocks print."""
    return re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.slow
def test_blocks_run_and_print_what_the_readme_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.read_parquet(ONLINE_RETAIL).to_csv("sales.csv", index=False)
    printed = run_blocks(README)
    assert len(printed) == 3
    assert printed[:1] == said(README)
    assert "rows kept" in printed[1]


def test_a_customer_model_of_ones_own_works_as_the_document_says():
    assert run_blocks(CUSTOMERS) == said(CUSTOMERS)


def test_a_log_is_read_as_the_document_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_blocks(OWN_LOG) == said(OWN_LOG)


def test_products_run_out_as_the_document_says():
    assert run_blocks(DRIFT) == said(DRIFT)


def test_an_agent_of_ones_own_works_as_the_document_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_blocks(AGENTS) == said(AGENTS)
    assert [printed for printed in run_blocks(OWN_AGENT) if printed] == said(OWN_AGENT)


def test_a_person_is_met_as_the_document_says():
    assert run_blocks(PEOPLE) == [*said(PEOPLE), ""]


def test_an_agent_is_kept_as_the_document_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_blocks(SERVING) == said(SERVING)


def test_visits_are_recorded_and_another_policy_is_judged_as_the_documents_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_blocks(LOGS) == said(LOGS)
    assert run_blocks(OPE) == said(OPE)


def test_lives_are_lived_again_as_the_document_says():
    assert run_blocks(JOURNEY) == said(JOURNEY)


@pytest.mark.slow
def test_a_model_learns_as_the_document_says(tmp_path, monkeypatch):
    pytest.importorskip("stable_baselines3")
    monkeypatch.chdir(tmp_path)
    printed = run_blocks(TOOLS)
    assert (tmp_path / "ppo.zip").is_file()
    assert printed == ["", *said(TOOLS)[1:]]  # the first is what an example prints


@pytest.mark.parametrize(
    "text",
    [README, CUSTOMERS, OWN_AGENT, JOURNEY, PEOPLE, TOOLS, SERVING, LOGS, OPE],
    ids=["README", "customers", "own_agent", "journey", "people", "tools", "serving", "logs", "ope"],
)
def test_no_figure_is_missing(text):
    assert not re.findall(r"^[A-Z_]{4,}$", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "text",
    [README, CUSTOMERS, JOURNEY, PEOPLE, OPE, OWN_LOG, CHECK, CHECK_LIVES, DRIFT, THINKING_AHEAD, LIMITS],
    ids=[
        "README",
        "customers",
        "journey",
        "people",
        "ope",
        "own_log",
        "check",
        "check_lives",
        "drift",
        "thinking_ahead",
        "limits",
    ],
)
def test_pictures_and_documents_that_are_named_exist(text):
    folder = ROOT if text is README else ROOT / "docs"
    named = [name for name in re.findall(r"\]\(([^)#:]+)", text) if "//" not in name]
    assert len(named) >= 2
    assert all((folder / name).is_file() for name in named)


def test_the_front_door_is_short():
    top = README.splitlines()[:30]
    assert any("make demo" in line for line in top)
    assert any("make test" in line for line in top)
    assert top.count("```python") == 1
    assert any(line.startswith("| epsilon_greedy") for line in top)
    assert any("docs/demo.png" in line for line in top)
