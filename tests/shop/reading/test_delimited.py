"""What a CSV is written in, and what becomes of each of its lines."""

import gzip
import re
import zipfile

import pytest

from selflearn_env import load_transactions
from selflearn_env.shop.reading.errors import LogError
from selflearn_env.shop.reading.options import Reading

HEADING = ["invoice", "product", "quantity", "time", "price", "customer"]
ROWS = [
    ["1", "A", "2", "2024-02-01", "2.5", "17"],
    ["1", "B", "1", "2024-02-01", "4", "17"],
    ["2", "A", "3", "2024-02-13", "2.5", "18"],
]


@pytest.fixture
def load(tmp_path):
    """Loads a CSV with these lines, or these bytes."""

    def loaded(*lines, name="log.csv", **options):
        data = lines[0] if isinstance(lines[0], bytes) else "\n".join([*lines, ""]).encode()
        (tmp_path / name).write_bytes(data)
        return load_transactions(tmp_path / name, **options)

    return loaded


def lines_with(separator, rows=ROWS):
    return [separator.join(cells) for cells in [HEADING, *rows]]


@pytest.mark.parametrize(
    ("separator", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "pipe"), ("~", "~")]
)
def test_separators(load, separator, name):
    expected = load(*lines_with(",")).frame
    given = load(*lines_with(separator), separator=separator)
    assert given.report.understood["separator"] == name
    assert given.frame.equals(expected)
    if separator != "~":
        assert load(*lines_with(separator)).frame.equals(expected)
        assert load(*lines_with(separator), separator=name).frame.equals(expected)


@pytest.mark.parametrize(
    ("first", "end"), [("sep=~", "\n"), ("SEP=~", "\r\n"), ('"sep=~"', "\n"), ("\nsep=~ ", "\n"), ("sep=~", "\r")]
)
def test_a_line_of_excel_names_the_separator(load, first, end):
    text = end.join([first, *lines_with("~"), ""])
    assert load(text.encode()).frame.equals(load(*lines_with(",")).frame)


def test_a_separator_within_quotes_parts_nothing(load):
    lines = lines_with(";")
    lines[0] = lines[0].replace("product", '"product, code, of, the, till, and more"')
    log = load(*lines, columns={"product": "product, code, of, the, till, and more"})
    assert log.report.understood["separator"] == "semicolon"


@pytest.mark.parametrize("separator", ",;\t|")
def test_quotes_around_every_heading_hide_no_separator(load, separator):
    quoted = [[f'"{cell}"' for cell in cells] for cells in [HEADING, *ROWS]]
    assert load(*(separator.join(cells) for cells in quoted)).frame.equals(load(*lines_with(",")).frame)


