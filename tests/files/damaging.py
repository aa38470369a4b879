"""Damage to files: of their bytes, as disks and networks do it, and of their content under new checksums."""

from __future__ import annotations

import copy
import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from selflearn_env.archive import as_bytes, write_archive
from tests.files.kinds import Kind, same

NUMBERS: tuple[Any, ...] = (-1, 0, 1.5, 10**30, float("nan"), float("inf"), None, "text", [], {}, True, -(10**9), 3)


def flip_a_bit(content: bytearray, rng: np.random.Generator) -> bytearray:
    """One bit."""
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    return content


def flip_bits(content: bytearray, rng: np.random.Generator) -> bytearray:
    """A few bits near each other."""
    at = int(rng.integers(len(content)))
    for place in range(at, min(at + int(rng.integers(1, 12)), len(content))):
        content[place] ^= int(rng.integers(256))
    return content


def cut(content: bytearray, rng: np.random.Generator) -> bytearray:
    """The end is missing, or something in the middle."""
    at, length = int(rng.integers(len(content))), int(rng.integers(1, 40))
    return content[:at] if rng.random() < 0.3 else content[:at] + content[at + length :]


def insert(content: bytearray, rng: np.random.Generator) -> bytearray:
    """A few bytes more, zeros or repeated."""
    at, length = int(rng.integers(len(content) + 1)), int(rng.integers(1, 40))
    more = bytes(length) if rng.random() < 0.5 else bytes(content[max(0, at - length) : at])
    return content[:at] + more + content[at:]


def change_the_directory(content: bytearray, rng: np.random.Generator) -> bytearray:
    """A byte of what stands at the end, where zip and Parquet say what is where."""
    at = len(content) - 1 - int(rng.integers(min(600, len(content))))
    content[at] = int(rng.integers(256))
    return content


