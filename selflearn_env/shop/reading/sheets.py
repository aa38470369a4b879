"""The cells of an XLSX workbook, read from its XML as they stand there: row by row, and only those that hold something.

Libraries set aside memory for all cells up to the last one, however few there are, and end the process where there is
not enough; they pass whole numbers through floating point, and give nothing for an error or a formula without a value.
"""

from __future__ import annotations

import datetime
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat

from selflearn_env.shop.reading.cleaning import BLANKS

UNPACKED = 2**31  # bytes of the parts of a workbook that are read
SMALL = 2**24  # bytes of a part that is read as a whole, and of one cell
ROWS, COLUMNS = 2**20, 2**14  # of a sheet, in any spreadsheet program
DATES = {*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)}  # numbers of formats
SILENT = r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]'  # parts of a format that say nothing of dates
DAY = 86_400_000  # milliseconds
LATEST = 2_958_466  # days; what follows 31 December 9999
LONGEST = 1000  # characters of a text that many cells may share; no code and no description is longer


class DamagedError(Exception):
    """Bytes are no workbook."""


class Fault(NamedTuple):
    """What stands in a cell in the place of a value."""

    why: str


@contextmanager
def _damage() -> Iterator[None]:
    """Whatever zip and XML have to say of bytes that are none, as a `DamagedError`."""
    try:
        yield
    except (
        *(EOFError, LookupError, NotImplementedError, OSError, OverflowError, RuntimeError, StopIteration),
        *(ValueError, zipfile.BadZipFile, zlib.error, expat.ExpatError, ElementTree.ParseError),
    ) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedError(reason) from None


