"""XLSX workbooks, as spreadsheet programs and libraries write them, and as they come to harm."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from functools import cache, partial

import openpyxl
import pandas as pd

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import ROWS, plain

SHEET, RELATIONS = "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"
CELLS = {  # of the first row of data, row 2: column E is the quantity, F the time, G the price
    "truth": ("D2", True, None, "'quantity', row 2: 'True' is bool, which is no number; convert it"),
    "an error": ("D2", "#REF!", None, "'quantity', row 2 of sheet 'log' holds the error #REF!; correct its formula"),
    "a division by zero": ("F2", "#DIV/0!", None, "'price', row 2 of sheet 'log' holds the error #DIV/0!; correct"),
    "an error as code": ("B2", "#NAME?", None, "'product', row 2 of sheet 'log' holds the error #NAME[?]; correct"),
    "a date as quantity": ("D2", datetime.datetime(2023, 1, 1), None, "'quantity', row 2: .* is datetime, which is no"),
    "a code that became a date": (
        "B2",
        datetime.datetime(2023, 3, 4),
        None,
        "'product', row 2: .* is datetime, which is",
    ),
    "a duration": ("F2", 1.5, "[h]:mm", "'price', row 2 of sheet 'log' holds 1 day, 12:00:00, a time without a day"),
    "a time of day": (
        "E2",
        datetime.time(9, 30),
        None,
        "'time', row 2 of sheet 'log' holds 09:30:00, a time without a day; give the cell another format",
    ),
    "a number among dates": ("E2", 45000, "0", "'time', row 2: '45000' is not a date like"),
    "a date after all": ("E2", 10**8, "yyyy", "'time', row 2 of sheet 'log' holds the error #VALUE!; correct"),
    "a merged code": ("G2", 1e17, None, "'customer', row 2: (1e[+]17|10{17}) is a floating point number"),
    "text as number": ("D2", "two", None, "column 'quantity', row 2: 'two' is not a number"),
    "a formula without value": (
        "G2",
        "=1+1",
        None,
        "'customer', row 2 of sheet 'log' holds a formula without its value; open the workbook in a spreadsheet",
    ),
    "a huge number": ("F2", 1e300, None, "'price', row 2: 1e[+]300 is too large to be counted"),
}
ENTITY = b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet'
EDITS = {  # of the XML: part, what, by what; lines read, or why not
    "formulas with values": (SHEET, rb"<v>", b"<f>1+1</f><v>", ROWS),
    "a formula that gives no text": (
        SHEET,
        rb"</row><row",
        b'<c r="H1" t="str"><f>IF(1,"","x")</f><v></v></c></row><row',
        ROWS,
    ),
    "no size": (SHEET, rb"<dimension[^>]*/>", b"", ROWS),
    "a size that lies": (SHEET, rb"<dimension[^>]*/>", b'<dimension ref="A1:XFD1048576"/>', ROWS),
    "rows without numbers": (SHEET, rb'<row r="\d+"', b"<row", ROWS),
    "cells without places": (SHEET, rb'<c r="[A-Z]+\d+"', b"<c", ROWS),
    "rows of nothing": (SHEET, rb"</sheetData>", b'<row r="99"/><row r="100"><c r="A100"/></row></sheetData>', ROWS),
    "a stray row": (
        SHEET,
        rb"</sheetData>",
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
        ROWS + 1,
    ),
    "a row too far": (SHEET, rb"</sheetData>", b'<row r="4294967295"/></sheetData>', "a row 1048577, but a sheet ends"),
    "a column too far": (
        SHEET,
        rb"</sheetData>",
        b'<row><c r="ZZZZ9"/></row></sheetData>',
        "'ZZZZ' is not a valid column name",
    ),
    "no column": (SHEET, rb'r="A1"', b'r="1"', "'' is not a valid column name"),
    "words of its own": (SHEET, rb"<worksheet", ENTITY, ROWS),
    "half a sheet": (SHEET, rb"</sheetData>[^$]*", b"", "no element found"),
    "no sheet": (
        RELATIONS,
        rb"sheet1.xml",
        b"sheet7.xml",
        "the workbook has no sheets",
    ),
    "an endless cell": (SHEET, rb"<v>", b"<v>" + b" " * (2**24 + 2**20), ROWS),
}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BYTES = {
    "an old workbook": (
        OLE + bytes(600),
        "it has a password, or is older than .xlsx; save it as .xlsx without",
    ),
    "a page": (b"<html><table><tr><td>invoice", "it is no workbook; save it as .xlsx"),
    "a CSV": (b"invoice,product\n", "it is no workbook; save it as .xlsx"),
    "nothing": (b"", "it is no workbook"),
    "half a zip": (b"PK\3\4" + bytes(40), "File is not a zip file"),
}


def book(folder):
    path = folder / "log.xlsx"
    path.write_bytes(_book())
    return path


@cache
def _book():
    plain().to_excel(file := io.BytesIO(), index=False, sheet_name="log")
    return file.getvalue()


def saved(workbook, folder):
    workbook.save(folder / "log.xlsx")
    return folder / "log.xlsx"


def with_cell(place, cell, shown, folder):
    workbook = openpyxl.load_workbook(io.BytesIO(_book()))
    workbook["log"][place] = cell
    if shown:
        workbook["log"][place].number_format = shown
    return saved(workbook, folder)


def edited(part, what, by, folder):
    path = folder / "log.xlsx"
    with zipfile.ZipFile(io.BytesIO(_book())) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(
                name, re.sub(what, by, old.read(name), count=what == rb"<v>") if name == part else old.read(name)
            )
    return path


def with_bytes(content, folder):
    (folder / "log.xlsx").write_bytes(content)
    return folder / "log.xlsx"


def of_sheets(sheets, folder):
    with pd.ExcelWriter(folder / "log.xlsx") as file:
        for name, sheet in sheets.items():
            sheet.to_excel(file, sheet_name=name, index=False)
    return folder / "log.xlsx"


def since_1904(folder):
    workbook = openpyxl.load_workbook(io.BytesIO(_book()))
    workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in workbook["log"].iter_rows(min_row=2, min_col=5, max_col=5):
        row[0].value = plain()["time"][row[0].row - 2].to_pydatetime()
    return saved(workbook, folder)


def below_blank_rows(folder):
    plain().to_excel(folder / "log.xlsx", index=False, startrow=3)
    return folder / "log.xlsx"


HALVES = {"2023": plain()[:30], "2024": plain()[30:]}
NOTES = pd.DataFrame({"notes": ["exported on Monday", "by the till"]})
CASES = [
    Case("as it is", book, ROWS, "plain"),
    Case("days since 1904", since_1904, ROWS, "plain"),
    Case("blank rows above", below_blank_rows, ROWS, "plain"),
    Case("two sheets", partial(of_sheets, HALVES), ROWS, "plain"),
    Case("a sheet of notes", partial(of_sheets, {"notes": NOTES} | HALVES), ROWS + 2),
    Case(
        "a sheet with another heading",
        partial(of_sheets, HALVES | {"2025": plain().rename(columns={"customer": "Kunde"})}),
        refused="sheet '2025': no column for 'customer'",
    ),
    Case(
        "a sheet without prices",
        partial(of_sheets, HALVES | {"2025": plain().drop(columns="price")}),
        refused="column 'price' is not in all sheets",
    ),
    Case("a formula of no column that is used", partial(with_cell, "H2", "=1+1", None), ROWS, "plain"),
    Case("no such cell", partial(with_cell, "G2", "#N/A", None), ROWS),
    Case("numbers as text", partial(with_cell, "D2", str(plain()["quantity"][0]), None), ROWS, "plain"),
    Case("whole numbers beyond floating point", partial(with_cell, "G2", 2**53 + 1, None), ROWS),
    *(Case(name, partial(with_cell, *cell), refused=rf"log\.xlsx: .*{why}") for name, (*cell, why) in CELLS.items()),
    *(
        Case(name, partial(edited, *edit), read, "plain" if read == ROWS else None)
        for name, (*edit, read) in EDITS.items()
        if isinstance(read, int)
    ),
    *(
        Case(name, partial(edited, *edit), refused=rf"log\.xlsx: .*{why}")
        for name, (*edit, why) in EDITS.items()
        if isinstance(why, str)
    ),
    *(
        Case(name, partial(with_bytes, content), refused=rf"log\.xlsx: cannot be read as xlsx: {why}")
        for name, (content, why) in BYTES.items()
    ),
]
