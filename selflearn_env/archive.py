"""What is kept on disk: one zip of arrays with a JSON heading, no pickle, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.scratch import FILE, scratch_file


@contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` when the block ends well, and vanishes when it does not.

    Raises:
        OSError: the folder does not exist or cannot be written to.
    """
    check_target(path)
    try:
        with scratch_file(path) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o666 & ~_umask())  # it is private; the finished one is like any other
            Path(file.name).replace(path)
    except OSError as error:
        if error.errno is None or not (error.filename is None or Path(error.filename).name.endswith(FILE)):
            raise
        raise type(error)(f"{path}: cannot be written: {error.strerror}") from None


def check_target(path: Path) -> None:
    """Sees that a file can take this place, before any long work.

    Raises:
        OSError: there is no such folder, or the place is taken by something that is no file.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: cannot be written: there is no folder {str(path.parent)!r}")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path}: cannot be written: it is there and is no file")


def write_archive(path: Path, heading: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> None:
    """Writes arrays under a heading, which says `format` and `version`.

    Raises:
        OSError: the file cannot be written.
    """
    with write_atomically(path) as file:
        np.savez_compressed(file, heading=as_bytes(heading), **arrays)  # type: ignore[arg-type]


def read_archive(path: Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """The heading and the arrays of a file that `write_archive` wrote.

    Args:
        path: the file.
        kind: the `format` that it must have.
        version: the `version` that can be read.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is of another kind, is broken, or was written by another version of this package.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    with path.open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            heading = json.loads(arrays.pop("heading").tobytes().decode("utf-8"))
            found_kind, found_version = heading["format"], int(heading["version"])
        except Exception as error:  # a damaged zip fails in many ways
            raise ValueError(f"{path}: not a {kind} file, or a broken one ({type(error).__name__})") from None
    if found_kind != kind:
        raise ValueError(f"{path}: not a {kind} file but {found_kind!r}")
    if found_version != version:
        way_out = "upgrade selflearn-env" if found_version > version else "make the file anew"
        raise ValueError(
            f"{path}: written in format {found_version}, this version of selflearn-env reads {version}; {way_out}"
        )
    return heading, arrays


def as_bytes(heading: Mapping[str, Any]) -> NDArray[np.uint8]:
    """A heading as the array in which it is stored."""
    return np.frombuffer(json.dumps(heading).encode("utf-8"), dtype=np.uint8)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
