"""Random tables by every road, and damaged files, for as long as one likes.

    python -m tests.shop.fuzzing_tables --minutes 20 [--seed 0]

What does not hold is printed with its seed. Files are damaged in processes of their own, which may die of them.
"""

from __future__ import annotations

import argparse
import datetime
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from selflearn_env import load_transactions
from tests.shop.corpus.contents import plain

TEXTS = st.one_of(
    st.text("aZ09. é\0\n#/ß", max_size=5), st.sampled_from(["NA", r"\N", "#N/A", "nan", "1.0", "17", "007"])
)
LARGE = st.integers(-(2**63), 2**63 - 1)
HALVES = st.integers(-40, 40).map(lambda number: number / 2)
MOMENTS = st.datetimes(datetime.datetime(1900, 3, 1), datetime.datetime(2199, 12, 31)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
ODD = {pa.bool_(): st.booleans(), pa.list_(pa.int8()): st.lists(st.integers(0, 9), max_size=2)}
CODES = {
    **dict.fromkeys((pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())), TEXTS),
    **{
        pa.int8(): st.integers(-9, 99),
        pa.int64(): LARGE,
        pa.uint64(): LARGE.map(abs).filter(lambda code: code < 2**63),
    },
    **{pa.float64(): HALVES, pa.float32(): HALVES, pa.decimal128(12, 2): HALVES.map(Decimal)},
    **ODD,
}
MEASURES = {
    **{pa.int8(): st.integers(-9, 99), pa.int64(): st.integers(-(2**54), 2**54), pa.float64(): HALVES},
    **{pa.float32(): HALVES, pa.decimal64(9, 1): HALVES.map(Decimal), pa.decimal128(12, 2): HALVES.map(Decimal)},
    pa.string(): st.one_of(HALVES.map(str), st.sampled_from(["1,5", "", "NA", "1e3", "x", "1,250"])),
    **ODD,
}
TIMES = {
    **{pa.timestamp(unit): MOMENTS for unit in ("ms", "us", "ns")},
    **{pa.date32(): MOMENTS.map(datetime.datetime.date), pa.string(): MOMENTS.map(str)},
    **ODD,
}
COLUMNS = {"invoice": CODES, "product": CODES, "description": CODES, "quantity": MEASURES, "price": MEASURES}
COLUMNS |= {"time": TIMES, "customer": CODES}


@st.composite
def tables(draw) -> pa.Table:
    """A few rows; each column of some type, with and without missing cells, most of types that can be read."""
    rows, columns = draw(st.integers(1, 6)), {}
    for name, kinds in COLUMNS.items():
        kind = draw(st.sampled_from([kind for kind in kinds if kind not in ODD or draw(st.integers(0, 19)) == 0]))
        cells = [draw(kinds[kind]) for _ in range(rows)]
        if draw(st.booleans()):
            cells = [cell if place == 0 or draw(st.integers(0, 3)) else None for place, cell in enumerate(cells)]
        columns[name] = pa.array(cells, kind)
    return pa.table(columns)


def as_objects(table: pa.Table) -> pd.DataFrame:
    """A frame whose columns say nothing of their cells."""
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})


def as_parquet(table: pa.Table) -> Path:
    path = Path(tempfile.mkdtemp(), "log.parquet")
    pq.write_table(table, path)
    return path


def as_workbook(table: pa.Table) -> Path:
    path = Path(tempfile.mkdtemp(), "log.xlsx")
    as_objects(table).to_excel(path, index=False)
    return path


ROADS = {
    "frame": as_objects,
    "arrow frame": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
    "parquet": as_parquet,
}


def in_one_line(refusal: Exception) -> str:
    if "\n" in str(refusal):
        raise AssertionError(f"more than one line: {refusal}")
    return str(refusal)


def found(source) -> tuple[pd.DataFrame | None, dict[str, int] | str]:
    """The rows and what was dropped, or nothing and why."""
    try:
        log = load_transactions(source)
    except (ValueError, OSError) as refusal:
        return None, in_one_line(refusal)
    finally:
        if isinstance(source, Path):
            source.unlink()
            source.parent.rmdir()
    return log.frame, log.report.dropped


def in_a_workbook(table: pa.Table) -> bool:
    """Whether a workbook can hold the cells; it has no lists, no signs that XML has not, and 15 digits of a number."""
    cells = [cell for name in table.column_names for cell in table[name].to_pylist()]
    return not any(
        isinstance(cell, list)
        or (isinstance(cell, str) and "\0" in cell)
        or (isinstance(cell, int) and abs(cell) >= 10**15)
        for cell in cells
    )


