"""Tasks side by side, in processes that end with the one that asked for them."""

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
    """Where `side_by_side` finds its processes.

    Args:
        jobs: how many.
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
    """The results, each as soon as it is there where the backend can.

    Args:
        tasks: calls, as `joblib.delayed` makes them.
        backend: of the `workers`.

    Raises:
        ChildProcessError: a process was ended by somebody else.
        Exception: what the first task that failed has raised.
    """
    # Arrays go through the pipe: joblib's files for large ones are waited for at the end, a second long.
    return_as = "list" if backend == "ray" else "generator_unordered"
    try:
        yield from Parallel(return_as=return_as, batch_size=1, max_nbytes=None)(tasks)
    except TerminatedWorkerError:
        raise ChildProcessError(
            "a process was killed while it worked, by the system if memory is short; fewer --jobs need less"
        ) from None


@contextmanager
def dismissing() -> Iterator[None]:
    """At the end of the block no process is left to wait for further tasks, as they do for some minutes."""
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
    """Begins a process: Ctrl-C is its parent's to answer, and it ends when its parent is no more."""
    if not is_safe:  # what it begins itself is as ever
        os.environ.pop(SAFE, None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tqdm.set_lock(RLock())  # its own is one of all processes, which is left behind where they are killed
    Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(1)
