"""Numbers with a decimal point or a decimal comma."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env.shop.reading.errors import LogError
from selflearn_env.shop.reading.numbers import find_decimal, parse_numbers


def column(*texts, name="price"):
    return pd.Series(texts, index=range(2, 2 + len(texts)), dtype="str", name=name)


def read(*texts, decimal="auto"):
    cells = column(*texts)
    return parse_numbers(cells, "log", find_decimal([cells], "log", decimal)).tolist()


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["2.55", "-3", "+.5", "4.", "1e-3"], [2.55, -3, 0.5, 4, 0.001]),
        (["2,55", "-3", "+,5"], [2.55, -3, 0.5]),
        (["1.234", "2.5"], [1.234, 2.5]),
        (["1.234", "2,5"], [1234, 2.5]),
        (["1,234", "2.5"], [1234, 2.5]),
        (["1.234,5", "12.345.678"], [1234.5, 12_345_678]),
        (["1,234.5", "12,345,678"], [1234.5, 12_345_678]),
        (["0,250", "1,250"], [0.25, 1.25]),
        (["1234,567"], [1234.567]),
        (["1.250"], [1.25]),
        (["7", "1250"], [7, 1250]),
    ],
)
def test_what_texts_show(texts, numbers):
    assert read(*texts) == numbers


@pytest.mark.parametrize(("decimal", "number"), [(",", 1.25), (".", 1250)])
def test_what_is_given_comes_before_what_texts_show(decimal, number):
    assert read("1,250", decimal=decimal) == [number]


def test_a_comma_that_may_be_either():
    with pytest.raises(
        LogError, match=r"log: column 'price', row 3: '1,250' is not a number with one meaning.*decimal="
    ):
        read("7", "1,250")


def test_one_column_shows_the_mark_of_both():
    assert find_decimal([column("1,250", name="quantity"), column("2,55")], "log", "auto") == ","


def test_mixed_marks_are_both_named():
    with pytest.raises(LogError, match=r"mixed: '2,55' in column 'price', row 2 and '1.5' in column 'price', row 4"):
        read("2,55", "1", "1.5")


@pytest.mark.parametrize(
    ("texts", "decimal"),
    [
        (["x"], "."),
        (["1,23"], "."),
        (["2.55"], ","),
        (["1 000"], "."),
        (["1.23,4"], ","),
        (["inf"], "."),
        (["0x1"], "."),
    ],
)
def test_what_is_no_number_is_named(texts, decimal):
    with pytest.raises(ValueError, match=rf"log: column 'price', row 2: '{texts[0]}' is not a number"):
        read(*texts, decimal=decimal)


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1))
def test_numbers_survive_every_way_of_writing_them(numbers):
    expected = [float(number) for number in numbers]
    american = [f"{number:,}" for number in numbers]
    european = [text.translate(str.maketrans(",.", ".,")) for text in american]
    assert read(*map(str, numbers)) == read(*american) == read(*european) == expected
    assert read(*(str(number).replace(".", ",") for number in numbers)) == expected
