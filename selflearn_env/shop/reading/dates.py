"""Dates as tills and spreadsheets write them, read without guessing."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import product

import pandas as pd

from selflearn_env.shop.reading.errors import LogError, quoted

ISO = r"\d{4}-\d{1,2}-\d{1,2}"
YEAR_FIRST = r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})"
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
SPLIT = rf"^(\d{{1,2}})([/.\-])(\d{{1,2}})[/.\-](\d{{4}}|\d{{2}})(?:,?[ T]+({CLOCK}))?$"
COMMON = rf"{ISO}(?:[ T]{CLOCK})?|\d{{1,2}}([/.\-])\d{{1,2}}[/.\-]\d{{2,4}}(?: {CLOCK})?"  # with one way of writing it
HALF_DAYS = r"^(.*?\D)(\d{1,2})(:[\d:.]+)\s*([aApP])[mM]$"
ZONE = r":\d{2}\S*?\s*(Z|[+-]\d{2}(?::?\d{2})?)$"
# What a message suggests: dates and times in forms that are clear, but not read unasked.
DATES = ("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d%b%Y", "%a %d %b %Y")
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S")
DIGITS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}  # by their number
SOME_FORMAT = "<its strptime format>"


def parse_dates(text: pd.Series, source: str, date_format: str | None) -> pd.Series:
    """Timestamps of a column of text; missing stays missing.

    Dates with the year first (2010-12-01 08:26:00, 2010/12/01) are read as they are. Of dates such as 12/1/2010 8:26 or
    1.12.2010, the order of day and month must show somewhere in the column: a part above 12 is a day.

    Args:
        text: the column; its index says what to call a row in an error.
        source: what to call the log in an error.
        date_format: a strptime format that states the order, or None where the column shows it.

    Raises:
        ValueError: a cell is no date, the column mixes orders or time zones, or does not show its order.
    """
    place = f"{source}: column 'time'"
    # A log has far fewer distinct moments than rows.
    codes, moments = pd.factorize(text)
    values = pd.Series(moments, dtype=object).astype(str)
    if values.empty:
        return pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")

    def first(chosen: pd.Series) -> str:
        """The first of the chosen cells, and its row."""
        code = int(chosen.to_numpy().argmax())
        return f"row {text.index[int((codes == code).argmax())]}: {quoted(values[code])}"

    def parsed(texts: pd.Series, form: str) -> pd.Series:
        try:
            times = pd.Series(pd.to_datetime(texts, format=form, errors="coerce"))
        except ValueError as error:  # a format without sense, or mixed time zones
            reason = "it mixes time zones; convert all times to one" if "timezones" in str(error) else str(error)
            raise ValueError(f"{place} cannot be read with date_format {date_format!r}: {reason}") from None
        if times.isna().any():
            why = f"does not follow date_format {date_format!r}" if date_format else "is not a date"
            raise ValueError(f"{place}, {first(times.isna())} {why}")
        return times

    odd = ~values.str.fullmatch(COMMON)
    plain = values.where(~odd, _plain(values[odd])) if odd.any() else values
    if date_format is not None:
        times = parsed(values, date_format)
    elif (iso := plain.str.match(ISO)).any():
        if not iso.all():
            raise ValueError(f"{place}, {first(~iso)} is not a date like {quoted(values[iso].iloc[0])}")
        zones = plain[odd].str.extract(ZONE)[0].reindex(plain.index).fillna("no zone")
        if (zones != zones[0]).any():
            raise ValueError(
                f"{place}, {first(zones != zones[0])} is not in the time zone of the first row; convert all times "
                f"to one"
            )
        times = parsed(plain, "ISO8601")
    else:
        parts = plain.str.extract(SPLIT)
        if (bad := parts[0].isna()).any():
            raise LogError(
                f"{place}, {first(bad)} is not a date like 2010-12-01 08:26 or 12/1/2010 8:26",
                "date_format",
                _suggested(values[bad].iloc[0]),
            )
        day, month = _day_and_month(parts, place, first, values.iloc[0])
        century = parts[3].astype(int).lt(69).map({True: "20", False: "19"})  # the rule of strptime
        year = parts[3].where(parts[3].str.len() == 4, century + parts[3])
        times = parsed(year + "-" + month + "-" + day + " " + parts[4].fillna("0:00"), "ISO8601")
    return pd.Series(times.dt.tz_localize(None).array.take(codes, allow_fill=True), index=text.index)


def _plain(values: pd.Series) -> pd.Series:
    """Dates with one way of writing what has one meaning: 2010/12/01 with hyphens, 8:26 PM as 20:26, UTC as Z."""
    plain = values.str.replace(YEAR_FIRST, r"\1-\2-\3", regex=True).str.replace(r"\s*(?:UTC|GMT)$", "Z", regex=True)
    parts = plain.str.extract(HALF_DAYS)
    hour = pd.to_numeric(parts[1])
    of_24 = (hour % 12 + 12 * parts[3].str.lower().eq("p")).astype("Int64").astype("str")
    return plain.where(~hour.between(1, 12), parts[0] + of_24 + parts[2])


def _suggested(cell: str) -> str:
    """A strptime format that reads a cell, if it is one of those that are often met."""
    if cell.isdigit():
        forms = [DIGITS[len(cell)]] if len(cell) in DIGITS else []
    else:
        forms = [date + time for date, time in product(DATES, TIMES)]
    for form in forms:
        with suppress(ValueError):
            datetime.strptime(cell, form)
            return form
    return SOME_FORMAT


def _day_and_month(
    parts: pd.DataFrame, place: str, first: Callable[[pd.Series], str], example: str
) -> tuple[pd.Series, pd.Series]:
    first_above, second_above = parts[0].astype(int) > 12, parts[2].astype(int) > 12
    if (neither := first_above & second_above).any():
        raise ValueError(f"{place}, {first(neither)} is not a date")
    if first_above.any() and second_above.any():
        raise ValueError(
            f"{place} mixes orders: {first(first_above)} has the day first, {first(second_above)} the month; "
            f"write all dates in one order"
        )
    if first_above.any():
        return parts[0], parts[2]
    if second_above.any():
        return parts[2], parts[0]
    raise LogError(
        f"{place} is ambiguous: no date such as {quoted(example)} shows whether the day or the month comes first; "
        f"{_format(example, '%m', '%d')!r} has the month first",
        "date_format",
        _format(example, "%d", "%m"),
    )


def _format(cell: str, first: str, second: str) -> str:
    """The strptime format of a date in an order of day and month."""
    year = "%Y" if re.match(r"\d+\D\d+\D\d{4}", cell) else "%y"
    form = re.sub(r"^\d+(\D)\d+(\D)\d+", rf"{first}\g<1>{second}\g<2>{year}", cell)
    hour = "%I" if re.search(r"[aApP][mM]$", cell) else "%H"
    for digits, part in ((r"\d+:\d+", f"{hour}:%M"), (r":\d+", ":%S"), (r"\.\d+$", ".%f"), (r"[aApP][mM]$", "%p")):
        form = re.sub(digits, part, form, count=1)
    return form
