"""A suite of a tiny log, with two agents of the package."""

from __future__ import annotations

import hashlib
import shutil
from types import SimpleNamespace

import pytest
import yaml
from selflearn_agents.suite.cells import cells_of
from selflearn_agents.suite.definition import read_suite
from selflearn_agents.suite.entries import read_entries

from selflearn_env import Shop

ENTRY = {"kind": "agent", "observes": "the state", "authors": ["somebody"]}


@pytest.fixture(scope="session")
def tiny_file(tiny_log, tmp_path_factory):
    """The tiny log as a file, with what a suite says of it."""
    path = tmp_path_factory.mktemp("log") / "tiny.csv"
    tiny_log.to_csv(path, index=False)
    shop = Shop.from_transactions(path)
    shop.save(path.with_suffix(".npz"))
    return SimpleNamespace(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), digest=shop.digest)


@pytest.fixture
def written(tmp_path, tiny_file):
    """The folder of a suite; what its file says can be changed."""
    content = {
        "version": 1,
        "seeds": 2,
        "slate_size": 3,
        "reference": "popular",
        "environments": {
            "retail": {
                "about": "Customers are states.",
                "id": "selflearn/Retail-v0",
                "visits": {"tiny": 200},
                "batch": 10,
                "measure": "gap",
            },
        },
        "logs": {
            "tiny": {
                "about": "A log made for tests.",
                "recipe": {"source": "path", "file": str(tiny_file.path), "sha256": tiny_file.sha256},
                "digest": tiny_file.digest,
            },
        },
    }
    folder = SimpleNamespace(path=tmp_path / "own.yaml", content=content, entries=tmp_path / "entries")
    folder.entries.mkdir()
    (tmp_path / ".suite_cache").mkdir()  # built once for all tests
    shutil.copy(tiny_file.path.with_suffix(".npz"), tmp_path / ".suite_cache" / f"{tiny_file.digest}.npz")
    enter(folder, "popular", agent="popular", kind="baseline")
    enter(folder, "ucb", agent="ucb", hyperparameters={"scale": 0.2})
    return folder


def enter(folder, stem, /, **content):
    """Writes an entry."""
    path = folder.entries / f"{stem}.yaml"
    path.write_text(yaml.safe_dump({**ENTRY, "name": stem, **content}))
    return path


def cells(folder, **only):
    """The cells of the suite as it is written now."""
    folder.path.write_text(yaml.safe_dump(folder.content))
    suite = read_suite(str(folder.path))
    return cells_of(suite, read_entries(suite.entries), only)
