"""Dates are told apart without guessing."""

import pandas as pd
import pytest

from selflearn_env.shop.reading.dates import parse_dates
from selflearn_env.shop.reading.errors import LogError

CHRISTMAS_EVE = pd.Timestamp("2010-12-24 08:26")


def parse(*cells, date_format=None):
    return parse_dates(pd.Series(cells, index=range(2, 2 + len(cells))), "log.csv", date_format).tolist()


@pytest.mark.parametrize(
    "text",
    [
        *("2010-12-24 08:26:00", "2010-12-24 08:26", "2010-12-24T08:26:00", "2010-12-24 8:26"),
        *("12/24/2010 8:26", "12/24/2010 08:26:00", "12/24/10 8:26", "12-24-2010 8:26"),
        *("24/12/2010 8:26", "24.12.2010 8:26", "24-12-10 08:26", "24.12.2010, 08:26", "24.12.2010 08:26:00.000"),
        *("2010/12/24 08:26", "2010.12.24 8:26", "2010-12-24 08:26:00 UTC", "2010-12-24 08:26:00Z"),
        *("12/24/2010 8:26 AM", "12/24/2010, 8:26:00\u202fam", "2010-12-24 08:26AM"),
    ],
)
def test_orders_that_show(text):
    assert parse(text) == [CHRISTMAS_EVE]


def test_iso_is_never_ambiguous():
    assert parse("2010-02-01", "2010-1-2") == [pd.Timestamp(2010, 2, 1), pd.Timestamp(2010, 1, 2)]


@pytest.mark.parametrize(
    ("witness", "expected"),
    [("1/31/2010", pd.Timestamp(2010, 2, 1)), ("31/1/2010", pd.Timestamp(2010, 1, 2))],
    ids=["month first", "day first"],
)
def test_one_date_tells_the_order_of_all(witness, expected):
    assert parse("2/1/2010", witness) == [expected, pd.Timestamp(2010, 1, 31)]


def test_missing_cells_stay_missing():
    first, second, third = parse("2010-12-24 08:26", None, "2010-12-24 08:26")
    assert (first, third) == (CHRISTMAS_EVE, CHRISTMAS_EVE)
    assert pd.isna(second)


def test_ambiguous_order_asks_for_the_format():
    with pytest.raises(ValueError, match=r"log\.csv: column 'time' is ambiguous.*'12/1/2010 8:26'.*date_format"):
        parse("12/1/2010 8:26", "12/12/2010 8:26")


@pytest.mark.parametrize("cell", ["2/1/2010 8:26", "2.1.2010", "02-01-10 08:26:30", "2/1/2010, 8:26:30 PM"])
def test_the_format_that_the_error_suggests_reads_the_column(cell):
    with pytest.raises(LogError) as raised:
        parse(cell)
    assert parse(cell, date_format=raised.value.example)[0].month == 1


@pytest.mark.parametrize(
    ("cell", "date_format"),
    [
        ("20101224", "%Y%m%d"),
        ("20101224082600", "%Y%m%d%H%M%S"),
        ("24 Dec 2010 8:26", "%d %b %Y %H:%M"),
        ("24-Dec-10", "%d-%b-%y"),
        ("December 24, 2010 08:26 AM", "%B %d, %Y %I:%M %p"),
        ("1293179160", "<its strptime format>"),
        ("10:00 PM", "<its strptime format>"),
        ("24.12.2010 8:26 Uhr", "<its strptime format>"),
    ],
)
def test_a_suggested_format_fits_the_cell(cell, date_format):
    with pytest.raises(LogError, match=rf"log\.csv: column 'time', row 2: '{cell}' is not a date like") as raised:
        parse(cell)
    assert raised.value.example == date_format
    if "<" not in date_format:
        assert parse(cell, date_format=date_format)[0].date() == CHRISTMAS_EVE.date()


