"""Files and folders for a while, which do not outlive their process: what a killed one has left is removed by the next.

Each is locked while it is used. The system lets go of a lock when its process ends, however it ends.
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
except ImportError:  # another system, where nobody knows what was left
    fcntl = None  # type: ignore[assignment]

FOLDER, FILE = ".selflearn-", ".part"  # how names of folders begin, and names of files end


@contextmanager
def scratch_folder(beside: Path | None = None) -> Iterator[Path]:
    """An empty folder for as long as the block lasts.

    Args:
        beside: the folder that it is in; by default that of the system for temporary files.

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
    """A binary file beside `path`, to be moved there; what is left of it at the end of the block is removed.

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
    """Locks an open file or folder until it is closed, or the process ends; False where the system cannot do so.

    Raises:
        BlockingIOError: another one has locked it.
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
    """Locks what was just made; False where it was taken for left behind, in the moment before."""
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
    """Removes what processes have left that are no more."""
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
