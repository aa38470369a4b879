"""The documentation as a site: built once, with warnings as errors, and then read as a visitor would."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import gymnasium as gym
import pytest
from selflearn_agents import AGENTS
from selflearn_agents.commands.main import COMMANDS
from selflearn_agents.offline import LEARNERS
from sphinx.util.inventory import InventoryFile

from selflearn_env import Drift, Journey, Rewards, Stock, Tastes
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
IDS = [name for name, spec in gym.registry.items() if spec.namespace == "selflearn"]
LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}


class Page(HTMLParser):
    """What a page links to, what it loads, and the places in it that may be linked to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.places = [], [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.places |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag == "form":
            self.links.append(attributes["action"])
        if attributes.get(LOADS.get(tag, "")):
            self.loads.append(attributes[LOADS[tag]])
        if tag == "link" and not {"next", "prev", "search", "index", "canonical"} & set(attributes["rel"].split()):
            self.loads.append(attributes["href"])


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_can_be_read_without_a_network(tmp_path):
    root, site = copied(tmp_path / "project"), tmp_path / "html"
    build = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "2", "-D", "plot_gallery=0", "docs", site],
        capture_output=True,
        text=True,
        cwd=root,  # tutorials have tests of their own, and are not run here
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "agents")])},
    )
    assert build.returncode == 0, build.stderr
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    assert unresolved(pages) == []
    assert unreached(site, pages) == []
    assert loaded_from_elsewhere(site, pages) == []
    assert missing_names(site) == []
    assert untold_options(site) == []
    for name in (*AGENTS, *LEARNERS):
        assert f"agent-{name.replace('_', '-')}" in pages[site / "agents_list.html"].places
    for name in COMMANDS:
        assert f"usage: selflearn {name} " in (site / "commands.html").read_text(encoding="utf-8")
    index = json.loads(
        (site / "searchindex.js").read_text(encoding="utf-8").removeprefix("Search.setIndex(").rstrip(")")
    )
    assert {"glossary", "agents", "environments/Retail-v0"} <= set(index["docnames"])
    assert index["terms"]["regret"]


def copied(root):
    """The project with a copy of the documentation: pages are generated there, and others read the checkout."""
    shutil.copytree(DOCS, root / "docs", ignore=shutil.ignore_patterns("_build", "auto_tutorials"))
    for path in ROOT.iterdir():
        if path != DOCS:
            (root / path.name).symlink_to(path)
    return root


def unresolved(pages):
    """Internal links that lead nowhere."""
    wrong = []
    for path, page in pages.items():
        for link in {*page.links, *page.loads}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages[target].places if target in pages else {""}
            place = unquote(parts.fragment)
            if not target.is_file() or (target in pages and place not in known):
                wrong.append(f"{path.name}: {link}")
    return wrong


def unreached(site, pages):
    """Pages to which no links lead from the first."""
    reached, waiting = set(), [site / "index.html"]
    while waiting:
        path = waiting.pop()
        if path in pages and path not in reached:
            reached.add(path)
            paths = (urlsplit(link) for link in pages[path].links)
            waiting += [(path.parent / unquote(each.path)).resolve() for each in paths if each.path and not each.netloc]
    return sorted(path.name for path in set(pages) - reached)


def loaded_from_elsewhere(site, pages):
    """What a browser would ask a network for."""
    asked = [f"{path.name}: {each}" for path, page in pages.items() for each in page.loads if urlsplit(each).netloc]
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        asked += [
            f"{path.name}: {each}" for each in re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]*)", text)
        ]
    return asked


def missing_names(site):
    """Public names that the reference does not have, or that have no docstring."""
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    known = {name for kind, items in inventory.data.items() if kind.startswith("py:") for name in items}
    public = [f"{module}.{name}" for module, names in declared() for name in names]
    assert len(public) > 80
    classes = [f"{kind.__module__}.{kind.__qualname__}" for kind in (*AGENTS.values(), *LEARNERS.values())]
    undescribed = [path for path in public if callable(found(path)) and not found(path).__doc__]
    return sorted({*public, *classes} - known) + undescribed


def declared():
    """Each module with an `__all__`, and the names in it."""
    for folder, root in ((ROOT, "selflearn_env"), (ROOT / "agents", "selflearn_agents")):
        for path in sorted((folder / root).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                    module = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
                    yield module, ast.literal_eval(node.value)


def found(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def untold_options(site):
    """Options, and fields of options, that the page of an environment does not name."""
    assert len(IDS) == 4
    missing = []
    for name in IDS:
        text = (site / "environments" / f"{name.split('/')[1]}.html").read_text(encoding="utf-8")
        options = PeopleOptions if "People" in name else Options
        asked = {"render_mode", "autoreset_mode", "num_envs", "response", "duplicates"}
        asked |= {each.name for kind in (options, Rewards, Drift, Stock) for each in fields(kind)}
        asked |= {each.name for kind in (Journey, Tastes) for each in fields(kind) if "People" in name}
        told = set(re.findall(r'<span class="pre">(\w+)</span></code>', text))
        missing += [f"{name}: {each}" for each in sorted(asked - told)]
    return missing