@pytest.mark.parametrize(
    ("text", "hour"),
    [("12:05 AM", 0), ("1:05 AM", 1), ("11:05 AM", 11), ("12:05 PM", 12), ("1:05 pm", 13), ("11:05PM", 23)],
)
def test_hours_of_half_a_day(text, hour):
    assert parse(f"12/24/2010 {text}")[0].hour == hour


@pytest.mark.parametrize("text", ["13:05 PM", "0:05 AM"])
def test_hours_of_no_half_day(text):
    with pytest.raises(LogError, match="is not a date like"):
        parse(f"12/24/2010 {text}")


def test_mixed_order():
    with pytest.raises(ValueError, match=r"mixes orders: row 4: '31/1/2010' has the day first, row 3: '1/31/2010' the"):
        parse("1/1/2010", "1/31/2010", "31/1/2010")


def test_mixed_iso_and_us_names_a_row():
    with pytest.raises(ValueError, match=r"log\.csv: column 'time', row \d: '.*2010.*' "):
        parse("2010-12-24", "12/24/2010")


@pytest.mark.parametrize(
    ("date_format", "expected"),
    [("%d/%m/%Y", pd.Timestamp(2010, 1, 12)), ("%m/%d/%Y", pd.Timestamp(2010, 12, 1))],
)
def test_given_format_settles_it(date_format, expected):
    assert parse("12/1/2010", date_format=date_format) == [expected]


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("24.12.2010 8.26 AM", "%d.%m.%Y %I.%M %p"),
        ("20101224 0826", "%Y%m%d %H%M"),
        ("24 Dec 2010 8:26", "%d %b %Y %H:%M"),
    ],
)
def test_given_format_reads_what_is_not_recognised(text, date_format):
    assert parse(text, date_format=date_format) == [CHRISTMAS_EVE]


def test_given_format_that_does_not_fit_names_the_row():
    with pytest.raises(ValueError, match=r"column 'time', row 3: '12/24/2010' does not follow date_format '%d/%m/%Y'"):
        parse("1/12/2010", "12/24/2010", date_format="%d/%m/%Y")


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("2010-12-24", "2010-02-31"),
        ("2010-12-24", "2010-12-24 25:00"),
        ("2010-12-24", "yesterday"),
        ("12/24/2010", "2/31/2010"),
        ("24/12/2010", "31/2/2010"),
        ("12/24/2010", "40513.35"),
        ("12/24/2010", "12/24/10/11"),
    ],
)
def test_unreadable_date_is_named_with_its_row(good, bad):
    with pytest.raises(ValueError, match=rf"log\.csv: column 'time', row 4: '{bad}' is not a date"):
        parse(good, good, bad)


def test_index_of_the_column_is_kept():
    column = pd.Series(["2010-12-24", "2010-12-25"], index=[7, 3])
    assert parse_dates(column, "log", None).index.tolist() == [7, 3]


def test_time_of_day_is_the_local_one():
    assert parse("2010-12-24T08:26:00+02:00") == [CHRISTMAS_EVE]


def test_mixed_time_zones_say_which_log():
    with pytest.raises(ValueError, match=r"log\.csv: column 'time', row 3: '.*\+01:00' is not in the time zone of the"):
        parse("2010-12-24T08:26:00+02:00", "2010-12-24T08:26:00+01:00")
    with pytest.raises(
        ValueError, match=r"log\.csv: column 'time' cannot be read with date_format .* mixes time zones"
    ):
        parse("2010-12-24 08:26+0200", "2010-12-24 08:26+0100", date_format="%Y-%m-%d %H:%M%z")


def test_senseless_format_says_which_log():
    with pytest.raises(ValueError, match=r"log\.csv.*date_format '%Q'"):
        parse("2010-12-24", date_format="%Q")


def test_two_digit_years_follow_strptime():
    assert parse("12/24/68", "12/24/69") == [pd.Timestamp(2068, 12, 24), pd.Timestamp(1969, 12, 24)]


def test_thirteen_is_no_month():
    with pytest.raises(ValueError, match=r"log\.csv: column 'time', row 3: '13/13/2010' is not a date"):
        parse("12/24/2010", "13/13/2010")
