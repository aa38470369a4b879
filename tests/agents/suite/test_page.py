"""The table of the documentation in a browser: filters and sorting, by the keyboard too; whole without the script."""

from __future__ import annotations

from pathlib import Path

import pytest
from selflearn_agents.evaluation.statistics import Interval
from selflearn_agents.suite.cells import cells_of
from selflearn_agents.suite.definition import read_suite
from selflearn_agents.suite.entries import read_entries
from selflearn_agents.suite.rendering import as_html
from selflearn_agents.suite.standings import Standing

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tmp_path):
    """A page with the table of the suite `core`; the first two rows have figures, and the third has none."""
    suite = read_suite(str(ROOT / "benchmarks" / "core.yaml"))
    cells = cells_of(suite, read_entries(suite.entries))
    scores = [Interval(score, score - 1, score + 1) for score in (0.5, 10.25)]
    rows = [Standing(cell, "", 10, score) for cell, score in zip(cells, scores, strict=False)]
    rows += [Standing(cell, "not run here") for cell in cells[2:]]
    path = tmp_path / "benchmark.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{as_html(suite, rows)}", encoding="utf-8")
    (tmp_path / "_static").symlink_to(ROOT / "docs" / "_static")
    return path.as_uri(), rows


def test_the_table_is_filtered_and_sorted_by_the_keyboard(page, browser):
    address, rows = page
    tab = browser.new_page()
    wrong = []
    tab.on("pageerror", lambda error: wrong.append(error))  # playwright marks what it is given
    tab.goto(address)
    seen = tab.locator("tbody tr:visible")
    assert seen.count() == len(rows)
    tab.get_by_label("environment").select_option("people")
    tab.get_by_label("log").select_option("ta_feng")
    own = [row for row in rows if (row.cell.environment.name, row.cell.log.name) == ("people", "ta_feng")]
    assert seen.count() == len(own)
    assert tab.get_by_role("status").inner_text() == f"{len(own)} of {len(rows)} rows"
    tab.get_by_label("environment").select_option("all")
    tab.get_by_label("log").select_option("all")
    tab.get_by_role("button", name="score", exact=True).focus()
    for direction, first in (("descending", rows[1]), ("ascending", rows[0])):
        tab.keyboard.press("Enter")
        assert tab.locator("th[aria-sort]").get_attribute("aria-sort") == direction
        assert seen.first.locator("th").inner_text() == first.cell.entry.name
    assert wrong == []
    tab.close()


def test_without_the_script_the_whole_table_shows(page, browser):
    address, rows = page
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    assert tab.locator("tbody tr:visible").count() == len(rows)
    assert tab.locator("select").count() == 0
    context.close()
