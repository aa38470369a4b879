"""CSV, TSV and TXT in the dialects of tills, databases and spreadsheets, as they are and packed."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, product
from pathlib import Path
from typing import Any

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import CONTENTS, ROWS
from tests.shop.corpus.dialects import NUMBERS, Dialect

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1")
ENDS = {"Unix": "\n", "Windows": "\r\n", "old Mac": "\r"}
QUOTING = {"some": csv.QUOTE_MINIMAL, "texts": csv.QUOTE_NONNUMERIC, "all": csv.QUOTE_ALL}
MISSING = ("NA", "N/A", "n/a", "na", "#N/A", "<NA>", r"\N", "NULL", "null", "nan", "NaN", "None", "none", " ", "\xa0")
DATES = (
    *("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.000", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S+02:00"),
    *("%Y-%m-%d %H:%M:%S UTC", "%Y/%m/%d %H:%M", "%Y.%m.%d %H:%M:%S", "%Y-%m-%d %I:%M %p"),
    *("%m/%d/%Y %H:%M", "%m/%d/%y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y, %I:%M %p", "%m-%d-%Y %H:%M"),
    *("%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d.%m.%y %H:%M", "%d-%m-%Y  %H:%M", "%d.%m.%Y, %H:%M", "%d.%m.%YT%H:%M"),
)
STATED = ("%d %b %Y %H:%M", "%Y%m%d%H%M%S", "%d-%b-%y %H:%M", "%H:%M %d.%m.%Y", "%Y-%d-%m %H:%M", "%A, %d %B %Y, %H:%M")
HEADINGS = {
    "Online Retail": "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID",
    "Online Retail II": "Invoice StockCode Description Quantity InvoiceDate Price Customer_ID",
    "a web shop": "order_id sku product_name qty created_at unit_price user_id",
    "a till": "ReceiptNo ItemCode ItemName Units SaleDate SellingPrice MemberId",
    "in capitals": "INVOICE PRODUCT DESCRIPTION QUANTITY TIME PRICE CUSTOMER",
    "with points": "transaction.id article.no article.name units.sold order.date price.each household.key",
    "a warehouse": "basket_id upc item_description quantity_sold transaction_timestamp item_price shopper_id",
}


def written(name: str, dialect: Dialect, like: str = "rich", ending: str = ".csv", **options: Any) -> Case:
    """A content in a dialect."""

    def make(folder: Path) -> Path:
        path = folder / f"log{ending}"
        path.write_bytes(dialect.write(CONTENTS[like]()))
        return path

    return Case(name, make, lines=ROWS, like=like, options=options)


def as_gzip(name: str, data: bytes) -> tuple[str, bytes]:
    """The name and the bytes of a packed file."""
    return f"{name}.gz", gzip.compress(data, mtime=0)


def as_zip(name: str, data: bytes, inside: str = "", more: Mapping[str, bytes] | None = None) -> tuple[str, bytes]:
    """The name and the bytes of a packed file, with others beside it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inside or name, data)
        for each, content in (more or {}).items():
            archive.writestr(each, content)
    return "log.zip", packed.getvalue()


PACKS: dict[str, Callable[[str, bytes], tuple[str, bytes]]] = {
    "gzip": as_gzip,
    "gzip without an inner ending": lambda _, data: as_gzip("log", data),
    "gzip in two members": lambda name, data: (f"{name}.gz", gzip.compress(data[:99]) + gzip.compress(data[99:])),
    "GZIP": lambda name, data: (f"{name.upper()}.GZ", gzip.compress(data, mtime=0)),
    "zip": as_zip,
    "zip of a folder": lambda name, data: as_zip(name, data, f"a till/{name}"),
    "zip of a Mac": lambda name, data: as_zip(name, data, more={"__MACOSX/._log.csv": b"\0"}),
}


def packed(name: str, pack: str, ending: str, dialect: Dialect) -> Case:
    """The rich content, packed."""

    def make(folder: Path) -> Path:
        inner, data = PACKS[pack](f"log{ending}", dialect.write(CONTENTS["rich"]()))
        (folder / inner).write_bytes(data)
        return folder / inner

    return Case(name, make, lines=ROWS, like="rich")


def _cases() -> Iterator[Case]:
    ends, quotings, signs, blanks = map(cycle, (ENDS.items(), QUOTING.items(), SEPARATORS.values(), ("", " ")))
    for (separator, sign), encoding in product(SEPARATORS.items(), ENCODINGS):
        end, line_end = next(ends)
        yield written(f"{separator}, {encoding}, {end}", Dialect(sign, encoding, line_end))
    for (separator, sign), number in product(SEPARATORS.items(), NUMBERS):
        quoted, quoting = next(quotings)
        dialect = Dialect(sign, quoting=quoting, number=number)
        yield written(f"{separator}, {quoted} quoted, prices with {number}", dialect)
    for date in DATES:
        yield written(f"dates as {date}", Dialect(next(signs), date=date, blanks=next(blanks)))
    for date in STATED:
        yield written(f"dates as {date}, which is stated", Dialect(date=date), date_format=date)
    for missing in MISSING:
        yield written(f"missing as {missing!r}", Dialect(next(signs), missing=missing))
    for empty, (end, line_end) in product((1, 7), ENDS.items()):
        yield written(f"an empty line after {empty} rows, {end}", Dialect(empty=empty, end=line_end))
        if empty == 7:
            yield written(f"empty lines above, {end}", Dialect(above=line_end * empty, end=line_end))
    for name, line in HEADINGS.items():
        names = dict(zip(CONTENTS["rich"](), line.split(), strict=True))
        spaced = {canonical: f" {heading.replace('_', ' ')} " for canonical, heading in names.items()}
        yield written(f"headings of {name}", Dialect(headings=names if next(blanks) else spaced))
    own = {name: f"own {place}" for place, name in enumerate(CONTENTS["rich"]())}
    yield written("headings of one's own", Dialect(headings=own), columns=own)
    for pack, ending in zip(PACKS, cycle((".csv", ".tsv", ".txt")), strict=False):
        yield packed(f"{pack} of {ending}", pack, ending, Dialect(next(signs)))
    for ending in (".tsv", ".txt", ".CSV", ".Txt"):
        yield written(f"called {ending}", Dialect(";"), ending=ending)
    for sign in (*SEPARATORS.values(), "~", "\x1f"):
        end, line_end = next(ends)
        yield written(f"sep={sign!r} of Excel, {end}", Dialect(sign, end=line_end, above=f"sep={sign}{line_end}"))
    for sign in "~:^!\x1f ":
        yield written(f"parted by {sign!r}, which is stated", Dialect(sign), separator=sign)
    for separator, sign in SEPARATORS.items():
        yield written(f"{separator} at the end of every line", Dialect(sign, trailing=True))
    for blank in ("  ", "\t", "\xa0", " \t "):
        yield written(f"{blank!r} around dates and numbers", Dialect(";", blanks=blank))
    for number, mark in (("point", "."), ("comma", ",")):
        yield written(f"decimal {number}, which is stated", Dialect(number=number), decimal=mark)
    for like, quoting in product(CONTENTS, QUOTING.values()):
        yield written(f"{like}, quoting {quoting}, no last line end", Dialect(quoting=quoting, final=False), like)


CASES = list(_cases())
