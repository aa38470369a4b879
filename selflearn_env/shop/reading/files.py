"""Opens a source of a log: a file by its ending, a folder of Parquet files, a data frame or an Arrow table."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO, Any

import pandas as pd
import pyarrow as pa

from selflearn_env.shop.reading.delimited import read_delimited
from selflearn_env.shop.reading.options import Reading
from selflearn_env.shop.reading.tables import Source, Table, table_of
from selflearn_env.shop.reading.workbooks import read_workbook

TEXT, WORKBOOK, PARQUET, PACKED = (".csv", ".tsv", ".txt"), (".xlsx",), (".parquet", ".pq"), (".gz", ".zip")
EXPANDED = 100  # a packed file that unpacks to more than so many times its size is no log
ENDINGS = (*TEXT, *WORKBOOK, *PARQUET, *PACKED)
DAMAGE = (EOFError, OSError, RuntimeError, pa.ArrowException, zipfile.BadZipFile, zlib.error, json.JSONDecodeError)
OTHERS = {
    b"\x1f\x8b": "is packed: call it .csv.gz",
    b"PK\3\4": "is a zip or a workbook: call it .zip or .xlsx",
    b"PAR1": "is Parquet: call it .parquet",
}


@contextmanager
def open_source(source: Any, reading: Reading) -> Iterator[Source]:
    """The canonical columns of a source, as long as the context lasts.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: the source is none of the kinds.
        ValueError: the file cannot be read as its ending says, or a column is missing.
    """
    if isinstance(source, str | Path):
        path, beside = Path(source), dict[str, str]()
        if path.is_dir():
            files, beside = parquet_parts(path)
        elif not path.is_file():
            raise FileNotFoundError(f"{_shown(path)}: there is no such file")
        elif path.suffix.lower() in PARQUET:
            files = [path]
        else:
            yield _read(path, reading)
            return
        from selflearn_env.shop.reading.parquet import open_parquet  # the engine is imported only where it is needed

        with open_parquet(_shown(path), files, reading.columns) as log:
            log.remarks |= beside
            yield log
        return
    if not isinstance(source, pd.DataFrame) and not hasattr(source, "__arrow_c_stream__"):
        raise TypeError(f"a log is a path, a DataFrame or an Arrow table, got {type(source).__name__}")
    name = "the DataFrame" if isinstance(source, pd.DataFrame) else "the table"
    yield table_of(source, name, reading.columns)


def parquet_parts(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """The Parquet files of a folder in the order of their names, and remarks on the files beside them.

    Raises:
        FileNotFoundError: the folder has none.
        ValueError: the folder has something beside them that may belong to the log and would get lost.
    """
    entries = sorted(folder.iterdir())
    shown = [entry for entry in entries if not entry.name.startswith((".", "_"))]  # not what a writer keeps for itself
    parts = [entry for entry in shown if entry.suffix.lower() in PARQUET and entry.is_file()]
    others = [entry for entry in shown if entry not in parts]
    for entry in others:
        if entry.is_dir():
            if any(inner.suffix.lower() in PARQUET for inner in entry.rglob("*")):
                raise ValueError(f"{entry}: the folder has a folder with Parquet files; put all parts in one folder")
        elif not entry.is_file():
            raise ValueError(f"{entry}: a link to a file that is not there, or no file; remove it, or mend the link")
        elif parts and {suffix.lower() for suffix in entry.suffixes}.intersection(
            (*PARQUET, *TEXT, *WORKBOOK, *PACKED)
        ):
            raise ValueError(f"{entry}: stands in a folder of Parquet files and would not be read; move it away")
    if not parts:
        raise FileNotFoundError(f"{folder}: the folder has no file that ends in {' or '.join(PARQUET)}")
    remarks = {"hidden files": f"{len(entries) - len(shown)} in the folder, not read"} if shown != entries else {}
    if others:
        remarks["other files"] = f"{len(others)} in the folder, not read, such as {others[0].name!r}"
    return parts, remarks


def _read(path: Path, reading: Reading) -> Table:
    try:
        inner, data = _unpacked(path)
        ending = inner.suffix.lower()
        if ending in WORKBOOK:
            return read_workbook(data, _shown(path), reading.columns)
        for magic, what in OTHERS.items():
            if data.startswith(magic):
                raise ValueError(f"{path}: {what}")
        return read_delimited(data, _shown(path), reading)
    except DAMAGE as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path}: cannot be read as {path.suffix.lower()[1:]}: {reason}") from None


def _unpacked(path: Path) -> tuple[PurePath, bytes]:
    """The name and the bytes of a file, or of what it packs."""
    name, data = PurePath(path.name), path.read_bytes()
    if name.suffix.lower() == ".gz":
        name, data = PurePath(name.stem), _expanded(gzip.GzipFile(fileobj=io.BytesIO(data)), len(data))
        name = name if name.suffix else PurePath(f"{name}.csv")
    elif name.suffix.lower() == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            inside = [each for each in packed.namelist() if not each.endswith("/") and "__MACOSX/" not in each]
            if len(inside) != 1:
                raise ValueError(f"{path}: holds {len(inside)} files, not one; unpack it and give the one to read")
            name, data = PurePath(inside[0]), _expanded(packed.open(inside[0]), len(data))
    elif name.suffix.lower() in (*TEXT, *WORKBOOK):
        return name, data
    else:
        known = ", ".join(ENDINGS)
        raise ValueError(
            f"{path}: a log ends in {known}, not {name.suffix!r}; save it as one of them, or give it as a DataFrame"
        )
    if name.suffix.lower() not in TEXT:
        raise ValueError(f"{path}: packs {name.name!r}; only {', '.join(TEXT)} are read packed; unpack it first")
    return name, data


def _shown(path: Path) -> str:
    """A path in a message, which has one line."""
    return str(path) if str(path).isprintable() else repr(str(path))


def _expanded(packed: IO[bytes] | gzip.GzipFile, size: int) -> bytes:
    """(bytes) What a packed file of `size` bytes holds; a few bytes may unpack to more than the memory holds."""
    most = max(2**28, EXPANDED * size)
    with packed:
        data = packed.read(most + 1)
    if len(data) > most:
        raise OSError(f"it unpacks to more than {most >> 20:,} MB, {EXPANDED} times its size; unpack it first")
    return data
