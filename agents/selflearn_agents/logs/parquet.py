"""Visit logs as Parquet files: one row per visit, lists of slots, and a heading that says where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from selflearn_env.archive import write_atomically
from selflearn_env.shop.shop import Shop

HEADING = b"selflearn_visit_log"
VERSION = 1
AT_THE_END = ("last_observation", "last_state")  # of an episode: in the row of its last visit, 0 in the others
ABOUT = ("agent", "env_id", "seed")


def write_visits(path: Path, about: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> None:
    """Writes the arrays of a log, and what it is about: agent, env_id, seed and env_options.

    Raises:
        OSError: the file cannot be written.
        ValueError: the options cannot be kept as JSON.
    """
    over = arrays["terminated"] | arrays["truncated"]
    columns, shapes = {}, {}
    for name, array in arrays.items():
        values = array
        if name in AT_THE_END:
            values = np.zeros((len(over), *array.shape[1:]), dtype=array.dtype)
            values[over] = array
        shapes[name] = values.shape[1:]
        flat = pa.array(values.ravel())
        columns[name] = flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values[0].size)
    heading = {"version": VERSION, "shapes": shapes, **about}
    try:
        text = json.dumps(heading, default=_plain)
    except TypeError as error:
        raise ValueError(f"the options of the environment cannot be kept as JSON: {error}") from None
    table = pa.table(columns).replace_schema_metadata({HEADING: text.encode()})
    with write_atomically(path) as file:
        pq.write_table(table, file)


def read_visits(path: Path) -> dict[str, Any]:
    """What `VisitLog` takes, from a file of `write_visits`.

    Raises:
        OSError: there is no such file.
        ValueError: it is no such log, or one of a later version.
    """
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: no Parquet file: {error}") from None
    metadata = table.schema.metadata or {}
    if HEADING not in metadata:
        raise ValueError(f"{path}: no log of visits; for a table of your own, see VisitLog.from_frame")
    heading = json.loads(metadata[HEADING])
    if heading["version"] != VERSION:
        raise ValueError(f"{path}: version {heading['version']} of the format, this package reads {VERSION}")
    arrays = {}
    for name, shape in heading["shapes"].items():
        column = table.column(name).combine_chunks()
        flat = column.flatten() if shape else column
        arrays[name] = flat.to_numpy(zero_copy_only=False).reshape(-1, *shape)
    over = arrays["terminated"] | arrays["truncated"]
    for name in AT_THE_END:
        arrays[name] = arrays[name][over]
    columns = {"propensity": None, "marginal": None, **arrays}
    return {**columns, **{name: heading[name] for name in (*ABOUT, "env_options")}}


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
