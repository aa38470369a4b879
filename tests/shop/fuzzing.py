"""Logs that nobody thought of: random ones in random dialects, and damaged ones.

A test tries a few; `python -m tests.shop.fuzzing --minutes 20` from a checkout tries them as long as it is told.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import gzip
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from selflearn_env import TransactionLog, load_transactions
from selflearn_env.shop.reading.cleaning import BLANKS, NOTHING, TOTALS, WHOLE_FLOAT
from tests.shop.corpus.contents import CONTENTS
from tests.shop.corpus.dialects import NUMBERS, Dialect
from tests.shop.corpus.of_texts import DATES, ENCODINGS, ENDS, SEPARATORS

REFUSALS = (ValueError, TypeError, OSError)  # what load_transactions says that it raises
LONGEST = 600  # characters of what is said where a log is refused, its path not counted
COUNTS: Counter[str] = Counter()

LETTERS = "aZäÉß09.,-+ ;|\t\"'\n\r\0#\\="  # those of one byte that two of them are never UTF-8


def clean(text: str) -> bool:
    """Whether a text means itself, and neither nothing, a total nor a number that went through floating point."""
    plain = re.sub(r"[\s:_-]", "", text.casefold())
    return (
        text.strip(BLANKS) == text != ""
        and text.lower() not in NOTHING
        and plain not in TOTALS
        and not re.fullmatch(WHOLE_FLOAT, text)
    )


@st.composite
def logs(draw: st.DrawFn, encoding: str = "utf-8") -> pd.DataFrame:
    """A log of a few rows in canonical columns."""
    single = encoding in ("cp1252", "latin-1")
    signs = st.sampled_from(LETTERS) if single else st.one_of(st.sampled_from(LETTERS), st.characters(codec="utf-8"))
    codes = st.one_of(st.text(signs, min_size=1, max_size=6), st.from_regex(r"\A[A-C]?[1-9][0-9]{0,3}\Z")).filter(clean)
    numbers = st.one_of(st.integers(0, 40), st.integers(-(2**60), 2**60)).map(str)
    rows = draw(st.integers(1, 6))

    def column(cells: st.SearchStrategy) -> list[Any]:
        return draw(st.lists(cells, min_size=rows, max_size=rows))

    buyers = draw(st.sampled_from([codes, numbers]))
    moments = st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2068, 12, 31))
    return pd.DataFrame(
        {
            "invoice": column(codes),
            "product": column(codes),
            "description": column(st.one_of(st.none(), codes)),
            "quantity": column(st.integers(-1500, 1500)),
            "time": pd.to_datetime([moment.replace(second=0, microsecond=0) for moment in column(moments)]),
            "price": column(st.integers(0, 10**9).map(lambda cents: cents / 100)),
            "customer": [draw(buyers), *column(st.one_of(st.none(), buyers))[1:]],
        }
    )


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    """Any way of writing a log."""
    end = draw(st.sampled_from([*ENDS.values()]))
    return Dialect(
        separator=draw(st.sampled_from([*SEPARATORS.values()])),
        encoding=draw(st.sampled_from(ENCODINGS)),
        end=end,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC, csv.QUOTE_ALL])),
        date=draw(st.sampled_from(DATES)),
        number=draw(st.sampled_from([*NUMBERS])),
        missing=draw(st.sampled_from(["", "NA", r"\N", " ", "null"])),
        above=draw(st.sampled_from(["", end])),
        empty=draw(st.sampled_from([0, 0, 1, 3])),
        trailing=draw(st.booleans()),
        blanks=draw(st.sampled_from(["", " "])),
        final=draw(st.booleans()),
    )


def load(data: bytes, name: str = "log.csv", **options: Any) -> TransactionLog | str:
    """What the bytes of a file are read as, or what is said where they are refused.

    Raises:
        AssertionError: what is said where they are refused is not one sentence that names the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            log = load_transactions(path, **options)
        except REFUSALS as error:
            said = str(error)
            assert str(path) in said, said
            assert "\n" not in said, said
            assert len(said.replace(str(path), "")) < LONGEST, said
            COUNTS["refused"] += 1
            return said
    COUNTS["read"] += 1
    assert log.report.rows_kept == len(log.frame)
    return log


@st.composite
def written_logs(draw: st.DrawFn) -> tuple[pd.DataFrame, Dialect, str | None]:
    """A log, the dialect in which it is to be written, and what is said of its dates."""
    dialect = draw(dialects())
    return draw(logs(dialect.encoding)), dialect, draw(st.sampled_from([None, dialect.date]))


def any_log_is_read_as_it_was_written(written: tuple[pd.DataFrame, Dialect, str | None]) -> None:
    """Or refused, where it shows no order of day and month, or where lines within quotes look like rows."""
    log, dialect, date_format = written
    found = load(dialect.write(log), date_format=date_format)
    if isinstance(found, str):
        assert re.search("is ambiguous|a quote that opens", found), found
        return
    assert found.report.rows_read == len(log)
    assert not found.report.dropped
    frame = found.frame.astype({"customer": "str"})
    for column, cells in log.items():
        expected = [None if pd.isna(cell) else cell for cell in cells]
        assert [None if pd.isna(cell) else cell for cell in frame[str(column)]] == expected, column


