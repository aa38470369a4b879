"""Visit logs as Parquet files: one row per visit, lists of slots, and a heading that says where they come from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from selflearn_env.archive import check_target, refusing, write_atomically
from selflearn_env.declared import Array, about, check, text, whole
from selflearn_env.shop.shop import Shop

if TYPE_CHECKING:
    from selflearn_agents.logs.visit_log import VisitLog

HEADING = b"selflearn_visit_log"
VERSION = 1
AT_THE_END = ("last_observation", "last_state")  # of an episode: in the row of its last visit, 0 in the others
CHECK = "check"  # of a heading, its checksum
ABOUT = ("agent", "env_id", "seed")


class VisitWriter:
    """Appends visits to one Parquet file while an agent serves, so that no more than a piece of them is in memory.

        with VisitWriter("visits.parquet") as writer:
            for log in pieces:
                writer.append(log)

    Each piece becomes a row group. The file appears when the block ends, whole. Where the block fails or the process
    dies, what was there before stays, and what was appended is lost: visits that must outlive a crash belong in a
    store, see `read_store`. Where nothing was appended nothing is written.
    """

    def __init__(self, path: str | Path):
        """Sees that a file can take this place.

        Raises:
            OSError: it cannot.
        """
        self._path, self._open = Path(path), ExitStack()
        self._writer: pq.ParquetWriter | None = None
        check_target(self._path)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def append(self, log: VisitLog) -> None:
        """Adds the visits of a log behind those that are there.

        Raises:
            OSError: the file cannot be written.
            ValueError: the options of the environment cannot be kept as JSON, or the log does not go on with those
                before: it has another agent, environment, seed or other options, or other columns.
        """
        table = _table(log)
        if self._writer is None:
            file = self._open.enter_context(write_atomically(self._path))
            self._writer = self._open.enter_context(pq.ParquetWriter(file, table.schema, write_page_checksum=True))
        elif not table.schema.equals(self._writer.schema, check_metadata=True):
            raise ValueError(
                f"{self._path}: logs in one file have one agent, environment, seed, options and kind of columns; "
                f"{_difference(table.schema, self._writer.schema)}"
            )
        self._writer.write_table(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Completes the file, or leaves what was there before."""
        self._open.__exit__(kind, error, trace)


def check_heading(about: Mapping[str, Any]) -> str:
    """What a file says of a log, as JSON.

    Raises:
        ValueError: the options of the environment cannot be kept as JSON.
    """
    try:
        return json.dumps({"version": VERSION, **about}, default=_plain)
    except TypeError as error:
        raise ValueError(f"the options of the environment cannot be kept as JSON: {error}") from None


def read_visits(path: Path) -> dict[str, Any]:
    """What `VisitLog` takes, from a file of a `VisitWriter`.

    Raises:
        OSError: there is no such file.
        ValueError: it is no such log, or one of a later version.
    """
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # an error of the disk, not of the content
            raise
        raise ValueError(f"{path}: not a Parquet file, or a broken one: {' '.join(str(error).split())}") from None
    with file, broken(path):
        return _read(file)


def is_log(path: Path) -> bool:
    """Whether a file was written by a `VisitWriter`; False for a broken one."""
    try:
        return HEADING in (pq.read_schema(path).metadata or {})
    except (pa.ArrowException, OSError):
        return False


def broken(path: str | Path) -> AbstractContextManager[None]:
    """Turns whatever goes wrong in the block into one sentence about the file; see `refusing`."""
    return refusing(path, "visit log", "record it anew", (OSError, pa.ArrowException))


def _read(file: pq.ParquetFile) -> dict[str, Any]:
    """What `read_visits` returns."""
    metadata = file.schema_arrow.metadata or {}
    if HEADING not in metadata:
        raise ValueError("it is no log of visits; for a table of your own, see VisitLog.from_frame")
    heading = _unsealed(metadata[HEADING])
    if heading["version"] != VERSION:
        raise ValueError(f"it has version {heading['version']} of the format, this package reads {VERSION}")
    missing = [name for name in heading["shapes"] if name not in file.schema_arrow.names]
    if missing or not file.metadata.num_rows:
        raise ValueError(f"it lacks {', '.join(missing) or 'visits'}")
    arrays = {}
    for name, shape in heading["shapes"].items():  # one by one, as arrow's copy is as large
        parts = [batch.column(0) for batch in file.iter_batches(columns=[name])]
        if any(part.null_count for part in parts):
            raise ValueError(f"{name} is missing in some visits")
        flat = [part.flatten() if shape else part for part in parts]
        array = np.concatenate([part.to_numpy(zero_copy_only=False) for part in flat]).reshape(-1, *shape)
        with about(name):
            Array(heading.get("dtypes", {}).get(name, array.dtype), ("visits", *shape)).check_form(
                array.dtype, array.shape, {"visits": file.metadata.num_rows}
            )
        arrays[name] = array
    over = arrays["terminated"] | arrays["truncated"]
    for name in AT_THE_END:
        arrays[name] = arrays[name][over]
    check({"agent": text(), "env_id": text(), "seed": whole(-math.inf)}, heading, {})
    columns = {"propensity": None, "marginal": None, **arrays}
    return {**columns, **{name: heading[name] for name in (*ABOUT, "env_options")}}


def _table(log: VisitLog) -> pa.Table:
    """The visits, a row for each, under their heading."""
    values = {each.name: getattr(log, each.name) for each in fields(log)}
    columns, shapes, dtypes = {}, {}, {}
    for name, array in values.items():
        if not isinstance(array, np.ndarray):
            continue
        rows = array
        if name in AT_THE_END:
            rows = np.zeros((len(log), *array.shape[1:]), dtype=array.dtype)
            rows[log.over] = array
        shapes[name], dtypes[name] = rows.shape[1:], rows.dtype.str
        flat = pa.array(rows.ravel())
        columns[name] = flat if rows.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, rows[0].size)
    content = {"shapes": shapes, "dtypes": dtypes, **{name: values[name] for name in (*ABOUT, "env_options")}}
    return pa.table(columns).replace_schema_metadata({HEADING: _sealed(check_heading(content))})


def _sealed(heading: str) -> bytes:
    """A heading with a checksum; Parquet itself has them for columns only."""
    return json.dumps({**json.loads(heading), CHECK: crc32(heading.encode())}).encode()


def _unsealed(sealed: bytes) -> dict[str, Any]:
    """The heading, with or without a checksum, which older files do not have.

    Raises:
        ValueError: the checksum is wrong.
    """
    heading = json.loads(sealed)
    found = heading.pop(CHECK, None)
    if found is not None and found != crc32(json.dumps(heading).encode()):
        raise ValueError("its heading is not as it was written")
    return heading


def _difference(found: pa.Schema, expected: pa.Schema) -> str:
    """What differs first, in words."""
    one, other = (
        {**{field.name: str(field.type) for field in schema}, **json.loads(schema.metadata[HEADING])}
        for schema in (found, expected)
    )
    name = next(name for name in {**other, **one} if one.get(name) != other.get(name))
    return f"{name} is {one.get(name, 'missing')!r}, and was {other.get(name, 'missing')!r}"


def _plain(value: Any) -> Any:
    """What JSON does not know: `Rewards` and the like as mappings, paths as texts, numbers of numpy as numbers."""
    if isinstance(value, Shop):
        raise TypeError("a Shop is too much for it; give the shop as its path")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not plain")
