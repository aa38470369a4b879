"""Titles say what is in the data, whatever it is, and nothing drawn is cut off."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from selflearn_agents.benchmark.measuring import Curve, Row
from selflearn_agents.plots import shop
from selflearn_agents.plots.drift import drift_plot
from selflearn_agents.plots.lives import lives_plot, worth_plot
from selflearn_agents.plots.ope_lives import effective_lives_plot
from selflearn_agents.plots.speed import growth_plot, large_plot, targets_plot
from selflearn_agents.plots.study import MEASURES, heat_map

from selflearn_env.shop.validation.lives import Forecast, LifeHabits


def title_of(made):
    """The headline, in one line."""
    return " ".join(made.texts[0].get_text().split())


def has_room(made):
    """Whether all that is drawn is inside of the picture."""
    made.draw_without_rendering()
    box, (width, height) = made.get_tightbbox(), made.get_size_inches()
    return box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height


def inside(axes, x, y):
    (left, right), (low, high) = axes.get_xlim(), sorted(axes.get_ylim())  # rows are counted from the top
    return left <= np.min(x) and np.max(x) <= right and low <= np.min(y) and np.max(y) <= high


def lives(again, gaps=(3, 9, 40)):
    again = np.array(again)
    return LifeHabits(again, np.array(gaps), np.array([3, 4, 1]), np.zeros(again.size, dtype=int), np.ones(again.size))


@pytest.mark.parametrize(
    ("simulated", "title"),
    [
        ([0, 2, 4, 2], "Simulated customers come back 2.0 times, those of the log 1.0; 25 % never do, of the log 50 %"),
        ([20, 20], "Simulated customers come back 20.0 times, those of the log 1.0; 0 % never do, of the log 50 %"),
    ],
)
def test_simulated_lives_beside_those_of_the_log(simulated, title):
    foreseen = Forecast(250, [9, 3, 1], np.array([0.0, 1.0, 2.0]), np.array([0.5, 1.0, 9.0]), np.array([0.1, 0.2, 1.0]))
    made = lives_plot(["Q1", "a" * 60], lives([0, 0, 1, 3]), lives(simulated), foreseen)
    assert title_of(made) == title
    assert has_room(made)


def worth(**returns):
    return pd.DataFrame(
        [
            {"agent": name.replace("oracle", "oracle (privileged)"), "seed": seed, "expected return": value}
            for name, of in returns.items()
            for seed, value in enumerate(of)
        ]
    )


@pytest.mark.parametrize(
    ("runs", "title"),
    [
        (
            worth(random=[-9, -8, -9], patient=[5, 6, 7], popular=[1, 2, 3], oracle=[9, 9, 9]),
            "patient earns 6.0 over a customer's life, 4.0 more than popular",
        ),
        (
            worth(patient=[1, 2, 3], popular=[3, 1, 3]),
            "popular earns 2.3 over a customer's life, 0.3 more than patient, perhaps by chance",
        ),
        (
            worth(popular=[3], random=[1]),
            "popular earns 3.0 over a customer's life, 2.0 more than random, with one seed, perhaps by chance",
        ),
        (worth(popular=[3, 4]), "popular earns 3.5 over a customer's life"),
        (worth(oracle=[3, 4]), "Only privileged agents were compared: they show what could be reached"),
    ],
)
def test_what_customers_are_worth(runs, title):
    made = worth_plot(runs)
    assert title_of(made) == title
    assert has_room(made)
    assert inside(made.axes[0], runs["expected return"], [0, runs["agent"].nunique() - 1])


@pytest.mark.parametrize(("seeds", "falls", "rises"), [(3, "a", "b"), (1, "b", "a")])
def test_what_drift_does(seeds, falls, rises):
    rows = [
        {"shop": name, "world": world, "agent": agent, "seed": seed, "visits": visits, "gap": gap}
        for name in ("small", "large")
        for world in ("no drift", "drift")
        for agent in ("a", "b")
        for seed in range(seeds)
        for visits, gap in ((100, 0.5), (200, 0.25 if (world, agent) == ("drift", falls) else 0.75))
    ]
    made = drift_plot(pd.DataFrame(rows))
    assert (
        title_of(made)
        == f'With drift, "{rises}" ends at 0.75 of the gap and "{falls}" at 0.25; without, at 0.75 and 0.75'
    )
    assert all(axes.get_xlim() == (100, 200) for axes in made.axes)


def test_speed_beside_targets():
    rows = [
        Row("slow", "visits/s", "1,000", [500.0, 400.0, 550.0]),
        Row("quick", "s", "10", [2.0, 2.5]),
        Row("without a target", "s", "", [3.0]),
    ]
    assert title_of(targets_plot(rows)) == (
        "1 of 2 targets are reached on this machine; slow, the furthest from it, has 0.5 of its target"
    )
    made = targets_plot(rows[1:])
    assert title_of(made) == "1 of 1 targets are reached on this machine"
    assert inside(made.axes[0], [4, 5], [0, 0])
    assert has_room(made)
    assert title_of(targets_plot([])) == "0 of 0 targets are reached on this machine"


@pytest.mark.parametrize(
    ("power", "title"),
    [
        (2.0, "The cost that grows most, to build by rows, grows faster than its size: exponent 2.00"),
        (0.5, "The cost that grows most, to build by rows, grows no faster than its size: exponent 0.50"),
    ],
)
def test_how_costs_grow(power, title):
    sizes = [1, 10, 100]
    curves = [
        Curve("build", "rows", sizes, [0.1 * size**power for size in sizes]),
        Curve("show", "states", sizes, [0.1, 0.1, 0.1]),
    ]
    made = growth_plot(curves)
    assert title_of(made) == title
    assert inside(made.axes[0], sizes, np.array(curves[0].costs) / 0.1)


def test_large_logs():
    measured = np.array([[[5.0, 400.0], [3.0, 900.0]], [[50.0, 700.0], [70.0, 2000.0]]])
    assert title_of(large_plot((1_000_000, 9_000_000), ("made", "built"), measured)) == (
        "With 9,000,000 rows no step takes more than 70 seconds (built) or 2,000 MiB"
    )


def test_how_many_lives_are_left():
    rows = [
        {
            "logged": "popular",
            "slate_size": size,
            "target": target,
            "visits": visits,
            "estimator": "tis",
            "foreseen": left,
        }
        for size, worth_ in ((1, 0.5), (10, 0.001))
        for target, share in (("popular", 1.0), ("my.pkg:Agent(a=1)", worth_))
        for visits, left in ((1, 1000 * share), (20, 1000 * share**2))
    ]
    made = effective_lives_plot(pd.DataFrame(rows), 1000)
    assert title_of(made) == (
        "After 20 visits a log judges another policy by 25 % of its lives, slates of 1; by less than 0.01 %, "
        "slates of 10"
    )
    one = effective_lives_plot(pd.DataFrame(rows[:4]), 1000)
    assert title_of(one) == "After 20 visits a log judges another policy by 25 % of its lives, slates of 1"


def cells(coverage, warned):
    known = {"catalogue": 20, "customer": "logit", "logging": "random", "target": "best", "visits": 1000, "holds": True}
    known |= {"logs": 100, "coverage_error": 0.01, "difference": 0.5, "trusted_coverage": 0.9}
    return pd.DataFrame(
        [
            known | {"estimator": name, "coverage": of, "warned": share, "rmse": 0.1 * (1 + place)}
            for place, (name, of, share) in enumerate(zip(("dm", "dr"), coverage, warned, strict=True))
        ]
    )


@pytest.mark.parametrize(
    ("of", "hold", "warn"),
    [
        (
            cells((0.95, 0.5), (0.1, 0.9)),
            "Of 1 cells where intervals should hold, 1 do; 1 of all 2 fail for sure",
            "In 1 of 1 cells that fail for sure, most logs warn; where intervals hold, 10 % do",
        ),
        (
            cells((0.5, 0.6), (0.2, 0.1)),
            "Of 2 cells where intervals should hold, 0 do; 2 of all 2 fail for sure",
            "In 0 of 2 cells that fail for sure, most logs warn",
        ),
    ],
)
def test_the_study_of_estimators(of, hold, warn):
    titles = {name: title_of(heat_map(of, measure)) for name, measure in MEASURES.items()}
    assert titles == {
        "coverage": hold,
        "rmse": "dm errs least: by 0.2 of the difference of the policies, in the median cell",
        "warned": warn,
    }


def judged(hits, rewards, correlation):
    lists = [
        SimpleNamespace(names=(name,), hits=hit, reward=reward)
        for name, hit, reward in zip(("personal", "popular", "random"), hits, rewards, strict=True)
    ]
    ranking = SimpleNamespace(lists=lists, correlation=correlation, low=correlation - 0.1, high=correlation)
    return SimpleNamespace(ranking=ranking)


def test_the_order_of_lists():
    good, bad = judged((3, 2, 1), (5, 4, -1), 1.0), judged((3, 2, 1), (-1, 4, 5), -1.0)
    made = shop.ranking_plot(SimpleNamespace(judged={"retail": bad, "people": good}))
    assert title_of(made) == (
        "RetailPeople-v0 orders lists most like real baskets (rank correlation 1.00), Retail-v0 least (-1.00)"
    )
    assert made.axes[0].lines[0].get_ydata().tolist() == [0, 2, 0]
    assert has_room(made)
    one = shop.ranking_plot(SimpleNamespace(judged={"retail": good}))
    assert title_of(one) == "The order of lists in Retail-v0 and in real baskets: rank correlation 1.00"
    none = judged((3, 2, 1), (1, 1, 1), np.nan)
    assert "too few" in title_of(shop.ranking_plot(SimpleNamespace(judged={"retail": none})))


def deciles(head):
    rising = np.linspace(0.001, 0.05, 10)
    return np.stack([rising, rising * np.array([*[0.5] * 9, head]), rising / 100], axis=1)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (0.8, "The most bought tenth is foreseen 25 % too high for other customers"),
        (1.25, "The most bought tenth is foreseen 20 % too low for other customers"),
        (1.01, "The most bought tenth is foreseen right, within its error, for other customers"),
        (0.0, "Nothing was bought to be foreseen"),
    ],
)
def test_the_line_of_a_right_forecast_reaches_all_points(head, title, monkeypatch):
    monkeypatch.setattr(shop, "calibration", lambda *_: deciles(head))
    made = shop.calibration_plot(SimpleNamespace(states=[SimpleNamespace(name="other customers")]))
    assert title_of(made) == title
    axes = made.axes[0]
    foreseen, observed, _ = 100 * deciles(head)[deciles(head)[:, 1] > 0].T
    assert inside(axes, foreseen, observed)
    ends = axes.lines[0].get_xdata()
    assert ends[0] <= min(*foreseen, *observed)
    assert ends[-1] >= max(*foreseen, *observed)
