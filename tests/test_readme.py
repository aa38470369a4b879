"""What the README and the pages of the documentation show runs as pasted, prints what they say, and is there."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shlex
import shutil
from importlib import import_module
from pathlib import Path

import pytest
from selflearn_agents.commands.main import COMMANDS

from selflearn_env.datasets import SALES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```python\n(.*?)```(?:\n```text\n(.*?)```)?", flags=re.DOTALL)
WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]
GENERATED = ("agents_list.md", "commands.md")  # while the site is built
LINE = re.compile(r"^ *(?:\$ )?(?:\.venv/bin/)?selflearn (?!COMMAND|--)((?:.*\\\n)*.*)$", flags=re.MULTILINE)
LINES = [
    (page.name, line.replace("\\\n", " ")) for page in PAGES for line in LINE.findall(page.read_text(encoding="utf-8"))
]
EXTRA = {"tools.md": "stable_baselines3", "serving.md": "fastapi"}


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_and_print_what_it_says(page, tmp_path, monkeypatch):
    """In their order, one after the other; what a block prints stands directly below it, if anything does."""
    pytest.importorskip(EXTRA.get(page.name, "selflearn_env"))
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(SALES, "sales.csv")
    names: dict[str, object] = {"__name__": "pasted"}
    for code, said in BLOCK.findall(page.read_text(encoding="utf-8")):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(code, page.name, "exec"), names)
        assert output.getvalue() == said or not said, code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = set(re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text))
    assert [name for name in sorted(named - set(GENERATED)) if not (page.parent / name).exists()] == []


def test_the_front_door_is_short():
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 115
    top = lines[:35]
    assert any("make demo" in line for line in top)
    assert any("make test" in line for line in top)
    assert top.count("```python") == 1
    assert any("docs/demo.png" in line for line in lines)
    assert any(line.startswith("| epsilon_greedy") for line in lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_placeholder_is_left(page):
    assert not re.findall(r"^[A-Z_]{4,}$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize(("page", "line"), LINES)
def test_the_commands_of_a_page_have_these_options(page, line):
    name, *arguments = shlex.split(re.sub(r'"my_agents:.*?"', "popular", line), comments=True)  # an agent of one's own
    command = import_module(f"selflearn_agents.commands.{COMMANDS[name][0]}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    command.add_arguments(parser)
    parser.parse_args(arguments)
