"""The tiny log and its shop as files."""

from __future__ import annotations

import pytest

from tests.scripts.command import run


@pytest.fixture(scope="session")
def log(tmp_path_factory, tiny_log):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    tiny_log.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def shop(log):
    path = log.with_name("shop.npz")
    done = run("build", log, "--out", path)
    assert done.returncode == 0, done.stderr
    assert "rows read" in done.stdout
    assert "belong to the history" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(str(path))
    return path
