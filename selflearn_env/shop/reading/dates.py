"""Dates as tills and spreadsheets write them, read without guessing."""

from __future__ import annotations

import pandas as pd

from selflearn_env.shop.reading.errors import LogError

ISO = r"\d{4}-\d{1,2}-\d{1,2}"
SPLIT = r"^\s*(\d{1,2})([/.\-])(\d{1,2})[/.\-](\d{4}|\d{2})(?:[ T]+(\d{1,2}:\d{2}(?::\d{2})?))?\s*$"


def parse_dates(text: pd.Series, source: str, date_format: str | None) -> pd.Series:
    """Timestamps of a column of text; missing stays missing.

    ISO dates (2010-12-01 08:26:00) are read as they are. Of dates such as 12/1/2010 8:26 or 1.12.2010, the order of day
    and month must show somewhere in the column: a part above 12 is a day.

    Args:
        text: the column; its index says what to call a row in an error.
        source: what to call the log in an error.
        date_format: a strptime format that states the order, or None where the column shows it.

    Raises:
        ValueError: a cell is no date, the column mixes orders, or does not show its order.
    """
    # A log has far fewer distinct moments than rows.
    codes, moments = pd.factorize(text)
    values = pd.Series(moments, dtype=object).astype(str)
    if values.empty:
        return pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")

    def fail(bad: pd.Series, why: str) -> ValueError:
        code = int(bad.to_numpy().argmax())
        row = text.index[int((codes == code).argmax())]
        return ValueError(f"{source}: column 'time', row {row}: {values[code]!r} {why}")

    def parsed(texts: pd.Series, form: str) -> pd.Series:
        try:
            return pd.Series(pd.to_datetime(texts, format=form, errors="coerce"))
        except ValueError as error:  # a format without sense, or mixed time zones
            given = "" if date_format is None else f" with date_format {date_format!r}"
            reason = "it mixes time zones; convert it to one" if "timezones" in str(error) else str(error)
            raise ValueError(f"{source}: column 'time' cannot be read{given}: {reason}") from None

    if date_format is not None:
        times = parsed(values, date_format)
        if times.isna().any():
            raise fail(times.isna(), f"does not follow date_format {date_format!r}")
    elif (iso := values.str.match(ISO)).any():
        times = parsed(values.where(iso), "ISO8601")
        if times.isna().any():
            raise fail(
                times.isna(), f"is not a date like {values[iso].iloc[0]!r}" if not iso.all() else "is not a date"
            )
    else:
        parts = values.str.extract(SPLIT)
        if parts[0].isna().any():
            at = fail(parts[0].isna(), "is not a date like 2010-12-01 08:26 or 12/1/2010 8:26")
            raise LogError(str(at), "date_format", "%d %b %Y %H:%M")
        day, month = _day_and_month(parts, source, values)
        century = parts[3].astype(int).lt(69).map({True: "20", False: "19"})  # the rule of strptime
        year = parts[3].where(parts[3].str.len() == 4, century + parts[3])
        times = parsed(year + "-" + month + "-" + day + " " + parts[4].fillna("0:00"), "mixed")
        if times.isna().any():
            raise fail(times.isna(), "is not a date")
    return pd.Series(times.dt.tz_localize(None).array.take(codes, allow_fill=True), index=text.index)


def _day_and_month(parts: pd.DataFrame, source: str, values: pd.Series) -> tuple[pd.Series, pd.Series]:
    first_above, second_above = parts[0].astype(int) > 12, parts[2].astype(int) > 12
    if (first_above & second_above).any():
        raise ValueError(f"{source}: column 'time': {values[first_above & second_above].iloc[0]!r} is not a date")
    if first_above.any() and second_above.any():
        raise LogError(
            f"{source}: column 'time' mixes orders: {values[first_above].iloc[0]!r} has the day first, "
            f"{values[second_above].iloc[0]!r} the month",
            "date_format",
            _format(parts, "%d", "%m"),
        )
    if first_above.any():
        return parts[0], parts[2]
    if second_above.any():
        return parts[2], parts[0]
    raise LogError(
        f"{source}: column 'time' is ambiguous: no date such as {values.iloc[0]!r} shows whether the day or the month "
        f"comes first; {_format(parts, '%m', '%d')!r} has the month first",
        "date_format",
        _format(parts, "%d", "%m"),
    )


def _format(parts: pd.DataFrame, first: str, second: str) -> str:
    """The strptime format of the column's first date, in an order of day and month."""
    _, separator, _, year, time = parts.iloc[0]
    hours = "" if pd.isna(time) else " %H:%M:%S" if time.count(":") == 2 else " %H:%M"
    return f"{first}{separator}{second}{separator}{'%Y' if len(year) == 4 else '%y'}{hours}"
