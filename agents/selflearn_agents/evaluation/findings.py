"""What a picture of a comparison shows, as one sentence that is worked out from what it draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.evaluation.compare import ComparisonResult
from selflearn_agents.evaluation.exact import share_of_gap
from selflearn_agents.evaluation.result import EDGE
from selflearn_agents.evaluation.statistics import paired_difference
from selflearn_agents.evaluation.tables import ranked

NOBODY = "No slate is better than another here, so no agent can lead"


def gap_curves(result: ComparisonResult, label: str) -> NDArray[np.float64]:
    """(seeds, C) the gap of an agent in each chunk."""
    own, random, optimal = (result.curves(label, name) for name in ("expected_reward", "random", "optimal"))
    return share_of_gap(own, random, optimal)


def judged(result: ComparisonResult) -> list[str]:
    """The agents that a finding is about, best first: those that are not privileged, or all where there are no such."""
    labels = ranked(result)
    return [label for label in labels if not result.runs_by(label)[0].privileged] or labels


def rivals(result: ComparisonResult, baseline: str) -> list[str]:
    """The agents that are compared with one of them in a finding, best first; none only where there is no other."""
    others = [label for label in judged(result) if label != baseline]
    return others or [label for label in ranked(result) if label != baseline]


def curves(result: ComparisonResult) -> str:
    """Who ends where, and since when it leads."""
    late = {label: float(result.gaps(label, 1 - EDGE).mean()) for label in judged(result)}
    if np.isnan(list(late.values())).any():
        return NOBODY
    best, *others = sorted(late, key=lambda label: -late[label])
    text = f"{best} closes {late[best]:.0%} of the gap in the end"
    if not others:
        return text
    second = others[0]
    if round(late[best], 2) == round(late[second], 2):
        return f"{text}, and so does {second}"
    ahead = (gap_curves(result, best) - gap_curves(result, second)).mean(axis=0) > 0
    since = 0 if ahead.all() else 1 + int(np.flatnonzero(~ahead)[-1])
    if since == ahead.size:
        return f"{text}, {second} at {late[second]:.0%}"
    when = "from the start" if since == 0 else f"since visit {result.runs[0].visits[since - 1] + 1:,}"
    return f"{text}, ahead of {second} ({late[second]:.0%}) {when}"


def regret(result: ComparisonResult) -> str:
    """Who loses least, and how much the others do."""
    lost = {label: float(result.table().loc[label, "regret"]) for label in judged(result)}
    best, worst = min(lost, key=lost.__getitem__), max(lost, key=lost.__getitem__)
    if lost[worst] < 1e-6:
        return "No agent loses anything against the best slates"
    text = f"{best} loses {lost[best]:.2f} per visit against the best slates"
    if best == worst:
        return text
    if f"{lost[best]:.2f}" == f"{lost[worst]:.2f}":
        return f"{text}, and so does {worst}"
    times = f", {lost[worst] / lost[best]:.1f} times as much" if lost[best] > 0 else ""
    return f"{text}, {worst} {lost[worst]:.2f}{times}"


def differences(result: ComparisonResult, baseline: str) -> str:
    """How many agents are ahead of one, and whether that is sure."""
    others = rivals(result, baseline)
    if not others:
        return f"No other agent to compare with {baseline}"
    found = [paired_difference(result.gaps(label), result.gaps(baseline)) for label in others]
    if np.isnan([each.value for each in found]).any():
        return NOBODY
    only = " that are not privileged" if len(others) + 1 < len(result.labels) else ""
    count = f"Of {len(others)} agents{only},"
    if np.isnan(found[0].low):
        ahead = sum(each.value > 0 for each in found)
        if len(others) == 1:
            return (
                f"{others[0]} is {'ahead of' if ahead else 'not ahead of'} {baseline}; one seed cannot say how surely"
            )
        return f"{count} {ahead or 'none'} {_is(ahead)} ahead of {baseline}; one seed cannot say how surely"
    ahead, behind = sum(each.low > 0 for each in found), sum(each.high < 0 for each in found)
    if len(others) == 1:
        if not ahead and not behind:
            return f"{others[0]} is neither surely ahead of {baseline} nor surely behind"
        return f"{others[0]} is surely {'ahead of' if ahead else 'behind'} {baseline}"
    return f"{count} {ahead or 'none'} {_is(ahead)} surely ahead of {baseline}, {behind or 'none'} surely behind"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
