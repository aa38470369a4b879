"""Temporary files and folders. What a killed process leaves behind is removed by the next one that needs such a place.

Each is locked while it is used. The system removes the lock when the process ends, however it ends; so what has no lock
is not in use.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: there are no such locks, so nothing is removed
    fcntl = None  # type: ignore[assignment]

FOLDER, FILE = ".selflearn-", ".part"  # the beginning of folders' names, and the end of files' names


@contextmanager
def scratch_folder(beside: Path | None = None) -> Iterator[Path]:
    """An empty folder, removed at the end of the block.

    Args:
        beside: the folder in which it is made; by default the system's folder for temporary files.

    Raises:
        OSError: it cannot be made.
    """
    where = Path(tempfile.gettempdir()) if beside is None else beside
    _clear(where, FOLDER, "")
    while True:
        made = tempfile.TemporaryDirectory(prefix=FOLDER, dir=where, ignore_cleanup_errors=True)
        place = Path(made.name)
        with made, _locked(place) as is_own:
            if is_own:
                yield place
                return


@contextmanager
def scratch_file(path: Path) -> Iterator[IO[bytes]]:
    """A binary file in the folder of `path`, to be moved to `path`; removed at the end of the block if it was not.

    Args:
        path: where the file will be in the end.

    Raises:
        OSError: it cannot be made.
    """
    _clear(path.parent, f".{path.name}.", FILE)
    while True:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=FILE, delete=False) as file:
            place = Path(file.name)
            try:
                with _locked(place) as is_own:
                    if is_own:
                        yield file
                        return
            finally:
                place.unlink(missing_ok=True)


def lock(descriptor: int) -> bool:
    """Locks an open file or folder until it is closed, or the process ends.

    Args:
        descriptor: of the open file or folder, as `os.open` gives it.

    Returns:
        Whether it is locked; False where the system or the file system has no locks.

    Raises:
        BlockingIOError: another process has locked it.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks
        return False
    return True


@contextmanager
def _locked(place: Path) -> Iterator[bool]:
    """Locks what was just made; False where another process has just removed it, taking it for left behind."""
    try:
        descriptor = os.open(place, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    except OSError:  # a system that does not open folders
        yield True
        return
    try:
        try:
            lock(descriptor)
        except BlockingIOError:
            yield False
            return
        yield place.exists()
    finally:
        os.close(descriptor)


def _clear(where: Path, begin: str, end: str) -> None:
    """Removes what processes that have ended left behind."""
    for name in os.listdir(where):  # noqa: PTH208 -- the folder may hold very many others
        if not (name.startswith(begin) and name.endswith(end)):
            continue
        place = where / name
        with contextlib.suppress(OSError):  # somebody uses it, or has removed it
            descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            try:
                if lock(descriptor):
                    shutil.rmtree(place) if place.is_dir() else place.unlink()
            finally:
                os.close(descriptor)
