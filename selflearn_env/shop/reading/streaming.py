"""A log of Parquet files that is larger than memory: numbered by DuckDB, which streams and spills to disk.

Of the engines tried on 50 million rows DuckDB was the fastest and took the least memory; the others were Polars and
PyArrow. It has no opinion on what a code, a customer or a date is: its distinct values are cleaned by the functions
that clean a log in memory, so that both ways give the same shop, but for the last digits of sums of money: those of a
large log are added up batch by batch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from selflearn_env.shop.reading.cleaning import (
    LARGEST,
    clean_codes,
    clean_customers,
    clean_numbers,
    clean_texts,
    clean_times,
)
from selflearn_env.shop.reading.columns import NEEDED
from selflearn_env.shop.reading.files import UNREADABLE, parquet_columns, parquet_parts
from selflearn_env.shop.reading.ledger import Entries, Ledger
from selflearn_env.shop.reading.memory import give_back

MEMORY = "1GB"  # of DuckDB; what does not fit goes to disk
BATCH = 1_000_000  # rows taken over at once
ROW = "file_row_number"  # what the engine calls the number of a row in its file


def stream_ledger(source: str | Path, columns: str | Mapping[str, str], date_format: str | None) -> Ledger:
    """The ledger of a Parquet file, or of a folder of them, in the order of their names.

    Args:
        source: path to the file or the folder.
        columns: as for `load_transactions`.
        date_format: likewise.

    Raises:
        FileNotFoundError: a folder without Parquet files.
        ValueError: as for `load_transactions`; rows are counted through all files.
    """
    files = parquet_parts(Path(source))
    with TemporaryDirectory() as spill:
        engine = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill})
        try:
            engine.execute("SET enable_progress_bar = false")  # which else appears in the output of whoever uses this
            log = _Source(engine, str(source), files, columns)
            entries, dropped = log.entries(date_format)
        except duckdb.OutOfMemoryException as error:
            raise OSError(
                f"{source}: there is no room for what does not fit in {MEMORY}, in {spill}: {error}"
            ) from None
        except (duckdb.Error, *UNREADABLE) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ValueError(f"{source}: cannot be read as parquet: {reason}") from None
        finally:
            engine.close()
    give_back()
    return entries.ledger(log.rows, dropped)


class _Source:
    """The files as one table `log` of an engine, with the canonical columns and the number of each row.

    What a cell means is an expression of its own: a cast, or where the cell is text, the entry of a table of all
    distinct texts, `found` as it stands there and `means` its number.
    """

    def __init__(
        self, engine: duckdb.DuckDBPyConnection, name: str, files: list[Path], columns: str | Mapping[str, str]
    ):
        self.engine, self.name = engine, name
        self._chosen, self.types = parquet_columns(files, columns, name)
        self.rows, self._files = 0, []
        for file in files:
            self._files.append(self._rows(file, self.rows))
            self.rows += pa.parquet.read_metadata(file).num_rows
        if not self.rows:
            raise ValueError(f"{self.name}: the log has no rows")
        engine.execute(f"CREATE VIEW log AS {' UNION ALL '.join(self._files)}")
        self._means: dict[str, str] = {}
        self._joins: list[str] = []

    def entries(self, date_format: str | None) -> tuple[Entries, dict[str, int]]:
        """All complete rows, numbered, and how many others were dropped, per reason."""
        values = {
            "invoice": self._number("invoice", clean_codes),
            "product": self._number("product", clean_codes),
            "description": self._number("description", clean_texts),
            "customer": self._number("customer", clean_customers),
        }
        if not len(values["customer"]):
            raise ValueError(
                f"{self.name}: column 'customer' is empty in all {self.rows:,} rows; a log needs customers"
            )
        self._measure("quantity")
        self._measure("price")
        self._date(date_format)
        entries, dropped = Entries(**values), dict.fromkeys(NEEDED, 0)
        means = ", ".join(f"{expression} AS {column}" for column, expression in self._means.items())
        for rows in self._files:  # the engine keeps no order of itself, and a file is sorted sooner than all of them
            query = f"SELECT {means} FROM ({rows}) AS log {' '.join(self._joins)} ORDER BY row"
            for batch in self.engine.sql(query).to_arrow_reader(BATCH):
                entries.add(**_complete(batch, dropped))
        dropped = {f"without {column}": count for column, count in dropped.items() if count}
        if sum(dropped.values()) == self.rows:
            raise ValueError(f"{self.name}: no row is complete; dropped {dropped}")
        return entries, dropped

    def _rows(self, file: Path, begin: int) -> str:
        """The query for the rows of a file, numbered from `begin` on; its columns are known by their places."""
        names = pa.parquet.read_schema(file).names
        if ROW in names:
            raise ValueError(f"{file}: a column called {ROW!r} cannot be read; rename it")
        places = ", ".join(f"c{place}" for place in range(len(names)))
        chosen = ", ".join(f"c{names.index(name)} AS {canonical}" for canonical, name in self._chosen.items())
        path = re.sub(r"([\[*?])", r"[\1]", str(file)).replace("'", "''")  # not a pattern, and not the end of the text
        return (
            f"SELECT {begin} + number AS row, {chosen} "
            f"FROM read_parquet('{path}', {ROW} = true, hive_partitioning = false) AS stored({places}, number)"
        )

    def _number(self, column: str, clean: Callable[[pd.Series], pd.Series]) -> pd.Index:
        """Numbers what is in a column, when cleaned; the number is a position in what is returned."""
        if column not in self.types:  # only the description may be absent
            self._means[column] = "NULL::INTEGER"
            return pd.Index([], dtype="str")
        found, cells = self._distinct(column)
        numbers, values = pd.factorize(clean(cells))
        self._join(column, found, pa.array(numbers.astype(np.int32), mask=numbers < 0))
        return pd.Index(values)

    def _measure(self, column: str) -> None:
        """Makes floating point numbers of a column."""
        kind = self.types[column]
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            self._means[column] = number = f"log.{column}::DOUBLE"
            worst = self.engine.sql(
                f"SELECT {column} AS value, row FROM log WHERE abs({number}) > {LARGEST} AND NOT isnan({number}) "
                f"ORDER BY isinf({number}) DESC, row LIMIT 1"
            )
            clean_numbers(_cells(worst.to_arrow_table(), column), self.name)  # which refuses it, if there is any
            return
        found, cells = self._distinct(column)
        self._join(column, found, pa.array(clean_numbers(cells, self.name).to_numpy(), from_pandas=True))

    def _date(self, date_format: str | None) -> None:
        """Makes days since 1970 of the times."""
        kind = self.types["time"]
        if pa.types.is_timestamp(kind) and kind.tz is None:
            self._means["time"] = "(log.time::DATE - DATE '1970-01-01')::INTEGER"
            return
        found, cells = self._distinct("time")
        if pa.types.is_timestamp(kind):
            cells = cells.dt.tz_convert(kind.tz)  # the engine knows the moment, the file on which clock it was read
        times = clean_times(cells, self.name, date_format).to_numpy()
        days = times.astype("datetime64[D]").astype(np.int64)
        self._join("time", found, pa.array(days.astype(np.int32), mask=np.isnat(times)))

    def _distinct(self, column: str) -> tuple[pa.ChunkedArray, pd.Series]:
        """The distinct cells of a column in the order of their first rows, and the same under the numbers of these."""
        found = self.engine.sql(
            f"SELECT {column} AS value, min(row) AS row FROM log WHERE {column} IS NOT NULL GROUP BY ALL ORDER BY row"
        ).to_arrow_table()
        return found["value"], _cells(found, column)

    def _join(self, column: str, found: pa.ChunkedArray, means: pa.Array) -> None:
        self.engine.register("cells", pa.table({"found": found, "means": means}))
        self.engine.execute(f"CREATE TABLE {column}_cells AS FROM cells")
        self._means[column] = f"{column}_cells.means"
        self._joins.append(f"LEFT JOIN {column}_cells ON log.{column} = {column}_cells.found")


def _cells(found: pa.Table, column: str) -> pd.Series:
    """The cells of a query, with the numbers of their rows as index."""
    cells = found["value"].to_pandas()
    return pd.Series(cells.array, index=found["row"].to_numpy(), name=column)


def _complete(batch: pa.RecordBatch, dropped: dict[str, int]) -> dict[str, NDArray]:
    """The rows of a batch as `Entries` takes them; adds to `dropped` those that lack a cell."""
    rows = {column: batch.column(column) for column in batch.schema.names}
    missing = {column: rows[column].is_null(nan_is_null=True).to_numpy(zero_copy_only=False) for column in NEEDED}
    kept = np.ones(len(batch), dtype=bool)
    for column in NEEDED:
        dropped[column] += int(np.count_nonzero(kept & missing[column]))
        kept &= ~missing[column]
    arrays = {}
    for column, cells in rows.items():
        plain = cells.fill_null(-1) if pa.types.is_integer(cells.type) else cells
        arrays[column] = plain.to_numpy(zero_copy_only=False)[kept]
    arrays["day"] = arrays.pop("time")
    return arrays
