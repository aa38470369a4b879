"""What may be said of a log that is read."""

from __future__ import annotations

import pytest

from selflearn_env.shop.reading.options import Reading


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("columns", ["auto", {"customer": "client"}]),
        ("date_format", [None, "%d/%m/%Y"]),
        ("separator", ["auto", "comma", "semicolon", "tab", "pipe", "|", "\t", "\x01"]),
        ("decimal", ["auto", ".", ","]),
        ("price_is", ["auto", "unit", "total"]),
    ],
)
def test_what_is_possible_is_kept(option, values):
    assert [getattr(Reading(**{option: value}), option) for value in values] == values


@pytest.mark.parametrize(
    ("option", "value", "error", "message"),
    [
        ("columns", "customer", TypeError, 'columns is "auto" or a mapping'),
        ("date_format", 5, TypeError, "date_format is None or a strptime format"),
        ("date_format", "dd/mm/yyyy", ValueError, "date_format is a strptime format .* got 'dd/mm/yyyy'"),
        ("separator", "", ValueError, "separator is one character .* got ''"),
        ("separator", "::", ValueError, "separator is one character .* got '::'"),
        ("separator", '"', ValueError, "separator is one character"),
        ("separator", "\n", ValueError, "separator is one character"),
        ("decimal", "comma", ValueError, "decimal is '.' or ',', got 'comma'"),
        ("price_is", "sum", ValueError, "price_is is one of auto, unit, total, got 'sum'"),
    ],
)
def test_what_is_not_is_named(option, value, error, message):
    with pytest.raises(error, match=message):
        Reading(**{option: value})