def check_roads(table: pa.Table, workbook: bool = True) -> None:
    """The same rows by every road, or none by any."""
    roads = ROADS | ({"workbook": as_workbook} if workbook and in_a_workbook(table) else {})
    expected, dropped = found(table)
    for name, road in roads.items():
        frame, why = found(road(table))
        assert (frame is None) == (expected is None), f"{name}: {why}, from Arrow: {dropped}"
        if frame is not None:
            pd.testing.assert_frame_equal(frame, expected, obj=name)
            assert why == dropped, name


def whole_files() -> dict[str, bytes]:
    """A small log in forms that are damaged in other ways."""
    files = {}
    table = pa.Table.from_pandas(plain(), preserve_index=False)
    for name, options in {
        "snappy": {},
        "plain": {"compression": "none", "use_dictionary": False},
        "zstd": {"compression": "zstd", "data_page_version": "2.0", "row_group_size": 20},
        "checked": {"write_page_checksum": True},
    }.items():
        pq.write_table(table, file := io.BytesIO(), **options)
        files[f"{name}.parquet"] = file.getvalue()
    plain().to_excel(file := io.BytesIO(), index=False)
    return files | {"log.xlsx": file.getvalue()}


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Some bits flipped, the end cut, or a piece moved over another."""
    data, at = bytearray(whole), int(rng.integers(len(whole)))
    match rng.integers(10):
        case 0:
            return whole[:at]
        case 1:
            length = int(rng.integers(1, 64))
            data[at : at + length] = whole[int(rng.integers(len(whole))) :][:length]
        case _:
            for place in rng.integers(len(whole), size=rng.integers(1, 4)):
                data[place] ^= 1 << int(rng.integers(8))
    return bytes(data)


def check_damage(name: str, whole: bytes, rng: np.random.Generator, folder: Path) -> str:
    """What became of a damaged file: refused, the same, or other rows, which only a file with checksums excludes."""
    path = folder / name
    path.write_bytes(damaged(whole, rng))
    try:
        frame = load_transactions(path).frame
    except (ValueError, OSError) as refusal:
        if name not in in_one_line(refusal):
            raise AssertionError(f"not named: {refusal}") from None
        return "refused"
    same = frame.equals(load_transactions(plain()).frame)
    assert same or not name.endswith("xlsx"), "other rows"
    return "the same" if same else "other rows"


def _damage(minutes: float, seed: int) -> None:
    """Damages files; in a process of its own, which says what it is about to do."""
    resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
    counts: Counter[str] = Counter()
    files, end, case = whole_files(), time.monotonic() + 60 * minutes, seed * 10**6
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            for name, whole in files.items():
                case += 1
                Path(folder, "case").write_text(f"{name} {case}", encoding="utf-8")
                print(f"\r{name} {case}", end="", file=sys.stderr, flush=True)
                begin = time.monotonic()
                try:
                    counts[f"{name} {check_damage(name, whole, np.random.default_rng(case), Path(folder))}"] += 1
                except BaseException as error:  # a panic of a library is no Exception
                    print(f"FOUND {name} {case}: {type(error).__name__}: {str(error)[:300]}", flush=True)
                if time.monotonic() - begin > 20:
                    print(f"SLOW {name} {case}", flush=True)
    print(dict(sorted(counts.items())), flush=True)


def main() -> None:
    """Half of the time for the roads, half for damage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--damage", action="store_true", help="this process damages files")
    options = parser.parse_args()
    if options.damage:
        _damage(options.minutes, options.seed)
        return
    end, seed, cases = time.monotonic() + 60 * options.minutes / 2, options.seed, 0

    def counted(table: pa.Table) -> None:
        nonlocal cases
        cases += 1
        check_roads(table)

    while time.monotonic() < end:
        seed += 1
        run = settings(
            max_examples=50,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # shrinking takes minutes
        )
        try:
            seeded(seed)(run(given(tables())(counted)))()
        except BaseException as error:
            print(f"FOUND roads, seed {seed}: {type(error).__name__}: {error}"[:3000], *getattr(error, "__notes__", []))
    print(f"roads: {cases} tables by {len(ROADS) + 2} roads", flush=True)
    while (left := end + 30 * options.minutes - time.monotonic()) > 5:
        seed += 1
        command = [sys.executable, "-m", "tests.shop.fuzzing_tables", "--damage"]
        done = subprocess.run(
            [*command, "--seed", str(seed), "--minutes", str(left / 60)], stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            print(f"FOUND the process died, {done.returncode}, of {done.stderr[-2000:]}", flush=True)


if __name__ == "__main__":
    main()
