"""Reading a log's needed columns from a file or a DataFrame, as they stand there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from python_calamine import CalamineError, CalamineWorkbook

from selflearn_env.shop.reading.columns import find_columns

NULLS = ["", "nan", "NaN", "null", "NULL", "None"]
PARQUET = (".parquet", ".pq")
FIRST_LINE = 2  # the first row of a table with a heading, as a person sees it in a spreadsheet

UNREADABLE = (
    *(pa.ArrowException, csv.Error, CalamineError),
    *(OSError, UnicodeDecodeError, json.JSONDecodeError),
)

Columns = str | Mapping[str, str]


def read_columns(source: str | Path | pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, str]:
    """The needed columns under their canonical names, indexed by what to call a row in an error, and the source's name.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: the source is no path and no DataFrame.
        ValueError: the file cannot be read as its ending says, or a column is missing.
    """
    if isinstance(source, pd.DataFrame):
        frame = source.rename(columns=str)
        return _chosen(
            frame, find_columns(list(frame.columns), columns, "the DataFrame"), "the DataFrame"
        ), "the DataFrame"
    if not isinstance(source, str | Path):
        raise TypeError(f"a log is a path or a DataFrame, got {type(source).__name__}")
    path = Path(source)
    reader, kind = _parquet, "parquet"
    if path.is_dir():
        parquet_parts(path)  # which says so where there are none
    else:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: there is no such file")
        readers = {".csv": _csv, ".txt": _csv, ".xlsx": _xlsx, ".parquet": _parquet, ".pq": _parquet}
        kind = path.suffix.lower()[1:]
        if path.suffix.lower() not in readers:
            raise ValueError(f"{path}: a log ends in {', '.join(readers)}, not {path.suffix!r}")
        reader = readers[path.suffix.lower()]
    try:
        return reader(path, columns), str(path)
    except UNREADABLE as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path}: cannot be read as {kind}: {reason}") from None


def is_parquet(source: Any) -> TypeGuard[str | Path]:
    """Whether a source is a Parquet file or a folder, which holds such files."""
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    return path.is_dir() or (path.is_file() and path.suffix.lower() in PARQUET)


def parquet_parts(path: Path) -> list[Path]:
    """A Parquet file, or those of a folder in the order of their names.

    Raises:
        FileNotFoundError: the folder has none.
    """
    if not path.is_dir():
        return [path]
    parts = sorted(part for part in path.iterdir() if part.suffix.lower() in PARQUET and part.is_file())
    if not parts:
        raise FileNotFoundError(f"{path}: the folder has no file that ends in {' or '.join(PARQUET)}")
    return parts


def _csv(path: Path, columns: Columns) -> pd.DataFrame:
    data = path.read_bytes()
    try:
        data.decode("utf-8")
        arrow_encoding, encoding = "utf8", "utf-8-sig"
    except UnicodeDecodeError:
        arrow_encoding = encoding = "latin1"
    heading = next(csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding, newline="")), [])
    chosen = find_columns(heading, columns, str(path))
    refuse_repeated(heading, chosen, str(path))
    names = list(dict.fromkeys(chosen.values()))
    table = pa.csv.read_csv(
        io.BytesIO(data),
        read_options=pa.csv.ReadOptions(encoding=arrow_encoding),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        # Everything as text: codes keep their zeros, and an unreadable number can be named with its row.
        convert_options=pa.csv.ConvertOptions(
            include_columns=names,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=NULLS,
            strings_can_be_null=True,
        ),
    )
    return _chosen(table.to_pandas(), chosen, str(path), FIRST_LINE)


def _parquet(path: Path, columns: Columns) -> pd.DataFrame:
    parts = parquet_parts(path)
    chosen, _ = parquet_columns(parts, columns, str(path))
    wanted = list(dict.fromkeys(chosen.values()))
    tables = []
    for part in parts:
        with pa.parquet.ParquetFile(part) as file:
            table = file.read(columns=wanted)
        tables.append(table.cast(pa.schema([(field.name, _plain(field.type)) for field in table.schema])))
    whole = pa.concat_tables(tables, promote_options="permissive")  # none but missing cells: no type
    return _chosen(whole.to_pandas(ignore_metadata=True), chosen, str(path))


def parquet_columns(parts: list[Path], columns: Columns, source: str) -> tuple[dict[str, str], dict[str, pa.DataType]]:
    """Canonical name -> name in the files, and -> type, of the columns that are there and the same in all parts.

    Raises:
        ValueError: a column is missing, is there twice, or has another type in one of the parts.
    """
    chosen: dict[str, str] = {}
    types: dict[str, pa.DataType] = {}
    for part in parts:
        schema = pa.parquet.read_schema(part)
        name = source if part == parts[0] else str(part)
        chosen = chosen or find_columns(schema.names, columns, name)
        missing = [each for each in chosen.values() if each not in schema.names]
        if missing:
            raise ValueError(f"{name}: there is no column {missing[0]!r}, but there is one in {parts[0].name}")
        refuse_repeated(schema.names, chosen, name)
        for canonical, each in chosen.items():
            kind = _plain(schema.field(each).type)
            known = types.setdefault(canonical, kind)
            if pa.types.is_null(known):  # no cell so far
                types[canonical] = kind
            elif kind != known and not pa.types.is_null(kind):
                raise ValueError(
                    f"{name}: column {each!r} is {kind}, but {known} in the parts before; write all with one type"
                )
    return chosen, types


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the cells, however they are stored."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


def _xlsx(path: Path, columns: Columns) -> pd.DataFrame:
    """The rows of every sheet that has the columns; a large log is spread over several."""
    parts: list[pd.DataFrame] = []
    refused: dict[str, tuple[list[str], ValueError]] = {}
    with CalamineWorkbook.from_path(path) as workbook:
        for name in workbook.sheet_names:
            first, *rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) or [[]]
            heading = [str(cell) for cell in first]
            try:
                chosen = find_columns(heading, columns, f"{path}, sheet {name!r}")
            except ValueError as error:
                refused[name] = heading, error
                continue
            frame = pd.DataFrame(rows, columns=heading, dtype=object)
            part = _chosen(frame.mask(frame.isin(NULLS), None), chosen, str(path), FIRST_LINE)
            if parts:
                part.index = pd.Index([f"{row} of sheet {name!r}" for row in part.index])
            parts.append(part)
            log_heading = set(chosen.values())
    for heading, complaint in refused.values():
        # A sheet of notes is no part of the log; one with some of the log's columns may be, and must not get lost.
        if not parts or log_heading.intersection(heading):
            raise complaint
    if not parts:
        raise ValueError(f"{path}: the workbook has no sheets")
    return pd.concat(parts).infer_objects()


def _chosen(frame: pd.DataFrame, chosen: Mapping[str, str], source: str, first: int = 0) -> pd.DataFrame:
    refuse_repeated(list(frame.columns), chosen, source)
    index = pd.RangeIndex(first, first + len(frame))
    return pd.DataFrame({canonical: frame[name].array for canonical, name in chosen.items()}, index=index)


def refuse_repeated(heading: Sequence[str], chosen: Mapping[str, str], source: str) -> None:
    """Raises ValueError where a chosen column is not the only one of its name."""
    twice = [name for name in chosen.values() if heading.count(name) > 1]
    if twice:
        raise ValueError(f"{source}: several columns are called {twice[0]!r}; rename all but one")
