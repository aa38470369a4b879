"""A log of Parquet files that is larger than memory: numbered by DuckDB, which streams and spills to disk.

Of the engines tried on 50 million rows DuckDB was the fastest and took the least memory; the others were Polars and
PyArrow. It has no opinion on what a code, a customer or a date is: it finds the distinct cells, and puts in their place
what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from selflearn_env.scratch import scratch_folder
from selflearn_env.shop.reading import tables
from selflearn_env.shop.reading.columns import find_columns
from selflearn_env.shop.reading.tables import check_kind, plain_kind

MEMORY = "1GB"  # of DuckDB; what does not fit goes to disk
ROW = "file_row_number"  # what the engine calls the number of a row in its file


@contextmanager
def open_parquet(name: str, files: list[Path], columns: str | Mapping[str, str]) -> Iterator[Parquet]:
    """Parquet files as one log, in the order given; as long as the context lasts.

    Args:
        name: what to call the file, or the folder of the files.
        files: the files.
        columns: as `find_columns` takes them.

    Raises:
        OSError: there is no room on disk for what does not fit in memory.
        ValueError: a file cannot be read, a column is missing, or has another type in one of the files.
    """
    with scratch_folder() as spill:
        engine = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(spill)})
        links = {file: _link(file, spill / f"{part}.parquet") for part, file in enumerate(files)}
        try:
            engine.execute("SET enable_progress_bar = false")  # it would appear in the output of whoever uses this
            yield Parquet(engine, name, links, columns)
        except (duckdb.InterruptException, RuntimeError) as error:
            if "interrupt" in str(error).lower():  # Ctrl-C, which the engine may have seen first
                raise KeyboardInterrupt from None
            raise
        except duckdb.ConversionException as error:
            raise ValueError(f"{name}: column 'time' is out of range: {str(error).splitlines()[0]}") from None
        except (duckdb.Error, pa.ArrowException, UnicodeDecodeError, OSError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in reason:
                raise OSError(
                    f"{name}: what does not fit in {MEMORY} of memory finds no room in {Path(spill).parent}; make room "
                    f"there, or set TMPDIR to another folder: {reason}"
                ) from None
            broken = next((file for file, link in links.items() if _is_broken(link)), name)
            for file, link in links.items():
                reason = reason.replace(link, str(file))
            raise ValueError(f"{broken}: cannot be read as parquet: {reason}") from None
        finally:
            engine.close()


class Parquet:
    """The files as one table `log` of an engine, with the canonical columns and the number of each row.

    A `Source`. The engine replaces each cell by what it means: by a cast, or by a table of all distinct cells, with
    the columns `found` (the cell in the file) and `means`.
    """

    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        name: str,
        links: Mapping[Path, str],
        columns: str | Mapping[str, str],
    ):
        self.name, self._engine = name, engine
        self.chosen: Mapping[str, str]
        self.found: Sequence[str]
        footers = {file: _footer(file) for file in links}
        footers = {file: footer for file, footer in footers.items() if footer.num_rows} or footers
        schemas = {file: footer.schema.to_arrow_schema() for file, footer in footers.items()}
        self.chosen, self.found, self.kinds = parquet_columns(schemas, columns, name)
        self.rows, self._files = 0, []
        for file, footer in footers.items():
            self._files.append(self._rows(file, schemas[file].names, links[file], self.rows))
            self.rows += footer.num_rows
        engine.execute(f"CREATE VIEW log AS {' UNION ALL '.join(self._files)}")
        self._found: dict[str, pa.ChunkedArray] = {}
        self.dropped: dict[str, int] = {}
        self.remarks: dict[str, str] = {}

    def label(self, row: int) -> int:
        """See `Source`; rows are counted through all files."""
        return row

    def distinct(self, column: str) -> pd.Series:
        """See `Source`."""
        is_floating = pa.types.is_floating(self.kinds[column])
        some = f"{column} IS NOT NULL" + (f" AND NOT isnan({column})" if is_floating else "")
        found = self._engine.sql(
            f"SELECT {column} AS value, min(row) AS row FROM log WHERE {some} GROUP BY ALL ORDER BY row"
        ).to_arrow_table()
        cells = self._found[column] = found["value"]
        if pa.types.is_timestamp(self.kinds[column]):  # the engine knows the moment, the file on which clock it was
            cells = cells.cast(self.kinds[column])
        return pd.Series(cells.to_pandas().array, found["row"].to_numpy(), name=column)

    def batches(self, means: Mapping[str, pa.Array | None]) -> Iterator[pa.RecordBatch]:
        """See `Source`."""
        expressions, joins = [], []
        for column, meaning in means.items():
            if meaning is None:
                kind = "TIMESTAMP" if column == "time" else "DOUBLE"
                expressions.append(f"log.{column}::{kind} AS {column}")
                continue
            self._engine.register("cells", pa.table({"found": self._found[column], "means": meaning}))
            self._engine.execute(f"CREATE TABLE {column}_cells AS FROM cells")
            expressions.append(f"{column}_cells.means AS {column}")
            joins.append(f"LEFT JOIN {column}_cells ON log.{column} = {column}_cells.found")
        self._found.clear()

        def stored() -> Iterator[pa.RecordBatch]:
            for rows in self._files:  # the engine keeps no order of itself, and a file is sorted sooner than all
                query = f"SELECT {', '.join(expressions)} FROM ({rows}) AS log {' '.join(joins)} ORDER BY row"
                yield from self._engine.sql(query).to_arrow_reader(tables.BATCH)

        return _evenly(stored(), tables.BATCH)

    def _rows(self, file: Path, names: list[str], link: str, begin: int) -> str:
        """The query for the rows of a file, numbered from `begin` on; its columns are known by their places."""
        if ROW in names:
            raise ValueError(f"{file}: a column called {ROW!r} cannot be read; rename it")
        places = ", ".join(f"c{place}" for place in range(len(names)))
        chosen = ", ".join(f"c{names.index(name)} AS {canonical}" for canonical, name in self.chosen.items())
        return f"SELECT {begin} + number AS row, {chosen} FROM {_read(link)} AS stored({places}, number)"


def parquet_columns(
    schemas: Mapping[Path, pa.Schema], columns: str | Mapping[str, str], source: str
) -> tuple[dict[str, str], list[str], dict[str, pa.DataType]]:
    """Canonical name -> name in the files, all names, and canonical name -> type, the same in all files.

    Raises:
        ValueError: a column is missing, is there twice, or has another type in one of the files, or only some have it.
    """
    first, whole = next(iter(schemas.items()))
    names = {file: str(file) if len(schemas) > 1 else source for file in schemas}
    chosen = find_columns(whole.names, columns, names[first])
    kinds: dict[str, pa.DataType] = {}
    for file, schema in schemas.items():
        name = names[file]
        for canonical, each in chosen.items():
            if schema.names.count(each) != 1:
                there = "is no column" if each not in schema.names else "are several columns"
                raise ValueError(f"{name}: there {there} {each!r}, but there is one in {first.name}")
            stored = plain_kind(schema.field(each).type)
            kind = check_kind(stored, name, canonical)
            empty = pa.types.is_null(schema.field(each).type)  # no cell has a value, so the column fits any type
            if canonical not in kinds or (not empty and kinds[canonical] == pa.null()):
                kinds[canonical] = pa.null() if empty else kind
            elif not empty and kind != kinds[canonical]:
                raise ValueError(
                    f"{name}: column {each!r} is {kind}, but {kinds[canonical]} in the files before; "
                    f"write all files with one type"
                )
        more = find_columns(schema.names, columns, name).keys() - chosen.keys()
        if more:  # which would get lost
            raise ValueError(f"{name}: there is a column for {min(more)!r}, but there is none in {first.name}")
    return chosen, whole.names, {canonical: plain_kind(kind) for canonical, kind in kinds.items()}


def _footer(file: Path) -> pa.parquet.FileMetaData:
    """What a file says of itself, read from a path that is no address to Arrow."""
    try:
        return pa.parquet.read_metadata(file.absolute())
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{file}: cannot be read as parquet: {str(error).splitlines()[0]}") from None


def _read(link: str) -> str:
    """The table of a file for the engine: its columns, and the number of each row."""
    quoted = link.replace("'", "''")
    return f"read_parquet('{quoted}', {ROW} = true, hive_partitioning = false)"


def _is_broken(link: str) -> bool:
    """Whether the engine, which does not say which file it fails at, fails at this one."""
    with duckdb.connect() as engine:
        try:
            engine.execute(f"SELECT max(hash(COLUMNS(*))) FROM {_read(link)}")
        except duckdb.Error:
            return True
    return False


def _link(file: Path, link: Path) -> str:
    """A name under which the engine finds a file: names that it takes for patterns or addresses are none to it."""
    try:
        link.symlink_to(file.absolute())
    except OSError:  # a system without links
        return str(file.absolute())
    return str(link)


def _evenly(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of equal size, but for the last: sums must not depend on how a log is cut in files."""
    held: Any = []
    for batch in batches:
        held.append(batch)
        while sum(map(len, held)) >= rows:
            whole = pa.Table.from_batches(held)
            yield whole.slice(0, rows).combine_chunks().to_batches()[0]
            held = whole.slice(rows).to_batches()
    if sum(map(len, held)):
        yield pa.Table.from_batches(held).combine_chunks().to_batches()[0]
