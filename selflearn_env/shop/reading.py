"""Reading a log's needed columns from a file or a DataFrame, as they stand there."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from selflearn_env.shop.columns import find_columns

NULLS = ["", "nan", "NaN", "null", "NULL", "None"]


def read_columns(source: str | Path | pd.DataFrame, columns: str | Mapping[str, str]) -> tuple[pd.DataFrame, str, int]:
    """The needed columns under their canonical names, what to call the source, and the row number of its first row.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: the source is no path and no DataFrame.
        ValueError: the file cannot be read as its ending says, or a column is missing.
    """
    if isinstance(source, pd.DataFrame):
        chosen = find_columns([str(name) for name in source.columns], columns, "the DataFrame")
        return _renamed(source.rename(columns=str), chosen), "the DataFrame", 0
    if not isinstance(source, str | Path):
        raise TypeError(f"a log is a path or a DataFrame, got {type(source).__name__}")
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    readers = {".csv": _csv, ".txt": _csv, ".xlsx": _xlsx, ".parquet": _parquet, ".pq": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: a log ends in {', '.join(readers)}, not {path.suffix!r}")
    try:
        # The first row of a table with a heading is line 2, as a person sees it in a spreadsheet.
        return reader(path, columns), str(path), 0 if reader is _parquet else 2
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: cannot be read as {path.suffix.lower()[1:]}: {_first_line(error)}") from None


def _csv(path: Path, columns: str | Mapping[str, str]) -> pd.DataFrame:
    data = path.read_bytes()
    try:
        data.decode("utf-8")
        encoding = "utf8"
    except UnicodeDecodeError:
        encoding = "latin1"
    read = pa.csv.ReadOptions(encoding=encoding)
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    heading = pd.read_csv(io.BytesIO(data), nrows=0, encoding="utf-8-sig" if encoding == "utf8" else encoding).columns
    chosen = find_columns(list(heading), columns, str(path))
    names = list(dict.fromkeys(chosen.values()))
    # Everything as text: codes keep their zeros, and an unreadable number can be named with its row.
    convert = pa.csv.ConvertOptions(
        include_columns=names,
        column_types=dict.fromkeys(names, pa.string()),
        null_values=NULLS,
        strings_can_be_null=True,
    )
    table = pa.csv.read_csv(io.BytesIO(data), read_options=read, parse_options=parse, convert_options=convert)
    return _renamed(table.to_pandas(), chosen)


def _parquet(path: Path, columns: str | Mapping[str, str]) -> pd.DataFrame:
    with pa.parquet.ParquetFile(path) as file:
        chosen = find_columns(file.schema_arrow.names, columns, str(path))
        return _renamed(file.read(columns=list(dict.fromkeys(chosen.values()))).to_pandas(), chosen)


def _xlsx(path: Path, columns: str | Mapping[str, str]) -> pd.DataFrame:
    try:
        frame = pd.read_excel(path, engine="calamine")
    except Exception as error:  # the reader has its own exception types, and none of them is public
        raise ValueError(f"{path}: cannot be read as a workbook: {_first_line(error)}") from None
    return _renamed(frame, find_columns([str(name) for name in frame.columns], columns, str(path)))


def _renamed(frame: pd.DataFrame, chosen: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({canonical: frame[name].array for canonical, name in chosen.items()})


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
