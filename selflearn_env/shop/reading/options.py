"""How a log is to be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
PRICES = ("auto", "unit", "total")


@dataclass(frozen=True)
class Reading:
    """Options of reading; "auto" leaves it to the log to show.

    Attributes:
        columns: "auto", or canonical name -> name in the log for the columns that are not recognised.
        date_format: strptime format of dates given as text, None where the column shows it.
        separator: what parts the cells of a CSV: a character, or comma, semicolon, tab, pipe.
        decimal: the decimal mark of numbers given as text, "." or ",".
        price_is: "unit" for the price of one unit, "total" for the total of the row; "auto" decides by the heading.
    """

    columns: str | Mapping[str, str] = "auto"
    date_format: str | None = None
    separator: str = "auto"
    decimal: str = "auto"
    price_is: str = "auto"

    def __post_init__(self) -> None:
        if self.columns != "auto" and not isinstance(self.columns, Mapping):
            raise TypeError(f'columns is "auto" or a mapping such as {{"customer": "client_no"}}, got {self.columns!r}')
        if self.date_format is not None and not isinstance(self.date_format, str):
            raise TypeError(f"date_format is None or a strptime format such as '%d/%m/%Y', got {self.date_format!r}")
        if self.date_format is not None and "%" not in self.date_format:
            raise ValueError(f"date_format is a strptime format such as '%d/%m/%Y', got {self.date_format!r}")
        if self.separator not in ("auto", *SEPARATORS) and not (
            isinstance(self.separator, str)
            and re.fullmatch(r"[\x01-\x7f]", self.separator)
            and self.separator not in '"\r\n'
        ):
            raise ValueError(f"separator is one character of ASCII, or {', '.join(SEPARATORS)}, got {self.separator!r}")
        if self.decimal not in ("auto", ".", ","):
            raise ValueError(f"decimal is '.' or ',', got {self.decimal!r}")
        if self.price_is not in PRICES:
            raise ValueError(f"price_is is one of {', '.join(PRICES)}, got {self.price_is!r}")
