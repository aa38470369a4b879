"""A comparison, and what a reviewer asks next: is it a leak, and does it hold for other customers?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from selflearn_agents.evaluation import tables
from selflearn_agents.evaluation.compare import ComparisonResult, compare_worlds
from selflearn_agents.evaluation.markdown import Table
from selflearn_agents.evaluation.plan import Plan
from selflearn_agents.evaluation.recorder import CHUNKS
from selflearn_agents.evaluation.statistics import Interval, paired_difference
from selflearn_agents.evaluation.worlds import NULL, World
from selflearn_agents.plots import comparison as plots
from selflearn_agents.plots.style import WIDTH
from selflearn_env import Shop

NULL_NAME = "null world"  # in tables; "null" alone is read out of a CSV as a missing value
BASELINE = "popular"  # what a shop can show without learning


@dataclass(frozen=True)
class Study:
    """A comparison and what is checked beside it.

    Attributes:
        main: the comparison that was asked for.
        null: the same agents in the null world, or None.
        others: the same agents with other customers, by the name of the world.
        name: of the world of the main comparison.
        shop: of the main comparison.
        slate_size: products per slate.
        at_once: the main comparison without its delay, or None where it has none.
        world: of the main comparison, or None where it is not at hand.
    """

    main: ComparisonResult
    null: ComparisonResult | None
    others: dict[str, ComparisonResult]
    name: str
    shop: Shop
    slate_size: int
    at_once: ComparisonResult | None = None
    world: World | None = None

    @property
    def worlds(self) -> dict[str, ComparisonResult]:
        """All comparisons by the name of their world."""
        null = {} if self.null is None else {NULL_NAME: self.null}
        at_once = {} if self.at_once is None else {f"{self.name}, at once": self.at_once}
        return {self.name: self.main, **at_once, **self.others, **null}

    @property
    def baseline(self) -> str:
        """The agent that the others are compared with: the popularity of the history, or the first one named."""
        return BASELINE if BASELINE in self.main.labels else self.main.labels[0]

    @cached_property
    def tables(self) -> list[Table]:
        """All tables of figures. The bootstrap draws from a fixed seed, so that equal runs give equal tables."""
        rng = np.random.default_rng(0)
        found = [
            tables.ranking(self.main, rng),
            tables.differences(self.main, self.baseline, rng),
            tables.habits(self.main),
        ]
        if np.count_nonzero(self.main.runs[0].turn_visits) > 1:
            found.insert(2, tables.by_turn(self.main))
        if self.at_once is not None:
            found.insert(2, tables.cost_of_delay(self.main, self.at_once))
        if self.others:
            found.append(tables.robustness({self.name: self.main, **self.others}))
        if self.null is not None:
            found.append(tables.null_world(self.null))
        return found

    def figures(self, width: float = WIDTH, titled: bool = True) -> dict[str, Figure]:
        """All pictures, by the names of their files.

        Args:
            width: inches.
            titled: whether they say their findings themselves.
        """
        return {
            "curves": plots.learning_curves(self.main, width, titled),
            "regret": plots.regret_curves(self.main, width, titled),
            "differences": plots.differences(self.main, self.baseline, width, titled),
        }

    def summary(self) -> str:
        """Who leads, and by how much."""
        open_ = [label for label in tables.ranked(self.main) if not self.main.runs_by(label)[0].privileged]
        if not open_:
            return "Only privileged agents were compared: they show what could be reached."
        gaps = {label: self.main.gaps(label) for label in open_[:2]}
        best = open_[0]
        if np.isnan(gaps[best]).any():
            return "No slate is better than another in this world, and no agent can win."
        text = f"{best} closes {gaps[best].mean():.1%} of the way from random to the best slates"
        if len(open_) == 1:
            return f"{text}."
        difference = paired_difference(gaps[best], gaps[open_[1]])
        if np.isnan(difference.low):
            return f"{text}; {open_[1]} follows with {gaps[open_[1]].mean():.1%}. One seed shows no spread."
        points = Interval(*(100 * each for each in difference))
        apart = "which may be chance" if open_[1] in tables.leaders(self.main) else "which is more than chance"
        return f"{text}, {tables.interval(points, 1)} percentage points more than {open_[1]}, {apart}."


def run_study(plan: Plan, models: Sequence[str] = (), check_visits: int | None = None) -> Study:
    """Compares agents in a world, in the null world, and with other customers; with a delay, also without it.

    Args:
        plan: the main comparison, in one world. A delay is that of the other worlds, too.
        models: customer models of the other worlds, as the option `customer` has them; all else is as in the world.
        check_visits: visits per run in the null world and in the other worlds; None for a fifth of the world's.

    Raises:
        ValueError: as `compare` does, or check_visits is less than a fiftieth of the world's.
    """
    world = plan.worlds[0].complete()  # so that the others have the same shop
    visits = check_visits or max(1, world.visits // 5)
    if visits * CHUNKS < world.visits:
        raise ValueError(f"check_visits must be at least a fiftieth of the visits, {world.visits}, got {visits}")
    worlds = [world]
    if world.env_id != NULL:
        common = {name: world.env_options[name] for name in ("shop", "slate_size") if name in world.env_options}
        worlds.append(World(NULL_NAME, NULL, visits, common))
    for model in models:
        options = {name: value for name, value in world.env_options.items() if name != "customer_options"}
        worlds.append(World(model, world.env_id, visits, {**options, "customer": model}))
    results = compare_worlds(replace(plan, worlds=worlds))
    at_once = None if plan.delay is None else compare_worlds(replace(plan, worlds=[world], delay=None))[0]
    by_name = dict(zip([each.name for each in worlds[1:]], results[1:], strict=True))
    null = by_name.pop(NULL_NAME, None)
    return Study(results[0], null, by_name, world.name, world.shop, world.simulator.slate_size, at_once, world)