class Workbook:
    """The worksheets of a workbook.

    Attributes:
        sheets: name -> part of the file, in the order of the workbook.
    """

    def __init__(self, data: bytes):
        """Finds the parts.

        Raises:
            DamagedError: the bytes are no workbook.
        """
        self.sheets: dict[str, str] = {}
        self._left, self._shown, self._texts = UNPACKED, list[str](), list[str]()
        with _damage():
            self._open(data)

    def _open(self, data: bytes) -> None:
        self._packed = zipfile.ZipFile(io.BytesIO(data))
        names = self._packed.namelist()
        self._members = {_plain(name): name for name in names}
        if len(self._members) != len(names):
            raise ValueError("it holds several parts of one name")
        main = next(target for kind, target in self._related("").values() if kind == "officeDocument")
        related, book = self._related(main), self._tree(main)
        for sheet in book.iter("sheet"):
            kind, target = related[next(value for name, value in sheet.items() if name.endswith("}id"))]
            if sheet.attrib["name"] in self.sheets:
                raise ValueError(f"two sheets are called {sheet.attrib['name']!r}")
            if kind == "worksheet":
                self.sheets[sheet.attrib["name"]] = target
        late = any(each.get("date1904") in ("1", "true") for each in book.iter("workbookPr"))
        self._first_day = datetime.datetime(1904, 1, 1) if late else datetime.datetime(1899, 12, 30)
        parts = dict(related.values())
        if "styles" in parts:
            self._shown = _shown(self._tree(parts["styles"]))
        if "sharedStrings" in parts:
            texts = (cells[0] for _, cells in self._rows(parts["sharedStrings"]))
            self._texts = [text if len(text) <= LONGEST else text.strip(BLANKS)[:LONGEST] for text in texts]

    def rows(self, sheet: str) -> Iterator[tuple[int, dict[int, Any]]]:
        """The number of each row that holds something, from 1, and its cells by their columns, from 0.

        A cell is a text, a number, a truth value, a moment, or a `Fault`.

        Raises:
            DamagedError: the sheet cannot be read.
        """
        with _damage():
            yield from self._rows(self.sheets[sheet])

    def _rows(self, member: str) -> Iterator[tuple[int, dict[int, Any]]]:
        """The rows of a sheet; each of the texts that cells share counts as a row of one cell."""
        done: list[tuple[int, dict[int, Any]]] = []
        cells: dict[int, Any] = {}
        text: list[str] = []
        columns = _Columns()
        row, column, kind, style, computed, heard = 0, -1, "", "", False, 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, kind, style, computed, heard
            if ":" in tag:
                tag = tag.rpartition(":")[2]
            if tag == "c":
                said = attributes.get
                column = column + 1 if (place := said("r")) is None else columns[place.rstrip("0123456789")]
                kind, style, computed = said("t", "n"), said("s", ""), False
                text.clear()
            elif tag == "v" or tag == "t":
                parser.CharacterDataHandler = text.append
            elif tag == "f":
                computed = True
            elif tag == "row":
                row, column = int(attributes.get("r", row + 1)), -1
                if not 0 < row <= ROWS:
                    raise ValueError(f"there is no row {row} in a sheet")
            elif tag == "rPh":  # how the text before is pronounced
                heard = len(text)

        def end(tag: str) -> None:
            nonlocal cells
            if ":" in tag:
                tag = tag.rpartition(":")[2]
            if tag == "c":
                value = self._value(kind, style, "".join(text), computed)
                if value is not None:
                    cells[column] = value
            elif tag == "v" or tag == "t":
                parser.CharacterDataHandler = None
            elif tag == "row":
                if cells:
                    done.append((row, cells))
                    cells = {}
            elif tag == "rPh":
                del text[heard:]
            elif tag == "si":
                done.append((0, {0: "".join(text)}))
                text.clear()

        def refuse(*_: Any) -> None:
            raise ValueError("it defines words of its own")

        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = start, end, refuse
        fed = 0
        for chunk in self._chunks(member):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > SMALL or sum(map(len, text)) > SMALL:
                raise ValueError("a cell is too long")
            yield from done
            done.clear()
        parser.Parse(b"", True)
        yield from done

    def _value(self, kind: str, style: str, text: str, computed: bool) -> Any:
        """What a cell holds, None for nothing."""
        if kind == "s":
            return self._texts[int(text)] or None
        if kind == "n" and text:
            number = int(text) if text.isdecimal() and len(text) < 20 else float(text)
            return self._moment(number, shown) if style and (shown := self._shown[int(style)]) else number
        if kind in ("str", "inlineStr", "d"):
            return text or None
        if not text:
            return Fault("holds a formula without its value; open the workbook and save it again") if computed else None
        if kind == "b":
            return text != "0"
        return text if text == "#N/A" else Fault(f"holds the error {text}; mend its formula")

    def _moment(self, number: float, shown: str) -> datetime.datetime | Fault:
        """The moment that a number of days stands for."""
        if shown == "duration" or not 1 <= number < LATEST:
            return Fault(f"holds {number} as a {shown}, which is none that is read; give it another format")
        early = datetime.timedelta(days=number < 60 and self._first_day.year == 1899)  # 29 February 1900 never was
        return self._first_day + early + datetime.timedelta(milliseconds=round(number * DAY))

    def _related(self, member: str) -> dict[str, tuple[str, str]]:
        """Key -> kind and name of the parts that a part speaks of."""
        folder, name = posixpath.split(member)
        return {
            each.attrib["Id"]: (
                each.attrib["Type"].rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, each.attrib["Target"]))[1:],
            )
            for each in self._tree(posixpath.join(folder, "_rels", f"{name}.rels")).iter("Relationship")
        }

    def _tree(self, member: str) -> ElementTree.Element:
        """A small part, its tags without their namespaces."""
        data = b""
        for chunk in self._chunks(member):
            data += chunk
            if len(data) > SMALL:
                raise ValueError(f"{member} is too large")
        tree = ElementTree.fromstring(data)
        for each in tree.iter():
            each.tag = each.tag.rpartition("}")[2]
        return tree

    def _chunks(self, member: str) -> Iterator[bytes]:
        if _plain(member) not in self._members:
            raise ValueError(f"it has no part {member!r}")
        with self._packed.open(self._members[_plain(member)]) as part:
            while chunk := part.read(2**16):
                self._left -= len(chunk)
                if self._left < 0:
                    raise ValueError(f"it unpacks to more than {UNPACKED >> 30} GB; give it as CSV or Parquet")
                yield chunk


def _plain(name: str) -> str:
    """The name of a part; some programs write it otherwise than where they speak of it."""
    return name.replace("\\", "/").lower()


class _Columns(dict[str, int]):
    """The columns, from 0, by their letters."""

    def __missing__(self, letters: str) -> int:
        column = 0
        for letter in letters:
            column = 26 * column + ord(letter) - ord("A") + 1
        if not 0 < column <= COLUMNS:
            raise ValueError(f"there is no column {letters!r} in a sheet")
        self[letters] = column - 1
        return column - 1


def _shown(styles: ElementTree.Element) -> list[str]:
    """What each style shows a number as: "date", "duration" or ""."""
    own = {int(each.attrib["numFmtId"]): each.attrib["formatCode"] for each in styles.iter("numFmt")}

    def shown(number: int) -> str:
        code = own.get(number, "yy" if number in DATES else "[h]" if number == 46 else "").lower()
        if re.search(r"\[(h+|m+|s+)\]", code):
            return "duration"
        return "date" if re.search("[ymdhs]", re.sub(SILENT, "", code)) else ""

    cells = next(styles.iter("cellXfs"), ())
    return [shown(int(each.get("numFmtId", 0))) for each in cells]