def test_a_stray_zero_byte_makes_no_utf_16(load):
    assert load(*lines_with(",", [["1", "A\0B", *ROWS[0][2:]]])).frame["product"].tolist() == ["A\0B"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings(load, encoding):
    text = "\n".join(lines_with(";", [["1", "Käse €", *ROWS[0][2:]]]))
    assert load(text.encode(encoding)).frame["product"].tolist() == ["Käse €"]


@pytest.mark.parametrize(
    "option",
    [
        *({"separator": sign} for sign in ("xx", '"', "\n", "\0", "\xb7", None)),
        *({"decimal": ";"}, {"price_is": "net"}, {"date_format": "mixed"}, {"date_format": ""}),
    ],
)
def test_options_out_of_range(option):
    with pytest.raises(ValueError, match=re.escape(f", got {next(iter(option.values()))!r}")):
        Reading(**option)


def test_a_date_format_of_another_type():
    with pytest.raises(TypeError, match=r"date_format is None or a strptime format .*, got 5"):
        Reading(date_format=5)


def test_a_stray_pair_of_quotes_swallows_no_lines(load):
    rows = [*ROWS, ["3", '"A', *ROWS[0][2:]], *ROWS * 5, ["4", 'B"', *ROWS[0][2:]], *ROWS]
    with pytest.raises(
        ValueError, match=r"log\.csv: a quote that opens in line 5 ends in line 21, and the lines betwe"
    ):
        load(*lines_with(",", rows))


def test_a_stray_pair_of_quotes_in_two_neighbouring_lines(load):
    with pytest.raises(ValueError, match=r"log\.csv: a quote that opens in line 2 ends in line 3"):
        load(*lines_with(",", [["3", '"A', *ROWS[0][2:]], ["4", 'B"', *ROWS[0][2:]]]))


@pytest.mark.parametrize("closed", [True, False])
def test_a_stray_quote_in_the_heading(load, closed):
    """It once took half the log for the name of a column that is not used."""
    heading, *lines = (f"{line},till" for line in lines_with(",", ROWS * 5))
    if closed:
        lines[9] += '"'
    last = 11 if closed else 16
    with pytest.raises(ValueError, match=rf"log\.csv: a quote that opens in line 1 ends in line {last}, and the lines"):
        load(heading.replace("till", '"till'), *lines)


def test_a_heading_of_several_lines(load):
    heading, *lines = lines_with(",")
    given = load(heading.replace("price", '"unit\nprice"'), *lines)
    assert given.frame.equals(load(heading, *lines).frame)
    assert given.report.rows_read == 3
    with pytest.raises(ValueError, match="column 'quantity', row 3: 'x' is not a number"):
        load(heading.replace("price", '"unit\nprice"'), lines[0], lines[1].replace("B,1,", "B,x,"))


def test_a_single_stray_quote(load):
    with pytest.raises(ValueError, match=r"log\.csv: a quote that opens in line 3 ends in line 5"):
        load(*lines_with(",", [ROWS[0], ["3", '"A', *ROWS[0][2:]], *ROWS[:2]]))


def test_a_stray_quote_in_a_row_of_several_lines(load):
    """Found by tests/shop/fuzzing.py: neither line of such a row looks like a row."""
    first, second = lines_with(",", ROWS[:2])[1:]
    with pytest.raises(ValueError, match=r"log\.csv: a quote that opens in line 2 ends in line 4"):
        load(lines_with(",")[0], first.replace(",A,", ',"A\nB",').replace(",17", ',"17'), second)
    with pytest.raises(ValueError, match=r"log\.csv: a quote that opens in line 2 ends in line 4"):
        load(lines_with(",")[0], first.replace(",A,", ',"A\nB"",'), second.replace(",B,", ',B",'))
    with pytest.raises(ValueError, match=r"log\.csv: a quote that opens in line 4 ends in line 6"):
        load(b"\r\n".join(line.encode() for line in [*lines_with(",")[:2], f'\r"\n{second}', f'1"{second}']))


def test_a_cell_of_several_lines_with_separators(load):
    text = '"one, two, three, four, five\nsix"'
    assert load(*lines_with(",", [["1", text, *ROWS[0][2:]], *ROWS])).report.rows_read == 4


def test_quotes_within_a_cell_and_cells_of_several_lines(load):
    rows = [["1", 'A 5" plate', *ROWS[0][2:]], ["1", '"two\nlines, ""quoted"""', *ROWS[0][2:]], *ROWS]
    products = load(*lines_with(",", rows)).frame["product"].tolist()
    assert products == ['A 5" plate', 'two\nlines, "quoted"', "A", "B", "A"]


@pytest.mark.parametrize("cells", [ROWS[0][:4], [*ROWS[0], "more"]])
def test_a_line_with_other_cells_is_named_without_its_content(load, cells):
    with pytest.raises(
        ValueError,
        match=rf"log\.csv: line 3 has {len(cells)} cells, the heading has 6; (add the missing|put cells that)",
    ):
        load(*lines_with(",", [ROWS[0], cells, *ROWS]))


def test_empty_lines_are_no_rows_but_count_in_their_numbers(load):
    first, *lines = lines_with(",")
    log = load("", first, "", *lines, "", "")
    assert (log.report.rows_read, log.report.understood["empty lines"]) == (3, "1, not counted as rows")
    with pytest.raises(ValueError, match="column 'quantity', row 5: 'x' is not a number"):
        load("", first, "", lines[0], lines[1].replace("B,1,", "B,x,"))


@pytest.mark.parametrize(
    "lines", [[",".join(HEADING)], [",".join(HEADING), "", ""], [b",".join([b"x"] * 3)], [b"\n\n"]]
)
def test_no_rows(load, lines):
    with pytest.raises(ValueError, match=r"log\.csv: (the log has no rows|no column for 'product'|the file is empty)"):
        load(*lines)


@pytest.mark.parametrize("content", [gzip.compress(b"x", mtime=0), b"PK\3\4 a workbook", b"PAR1"])
def test_another_format_under_the_name_of_a_csv(load, content):
    with pytest.raises(ValueError, match=r"log\.csv: is .*: call it \."):
        load(content)


@pytest.mark.parametrize("name", ["log.parquet.gz", "log.xlsx.gz"])
def test_what_is_not_read_packed(load, name):
    with pytest.raises(ValueError, match=rf"{name}: packs .* unpack it first"):
        load(gzip.compress(b"x", mtime=0), name=name)


@pytest.mark.parametrize("name", ["log.csv.gz", "log.zip"])
def test_a_broken_pack(load, name):
    with pytest.raises(ValueError, match=f"{name}: cannot be read as"):
        load(b"\x1f\x8b nothing", name=name)


@pytest.mark.parametrize("count", [0, 2])
def test_a_zip_of_several_files(tmp_path, count):
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as packed:
        for part in range(count):
            packed.writestr(f"{part}.csv", "x")
    with pytest.raises(ValueError, match=rf"log\.zip: holds {count} files, not one"):
        load_transactions(tmp_path / "log.zip")


def test_the_command_line_speaks_of_its_own_options(load):
    with pytest.raises(LogError) as error:
        load(*lines_with(",", [["1", "A", "2", "1/2/2024", "2.5", "17"]]))
    assert str(error.value).endswith("Settle it with date_format='%d/%m/%Y'")
    assert error.value.for_command_line().endswith("Settle it with --date-format %d/%m/%Y")


@pytest.mark.parametrize("first", ["Sales of 2024", "# exported by K17", "1:A:2:2024-02-01:2.5:K17", "", '"'], ids=repr)
def test_a_first_line_that_is_one_cell_is_not_shown(load, first):
    """It may be the first row of a log, with a customer in it."""
    with pytest.raises(
        ValueError, match=r"log\.csv: (line 1 has only one cell, so it is no heading; delete|a quote)"
    ) as error:
        load(first or "x", *lines_with(","))
    assert "K17" not in str(error.value)


def test_a_log_without_a_heading_is_not_shown(load):
    with pytest.raises(ValueError, match=r"numbers or dates are where .*; write a heading above them") as error:
        load(*lines_with(",", ROWS)[1:])
    with pytest.raises(ValueError, match=r"numbers or dates are where .*; write a heading") as other:
        load(*lines_with(",", ROWS)[1:], columns={"time": "x"})
    assert "17" not in str(error.value) + str(other.value)


@pytest.mark.parametrize(
    "data", [b"\xd0\xcf\x11\xe0\xa1\xb1,", b"SQLite\0,x", "a,b\n".encode("utf-32"), "a,b\x85c,d".encode()]
)
def test_what_is_no_text(load, data):
    with pytest.raises(ValueError, match=r"log\.csv: line 1 holds characters that no text has"):
        load(data)


def test_utf_8_with_damage_is_no_other_encoding(load):
    rows = [["1", "Käse", *ROWS[0][2:]], ["2", "Brötchen", *ROWS[0][2:]], ["3", "Öl", *ROWS[0][2:]]]
    data = "\n".join(lines_with(",", rows)).encode()
    with pytest.raises(
        ValueError, match=r"log\.csv: line 4 holds a character that is not UTF-8, although the others are"
    ):
        load(data.replace("Ö".encode(), b"\xd6"))
    assert load(data.decode().encode("cp1252")).report.understood["encoding"] == "cp1252"


def test_very_long_cells(load):
    """One of 1 MB once asked for gigabytes, and one of 3 MB was refused by a message of the parser."""
    heading, first, *lines = lines_with(",")
    log = load(f"{heading},description", f"{first},{'x' * 3_000_000}", *(f"{line},y" for line in lines))
    assert sorted(log.frame["description"].str.len()) == [1, 1, 500]
    with pytest.raises(ValueError, match=r"column 'quantity', row 2: 'x{57}\.\.\.' is not a number$"):
        load(heading, first.replace(",2,", f",{'x' * 1_000_000},"), *lines)


def test_a_line_end_of_another_kind_does_not_hide_quotes(load):
    """A stray carriage return adds a row, and quotes over two lines take one away."""
    lines = lines_with(",", [*ROWS, ["3", '"A', *ROWS[0][2:]], ["4", 'B"', *ROWS[0][2:]]])
    lines[1] += "\r" + lines[2]
    with pytest.raises(ValueError, match=r"log\.csv: a quote that opens in line 6 ends in line 7"):
        load(*lines)
