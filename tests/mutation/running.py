"""Runs tests against a mutant in a process of its own, which begins with the heavy libraries imported."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from math import ceil
from pathlib import Path
from types import CodeType

import pytest

from tests.mutation.mutants import Mutant

SECONDS = 40.0  # what importing, collecting and compiling may take
MEMORY = 8 * 2**30  # a mutant may ask for any
ROOTS = ("agents/", "")
OUTCOMES = {0: "survived", 1: "killed"}


def preload() -> None:
    """Imports what takes seconds and is no part of the project."""
    import duckdb  # noqa: F401
    import gymnasium  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import numba  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scipy.optimize
    import scipy.stats  # noqa: F401

    assert not any(name.startswith("selflearn") for name in sys.modules)


def outcome(mutant: Mutant | None, tests: Sequence[str], seconds: float) -> tuple[str, str]:
    """Whether tests notice a mutant: "killed", "timeout" or "survived"; and which test. With None nothing is changed.

    `seconds` is what the tests take when nothing is changed. A mutant gets three times as much of a processor, which
    may be busy.
    """
    with tempfile.TemporaryDirectory() as folder:
        failed, most = Path(folder) / "failed", 3.0 * seconds + SECONDS
        process = os.fork()
        if process == 0:
            os._exit(_run(mutant, tests, failed, ceil(most)))
        said = _awaited(process, 10.0 * most)
        return said, failed.read_text() if failed.exists() else ""


def _awaited(process: int, seconds: float) -> str:
    end = time.monotonic() + seconds
    while (done := os.waitpid(process, os.WNOHANG))[0] == 0:
        if time.monotonic() > end:
            _end(process)
            os.waitpid(process, 0)
            return "timeout"
        time.sleep(0.02)
    _end(process)  # what it has started
    if os.WIFSIGNALED(done[1]) and os.WTERMSIG(done[1]) == signal.SIGXCPU:
        return "timeout"
    return OUTCOMES.get(done[1] >> 8 if os.WIFEXITED(done[1]) else 1, "killed")


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _run(mutant: Mutant | None, tests: Sequence[str], failed: Path, seconds: int) -> int:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    silent = os.open(os.environ.get("MUTANT_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    if mutant is not None:
        changed = Changed(mutant)
        sys.meta_path.insert(0, changed)
        _compile_anew(changed)
    options = ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={failed.with_name('t')}"]
    return pytest.main([*options, *tests], plugins=[Failed(failed)])


class Failed:
    """Writes down which test failed."""

    def __init__(self, path: Path):
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._path.write_text(report.nodeid)


def _compile_anew(changed: Changed) -> None:
    """Keeps numba from its cache for the loops of a module and of those that import it: no file is changed.

    Indexes are checked, so that a wrong one is an error and not a look at other memory.
    """
    from numba import config
    from numba.core.dispatcher import Dispatcher

    config.BOUNDSCHECK = 1
    enable = Dispatcher.enable_caching

    def enable_elsewhere(self: Dispatcher) -> None:
        path = Path(self.py_func.__code__.co_filename)
        if path.is_file() and path != Path(changed.path) and f"from {changed.name} import" not in path.read_text():
            enable(self)

    Dispatcher.enable_caching = enable_elsewhere


class Changed(SourceFileLoader):
    """Finds and loads one module from the text of a mutant, others as ever."""

    def __init__(self, mutant: Mutant):
        root = next(root for root in ROOTS if mutant.path.as_posix().startswith(root))
        name = mutant.path.as_posix().removeprefix(root).removesuffix(".py").replace("/", ".")
        super().__init__(name.removesuffix(".__init__"), str(mutant.path.absolute()))
        self._text = mutant.source

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec")
