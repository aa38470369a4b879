"""What the benchmark makes of its measurements; the measurements themselves are not tests."""

import numpy as np
import pytest
from selflearn_agents.benchmark import growth, measuring, report
from selflearn_agents.benchmark.environments import MINIMAL


@pytest.fixture
def rows():
    row = measuring.Row
    return [
        row(MINIMAL, "visits/s", "", [90.0, 100.0, 120.0]),
        row("fast", "visits/s", "150", [150.0, 200.0, 250.0]),
        row("slow", "s", "2", [3.0, 4.0, 5.0]),
        row("share", "ratio", "0.33", [0.3, 0.3, 0.4]),
        row("large", "MiB", "300", [250.0]),
    ]


def test_figures_are_put_beside_the_minimal_environment_and_more_is_better(rows):
    now = report.relative(rows)
    assert list(now.values()) == pytest.approx([1.0, 2.0, 1 / 400, 0.3, 1 / 250])
    slower_machine = [row._replace(values=[value / 2 for value in row.values]) for row in rows[:2]]
    slower_machine.append(rows[2]._replace(values=[2 * value for value in rows[2].values]))
    again = report.relative(slower_machine)
    assert again == pytest.approx({what: now[what] for what in again})


def test_targets_are_reached_from_the_right_side(rows):
    assert [row.reached for row in rows] == [None, True, False, False, True]
    table = report.as_text(rows)
    assert [line.split("|")[-2].strip() for line in table.splitlines()[2:]] == ["", "yes", "no", "no", "yes"]


def test_what_fell_by_more_than_a_fifth_is_named(rows, capsys):
    before = report.relative(rows)
    report.check({what: 0.81 * value for what, value in before.items()}, before)
    assert "nothing fell by more than 20%" in capsys.readouterr().out
    report.check({"new": 1.0}, before)  # what is not measured here, for want of an extra, has not fallen
    with pytest.raises(ValueError, match=r"slower than the baseline.*: fast: -21%$"):
        report.check(before | {"fast": 0.79 * before["fast"]}, before)


def test_the_baseline_has_the_figures_of_today():
    """By name: what was renamed is not compared any more."""
    kept = report.BASELINE.read_text(encoding="utf-8")
    assert f'"{MINIMAL}": 1.0' in kept


def test_measurements_that_are_compared_take_turns():
    numbers = iter(range(100))
    assert measuring.in_turns(2, [lambda: next(numbers), lambda: -next(numbers)]) == [[2, 4], [-3, -5]]


def test_the_exponent_is_the_slope_over_the_greater_half():
    sizes = [1, 10, 100, 1000, 10_000]
    costs = [5.0, 5.0, *(np.array(sizes[2:]) ** 1.5 * 0.01)]
    curve = growth.Curve("work", "sizes", sizes, costs)
    assert curve.exponent == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("known", "visits"), [({}, 1_024), ({"visits": 1}, 1), ({"products": 16_000, "slate": 3}, 1_024)]
)
def test_slates_are_shown_to_shops_of_any_size(known, visits):
    outcome = growth.showing(**known)()
    assert outcome.response.shape == (visits, known.get("slate", 10))
