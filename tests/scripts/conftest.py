"""The tiny log and its shop as files, and commands that are run in this process."""

from __future__ import annotations

import subprocess

import pytest
from matplotlib.figure import Figure
from selflearn_agents.commands import check, check_lives, lives, main, ope
from selflearn_agents.evaluation.study import Study

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


@pytest.fixture
def run_here(monkeypatch, capsys):
    """Runs a command in this process, with empty pictures, where neither is what is checked; a warning is an error."""
    pictures = ("curves", "regret", "differences")
    monkeypatch.setattr(Study, "figures", lambda *_, **__: {name: Figure() for name in pictures})
    monkeypatch.setattr(check, "PLOTS", {})
    for command, plot in ((check_lives, "lives_plot"), (lives, "worth_plot")):
        monkeypatch.setattr(command, plot, lambda *_: Figure())
    monkeypatch.setattr(ope, "figure_of", lambda *_, **__: Figure())

    def run(command, *arguments):
        with pytest.raises(SystemExit) as ended:
            main.run(command, f"selflearn {command}", list(map(str, arguments)))
        said = capsys.readouterr()
        return subprocess.CompletedProcess([command, *arguments], ended.value.code, said.out, said.err)

    return run
