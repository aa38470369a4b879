"""The named figures of `selflearn check`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from selflearn_agents.evaluation.shop_check.findings import Findings
from selflearn_agents.evaluation.shop_check.judging import Judged
from selflearn_agents.evaluation.shop_check.worth import RealHits, verdict_figures
from selflearn_env.shop.validation.categories import CategoryPairs
from selflearn_env.shop.validation.habits import Habits
from selflearn_env.shop.validation.persons import gains
from selflearn_env.shop.validation.purchases import OURS, POPULARITY, WORLD, Check, gain_over, mean_and_error

CHECKS = {"other customers": "other_customers", "the last two months": "last_months"}  # -> as figures are named


def figures(found: Findings) -> dict[str, float]:
    """Dotted names to numbers; what the log does not allow is not in it.

    `nats` are levels above one rate for all products, `gain` and `gain_error` above the step before, paired; of `state`
    above popularity, of `person`, its record, activity and taste together, above the month. Shares are in percent, hits
    per visit; `everybody` and `personal` are shares of the way from `random` to `optimal` rewards. What begins with
    `verdict` is of `verdict_figures`.
    """
    named = of_states(found.states)
    for persons in found.persons.values():
        name = CHECKS[persons.name]
        for gain in gains(persons)[1:]:
            named[f"nats.{name}.{gain.step}"] = gain.level
            named[f"nats_error.{name}.{gain.step}"] = gain.error
            named[f"gain.{name}.{gain.step}"] = gain.gain
            named[f"gain_error.{name}.{gain.step}"] = gain.gain_error
        if found.known_persons:
            worth = persons.likelihood["taste"] - persons.likelihood["month"]
            named[f"gain.{name}.person"], named[f"gain_error.{name}.person"] = mean_and_error(worth, persons.customer)
    for hit in found.hits:
        named[f"hits.{hit.slate}"] = hit.found
        named[f"hits_error.{hit.slate}"] = hit.error
        named[f"hits_foreseen.{hit.slate}"] = hit.foreseen
    for source in ("log", "simulated"):
        if source in found.journals:
            named |= _habits(source, found.habits[source], found.pairs[source])
    named["independent.category_pairs"] = found.pairs["log"].independent
    if found.refit is not None:
        levels = {gain.step: gain.level for gain in gains(found.refit)[1:]}
        named |= {f"refit.{step}": level for step, level in levels.items()}
        named["refit.greatest_difference"] = max(
            abs(level - named[f"nats.other_customers.{step}"]) for step, level in levels.items()
        )
    named |= of_lists(found.listed, found.judged)
    return finite(named)


def of_states(checks: Sequence[Check]) -> dict[str, float]:
    """What the states tell."""
    named: dict[str, float] = {}
    for check in checks:
        name = CHECKS[check.name]
        named[f"gain.{name}.state"], named[f"gain_error.{name}.state"] = gain_over(check, OURS, POPULARITY)
        named[f"nats.{name}.state_draw"] = gain_over(check, WORLD, check.estimates[0])[0]
    return named


def of_lists(listed: RealHits, worlds: Mapping[str, Judged]) -> dict[str, float]:
    """What baskets and simulators say of lists."""
    named: dict[str, float] = {}
    for name, judged in worlds.items():
        ranking, headroom, _ = judged
        named[f"rank_correlation.{name}"] = ranking.correlation
        named[f"rank_correlation_low.{name}"], named[f"rank_correlation_high.{name}"] = ranking.low, ranking.high
        named |= {f"{what}.{name}": value for what, value in headroom._asdict().items()}
    return named | verdict_figures(listed, {name: judged.sold for name, judged in worlds.items()})


def finite(named: Mapping[str, float]) -> dict[str, float]:
    """Those that the log allows."""
    return {name: value for name, value in named.items() if math.isfinite(value)}


def _habits(source: str, of: Habits, pairs: CategoryPairs) -> dict[str, float]:
    numbers = {name: value for name, value in of._asdict().items() if not isinstance(value, tuple)}
    numbers |= {"category_pairs": pairs.across, "category_pairs_in_basket": pairs.within}
    return {f"{source}.{name}": value for name, value in numbers.items()}
