"""What commands write: files that are whole or not there, and a manifest that says what made them."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from selflearn_env.archive import check_target, write_atomically
from selflearn_env.scratch import lock, scratch_folder

PACKAGES = ("selflearn-env", "gymnasium", "numba", "numpy", "pandas", "pyarrow", "scipy", "matplotlib")


MANIFEST, LOCK = "manifest.json", ".lock"

_held: dict[Path, IO[str]] = {}  # lock files, by their folder


def folder(path: Path) -> Path:
    """Makes the folder of --out, and locks it so that only this process writes there, before any long work.

    Returns:
        The path.

    Raises:
        BlockingIOError: another process writes there.
        OSError: the folder cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FileExistsError(f"{path}: is a file; name a folder to write to") from None
    except OSError as error:
        raise type(error)(f"{path}: cannot be made: {error.strerror}") from None
    try:
        _hold(path.resolve())
    except OSError as error:
        if error.errno is None:
            raise
        raise type(error)(f"{path}: cannot be written to: {error.strerror}") from None
    return path


def _hold(path: Path) -> None:
    """Locks a folder for this process, until `letting_go` ends."""
    if path in _held:
        return
    place = path / LOCK
    while True:
        file = place.open("a+", encoding="utf-8")
        try:
            lock(file.fileno())
        except BlockingIOError:
            with file:
                file.seek(0)
                other = file.read().strip() or "another process"
            raise BlockingIOError(
                f"{path}: {other} writes there; wait until it has finished, or name another folder"
            ) from None
        if place.exists() and os.path.samestat(place.stat(), os.fstat(file.fileno())):
            break
        file.close()  # the other process has just ended, and removed it
    file.truncate(0)
    print(f"process {os.getpid()} on {platform.node()}", file=file, flush=True)
    _held[path] = file


@contextmanager
def letting_go() -> Iterator[None]:
    """At the end of the block, unlocks the folders that this process has locked in it."""
    try:
        yield
    finally:
        while _held:
            path, file = _held.popitem()
            with file, contextlib.suppress(OSError):
                (path / LOCK).unlink()


@contextmanager
def outputs(out: Path, options: argparse.Namespace | None = None) -> Iterator[Path]:
    """A temporary folder for the files of a command; they are moved to `out` if the block ends well.

    The old manifest is removed first and the new one is moved last. So a manifest always describes the files beside it.

    Args:
        out: the folder for the files.
        options: of the command; a path among them is something that it reads, and is not replaced. None where it
            is given no path.

    Raises:
        OSError: a file cannot be written, or would replace what is read; if that is found before the files are moved,
            `out` is left as it was.
    """
    read = {path.resolve() for path in vars(options or argparse.Namespace()).values() if isinstance(path, Path)}
    with scratch_folder(out) as new:
        try:
            yield new
        except OSError as error:  # the user knows --out, not the temporary folder
            raise type(error)(str(error).replace(str(new), str(out))) from None
        made = sorted(new.iterdir(), key=lambda path: (path.name == MANIFEST, path.name))
        for path in made:
            check_target(out / path.name)
            if (out / path.name).resolve() in read:
                raise FileExistsError(f"{out / path.name} would be overwritten, and is read; name another --out")
        (out / MANIFEST).unlink(missing_ok=True)
        for path in made:
            path.replace(out / path.name)


@contextmanager
def kept_in(place: Path) -> Iterator[None]:
    """For work whose finished parts are kept in `place`: if it is stopped or fails, the message says how to go on."""
    hint = f"what is finished is kept in {place}, and the same command goes on from there"
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(hint) from None
    except OSError as error:
        error.add_note(f"({hint})")
        raise


def write_text(path: Path, text: str) -> None:
    """Writes a text whole or not at all."""
    with write_atomically(path) as file:
        file.write(text.encode("utf-8"))


def options_text(options: argparse.Namespace) -> str:
    """The environment and its options, as a heading."""
    return ", ".join([options.env, *(f"{name}={value}" for name, value in options.option)])


def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    return {name: version(name) for name in PACKAGES}


def manifest(options: argparse.Namespace, **figures: Any) -> str:
    """What made a result: versions, machine, time and options, and the figures that came out; as JSON."""
    content = {
        "command": options.command,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "versions": versions(),
        "options": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(options).items()
            if name != "command"
        },
        **figures,
    }
    return json.dumps(_finite(content), indent=2, default=str, allow_nan=False) + "\n"


def _finite(content: Any) -> Any:
    """The content with null for NaN and infinite numbers, which JSON does not have."""
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
