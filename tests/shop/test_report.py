"""What became of the rows of a log."""

from selflearn_env.shop.report import Report


def test_rows_kept_are_those_not_dropped():
    assert Report(10, {"without time": 2, "without price": 1}).rows_kept == 7


def test_text_has_every_count_that_is_not_zero():
    text = str(Report(12_345, {"without time": 45, "without price": 0}, {"are purchases": 9_000}))
    assert [line.split() for line in text.splitlines()] == [
        ["12,345", "rows", "read"],
        ["-45", "without", "time"],
        ["12,300", "rows", "kept,", "of", "which"],
        ["9,000", "are", "purchases"],
    ]
