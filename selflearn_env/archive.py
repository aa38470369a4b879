"""The files of this package: a zip of arrays with a JSON heading, without pickle, written whole or not at all."""

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
WORDS = 200  # characters of an error of another library that a message quotes
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
    """Checks that a file can be written here, before any long work.

    Raises:
        OSError: there is no such folder, or a folder or device has this path.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: cannot be written: there is no folder {str(path.parent)!r}")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path}: cannot be written: there is something that is no file; name another path")


def write_archive(path: Path, heading: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> None:
    """Writes arrays with a heading.

    Args:
        path: the file.
        heading: what JSON can hold; its `format` (a text) and `version` (a whole number) say what can read the file.
        arrays: by name.

    Raises:
        OSError: the file cannot be written.
    """
    with write_atomically(path) as file:
        np.savez_compressed(file, heading=as_bytes(heading), **arrays)  # type: ignore[arg-type]


def read_archive(
    path: Path, kind: str, version: int, declare: Declare | None = None, remedy: str = "make it anew"
) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """The heading and the arrays of a file that `write_archive` wrote.

    Type and shape of each array are checked before it is read, since a small file may declare one that fills the
    memory. Then it is read to its end, where its checksum is, and its content is checked.

    Args:
        path: the file.
        kind: the `format` that it must have.
        version: the `version` that can be read.
        declare: called with the heading and the names of the arrays that are there. It checks the heading, and returns
            what each array must be like (None for an array that may be anything), and the sizes known from the heading.
            None where the heading and all arrays may be anything.
        remedy: what the user should do about a broken file, for messages.

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
            raise ValueError(f"{path}: not a {kind} file, or a broken one ({type(error).__name__}); {remedy}") from None
        if found_kind != kind:
            raise ValueError(f"{path}: not a {kind} file but {found_kind!r}; give another file")
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
    """Turns whatever goes wrong in the block into one sentence: that the file is broken, how, and what to do.

    Args:
        where: the file.
        kind: its `format`.
        remedy: what the user should do about it.
        other: further types of errors that mean a broken file, such as those of another library.

    Raises:
        ValueError: one of `BROKEN` or `other` was raised in the block.
    """
    try:
        yield
    except (*BROKEN, *other) as error:
        words = shorten(str(error), WORDS, placeholder=" ...") or type(error).__name__
        if not isinstance(error, ValueError):
            words = f"{type(error).__name__}: {words}"
        raise ValueError(f"{where}: a broken {kind.removeprefix('selflearn-')} file ({words}); {remedy}") from None


class _Form(NamedTuple):
    """Shape, order and type of an array, as the lines before its numbers say."""

    shape: tuple[int, ...]
    by_columns: bool
    dtype: np.dtype


def _members(stored: ZipFile) -> dict[str, ZipInfo]:
    """The arrays of a zip by name.

    Raises:
        ValueError: it holds something that is no array, or two arrays of one name.
    """
    members = {info.filename.removesuffix(SUFFIX): info for info in stored.infolist()}
    if len(members) < len(stored.infolist()) or not all(info.filename.endswith(SUFFIX) for info in members.values()):
        raise ValueError("not arrays with a name each")
    return members


def _heading(stored: ZipFile, members: dict[str, ZipInfo]) -> dict[str, Any]:
    """The heading; it is taken out of `members`."""
    heading: dict[str, Any] = json.loads(_read(stored, members.pop(HEADING, None)).tobytes().decode("utf-8"))
    return heading


def _form(member: IO[bytes], info: ZipInfo) -> _Form:
    """Reads shape, order and type of an array, which stand before its numbers.

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
        raise ValueError("is not as long as its shape says")
    return form


def _read(stored: ZipFile, info: ZipInfo | None, form: _Form | None = None) -> NDArray:
    """An array, read to the end of its member, where the checksum is compared; without `form`, that is read first.

    Raises:
        ValueError: there is none, it is cut short, or goes on.
    """
    if info is None or (info.filename == f"{HEADING}{SUFFIX}" and info.file_size > LONGEST_HEADING):
        raise ValueError("there is no heading, or one that is too long")
    with stored.open(info) as member:
        if form is None:
            form = _form(member, info)
        array = np.empty(math.prod(form.shape), form.dtype)
        member.read(info.file_size - array.nbytes - member.tell())  # passes over the form where it was read before
        room = array.view(np.uint8).data if array.nbytes else memoryview(b"")
        for at in range(0, len(room), CHUNK):
            part = member.read(min(CHUNK, len(room) - at))
            room[at : at + CHUNK] = part
        if member.read(1):
            raise ValueError("goes on after its end")
    return array.reshape(form.shape[::-1]).T if form.by_columns else array.reshape(form.shape)


def as_bytes(heading: Mapping[str, Any]) -> NDArray[np.uint8]:
    """A heading as the array in which it is stored."""
    return np.frombuffer(json.dumps(heading).encode("utf-8"), dtype=np.uint8)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
