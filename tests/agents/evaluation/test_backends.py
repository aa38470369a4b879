"""Wherever runs go on, they give the same bits; also where one of their processes is killed midway."""

from __future__ import annotations

import os
import sys
import warnings

import pytest
from selflearn_agents.evaluation import Plan, World, compare_worlds
from selflearn_agents.evaluation.workers import dismissing

from tests.agents.evaluation.hand_made import assert_same

KILLER = """
import os, signal, time
from pathlib import Path
from selflearn_agents.bandits.ucb import UCBAgent

class Killer(UCBAgent):
    \"\"\"Ends its process, once and late in a run.\"\"\"

    served = 0

    def _act(self, states):
        self.served += 1
        if self.served == 80:
            time.sleep(0.2)  # until it is known to serve
        if self.served == 90:
            try:
                Path(os.environ["KILLER_FLAG"]).unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            except FileNotFoundError:
                pass
        return super()._act(states)
"""
NAMES = ["popular", "killer_of_tests:Killer"]


@pytest.fixture
def world(tiny_shop, tmp_path, monkeypatch):
    """A world, and an agent that can be told to kill its process by the file `flag`."""
    (tmp_path / "killer_of_tests.py").write_text(KILLER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))  # for processes of a cluster
    monkeypatch.setenv("KILLER_FLAG", str(tmp_path / "flag"))
    yield World("independent", "selflearn/Retail-v0", 120, {"shop": tiny_shop, "slate_size": 3})
    sys.modules.pop("killer_of_tests", None)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_comparison_of_which_a_process_was_killed_says_so_and_goes_on_to_the_same_bits(world, tmp_path):
    def compared(jobs, keep=None):
        return compare_worlds(Plan(NAMES, [world], 2, progress=False, jobs=jobs, keep=keep))[0].runs

    alone = compared(1)
    (tmp_path / "flag").touch()
    with dismissing():
        with pytest.raises(ChildProcessError, match=r"^a process was killed while it worked") as failed:
            compared(2, tmp_path / "runs")
        (note,) = failed.value.__notes__
        assert "killer_of_tests:Killer, independent, seed " in note
        assert_same(compared(2, tmp_path / "runs"), alone)


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "library"), [("ray", "ray.util.joblib"), ("dask", "distributed")])
@pytest.mark.parametrize("killed", [False, True])
def test_a_cluster_gives_the_same_bits(backend, library, killed, world, tmp_path):
    pytest.importorskip(library)
    alone = compare_worlds(Plan(NAMES, [world], 2, progress=False))[0].runs
    if killed:
        (tmp_path / "flag").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        plan = Plan(NAMES, [world], 2, progress=False, jobs=2, backend=backend, keep=tmp_path / "runs")
        there = compare_worlds(plan)[0].runs
    assert_same(there, alone)
