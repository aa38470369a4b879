"""What a source of a log is: a file by its ending, a folder of Parquet files, a data frame or an Arrow table."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

import pandas as pd
import pyarrow as pa

from selflearn_env.shop.reading.delimited import read_delimited
from selflearn_env.shop.reading.options import Reading
from selflearn_env.shop.reading.tables import Source, Table, table_of
from selflearn_env.shop.reading.workbooks import read_workbook

TEXT, WORKBOOK, PARQUET, PACKED = (".csv", ".tsv", ".txt"), (".xlsx",), (".parquet", ".pq"), (".gz", ".zip")
ENDINGS = (*TEXT, *WORKBOOK, *PARQUET, *PACKED)
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
        path = Path(source)
        if path.is_dir():
            files, hidden = parquet_parts(path)
        elif not path.is_file():
            raise FileNotFoundError(f"{path}: there is no such file")
        elif path.suffix.lower() in PARQUET:
            files, hidden = [path], 0
        else:
            yield _read(path, reading)
            return
        from selflearn_env.shop.reading.parquet import open_parquet  # the engine is imported only where it is needed

        with open_parquet(path, files, reading.columns) as log:
            if hidden:
                log.remarks["hidden files"] = f"{hidden} in the folder, not read"
            yield log
        return
    if not isinstance(source, pd.DataFrame) and not hasattr(source, "__arrow_c_stream__"):
        raise TypeError(f"a log is a path, a DataFrame or an Arrow table, got {type(source).__name__}")
    name = "the DataFrame" if isinstance(source, pd.DataFrame) else "the table"
    yield table_of(source, name, reading.columns)


def parquet_parts(folder: Path) -> tuple[list[Path], int]:
    """The Parquet files of a folder in the order of their names, and how many hidden files there are beside them.

    Raises:
        FileNotFoundError: the folder has none.
        ValueError: the folder has something beside them that may belong to the log and would get lost.
    """
    entries = sorted(folder.iterdir())
    shown = [entry for entry in entries if not entry.name.startswith((".", "_"))]  # not what a writer keeps for itself
    parts = [entry for entry in shown if entry.suffix.lower() in PARQUET and not entry.is_dir()]
    if not parts:
        raise FileNotFoundError(f"{folder}: the folder has no file that ends in {' or '.join(PARQUET)}")
    for entry in shown:
        if entry.is_dir() and any(inner.suffix.lower() in PARQUET for inner in entry.rglob("*")):
            raise ValueError(f"{entry}: the folder has a folder with Parquet files; put all parts in one folder")
        if not entry.exists():
            raise ValueError(f"{entry}: a link to a file that is not there; mend or remove it")
        if entry.suffix.lower() in (*TEXT, *WORKBOOK, *PACKED):
            raise ValueError(f"{entry}: stands in a folder of Parquet files and would not be read; move it away")
    return parts, len(entries) - len(shown)


def _read(path: Path, reading: Reading) -> Table:
    try:
        inner, data = _unpacked(path)
        ending = inner.suffix.lower()
        if ending in WORKBOOK:
            return read_workbook(data, str(path), reading.columns)
        for magic, what in OTHERS.items():
            if data.startswith(magic):
                raise ValueError(f"{path}: {what}")
        return read_delimited(data, str(path), reading)
    except (EOFError, OSError, pa.ArrowException, zipfile.BadZipFile, json.JSONDecodeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path}: cannot be read as {path.suffix.lower()[1:]}: {reason}") from None


def _unpacked(path: Path) -> tuple[PurePath, bytes]:
    """The name and the bytes of a file, or of what it packs."""
    name, data = PurePath(path.name), path.read_bytes()
    if name.suffix.lower() == ".gz":
        name, data = PurePath(name.stem), gzip.decompress(data)
        name = name if name.suffix else PurePath(f"{name}.csv")
    elif name.suffix.lower() == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            inside = [each for each in packed.namelist() if not each.endswith("/") and "__MACOSX/" not in each]
            if len(inside) != 1:
                raise ValueError(f"{path}: holds {len(inside)} files, not one; unpack it and give the one to read")
            name, data = PurePath(inside[0]), packed.read(inside[0])
    elif name.suffix.lower() in (*TEXT, *WORKBOOK):
        return name, data
    else:
        raise ValueError(f"{path}: a log ends in {', '.join(ENDINGS)}, not {name.suffix!r}")
    if name.suffix.lower() not in TEXT:
        raise ValueError(f"{path}: packs {name.name!r}; only {', '.join(TEXT)} are read packed; unpack it first")
    return name, data
