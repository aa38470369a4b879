"""What offline results say, in tables of text: the same for the command line, the files and the report."""

from __future__ import annotations

import math
from collections.abc import Mapping

from selflearn_agents.evaluation.markdown import Table, number
from selflearn_agents.evaluation.statistics import Interval
from selflearn_agents.ope.estimators import ESTIMATORS
from selflearn_agents.ope.offline import Estimate, OfflineResult
from selflearn_agents.ope.summary import amount, best_estimate, decimals_of, gain_of, is_trusted, percent, word_of


def overview(results: Mapping[str, OfflineResult]) -> Table:
    """Each target by the estimate that is to be believed first."""
    rows = []
    for name, result in results.items():
        best, trusted = best_estimate(result), sum(map(is_trusted, result.estimates))
        figures = ["-", "-", "-"] if best is None else [*_figures(result, best), best.estimator]
        rows.append([name, *figures, f"{trusted} of {len(result.estimates)}", percent(result.support.share)])
    level = next(iter(results.values())).level
    return Table(
        "overview",
        "Targets",
        ["target", "reward per visit", "more than logged", "by", "trusted", "supported"],
        rows,
        f"By the trusted estimate that assumes least about the customers; of several, the one of the smallest error; "
        f"in brackets {percent(level)} intervals. Trusted: how many of the estimates are. Supported: the share of the "
        f"target's slates that the log could have had, a rough guess unless the logging policy is given.",
    )


def estimates(result: OfflineResult) -> Table:
    """Every estimate of a target."""
    rows = [
        [
            estimate.estimator,
            *_figures(result, estimate),
            number(estimate.diagnosis.effective, 0),
            number(100 * estimate.diagnosis.largest, 1),
            word_of(estimate),
        ]
        for estimate in result.estimates
    ]
    return Table(
        "estimates",
        "Estimates",
        ["estimator", "reward per visit", "more than logged", "effective visits", "largest weight, %", "verdict"],
        rows,
        f"In brackets {percent(result.level)} intervals. Effective visits: how many of the {result.visits:,} visits "
        f"the estimate rests on, by its weights. Largest weight: that of one visit, as a share of all weight.",
    )


def verdicts(result: OfflineResult) -> Table:
    """Why estimates are trusted, or not; those of one verdict in one row."""
    rows = _together({each.estimator: each.diagnosis.verdict for each in result.estimates})
    return Table("verdicts", "Verdicts", ["estimator", "verdict"], rows, "", words=True)


def assumptions(result: OfflineResult) -> Table:
    """What its estimators take for granted."""
    rows = _together({each.estimator: ESTIMATORS[each.estimator].assumes.value for each in result.estimates})
    return Table(
        "assumptions",
        "What the estimators assume about the customers",
        ["estimator", "it assumes"],
        rows,
        "If the log shows that an assumption does not hold, the verdict says so; no log can show that it does. All "
        "assume that the logging policy could have shown whatever the target shows; the verdicts say whether.",
        words=True,
    )


def _together(words: Mapping[str, str]) -> list[list[str]]:
    """Rows of names and words; names that have the same words are in one row."""
    names: dict[str, list[str]] = {}
    for name, word in words.items():
        names.setdefault(word, []).append(name)
    return [[", ".join(alike), word] for word, alike in names.items()]


def _figures(result: OfflineResult, estimate: Estimate) -> list[str]:
    """Its value and, where it is trusted, how much more this is than was logged, with intervals."""
    own, decimals = Interval(estimate.value, estimate.low, estimate.high), decimals_of(result)
    more = _interval(gain_of(result, estimate), decimals) if is_trusted(estimate) else "-"
    return [_interval(own, decimals), more]


def _interval(of: Interval, decimals: int) -> str:
    value, low, high = (amount(each, decimals) for each in of)
    return value if math.isnan(of.low) else f"{value} [{low}, {high}]"
