"""Runs tasks side by side, in processes that end when the process that began them ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock, Thread
from typing import Any

from joblib import Parallel, parallel_config
from joblib._parallel_backends import LokyBackend
from joblib.externals.loky import reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

SAFE = "PYTHONSAFEPATH"
EVERY = 0.2  # seconds between two looks at whether the parent is there


class Followers(LokyBackend):  # type: ignore[misc]
    """Processes of this machine that do not outlive their parent."""

    def configure(self, *given: Any, **options: Any) -> int:
        """See `LokyBackend`."""
        return super().configure(*given, **options, initializer=_follow, initargs=(os.getpid(), sys.flags.safe_path))


@contextmanager
def workers(jobs: int, backend: str = "loky") -> Iterator[None]:
    """Makes the processes that `side_by_side` uses inside the block.

    Args:
        jobs: how many processes.
        backend: "loky" (processes of this machine), "threading", "ray" or "dask" (their cluster).

    Raises:
        ImportError: the library of the backend is not installed.
    """
    if backend == "ray":
        from ray.util.joblib import register_ray  # the extra of a cluster's user

        register_ray()
    cluster: AbstractContextManager = nullcontext()
    if backend == "dask":
        from distributed import Client

        cluster = Client()  # that of the configuration, or one on this machine
    with _safe_path(), cluster, parallel_config(Followers() if backend == "loky" else backend, n_jobs=jobs):
        yield


def side_by_side(tasks: Iterable[Any], backend: str = "loky") -> Iterator[Any]:
    """Runs tasks and gives their results as they are ready, in any order (with "ray": all at the end, in order).

    Args:
        tasks: calls, as `joblib.delayed` makes them.
        backend: the same that `workers` was given.

    Raises:
        ChildProcessError: a process was killed from outside, such as by the system where memory is short.
        Exception: what the first task that failed has raised.
    """
    # Arrays go through the pipe: with files, as joblib sends large ones, each call ends a second later.
    return_as = "list" if backend == "ray" else "generator_unordered"
    try:
        yield from Parallel(return_as=return_as, batch_size=1, max_nbytes=None)(tasks)
    except TerminatedWorkerError:
        raise ChildProcessError(
            "a process was killed while it worked, often by the system because memory is short; fewer --jobs need less"
        ) from None


@contextmanager
def dismissing() -> Iterator[None]:
    """Ends the processes at the end of the block; else they would wait some minutes for further tasks."""
    try:
        yield
    finally:
        executor = reusable_executor._executor
        if executor is not None:
            executor.terminate(kill_workers=True)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that begin in the block look for modules where this one does, and not in the working folder first."""
    before = os.environ.get(SAFE)
    os.environ[SAFE] = "1"
    try:
        yield
    finally:
        os.environ.pop(SAFE)
        if before is not None:
            os.environ[SAFE] = before


def _follow(parent: int, is_safe: bool) -> None:
    """Sets up a new process: it leaves Ctrl-C to its parent, and ends when its parent has ended."""
    if not is_safe:  # processes that it begins itself look for modules as usual
        os.environ.pop(SAFE, None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tqdm.set_lock(RLock())  # tqdm's own lock is shared by all processes, and stays locked where one is killed
    Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(1)