INSERTED = (
    '"',
    '""',
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    " ",
    "ÿ",
    "sep=;\n",
    "-",
    "9",
    "e",
    ".",
    "\ufeff",
    "NA",
)


@st.composite
def damages(draw: st.DrawFn) -> bytes:
    """The bytes of a log in some dialect with a few changes anywhere."""
    rng = draw(st.randoms(use_true_random=False))  # for places all over the file; drawn numbers are mostly small
    log = CONTENTS[draw(st.sampled_from([*CONTENTS]))]().iloc[: draw(st.sampled_from([20, 60, 3, 1]))]
    dialect = draw(dialects())
    text = dialect.write(log).decode(dialect.encoding)
    for _ in range(draw(st.sampled_from([1, 1, 2, 4]))):
        at = rng.randrange(len(text) + 1)
        end = at + draw(st.sampled_from([1, 1, 3, 50, 200]))
        kind = draw(st.sampled_from(["insert", "insert", "insert", "cut", "repeat", "swap"]))
        new = {
            "insert": draw(st.sampled_from(INSERTED)),
            "cut": "",
            "repeat": 2 * text[at:end],
            "swap": text[at:end][::-1],
        }
        text = text[:at] + new[kind] + text[at if kind == "insert" else end :]
    data = bytearray(text.encode(dialect.encoding, "replace"))
    if draw(st.sampled_from([False] * 9 + [True])):
        data = bytearray(gzip.compress(bytes(data), mtime=0))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 3])) if data else 0):
        data[rng.randrange(len(data))] ^= draw(st.integers(1, 255))
    return bytes(data)


def damaged_texts_are_read_or_refused(damaged: tuple[bytes, str]) -> None:
    """Whatever stands in a file, its rows are counted, or one sentence says what is wrong with it."""
    data, name = damaged
    if name == "log.csv.gz" and data[:2] != b"\x1f\x8b":
        data = gzip.compress(data, mtime=0)
    found = load(data, name)
    if isinstance(found, str):
        shown = set(re.findall(r"\b(?:K\d{1,2}|178[56]\d)\b", found))  # customers
        assert len(shown) <= 1, found


@st.composite
def with_quotes(draw: st.DrawFn) -> tuple[int, bytes]:
    """The number of rows of a log, and its bytes with quotes more."""
    log = CONTENTS[draw(st.sampled_from([*CONTENTS]))]().iloc[: draw(st.sampled_from([20, 60, 3, 1]))]
    dialect = Dialect(
        separator=draw(st.sampled_from([*SEPARATORS.values()])),
        end=draw(st.sampled_from([*ENDS.values()])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    text, rng = dialect.write(log).decode(), draw(st.randoms(use_true_random=False))
    for _ in range(draw(st.integers(1, 4))):
        edges = [
            edge.start() for edge in re.finditer(rf"(?<=[{dialect.separator}\r\n])|(?=[{dialect.separator}\r\n])", text)
        ]
        at = rng.choice([rng.randrange(len(text) + 1), rng.choice(edges), rng.choice(edges)])
        text = text[:at] + draw(st.sampled_from(['"', '"', '""'])) + text[at:]
    return len(log), text.encode()


def quotes_swallow_no_rows(written: tuple[int, bytes]) -> None:
    """Rows are all there, or the text is refused."""
    rows, data = written
    note(repr(data))
    found = load(data)
    assert isinstance(found, str) or found.report.rows_read == rows


# Each is a strategy, and what must hold of all that it makes.
PROPERTIES: dict[str, tuple[st.SearchStrategy, Callable[[Any], None]]] = {
    "any log": (written_logs(), any_log_is_read_as_it_was_written),
    "damaged texts": (
        st.tuples(damages(), st.sampled_from([*["log.csv"] * 6, "log.csv.gz", "log.zip"])),
        damaged_texts_are_read_or_refused,
    ),
    "quotes": (with_quotes(), quotes_swallow_no_rows),
}


def tried(name: str, examples: int, *, same: bool = False) -> None:
    """Tries a property with so many examples, each time with the `same` ones or with others.

    Raises:
        AssertionError: it does not hold; the message has the smallest example that was found.
    """
    slow = [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
        HealthCheck.large_base_example,
    ]
    how = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=same,
        suppress_health_check=slow,
        print_blob=True,
    )
    strategy, check = PROPERTIES[name]

    @how
    @given(strategy)
    def holds(example: Any) -> None:
        check(example)

    holds()


def main(arguments: Sequence[str] | None = None) -> int:
    """Tries all properties in turn until the time is over; 1 where one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long to try (default: %(default)s)")
    parser.add_argument("--only", choices=PROPERTIES, nargs="+", default=[*PROPERTIES], help="properties to try")
    options = parser.parse_args(arguments)
    end, failed = time.monotonic() + 60 * options.minutes, 0
    while time.monotonic() < end:
        for name in options.only:
            try:
                tried(name, 200)
            except Exception as error:
                failed += 1
                print(
                    f"{name}: {type(error).__name__}: {error}\n", *getattr(error, "__notes__", ()), sep="\n", flush=True
                )
            print(f"{name}: {COUNTS['read']:,} read and {COUNTS['refused']:,} refused", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
