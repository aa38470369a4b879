"""What a comparison says, in tables of text: the same for the command line, the files and the report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from selflearn_agents.evaluation.compare import ComparisonResult
from selflearn_agents.evaluation.markdown import Table, number
from selflearn_agents.evaluation.result import EDGE, TURNS
from selflearn_agents.evaluation.statistics import (
    Interval,
    bootstrap,
    holm,
    interquartile_mean,
    p_value,
    p_value_of_mean,
    paired_difference,
    probability_of_improvement,
)
from selflearn_env.shop.history import Catalogue

LEVEL = 0.95
ALPHA = 1 - LEVEL
ONE_SEED = " One seed shows no spread: with several there are intervals and tests."
MOST = 5  # products of a segment that a table names


def ranking(result: ComparisonResult, rng: np.random.Generator) -> Table:
    """The agents from best to worst; with several seeds, with intervals and whether each is distinct from the next."""
    labels, several = ranked(result), _several(result)
    rows = []
    for place, label in enumerate(labels):
        gaps, late = result.gaps(label), result.gaps(label, 1 - EDGE)
        figures = result.table().loc[label]
        rows.append(
            [
                label,
                interval(bootstrap(gaps[:, None], np.mean, rng), 3),
                interval(bootstrap(gaps[:, None], interquartile_mean, rng), 3) if several else "-",
                interval(bootstrap(late[:, None], np.mean, rng), 3),
                number(figures["real_hits"], 2),
                number(figures["expected_reward"], 2),
                number(figures["regret"], 2),
                _against_next(result, label, labels[place + 1]) if place + 1 < len(labels) else "",
            ]
        )
    brackets = (
        f"; in brackets the {LEVEL:.0%} stratified bootstrap interval over the seeds, which is too narrow where seeds "
        "are few: trust the paired differences"
    )
    distinct = f", and 'not distinct' where its {LEVEL:.0%} interval holds zero (not adjusted for several pairs)"
    return Table(
        "ranking",
        "Ranking",
        [
            *("agent", "gap", "gap, interquartile mean", "gap, last tenth", "real hits", "expected reward", "regret"),
            "against the next",
        ],
        rows,
        f"Gap: share of the way from random to the best slates, by exact expected rewards, mean over all visits"
        f"{brackets if several else ''}. Real hits: products that the agent would show after the run and that were "
        f"in the real basket, per visit of the log's held-out customers; no simulator is involved. Rewards and regret "
        f"are per slate. Against the next: the paired difference of the gap to that of the agent below"
        f"{distinct if several else ''}.{'' if several else ONE_SEED}",
    ).filled()


def differences(result: ComparisonResult, baseline: str, rng: np.random.Generator) -> Table:
    """Every agent against one of them, seed by seed."""
    others = [label for label in ranked(result) if label != baseline]
    own = result.gaps(baseline)
    p_values = holm([p_value(result.gaps(label), own) for label in others])
    rows = []
    for label, p in zip(others, p_values, strict=True):
        gaps = result.gaps(label)
        worse, better = chunks_apart(result, label, baseline)
        rows.append(
            [
                label,
                interval(paired_difference(gaps, own), 3),
                p_text(p),
                interval(probability_of_improvement(gaps[:, None], own[:, None], rng), 2) if len(gaps) > 1 else "-",
                worse,
                better,
            ]
        )
    chunks = len(result.runs[0].visits)
    tests = (
        f" In brackets {LEVEL:.0%} intervals: Student's t for the difference, bootstrap for the probability of "
        f"improvement, that a run of the agent beats one of {baseline}. p: paired t-test, adjusted by Holm for the "
        f"{len(others)} agents. "
        f"Chunks: in how many of the {chunks} stretches of consecutive visits the agent is significantly worse or "
        f"better, p adjusted by Holm for the {chunks} stretches."
    )
    return Table(
        "differences",
        f"Paired differences to {baseline}",
        ["agent", "difference of the gap", "p, Holm", "probability of improvement", "chunks worse", "chunks better"],
        rows,
        f"Runs of one seed are paired: all agents met the same customers with the same random numbers (in customers' "
        f"lives, where what is shown changes who comes, until their first visits differ)."
        f"{tests if _several(result) else ONE_SEED}",
    ).filled()


def cost_of_delay(result: ComparisonResult, at_once: ComparisonResult) -> Table:
    """What each agent loses by feedback that arrives later, against the same agent that gets it at once."""
    rows = []
    for label in ranked(result):
        rows.append([label, number(at_once.gaps(label).mean(), 3), number(result.gaps(label).mean(), 3)])
        for first in (0.0, 1 - EDGE):
            cost = paired_difference(at_once.gaps(label, first), result.gaps(label, first))
            rows[-1].append(interval(cost, 3))
    return Table(
        "delay",
        "What delay costs",
        ["agent", "gap at once", "gap delayed", "cost", "cost, last tenth"],
        rows,
        f"Feedback that arrives {result.runs[0].delay:,g} visits later on average, by a random number of visits, "
        f"against feedback at once. Cost: the gap at once minus the gap delayed, with its {LEVEL:.0%} interval of "
        f"Student's t. Runs of one seed are paired: the same agent met the same customers with the same random numbers "
        f"(in customers' lives, where what is shown changes who comes, until their first visits differ).",
    )


def by_turn(result: ComparisonResult) -> Table:
    """The gap by how often the customer had been there: where it shows who knows customers."""
    visits = np.sum([run.turn_visits for run in result.runs], axis=0)
    share = [f"{part:.0%}" for part in visits / visits.sum()]
    figures = result.table()
    rows = [
        [label, *(number(figures.loc[label, f"gap_after_{turn}"], 3) for turn in TURNS)] for label in ranked(result)
    ]
    return Table(
        "regulars",
        "Newcomers and regulars",
        ["agent", *TURNS],
        rows,
        f"The gap by how many visits the customer had made before, mean over the seeds. The columns have "
        f"{', '.join(share[:-1])} and {share[-1]} of all visits.",
    )


def habits(result: ComparisonResult) -> Table:
    """What a recommender shows, beside its reward."""
    figures = result.table()
    columns = {
        "purchases": ("purchases", 3),
        "clicks": ("clicks", 3),
        "coverage": ("coverage", 3),
        "Gini": ("gini", 3),
        "exploration": ("exploration", 3),
        "novelty, bits": ("novelty", 2),
        "slates/s": ("slates_per_second", 0),
        "slates/s, agent": ("agent_slates_per_second", 0),
    }
    rows = [
        [label, *(number(figures.loc[label, name], places) for name, places in columns.values())]
        for label in ranked(result)
    ]
    return Table(
        "habits",
        "What they show, and how fast",
        ["agent", *columns],
        rows,
        "Purchases and clicks per slate. Coverage: share of the catalogue shown at all. Gini: how unequally often "
        "products are shown, 0 (all equally) to 1. Exploration: share of the slots with a product that is not among "
        "the best that a slate has room for, by the agent's own estimates; none where all "
        "estimates are equal, as those of random. Novelty: how rarely the products shown were bought in the history. "
        "Speeds were measured on this machine while other runs went on.",
    ).filled()


def null_world(result: ComparisonResult) -> Table:
    """Rewards where customers do not care what is shown, against their closed form."""
    tests, rows = [], []
    for label in result.labels:
        off = (result.curves(label, "reward") - result.curves(label, "expected_reward")).ravel()
        error = off.std(ddof=1) / math.sqrt(off.size) if off.size > 1 else math.nan
        reward, closed = result.table().loc[label, ["reward", "expected_reward"]]
        tests.append(p_value_of_mean(reward, error, closed))
        rows.append([label, number(reward, 3), number(closed, 3), number(error, 3)])
    for row, p in zip(rows, holm(tests), strict=True):
        row.append(p_text(p))
    return Table(
        "null",
        "The null world: Seed-v0, where nobody may win",
        ["agent", "reward", "closed form", "standard error", "p, Holm"],
        rows,
        f"The article's customers buy and click whatever is shown. An agent that earns more than the closed form here "
        "has found a leak; all others earn the same, since the random numbers are the same. "
        f"{result.runs[0].visit_count:,} visits per run; p: that the mean is the closed form, adjusted by Holm for the "
        f"agents.",
    )


def robustness(results: dict[str, ComparisonResult]) -> Table:
    """The gap of every agent in every world, over as many visits in each, and who leads there."""
    labels = ranked(next(iter(results.values())))
    visits = min(result.runs[0].visit_count for result in results.values())
    rows = [[label] for label in labels]
    for result in results.values():
        last = visits / result.runs[0].visit_count
        ahead = leaders(result, last)
        for row, label in zip(rows, labels, strict=True):
            row.append(number(result.gaps(label, 0.0, last).mean(), 3) + ("*" if label in ahead else ""))
    return Table(
        "robustness",
        "Does the ranking survive other customers?",
        ["agent", *results],
        rows,
        f"The gap over the first {visits:,} visits of a run in each customer model, so that agents had the same time "
        f"to learn in all. *: the best agent that is not privileged, and those that are not distinct from it (p of the "
        f"paired t-test, adjusted by Holm, is at least {ALPHA:.2f}; with one seed there is no test).",
    )


def favourites(
    result: ComparisonResult, label: str, catalogue: Catalogue, segments: Sequence[str], slate_size: int
) -> Table:
    """What an agent shows most in each segment, with the share of the slates that show it."""
    shown = np.sum([run.shown for run in result.runs_by(label)], axis=0)
    rows = []
    for segment, counts in zip(segments, shown, strict=True):
        best = np.argsort(-counts, kind="stable")[:MOST]
        share = counts / max(counts.sum() / slate_size, 1)
        rows.append(
            [segment, *(f"{catalogue.descriptions[at]} ({share[at]:.0%})" if counts[at] else "-" for at in best)]
        )
    return Table(
        f"favourites-{label}",
        label,
        ["segment", *(f"{place}." for place in range(1, min(MOST, shown.shape[1]) + 1))],
        rows,
        "",
        words=True,
    )


def ranked(result: ComparisonResult, last: float = 1.0) -> list[str]:
    """The agents, greatest mean gap over the first share of the visits first; equal ones in the order asked for."""
    worth = {label: float(np.nan_to_num(result.gaps(label, 0.0, last).mean())) for label in result.labels}
    return sorted(worth, key=lambda label: -worth[label])


def leaders(result: ComparisonResult, last: float = 1.0) -> list[str]:
    """Over the first share of the visits: the best that is not privileged, and those that are not distinct from it.

    The best of many is better than it should be, so each p-value is adjusted by Holm for the others.
    """
    open_ = [label for label in ranked(result, last) if not result.runs_by(label)[0].privileged]
    gaps = [result.gaps(label, 0.0, last) for label in open_]
    p_values = holm([p_value(gaps[0], own) for own in gaps[1:]])
    return [*open_[:1], *(label for label, p in zip(open_[1:], p_values, strict=True) if p >= ALPHA)]


def chunks_apart(result: ComparisonResult, label: str, baseline: str) -> tuple[str, str]:
    """In how many chunks an agent is significantly worse, and better, than another; Holm over the chunks.

    A dash where one seed shows nothing.
    """
    own, other = (result.curves(agent, "expected_reward") for agent in (label, baseline))
    p_values = holm([p_value(a, b) for a, b in zip(own.T, other.T, strict=True)])
    if np.isnan(p_values).all():
        return "-", "-"
    sign = np.sign((own - other).mean(axis=0))
    return str((sign[p_values < ALPHA] < 0).sum()), str((sign[p_values < ALPHA] > 0).sum())


def _several(result: ComparisonResult) -> bool:
    """Whether there are seeds to compare."""
    return len(result.runs_by(result.labels[0])) > 1


def _against_next(result: ComparisonResult, label: str, other: str) -> str:
    difference = paired_difference(result.gaps(label), result.gaps(other))
    return interval(difference, 3) + (", not distinct" if _holds_zero(difference) else "")


def _holds_zero(difference: Interval) -> bool:
    return difference.low <= 0 <= difference.high  # one seed has no interval


def interval(of: Interval, decimals: int) -> str:
    """An estimate and its interval."""
    value = number(of.value, decimals)
    return value if math.isnan(of.low) else f"{value} [{number(of.low, decimals)}, {number(of.high, decimals)}]"


def p_text(p: float) -> str:
    """A p-value."""
    return "-" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
