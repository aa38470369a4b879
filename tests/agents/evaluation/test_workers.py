"""Processes side by side: they end with their parent."""

from __future__ import annotations

import os
import signal
import time

import pytest
from joblib import delayed
from selflearn_agents.evaluation.workers import side_by_side, workers


def held_open(path, seconds):
    """Writes its process to a pipe, and holds it for so long."""
    with open(path, "w") as pipe:  # noqa: PTH123
        print(os.getpid(), file=pipe, flush=True)
        time.sleep(seconds)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_they_do_not_outlive_their_parent(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    child = os.fork()
    if not child:
        with workers(2):
            list(side_by_side(delayed(held_open)(tmp_path / "pipe", 100) for _ in range(2)))
        os._exit(1)
    with (tmp_path / "pipe").open() as pipe:
        assert int(pipe.readline()) != child
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pipe.read()  # until nobody has the other end open
