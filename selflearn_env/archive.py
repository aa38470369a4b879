"""What is kept on disk: one zip of arrays with a JSON heading, no pickle, written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from textwrap import shorten
from typing import IO, Any, NamedTuple
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from selflearn_env.declared import Array, Sizes, about
from selflearn_env.scratch import FILE, scratch_file

HEADING, SUFFIX = "heading", ".npy"
LONGEST_HEADING = 2**26  # bytes
WORDS = 200  # characters of what somebody else says is wrong
CHUNK = 2**20  # bytes that are unpacked at once
# What goes wrong when content is not what was expected.
BROKEN: tuple[type[Exception], ...] = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, RuntimeError, MemoryError),
    *(BadZipFile, zlib.error, EOFError),
)

Declare = Callable[[dict[str, Any], list[str]], tuple[Mapping[str, Array | None], Sizes]]


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


def read_archive(
    path: Path, kind: str, version: int, declare: Declare | None = None, remedy: str = "make it anew"
) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """The heading and the arrays of a file that `write_archive` wrote.

    Each array is looked at before it is read: a small file may have one that fills the memory. Then it is read to its
    end, where its checksum stands, and gone through.

    Args:
        path: the file.
        kind: the `format` that it must have.
        version: the `version` that can be read.
        declare: gives what the arrays must be and which sizes are known, for the heading, which it checks, and the
            names of the arrays there; None where anything will do. An array that may be anything is declared as None.
        remedy: what to do about a broken file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is of another kind, is broken, or was written by another version of this package.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    with path.open("rb") as file, ExitStack() as stack:
        try:
            stored = stack.enter_context(ZipFile(file))
            members = _members(stored)
            heading = _heading(stored, members)
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
        with refusing(path, kind, remedy):
            declared, sizes = declare(heading, list(members)) if declare else (dict.fromkeys(members), {})
            strange = sorted(declared.keys() ^ members.keys())
            if strange:
                raise ValueError(f"{strange[0]} {'is missing' if strange[0] in declared else 'does not belong to it'}")
            forms = {}
            for name, array in declared.items():
                with about(name), stored.open(members[name]) as member:
                    form = forms[name] = _form(member, members[name])
                    if array is not None:
                        array.check_form(form.dtype, form.shape, sizes)
            arrays = {}
            for name, array in declared.items():
                with about(name):
                    arrays[name] = _read(stored, members[name], forms[name])
                    if array is not None:
                        array.check_content(arrays[name], sizes)
    return heading, arrays


def kind_of(path: Path) -> str:
    """The `format` of a file that `write_archive` wrote, of any version; empty for any other file."""
    try:
        with ZipFile(path) as stored:
            return str(_heading(stored, _members(stored))["format"])
    except Exception:  # as in `read_archive`
        return ""


@contextmanager
def refusing(where: Path | str, kind: str, remedy: str, other: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Says of whatever goes wrong with the content of a file, in one sentence, that the file is broken.

    Args:
        where: the file.
        kind: of it.
        remedy: what to do about it.
        other: errors of what reads it.

    Raises:
        ValueError: something went wrong.
    """
    try:
        yield
    except (*BROKEN, *other) as error:
        words = shorten(str(error), WORDS, placeholder=" ...") or type(error).__name__
        if not isinstance(error, ValueError):
            words = f"{type(error).__name__}: {words}"
        raise ValueError(f"{where}: a broken {kind.removeprefix('selflearn-')} file ({words}); {remedy}") from None


class _Form(NamedTuple):
    """What stands before an array."""

    shape: tuple[int, ...]
    by_columns: bool
    dtype: np.dtype


def _members(stored: ZipFile) -> dict[str, ZipInfo]:
    """The arrays of a zip by name.

    Raises:
        ValueError: it has something else, or two of one name.
    """
    members = {info.filename.removesuffix(SUFFIX): info for info in stored.infolist()}
    if len(members) < len(stored.infolist()) or not all(info.filename.endswith(SUFFIX) for info in members.values()):
        raise ValueError("not arrays with a name each")
    return members


def _heading(stored: ZipFile, members: dict[str, ZipInfo]) -> dict[str, Any]:
    """The heading, which is no member any more."""
    heading: dict[str, Any] = json.loads(_read(stored, members.pop(HEADING, None)).tobytes().decode("utf-8"))
    return heading


def _form(member: IO[bytes], info: ZipInfo) -> _Form:
    """Reads what stands before an array.

    Raises:
        ValueError: it cannot be an array, or one of objects, or the member is not as long as the array.
    """
    try:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ValueError("of another version")
        form = _Form(*np.lib.format.read_array_header_1_0(member))
    except Exception as error:  # numpy reads Python, and fails in as many ways
        raise ValueError(f"is no array ({shorten(str(error), WORDS, placeholder=' ...')})") from None
    size = math.prod(form.shape) * form.dtype.itemsize
    if form.dtype.hasobject or min(form.shape, default=0) < 0 or info.file_size != member.tell() + size:
        raise ValueError("is not an array of its length")
    return form


def _read(stored: ZipFile, info: ZipInfo | None, form: _Form | None = None) -> NDArray:
    """An array, of a form that is known or not, read to the end of its member, where the checksum is compared.

    Raises:
        ValueError: there is none, it is cut short, or goes on.
    """
    if info is None or (info.filename == f"{HEADING}{SUFFIX}" and info.file_size > LONGEST_HEADING):
        raise ValueError("there is no heading, or one without end")
    with stored.open(info) as member:
        if form is None:
            form = _form(member, info)
        array = np.empty(math.prod(form.shape), form.dtype)
        member.read(info.file_size - array.nbytes - member.tell())  # what stands before it, where it was read before
        room = array.view(np.uint8).data if array.nbytes else memoryview(b"")
        for at in range(0, len(room), CHUNK):
            part = member.read(min(CHUNK, len(room) - at))
            room[at : at + CHUNK] = part
        if member.read(1):
            raise ValueError("goes on behind its end")
    return array.reshape(form.shape[::-1]).T if form.by_columns else array.reshape(form.shape)


def as_bytes(heading: Mapping[str, Any]) -> NDArray[np.uint8]:
    """A heading as the array in which it is stored."""
    return np.frombuffer(json.dumps(heading).encode("utf-8"), dtype=np.uint8)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