def swap_members(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Two members of a zip change their names, or one is there twice, or one too many; checksums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as stored:
            members = [[info.filename, stored.read(info)] for info in stored.infolist()]
    except zipfile.BadZipFile:
        return flip_bits(content, rng)
    one, other = rng.choice(len(members), 2, replace=len(members) < 2)
    kind = rng.integers(3)
    if kind == 0:
        members[one][0], members[other][0] = members[other][0], members[one][0]
    else:
        members.append([members[one][0] if kind == 1 else "more.npy", members[other][1]])
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as stored:
        warnings.simplefilter("ignore")  # two of one name
        for name, member in members:
            stored.writestr(name, member)
    return bytearray(file.getvalue())


DAMAGES: tuple[Callable[[bytearray, np.random.Generator], bytearray], ...] = (
    *(flip_a_bit, flip_a_bit, flip_bits, cut, insert, change_the_directory, swap_members),
)


def damage(kind: Kind, content: bytes, expected: dict[str, Any], rng: np.random.Generator) -> str:
    """Damages the bytes of a file; what was wrong with what came of it, or nothing."""
    how = DAMAGES[rng.integers(len(DAMAGES))]
    kind.path.write_bytes(how(bytearray(content), rng))
    try:
        found = kind.load(kind.path)
    except Exception as error:
        return _said(error, how.__name__)
    if how is swap_members:  # arrays of one form cannot be told apart
        return _used(kind, found, how.__name__)
    return "" if same(kind.content(found), expected) else f"{how.__name__}: loaded with other content"


def alter(kind: Kind, content: bytes, rng: np.random.Generator) -> str:
    """Changes the content of a file and makes its checksums anew; what was wrong with what came of it, or nothing."""
    kind.path.write_bytes(content)
    said = _alter_log(kind.path, rng) if kind.name == "log" else _alter_archive(kind.path, rng)
    try:
        found = kind.load(kind.path)
    except Exception as error:
        return _said(error, said)
    return _used(kind, found, said)


def _used(kind: Kind, found: Any, how: str) -> str:
    """What is wrong with a use of what was read."""
    try:
        kind.use(found)
    except Exception as error:
        return f"{how}: loaded, and then {type(error).__name__}: {error}"
    return ""


def _said(error: Exception, how: str) -> str:
    """What is wrong with an error: a user is told in one line."""
    if isinstance(error, ValueError | OSError) and "\n" not in str(error) and 10 < len(str(error)) < 600:
        return ""
    return f"{how}: {type(error).__name__}: {error}"


def _alter_archive(path: Path, rng: np.random.Generator) -> str:
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    heading = json.loads(arrays.pop("heading").tobytes())
    if rng.random() < 0.3 or not arrays:
        where, value = _alter_plain(heading, rng)
        said = f"{where} = {value!r}"
    else:
        name = sorted(arrays)[rng.integers(len(arrays))]
        arrays[name], how = altered(arrays[name], rng)
        said = f"{name}: {how}"
    try:
        write_archive(path, heading, arrays)
    except (ValueError, TypeError, OverflowError):
        as_bytes(heading)
    return said


def _alter_log(path: Path, rng: np.random.Generator) -> str:
    table = pq.read_table(path)
    at = int(rng.integers(table.num_columns))
    column = table.column(at).combine_chunks()
    lists = pa.types.is_fixed_size_list(column.type)
    flat = (column.flatten() if lists else column).to_numpy(zero_copy_only=False)
    changed, how = altered(flat, rng)
    if len(changed) == len(flat) and changed.ndim == 1 and changed.dtype.kind != "c":  # arrow has no complex numbers
        array = pa.array(changed)
        array = pa.FixedSizeListArray.from_arrays(array, column.type.list_size) if lists else array
        table = table.set_column(at, table.column_names[at], array).replace_schema_metadata(table.schema.metadata)
        pq.write_table(table, path)
    return f"{table.column_names[at]}: {how}"


def _alter_plain(heading: dict[str, Any], rng: np.random.Generator) -> tuple[str, Any]:
    """Changes one value somewhere in a heading."""
    places = [("", heading)]
    for where, place in places:
        inner = place.items() if isinstance(place, dict) else enumerate(place)
        places += [(f"{where}/{name}", value) for name, value in inner if isinstance(value, dict | list) and value]
    where, place = places[rng.integers(1, len(places))] if rng.random() < 0.9 else places[0]
    names: Any = sorted(place) if isinstance(place, dict) else range(len(place))
    name = names[int(rng.integers(len(names)))]
    kind = rng.integers(8)
    if kind == 0:
        del place[name]
        return f"{where}/{name}", "deleted"
    value = NUMBERS[rng.integers(len(NUMBERS))]
    if kind == 1 and isinstance(place[name], int | float):
        value = -place[name]
    elif kind == 2 and isinstance(place[name], int):
        value = place[name] + 1
    elif kind == 3 and isinstance(place, dict):
        name, value = "more", copy.deepcopy(value)
    place[name] = value
    return f"{where}/{name}", value


def altered(array: NDArray, rng: np.random.Generator) -> tuple[NDArray, str]:
    """An array that is not what it was, and in which way."""
    ways: dict[str, Callable[[NDArray], Any]] = {
        "one more row": lambda a: np.concatenate([a, a[-1:]]) if a.ndim and len(a) else np.zeros(1, a.dtype),
        "one row less": lambda a: a[:-1] if a.ndim else a,
        "no rows": lambda a: a[:0] if a.ndim else a,
        "flat": lambda a: a.reshape(-1),
        "one axis more": lambda a: a[..., None],
        "another type": lambda a: a.astype(rng.choice(["f4", "f8", "i4", "i8", "u1", "?", "c16", "S3", "U2"])),
        "negative": lambda a: _some(a, rng, lambda b: -b - 1),
        "nan": lambda a: _some(a, rng, lambda b: b * np.nan),
        "infinite": lambda a: _some(a, rng, lambda b: b * 0 + np.inf),
        "zero": lambda a: _some(a, rng, lambda b: b * 0),
        "large": lambda a: _some(a, rng, lambda b: b * 0 + 2**30 + 5),
        "one more": lambda a: _some(a, rng, lambda b: b + 1),
        "the same": lambda a: np.broadcast_to(a.reshape(-1)[:1].reshape((1,) * a.ndim), a.shape).copy(),
        "shuffled": lambda a: rng.permutation(a),
        "backwards": lambda a: a[::-1],
    }  # fmt: skip
    way = list(ways)[rng.integers(len(ways))]
    if not array.size and way not in ("one more row", "one axis more", "another type"):
        way = "one more row"
    try:
        return np.ascontiguousarray(ways[way](array)), way
    except (TypeError, ValueError, IndexError):  # of texts and of arrays with fields
        return np.ascontiguousarray(array[:-1]), "one row less"


def _some(array: NDArray, rng: np.random.Generator, change: Callable[[NDArray], NDArray]) -> NDArray:
    """Some numbers, or all, changed; of an array with fields those of one."""
    found = array.copy()
    if found.dtype.names:
        name = found.dtype.names[rng.integers(len(found.dtype.names))]
        found[name] = _some(found[name], rng, change)
        return found
    flat = found.reshape(-1)
    chosen = slice(None) if rng.random() < 0.3 else rng.integers(flat.size, size=1 + int(rng.integers(3)))
    with np.errstate(all="ignore"):
        flat[chosen] = change(flat[chosen].astype(np.float64)).astype(flat.dtype)
    return flat.reshape(array.shape)
